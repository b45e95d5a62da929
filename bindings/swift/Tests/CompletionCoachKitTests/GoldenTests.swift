// The golden debriefs: steps in a file, replayed in every language, give the same log to the byte. tests/golden/README.md says how it is written.
import CompletionCoachKit
import CompletionCoachTesting
import Foundation
import Testing

private typealias Json = [String: Any]

@Suite struct Golden {
    @Test func the_golden_debriefs_give_the_logs_that_are_checked_in() async throws {
        let folder = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../../tests/golden").standardizedFileURL
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }
        #expect(files.count >= 8)
        for file in files.sorted(by: { $0.path < $1.path }) {
            let golden = try json(Data(contentsOf: file))
            let player = try await Player(golden)
            for (number, step) in (golden["steps"] as! [Json]).enumerated() { try await player.play(number + 1, step) }
            let expected = try String(contentsOf: file.deletingPathExtension().appendingPathExtension("log"), encoding: .utf8)
            let (now, then) = (player.log.components(separatedBy: "\n"), expected.components(separatedBy: "\n"))
            let first = zip(now, then).first { $0 != $1 }
            #expect(
                Data(player.log.utf8) == Data(expected.utf8), "\(file.lastPathComponent): \(first.map { "\($0)\n\($1)" } ?? "its end")")
        }
        ran("golden")
    }
}

private func json(_ data: Data) throws -> Json {
    guard let object = try JSONSerialization.jsonObject(with: data) as? Json else { throw Failure("no object") }
    return object
}

private func quoted(_ text: String) -> String {
    var out = "\""
    for letter in text.unicodeScalars {
        switch letter {
        case "\"", "\\": out += "\\\(letter)"
        case "\n": out += "\\n"
        case "\t": out += "\\t"
        case _ where letter.value < 0x20: out += "\\u" + String(format: "%04x", letter.value)
        default: out.unicodeScalars.append(letter)
        }
    }
    return out + "\""
}

/// An enum's case in snake case.
private func word(_ value: Any) -> String {
    if case ProfileField.custom(let name)? = value as? ProfileField { return name }
    return String("\(value)".prefix { $0 != "(" }).reduce(into: "") { out, letter in
        out += letter.isUppercase ? "_" + letter.lowercased() : String(letter)
    }
}

private func words(_ values: [Any]) -> String { values.isEmpty ? "-" : values.map(word).joined(separator: ",") }

private func dash<Value>(_ value: Value?, _ write: (Value) -> String = { "\($0)" }) -> String { value.map(write) ?? "-" }

private func time(_ date: Date) -> String { String(Int64((date.timeIntervalSince1970 * 1_000).rounded())) }

private func kind(_ kind: ActionKind) -> String {
    if case .other(let name) = kind { return quoted(name) }
    return quoted(word(kind))
}

private func kind(_ name: String) -> ActionKind {
    let known: [ActionKind] = [
        .replicate, .collaborate, .startOrg, .identifyGaps, .volunteer, .buildTools, .teachWrite, .developSkills,
    ]
    return known.first { word($0) == name } ?? .other(name: name)
}

private func value(_ value: FieldValue) throws -> String {
    guard case .text(let text) = value else { throw Failure("no golden debrief proposes \(value)") }
    return quoted(text)
}

private let fields: [ProfileField] = [
    .name, .pronouns, .location, .headline, .link, .workHistory, .education, .skills, .interests, .insights, .careerGoals, .seeking,
    .matchPreferences, .summary, .language,
]

private final class Player {
    let coach: CompletionCoach
    let clock = ManualClock(now: Date(timeIntervalSince1970: 1_767_225_600))
    var held: (Turn, TurnEvents.AsyncIterator)?
    var log = ""

