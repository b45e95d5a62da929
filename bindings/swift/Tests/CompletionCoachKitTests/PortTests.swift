// A store, a model, a transport, a source of tokens and a classifier written in Swift, and whatever goes wrong in them.
import CompletionCoachKit
import CompletionCoachTesting
import Foundation
import Testing

/// A model on this device that does what it is given.
final class OwnModel: Model {
    private let play: @Sendable (Request, ModelEvents) async throws -> Finish
    init(_ play: @escaping @Sendable (Request, ModelEvents) async throws -> Finish) { self.play = play }
    func info() throws -> ModelInfo { ModelInfo(provider: "mine", model: "tiny-1", place: .local) }
    func ask(request: Request, events: ModelEvents) async throws -> Finish { try await play(request, events) }
}

/// Tokens that are numbered.
actor Tokens: TokenSource {
    private(set) var refused: [String] = []
    private var number = 1
    func token() async throws -> String { "token-\(number)" }
    func invalidate(refused: String) async throws {
        self.refused.append(refused)
        number += 1
    }
}

/// What is filled in by one call and read by another.
actor Box<Value: Sendable> {
    private(set) var value: Value?
    func put(_ value: Value) { self.value = value }
}

@Suite struct Ports {
    func debrief(
        _ play: @escaping @Sendable (Request, ModelEvents) async throws -> Finish, _ change: (inout CoachOptions) -> Void = { _ in }
    ) async throws -> Debrief {
        try await CompletionCoach(store: try await .inMemory(), model: .own(model: OwnModel(play)), options: options(change)).opened()
    }

    @Test func a_store_in_swift_passes_the_exam_and_a_wrong_one_does_not() async throws {
        let report = try await runStoreConformance(store: MemoryStore())
        #expect(report.count > 30)
        #expect(report.filter { $0.failure != nil }.map(\.name) == [])
        let wrong = try await runStoreConformance(store: MemoryStore(forgetful: false))
        #expect(wrong.filter { $0.failure != nil }.map(\.name).contains("i10_forget_leaves_nothing"))
        ran("own_store")
        ran("exam")
    }

    @Test func a_model_in_swift_sees_the_request_and_streams() async throws {
        let seen = Box<Request>()
        let debrief = try await debrief({ request, events in
            await seen.put(request)
            for piece in ["What ", "did ", "you learn?"] {
                events.text(piece)
                await Task.yield()
            }
            events.usage(Usage(requests: 1, inputTokens: 12, outputTokens: 5))
            return .complete
        }, { $0.delivery = .live })
        var text = ""
        for try await event in debrief.stream("It worked.").events {
            if case .text(let piece) = event { text += piece }
        }
        #expect(text == "What did you learn?")
        let request = try #require(await seen.value)
        #expect(request.purpose == .reply && request.messages.last?.text == "It worked." && request.action?.title == "A parser")
        #expect(try await debrief.all().last?.author?.model == "tiny-1")
        ran("own_model")
    }

    @Test func what_a_model_throws_is_its_own_error_or_says_nothing() async throws {
        let typed = try await debrief { _, _ in throw CoachError(.unauthorised, "sign in again", attempts: 2) }
        do {
            _ = try await typed.send("It worked.")
            Issue.record("it did not fail")
        } catch CoachError.unauthorised(let details) {
            #expect(details.reason == "sign in again" && details.attempts == 2)
        }
        let untyped = try await debrief { _, _ in throw Failure("a secret") }
        do {
            _ = try await untyped.send("It worked.")
            Issue.record("it did not fail")
        } catch CoachError.modelUnavailable(let details) {
            #expect(!"\(details)".contains("secret"))
        }
        #expect(try await untyped.said() == ["It worked."])
    }

    @Test func a_model_that_never_answers_runs_into_the_turns_time_limit_and_is_cancelled() async throws {
        let cancelled = Box<Bool>()
        let debrief = try await debrief({ _, _ in
            do { try await Task.sleep(for: .seconds(3_600)) } catch { await cancelled.put(true) }
            return .complete
        }, { $0.turnDeadline = 1 })
        let began = ContinuousClock.now
        #expect(await kind { try await debrief.send("It worked.") } == .modelUnavailable)
        #expect(ContinuousClock.now - began < .seconds(10))
        #expect(try await eventually { await cancelled.value == true })
    }

    @Test func a_model_that_nobody_wants_any_more_is_cancelled() async throws {
        let cancelled = Box<Bool>()
        let debrief = try await debrief({ _, events in
            events.text("What ")
            do { try await Task.sleep(for: .seconds(3_600)) } catch { await cancelled.put(true) }
            return .complete
        }, { $0.delivery = .live })
        for try await _ in debrief.stream("It worked.").events { break }
        #expect(try await eventually { await cancelled.value == true })
    }

