// I1 to I8 of the design, as far as an app could break them through the binding, over both stores.

package completion.coach

import kotlin.time.Duration
import kotlinx.coroutines.flow.first
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource

@ParameterizedTest
@ValueSource(strings = ["sqlite", "kotlin"])
annotation class OverBothStores

class InvariantsTest {
    @OverBothStores
    fun `i1 no thread shows another`(store: String) = test {
        val model = ScriptedModel()
        val coach = coach(model.model(), own = stored(store))
        val (first, second) = listOf("a-1", "a-2").map { coach.opened(id = it) }
        val chat = coach.user("ana").chat().also { it.open().reply() }
        repeat(3) { model.say("What did you learn?") }
        first.send("I learned about apples.")
        second.send("I learned about bananas.")
        chat.send("I learned about cherries.")
        val fruits = listOf("apples", "bananas", "cherries")
        fun one(text: String) = fruits.single { it in text }
        val pages = listOf(first.messages(), second.messages(), chat.messages())
        assertEquals(fruits, pages.map { page -> one(page.messages.joinToString { it.text }) })
        assertEquals(fruits, model.requests().map { request -> one(request.parts.joinToString { it.text }) })
        for (page in pages) assertEquals(1, page.messages.map { it.thread }.distinct().size)
    }

    @OverBothStores
    fun `i2 a stranger finds nothing`(store: String) = test {
        val coach = coach(own = stored(store))
        val theirs = coach.opened(id = "a-1")
        val proposal = theirs.propose()
        val stranger = coach.user("bea")
        val mine = stranger.debrief("a-1")
        val calls = listOf<suspend () -> Any?>(
            { mine.open().reply() }, { mine.state() }, { mine.messages() }, { mine.propose() }, { mine.proposal() }, { mine.recap() },
            { mine.delete() }, { mine.stop() }, { mine.send("x") }, { mine.apply(mapOf("1" to Verdict.Accept)) }, { stranger.action("a-1") },
            { stranger.deleteAction("a-1") }, { stranger.offer("a-1") }, { stranger.profile() }, { stranger.export() },
        )
        for (call in calls) failing<CoachException.NotFound> { call() }
        assertTrue(stranger.actions().isEmpty() && stranger.changes().isEmpty())
        assertEquals(proposal, theirs.proposal())
    }

    @OverBothStores
    fun `i3 only a done action has a debrief`(store: String) = test {
        val ana = coach(own = stored(store)).user("ana")
        val action = ana.addAction(NewAction(ActionKind.Volunteer, "Help")).id
        val debrief = ana.debrief(action)
        val calls = listOf<suspend () -> Any?>({ debrief.open().reply() }, { debrief.send("x") }, { debrief.decline() }, { debrief.recap() })
        for (call in calls) failing<CoachException.WrongStatus> { call() }
        ana.startAction(action)
        ana.completeAction(action)
        failing<CoachException.WrongStatus> { debrief.send("x") }
        val started = ana.markCompletionStarted(action).completionStartedAt
        assertEquals(started, ana.markCompletionStarted(action).completionStartedAt)
        assertEquals(1u, debrief.send("It worked.").exchange)
    }

    @OverBothStores
    fun `i4 a message is stored once`(store: String) = test {
        val model = ScriptedModel()
        val coach = coach(model.model(), own = stored(store))
        val debrief = coach.opened()
        model.play(listOf(Act.Say("Half a rep"), Act.Cut))
        failing<CoachException.ReplyIncomplete> { debrief.send("It worked.", "m-1") }
        model.say("What did you learn?")
        val reply = debrief.send("It worked.", "m-1")
        assertEquals(reply.message, debrief.send("It worked.", "m-1").message)
        assertEquals(2, model.requests().size)
        failing<CoachException.InvalidInput> { debrief.send("Something else.", "m-1") }
        failing<CoachException.InvalidInput> { coach.opened().send("It worked.", "m-1") }
        assertEquals(listOf("m-1"), debrief.messages().messages.filter { it.role == Role.USER }.map { it.id })
    }

    @OverBothStores
    fun `i5 one turn at a time`(store: String) = test {
        val model = ScriptedModel()
        val debrief = coach(model.model(), CoachOptions(delivery = Delivery.LIVE, allowance = FREE), stored(store)).opened()
        model.play(listOf(Act.Say("What"), Act.Hang))
        val turn = debrief.stream("It worked.", "m-1")
        assertEquals(listOf(TurnEvent.Text("What")), turn.next())
        assertEquals(DebriefState.Live, debrief.state())
        for (call in listOf<suspend () -> Any?>({ debrief.send("More.") }, { debrief.open().reply() }, { debrief.resume().reply() })) {
            val wait = failing<CoachException.Busy> { call() }.retryAfter
            assertTrue(wait != null && wait > Duration.ZERO)
        }
        model.say("What did you learn?")
        assertEquals("What did you learn?", debrief.takeOver().reply().message.text)
        val error = runCatching { turn.all() }.exceptionOrNull()
        assertTrue(error is CoachException.Cancelled || error is CoachException.Conflict)
        assertEquals(3, debrief.messages().messages.size)
    }

