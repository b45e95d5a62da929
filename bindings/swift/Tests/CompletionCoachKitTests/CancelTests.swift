// A turn that nobody wants any more: the server sees its connection close before its next piece, and what was said is stored once.
import CompletionCoachKit
import CompletionCoachTesting
import Foundation
import Testing

/// How a turn is left.
enum Leaving: CaseIterable {
    case breaking, text, throwing, dropping, cancel, task, sending, replying, proposing
}

/// A call that waits for the app's store.
enum Waiting: CaseIterable {
    case profile, saving, adding, exporting, reading, stopping, proposing, applying, sending, opening

    func wait(_ user: User, _ debrief: Debrief) async throws {
        switch self {
        case .profile: _ = try await user.profile()
        case .saving: try await user.saveProfile(profile: Profile())
        case .adding: _ = try await user.addAction(action: NewAction(.volunteer, "Help"))
        case .exporting: _ = try await user.export()
        case .reading: _ = try await debrief.all()
        case .stopping: _ = try await debrief.stop()
        case .proposing: _ = try await debrief.propose()
        case .applying: _ = try await debrief.apply(["1": .accept])
        case .sending: _ = try await debrief.send("More.")
        case .opening: _ = try await debrief.open().reply()
        }
    }
}

/// The network stack that the request goes over.
enum Stack: CaseIterable {
    case library, urlSession
}

@Suite struct Cancelling {
    /// Whole but for its end.
    static let proposal = #"{"items":[{"field":"skills","value":"Rust","message":2,"quote":"I learned Rust"}"#

    @Test(arguments: Stack.allCases, Leaving.allCases)
    func leaving_a_turn_closes_the_connection(_ stack: Stack, _ how: Leaving) async throws {
        let server = Server(first: how == .proposing ? Self.proposal : "What did ")
        defer { server.stop() }
        let limits = TimeLimits(answer: 60, idle: 60, overall: 90)
        let endpoint = switch stack {
        case .library: Endpoint(baseUrl: server.baseUrl, credentials: .none())
        case .urlSession: Endpoint.over(transport: URLSessionTransport(), baseUrl: server.baseUrl, credentials: .none())
        }
        let slow = try CoachModel.openAi(model: "slow", endpoint: endpoint.onThisDevice().timeLimits(limits: limits))
        let store = try await SqliteStore.inMemory()
        let coach = try CompletionCoach(store: store, model: slow, options: options { $0.delivery = .live })
        let debrief = try await coach.opened()
        let said = how == .proposing ? "I learned Rust while I wrote it." : "It worked."
        if how == .proposing {
            let talk = try CompletionCoach(store: store, model: .offlineGuide(), options: options()).user(id: "ana").debrief(action: "a-1")
            _ = try await talk.send(said)
            _ = try await talk.stop()
        }
        let before = try await debrief.all().count

        let ended = try await leave(debrief, how, said, server)
        #expect(try await eventually { server.closedAt != nil })
        let closed = try #require(server.closedAt)
        print("over \(stack), \(how): the server saw the connection close \((closed - ended) / .milliseconds(1)) ms after")
        #expect(closed - ended < .seconds(Server.every - 1) && server.pieces == 1 && server.requests.count == 1)

        #expect(try await debrief.said() == [said])
        #expect(try await debrief.all().count == (how == .proposing ? before : before + 1))
        #expect(try await debrief.proposal().items.isEmpty)
        #expect(try await debrief.recap().outcome == nil)

        // Who answers to the end is heard: the words, the signal and the proposal.
        server.answer(how == .proposing ? Self.proposal + "]}" : "What did you learn?")
        if how == .proposing {
            #expect(try await debrief.propose().items.map(\.value) == ["Rust"])
        } else {
            #expect(try await debrief.resume().reply().message.text == "What did you learn?")
            #expect(try await debrief.recap().outcome == .failure)
            #expect(try await debrief.said() == [said])
        }
        ran("cancel_loop")
        ran("cancel_task")
        ran("cancel_drop")
    }

    /// Leaves, and says when.
    func leave(_ debrief: Debrief, _ how: Leaving, _ said: String, _ server: Server) async throws -> ContinuousClock.Instant {
        switch how {
        case .breaking:
            let turn = debrief.stream(said)
            for try await _ in turn.events { break }
            let now = ContinuousClock.now
            #expect(await kind { try await turn.reply() } == .cancelled)
            return now
        case .text:
            for try await piece in debrief.stream(said).text {
                #expect(piece == "What did ")
                break
            }
            return .now
        case .throwing:
            do {
                for try await _ in debrief.stream(said).events { throw Failure("enough") }
            } catch is Failure {}
            return .now
        case .dropping:
            var turn: Turn? = debrief.stream(said)
            _ = try await turn?.next()
            turn = nil
            return .now
        case .cancel:
            let turn = debrief.stream(said)
            let waiting = Task { try await turn.reply() }
            #expect(try await eventually { server.pieces == 1 })
            turn.cancel()
            let now = ContinuousClock.now
            let result = await waiting.result
            #expect(await kind { try result.get() } == .cancelled)
            return now
        case .task: return try await cancelled(server) { for try await _ in debrief.stream(said).events {} }
        case .sending: return try await cancelled(server) { _ = try await debrief.send(said) }
        case .replying: return try await cancelled(server) { _ = try await debrief.stream(said).reply() }
        case .proposing: return try await cancelled(server) { _ = try await debrief.propose() }
        }
    }