    @Test func a_store_that_answers_late_is_waited_for_and_one_that_throws_is_unavailable() async throws {
        let late = try CompletionCoach.over(
            store: MemoryStore { try await Task.sleep(for: .milliseconds(20)) }, model: .offlineGuide(), options: options())
        let debrief = try await late.opened()
        #expect(try await debrief.send("It worked.").exchange == 1)
        let broken = try CompletionCoach.over(store: MemoryStore { throw Failure("a secret") }, model: .offlineGuide()).user(id: "ana")
        do {
            _ = try await broken.profile()
            Issue.record("it did not fail")
        } catch CoachError.storageUnavailable(let details) {
            #expect(!"\(details)".contains("secret"))
        }
    }

    @Test func a_store_that_never_answers_runs_into_its_time_limit() async throws {
        let user = try CompletionCoach.over(
            store: MemoryStore { try? await Task.sleep(for: .seconds(3_600)) }, model: .offlineGuide()).user(id: "ana")
        let began = ContinuousClock.now
        #expect(await kind { try await user.profile() } == .storageUnavailable)
        let took = ContinuousClock.now - began
        #expect(took > .seconds(29) && took < .seconds(40))
    }

    @Test func a_store_and_a_model_may_call_the_coach() async throws {
        let (coach, seen) = (Box<CompletionCoach>(), Box<Int>())
        let store = MemoryStore {
            // The users of these calls are others, so that they come to an end.
            guard let coach = await coach.value, Task<Never, Never>.depth == 0 else { return }
            await Task<Never, Never>.$depth.withValue(1) { _ = try? await coach.user(id: "bea").actions() }
        }
        let model = OwnModel { _, events in
            await seen.put(try await coach.value?.user(id: "ana").actions().count ?? 0)
            events.text("What did you learn?")
            return .complete
        }
        let made = try CompletionCoach.over(store: store, model: .own(model: model), options: options())
        await coach.put(made)
        let reply = try await made.opened().send("It worked.")
        #expect(reply.message.text == "What did you learn?")
        #expect(await seen.value == 1)
    }

    @Test(arguments: Stack.allCases) func a_refused_token_is_replaced_once(_ stack: Stack) async throws {
        let server = Server(answers: [(401, "{}"), (200, "What did you learn?"), (401, "{}"), (401, "{}")])
        defer { server.stop() }
        let tokens = Tokens()
        let endpoint = switch stack {
        case .library: Endpoint(baseUrl: server.baseUrl, credentials: .source(source: tokens))
        case .urlSession: Endpoint.over(transport: URLSessionTransport(), baseUrl: server.baseUrl, credentials: .source(source: tokens))
        }
        let model = try CoachModel.openAi(model: "m", endpoint: endpoint.onThisDevice())
        let debrief = try await CompletionCoach(store: try await .inMemory(), model: model, options: options()).opened()
        #expect(try await debrief.send("It worked.").message.text == "What did you learn?")
        #expect(await tokens.refused == ["token-1"])
        let keys = server.requests.map { $0.components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix("authorization:") } ?? "" }
        #expect(keys.map { $0.suffix(7) } == ["token-1", "token-2"])
        #expect(await kind { try await debrief.send("And it still works.") } == .unauthorised)
        #expect(server.requests.count == 4)
        ran("own_tokens")
        ran("own_transport")
    }

    @Test func a_transport_that_finds_nobody_is_an_unavailable_model() async throws {
        let server = Server()
        server.stop()
        let endpoint = Endpoint.over(transport: URLSessionTransport(), baseUrl: "http://127.0.0.1:9/v1", credentials: .none())
            .onThisDevice().retries(retries: Retries(most: 0, longestWait: 1))
        let debrief = try await CompletionCoach(
            store: try await .inMemory(), model: .openAi(model: "m", endpoint: endpoint), options: options()
        ).opened()
        #expect(await kind { try await debrief.send("It worked.") } == .modelUnavailable)
    }

    @Test func a_classifier_in_swift_hands_over_and_one_that_fails_has_seen_nothing() async throws {
        let seen = Box<String>()
        let coach = try CompletionCoach(
            store: try await .inMemory(), model: .offlineGuide(), options: options(),
            safetyClassifier: Classifier { text in
                await seen.put(text)
                return text.contains("dark") ? .danger : .none
            })
        let debrief = try await coach.opened()
        var handedOver = ""
        for try await event in debrief.stream("It got dark.").events {
            if case .handOver(let language) = event { handedOver = language }
        }
        #expect(handedOver == "en")
        #expect(await seen.value == "It got dark.")
        let failing = try CompletionCoach(
            store: try await .inMemory(), model: .offlineGuide(), options: options(),
            safetyClassifier: Classifier { _ in throw Failure("a secret") })
        #expect(try await failing.opened().send("It got dark.").ended == nil)
        ran("own_safety")
    }
}

extension Task where Success == Never, Failure == Never {
    /// How deep in calls into the coach a store is.
    @TaskLocal static var depth = 0
}
