// Life on a phone: killed in mid-turn, paused, no work on the caller's thread, many at once, and a memory that does not grow.

package completion.coach

import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Executors
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Another JVM with the tests' own classes. */
fun jvm(main: String, vararg arguments: String, flags: List<String> = emptyList()): ProcessBuilder {
    val classes = System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")
    return ProcessBuilder(listOf(ProcessHandle.current().info().command().get()) + flags + listOf("-cp", classes, main) + arguments)
}

class LifeTest {
    @Test
    fun `an app that is killed in mid-turn goes on where it was`(@TempDir directory: Path) = test {
        val path = directory.resolve("a.db").toString()
        val app = jvm("completion.coach.Killed", path).redirectErrorStream(true).start()
        assertEquals("said", app.inputReader().readLine())
        app.destroyForcibly().waitFor()
        SqliteStore.open(path).use { store ->
            val model = ScriptedModel().apply { say("What did you learn?") }
            val coach = coach(model.model(), store = store)
            val listed = coach.user("ana").actions(ActionStatus.DONE).single()
            assertTrue(listed.debrief == DebriefState.Pending || listed.debrief == DebriefState.Live)
            val debrief = coach.user("ana").debrief(listed.action.id)
            assertEquals("What did you learn?", debrief.takeOver().reply().message.text)
            assertEquals(listOf("It worked.", "What did you learn?"), debrief.messages().messages.drop(1).map { it.text })
        }
        ran("resume")
    }

    @Test
    fun `a paused store has no file open and goes on where it was`(@TempDir directory: Path) = test {
        val path = directory.toRealPath().resolve("a.db")
        fun open() = File("/proc/self/fd").listFiles()!!.mapNotNull { runCatching { Files.readSymbolicLink(it.toPath()) }.getOrNull() }.count { it.startsWith(path.parent) || "$it".startsWith("$path") }
        SqliteStore.open(path.toString()).use { store ->
            val more = CompletableDeferred<Unit>()
            val own = mine { text("What"); more.await(); text(" did you learn?") }
            val debrief = coach(own, CoachOptions(delivery = Delivery.LIVE, allowance = FREE), store = store).opened()
            assertTrue(open() > 0)
            val turn = debrief.stream("It worked.", "m-1")
            turn.next()
            store.pause()
            store.pause()
            assertEquals(0, open())
            withTimeout(1.seconds) { assertTrue("unpause" in failing<CoachException.StorageUnavailable> { debrief.messages() }.reason) }
            more.complete(Unit)
            withTimeout(1.seconds) { failing<CoachException.StorageUnavailable> { turn.all() } }
            store.unpause()
            store.unpause()
            assertEquals(listOf("It worked."), debrief.messages().messages.filter { it.role == Role.USER }.map { it.text })
            assertEquals("What did you learn?", debrief.takeOver().reply().message.text)
            assertEquals(3, debrief.messages().messages.size)
        }
        ran("pause")
    }

    @Test
    fun `the thread that waits is free meanwhile`() = test {
        val main = Executors.newSingleThreadExecutor().asCoroutineDispatcher()
        val coach = coach(mine { delay(500); text("What did you learn?") })
        val debrief = coach.opened()
        var longest = 0.milliseconds
        withContext(main) {
            val reply = async { debrief.send("It worked.") }
            var last = TimeSource.Monotonic.markNow()
            while (!reply.isCompleted) {
                delay(5)
                longest = maxOf(longest, last.elapsedNow())
                last = TimeSource.Monotonic.markNow()
            }
        }
        main.close()
        println("the longest that the waiting thread was busy: $longest")
        assertTrue(longest < 200.milliseconds)
    }

    @Test
    fun `the app's code is never called on the thread that waits`() = test {
        val called = ConcurrentLinkedQueue<Thread>()
        val progress = object : EvaluationProgress {
            override fun step(done: UInt, of: UInt) {
                called += Thread.currentThread()
            }
        }
        val cases = readEvaluationCases("""[{"name": "a", "messages": [{"role": "user", "text": "Nothing much."}], "empty": true}]""")
        Executors.newSingleThreadExecutor().asCoroutineDispatcher().use { main ->
            val waiting = withContext(main) {
                evaluate(cases, EvaluationOptions(voice = Voice(), prices = defaultPrices()), CoachModel.offlineGuide(), progress)
                val transport = Answering { called += Thread.currentThread() }
                coach(at("http://127.0.0.1:9/v1", transport)).opened().send("It worked.")
                Thread.currentThread()
            }
            assertTrue(called.size == 2 && waiting !in called, "$called")
        }
    }

    @Test
    fun `many coroutines share a coach`(@TempDir directory: Path) = test {
        SqliteStore.open(directory.resolve("a.db").toString()).use { store ->
            val coach = coach(store = store)
            (0 until 60).map { number ->
                async(Dispatchers.Default) {
                    val ana = coach.user("u${number % 10}")
                    val debrief = ana.debrief(ana.recordDone(NewAction(ActionKind.Volunteer, "Help", "a$number")).action.id)
                    debrief.open().reply()
                    debrief.send("It worked.")
                    assertEquals(3, debrief.messages().messages.size)
                }
            }.awaitAll()
            assertEquals(60, (0 until 10).sumOf { coach.user("u$it").actions().size })
        }
    }

