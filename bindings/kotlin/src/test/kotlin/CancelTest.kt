// A turn that nobody wants any more: its connection is closed before the server's next piece, and what was said is stored once.

package completion.coach

import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.TimeMark
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runInterruptible
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import okhttp3.OkHttpClient
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class CancelTest {
    private val live = CoachOptions(delivery = Delivery.LIVE, allowance = FREE)

    /** Leaves a turn in some way and gives when; then the connection is closed, and what was said is there once and can be answered. */
    private fun leaving(how: String, over: Transport? = null, options: CoachOptions = live, leave: suspend CoroutineScope.(Debrief, SlowServer) -> TimeMark) = test {
        SlowServer().use { server ->
            val store = SqliteStore.inMemory()
            val debrief = coach(at(server.url, over), options, store = store).opened(id = "a-1")
            server.sawItClose(leave(debrief, server), how)
            val model = ScriptedModel().apply { say("What did you learn?") }
            val again = coach(model.model(), store = store).user("ana").debrief("a-1")
            assertTrue(again.state().let { it == DebriefState.Pending || it == DebriefState.Live })
            assertTrue(again.proposal().items.isEmpty())
            assertNull(again.recap().outcome)
            assertEquals("What did you learn?", again.takeOver().reply().message.text)
            assertEquals(listOf("It worked."), again.messages().messages.filter { it.role == Role.USER }.map { it.text })
            assertEquals(3, again.messages().messages.size)
            assertEquals(Outcome.SUCCESS, again.recap().outcome)
        }
    }

    private fun now() = TimeSource.Monotonic.markNow()

    private fun Debrief.say() = stream("It worked.", "m-1")

    private suspend fun CoroutineScope.cancelled(server: SlowServer, work: suspend () -> Unit): TimeMark {
        val job = launch(Dispatchers.Default) { work() }
        runInterruptible(Dispatchers.IO) { server.asked.await() }
        val ended = now()
        job.cancelAndJoin()
        return ended
    }

    @Test
    fun `leaving the flow early`() {
        leaving("first") { debrief, _ -> debrief.say().events().first().let { now() } }
        leaving("take") { debrief, _ -> debrief.say().text().take(1).toList().let { now() } }
        leaving("exception") { debrief, _ ->
            runCatching { debrief.say().events().collect { error("the app failed") } }
            now()
        }
        ran("cancel_loop")
    }

    @Test
    fun `cancelling the coroutine`() {
        leaving("cancel: collect") { debrief, server -> cancelled(server) { debrief.say().events().collect() } }
        leaving("cancel: collect checked", options = CoachOptions()) { debrief, server -> cancelled(server) { debrief.say().events().collect() } }
        leaving("cancel: send") { debrief, server -> cancelled(server) { debrief.send("It worked.", "m-1") } }
        leaving("cancel: reply") { debrief, server -> cancelled(server) { debrief.say().reply() } }
        leaving("withTimeout") { debrief, _ ->
            runCatching { withTimeout(700.milliseconds) { debrief.send("It worked.", "m-1") } }.exceptionOrNull().let { check(it is TimeoutCancellationException) }
            now()
        }
        ran("cancel_task")
    }

    @Test
    fun `letting go of the turn`() {
        leaving("close") { debrief, _ ->
            debrief.say().use { it.next() }
            now()
        }
        leaving("cancel()") { debrief, server ->
            val turn = debrief.say()
            val reading = launch(Dispatchers.Default) { failing<CoachException.Cancelled> { turn.all() } }
            runInterruptible(Dispatchers.IO) { server.asked.await() }
            turn.cancel()
            now().also { reading.join() }
        }
        leaving("garbage collection") { debrief, _ ->
            fun begin() = debrief.say()
            suspend fun read() { begin().next() }
            read()
            val ended = now()
            repeat(20) { System.gc(); kotlinx.coroutines.delay(20) }
            ended
        }
        ran("cancel_drop")
    }

    @Test
    fun `over the app's own transports`() {
        leaving("java.net.http: first", JavaNetTransport()) { debrief, _ -> debrief.say().events().first().let { now() } }
        leaving("java.net.http: cancel", JavaNetTransport()) { debrief, server -> cancelled(server) { debrief.send("It worked.", "m-1") } }
        leaving("okhttp: first", OkHttpTransport(OkHttpClient())) { debrief, _ -> debrief.say().events().first().let { now() } }
        leaving("okhttp: cancel", OkHttpTransport(OkHttpClient())) { debrief, server -> cancelled(server) { debrief.send("It worked.", "m-1") } }
    }

    @Test
    fun `a response that comes after its turn was left is closed too`() = test {
        val (asked, left, closed) = List(3) { CompletableDeferred<Unit>() }
        val late = object : Transport {
            override suspend fun post(request: HttpRequest): HttpResponse = withContext(NonCancellable) {
                asked.complete(Unit)
                left.await()
                request.response(200u, emptyList(), object : HttpBody {
                    override suspend fun next(): ByteArray = awaitCancellation()

                    override fun cancel() = closed.complete(Unit).let {}
                })
            }
        }
        val turn = coach(at("http://127.0.0.1:9/v1", late)).opened().say()
        val reading = launch(Dispatchers.Default) { failing<CoachException.Cancelled> { turn.reply() } }
        asked.await()
        turn.cancel()
        reading.join()
        left.complete(Unit)
        closed.await()
    }

    @Test
    fun `what a reply signals is stored with the reply`() = Server { _, to -> to.send(STREAM + almost("What did you learn?") + END) }.use { server ->
        test {
            val debrief = coach(at(server.url)).opened()
            debrief.send("It worked.")
            assertEquals(Outcome.FAILURE, debrief.recap().outcome)
        }
    }

    @Test
    fun `a proposal that nobody waits for any more is not stored`() = test {
        val item = """{"field": "skills", "value": "Rust", "message": 2, "quote": "I learned Rust"}"""
        val items = """{"items": [$item]}"""
        SlowServer(almost(items.replace("\"", "\\\""))).use { server ->
            val store = SqliteStore.inMemory()
            val model = ScriptedModel().apply { say("What else did you learn?"); say(items) }
            val debrief = coach(model.model(), store = store).opened(id = "a-1")
            debrief.send("I learned Rust while I wrote it.")
            debrief.stop()
            val remote = coach(at(server.url), store = store).user("ana").debrief("a-1")
            server.sawItClose(cancelled(server) { remote.propose() }, "cancel: propose")
            assertTrue(debrief.proposal().items.isEmpty())
            debrief.takeOver().reply()
            assertEquals(listOf("I learned Rust"), debrief.propose().items.map { it.evidence.first().quote })
        }
    }

    @Test
    fun `a turn that was never begun asks nobody`() = test {
        val model = ScriptedModel()
        val debrief = coach(model.model()).opened()
        val turn = debrief.say()
        turn.cancel()
        failing<CoachException.Cancelled> { turn.next() }
        val job = launch(start = CoroutineStart.LAZY) { debrief.say().events().collect() }
        job.cancel()
        assertTrue(model.requests().isEmpty())
        assertEquals(1, debrief.messages().messages.size)
    }
}