    @OverBothStores
    fun `i6 a reply is whole or nothing`(store: String) = test {
        val ends = mapOf(
            listOf(Act.Cut) to ErrorKind.REPLY_INCOMPLETE,
            listOf(Act.Length) to ErrorKind.REPLY_INCOMPLETE,
            listOf(Act.Refuse) to ErrorKind.MODEL_REFUSED,
            listOf(Act.Panic("what ana wrote")) to ErrorKind.INTERNAL,
        )
        for ((end, kind) in ends) {
            val model = ScriptedModel()
            val debrief = coach(model.model(), own = stored(store)).opened()
            model.play(listOf(Act.Say("What did you"), Act.Signal(Signal.Outcome(Outcome.FAILURE))) + end)
            val error = failing<CoachException> { debrief.send("It worked.") }
            assertEquals(kind, error.kind)
            assertFalse("ana" in error.toString())
            assertEquals(listOf(Role.ASSISTANT, Role.USER), debrief.messages().messages.map { it.role })
            assertTrue(debrief.recap().outcome != Outcome.FAILURE)
            model.say("What did you learn?")
            assertEquals("What did you learn?", debrief.resume().reply().message.text)
        }
    }

    @OverBothStores
    fun `i7 a debrief is bounded and asks one question`(store: String) = test {
        val model = ScriptedModel()
        val debrief = coach(model.model(), own = stored(store)).opened()
        repeat(10) { model.say("What did you learn? And what comes next?") }
        val events = debrief.stream("I built it with two friends.").all()
        assertTrue(events.any { it is TurnEvent.AskedAgain } && events.any { it is TurnEvent.Replaced })
        assertEquals(1, events.reply.message.text.count { it == '?' })
        val replies = generateSequence { "I learned that tests come first." }.take(3).toList().map { debrief.send(it) }
        assertEquals(listOf(false, false, true), replies.map { it.over })
        assertEquals(4u, replies.last().exchange)
        assertFalse("?" in replies.last().message.text)
        failing<CoachException.DebriefOver> { debrief.send("And more.") }
    }

    @OverBothStores
    fun `i7 before two exchanges only the person ends it`(store: String) = test {
        val model = ScriptedModel()
        val coach = coach(model.model(), own = stored(store))
        val debrief = coach.opened()
        for (text in listOf("What did you learn?", "That is all I need.")) model.play(listOf(Act.Say(text), Act.Signal(Signal.Enough)))
        assertFalse(debrief.send("It worked.").over)
        assertTrue(debrief.send("I learned that tests come first.").over)
        val left = coach.opened()
        assertTrue(left.stop().over)
        assertEquals(2, model.requests().size)
    }

    @OverBothStores
    fun `i8 proposals are grounded and need a verdict`(store: String) = test {
        val model = ScriptedModel()
        val coach = coach(model.model(), own = stored(store))
        val ana = coach.user("ana")
        ana.saveProfile(Profile(skills = listOf("SQL"), careerGoals = "Lead a team"))
        val debrief = coach.opened()
        model.say("What did you learn?")
        debrief.send("I learned Rust while I wrote it. I want to write a compiler now.")
        debrief.stop()
        fun item(value: String) = """{"field": "skills", "value": "$value", "message": 2, "quote": "I learned $value"}"""
        val goals = """{"field": "career_goals", "value": "write a compiler", "message": 2, "quote": "I want to write a compiler"}"""
        model.say("""{"items": [${item("Rust")}, ${item("Go")}, $goals]}""")
        val proposal = debrief.propose()
        assertTrue(model.requests().last().output is Output.Json)
        assertEquals(listOf("Rust", "write a compiler"), proposal.items.map { (it.value as FieldValue.Text).text })
        assertEquals(listOf("I learned Rust", "I want to write a compiler"), proposal.items.map { it.evidence.first().quote })
        assertEquals(listOf("SQL"), ana.profile().skills)
        // Elsewhere it was changed after it was seen.
        ana.saveProfile(ana.profile().copy(careerGoals = "Lead two teams"))
        val conflict = debrief.apply(proposal.items.associate { it.id to Verdict.Accept }).conflicts.single()
        assertEquals(listOf<Any?>(ProfileField.CareerGoals, "Lead a team", "Lead two teams"), listOf(conflict.field, conflict.before, conflict.now))
        assertEquals(listOf("SQL", "Rust") to "Lead two teams", ana.profile().let { it.skills to it.careerGoals })
        ana.saveProfile(ana.profile().copy(careerGoals = "Lead a team"))
        assertTrue(debrief.apply(debrief.proposal().pending.associate { it.id to Verdict.Accept }).conflicts.isEmpty())
        assertEquals("write a compiler", ana.profile().careerGoals)
    }
}