    /// Cancels a task that does this, once the server has sent a piece.
    func cancelled(_ server: Server, _ work: @escaping @Sendable () async throws -> Void) async throws -> ContinuousClock.Instant {
        let task = Task { try await work() }
        #expect(try await eventually { server.pieces == 1 })
        task.cancel()
        let now = ContinuousClock.now
        let result = await task.result
        #expect(throws: CancellationError.self) { try result.get() }
        #expect(ContinuousClock.now - now < .seconds(5))
        return now
    }

    @Test(arguments: Waiting.allCases) func a_cancelled_task_lets_go_of_whatever_it_waits_for(_ call: Waiting) async throws {
        let (hangs, asked, left) = (Box<Bool>(), Box<Bool>(), Box<Bool>())
        let store = MemoryStore {
            guard await hangs.value == true else { return }
            await asked.put(true)
            do { try await Task.sleep(for: .seconds(3_600)) } catch { await left.put(true) }
        }
        let coach = try CompletionCoach.over(store: store, model: .offlineGuide(), options: options())
        let (debrief, user) = (try await coach.opened(), try coach.user(id: "ana"))
        _ = try await debrief.send("I learned Rust while I wrote it.")
        await hangs.put(true)
        let task = Task { try await call.wait(user, debrief) }
        #expect(try await eventually { await asked.value == true })
        task.cancel()
        let now = ContinuousClock.now
        let result = await task.result
        #expect(throws: CancellationError.self) { try result.get() }
        #expect(try await eventually { await left.value == true })
        #expect(ContinuousClock.now - now < .seconds(10))
        await hangs.put(false)
        #expect(try await debrief.said() == ["I learned Rust while I wrote it."])
    }

    @Test func a_task_that_is_cancelled_as_its_call_ends_has_the_answer_or_is_cancelled() async throws {
        let user = try CompletionCoach(store: try await .inMemory(), model: .offlineGuide()).user(id: "ana")
        try await user.saveProfile(profile: Profile(name: "Ana"))
        for round in 0..<500 {
            let task = Task { try await user.profile() }
            for _ in 0..<(round % 25) { await Task.yield() }
            task.cancel()
            switch await task.result {
            case .success(let profile): #expect(profile.name == "Ana")
            case .failure(let error): #expect(error is CancellationError)
            }
        }
        #expect(try await user.profile().name == "Ana")
    }

    @Test func a_turn_that_finishes_in_the_background_outlives_its_loop() async throws {
        let model = ScriptedModel()
        let debrief = try await CompletionCoach(
            store: try await .inMemory(), model: model.model(), options: options { $0.delivery = .live }
        ).opened()
        model.play(acts: [.say(text: "What did "), .yield, .yield, .yield, .say(text: "you learn?")])
        let turn = debrief.stream("It worked.")
        for try await _ in turn.events {
            try turn.finishInBackground()
            break
        }
        #expect(try await eventually { try await debrief.all().last?.text == "What did you learn?" })
    }

    @Test func a_task_that_was_cancelled_before_says_nothing() async throws {
        let model = ScriptedModel()
        let debrief = try await CompletionCoach(store: try await .inMemory(), model: model.model(), options: options()).opened()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await debrief.send("It worked.")
        }
        task.cancel()
        let result = await task.result
        #expect(throws: CancellationError.self) { try result.get() }
        #expect(model.requests().isEmpty)
    }

    @Test func a_response_that_comes_after_its_turn_was_left_is_closed_too() async throws {
        let late = LateTransport()
        let endpoint = Endpoint.over(transport: late, baseUrl: "http://127.0.0.1:9/v1", credentials: .none()).onThisDevice()
        let debrief = try await CompletionCoach(
            store: try await .inMemory(), model: .openAi(model: "m", endpoint: endpoint), options: options()
        ).opened()
        let turn = debrief.stream("It worked.")
        let reading = Task { try await turn.reply() }
        #expect(try await eventually { await late.asked.value == true })
        turn.cancel()
        let result = await reading.result
        #expect(await kind { try result.get() } == .cancelled)
        await late.left.put(true)
        #expect(try await eventually { await late.closed.value == true })
    }
}

/// Answers only once it is told that nobody waits any more, and is not to be cancelled.
final class LateTransport: Transport, HttpBody {
    let asked = Box<Bool>()
    let left = Box<Bool>()
    let closed = Box<Bool>()

    func post(request: HttpRequest) async throws -> HttpResponse {
        await asked.put(true)
        while await left.value != true { await Task.yield() }
        return request.response(status: 200, headers: [], body: self)
    }

    func next() async throws -> Data? {
        try await Task.sleep(for: .seconds(3_600))
        return nil
    }

    func cancel() throws { Task { await closed.put(true) } }
}
