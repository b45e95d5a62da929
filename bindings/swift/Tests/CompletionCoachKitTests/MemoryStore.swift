// A store in Swift, in memory: what an app would write. The exam holds it against everything that is expected of one.
import CompletionCoachKit
import Foundation

/// All that is kept of one user.
private struct Person {
    var account: Account
    var actions: [String: Action] = [:]
    var order: [String] = []
    var threads: [ThreadId: ThreadState] = [:]
    var messages: [ThreadId: [Message]] = [:]
    var extractions: [String: Extraction] = [:]
    var attempts: [String: Attempt] = [:]
    var changes: [ProfileChange] = []

    mutating func write(_ write: Write) throws {
        switch write {
        case .profile(let profile): account.profile = profile
        case .consent(let consent): account.consent = consent
        case .allowance(let allowance): account.allowance = allowance
        case .action(let action):
            if actions.updateValue(action, forKey: action.id) == nil { order.append(action.id) }
        case .removeAction(let action):
            actions[action] = nil
            order.removeAll { $0 == action }
            remove(.debrief(action: action))
        case .thread(let state): threads[state.thread] = state
        case .removeThread(let thread): remove(thread)
        case .removeMessages(let thread, let until): messages[thread]?.removeAll { $0.seq <= until }
        case .message(let message):
            let taken = messages.values.joined().contains {
                $0.id == message.id || ($0.thread == message.thread && $0.seq == message.seq)
            }
            if taken { throw CoachError(.conflict, "there is such a message already") }
            messages[message.thread, default: []].append(message)
            messages[message.thread]?.sort { $0.seq < $1.seq }
        case .extraction(let extraction): extractions[extraction.id] = extraction
        case .attempt(let attempt): attempts[attempt.id] = attempt
        case .change(let change):
            if changes.contains(where: { $0.seq == change.seq }) { throw CoachError(.conflict, "there is such an entry already") }
            changes.append(change)
            changes.sort { $0.seq < $1.seq }
            account.changes = changes.last?.seq ?? 0
        }
    }

    mutating func remove(_ thread: ThreadId) {
        threads[thread] = nil
        messages[thread] = nil
        extractions = extractions.filter { $0.value.thread != thread }
    }

    func found(_ id: String?) -> Found? {
        guard let id, let message = messages.values.joined().first(where: { $0.id == id }) else { return nil }
        return Found(message: message, reply: messages[message.thread]?.first { $0.seq > message.seq && $0.role == .assistant })
    }
}

/// What a test does before a call: nothing, waiting, failing.
typealias Before = @Sendable () async throws -> Void

/// An actor makes every commit whole.
actor MemoryStore: ActionStore {
    private var people: [String: Person] = [:]
    private let before: Before?
    /// Leaves everything in place that is to be forgotten: the exam has to find that.
    private let forgetful: Bool

    init(before: Before? = nil, forgetful: Bool = true) {
        self.before = before
        self.forgetful = forgetful
    }

    func account(user: String) async throws -> Account? {
        try await before?()
        return people[user]?.account
    }

    func actions(user: String) async throws -> [ActionRecord] {
        guard let person = people[user] else { return [] }
        return person.order.compactMap { id in
            person.actions[id].map { ActionRecord(action: $0, debrief: person.threads[.debrief(action: id)]) }
        }
    }

    func conversation(user: String, thread: ThreadId, page: Page) async throws -> Conversation? {
        try await before?()
        guard let person = people[user] else { return nil }
        var action: Action?
        if case .debrief(let id) = thread { action = person.actions[id] }
        if thread != .general && action == nil { return nil }
        let state = person.threads[thread]
        let said = (person.messages[thread] ?? []).filter { message in page.before.map { message.seq < $0 } ?? true }
        return Conversation(
            account: person.account, action: action, state: state, attempt: state?.live.flatMap { person.attempts[$0.attempt] },
            holderGone: false, messages: said.suffix(Int(page.size)), found: person.found(page.find))
    }

    func extractions(user: String, thread: ThreadId?) async throws -> [Extraction] {
        let items = people[user]?.extractions.values.filter { thread == nil || $0.thread == thread } ?? []
        return items.sorted { ($0.createdAt, $0.position, $0.id) < ($1.createdAt, $1.position, $1.id) }
    }

    func attempts(user: String, from: Date, until: Date) async throws -> [Attempt] {
        let attempts = people[user]?.attempts.values.filter { from <= $0.startedAt && $0.startedAt < until } ?? []
        return attempts.sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
    }

    func changes(user: String, after: UInt64, limit: UInt32) async throws -> [ProfileChange] {
        Array((people[user]?.changes ?? []).filter { $0.seq > after }.prefix(Int(limit)))
    }

    func commit(user: String, change: Change) async throws {
        try await before?()
        let known = people[user]
        if known == nil && change.expected != 0 { throw CoachError(.notFound, "there is no such user") }
        if let known, known.account.version != change.expected {
            throw CoachError(.conflict, "this was changed in the meantime; read it again and decide again")
        }
        let nobody = Account(
            version: 0, profile: Profile(), consent: nil,
            allowance: Allowance(turns: Date(timeIntervalSince1970: 0), proposals: Date(timeIntervalSince1970: 0)), changes: 0)
        var person = known ?? Person(account: nobody)
        for write in change.writes { try person.write(write) }
        person.account.version = change.next
        people[user] = person
    }

    func forget(user: String) async throws {
        if forgetful { people[user] = nil }
    }
}