    init(_ golden: Json) async throws {
        var settings = CoachOptions()
        for (name, setting) in golden["coach"] as? Json ?? [:] {
            switch name {
            case "delivery": settings.delivery = setting as! String == "live" ? .live : .checked
            case "model_opens": settings.modelOpens = setting as! Bool
            case "offline_fallback": settings.offlineFallback = setting as! Bool
            case "vocabulary":
                settings.vocabulary = (setting as! [Json]).map { term in
                    let name = term["field"] as! String
                    return Term(field: fields.first { word($0) == name } ?? .custom(name: name), name: term["name"] as! String)
                }
            case "prices":
                let table = setting as! Json
                settings.prices = PriceTable(
                    asOf: table["as_of"] as! String,
                    prices: (table["prices"] as! [Json]).map { price in
                        func number(_ key: String) -> UInt64 { (price[key] as! NSNumber).uint64Value }
                        return Price(
                            provider: price["provider"] as! String, model: price["model"] as! String,
                            upTo: (price["up_to"] as? NSNumber)?.uint64Value, input: number("input"), output: number("output"),
                            cacheRead: number("cache_read"), cacheWrite: number("cache_write"))
                    })
            default: throw Failure("there is no setting \(name)")
            }
        }
        let model: CoachModel
        if let script = golden["model"] {
            let text = String(decoding: try JSONSerialization.data(withJSONObject: script), as: UTF8.self)
            model = try ScriptedModel.fromJson(script: text, clock: clock).model()
        } else {
            model = .offlineGuide()
        }
        coach = try CompletionCoach.forTests(
            store: try await .inMemory(), model: model, options: settings, clock: clock, ids: SeededIds(seed: 1))
    }

    func line(_ name: String, _ pairs: KeyValuePairs<String, String>) {
        log += name + pairs.map { " \($0)=\($1)" }.joined() + "\n"
    }

    func play(_ number: Int, _ step: Json) async throws {
        let name = step["do"] as! String
        log += "# \(number) \(name)\n"
        do {
            try await take(name, step)
        } catch let error as CoachError {
            line("error", ["kind": word(error.kind), "retry_after": dash(error.retryAfter) { String(Int64(($0 * 1_000).rounded())) }])
        }
    }

