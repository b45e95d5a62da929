// Stores, models, networks, tokens and classifiers written in Kotlin. What goes wrong in them is FaultsTest's.

package completion.coach

import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import okhttp3.OkHttpClient
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource

class PortsTest {
    // Stores.

    @Test
    fun `a store written in Kotlin passes the exam`() = test {
        val report = runStoreConformance(MemoryStore())
        assertTrue(report.size > 30)
        assertEquals(emptyList<ConformanceCheck>(), report.filter { it.failure != null })
        ran("exam")
        ran("own_store")
    }

    @Test
    fun `the exam finds what is wrong`() = test {
        val wrong = object : MemoryStore() {
            override suspend fun forget(user: String) = Unit

            override suspend fun changes(user: String, after: ULong, limit: UInt): List<ProfileChange> = error("not written yet")
        }
        val failed = runStoreConformance(wrong).filter { it.failure != null }.map { it.name }
        assertTrue(failed.containsAll(listOf("i10_forget_leaves_nothing", "changes_after_a_position")), "$failed")
    }

    @Test
    fun `what a store throws is a typed error that says nothing of people`() = test {
        class Broken(private val thrown: Throwable) : MemoryStore() {
            override suspend fun account(user: String): Account? = throw thrown
        }
        val odd = failing<CoachException.StorageUnavailable> { coach(own = Broken(IllegalStateException("a secret"))).user("ana").profile() }
        assertFalse("secret" in "$odd ${odd.causes}")
        val typed = Broken(ErrorKind.STORAGE_DAMAGED.exception("the cupboard is broken", 2.seconds))
        val error = failing<CoachException.StorageDamaged> { coach(own = typed).user("ana").profile() }
        assertEquals(listOf<Any?>("the cupboard is broken", 2.seconds), listOf(error.reason, error.retryAfter))
        val short = Broken(CoachException.InvalidInput(ErrorDetails("the name is too long", field = "name", limit = 80uL, causes = listOf("a", "b"))))
        val refused = failing<CoachException.InvalidInput> { coach(own = short).user("ana").profile() }
        assertEquals(listOf<Any?>("name", 80uL, listOf("a", "b")), listOf(refused.field, refused.limit, refused.causes))
        failing<CoachException.StorageUnavailable> { coach(own = Broken(kotlinx.coroutines.CancellationException("a secret"))).user("ana").profile() }
    }

    @Test
    fun `a store may call the library and two coaches share one`() = test {
        val inner = coach()
        val nested = object : MemoryStore() {
            override suspend fun account(user: String): Account? {
                inner.user("log").saveProfile(Profile(name = user))
                return super.account(user)
            }
        }
        val coaches = listOf(coach(own = nested), coach(own = nested))
        (1..20).map { async { coaches[it % 2].user("u$it").saveProfile(Profile(name = "Ana")) } }.awaitAll()
        assertTrue(inner.user("log").profile().name!!.startsWith("u"))
    }

    // Models.

    @Test
    fun `a model sees the request and hands over pieces as they come`() = test {
        val asked = mutableListOf<Request>()
        val more = CompletableDeferred<Unit>()
        val own = mine { request ->
            asked += request
            text("What did ")
            more.await()
            text("you learn?")
            usage(Usage(1u, 12uL, 5uL))
        }
        val coach = coach(own, CoachOptions(delivery = Delivery.LIVE, allowance = FREE))
        val debrief = coach.opened(id = "a-1")
        debrief.stream("It worked.", "m-1").use { turn ->
            assertEquals(listOf(TurnEvent.Text("What did ")), turn.next())
            more.complete(Unit)
            assertEquals("tiny-1", turn.reply().message.author?.model)
        }
        assertEquals("What did you learn?", debrief.messages().messages.last().text)
        assertEquals(12uL, coach.user("ana").usage().lines.single().usage.inputTokens)
        val scripted = ScriptedModel().apply { say("What did you learn?") }
        coach(scripted.model()).opened(id = "a-1").send("It worked.", "m-1")
        assertEquals(scripted.requests().single().parts, asked.single().parts)
        assertEquals("It worked.", asked.single().messages.last().text)
        ran("own_model")
    }

    @Test
    fun `what a model throws is a typed error and what was said stays`() = test {
        val odd = coach(mine { text("What"); error("what ana wrote") }).opened()
        assertFalse("ana" in "${failing<CoachException.ModelUnavailable> { odd.send("It worked.") }}")
        assertEquals(listOf(Role.ASSISTANT, Role.USER), odd.messages().messages.map { it.role })
        val typed = coach(mine { throw CoachException.Unauthorised(ErrorDetails("sign in again", attempts = 2u, requestId = "r-1", permanent = true)) })
        val error = failing<CoachException.Unauthorised> { typed.opened().send("It worked.") }
        assertEquals(listOf<Any?>("sign in again", 2u, "r-1", true), listOf(error.reason, error.attempts, error.requestId, error.isPermanent))
        failing<CoachException.StorageFull> { CoachModel.own(object : Model by Mine({}) { override fun info(): ModelInfo = throw ErrorKind.STORAGE_FULL.exception("x") }) }
        val empty = coach(mine { }).opened()
        failing<CoachException.ReplyIncomplete> { empty.send("It worked.") }
    }

