// I1 to I8 of the design as far as an app could break them, over the SQLite store and over one in Swift.
import CompletionCoachKit
import CompletionCoachTesting
import Testing

enum Over: CaseIterable {
    case sqlite, swift
}

@Suite struct Invariants {
    func coach(_ over: Over, _ model: ScriptedModel, _ options: CoachOptions = options()) async throws -> CompletionCoach {
        switch over {
        case .sqlite: try CompletionCoach(store: try await .inMemory(), model: model.model(), options: options)
        case .swift: try .over(store: MemoryStore(), model: model.model(), options: options)
        }
    }

    @Test(arguments: Over.allCases) func i1_no_thread_shows_another(_ over: Over) async throws {
        let model = ScriptedModel()
        let coach = try await coach(over, model)
        let words = ["apples", "bananas", "cherries"]
        let threads: [any CoachThread] = [try await coach.opened("a-1"), try await coach.opened("a-2"), try coach.user(id: "ana").chat()]
        for (thread, word) in zip(threads, words) {
            model.say("What did you learn?")
            _ = try await thread.send("I learned about \(word).")
        }
        for (thread, word) in zip(threads, words) {
            let said = try await thread.said()
            #expect(said == ["I learned about \(word)."])
        }
        for request in model.requests() {
            let sent = request.parts.map(\.text).joined()
            #expect(words.filter { sent.contains($0) }.count == 1)
        }
    }

    @Test(arguments: Over.allCases) func i2_a_stranger_finds_nothing(_ over: Over) async throws {
        let model = ScriptedModel()
        let coach = try await coach(over, model)
        _ = try await coach.opened("a-1")
        let stranger = try coach.user(id: "bea")
        let mine = stranger.debrief(action: "a-1")
        #expect(await kind { try await mine.open().reply() } == .notFound)
        #expect(await kind { try await mine.send("x") } == .notFound)
        #expect(await kind { try await mine.state() } == .notFound)
        #expect(await kind { try await mine.all() } == .notFound)
        #expect(await kind { try await mine.propose() } == .notFound)
        #expect(await kind { try await mine.apply(["1": .accept]) } == .notFound)
        #expect(await kind { try await mine.delete() } == .notFound)
        #expect(await kind { try await stranger.action(action: "a-1") } == .notFound)
        #expect(await kind { try await stranger.profile() } == .notFound)
        #expect(await kind { try await stranger.export() } == .notFound)
        #expect(try await stranger.actions().isEmpty)
    }

    @Test(arguments: Over.allCases) func i3_only_a_done_action_has_a_debrief(_ over: Over) async throws {
        let coach = try await coach(over, ScriptedModel())
        let user = try coach.user(id: "ana")
        let action = try await user.addAction(action: NewAction(.volunteer, "Help")).id
        let debrief = user.debrief(action: action)
        #expect(await kind { try await debrief.open().reply() } == .wrongStatus)
        #expect(await kind { try await debrief.send("x") } == .wrongStatus)
        #expect(await kind { try await debrief.decline() } == .wrongStatus)
        #expect(await kind { try await debrief.recap() } == .wrongStatus)
        _ = try await user.startAction(action: action)
        _ = try await user.completeAction(action: action)
        #expect(await kind { try await debrief.send("x") } == .wrongStatus)
        let started = try await user.markCompletionStarted(action: action).completionStartedAt
        #expect(started != nil)
        #expect(try await user.markCompletionStarted(action: action).completionStartedAt == started)
    }

    @Test(arguments: Over.allCases) func i4_a_message_is_stored_once(_ over: Over) async throws {
        let model = ScriptedModel()
        let coach = try await coach(over, model)
        let debrief = try await coach.opened("a-1")
        let message = NewMessage.typed("It worked.", id: "m-1")
        model.play(acts: [.say(text: "Half a rep"), .cut])
        #expect(await kind { try await debrief.send(message) } == .replyIncomplete)
        model.say("What did you learn?")
        let reply = try await debrief.send(message)
        let again = try await debrief.send(message)
        #expect(again.message == reply.message && model.requests().count == 2)
        #expect(await kind { try await debrief.send(.typed("Something else.", id: "m-1")) } == .invalidInput)
        #expect(await kind { try await coach.opened("a-2").send(message) } == .invalidInput)
        #expect(try await debrief.said() == ["It worked."])
    }

    @Test(arguments: Over.allCases) func i5_one_turn_at_a_time(_ over: Over) async throws {
        let model = ScriptedModel()
        let debrief = try await coach(over, model, options { $0.delivery = .live }).opened()
        model.play(acts: [.say(text: "What"), .hang])
        let turn = debrief.stream("It worked.")
        var events = turn.events.makeAsyncIterator()
        #expect(try await events.next() == .text(text: "What"))
        #expect(try await debrief.state() == .live)
        for call in [{ try await debrief.send("More.") }, { try await debrief.open().reply() }, { try await debrief.resume().reply() }] {
            do {
                _ = try await call()
                Issue.record("it was not busy")
            } catch CoachError.busy(let details) {
                #expect((details.retryAfter ?? 0) > 0)
            }
        }
        model.say("What did you learn?")
        #expect(try await debrief.takeOver().reply().message.text == "What did you learn?")
        let end = await kind { while try await events.next() != nil {} }
        #expect(end == .cancelled || end == .conflict)
        #expect(try await debrief.all().count == 3)
    }

