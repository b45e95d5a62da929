// The transport over OkHttp, which most Android apps have already. Copy it, or add it to the sources as the Android build does.

package completion.coach

import java.io.IOException
import java.util.concurrent.TimeUnit.MILLISECONDS
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext
import okhttp3.Call
import okhttp3.Callback
import okhttp3.Headers
import okhttp3.OkHttpClient
import okhttp3.Request as OkRequest
import okhttp3.RequestBody.Companion.toRequestBody
import okhttp3.Response

/** Sends requests with the app's [client], but follows no redirect and leaves time limits and retries to the library. */
public class OkHttpTransport(client: OkHttpClient) : Transport {
    private val client = client.newBuilder()
        .followRedirects(false)
        .followSslRedirects(false)
        .retryOnConnectionFailure(false)
        .callTimeout(0, MILLISECONDS)
        .readTimeout(0, MILLISECONDS)
        .writeTimeout(0, MILLISECONDS)
        .build()

    override suspend fun post(request: HttpRequest): HttpResponse = suspendCancellableCoroutine { waiting ->
        val headers = Headers.headersOf(*request.headers().flatMap { listOf(it.name, it.value) }.toTypedArray())
        val call = client.newCall(OkRequest.Builder().url(request.url()).headers(headers).post(request.body().toRequestBody()).build())
        waiting.invokeOnCancellation { call.cancel() }
        call.enqueue(object : Callback {
            override fun onResponse(call: Call, response: Response) {
                val received = response.headers.map { (name, value) -> HttpHeader(name, value) }
                waiting.resume(request.response(response.code.toUShort(), received, Body(call, response)))
            }

            // The text of the cause may name what was sent, so that it is left out.
            override fun onFailure(call: Call, e: IOException) = waiting.resumeWithException(
                CoachException.ModelUnavailable(ErrorDetails("the model's server cannot be reached; check the network and try again")),
            )
        })
    }

    private class Body(private val call: Call, private val response: Response) : HttpBody {
        private val buffer = ByteArray(8_192)

        override suspend fun next(): ByteArray? = withContext(Dispatchers.IO) {
            try {
                val read = synchronized(response) { response.body.byteStream().read(buffer) }
                if (read < 0) null else buffer.copyOf(read)
            } catch (_: IOException) {
                throw CoachException.ReplyIncomplete(ErrorDetails("the connection broke in the middle of the reply; resume to ask again"))
            }
        }

        override fun cancel() {
            call.cancel() // which ends a read that waits
            synchronized(response) { response.close() }
        }
    }
}
