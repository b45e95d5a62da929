// A model's server on this machine that sends a piece of an answer every 10 seconds, and knows when its connection was closed; or one that answers
// with what it is given. Both signal a failure beside their words.
import Foundation
#if canImport(Glibc)
import Glibc
private let stream = Int32(SOCK_STREAM.rawValue)
#else
import Darwin
private let stream = SOCK_STREAM
#endif

/// A piece of an answer as OpenAI's chat completions stream it.
func piece(_ text: String) -> String { event(["content": text]) }

/// The signal that the action has failed.
let failureSignal = event(["tool_calls": [["index": 0, "id": "c", "function": ["name": "tell_app", "arguments": #"{"outcome": "failure"}"#]]]])

/// The end of a whole answer.
let endOfAnswer = event([:], "stop") + "data: [DONE]\n\n"

private func event(_ delta: [String: Any], _ finish: String? = nil) -> String {
    let choice: [String: Any] = ["index": 0, "delta": delta, "finish_reason": finish ?? NSNull()]
    let chunk: [String: Any] = ["id": "c", "object": "chat.completion.chunk", "choices": [choice]]
    let data = try? JSONSerialization.data(withJSONObject: chunk)
    return "data: \(String(decoding: data ?? Data(), as: UTF8.self))\n\n"
}

/// Speaks OpenAI's chat completions.
final class Server: @unchecked Sendable {
    /// Seconds between two pieces.
    static let every = 10.0

    private let lock = NSLock()
    private let listener: Int32
    private var answers: [(status: Int, text: String)]
    private let first: String
    private var heads: [String] = []
    private var sent = 0
    private var closed: ContinuousClock.Instant?
    let baseUrl: String

    /// Without answers it is slow: after the first text and the signal it never comes to an end.
    init(answers: [(status: Int, text: String)] = [], first: String = "What did ") {
        self.answers = answers
        self.first = first
        let socket = socket(AF_INET, stream, 0)
        listener = socket
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                precondition(bind(socket, raw, size) == 0 && listen(socket, 16) == 0 && getsockname(socket, raw, &size) == 0)
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
        baseUrl = "http://127.0.0.1:\(port)/v1"
        Thread.detachNewThread { [weak self] in
            while case let connection = accept(socket, nil, nil), connection >= 0 {
                guard let self else { break }
                Thread.detachNewThread { self.answer(connection) }
            }
        }
    }

    /// Answers the next request with this.
    func answer(_ text: String) { lock.withLock { answers.append((200, text)) } }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    /// The heads of the requests that came, oldest first.
    var requests: [String] { lock.withLock { heads } }
    /// How many pieces the slow server has sent.
    var pieces: Int { lock.withLock { sent } }
    /// When the slow server saw its connection close.
    var closedAt: ContinuousClock.Instant? { lock.withLock { closed } }

    private func answer(_ connection: Int32) {
        defer { close(connection) }
        guard let head = read(connection) else { return }
        let answer = lock.withLock {
            heads.append(head)
            return answers.isEmpty ? nil : answers.removeFirst()
        }
        guard let answer else { return drip(connection) }
        let body = answer.status == 200 ? piece(answer.text) + failureSignal + endOfAnswer : answer.text
        let type = answer.status == 200 ? "text/event-stream" : "application/json"
        write(
            connection,
            "HTTP/1.1 \(answer.status) Any\r\ncontent-type: \(type)\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n\(body)")
    }

    private func drip(_ connection: Int32) {
        write(connection, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        write(connection, failureSignal)
        while true {
            write(connection, piece(pieces == 0 ? first : "more "))
            lock.withLock { sent += 1 }
            let next = ContinuousClock.now + .seconds(Self.every)
            while ContinuousClock.now < next {
                var waiting = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
                guard poll(&waiting, 1, 100) > 0 else { continue }
                var byte: UInt8 = 0
                if recv(connection, &byte, 1, 0) <= 0 {
                    return lock.withLock { closed = ContinuousClock.now }
                }
            }
        }
    }

    /// The head of a request, after its body has come as well.
    private func read(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = String(text[..<end.lowerBound])
                let length = head.lowercased().components(separatedBy: "\r\n").first { $0.hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
                if text[end.upperBound...].utf8.count >= length ?? 0 { return head }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            if count <= 0 { return nil }
            bytes += buffer[..<count]
        }
    }

    private func write(_ connection: Int32, _ text: String) {
        let bytes = Array(text.utf8)
        _ = send(connection, bytes, bytes.count, Int32(bitPattern: UInt32(noSignal)))
    }
}

#if canImport(Glibc)
private let noSignal = UInt32(MSG_NOSIGNAL)
#else
private let noSignal: UInt32 = 0
#endif
