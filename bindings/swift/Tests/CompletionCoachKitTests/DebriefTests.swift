// A whole debrief: with the guide and with a model, to the profile and back out again.
import CompletionCoachKit
import CompletionCoachTesting
import Foundation
import Testing

@Suite struct Debriefs {
    @Test func a_debrief_with_the_guide_ends_in_a_changed_profile() async throws {
        let coach = try CompletionCoach(store: try await .inMemory(), model: .offlineGuide(), options: options { $0.vocabulary = [Term(field: .skills, name: "Rust")] })
        let user = try coach.user(id: "ana")
        try await user.saveProfile(profile: Profile(name: "Ana", skills: ["SQL"]))
        let done = try await user.recordDone(
            action: NewAction(.buildTools, "A parser", material: [Material(label: "The merged change")], hostData: ["job": "7"]))
        #expect(done.offer.ask && !done.offer.consentNeeded && done.action.hostData == ["job": "7"])
        let debrief = user.debrief(action: done.action.id)

        var events: [TurnEvent] = []
        for try await event in debrief.open().events { events.append(event) }
        guard case .reply(let opening)? = events.last else { throw Failure("no reply at the end") }
        #expect(opening.exchange == 0 && !opening.message.choices.isEmpty)

        var reply = try await debrief.send(.choose(opening.message.choices[0]))
        #expect(reply.exchange == 1)
        for answer in ["I learned Rust while I wrote it.", "Yes, I met a reviewer.", "I will write compilers next.", "No."]
        where !reply.over { reply = try await debrief.send(answer) }
        #expect(reply.over && reply.reviewDue)
        #expect(try await debrief.state() == .ended(ending: .complete))

        let proposal = try await debrief.propose()
        try #require(proposal.pending.count >= 2)
        let messages = try await debrief.all()
        for item in proposal.items {
            for evidence in item.evidence {
                let text = try #require(messages.first { $0.id == evidence.message }).text
                #expect(evidence.range(in: text).map { String(text[$0]) } == evidence.quote)
            }
        }
        var verdicts: [String: Verdict] = [:]
        for item in proposal.pending { verdicts[item.id] = .accept }
        verdicts[proposal.pending[0].id] = .reject
        verdicts[proposal.pending[1].id] = .edit(value: "Something of my own")
        let applied = try await debrief.apply(verdicts)
        #expect(applied.rejected == [proposal.pending[0].id] && applied.conflicts.isEmpty)
        #expect(try await user.profile() == applied.profile)
        #expect(try await debrief.state() == .reviewed)
        #expect(try await user.changes(after: 1).map(\.cause) == [.applied])

        let recap = try await debrief.recap()
        #expect(!recap.lines.isEmpty)
        let next = try #require(recap.nextAction())
        let added = try await user.addAction(action: next)
        #expect(added.source == .debrief && added.status == .active)
        ran("offline")
        ran("proposals")
    }

    @Test func a_model_streams_in_order_and_its_choices_can_be_taken() async throws {
        let model = ScriptedModel()
        let coach = try CompletionCoach(
            store: try await .inMemory(), model: model.model(), options: options { $0.delivery = .live })
        let debrief = try await coach.opened()
        model.play(acts: [
            .say(text: "What "), .yield, .say(text: "did you "), .yield, .say(text: "learn?"),
            .offer(choices: [Choice(id: "c-1", text: "A lot"), Choice(id: "c-2", text: "Nothing")]),
            .use(usage: Usage(requests: 1, inputTokens: 10, outputTokens: 5)),
        ])
        var text = "", choices: [Choice] = [], replies: [Reply] = []
        for try await event in debrief.stream("It worked.").events {
            switch event {
            case .text(let piece): text += piece
            case .choices(let some): choices = some
            case .reply(let reply): replies.append(reply)
            case .askedAgain, .replaced, .stoodIn, .handOver: throw Failure("\(event)")
            }
        }
        #expect(text == "What did you learn?" && choices.map(\.id) == ["c-1", "c-2"])
        #expect(replies.count == 1 && replies[0].message.text == text && replies[0].message.author != nil)
        model.say("What comes next?")
        #expect(try await debrief.send(.choose(choices[0])).message.text == "What comes next?")
        #expect(try await debrief.all().filter { $0.provenance == .chosen }.map(\.text) == ["A lot"])
        let usage = try await coach.user(id: "ana").usage()
        #expect(usage.lines.map(\.usage.inputTokens).reduce(0, +) == 10)
        ran("streaming")
        ran("usage")
    }

