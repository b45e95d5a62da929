// Every kind of error, met where an app meets it, each as a type of its own with what is known of it.

package completion.coach

import java.nio.file.Path
import kotlin.io.path.writeText
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class ErrorsTest {
    /** Fails with this kind, and remembers that it was met. */
    private suspend inline fun <reified E : CoachException> meets(call: suspend () -> Any?): E = failing<E>(call).also {
        assertTrue(it.reason.isNotBlank() && it.message!!.contains(it.reason))
        met += it.kind
    }

    @Test
    fun `what is not there or cannot be used`() = test {
        val coach = coach()
        meets<CoachException.NotFound> { coach.user("ana").profile() }
        val empty = meets<CoachException.InvalidInput> { coach.done(title = "") }
        assertEquals("title", empty.field)
        val long = meets<CoachException.InvalidInput> { coach.opened().send("x".repeat(5_001)) }
        assertEquals(listOf<Any?>("message", 5_000uL), listOf(long.field, long.limit))
        val action = coach.user("ana").addAction(NewAction(ActionKind.Volunteer, "Help"))
        meets<CoachException.WrongStatus> { coach.user("ana").completeAction(action.id) }
        meets<CoachException.InvalidInput> { Credentials.environment("NO_SUCH_VARIABLE_IS_SET") }
    }

    @Test
    fun `what comes too early or too late`() = test {
        val model = ScriptedModel()
        val coach = coach(model.model(), CoachOptions(allowance = AllowanceRates(Rate(1u, 2u), Rate(1u, 1u)), delivery = Delivery.LIVE))
        val debrief = coach.opened()
        model.play(listOf(Act.Say("What"), Act.Hang))
        debrief.stream("It worked.", "m-1").use { turn ->
            turn.next()
            val busy = meets<CoachException.Busy> { debrief.send("More.") }
            assertTrue(busy.retryAfter!! in 1.seconds..130.seconds)
            debrief.stop()
            meets<CoachException.Cancelled> { turn.all() }
        }
        meets<CoachException.DebriefOver> { debrief.send("More.") }
        val spent = meets<CoachException.AllowanceSpent> { repeat(3) { coach.opened().send("It worked.") } }
        assertTrue(spent.retryAfter!! > Duration.ZERO)
    }

    @Test
    fun `what was decided on something else`() = test {
        val coach = coach()
        val ana = coach.user("ana")
        ana.saveProfile(Profile(name = "Ana"))
        val export = ana.export()
        meets<CoachException.Conflict> { ana.import(export) }
    }

    @Test
    fun `what needs a person`() = test {
        val far = coach(ScriptedModel(REMOTE).model()).opened()
        meets<CoachException.ConsentNeeded> { far.send("It worked.") }
        val model = ScriptedModel()
        val debrief = coach(model.model()).opened()
        model.play(listOf(Act.Say("I am sorry to hear that."), Act.Signal(Signal.HandOver)))
        assertEquals(Ending.HANDED_OVER, debrief.send("I cannot go on.").ended)
        meets<CoachException.HandedOver> { debrief.send("Hello?") }
    }

    @Test
    fun `what a model and its server do`() = test {
        val acts = mapOf(Act.Cut to ErrorKind.REPLY_INCOMPLETE, Act.Refuse to ErrorKind.MODEL_REFUSED, Act.Panic("x") to ErrorKind.INTERNAL)
        for ((act, kind) in acts) {
            val model = ScriptedModel().apply { play(listOf(Act.Say("What"), act)) }
            assertEquals(kind, meets<CoachException> { coach(model.model()).opened().send("It worked.") }.kind)
        }
        val answers = mapOf("401" to ErrorKind.UNAUTHORISED, "400" to ErrorKind.REQUEST_REJECTED, "503" to ErrorKind.MODEL_UNAVAILABLE)
        for ((status, kind) in answers) Server { _, to ->
            to.send("HTTP/1.1 $status No\r\nretry-after: 30\r\nx-request-id: req-7\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        }.use { server ->
            val error = meets<CoachException> { coach(at(server.url)).opened().send("It worked.") }
            assertEquals(kind, error.kind)
            assertTrue(error.attempts!! in 1u..2u, "$status: ${error.attempts}") // a refused token is replaced once
            assertEquals("req-7", error.requestId)
            assertEquals(kind != ErrorKind.MODEL_UNAVAILABLE, error.isPermanent)
            if (!error.isPermanent) assertEquals(30.seconds, error.retryAfter)
        }
    }

    @Test
    fun `what happens to the file`(@TempDir directory: Path) = test {
        val odd = directory.resolve("odd.db").apply { writeText("not a database, and long enough to look at".repeat(100)) }
        meets<CoachException.StorageDamaged> { SqliteStore.open(odd.toString()) }
        meets<CoachException.StorageUnavailable> { SqliteStore.open(directory.resolve("no/such/directory.db").toString()) }
        val newer = directory.resolve("newer.db")
        SqliteStore.open(newer.toString()).use { it.pause() }
        java.io.RandomAccessFile(newer.toFile(), "rw").use { it.seek(60); it.writeInt(9_999) } // SQLite's user_version
        meets<CoachException.StorageNewer> { SqliteStore.open(newer.toString()) }
        SqliteStore.open(directory.resolve("full.db").toString()).use { store ->
            val ana = coach(store = store).user("ana")
            ana.saveProfile(Profile())
            store.limitPages(1u)
            meets<CoachException.StorageFull> { repeat(100) { ana.addAction(NewAction(ActionKind.Volunteer, "Help", description = "a".repeat(5_000))) } }
            store.limitPages(null)
            ana.addAction(NewAction(ActionKind.Volunteer, "Help"))
        }
        val full = object : MemoryStore() {
            override suspend fun commit(user: String, change: Change): Unit = throw ErrorKind.STORAGE_FULL.exception("no room is left", 3.seconds)
        }
        val error = meets<CoachException.StorageFull> { coach(own = full).user("ana").saveProfile(Profile()) }
        assertEquals(listOf<Any?>("no room is left", 3.seconds), listOf(error.reason, error.retryAfter))
    }

    @Test
    fun `every kind is a type and every type a kind`() {
        for (kind in ErrorKind.entries) {
            val error = kind.exception("why", 5.milliseconds)
            assertEquals(kind, error.kind)
            assertEquals("why", error.reason)
            assertEquals(kind.name.replace("_", ""), error::class.simpleName!!.uppercase())
            assertInstanceOf(Exception::class.java, error)
            assertTrue(advice(error).isNotBlank())
        }
        assertFalse(ErrorKind.entries.isEmpty())
    }

    /** Compiles only as long as it names every kind. */
    private fun advice(error: CoachException): String = when (error) {
        is CoachException.NotFound, is CoachException.InvalidInput, is CoachException.WrongStatus -> "tell the developer"
        is CoachException.Busy, is CoachException.AllowanceSpent -> "wait ${error.retryAfter}"
        is CoachException.Conflict -> "read again"
        is CoachException.DebriefOver -> "reopen"
        is CoachException.ConsentNeeded -> "show the disclosure"
        is CoachException.HandedOver -> "show who helps"
        is CoachException.ModelUnavailable, is CoachException.ReplyIncomplete, is CoachException.Cancelled -> "resume"
        is CoachException.ModelRefused, is CoachException.RequestRejected -> "stop"
        is CoachException.Unauthorised -> "sign in"
        is CoachException.StorageFull -> "make room"
        is CoachException.StorageUnavailable -> "try again"
        is CoachException.StorageDamaged, is CoachException.StorageNewer -> "update"
        is CoachException.Internal -> "report it"
    }

    private companion object {
        val met = mutableSetOf<ErrorKind>()

        @AfterAll
        @JvmStatic
        fun `all of them were met`() {
            assertEquals(ErrorKind.entries.toSet(), met)
            ran("errors")
        }
    }
}
