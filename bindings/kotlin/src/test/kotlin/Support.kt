// What the tests share: a coach under control, a debrief to talk in, and servers that answer as they are told.

package completion.coach

import java.io.File
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeMark
import kotlin.time.TimeSource
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.fail

/** A test that suspends. */
fun test(within: Duration = 60.seconds, body: suspend CoroutineScope.() -> Unit) = runBlocking { withTimeout(within) { body() } }

/** Proves a feature of `tests/features.txt`: the last line of the test that does. */
fun ran(feature: String) {
    System.getenv("FEATURES")?.let { File(it, "kotlin").run { mkdirs(); resolve(feature).writeText("") } }
}

/** Runs over both stores: `sqlite` and the one written in Kotlin. */
fun stored(kind: String): ActionStore? = if (kind == "kotlin") MemoryStore() else null

val FREE = AllowanceRates(Rate(60_000u, 1_000u), Rate(60_000u, 1_000u))

fun coach(
    model: CoachModel = CoachModel.offlineGuide(),
    options: CoachOptions = CoachOptions(allowance = FREE),
    own: ActionStore? = null,
    store: SqliteStore? = null,
    clock: ManualClock? = null,
    classifier: SafetyClassifier? = null,
): CompletionCoach = CompletionCoach.forTests(store, own, model, options, clock, null, classifier)

suspend fun CompletionCoach.done(user: String = "ana", title: String = "A parser", id: String? = null): Debrief {
    val ana = user(user)
    return ana.debrief(ana.recordDone(NewAction(ActionKind.BuildTools, title, id)).action.id)
}

suspend fun CompletionCoach.opened(user: String = "ana", id: String? = null): Debrief = done(user, id = id).also { it.open().reply() }

fun ScriptedModel.say(text: String) = play(listOf(Act.Say(text)))

val REMOTE = ModelInfo("far away", "big-1", ModelPlace.REMOTE, "https://far.example")
val LOCAL = ModelInfo("mine", "tiny-1", ModelPlace.LOCAL)

/** A model of the app's own that plays what it is given. */
class Mine(private val play: suspend ModelEvents.(Request) -> Unit) : Model {
    override fun info(): ModelInfo = LOCAL

    override suspend fun ask(request: Request, events: ModelEvents): Finish {
        events.play(request)
        return Finish.COMPLETE
    }
}

fun mine(play: suspend ModelEvents.(Request) -> Unit): CoachModel = CoachModel.own(Mine(play))

suspend fun Turn.all(): List<TurnEvent> = events().toList()

val List<TurnEvent>.reply: Reply get() = (last() as TurnEvent.Reply).reply
val List<TurnEvent>.text: String get() = filterIsInstance<TurnEvent.Text>().joinToString("") { it.text }

/** What fails with this kind of error. */
suspend inline fun <reified E : CoachException> failing(call: suspend () -> Any?): E {
    val result = try {
        call()
    } catch (error: CoachException) {
        return error as? E ?: throw AssertionError("${error.kind} in place of ${E::class.simpleName}: ${error.reason}")
    }
    throw AssertionError("nothing failed, and it gave $result")
}

/** A server on this machine that answers every request by [answer]. It never reads ahead. */
class Server(private val answer: (request: String, to: Socket) -> Unit) : AutoCloseable {
    private val listener = ServerSocket(0, 50, InetAddress.getLoopbackAddress())
    val url = "http://127.0.0.1:${listener.localPort}/v1"

    init {
        thread(isDaemon = true) {
            runCatching { while (true) listener.accept().let { thread(isDaemon = true) { runCatching { it.use { answer(it.request(), it) } } } } }
        }
    }

    override fun close() = listener.close()

    private fun Socket.request(): String {
        val head = StringBuilder()
        while (!head.endsWith("\r\n\r\n")) head.append(getInputStream().read().also { check(it >= 0) }.toChar())
        val length = Regex("(?i)content-length: *(\\d+)").find(head)?.groupValues?.get(1)?.toInt() ?: 0
        return head.toString() + getInputStream().readNBytes(length).decodeToString()
    }
}

/** An answer that comes off no network. */
class Body(text: String, private val before: suspend () -> Unit = {}, private val cancelled: () -> Unit = {}) : HttpBody {
    private val pieces = mutableListOf(piece(text), END)

    override suspend fun next(): ByteArray? = pieces.also { before() }.removeFirstOrNull()?.encodeToByteArray()

    override fun cancel() = cancelled()
}

/** A transport that answers every request itself. */
class Answering(private val cancelled: () -> Unit = {}) : Transport {
    override suspend fun post(request: HttpRequest): HttpResponse = request.response(200u, emptyList(), Body("What did you learn from it?", cancelled = cancelled))
}

const val STREAM = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"

fun piece(text: String) = """data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"$text"}}]}""" + "\n\n"

const val END = """data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\ndata: [DONE]\n\n"

fun Socket.send(text: String) = getOutputStream().run { write(text.encodeToByteArray()); flush() }

/** A whole answer that only its end is missing from, with the signal that the action failed. */
fun almost(text: String): String {
    val signal = """{"index":0,"id":"s","type":"function","function":{"name":"tell_app","arguments":"{\"outcome\":\"failure\"}"}}"""
    return """data: {"choices":[{"index":0,"delta":{"content":"$text","tool_calls":[$signal]},"finish_reason":"stop"}]}""" + "\n\n"
}

/** A model's server that sends a piece every 10 s, and knows when its connection was closed. */
class SlowServer(private val piece: String = almost("more ")) : AutoCloseable {
    val asked = CountDownLatch(1)
    private val closed = CountDownLatch(1)
    private lateinit var closedAt: TimeMark
    @Volatile var pieces = 0
    private val server = Server { _, socket ->
        socket.send(STREAM)
        socket.soTimeout = 10_000
        while (true) {
            socket.send(piece)
            pieces++
            asked.countDown()
            val gone = try {
                socket.getInputStream().read() < 0
            } catch (_: java.net.SocketTimeoutException) {
                false
            } catch (_: java.io.IOException) {
                true
            }
            if (gone) break
        }
        closedAt = TimeSource.Monotonic.markNow()
        closed.countDown()
    }
    val url = server.url

    /** How long ago the connection was closed; it fails if it was not before the next piece. */
    fun sawItClose(ended: TimeMark, how: String) {
        if (!closed.await(9, TimeUnit.SECONDS)) fail<Unit>("$how: the connection was not closed")
        println("$how: the server saw the connection close ${(ended.elapsedNow() - closedAt.elapsedNow()).inWholeMilliseconds} ms after")
        check(pieces == 1)
    }

    override fun close() = server.close()
}

/** A model at this server. */
fun at(url: String, over: Transport? = null, credentials: Credentials = Credentials.none(), retries: UInt = 0u): CoachModel {
    val endpoint = if (over == null) Endpoint(url, credentials) else Endpoint.over(over, url, credentials)
    val patient = TimeLimits(answer = 60.seconds, idle = 60.seconds, overall = 90.seconds)
    return CoachModel.openAi("m", endpoint.onThisDevice().timeLimits(patient).retries(Retries(retries, 1.seconds)))
}
