// The main job in a terminal: say what you finished, answer a few questions, read your own words, decide, go on.
//
// Options: --db PATH, --user ID, --title TEXT, --kind KIND, --lang CODE, --model offline|anthropic|openai, --consent.
// In the environment: ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, ANTHROPIC_MODEL; OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL.
import CompletionCoachKit
import Foundation

struct Unusable: Error {
    let why: String
}

/// `--name value` pairs.
func options() throws(Unusable) -> [String: String] {
    let known = ["--db", "--user", "--title", "--kind", "--lang", "--model", "--consent"]
    var options: [String: String] = [:]
    var arguments = CommandLine.arguments.dropFirst()
    while let name = arguments.popFirst() {
        guard known.contains(name) else { throw Unusable(why: "there is no option \(name); use \(known.joined(separator: ", "))") }
        guard let value = name == "--consent" ? "yes" : arguments.popFirst() else { throw Unusable(why: "\(name) needs a value") }
        options[name] = value
    }
    return options
}

/// The model that is named, or else the one that there is a key for.
func model(_ named: String?) throws -> CoachModel {
    func variable(_ name: String) -> String? { ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let found = variable("ANTHROPIC_API_KEY") != nil ? "anthropic" : variable("OPENAI_MODEL") != nil ? "openai" : "offline"
    switch named ?? found {
    case "offline": return .offlineGuide()
    case "anthropic":
        let url = variable("ANTHROPIC_BASE_URL") ?? anthropicBaseUrl()
        let endpoint = Endpoint(baseUrl: url, credentials: try .environment(variable: "ANTHROPIC_API_KEY"))
        return try .anthropic(model: variable("ANTHROPIC_MODEL") ?? "claude-sonnet-5-5", endpoint: endpoint)
    case "openai":
        guard let model = variable("OPENAI_MODEL") else { throw Unusable(why: "set OPENAI_MODEL to the name of a model") }
        let credentials = variable("OPENAI_API_KEY") == nil ? .none() : try Credentials.environment(variable: "OPENAI_API_KEY")
        return try .openAi(model: model, endpoint: Endpoint(baseUrl: variable("OPENAI_BASE_URL") ?? openAiBaseUrl(), credentials: credentials))
    case let other: throw Unusable(why: "there is no model \(other); use offline, anthropic or openai")
    }
}

func ask(_ question: String) -> String? {
    print(question, terminator: " ")
    fflush(nil)
    let line = readLine()?.trimmingCharacters(in: .whitespaces)
    if isatty(STDIN_FILENO) == 0 || line == nil { print(line ?? "") }
    return line
}

/// Prints the reply as it comes, and gives it.
func show(_ turn: Turn) async throws -> Reply? {
    var last: Reply?
    for try await event in turn.events {
        switch event {
        case .text(let piece): print(piece, terminator: "")
        case .stoodIn: print("(The guide asks, as the model cannot be reached.)")
        case .handOver: print("\nPlease talk to somebody you trust.")
        case .choices, .askedAgain, .replaced: break
        case .reply(let reply):
            print()
            for (at, choice) in reply.message.choices.enumerated() { print("  [\(at + 1)] \(choice.text)") }
            last = reply
        }
        fflush(nil)
    }
    return last
}

/// A number takes one of the choices; anything else is said as it is.
func message(_ line: String, after reply: Reply) -> NewMessage {
    let choices = reply.message.choices
    guard let number = Int(line), choices.indices.contains(number - 1) else { return .typed(line) }
    return .choose(choices[number - 1])
}

/// What has no profile yet has an empty one.
func profile(_ me: User) async throws -> Profile {
    do { return try await me.profile() } catch CoachError.notFound { return Profile() }
}

/// Whether a debrief waits for something: an answer, a reply, a proposal or a verdict.
func waits(_ listed: ListedAction) -> Bool {
    switch listed.debrief {
    case .declined, .reviewed, .ended(.handedOver): false
    case .deferred(let until): until <= .now
    case .none, .open, .pending, .live, .ended, .readyToReview: true
    }
}

/// What was finished now, or what waits since the last time.
func action(_ me: User, _ options: [String: String]) async throws -> Action {
    if let title = options["--title"] {
        return try await me.recordDone(action: NewAction(.named(options["--kind"] ?? "other"), title)).action
    }
    guard let waiting = try await me.actions(status: .done).first(where: waits)?.action else {
        throw Unusable(why: "no debrief waits; pass --title with what was finished")
    }
    print("To be continued: \(waiting.title)")
    return waiting
}

func hold() async throws {
    let options = try options()
    let store = try await SqliteStore.open(path: options["--db"] ?? "debrief.db")
    let coach = try CompletionCoach(
        store: store, model: try model(options["--model"]), options: CoachOptions(delivery: .live, offlineFallback: true))
    let me = try coach.user(id: options["--user"] ?? "me")
    if let language = options["--lang"] {
        var profile = try await profile(me)
        profile.language = language
        try await me.saveProfile(profile: profile)
    }
    let disclosure = try options["--lang"].map(coach.disclosure) ?? coach.disclosure()
    print(disclosure.text)
    if try await me.consentNeeded(), options["--consent"] != nil || ask("May it be sent there? [y]es, [n]o:") == "y" {
        try await me.consent(disclosure: disclosure)
    }
    let debrief = me.debrief(action: try await action(me, options).id)

    // A program that starts again is the only one at work on its debrief.
    var last = try await show(debrief.takeOver())
    while let reply = last, !reply.over {
        guard let line = ask(">") else {
            print("The rest waits for the next time.")
            return
        }
        switch line {
        case "": continue
        case "stop":
            last = try await debrief.stop()
            print(last?.message.text ?? "")
        default: last = try await show(debrief.stream(message(line, after: reply)))
        }
    }

    if case .ended(.handedOver) = try await debrief.state() { return }
    for line in try await debrief.recap().lines { print("\(line.label): “\(line.quote)”") }
    let proposal = try await debrief.propose()
    var verdicts: [String: Verdict] = [:]
    for item in proposal.pending {
        let because = item.evidence.first.map { ", because you said “\($0.quote)”" } ?? ""
        guard case .text(let text) = item.value else { continue }
        switch ask("Add to \(item.field): “\(text)”\(because)? [y]es, [n]o, or other words:") {
        case nil, "": continue
        case "y": verdicts[item.id] = .accept
        case "n": verdicts[item.id] = .reject
        case let words?: verdicts[item.id] = .edit(value: .text(text: words))
        }
    }
    let applied = try await debrief.apply(verdicts)
    print("\(applied.accepted.count) accepted, \(applied.rejected.count) rejected.")
    if let next = try await debrief.recap().nextAction(), ask("Plan “\(next.title)”? [y]es, [n]o:") == "y" {
        _ = try await me.addAction(action: next)
        print("Planned.")
    }
}

do {
    try await hold()
} catch let error as Unusable {
    FileHandle.standardError.write(Data("\(error.why)\n".utf8))
    exit(2)
} catch {
    FileHandle.standardError.write(Data("\(error.localizedDescription)\n".utf8))
    exit(1)
}
