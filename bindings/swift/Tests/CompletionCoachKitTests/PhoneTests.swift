// Life on a phone: killed in mid-turn, frozen while the store is paused, and never in the way of the main thread.
import CompletionCoachKit
import CompletionCoachTesting
import Foundation
import Testing

@Suite struct Phone {
    /// The example program is killed while its model answers; the next start goes on.
    @Test func a_killed_app_takes_over_at_its_next_start() async throws {
        let (server, folder) = (Server(), try Folder())
        defer { server.stop() }
        let app = Process()
        // It lies beside the tests.
        app.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("debrief")
        app.arguments = ["--db", folder.file, "--title", "A parser", "--model", "openai", "--base-url", server.baseUrl]
        app.environment = ["OPENAI_API_KEY": "none"]
        let input = Pipe()
        app.standardInput = input
        app.standardOutput = FileHandle.nullDevice
        try app.run()
        input.fileHandleForWriting.write(Data("It worked.\n".utf8))
        #expect(try await eventually { server.pieces == 1 })
        kill(app.processIdentifier, SIGKILL)
        app.waitUntilExit()

        let model = ScriptedModel()
        let coach = try CompletionCoach(store: try await .open(path: folder.file), model: model.model(), options: options())
        let user = try coach.user(id: "me")
        let waiting = try #require(try await user.actions(status: .done).first)
        let debrief = user.debrief(action: waiting.action.id)
        #expect(try await debrief.said() == ["It worked."])
        model.say("What did you learn?")
        #expect(try await debrief.takeOver().reply().message.text == "What did you learn?")
        #expect(try await debrief.said() == ["It worked."])
        ran("resume")
    }

    @Test func a_paused_store_is_unavailable_at_once_and_goes_on_after() async throws {
        let folder = try Folder()
        let store = try await SqliteStore.open(path: folder.file)
        let coach = try CompletionCoach(store: store, model: .offlineGuide(), options: options())
        let debrief = try await coach.opened()
        try await store.pause()
        let began = ContinuousClock.now
        #expect(await kind { try await debrief.send("It worked.") } == .storageUnavailable)
        #expect(ContinuousClock.now - began < .seconds(1))
        try await store.unpause()
        #expect(try await debrief.send("It worked.").exchange == 1)
        ran("pause")
    }

    /// While the main actor awaits a call whose model takes its time, it goes on with other work.
    @MainActor @Test func the_main_thread_is_not_blocked() async throws {
        let onMain = Box<Bool>()
        let model = OwnModel { _, events in
            await onMain.put(isMain())
            try await Task.sleep(for: .milliseconds(300))
            events.text("What did you learn?")
            return .complete
        }
        let debrief = try await CompletionCoach(store: try await .inMemory(), model: .own(model: model), options: options()).opened()
        var ticks = 0
        let ticking = Task { @MainActor in
            while !Task.isCancelled {
                ticks += 1
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        _ = try await debrief.send("It worked.")
        ticking.cancel()
        #expect(ticks >= 10)
        #expect(await onMain.value == false)
    }

    @Test func what_does_not_wait_gives_the_thread_back_at_once() async throws {
        let model = ScriptedModel()
        let debrief = try await CompletionCoach(store: try await .inMemory(), model: model.model(), options: options()).opened()
        model.play(acts: [.hang])
        let began = ContinuousClock.now
        let turn = debrief.stream("It worked.")
        turn.cancel()
        #expect(ContinuousClock.now - began < .milliseconds(100))
    }
}

private func isMain() -> Bool { Thread.isMainThread }
