// Every kind of error is met, each as its own type, with what is known of it.
import CompletionCoachKit
import CompletionCoachTesting
import Foundation
import Testing

@Suite struct Errors {
    @Test(arguments: ErrorKind.allCases) func every_kind_is_met(_ expected: ErrorKind) async throws {
        let error = try await meet(expected)
        #expect(error.kind == expected && !error.reason.isEmpty && error.localizedDescription == error.reason)
        #expect(!error.reason.contains("Ana"))
        switch error {
        case .busy, .allowanceSpent: #expect((error.retryAfter ?? 0) > 0)
        case .invalidInput(let details): #expect(details.field == "message" && details.limit == 5_000)
        case .unauthorised(let details): #expect(details.permanent && details.attempts == 1)
        case .requestRejected(let details): #expect(details.permanent && details.attempts != nil)
        case .notFound, .wrongStatus, .conflict, .debriefOver, .consentNeeded, .handedOver, .modelUnavailable, .modelRefused,
            .replyIncomplete, .storageFull, .storageUnavailable, .storageDamaged, .storageNewer, .cancelled, .internal: break
        }
        ran("errors")
    }

    @Test func an_error_of_the_apps_own_has_its_kind() {
        for kind in ErrorKind.allCases {
            let error = CoachError(kind, "because", retryAfter: 2)
            #expect(error.kind == kind && error.reason == "because" && error.retryAfter == 2)
        }
    }

    @Test func what_the_apps_store_throws_is_its_own_error_or_the_ports() async throws {
        func met(_ thrown: any Error) async throws -> CoachError {
            let user = try CompletionCoach.over(store: MemoryStore { throw thrown }, model: .offlineGuide()).user(id: "ana")
            return try await failure { try await user.profile() }
        }
        let full = try await met(CoachError(.storageFull, "the disk of the app is full"))
        #expect(full.kind == .storageFull && full.reason == "the disk of the app is full")
        let short = try await met(
            CoachError.invalidInput(details: ErrorDetails(reason: "the name is too long", field: "name", limit: 80, causes: ["a", "b"])))
        #expect(short.kind == .invalidInput && short.details.field == "name" && short.details.limit == 80 && short.details.causes == ["a", "b"])
        let failed = try await met(Failure("Ana"))
        #expect(failed.kind == .storageUnavailable && !failed.reason.contains("Ana"))
    }

