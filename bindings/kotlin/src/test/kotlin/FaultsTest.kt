// Code of the app's that does not do its work: at every place where it is called, in every way, and what the coach makes of it.

package completion.coach

import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.EnumSource

class FaultsTest {
    /** Where the app's code is called in a turn, and what its failure is to who waits for the reply: nothing where the turn goes on. */
    enum class Place(val failure: ErrorKind?) {
        MODEL(ErrorKind.MODEL_UNAVAILABLE),
        POST(ErrorKind.MODEL_UNAVAILABLE),
        BODY(ErrorKind.REPLY_INCOMPLETE),
        BODY_CANCEL(null),
        TOKEN(ErrorKind.MODEL_UNAVAILABLE),
        TOKEN_INVALIDATE(null),
        CLASSIFIER(null),
        STORE_READ(ErrorKind.STORAGE_UNAVAILABLE),
        STORE_WHAT_WAS_SAID(ErrorKind.STORAGE_UNAVAILABLE),
        STORE_REPLY(ErrorKind.STORAGE_UNAVAILABLE),
    }

    /** What it does there. */
    private val ways = mapOf<String, suspend (App) -> Unit>(
        "fails with an error of ours" to { throw ErrorKind.UNAUTHORISED.exception("sign in again") },
        "fails with an exception" to { error("a secret") },
        "is not written" to { TODO("a secret") },
        "asserts" to { throw AssertionError("a secret") },
        "goes too deep" to { deep() },
        "misses a class" to { throw NoClassDefFoundError("a secret") },
        "cancels itself" to { throw kotlinx.coroutines.CancellationException("a secret") },
        "is late" to { delay(300.milliseconds) },
        "calls the coach" to { it.callTheCoach() },
    )

    private fun deep(): Int = 1 + deep()

    /** An app that does everything itself, and once goes wrong at a place. It can set short limits there, where they are the app's to set. */
    private class App(private val place: Place, short: Boolean = false, private val fault: suspend (App) -> Unit) : MemoryStore(), Transport, TokenSource, SafetyClassifier {
        private val due = AtomicBoolean()
        private var refusing = false

        /** How long the reply was waited for. */
        var took = Duration.ZERO
            private set

        private val own = if (short && place in listOf(Place.MODEL, Place.POST, Place.BODY)) 2.seconds else 60.seconds
        private val limits = TimeLimits(answer = own, idle = own, overall = 90.seconds)
        private val server = Endpoint.over(this, "http://127.0.0.1:9/v1", Credentials.source(this)).onThisDevice().timeLimits(limits).retries(Retries(0u, 1.seconds))
        private val coach = coach(
            if (place == Place.MODEL) mine { at(Place.MODEL); text(QUESTION) } else CoachModel.openAi("m", server),
            CoachOptions(turnDeadline = if (place == Place.MODEL) own else 90.seconds, allowance = FREE),
            own = this,
            classifier = this.takeIf { place == Place.CLASSIFIER },
        )

        private suspend fun at(here: Place) {
            if (here == place && due.getAndSet(false)) fault(this)
        }

        suspend fun callTheCoach() {
            coach.user("bea").saveProfile(Profile(name = "Bea"))
            assertTrue(coach.user("ana").debrief("a-1").messages().messages.isNotEmpty())
        }

        /** Runs a turn into the fault: it ends as it should, and then what was said gets its reply and is there once. */
        suspend fun meet(expected: ErrorKind?): String {
            val debrief = coach.opened(id = "a-1")
            debrief.send("It works.")
            due.set(true)
            refusing = place == Place.TOKEN_INVALIDATE
            val begun = TimeSource.Monotonic.markNow()
            val error = runCatching { debrief.send("It works twice.", "m-1") }.exceptionOrNull()
            took = begun.elapsedNow()
            // A body is cancelled on a thread that no reply waits for.
            if (place == Place.BODY_CANCEL) withTimeout(5.seconds) { while (due.get()) delay(1.milliseconds) }
            assertFalse(due.get(), "it was not called there")
            assertEquals(expected, (error as? CoachException)?.kind ?: error)
            assertFalse("secret" in "$error ${(error as? CoachException)?.causes}")
            assertEquals(QUESTION, debrief.send("It works twice.", "m-1").message.text)
            assertEquals(listOf("It works.", "It works twice."), debrief.messages().messages.filter { it.role == Role.USER }.map { it.text })
            return (error as? CoachException)?.reason.orEmpty()
        }