    func take(_ name: String, _ step: Json) async throws {
        func text(_ key: String) -> String { step[key] as! String }
        let user = try coach.user(id: step["user"] as? String ?? "ana")
        func debrief() -> Debrief { user.debrief(action: text("action")) }
        let thread: any CoachThread = step["action"] is String ? debrief() : user.chat()
        switch name {
        case "advance": clock.advance(by: (step["millis"] as! NSNumber).doubleValue / 1_000)
        case "save_profile":
            let given = step["profile"] as! Json
            func list(_ key: String) -> [String] { given[key] as? [String] ?? [] }
            try await user.saveProfile(
                profile: Profile(
                    name: given["name"] as? String, headline: given["headline"] as? String, skills: list("skills"),
                    interests: list("interests"), insights: list("insights"), careerGoals: given["career_goals"] as? String,
                    seeking: given["seeking"] as? String, language: given["language"] as? String))
        case "profile": return profile(try await user.profile())
        case "add_action": return action(try await user.addAction(action: new(step)))
        case "record_done":
            let done = try await user.recordDone(action: new(step))
            action(done.action)
            return offer(done.offer)
        case "offer": return offer(try await user.offer(action: text("action")))
        case "step":
            let taken = ActionStep.allCases.first { word($0) == text("step") }!
            return action(try await user.step(action: text("action"), step: taken))
        case "actions":
            for listed in try await user.actions() {
                action(listed.action)
                state(listed.debrief)
            }
            return
        case "open": return try await read(thread.open())
        case "resume": return try await read(thread.resume())
        case "take_over": return try await read(thread.takeOver())
        case "stream": return try await read(thread.stream(message(step)))
        case "hold":
            let turn = thread.stream(message(step))
            var events = turn.events.makeAsyncIterator()
            if let first = try await events.next() { event(first) }
            held = (turn, events)
            return
        case "release":
            held?.0.cancel()
            held = nil
        case "finish":
            let (turn, events) = held!
            held = nil
            return try await read(turn, events)
        case "skip_question": return reply(try await debrief().skipQuestion())
        case "stop": return reply(try await debrief().stop())
        case "reopen": return reply(try await debrief().reopen())
        case "decline": try await debrief().decline()
        case "later": try await debrief().later(time: Date(timeIntervalSince1970: (step["at"] as! NSNumber).doubleValue / 1_000))
        case "state": return state(try await debrief().state())
        case "messages":
            let page = try await thread.messages(
                size: (step["size"] as? NSNumber)?.uint32Value ?? 100, before: (step["before"] as? NSNumber)?.uint64Value)
            page.messages.forEach(message)
            return line("page", ["before": dash(page.before)])
        case "propose", "proposal":
            let proposal = name == "propose" ? try await thread.propose() : try await thread.proposal()
            for item in proposal.items { try extraction("item", item) }
            for item in proposal.known { try extraction("known", item) }
            return
        case "apply":
            let items = try await thread.proposal().items
            var verdicts: [String: Verdict] = [:]
            for verdict in step["verdicts"] as! [Json] {
                verdicts[items[(verdict["item"] as! NSNumber).intValue].id] = switch verdict["verdict"] as! String {
                case "accept": .accept
                case "reject": .reject
                default: .edit(value: .text(text: verdict["value"] as! String))
                }
            }
            let applied = try await thread.apply(verdicts)
            line("applied", ["accepted": "\(applied.accepted.count)", "rejected": "\(applied.rejected.count)"])
            for conflict in applied.conflicts {
                line(
                    "conflict",
                    [
                        "field": word(conflict.field), "before": dash(conflict.before, quoted), "now": dash(conflict.now, quoted),
                        "proposed": try value(conflict.proposed),
                    ])
            }
            return profile(applied.profile)
        case "recap":
            let recap = try await debrief().recap()
            line("recap", ["outcome": dash(recap.outcome, word)])
            for said in recap.lines {
                line(
                    "recap_line",
                    ["step": word(said.step), "cut": "\(said.cut)", "label": quoted(said.label), "quote": quoted(said.quote)])
            }
            if let next = recap.next { line("next", ["kind": kind(next.kind), "title": quoted(next.title)]) }
            return
        case "usage":
            let report = try await user.usage()
            for used in report.lines {
                line(
                    "used",
                    [
                        "operation": word(used.operation), "provider": quoted(used.provider), "model": quoted(used.model),
                        "attempts": "\(used.attempts)", "failed": "\(used.failed)", "cancelled": "\(used.cancelled)",
                        "requests": "\(used.usage.requests)", "input": "\(used.usage.inputTokens)", "output": "\(used.usage.outputTokens)",
                        "cache_read": "\(used.usage.cacheReadTokens)", "cache_write": "\(used.usage.cacheWriteTokens)",
                        "cost": dash(used.cost),
                    ])
            }
            return line("usage", ["cost": dash(report.cost), "prices_as_of": quoted(report.pricesAsOf)])
        case "changes":
            for change in try await user.changes(after: (step["after"] as? NSNumber)?.uint64Value ?? 0) {
                line(
                    "change",
                    [
                        "seq": "\(change.seq)", "at": time(change.at), "cause": word(change.cause), "fields": words(change.fields),
                        "extractions": "\(change.extractions.count)",
                    ])
            }
            return
        case "consent_needed": return line("consent", ["needed": "\(try await user.consentNeeded())"])
        case "consent":
            let shown = try coach.disclosure(language: step["language"] as? String ?? "en")
            line("disclosure", ["is_ai": "\(shown.isAi)", "place": word(shown.place), "text": quoted(shown.text)])
            try await user.consent(disclosure: shown)
        case "withdraw_consent": try await user.withdrawConsent()
        case "export": return line("export", ["bytes": "\(try await user.export().utf8.count)"])
        case "delete_action": try await user.deleteAction(action: text("action"))
        case "forget": try await user.forget()
        default: throw Failure("there is no step \(name)")
        }
        line("ok", [:])
    }

    private func new(_ step: Json) -> NewAction {
        NewAction(
            kind(step["kind"] as! String), step["title"] as! String, id: step["action"] as? String,
            description: step["description"] as? String ?? "")
    }

    private func message(_ step: Json) -> NewMessage {
        let said: Said = (step["typed"] as? String).map { .typed(text: $0) } ?? .chosen(choice: step["choose"] as! String)
        return NewMessage(id: step["id"] as? String, said: said)
    }

