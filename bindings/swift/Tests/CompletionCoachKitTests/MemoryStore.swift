// A store in Swift, in memory: what an app would write. The exam holds it against everything that is expected of one.
import CompletionCoachKit
import Foundation

/// An id to the letter: Swift takes two texts for equal that look the same, and orders them as people do, but two ids are two.
private struct Letters: Hashable, Comparable {
    let bytes: [UInt8]

    init(_ id: String) { bytes = Array(id.utf8) }

    init(_ thread: ThreadId) {
        switch thread {
        case .general: bytes = []
        case .debrief(let action): bytes = [0] + Array(action.utf8)
        }
    }

    static func < (one: Self, other: Self) -> Bool { one.bytes.lexicographicallyPrecedes(other.bytes) }
}

/// All that is kept of one user.
private struct Person {
    var account: Account
    var actions: [Letters: Action] = [:]
    var threads: [Letters: ThreadState] = [:]
    var messages: [Letters: [Message]] = [:]
    var extractions: [Letters: Extraction] = [:]
    var attempts: [Letters: Attempt] = [:]
    var changes: [ProfileChange] = []

    mutating func write(_ write: Write) throws {
        switch write {
        case .profile(let profile): account.profile = profile
        case .consent(let consent): account.consent = consent
        case .allowance(let allowance): account.allowance = allowance
        case .action(let action): actions[Letters(action.id)] = action
        case .removeAction(let action):
            actions[Letters(action)] = nil
            remove(.debrief(action: action))
        case .thread(let state): threads[Letters(state.thread)] = state
        case .removeThread(let thread): remove(thread)
        case .removeMessages(let thread, let until): messages[Letters(thread)]?.removeAll { $0.seq <= until }
        case .message(let message):
            let thread = Letters(message.thread)
            let taken = find(message.id) != nil || messages[thread]?.contains { $0.seq == message.seq } == true
            if taken { throw CoachError(.conflict, "there is such a message already") }
            messages[thread, default: []].append(message)
            messages[thread]?.sort { $0.seq < $1.seq }
        case .extraction(let extraction): extractions[Letters(extraction.id)] = extraction
        case .attempt(let attempt): attempts[Letters(attempt.id)] = attempt
        case .change(let change):
            if changes.contains(where: { $0.seq == change.seq }) { throw CoachError(.conflict, "there is such an entry already") }
            changes.append(change)
            changes.sort { $0.seq < $1.seq }
            account.changes = changes.last?.seq ?? 0
        }
    }

    mutating func remove(_ thread: ThreadId) {
        let thread = Letters(thread)
        threads[thread] = nil
        messages[thread] = nil
        extractions = extractions.filter { Letters($0.value.thread) != thread }
    }

    func find(_ id: String) -> Message? {
        let id = Letters(id)
        return messages.values.joined().first { Letters($0.id) == id }
    }

    func found(_ id: String?) -> Found? {
        guard let message = id.flatMap(find) else { return nil }
        let thread = messages[Letters(message.thread)]
        return Found(message: message, reply: thread?.first { $0.seq > message.seq && $0.role == .assistant })
    }
}

/// What a test does before a call: nothing, waiting, failing.
typealias Before = @Sendable () async throws -> Void

/// An actor makes every commit whole.
actor MemoryStore: ActionStore {
    private var people: [Letters: Person] = [:]
    private let before: Before?
    private let beforeCommit: Before?
    /// Leaves everything in place that is to be forgotten: the exam has to find that.
    private let forgetful: Bool

    init(before: Before? = nil, commit: Before? = nil, forgetful: Bool = true) {
        self.before = before
        beforeCommit = commit
        self.forgetful = forgetful
    }

    func account(user: String) async throws -> Account? {
        try await before?()
        return people[Letters(user)]?.account
    }

    func actions(user: String) async throws -> [ActionRecord] {
        guard let person = people[Letters(user)] else { return [] }
        return person.actions.sorted { $0.key < $1.key }.map { _, action in
            ActionRecord(action: action, debrief: person.threads[Letters(.debrief(action: action.id))])
        }
    }

    func conversation(user: String, thread: ThreadId, page: Page) async throws -> Conversation? {
        try await before?()
        guard let person = people[Letters(user)] else { return nil }
        var action: Action?
        if case .debrief(let id) = thread {
            action = person.actions[Letters(id)]
            if action == nil { return nil }
        }
        let state = person.threads[Letters(thread)]
        let said = (person.messages[Letters(thread)] ?? []).filter { message in page.before.map { message.seq < $0 } ?? true }
        return Conversation(
            account: person.account, action: action, state: state, attempt: state?.live.flatMap { person.attempts[Letters($0.attempt)] },
            holderGone: false, messages: said.suffix(Int(page.size)), found: person.found(page.find))
    }

    func extractions(user: String, thread: ThreadId?) async throws -> [Extraction] {
        let thread = thread.map { Letters($0) }
        let items = people[Letters(user)]?.extractions.values.filter { thread == nil || Letters($0.thread) == thread } ?? []
        return items.sorted { ($0.createdAt, Letters($0.id)) < ($1.createdAt, Letters($1.id)) }
    }

    func attempts(user: String, from: Date, until: Date) async throws -> [Attempt] {
        let attempts = people[Letters(user)]?.attempts.values.filter { from <= $0.startedAt && $0.startedAt < until } ?? []
        return attempts.sorted { ($0.startedAt, Letters($0.id)) < ($1.startedAt, Letters($1.id)) }
    }

    func changes(user: String, after: UInt64, limit: UInt32) async throws -> [ProfileChange] {
        Array((people[Letters(user)]?.changes ?? []).filter { $0.seq > after }.prefix(Int(limit)))
    }

    func commit(user: String, change: Change) async throws {
        try await before?()
        try await beforeCommit?()
        let known = people[Letters(user)]
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
        people[Letters(user)] = person
    }

    func forget(user: String) async throws {
        if forgetful { people[Letters(user)] = nil }
    }
}
