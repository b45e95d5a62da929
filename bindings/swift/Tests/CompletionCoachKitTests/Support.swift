// What the tests share: coaches over scripted models, debriefs that are open, and the list of features that ran.
import CompletionCoachKit
import CompletionCoachTesting
import Foundation
import Testing

/// So often that no test meets the allowance.
let often = AllowanceRates(turns: Rate(perMinute: 60_000, burst: 60_000), proposals: Rate(perMinute: 60_000, burst: 60_000))

func options(_ change: (inout CoachOptions) -> Void = { _ in }) -> CoachOptions {
    var options = CoachOptions(allowance: often)
    change(&options)
    return options
}

extension ScriptedModel {
    func say(_ text: String) { play(acts: [.say(text: text)]) }
}

extension CompletionCoach {
    /// The debrief of a finished action, with the first question asked.
    func opened(_ id: String = "a-1", user: String = "ana") async throws -> Debrief {
        let user = try self.user(id: user)
        let done = try await user.recordDone(action: NewAction(.buildTools, "A parser", id: id))
        let debrief = user.debrief(action: done.action.id)
        _ = try await debrief.open().reply()
        return debrief
    }
}

extension CoachThread {
    func all() async throws -> [Message] { try await messages(size: 500, before: nil).messages }
    func said() async throws -> [String] { try await all().filter { $0.role == .user }.map(\.text) }
}

/// The kind of the error that a call fails with.
func kind<Value: Sendable>(
    _ location: SourceLocation = #_sourceLocation, isolation: isolated (any Actor)? = #isolation, of call: () async throws -> Value
) async -> ErrorKind? {
    do {
        _ = try await call()
        Issue.record("it did not fail", sourceLocation: location)
    } catch let error as CoachError {
        return error.kind
    } catch {
        Issue.record("it failed with \(error)", sourceLocation: location)
    }
    return nil
}

/// Looks every hundredth of a second for at most ten seconds.
func eventually(_ what: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<1_000 {
        if try await what() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}

/// What calls that do not wait have noted, oldest first.
final class Noted<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var values: [Value] = []
    func note(_ value: Value) { lock.withLock { values.append(value) } }
    var all: [Value] { lock.withLock { values } }
}

/// Whether this is the main thread, from a place that may be any.
func isMain() -> Bool { Thread.isMainThread }

/// A new folder that goes with this.
final class Folder: Sendable {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    var file: String { path + "/debriefs.db" }

    #if os(Linux)
    /// How many of its files this process has open.
    func opened() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            .filter { (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0))?.hasPrefix(path) == true }.count
    }
    #endif
}

/// Notes that a feature of tests/features.txt was proven here.
func ran(_ feature: String) {
    guard let features = ProcessInfo.processInfo.environment["FEATURES"] else { return }
    try? FileManager.default.createDirectory(atPath: features + "/swift", withIntermediateDirectories: true)
    _ = FileManager.default.createFile(atPath: features + "/swift/" + feature, contents: nil)
}