    /// Brings about an error of this kind.
    private func meet(_ kind: ErrorKind) async throws -> CoachError {
        let model = ScriptedModel()
        let folder = try Folder()
        func debrief(_ change: (inout CoachOptions) -> Void = { _ in }) async throws -> Debrief {
            try await CompletionCoach(store: try await .inMemory(), model: model.model(), options: options(change)).opened()
        }
        func failing(_ act: Act) async throws -> CoachError {
            model.play(acts: [act])
            let debrief = try await debrief()
            return try await failure { try await debrief.send("Ana says that it worked.") }
        }
        func server(_ status: Int) async throws -> CoachError {
            // A request that is refused is sent again without what a server may not know.
            let server = Server(answers: Array(repeating: (status, "{}"), count: 5))
            defer { server.stop() }
            let endpoint = Endpoint(baseUrl: server.baseUrl, credentials: try .key(key: "secret")).onThisDevice()
            let model = try CoachModel.openAi(model: "m", endpoint: endpoint)
            let debrief = try await CompletionCoach(store: try await .inMemory(), model: model, options: options()).opened()
            return try await failure { try await debrief.send("Ana says that it worked.") }
        }
        switch kind {
        case .notFound:
            let debrief = try CompletionCoach(store: try await .inMemory(), model: .offlineGuide()).user(id: "Ana").debrief(action: "x")
            return try await failure { try await debrief.send("Ana says that it worked.") }
        case .invalidInput:
            let debrief = try await debrief()
            return try await failure { try await debrief.send(String(repeating: "Ana ", count: 2_000)) }
        case .wrongStatus:
            let user = try CompletionCoach(store: try await .inMemory(), model: .offlineGuide()).user(id: "ana")
            let action = try await user.addAction(action: NewAction(.volunteer, "Ana's"))
            return try await failure { try await user.completeAction(action: action.id) }
        case .busy:
            let debrief = try await debrief { $0.delivery = .live }
            model.play(acts: [.say(text: "What"), .hang])
            let turn = debrief.stream("It worked.")
            _ = try await turn.next()
            return try await failure { try await debrief.send("More.") }
        case .conflict:
            let coach = try CompletionCoach(store: try await .inMemory(), model: .offlineGuide())
            var old = try coach.disclosure(language: "en")
            old.id = "another"
            let user = try coach.user(id: "ana")
            try await user.saveProfile(profile: Profile())
            return try await failure { [old] in try await user.consent(disclosure: old) }
        case .allowanceSpent:
            let once = Rate(perMinute: 1, burst: 1)
            let debrief = try await debrief { $0.allowance = AllowanceRates(turns: once, proposals: once) }
            model.say("What did you learn?")
            _ = try await debrief.send("It worked.")
            return try await failure { try await debrief.send("More.") }
        case .debriefOver:
            let debrief = try await debrief()
            _ = try await debrief.stop()
            return try await failure { try await debrief.send("More.") }
        case .consentNeeded:
            let far = ScriptedModel(info: ModelInfo(provider: "far", model: "m", place: .remote, address: "far.example"))
            let debrief = try await CompletionCoach(store: try await .inMemory(), model: far.model()).opened()
            return try await failure { try await debrief.send("Ana says that it worked.") }
        case .handedOver:
            let coach = try CompletionCoach(
                store: try await .inMemory(), model: .offlineGuide(), safetyClassifier: Classifier { _ in .danger })
            let debrief = try await coach.opened()
            _ = try await debrief.send("It worked.")
            return try await failure { try await debrief.send("More.") }
        case .modelUnavailable: return try await failing(.fail(kind: .modelUnavailable))
        case .modelRefused: return try await failing(.refuse)
        case .replyIncomplete: return try await failing(.cut)
        case .requestRejected: return try await server(400)
        case .unauthorised: return try await server(401)
        case .storageFull:
            let store = try await SqliteStore.open(path: folder.file)
            let user = try CompletionCoach(store: store, model: .offlineGuide()).user(id: "ana")
            try await user.saveProfile(profile: Profile())
            try await store.limitPages(pages: 1)
            let large = String(repeating: "a", count: 5_000)
            return try await failure { for _ in 0..<100 { _ = try await user.addAction(action: NewAction(.volunteer, "Help", description: large)) } }
        case .storageUnavailable:
            let store = try await SqliteStore.open(path: folder.file)
            try await store.pause()
            return try await failure { try await CompletionCoach(store: store, model: .offlineGuide()).user(id: "ana").profile() }
        case .storageDamaged:
            try Data("This is no database, Ana.".utf8).write(to: URL(fileURLWithPath: folder.file))
            return try await failure { try await SqliteStore.open(path: folder.file) }
        case .storageNewer:
            func make() async throws { _ = try await CompletionCoach(store: .open(path: folder.file), model: .offlineGuide()).opened() }
            try await make()
            // The number of the schema is where SQLite keeps `user_version`; a new file is put in its place once nobody has the old one.
            var bytes = Data()
            let path = folder.file
            #expect(try await eventually { !FileManager.default.fileExists(atPath: path + "-wal") })
            bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes.replaceSubrange(60..<64, with: [0, 0, 0x27, 0x0F])
            try bytes.write(to: URL(fileURLWithPath: path))
            return try await failure { try await SqliteStore.open(path: path) }
        case .cancelled:
            let debrief = try await debrief()
            let turn = debrief.stream("It worked.")
            turn.cancel()
            return try await failure { try await turn.reply() }
        case .internal: return try await failing(.panic(text: "Ana"))
        }
    }

    private func failure<Value: Sendable>(isolation: isolated (any Actor)? = #isolation, _ call: () async throws -> Value) async throws -> CoachError {
        do { _ = try await call() } catch let error as CoachError { return error }
        throw Failure("it did not fail")
    }
}

/// A classifier that finds what it is told to.
final class Classifier: SafetyClassifier {
    private let find: @Sendable (String) async throws -> SafetyLevel
    init(_ find: @escaping @Sendable (String) async throws -> SafetyLevel) { self.find = find }
    func level(text: String, language: String) async throws -> SafetyLevel { try await find(text) }
}