    /// Reads a turn to its end. Texts that follow each other are one.
    func read(_ turn: Turn, _ begun: TurnEvents.AsyncIterator? = nil) async throws {
        var events = begun ?? turn.events.makeAsyncIterator()
        var said = ""
        func flush() {
            if !said.isEmpty { event(.text(text: said)) }
            said = ""
        }
        do {
            while let next = try await events.next() {
                if case .text(let more) = next {
                    said += more
                } else {
                    flush()
                    event(next)
                }
            }
        } catch {
            flush()
            throw error
        }
    }

    func event(_ event: TurnEvent) {
        switch event {
        case .text(let text): log += "text \(quoted(text))\n"
        case .choices(let choices):
            for choice in choices {
                line("choice", ["id": quoted(choice.id), "field": dash(choice.field, word), "text": quoted(choice.text)])
            }
        case .askedAgain(let finding): line("asked_again", ["gate": word(finding.gate)])
        case .replaced(let finding): line("replaced", ["gate": word(finding.gate)])
        case .stoodIn(let kind): line("stood_in", ["kind": word(kind)])
        case .handOver(let language): line("hand_over", ["language": quoted(language)])
        case .reply(let reply): self.reply(reply)
        }
    }

    func reply(_ reply: Reply) {
        line(
            "reply",
            [
                "exchange": "\(reply.exchange)", "review_due": "\(reply.reviewDue)", "over": "\(reply.over)", "ended": dash(reply.ended, word),
                "findings": words(reply.findings.map(\.gate)),
            ])
        message(reply.message)
    }

    func message(_ message: Message) {
        line(
            "message",
            [
                "seq": "\(message.seq)", "round": "\(message.round)", "role": word(message.role), "provenance": word(message.provenance),
                "author": dash(message.author) { quoted("\($0.provider)/\($0.model)") }, "place": dash(message.author) { word($0.place) },
                "choice": dash(message.choice, quoted), "choices": "\(message.choices.count)", "at": time(message.at),
                "id": quoted(message.id), "text": quoted(message.text),
            ])
    }

    func action(_ action: Action) {
        line(
            "action",
            [
                "id": quoted(action.id), "kind": kind(action.kind), "status": word(action.status), "source": word(action.source),
                "created_at": time(action.createdAt), "started_at": dash(action.startedAt, time),
                "completed_at": dash(action.completedAt, time), "debrief_at": dash(action.completionStartedAt, time),
                "title": quoted(action.title),
            ])
    }

    func offer(_ offer: Offer) {
        line(
            "offer",
            [
                "ask": "\(offer.ask)", "consent_needed": "\(offer.consentNeeded)", "text": quoted(offer.text), "tell_us": quoted(offer.tellUs),
                "just_done": quoted(offer.justDone), "later": quoted(offer.later),
            ])
    }

    func state(_ state: DebriefState) {
        var ended = "-", until = "-"
        if case .ended(let ending) = state { ended = word(ending) }
        if case .deferred(let date) = state { until = time(date) }
        line("state", ["is": word(state), "ended": ended, "until": until])
    }

    func profile(_ profile: Profile) {
        let texts: KeyValuePairs = [
            "name": profile.name, "headline": profile.headline, "career_goals": profile.careerGoals, "seeking": profile.seeking,
            "language": profile.language,
        ]
        for (field, text) in texts {
            if let text { log += "\(field) \(quoted(text))\n" }
        }
        let lists: KeyValuePairs = ["skill": profile.skills, "interest": profile.interests, "insight": profile.insights]
        for (field, items) in lists {
            for item in items { log += "\(field) \(quoted(item))\n" }
        }
    }

    func extraction(_ name: String, _ item: Extraction) throws {
        line(
            name,
            [
                "field": word(item.field), "op": word(item.operation), "status": word(item.status), "basis": word(item.basis),
                "checked": "\(item.checked)", "cautions": words(item.cautions), "value": try value(item.value),
                "before": dash(item.before, quoted), "edited": try item.edited.map(value) ?? "-",
            ])
        for evidence in item.evidence {
            line(
                "quote",
                [
                    "start": "\(evidence.start)", "end": "\(evidence.end)", "start16": "\(evidence.startUtf16)",
                    "end16": "\(evidence.endUtf16)", "quote": quoted(evidence.quote),
                ])
        }
    }
}
