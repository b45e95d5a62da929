// A reply as a sequence that really ends: when its loop is left, when its task is cancelled, when it is dropped.
import CompletionCoachGenerated

extension Turn {
    /// What happens, as it happens: `for try await event in turn.events`.
    ///
    /// Leaving the loop, cancelling its task and dropping the turn all end the request to the model at once. What the person said stays, and
    /// `resume` asks again.
    public var events: TurnEvents { TurnEvents(turn: self) }

    /// The reply's text as it comes, without the other events. It ends the turn as `events` does.
    public var text: AsyncCompactMapSequence<TurnEvents, String> {
        events.compactMap { event in
            if case .text(let piece) = event { piece } else { nil }
        }
    }
}

/// The events of a turn. The last one is the reply.
public struct TurnEvents: AsyncSequence, Sendable {
    public typealias Element = TurnEvent

    let turn: Turn

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(loop: Loop(turn)) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let loop: Loop
        private var waiting: ArraySlice<TurnEvent> = []

        fileprivate init(loop: Loop) { self.loop = loop }

        public mutating func next() async throws -> TurnEvent? {
            if waiting.isEmpty {
                do {
                    waiting = try await loop.turn.next()?[...] ?? []
                } catch {
                    loop.turn.cancel()
                    throw error
                }
            }
            return waiting.popFirst()
        }
    }

    /// Goes with the loop that holds it. To cancel a turn that is over, or that finishes in the background, does nothing.
    fileprivate final class Loop: Sendable {
        let turn: Turn
        init(_ turn: Turn) { self.turn = turn }
        deinit { turn.cancel() }
    }
}