    @Test
    fun `what the binding costs is measured in a new process`() {
        val process = jvm("completion.coach.Costs").redirectErrorStream(true).start()
        val output = process.inputReader().readText()
        println(output)
        assertEquals(0, process.waitFor(), output)
        assertEquals(4, output.trim().lines().size, output)
    }

    @Test
    fun `what is closed says so`() = test {
        val store = SqliteStore.inMemory()
        val coach = coach(store = store)
        coach.close()
        val closed = runCatching { coach.user("ana") }.exceptionOrNull()
        assertTrue(closed is IllegalStateException)
    }

    /** `LEAK_TURNS` says how many turns: a few here, ten thousand apart. */
    @Test
    fun `many turns over code of the app's own leave nothing behind`() {
        val turns = System.getenv("LEAK_TURNS") ?: "600"
        val process = jvm("completion.coach.Leaks", turns, flags = listOf("-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch")).redirectErrorStream(true).start()
        val output = process.inputReader().readText()
        println(output)
        assertEquals(0, process.waitFor(), output)
    }
}

/** Many turns over a store, models, a transport, tokens and a classifier of the app's own; it fails if something is left of them. */
object Leaks {
    private data class Held(val resident: Long, val heap: Long, val threads: Int, val files: Int, val handles: Int)

    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        val turns = arguments[0].toInt()
        run(maxOf(400, turns / 4)) // what is made once is made now
        println(held())
        val before = held()
        var after = before
        repeat(5) {
            run(turns / 5)
            after = held()
            println(after)
        }
        val grown = after.resident - before.resident
        println("$turns turns: ${grown / turns} bytes of memory a turn; before $before, after $after")
        check(after.files <= before.files && after.threads <= before.threads + 2 && after.handles <= before.handles)
        // The heap is steady to 5 KB; what is resident comes and goes by up to 9 MB, however many the turns.
        check(after.heap - before.heap < 64L shl 10)
        check(grown < 16L shl 20)
    }

    private suspend fun run(turns: Int) {
        val own = mine { text("You told me about it. "); text("What did you learn from that?") }
        val remote = at("http://127.0.0.1:9/v1", Answering(), Credentials.source(Tokens))
        for (model in listOf(own, remote)) debriefs(model, turns / 8)
    }

    private suspend fun debriefs(model: CoachModel, debriefs: Int) {
        coach(model, CoachOptions(delivery = Delivery.LIVE, allowance = FREE), MemoryStore(), classifier = Calm).use { coach ->
            repeat(debriefs) { number ->
                coach.user("u${number % 7}").use { user ->
                    val action = user.recordDone(NewAction(ActionKind.Replicate, "A figure")).action.id
                    user.debrief(action).use { debrief ->
                        debrief.open().use { it.reply() }
                        debrief.stream("The effect was there.").use { it.events().first() }
                        debrief.takeOver().use { it.reply() }
                        debrief.send("I learned how seeds matter.")
                    }
                    if (number % 50 > 42) user.forget()
                }
            }
        }
    }

    private object Tokens : TokenSource {
        override suspend fun token(): String = "a-token"

        override suspend fun invalidate(refused: String) = Unit
    }

    private object Calm : SafetyClassifier {
        override suspend fun level(text: String, language: String): SafetyLevel = SafetyLevel.NONE
    }

    private suspend fun held(): Held {
        repeat(5) { System.gc(); delay(50) }
        val heap = Runtime.getRuntime().run { totalMemory() - freeMemory() }
        val maps = listOf(
            uniffiContinuationHandleMap,
            FfiConverterTypeActionStore.handleMap,
            FfiConverterTypeModel.handleMap,
            FfiConverterTypeTransport.handleMap,
            FfiConverterTypeHttpBody.handleMap,
            FfiConverterTypeTokenSource.handleMap,
            FfiConverterTypeSafetyClassifier.handleMap,
        )
        return Held(
            resident = File("/proc/self/statm").readText().split(" ")[1].toLong() * 4_096,
            heap = heap,
            threads = File("/proc/self/task").list()!!.size,
            files = File("/proc/self/fd").list()!!.size,
            handles = maps.sumOf { it.size } + uniffiForeignFutureHandleCount(),
        )
    }
}

/** An app that says something and is killed while it waits for the reply. */
object Killed {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        val model = ScriptedModel().apply { play(listOf(Act.Say("What"), Act.Hang)) }
        val coach = coach(model.model(), CoachOptions(delivery = Delivery.LIVE), store = SqliteStore.open(arguments[0]))
        val turn = coach.opened(id = "a-1").stream("It worked.", "m-1")
        turn.next()
        println("said")
        delay(1.minutes)
    }
}
