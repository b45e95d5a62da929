// The example program: the debrief that Rust's example is held to, with the same answers and decisions, and what is taken up again.
import CompletionCoachKit
import Foundation
import Testing

/// The example, as a process of its own.
final class Example {
    private let process = Process()
    private let (input, output) = (Pipe(), Pipe())

    /// Starts it with these options and nothing else in its environment.
    init(_ options: [String], _ environment: [String: String] = [:]) throws {
        // It lies beside the tests.
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("debrief")
        process.arguments = options
        process.environment = environment
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    func type(_ text: String) { input.fileHandleForWriting.write(Data(text.utf8)) }

    func crash() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Types these lines, and gives what it has written at its end.
    func hold(_ lines: [String]) throws -> String {
        type(lines.map { $0 + "\n" }.joined())
        try input.fileHandleForWriting.close()
        let written = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return written
    }
}

@Suite struct Examples {
    let title = "Replicated a result on a small model"
    let answers = [
        "It worked on the small model, with half of the effect.",
        "I would write the evaluation before the training loop.",
        "I can now train a small model from nothing.",
        "I will test the larger model on Saturday.",
    ]

    func me(_ folder: Folder) async throws -> User {
        try CompletionCoach(store: try await .open(path: folder.file), model: .offlineGuide()).user(id: "me")
    }

    @Test func a_whole_debrief_is_held_and_what_was_decided_is_stored() async throws {
        let folder = try Folder()
        let written = try Example(["--db", folder.file, "--title", title, "--kind", "replicate"]).hold(answers + ["y", "y"])
        for answer in answers { #expect(written.contains("“\(answer)”\n")) }
        #expect(written.contains("1 accepted, 0 rejected.\n") && written.hasSuffix("Planned.\n"), "\(written)")

        let me = try await me(folder)
        let done = try #require(try await me.actions(status: .done).first)
        #expect(done.action.title == title && done.action.kind == .replicate && done.debrief == .reviewed)
        #expect(try await me.debrief(action: done.action.id).said() == answers)
        #expect(try await me.profile().insights == [answers[1]])
        #expect(try await me.actions(status: .active).map(\.action.title) == [String(answers[3].dropLast())])
    }

    @Test func what_was_left_in_the_middle_is_offered_and_goes_on() async throws {
        let folder = try Folder()
        let first = try Example(["--db", folder.file, "--title", title]).hold(Array(answers[..<2]))
        #expect(first.hasSuffix("The rest waits for the next time.\n"), "\(first)")
        let again = try Example(["--db", folder.file]).hold(answers[2...] + ["n", "n"])
        #expect(again.contains("To be continued: \(title)\n") && again.contains("0 accepted, 1 rejected.\n"), "\(again)")

        let me = try await me(folder)
        let done = try #require(try await me.actions().first)
        #expect(done.debrief == .reviewed)
        #expect(try await me.debrief(action: done.action.id).said() == answers)
        #expect(try await me.profile() == Profile())
    }

    @Test func what_was_killed_while_its_model_answered_is_offered_and_goes_on() async throws {
        let (server, folder) = (Server(), try Folder())
        defer { server.stop() }
        let killed = try Example(
            ["--db", folder.file, "--title", title, "--model", "openai", "--consent"],
            ["OPENAI_BASE_URL": server.baseUrl, "OPENAI_MODEL": "slow"])
        killed.type(answers[0] + "\n")
        #expect(try await eventually { server.pieces == 1 })
        killed.crash()
        let again = try Example(["--db", folder.file]).hold(answers[1...] + ["n", "n"])
        #expect(again.contains("To be continued: \(title)\n"), "\(again)")
        let me = try await me(folder)
        let done = try #require(try await me.actions(status: .done).first)
        #expect(done.debrief == .reviewed)
        #expect(try await me.debrief(action: done.action.id).said() == answers)
        ran("resume")
    }

    @Test func it_talks_in_the_language_that_is_asked_for() async throws {
        let folder = try Folder()
        let written = try Example(["--db", folder.file, "--title", "Un programa", "--lang", "es"]).hold(["stop"])
        #expect(written.contains("¿"), "\(written)")
        #expect(try await me(folder).profile().language == "es")
    }
}