    @Test
    fun `a model that blocks its thread blocks nobody else`() = test {
        val blocking = mine { Thread.sleep(1_500); text("What did you learn?") }
        val debrief = coach(blocking).opened()
        val reply = async { debrief.send("It worked.") }
        delay(200)
        val begun = TimeSource.Monotonic.markNow()
        repeat(20) { coach().opened() }
        assertTrue(begun.elapsedNow() < 1.seconds)
        assertEquals("What did you learn?", reply.await().message.text)
    }

    @Test
    fun `a model may call the coach that it answers for`() = test {
        lateinit var coach: CompletionCoach
        coach = coach(mine {
            coach.user("bea").saveProfile(Profile(name = "Bea"))
            failing<CoachException.Busy> { coach.user("ana").debrief("a-1").send("Me too.") }
            text("What did you learn?")
        })
        coach.opened(id = "a-1").send("It worked.")
        assertEquals("Bea", coach.user("bea").profile().name)
    }

    // Transports.

    private fun transport(kind: String): Transport? = when (kind) {
        "java.net.http" -> JavaNetTransport()
        "okhttp" -> OkHttpTransport(OkHttpClient())
        else -> null
    }

    @ParameterizedTest
    @ValueSource(strings = ["java.net.http", "okhttp", "the library's own"])
    fun `a reply streams over a transport`(kind: String) = test {
        val requests = ConcurrentLinkedQueue<String>()
        val go = CompletableDeferred<Unit>()
        Server { request, to ->
            requests += request
            to.send(STREAM + piece("What did "))
            while (!go.isCompleted) Thread.sleep(5)
            to.send(piece("you learn? ") + piece("ÄÖ 🎉") + END)
        }.use { server ->
            val model = at(server.url, transport(kind), Credentials.key("a-key"))
            val debrief = coach(model, CoachOptions(delivery = Delivery.LIVE, allowance = FREE)).opened()
            debrief.stream("It worked.").use { turn ->
                assertEquals(listOf(TurnEvent.Text("What did ")), turn.next())
                go.complete(Unit)
                assertEquals("What did you learn? ÄÖ 🎉", turn.reply().message.text)
            }
        }
        val (request) = requests.toList()
        assertTrue(request.startsWith("POST /v1/chat/completions HTTP/1.1\r\n"), request.lineSequence().first())
        assertTrue("authorization: bearer a-key" in request.lowercase() && "content-type: application/json" in request.lowercase())
        assertFalse("upgrade" in request.substringBefore("\r\n\r\n").lowercase())
        assertTrue("It worked." in request)
        if (kind != "the library's own") ran("own_transport")
    }

    @ParameterizedTest
    @ValueSource(strings = ["java.net.http", "okhttp", "the library's own"])
    fun `a transport tells what went wrong and follows nobody`(kind: String) = test {
        suspend fun error(answer: String): CoachException = Server { _, to -> to.send(answer) }.use { server ->
            failing<CoachException> { coach(at(server.url, transport(kind))).opened().send("It worked.") }
        }
        assertEquals(ErrorKind.REPLY_INCOMPLETE, error(STREAM + piece("What did ")).kind)
        val cut = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 1000\r\n\r\n" + piece("What did ")
        assertEquals(ErrorKind.REPLY_INCOMPLETE, error(cut).kind)
        assertEquals(ErrorKind.MODEL_UNAVAILABLE, error("").kind)
        val visited = AtomicInteger()
        Server { _, _ -> visited.incrementAndGet() }.use { other ->
            val redirect = "HTTP/1.1 307 Elsewhere\r\nlocation: ${other.url}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            assertEquals(ErrorKind.REQUEST_REJECTED, error(redirect).kind)
            assertEquals(0, visited.get())
        }
        val nobody = Server { _, _ -> }.also { it.close() }
        failing<CoachException.ModelUnavailable> { coach(at(nobody.url, transport(kind))).opened().send("It worked.") }
    }

    // Tokens.

    @Test
    fun `a token that is refused is replaced once`() = test {
        val seen = ConcurrentLinkedQueue<String>()
        val invalid = ConcurrentLinkedQueue<String>()
        val source = object : TokenSource {
            override suspend fun token(): String = "token-${invalid.size + 1}"

            override suspend fun invalidate(refused: String) {
                delay(1)
                invalid += refused
            }
        }
        Server { request, to ->
            seen += Regex("(?i)authorization: (.*)\r").find(request)!!.groupValues[1]
            if ("token-2" in request) to.send(STREAM + piece("What did you learn?") + END)
            else to.send("HTTP/1.1 401 No\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        }.use { server ->
            val debrief = coach(at(server.url, credentials = Credentials.source(source))).opened()
            assertEquals("What did you learn?", debrief.send("It worked.").message.text)
        }
        assertEquals(listOf("token-1"), invalid.toList())
        assertEquals(listOf("Bearer token-1", "Bearer token-2"), seen.toList())
        ran("own_tokens")
    }

    // Classifiers.

    @Test
    fun `a classifier of the app's is listened to and one that fails is not`() = test {
        val ours = object : SafetyClassifier {
            override suspend fun level(text: String, language: String): SafetyLevel = when {
                "code red" in text -> SafetyLevel.DANGER
                "boom" in text -> error("what ana wrote")
                else -> SafetyLevel.NONE
            }
        }
        val debrief = coach(classifier = ours).opened()
        assertFalse(debrief.send("It worked, boom.").over)
        val events = debrief.stream("code red").all()
        assertTrue(TurnEvent.HandOver("en") in events)
        assertEquals(Ending.HANDED_OVER, events.reply.ended)
        ran("own_safety")
    }
}
