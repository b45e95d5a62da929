// swift-tools-version: 6.0
// An app of somebody else's: the package from a local path, and the README's snippets beside it.
import Foundation
import PackageDescription

let kit: Target.Dependency = .product(name: "CompletionCoachKit", package: "swift")
let package = Package(
    name: "Consumer",
    dependencies: [.package(path: ProcessInfo.processInfo.environment["PACKAGE"] ?? "../..")],
    targets: [
        .executableTarget(name: "Consumer", dependencies: [kit]),
        .executableTarget(name: "Readme", dependencies: [kit]),
        .executableTarget(name: "WithoutHttp", dependencies: [kit]),
    ]
)