    @Test func what_was_not_answered_is_resumed() async throws {
        let model = ScriptedModel()
        let coach = try CompletionCoach(store: try await .inMemory(), model: model.model(), options: options())
        let debrief = try await coach.opened()
        let message = NewMessage.typed("It worked.")
        model.play(acts: [.say(text: "What did"), .cut])
        #expect(await kind { try await debrief.send(message) } == .replyIncomplete)
        #expect(try await debrief.state() == .pending)
        model.say("What did you learn?")
        #expect(try await debrief.resume().reply().message.text == "What did you learn?")
        #expect(try await debrief.send(message).message.text == "What did you learn?")
        #expect(try await debrief.said() == ["It worked."] && model.requests().count == 2)
        ran("resume")
    }

    @Test func actions_take_their_steps() async throws {
        let user = try CompletionCoach(store: try await .inMemory(), model: .offlineGuide()).user(id: "ana")
        let one = try await user.addAction(action: NewAction(.other(name: "sail"), "Sail home"))
        #expect(try await user.saveAction(action: one.id).status == .saved)
        #expect(try await user.unsaveAction(action: one.id).status == .active)
        #expect(try await user.startAction(action: one.id).startedAt != nil)
        #expect(try await user.cancelAction(action: one.id).startedAt == nil)
        _ = try await user.startAction(action: one.id)
        #expect(try await user.completeAction(action: one.id).completedAt != nil)
        #expect(try await user.reopenAction(action: one.id).status == .inProgress)
        _ = try await user.completeAction(action: one.id)
        #expect(await kind { try await user.dismissAction(action: one.id) } == .wrongStatus)
        let debrief = user.debrief(action: one.id)
        try await debrief.later(time: .now + 3_600)
        guard case .deferred = try await debrief.state() else { throw Failure("not deferred") }
        try await debrief.decline()
        #expect(try await user.offer(action: one.id).ask == false)
        let fresh = try await user.replaceSuggestions(suggestions: [NewAction(kind: .volunteer, title: "Help", source: .suggested)])
        #expect(try await user.actions(status: .active).map(\.action.id) == fresh.map(\.id))
        try await user.deleteAction(action: one.id)
        #expect(await kind { try await user.action(action: one.id) } == .notFound)
    }

    @Test func a_user_moves_to_another_store_and_is_forgotten() async throws {
        let (old, new) = (try await SqliteStore.inMemory(), try await SqliteStore.inMemory())
        let debrief = try await CompletionCoach(store: old, model: .offlineGuide()).opened()
        _ = try await debrief.send("It worked.")
        let there = try CompletionCoach(store: old, model: .offlineGuide()).user(id: "ana")
        let here = try CompletionCoach(store: new, model: .offlineGuide()).user(id: "ana")
        try await here.import(json: try await there.export())
        #expect(try await here.debrief(action: "a-1").all() == (try await debrief.all()))
        #expect(await kind { try await here.import(json: "{}") } != nil)
        try await there.forget()
        #expect(await kind { try await there.profile() } == .notFound)
        #expect(await kind { try await debrief.send("Still there?") } == .notFound)
        ran("transfer")
        ran("forget")
    }

    @Test func the_chat_is_a_thread_too() async throws {
        let model = ScriptedModel()
        let coach = try CompletionCoach(store: try await .inMemory(), model: model.model(), options: options())
        let chat = try coach.user(id: "ana").chat()
        let threads: [any CoachThread] = [chat, try await coach.opened()]
        model.say("Tell me more.")
        _ = try await threads[0].send("I like gulls.")
        #expect(try await threads[0].said() == ["I like gulls."])
        #expect(try await threads[1].said() == [])
        ran("chat")
    }

    @Test func a_remote_model_gets_nothing_without_consent() async throws {
        let model = ScriptedModel(info: ModelInfo(provider: "far", model: "large", place: .remote, address: "far.example"))
        let coach = try CompletionCoach(store: try await .inMemory(), model: model.model(), options: options())
        let debrief = try await coach.opened()
        let user = try coach.user(id: "ana")
        #expect(try await user.consentNeeded())
        #expect(await kind { try await debrief.send("It worked.") } == .consentNeeded)
        #expect(model.requests().isEmpty)
        let shown = try coach.disclosure(language: "en")
        #expect(shown.isAi && shown.provider == "far" && shown.text.contains("far"))
        try await user.consent(disclosure: shown)
        model.say("What did you learn?")
        _ = try await debrief.send("It worked.")
        try await user.withdrawConsent()
        #expect(await kind { try await debrief.send("More.") } == .consentNeeded)
        ran("consent")
    }

