// What a debrief and the chat have in common, in the words of Swift.
import CompletionCoachGenerated
import Foundation

/// A conversation with the coach: a debrief or the chat, so that one view can show both.
public protocol CoachThread: AnyObject, Sendable {
    /// The coach's first message, or the one that is there.
    func open() -> Turn
    /// Says something and streams the reply. A message with an id that was said already gets the reply that it has.
    func stream(message: NewMessage) -> Turn
    /// Says something and gives the whole reply. Cancelling the task ends the request to the model; what was said stays.
    func send(message: NewMessage) async throws -> Reply
    /// Answers what was said and has no reply yet.
    func resume() -> Turn
    /// The same, in place of a turn that another process or a killed app has left behind. An app calls it at its start.
    func takeOver() -> Turn
    /// The newest messages, or those before a position; oldest first, 1 to 500 of them.
    func messages(size: UInt32, before: UInt64?) async throws -> MessagePage
    /// Looks for changes to the profile in what the person said since the last time. Cancelling the task ends it.
    func propose() async throws -> Proposal
    /// The proposals as they stand.
    func proposal() async throws -> Proposal
    /// Carries out verdicts, by the id of what each is about. What is not named stays undecided.
    func apply(verdicts: [String: Verdict]) async throws -> Applied
    /// Deletes the conversation and everything of it, in every byte of the file.
    func delete() async throws
}

extension Debrief: CoachThread {}
extension Chat: CoachThread {}

extension CoachThread {
    /// Says something and streams the reply.
    public func stream(_ message: NewMessage) -> Turn { stream(message: message) }

    /// Says this in the person's own words and streams the reply.
    public func stream(_ text: String) -> Turn { stream(message: .typed(text)) }

    /// Says something and gives the whole reply. Cancelling the task ends the request to the model; what was said stays.
    public func send(_ message: NewMessage) async throws -> Reply { try await send(message: message) }

    /// Says this in the person's own words and gives the whole reply.
    public func send(_ text: String) async throws -> Reply { try await send(.typed(text)) }

    /// Carries out verdicts, by the id of what each is about. What is not named stays undecided.
    public func apply(_ verdicts: [String: Verdict]) async throws -> Applied { try await apply(verdicts: verdicts) }
}

extension NewMessage {
    /// The person's own words. Keep the message and send it again after a failure: by its id it is stored once however often it is sent.
    public static func typed(_ text: String, id: String = UUID().uuidString) -> NewMessage {
        NewMessage(id: id, said: .typed(text: text))
    }

    /// One of the choices that the coach's last message offers.
    public static func choose(_ choice: Choice, id: String = UUID().uuidString) -> NewMessage {
        NewMessage(id: id, said: .chosen(choice: choice.id))
    }
}

extension NewAction {
    /// Something to do, or that was done. Without an id, one is made.
    public init(
        _ kind: ActionKind, _ title: String, id: String? = nil, description: String = "", rationale: String = "", basis: [String] = [],
        material: [Material] = [], hostData: [String: String] = [:]
    ) {
        self.init(
            id: id, kind: kind, title: title, description: description, rationale: rationale, basis: basis, material: material,
            hostData: hostData, source: .host)
    }
}

extension ActionKind {
    /// The kind of this name, such as `build_tools`; any other name is a kind of the app's own.
    public static func named(_ name: String) -> ActionKind {
        let known: [ActionKind] = [
            .replicate, .collaborate, .startOrg, .identifyGaps, .volunteer, .buildTools, .teachWrite, .developSkills,
        ]
        return known.first { $0.name == name } ?? .other(name: name)
    }

    /// The kind's name, such as `build_tools`.
    public var name: String {
        switch self {
        case .replicate: "replicate"
        case .collaborate: "collaborate"
        case .startOrg: "start_org"
        case .identifyGaps: "identify_gaps"
        case .volunteer: "volunteer"
        case .buildTools: "build_tools"
        case .teachWrite: "teach_write"
        case .developSkills: "develop_skills"
        case .other(let name): name
        }
    }
}

extension CompletionCoach {
    /// Who the person is told they talk with, in the language of the device.
    public func disclosure() throws -> Disclosure { try disclosure(language: Locale.preferredLanguages.first ?? "en") }
}

extension Proposal {
    /// What waits for a verdict.
    public var pending: [Extraction] { items.filter { $0.status == .pending } }
}

extension FieldValue: ExpressibleByStringLiteral {
    /// A text, as in `.edit(value: "Swift")`.
    public init(stringLiteral text: String) { self = .text(text: text) }
}

extension Evidence {
    /// Where the quote is in the text of the message that it is from; nothing if that is another text.
    public func range(in text: String) -> Range<String.Index>? { utf16Range(startUtf16, endUtf16, in: text) }
}

extension Finding {
    /// What the finding is about in the text that was checked; nothing if that is another text.
    public func range(in text: String) -> Range<String.Index>? { utf16Range(startUtf16, endUtf16, in: text) }
}

private func utf16Range(_ start: UInt32, _ end: UInt32, in text: String) -> Range<String.Index>? {
    guard start <= end else { return nil }
    return Range(NSRange(location: Int(start), length: Int(end - start)), in: text)
}

extension ModelEvents {
    /// A piece of the text. False when nobody wants more of it.
    @discardableResult public func text(_ piece: String) -> Bool { text(piece: piece) }

    /// What was used so far; the last one counts.
    @discardableResult public func usage(_ usage: Usage) -> Bool { self.usage(usage: usage) }
}
