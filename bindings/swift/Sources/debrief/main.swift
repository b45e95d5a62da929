// A debrief in the terminal: `debrief --title "A parser for log files"`. Without a model the offline guide asks; everything is kept in one file.
import CompletionCoachKit
import Foundation

struct Unusable: Error {
    let why: String
}

/// `--name value` pairs.
func options() throws(Unusable) -> [String: String] {
    let known = ["--db", "--user", "--title", "--model", "--base-url", "--consent"]
    var options: [String: String] = [:]
    var arguments = CommandLine.arguments.dropFirst()
    while let name = arguments.popFirst() {
        guard known.contains(name) else { throw Unusable(why: "there is no option \(name); use \(known.joined(separator: ", "))") }
        guard let value = name == "--consent" ? "yes" : arguments.popFirst() else { throw Unusable(why: "\(name) needs a value") }
        options[name] = value
    }
    return options
}

/// The guide, or the model that the options name with a key from the environment.
func model(_ options: [String: String]) throws -> CoachModel {
    switch options["--model"] ?? "offline" {
    case "offline": return .offlineGuide()
    case "anthropic":
        let endpoint = Endpoint(
            baseUrl: options["--base-url"] ?? anthropicBaseUrl(), credentials: try .environment(variable: "ANTHROPIC_API_KEY"))
        return try .anthropic(model: "claude-sonnet-4-5", endpoint: endpoint)
    case "openai":
        let url = options["--base-url"] ?? openAiBaseUrl()
        let endpoint = Endpoint(baseUrl: url, credentials: try .environment(variable: "OPENAI_API_KEY"))
        return try .openAi(model: "gpt-5-mini", endpoint: url.contains("//127.0.0.1") ? endpoint.onThisDevice() : endpoint)
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

func hold() async throws {
    let options = try options()
    let store = try await SqliteStore.open(path: options["--db"] ?? "debriefs.db")
    let coach = try CompletionCoach(store: store, model: try model(options), options: CoachOptions(delivery: .live))
    let me = try coach.user(id: options["--user"] ?? "me")
    let disclosure = try coach.disclosure(language: "en")
    print(disclosure.text)
    if options["--consent"] != nil { try await me.consent(disclosure: disclosure) }

    let waiting = try await me.actions(status: .done).first { ![.reviewed, .declined].contains($0.debrief) }?.action
    guard let title = options["--title"] ?? waiting?.title else { throw Unusable(why: "no debrief waits; pass --title with what was finished") }
    let action = if let waiting, waiting.title == title { waiting } else { try await me.recordDone(action: NewAction(.other(name: "task"), title)).action }
    let debrief = me.debrief(action: action.id)

    // A program that starts again is the only one at work on its debrief.
    var last = try await show(debrief.takeOver())
    while let reply = last, !reply.over {
        guard let line = ask(">") else {
            print("The rest waits for the next time.")
            return
        }
        if !line.isEmpty { last = try await show(debrief.stream(message(line, after: reply))) }
    }

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