    @Test func an_offline_fallback_says_who_stood_in() async throws {
        let model = ScriptedModel()
        let coach = try CompletionCoach(
            store: try await .inMemory(), model: model.model(), options: options { $0.offlineFallback = true })
        let debrief = try await coach.opened()
        model.play(acts: [.fail(kind: .modelUnavailable)])
        var stoodIn: [ErrorKind] = []
        for try await event in debrief.stream("It worked.").events {
            if case .stoodIn(let kind) = event { stoodIn.append(kind) }
        }
        #expect(stoodIn == [.modelUnavailable])
        #expect(try await debrief.all().last?.author?.provider == "guide")
    }

    @Test func options_reach_the_coach() async throws {
        let model = ScriptedModel()
        let own = options {
            $0.budget = Budget(min: 1, max: 1)
            $0.tone = "like a pirate"
            $0.fieldOfWork = "marine biology"
        }
        let debrief = try await CompletionCoach(store: try await .inMemory(), model: model.model(), options: own).opened()
        model.say("Thank you, that is all.")
        #expect(try await debrief.send("It worked.").over)
        let told = model.requests()[0].parts.map(\.text).joined()
        #expect(told.contains("like a pirate") && told.contains("marine biology"))
        #expect(defaultTexts(language: "en")["offer.later"] == "Later" && defaultTexts(language: "xx").isEmpty)
        let wrong = options { $0.budget = Budget(min: 3, max: 2) }
        #expect(await kind { try CompletionCoach(store: try await .inMemory(), model: .offlineGuide(), options: wrong) } == .invalidInput)
    }

    @Test func a_transcript_from_elsewhere_gives_proposals_and_a_corpus_is_measured() async throws {
        let model = ScriptedModel()
        model.say(#"{"items":[{"field":"skills","value":"Rust","message":2,"quote":"I learned Rust"}]}"#)
        let messages = [TranscriptMessage(role: .assistant, text: "What did you learn?"), TranscriptMessage(role: .user, text: "I learned Rust.")]
        let proposal = try await extract(profile: Profile(), messages: messages, model: model.model())
        #expect(proposal.items.map(\.value) == ["Rust"])
        let report = try checkTurn(text: "What did you learn? And why?", facts: TurnFacts(language: "en"))
        let text = "What did you learn? And why?"
        #expect(report.findings.contains { $0.gate == .severalQuestions && $0.range(in: text) != nil })
        #expect(try buildProfileContext(profile: Profile(name: "Ana"), purpose: .debrief, maxChars: nil).contains("Ana"))
    }

    @Test func a_kind_has_the_name_that_the_library_gives_it() async throws {
        let user = try CompletionCoach(store: try await .inMemory(), model: .offlineGuide()).user(id: "ana")
        let kinds: [ActionKind] = [
            .replicate, .collaborate, .startOrg, .identifyGaps, .volunteer, .buildTools, .teachWrite, .developSkills, .other(name: "sail"),
        ]
        for kind in kinds {
            #expect(ActionKind.named(kind.name) == kind)
            _ = try await user.addAction(action: NewAction(kind, "Do it"))
        }
        let exported = try JSONSerialization.jsonObject(with: Data(try await user.export().utf8)) as? [String: Any]
        let actions = try #require(exported?["actions"] as? [[String: Any]])
        #expect(Set(actions.map { $0["kind"] as? String }) == Set(kinds.map(\.name)))
    }

    @Test func the_disclosure_is_in_the_language_of_the_device() async throws {
        let coach = try CompletionCoach(store: try await .inMemory(), model: .offlineGuide())
        #expect(try coach.disclosure() == coach.disclosure(language: try #require(Locale.preferredLanguages.first)))
    }

    @Test func records_are_values_that_json_can_hold() async throws {
        var profile = Profile(name: "Ana", skills: ["SQL"], custom: ["badge": .list(items: ["gold"])])
        profile.skills.append("Rust")
        #expect(try JSONDecoder().decode(Profile.self, from: JSONEncoder().encode(profile)) == profile)
        let action = NewAction(.other(name: "sail"), "Sail home")
        #expect(try JSONDecoder().decode(NewAction.self, from: JSONEncoder().encode(action)) == action)
    }
}

struct Failure: Error {
    let what: String
    init(_ what: String) { self.what = what }
}
