// Whatever goes wrong in an app's own code, wherever it is called: a typed error or what is documented, nobody waits for ever, nothing that was
// said is lost, and the coach is of use after it.
import CompletionCoachKit
import CompletionCoachTesting
import Foundation
import Testing

/// Where an app's code is called in a turn.
enum Place: CaseIterable {
    case post, next, token, invalidate, level, storing, ending
}

/// What it does there in the place of its work, or before it.
enum Deed: CaseIterable {
    case throwing, failing, late, never, calling
}

/// Does once what it is told, in the place that it is told.
actor Fault {
    private var armed: (place: Place, deed: Before)?
    private var commits = 0

    func arm(_ place: Place, _ deed: @escaping Before) {
        armed = (place, deed)
        commits = 0
    }

    var happened: Bool { armed == nil }

    func at(_ place: Place) async throws {
        guard let deed = armed?.deed, armed?.place == place else { return }
        armed = nil
        try await deed()
    }

    /// A turn's first commit stores what was said, its second how it ended.
    func commit() async throws {
        commits += 1
        try await at(commits == 1 ? .storing : .ending)
    }
}

/// A network stack, a source of tokens and a classifier with a fault. Its server answers as it should.
final class OwnCode: Transport, TokenSource, SafetyClassifier {
    let fault: Fault
    private let refusing: Bool
    private let counted = Tokens()

    init(_ fault: Fault, refusing: Bool) {
        self.fault = fault
        self.refusing = refusing
    }

    func post(request: HttpRequest) async throws -> HttpResponse {
        try await fault.at(.post)
        let refused = refusing && request.headers().contains { $0.name == "authorization" && $0.value.hasSuffix("token-1") }
        let body = refused ? [] : [piece("What did "), piece("you learn?") + endOfAnswer]
        return request.response(status: refused ? 401 : 200, headers: [], body: OwnBody(fault, body))
    }

    func token() async throws -> String {
        try await fault.at(.token)
        return try await counted.token()
    }

    func invalidate(refused: String) async throws {
        try await counted.invalidate(refused: refused)
        try await fault.at(.invalidate)
    }

    func level(text: String, language: String) async throws -> SafetyLevel {
        try await fault.at(.level)
        return .none
    }
}

/// A response's body with a fault after its first piece, and that never closes without an error.
actor OwnBody: HttpBody {
    private let fault: Fault
    private var rest: [String]
    private let many: Int

    init(_ fault: Fault, _ pieces: [String]) {
        self.fault = fault
        rest = pieces
        many = pieces.count
    }

    func next() async throws -> Data? {
        if rest.count == many - 1 { try await fault.at(.next) }
        return rest.isEmpty ? nil : Data(rest.removeFirst().utf8)
    }

    nonisolated func cancel() throws { throw Failure("a secret") }
}

