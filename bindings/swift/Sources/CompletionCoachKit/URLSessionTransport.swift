// A model's server over the system's own network stack, so that proxies, VPNs and the system's certificates count.
import CompletionCoachGenerated
import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Sends requests with `URLSession`: `Endpoint.over(transport: URLSessionTransport(), baseUrl: …, credentials: …)`.
///
/// It follows no redirect, keeps no cookies and caches nothing. Time limits are the library's own.
public final class URLSessionTransport: Transport, @unchecked Sendable {
    private let session: URLSession
    private let exchanges = Exchanges()

    /// Over a session of its own.
    public init(configuration: URLSessionConfiguration = .ephemeral) {
        session = URLSession(configuration: configuration, delegate: exchanges, delegateQueue: nil)
    }

    deinit { session.invalidateAndCancel() }

    public func post(request: HttpRequest) async throws -> HttpResponse {
        guard let url = URL(string: request.url()) else { throw CoachError(.invalidInput, "the address is no URL") }
        var sent = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData, timeoutInterval: 24 * 60 * 60)
        sent.httpMethod = "POST"
        sent.httpBody = request.body()
        for header in request.headers() { sent.setValue(header.value, forHTTPHeaderField: header.name) }
        let exchange = Exchange(request, session.dataTask(with: sent))
        exchanges.begin(exchange)
        return try await withTaskCancellationHandler {
            try await exchange.head()
        } onCancel: {
            exchange.task.cancel()
        }
    }
}

/// One request and what comes back.
private final class Exchange: HttpBody, @unchecked Sendable {
    let task: URLSessionDataTask
    private let request: HttpRequest
    private let lock = NSLock()
    private var begun: CheckedContinuation<HttpResponse, any Error>?
    private var waiting: CheckedContinuation<Data?, any Error>?
    private var pieces = Data()
    private var end: Result<Data?, any Error>?

    private static let unreachable = CoachError(.modelUnavailable, "the model's server cannot be reached; try again later")

    init(_ request: HttpRequest, _ task: URLSessionDataTask) {
        self.request = request
        self.task = task
    }

    func head() async throws -> HttpResponse {
        try await withCheckedThrowingContinuation { continuation in
            // Who was cancelled before this may have ended already.
            let over = lock.withLock {
                if end == nil { begun = continuation }
                return end != nil
            }
            if over { continuation.resume(throwing: Self.unreachable) } else { task.resume() }
        }
    }

    func next() async throws -> Data? {
        try await withCheckedThrowingContinuation { continuation in
            let now: Result<Data?, any Error>? = lock.withLock {
                guard pieces.isEmpty else {
                    defer { pieces = Data() }
                    return .success(pieces)
                }
                if end == nil { waiting = continuation }
                return end
            }
            if let now { continuation.resume(with: now) }
        }
    }

    func cancel() throws { task.cancel() }

    func received(_ response: HTTPURLResponse) {
        let headers = response.allHeaderFields.map { HttpHeader(name: "\($0.key)".lowercased(), value: "\($0.value)") }
        let head = request.response(status: UInt16(clamping: response.statusCode), headers: headers, body: self)
        lock.withLock { take(&begun) }?.resume(returning: head)
    }

    func received(_ data: Data) {
        let reader = lock.withLock {
            let reader = take(&waiting)
            if reader == nil { pieces.append(data) }
            return reader
        }
        reader?.resume(returning: data)
    }

    func ended(_ error: (any Error)?) {
        let (starter, reader) = lock.withLock {
            end = error == nil ? .success(nil) : .failure(CoachError(.replyIncomplete, "the connection broke; resume to ask again"))
            return (take(&begun), take(&waiting))
        }
        starter?.resume(throwing: Self.unreachable)
        if let end { reader?.resume(with: end) }
    }

    private func take<Value>(_ value: inout Value?) -> Value? {
        defer { value = nil }
        return value
    }
}

/// Hands what comes to the exchange that it is for.
private final class Exchanges: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let lock = NSLock()
    private var running: [Int: Exchange] = [:]

    func begin(_ exchange: Exchange) { lock.withLock { running[exchange.task.taskIdentifier] = exchange } }

    private func exchange(of task: URLSessionTask) -> Exchange? { lock.withLock { running[task.taskIdentifier] } }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        // In this order: whoever has the head may cancel, and on Linux an answer that comes after that would undo it.
        completionHandler(.allow)
        if let response = response as? HTTPURLResponse { exchange(of: dataTask)?.received(response) }
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        exchange(of: dataTask)?.received(data)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        lock.withLock { running.removeValue(forKey: task.taskIdentifier) }?.ended(error)
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
