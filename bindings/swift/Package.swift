// swift-tools-version: 6.0
// The package: the module that an app imports, what uniffi generates under it, and the library in Rust.
import Foundation
import PackageDescription

#if canImport(Darwin)
// xcframework.sh makes it.
let library: Target = .binaryTarget(name: "CompletionCoachFFI", path: "CompletionCoachFFI.xcframework")
let linking: [LinkerSetting] = [.linkedFramework("Security"), .linkedFramework("SystemConfiguration")]
#else
// COACH_LIBRARY is the folder that the library is in, where the linker does not find it by itself.
let library: Target = .systemLibrary(name: "CompletionCoachFFI")
let folder = ProcessInfo.processInfo.environment["COACH_LIBRARY"]
let linking: [LinkerSetting] = [.linkedLibrary("completion_coach_ffi")]
    + (folder.map { [.unsafeFlags(["-L\($0)", "-Xlinker", "-rpath", "-Xlinker", $0])] } ?? [])
#endif

let package = Package(
    name: "CompletionCoachKit",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [
        .library(name: "CompletionCoachKit", targets: ["CompletionCoachKit"]),
        .library(name: "CompletionCoachTesting", targets: ["CompletionCoachTesting"]),
    ],
    targets: [
        library,
        // Mode 6 crashes the compiler of Swift 6.0 on the generated asynchronous protocols.
        .target(
            name: "CompletionCoachGenerated",
            dependencies: ["CompletionCoachFFI"],
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: linking
        ),
        .target(
            name: "CompletionCoachKit",
            dependencies: ["CompletionCoachGenerated"],
            resources: [.copy("PrivacyInfo.xcprivacy")]
        ),
        // Needs a library that was built with the feature `testing`.
        .target(name: "CompletionCoachTesting", dependencies: ["CompletionCoachKit", "CompletionCoachGenerated"]),
        .executableTarget(name: "debrief", dependencies: ["CompletionCoachKit"]),
        .testTarget(
            name: "CompletionCoachKitTests",
            dependencies: ["CompletionCoachKit", "CompletionCoachTesting"]
        ),
    ],
    swiftLanguageModes: [.v6]
)