        override suspend fun post(request: HttpRequest): HttpResponse {
            at(Place.POST)
            val answer = Body(QUESTION, { at(Place.BODY) }) { runBlocking { at(Place.BODY_CANCEL) } }
            return if (refusing) request.response(401u, emptyList(), answer) else request.response(200u, emptyList(), answer)
        }

        override suspend fun token(): String = "a-token".also { at(Place.TOKEN) }

        override suspend fun invalidate(refused: String) {
            refusing = false
            at(Place.TOKEN_INVALIDATE)
        }

        override suspend fun level(text: String, language: String): SafetyLevel = SafetyLevel.NONE.also { at(Place.CLASSIFIER) }

        override suspend fun conversation(user: String, thread: ThreadId, page: Page): Conversation? {
            at(Place.STORE_READ)
            return super.conversation(user, thread, page)
        }

        override suspend fun commit(user: String, change: Change) {
            val said = change.writes.filterIsInstance<Write.Message>().map { it.content.role }
            if (Role.USER in said) at(Place.STORE_WHAT_WAS_SAID)
            if (Role.ASSISTANT in said) at(Place.STORE_REPLY)
            super.commit(user, change)
        }
    }

    @ParameterizedTest
    @EnumSource
    fun `code that fails is a typed error at once and one that comes late or calls back is waited for`(place: Place) = test(2.minutes) {
        for ((way, fault) in ways) {
            val expected = when (way) {
                "is late", "calls the coach" -> null
                "fails with an error of ours" -> place.failure?.let { ErrorKind.UNAUTHORISED }
                else -> place.failure
            }
            try {
                // Less than any time limit: the classifier has 5 seconds, the others 30 or more.
                withTimeout(if (place == Place.CLASSIFIER) 4.seconds else 20.seconds) { App(place, fault = fault).meet(expected) }
            } catch (failure: Throwable) {
                throw AssertionError("$place $way: $failure", failure)
            }
        }
    }

    @Test
    fun `code that never answers is cancelled at its time limit`() = test(2.minutes) {
        val reasons = (Place.entries - Place.BODY_CANCEL).map { place ->
            async(Dispatchers.Default) {
                val cancelled = CompletableDeferred<Unit>()
                val never = App(place, short = true) { try { awaitCancellation() } finally { cancelled.complete(Unit) } }
                val reason = never.meet(if (place == Place.BODY) ErrorKind.MODEL_UNAVAILABLE else place.failure)
                cancelled.await()
                place to (reason to never.took)
            }
        }.awaitAll().toMap()
        for (place in listOf(Place.TOKEN, Place.STORE_READ, Place.STORE_WHAT_WAS_SAID, Place.STORE_REPLY)) {
            val (reason, took) = reasons.getValue(place)
            assertTrue("30 seconds" in reason && took in 29.seconds..40.seconds, "$place: $reason, $took")
        }
    }

    @Test
    fun `another request's response is none`() = test {
        var first: HttpResponse? = null
        val confused = object : Transport {
            override suspend fun post(request: HttpRequest): HttpResponse = first ?: request.response(200u, emptyList(), Body(QUESTION)).also { first = it }
        }
        val debrief = coach(at("http://127.0.0.1:9/v1", confused)).opened()
        debrief.send("It works.")
        assertTrue("another request" in failing<CoachException.ModelUnavailable> { debrief.send("It works twice.", "m-1") }.reason)
        first = null
        assertEquals(QUESTION, debrief.send("It works twice.", "m-1").message.text)
    }

    @Test
    fun `an evaluation goes on whatever is done with its progress`() = test {
        val cases = readEvaluationCases("""[{"name": "a", "messages": [{"role": "user", "text": "Nothing much."}], "empty": true}]""")
        val options = EvaluationOptions(voice = Voice(), prices = defaultPrices())
        val app = App(Place.MODEL) {}
        for ((way, fault) in ways) {
            var told = false
            val progress = object : EvaluationProgress {
                override fun step(done: UInt, of: UInt): Unit = runBlocking {
                    told = true
                    fault(app)
                }
            }
            val report = withTimeout(20.seconds) { evaluate(cases, options, CoachModel.offlineGuide(), progress) }
            assertEquals(1u to true, report.total.cases to told, way)
        }
    }

    private companion object {
        const val QUESTION = "What did you learn from it?"
    }
}
