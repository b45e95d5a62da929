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
        let app = try Example(
            ["--db", folder.file, "--title", "A parser", "--model", "openai", "--consent"],
            ["OPENAI_BASE_URL": server.baseUrl, "OPENAI_MODEL": "slow"])
        app.type("It worked.\n")
        #expect(try await eventually { server.pieces == 1 })
        app.crash()

        let model = ScriptedModel()
        let coach = try CompletionCoach(store: try await .open(path: folder.file), model: model.model(), options: options())
        let user = try coach.user(id: "me")
        let waiting = try #require(try await user.actions(status: .done).first)
        #expect([.pending, .live].contains(waiting.debrief))
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

    @Test func a_turn_that_meets_a_pause_stores_no_reply_and_is_resumed_after_it() async throws {
        let folder = try Folder()
        let store = try await SqliteStore.open(path: folder.file)
        let paused = Box<Bool>()
        let model = OwnModel { _, events in
            events.text("What did ")
            while await paused.value != true { try await Task.sleep(for: .milliseconds(10)) }
            events.text("you learn?")
            return .complete
        }
        let coach = try CompletionCoach(store: store, model: .own(model: model), options: options { $0.delivery = .live })
        let debrief = try await coach.opened()
        var events = debrief.stream("It worked.").events.makeAsyncIterator()
        #expect(try await events.next() == .text(text: "What did "))
        #if os(Linux)
        #expect(try folder.opened() > 0)
        #endif
        try await store.pause()
        #if os(Linux)
        #expect(try folder.opened() == 0)
        #endif
        await paused.put(true)
        #expect(await kind { while try await events.next() != nil {} } == .storageUnavailable)
        try await store.unpause()
        #expect(try await debrief.said() == ["It worked."])
        #expect(try await debrief.takeOver().reply().message.text == "What did you learn?")
        #expect(try await debrief.all().count == 3)
    }

    /// The model answers only after the main actor, which awaits its reply, has done other work ten times.
    @MainActor @Test func the_main_thread_is_not_blocked() async throws {
        let (onMain, worked) = (Box<Bool>(), Box<Int>())
        let model = OwnModel { _, events in
            await onMain.put(isMain())
            while await worked.value ?? 0 < 10 { try await Task.sleep(for: .milliseconds(1)) }
            events.text("What did you learn?")
            return .complete
        }
        let debrief = try await CompletionCoach(store: try await .inMemory(), model: .own(model: model), options: options()).opened()
        let working = Task { @MainActor in
            for time in 1...10 {
                await worked.put(time)
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        #expect(try await debrief.send("It worked.").message.text == "What did you learn?")
        try await working.value
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
