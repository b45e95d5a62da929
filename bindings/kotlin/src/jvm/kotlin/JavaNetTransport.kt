// The transport over the JVM's own HTTP client. Android has none: there it is OkHttpTransport.

package completion.coach

import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.nio.ByteBuffer
import java.util.concurrent.CompletionException
import java.util.concurrent.Flow
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Sends requests with [client], which must not follow redirects. It needs no thread while it waits, and a turn that is left closes its
 * connection.
 */
public class JavaNetTransport(private val client: HttpClient = HttpClient.newHttpClient()) : Transport {
    init {
        require(client.followRedirects() == HttpClient.Redirect.NEVER) { "the client must not follow redirects: they would take the key along" }
    }

    override suspend fun post(request: HttpRequest): HttpResponse {
        val url = URI.create(request.url())
        val building = java.net.http.HttpRequest.newBuilder(url).POST(BodyPublishers.ofByteArray(request.body()))
        // An offer to upgrade, which is what version 2 begins with over plain HTTP, confuses simple servers.
        if (url.scheme == "http") building.version(HttpClient.Version.HTTP_1_1)
        for (header in request.headers()) building.header(header.name, header.value)
        return suspendCancellableCoroutine { waiting ->
            val sent = client.sendAsync(building.build(), BodyHandlers.ofPublisher())
            waiting.invokeOnCancellation { sent.cancel(true) }
            sent.whenComplete { response, failure ->
                if (failure == null) {
                    val headers = response.headers().map().flatMap { (name, values) -> values.map { HttpHeader(name, it) } }
                    waiting.resume(request.response(response.statusCode().toUShort(), headers, Body(response.body())))
                } else {
                    waiting.resumeWithException(failure.described())
                }
            }
        }
    }

    private class Body(pieces: Pieces) : HttpBody, Flow.Subscriber<List<ByteBuffer>> {
        private val arrived = Channel<ByteArray>(Channel.UNLIMITED)
        private var subscription: Flow.Subscription? = null
        private var unwanted = false

        init {
            pieces.subscribe(this)
        }

        override suspend fun next(): ByteArray? {
            val piece = arrived.receiveCatching()
            if (piece.isClosed) piece.exceptionOrNull()?.let { throw it }
            return piece.getOrNull()?.also { synchronized(this) { subscription }?.request(1) }
        }

        override fun cancel() {
            arrived.cancel()
            synchronized(this) { subscription.also { unwanted = true } }?.cancel()
        }

        /** It may come after [cancel]. */
        override fun onSubscribe(subscription: Flow.Subscription) {
            val wanted = synchronized(this) { !unwanted.also { this.subscription = subscription } }
            if (wanted) subscription.request(1) else subscription.cancel()
        }

        override fun onNext(item: List<ByteBuffer>) {
            val bytes = ByteArray(item.sumOf { it.remaining() })
            item.fold(0) { at, buffer -> (at + buffer.remaining()).also { buffer.get(bytes, at, it - at) } }
            // Nobody wants it any more if it fails.
            arrived.trySend(bytes)
        }

        override fun onError(throwable: Throwable) {
            arrived.close(CoachException.ReplyIncomplete(ErrorDetails("the connection broke in the middle of the reply; resume to ask again")))
        }

        override fun onComplete() {
            arrived.close()
        }
    }
}

private typealias Pieces = Flow.Publisher<List<ByteBuffer>>

/** The text of the cause may name what was sent, so that it is left out. */
private fun Throwable.described(): CoachException {
    val reason = when (if (this is CompletionException) cause else this) {
        is java.net.http.HttpTimeoutException -> "the model's server did not answer in time; try again later"
        is java.net.ConnectException -> "the model's server cannot be reached; check the network and try again"
        else -> "the connection to the model's server failed; try again later"
    }
    return CoachException.ModelUnavailable(ErrorDetails(reason))
}