    @Test(arguments: Over.allCases) func i6_a_reply_is_whole_or_nothing(_ over: Over) async throws {
        let ends: [(Act, ErrorKind)] = [
            (.cut, .replyIncomplete), (.length, .replyIncomplete), (.refuse, .modelRefused), (.panic(text: "what ana wrote"), .internal),
        ]
        for (end, expected) in ends {
            let model = ScriptedModel()
            let debrief = try await coach(over, model).opened()
            model.play(acts: [.say(text: "What did you"), .signal(signal: .outcome(outcome: .failure)), end])
            #expect(await kind { try await debrief.send("It worked.") } == expected)
            #expect(try await debrief.all().map(\.role) == [.assistant, .user])
            #expect(try await debrief.recap().outcome != .failure)
            model.say("What did you learn?")
            #expect(try await debrief.resume().reply().message.text == "What did you learn?")
        }
    }

    @Test(arguments: Over.allCases) func i7_a_debrief_is_bounded_and_asks_one_question(_ over: Over) async throws {
        let model = ScriptedModel()
        let debrief = try await coach(over, model).opened()
        for _ in 0..<10 { model.say("What did you learn? And what comes next?") }
        var gates: [Gate] = []
        for try await event in debrief.stream("I built it with two friends.").events {
            switch event {
            case .askedAgain(let finding), .replaced(let finding): gates.append(finding.gate)
            case .reply(let reply): #expect(reply.message.text.filter { $0 == "?" }.count == 1)
            default: continue
            }
        }
        #expect(gates.count == 2)
        var reply: Reply
        var exchanges = 1
        repeat {
            reply = try await debrief.send("I learned that tests come first.")
            exchanges += 1
        } while !reply.over && exchanges < 10
        #expect(exchanges == 4 && reply.exchange == 4 && !reply.message.text.contains("?"))
        #expect(await kind { try await debrief.send("And more.") } == .debriefOver)
    }

    @Test(arguments: Over.allCases) func i7_before_two_exchanges_only_the_person_ends_it(_ over: Over) async throws {
        let model = ScriptedModel()
        let debrief = try await coach(over, model).opened()
        model.play(acts: [.say(text: "That is all I need."), .signal(signal: .enough)])
        let first = try await debrief.send("It worked.")
        #expect(first.exchange == 1 && !first.over)
        #expect(try await debrief.state() == .open)
        model.play(acts: [.say(text: "That is all I need."), .signal(signal: .enough)])
        #expect(try await debrief.send("It still works.").over)
        let stopped = try await coach(over, ScriptedModel()).opened()
        #expect(try await stopped.stop().over)
    }

    @Test(arguments: Over.allCases) func i8_a_scalar_is_written_only_over_what_was_seen(_ over: Over) async throws {
        let model = ScriptedModel()
        let coach = try await coach(over, model)
        let user = try coach.user(id: "ana")
        try await user.saveProfile(profile: Profile(careerGoals: "Lead a team"))
        for (action, elsewhere) in [("a-1", "Sail home"), ("a-2", nil)] {
            let debrief = try await coach.opened(action)
            model.say("What did you learn?")
            _ = try await debrief.send("I want to write compilers now.")
            _ = try await debrief.stop()
            model.say(#"{"items":[{"field":"career_goals","value":"write compilers","message":2,"quote":"I want to write compilers"}]}"#)
            let item = try #require(try await debrief.propose().pending.first)
            if let elsewhere { try await user.saveProfile(profile: Profile(careerGoals: elsewhere)) }
            let applied = try await debrief.apply([item.id: .accept])
            #expect(applied.conflicts.count == (elsewhere == nil ? 0 : 1))
            #expect(applied.profile.careerGoals == elsewhere ?? "write compilers")
            #expect(try await user.profile() == applied.profile)
        }
    }

    @Test(arguments: Over.allCases) func i8_proposals_are_grounded_and_need_a_verdict(_ over: Over) async throws {
        let model = ScriptedModel()
        let coach = try await coach(over, model)
        let user = try coach.user(id: "ana")
        try await user.saveProfile(profile: Profile(skills: ["SQL"]))
        let debrief = try await coach.opened()
        model.say("What did you learn?")
        _ = try await debrief.send("I learned Rust while I wrote it.")
        _ = try await debrief.stop()
        model.say(#"""
        {"items":[{"field":"skills","value":"Rust","message":2,"quote":"I learned Rust"},{"field":"skills","value":"Go","message":2,"quote":"I learned Go"}]}
        """#)
        let proposal = try await debrief.propose()
        #expect(proposal.items.map(\.value) == ["Rust"])
        #expect(try await user.profile().skills == ["SQL"])
        let item = try #require(proposal.pending.first)
        #expect(try await debrief.apply([item.id: .accept]).profile.skills == ["SQL", "Rust"])
        #expect(await kind { try await debrief.apply([item.id: .reject]) } == .conflict)
    }
}
