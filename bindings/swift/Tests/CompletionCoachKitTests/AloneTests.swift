// What many turns leave behind, and what the binding costs. Tests beside these would be measured with them, so that each runs in a process of its
// own: `ALONE=1 swift test --filter Leaks`, as tests/swift.sh does. The others leave them out.
#if os(Linux)  // where /proc is
import CompletionCoachKit
import CompletionCoachTesting
import Foundation
import Testing

private let environment = ProcessInfo.processInfo.environment
private let alone = environment["ALONE"] != nil

/// What this process holds.
private struct Held: CustomStringConvertible {
    let resident: Int
    let files: Int
    let threads: Int

    init() throws {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
        resident = (Int(pages) ?? 0) * 4_096
        // Not what the system's own workers wait on.
        files = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { file in
            guard let opened = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + file) else { return false }
            return !opened.hasPrefix("anon_inode:")
        }
        threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    }

    var description: String { "\(resident >> 10) KiB, \(files) files, \(threads) threads" }
}

/// Whether an object is still there.
private final class Watch: @unchecked Sendable {
    weak var object: AnyObject?
    init(_ object: AnyObject) { self.object = object }
}

@Suite(.enabled(if: alone)) struct Leaks {
    /// `LEAK_TURNS` says how many turns: a few here, ten thousand apart.
    @Test func many_turns_with_a_store_and_a_model_of_the_apps_own_leave_nothing_behind() async throws {
        let turns = Int(environment["LEAK_TURNS"] ?? "600") ?? 600
        try await run(max(400, turns / 4))  // what is made once is made now
        let before = try Held()
        print("measured before \(turns) turns: \(before)")
        for fifth in 1...5 {
            try await run(turns / 5)
            print("measured after \(turns / 5 * fifth) turns: \(try Held())")
        }
        let after = try Held()
        let grown = after.resident - before.resident
        print("measured of \(turns) turns: \(grown / turns) bytes a turn are left")
        #expect(after.files <= before.files && after.threads <= before.threads + 2)  // the system's own workers come and go
        #expect(grown / turns < 500 || grown < 4 << 20)
    }

    /// Turns of all sorts: read to the end, left after the first event, taken over, awaited.
    func run(_ turns: Int) async throws {
        var watches: [Watch] = []
        do {
            let model = OwnModel { _, events in
                events.text("You told me about it. ")
                events.text("What did you learn from that?")
                return .complete
            }
            let store = MemoryStore()
            let coach = try CompletionCoach.over(store: store, model: .own(model: model), options: options { $0.delivery = .live })
            watches += [Watch(model), Watch(store), Watch(coach)]
            for number in 0..<(turns / 4) {
                let user = try coach.user(id: "u\(number % 7)")
                let debrief = user.debrief(action: try await user.recordDone(action: NewAction(.replicate, "A figure")).action.id)
                _ = try await debrief.open().reply()
                let turn = debrief.stream("The effect was there.")
                for try await _ in turn.events { break }
                _ = try await debrief.takeOver().reply()
                _ = try await debrief.send("I learned how seeds matter.")
                if number % 50 > 42 { try await user.forget() }
                if number == 0 { watches += [Watch(user), Watch(debrief), Watch(turn)] }
            }
        }
        #expect(try await eventually { watches.allSatisfy { $0.object == nil } })
    }
}

@Suite(.enabled(if: alone)) struct Costs {
    private let pieces = 500

    @Test func what_the_binding_costs_is_measured_in_a_new_process() async throws {
        let clock = ContinuousClock()
        for time in ["the first", "the second"] {
            let took = try await clock.measure {
                _ = try await CompletionCoach(store: try await .inMemory(), model: .offlineGuide(), options: options()).opened()
            }
            print("measured \(time) store in memory, coach and first question of a debrief: \(tenths(took / .milliseconds(1))) ms")
        }
        for _ in 0..<5 { _ = try await aPieceThere() }
        var (there, back): ([Double], [Double]) = ([], [])
        for _ in 0..<9 {
            there.append(try await aPieceThere())
            back.append(try await aPieceThereAndBack())
        }
        print("measured one piece from a model in Swift to Rust: \(there.sorted()[4]) µs")
        print("measured one piece from a model in Swift through the core to a loop in Swift, and word of it back: \(back.sorted()[4]) µs")
    }

    /// The model waits until the loop has seen its piece, and sends the next one.
    func aPieceThereAndBack() async throws -> Double {
        let (seen, see) = AsyncStream.makeStream(of: Void.self)
        return try await measured { events in
            var seen = seen.makeAsyncIterator()
            for _ in 0..<pieces {
                events.text("word ")
                await seen.next()
            }
        } loop: { see.yield() }
    }

    func aPieceThere() async throws -> Double {
        try await measured { events in for _ in 0..<pieces { events.text("word ") } } loop: {}
    }

    /// How many µs a piece took of a model's time.
    func measured(_ play: @escaping @Sendable (ModelEvents) async -> Void, loop: () -> Void) async throws -> Double {
        let took = Box<Duration>()
        let model = OwnModel { _, events in
            await took.put(await ContinuousClock().measure { await play(events) })
            return .complete
        }
        let debrief = try await CompletionCoach(
            store: try await .inMemory(), model: .own(model: model), options: options { $0.delivery = .live }
        ).opened()
        for try await event in debrief.stream("It worked.").events {
            if case .text = event { loop() }
        }
        let all = try #require(await took.value)
        return tenths(all / .microseconds(pieces))
    }

    func tenths(_ number: Double) -> Double { (number * 10).rounded() / 10 }
}
#endif