@Suite struct Faults {
    /// The waits of half a minute are side by side.
    @Test(arguments: Place.allCases, Deed.allCases)
    func a_fault_in_the_apps_code_is_an_error_or_nothing(_ place: Place, _ deed: Deed) async throws {
        let fault = Fault()
        let code = OwnCode(fault, refusing: place == .invalidate)
        let limits = TimeLimits(
            answer: (place, deed) == (.post, .never) ? 1 : 60, idle: (place, deed) == (.next, .never) ? 1 : 60, overall: 90)
        let endpoint = Endpoint.over(transport: code, baseUrl: "http://127.0.0.1:9/v1", credentials: .source(source: code))
            .onThisDevice().retries(retries: Retries(most: 0, longestWait: 1)).timeLimits(limits: limits)
        let coach = try CompletionCoach.over(
            store: MemoryStore(commit: { try await fault.commit() }), model: .openAi(model: "m", endpoint: endpoint), options: options(),
            safetyClassifier: code)
        let debrief = try await coach.opened()
        let message = NewMessage.typed("It worked.")

        let seen = Box<ErrorKind?>()
        await fault.arm(place) {
            switch deed {
            case .throwing: throw Failure("a secret")
            case .failing: throw CoachError(.unauthorised, "sign in again")
            case .late: try await Task.sleep(for: .milliseconds(50))
            case .never: try await Task.sleep(for: .seconds(3_600))
            case .calling:
                _ = try await coach.user(id: "bea").recordDone(action: NewAction(.volunteer, "Help"))
                _ = try await debrief.state()
                guard ![.level, .storing].contains(place) else { return }
                await seen.put(await kind { try await debrief.send("More.") })
            }
        }
        let began = ContinuousClock.now
        do {
            let reply = try await debrief.send(message)
            #expect(expected(place, deed) == nil && reply.message.text == "What did you learn?")
        } catch let error as CoachError {
            #expect(error.kind == expected(place, deed), "\(error)")
            #expect(deed != .failing || error.reason == "sign in again")
            #expect(!"\(error)".contains("secret"))
        }
        #expect(await fault.happened)
        #expect(ContinuousClock.now - began < .seconds(50))
        if deed == .calling && ![.level, .storing].contains(place) { #expect(await seen.value == .busy) }

        if try await debrief.state() == .live { _ = try await debrief.takeOver().reply() }
        #expect(try await debrief.send(message).message.text == "What did you learn?")
        #expect(try await debrief.said() == ["It worked."])
        #expect(try await debrief.send("And it still works.").exchange == 2)
    }

    /// What is documented: nothing, where the turn goes on.
    func expected(_ place: Place, _ deed: Deed) -> ErrorKind? {
        switch (place, deed) {
        case (_, .late), (_, .calling), (.invalidate, _), (.level, _): nil
        case (_, .failing): .unauthorised
        case (.storing, _), (.ending, _): .storageUnavailable
        case (.next, .throwing): .replyIncomplete
        case (.post, _), (.token, _), (.next, _): .modelUnavailable
        }
    }

    @Test func the_response_of_another_request_is_an_unavailable_model() async throws {
        let transport = Repeating()
        let endpoint = Endpoint.over(transport: transport, baseUrl: "http://127.0.0.1:9/v1", credentials: .none()).onThisDevice()
        let debrief = try await CompletionCoach(
            store: try await .inMemory(), model: .openAi(model: "m", endpoint: endpoint.retries(retries: Retries(most: 0, longestWait: 1))),
            options: options()
        ).opened()
        #expect(try await debrief.send("It worked.").message.text == "What did you learn?")
        await transport.repeats.put(true)
        #expect(await kind { try await debrief.send("It still works.") } == .modelUnavailable)
        await transport.repeats.put(false)
        #expect(try await debrief.resume().reply().message.text == "What did you learn?")
    }

    @Test func responses_that_are_exchanged_reach_nobody() async throws {
        let endpoint = Endpoint.over(transport: Exchanging(), baseUrl: "http://127.0.0.1:9/v1", credentials: .none())
            .onThisDevice().retries(retries: Retries(most: 0, longestWait: 1))
        let coach = try CompletionCoach(
            store: try await .inMemory(), model: .openAi(model: "m", endpoint: endpoint), options: options())
        let (ana, bea) = (try await coach.opened("a-1"), try await coach.opened("b-1", user: "bea"))
        async let one = kind { try await ana.send("It worked.") }
        async let other = kind { try await bea.send("It failed.") }
        #expect(await [one, other] == [.modelUnavailable, .modelUnavailable])
    }

    /// It is called where the library is at work, also while the main thread waits for that.
    @MainActor @Test func a_progress_that_throws_does_not_stop_an_evaluation() async throws {
        let progress = Progress()
        let cases = try readEvaluationCases(json: """
            [{"name": "one", "case": "fine", "action": {"kind": "volunteer", "title": "Help"}, "answer": {"items": []}, "empty": true,
              "messages": [{"role": "assistant", "text": "What did you learn?"}, {"role": "user", "text": "fine"}]}]
            """)
        let options = EvaluationOptions(voice: Voice(), prices: defaultPrices())
        let report = try await evaluate(cases: cases, options: options, progress: progress)
        #expect(progress.steps.all == [[1, 1]] && progress.onMain.all == [false])
        #expect(report.failures.isEmpty && report.table().contains("precision"))
    }
}

/// Gives the first response again and again while it is told to.
final class Repeating: Transport {
    let repeats = Box<Bool>()
    private let first = Box<HttpResponse>()

    func post(request: HttpRequest) async throws -> HttpResponse {
        if await repeats.value == true, let first = await first.value { return first }
        let response = request.response(status: 200, headers: [], body: OwnBody(Fault(), [piece("What did you learn?") + endOfAnswer]))
        await first.put(response)
        return response
    }
}

/// Gives each of two requests the other's response.
actor Exchanging: Transport {
    private var made: [HttpResponse] = []

    func post(request: HttpRequest) async throws -> HttpResponse {
        let at = made.count
        made.append(request.response(status: 200, headers: [], body: OwnBody(Fault(), [piece("What did you learn?") + endOfAnswer])))
        while made.count < 2 { try await Task.sleep(for: .milliseconds(10)) }
        return made[1 - at]
    }
}

/// Throws whenever it is told how far an evaluation has come.
final class Progress: EvaluationProgress {
    let steps = Noted<[UInt32]>()
    let onMain = Noted<Bool>()

    func step(done: UInt32, of: UInt32) throws {
        steps.note([done, of])
        onMain.note(isMain())
        throw Failure("a secret")
    }
}
