// The whole API, from the first question to the last byte.

package completion.coach

import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.Instant
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.toList
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource

class DebriefTest {
    @ParameterizedTest
    @ValueSource(strings = ["sqlite", "kotlin"])
    fun `a debrief is held offline and its proposals are applied`(store: String) = test {
        val coach = coach(options = CoachOptions(budget = Budget(1u, 3u), allowance = FREE), own = stored(store))
        val ana = coach.user("ana")
        ana.saveProfile(Profile(name = "Ana", skills = listOf("SQL")))
        val debrief = coach.done()
        val opening = debrief.open().all()
        assertTrue(opening.first() is TurnEvent.Text && opening.last() is TurnEvent.Reply)
        val choices = opening.filterIsInstance<TurnEvent.Choices>().single().choices
        assertEquals(1u, debrief.send(choices.first()).exchange)
        val second = debrief.stream("I learned that tests come first.", "m-1").all()
        assertEquals(second.text, second.reply.message.text)
        assertEquals(second.reply.message.id, debrief.send("I learned that tests come first.", "m-1").message.id)
        assertTrue(debrief.skipQuestion().run { over && reviewDue })

        val page = debrief.messages()
        assertEquals("m-1", page.messages.last { it.role == Role.USER }.id)
        assertEquals(2, debrief.messages(size = 2u).messages.size)
        val proposal = debrief.propose()
        assertEquals(proposal, debrief.proposal())
        val (first) = proposal.pending
        val evidence = first.evidence.first()
        assertEquals(evidence.quote, page.messages.single { it.id == evidence.message }.text.substring(evidence.range))
        val verdicts = proposal.pending.associate { it.id to Verdict.Reject } + (first.id to Verdict.Edit(FieldValue.Text("Tests come first")))
        val applied = debrief.apply(verdicts)
        assertEquals(listOf(first.id), applied.accepted)
        assertTrue("Tests come first" in ana.profile().insights)
        failing<CoachException.Conflict> { debrief.apply(mapOf(first.id to Verdict.Reject)) }
        assertEquals(DebriefState.Reviewed, debrief.state())
        assertTrue(debrief.recap().lines.isNotEmpty())

        failing<CoachException.DebriefOver> { debrief.send("One more.") }
        debrief.reopen()
        assertTrue(debrief.stop().over)
        debrief.report(page.messages.first().id, "It was off the point.")
        assertEquals(Report(page.messages.first().id, "It was off the point."), ana.changes().last().report)
        debrief.delete()
        assertEquals(DebriefState.None, debrief.state())
        ran("offline")
        ran("proposals")
    }

    @Test
    fun `what the person names as their next step becomes an action`() = test {
        val coach = coach()
        val debrief = coach.opened()
        for (text in listOf("It works, and two colleagues use it already.", "I learned Rust.", "I want to write compilers now.")) debrief.send(text)
        assertTrue(debrief.send("I will ask my team for a week on it.").over)
        val next = debrief.recap().nextAction()!!
        assertEquals(ActionSource.DEBRIEF, coach.user("ana").addAction(next).source)
    }

    @Test
    fun `pieces choices and signals of a model come in order`() = test {
        val model = ScriptedModel()
        val debrief = coach(model.model(), CoachOptions(delivery = Delivery.LIVE, budget = Budget(1u, 4u), allowance = FREE)).opened()
        val choices = listOf(Choice("a", "Nothing"), Choice("b", "A lot"))
        model.play(listOf("What ", "did you ", "learn?").map { Act.Say(it) } + Act.Offer(choices) + Act.Signal(Signal.Outcome(Outcome.FAILURE)))
        val events = debrief.stream("Well.").all()
        assertEquals("What did you learn?", events.text)
        assertEquals(listOf(TurnEvent.Choices(choices)), events.filterIsInstance<TurnEvent.Choices>())
        assertTrue(events.indexOfFirst { it is TurnEvent.Choices } > events.indexOfFirst { it is TurnEvent.Text })
        assertEquals(Outcome.FAILURE, debrief.recap().outcome)
        model.play(listOf(Act.Say("That is "), Act.Say("all."), Act.Signal(Signal.Enough)))
        val turn = debrief.stream("It worked and I learned Rust.")
        assertEquals("That is all.", turn.text().toList().joinToString(""))
        assertEquals(emptyList<TurnEvent>(), turn.all())
        ran("streaming")
    }

    @Test
    fun `an offer is declined or put off`() = test {
        val clock = ManualClock(NOW)
        val coach = coach(clock = clock)
        val debrief = coach.done()
        val ana = coach.user("ana")
        val offer = ana.offer(debrief.action())
        assertTrue(offer.ask && offer.text.isNotBlank() && !offer.consentNeeded)
        assertEquals(coach.disclosure("en"), offer.disclosure)
        debrief.later(NOW + 1.hours)
        assertEquals(DebriefState.Deferred(NOW + 1.hours), debrief.state())
        assertFalse(ana.offer(debrief.action()).ask)
        clock.advance(1.hours)
        assertTrue(ana.offer(debrief.action()).ask)
        debrief.decline()
        assertEquals(DebriefState.Declined, debrief.state())
    }

    @Test
    fun `actions are taken through their steps`() = test {
        val ana = coach().user("ana")
        val new = NewAction(ActionKind.named("teach_write"), "A tutorial", "t-1", hostData = mapOf("job" to "7"))
        assertEquals(listOf(ActionKind.TeachWrite, "teach_write", "diving"), listOf(new.kind, new.kind.name, ActionKind.named("diving").name))
        val action = ana.addAction(new)
        assertEquals(action, ana.addAction(NewAction(ActionKind.Other("x"), "Another", "t-1")))
        val steps = listOf(ana::saveAction, ana::unsaveAction, ana::startAction, ana::cancelAction, ana::startAction, ana::completeAction)
        val statuses = steps.map { it("t-1").status }
        assertEquals("SAVED ACTIVE IN_PROGRESS ACTIVE IN_PROGRESS DONE", statuses.joinToString(" "))
        assertEquals(ActionStatus.IN_PROGRESS, ana.reopenAction("t-1").status)
        ana.step("t-1", ActionStep.COMPLETE)
        assertNotEquals(null, ana.markCompletionStarted("t-1").completionStartedAt)
        assertTrue("reopen_action" in failing<CoachException.WrongStatus> { ana.reopenAction("t-1") }.reason)
        val other = ana.addAction(NewAction(ActionKind.Volunteer, "Help out"))
        assertEquals(ActionStatus.DISMISSED, ana.dismissAction(other.id).status)
        assertEquals(listOf("t-1"), ana.actions(ActionStatus.DONE).map { it.action.id })
        val suggestions = listOf("One", "Two").map { NewAction(ActionKind.Replicate, it) }
        assertEquals(listOf(ActionSource.SUGGESTED), ana.replaceSuggestions(suggestions).map { it.source }.distinct())
        assertEquals(4, ana.actions().size)
        ana.deleteAction("t-1")
        failing<CoachException.NotFound> { ana.action("t-1") }
    }

    @Test
    fun `the chat has no debrief in it`() = test {
        val model = ScriptedModel()
        val coach = coach(model.model())
        model.say("What did you learn?")
        coach.opened().send("It worked.")
        val chat = coach.user("ana").chat()
        chat.open().reply()
        model.say("What would help?")
        assertEquals("What would help?", chat.send("I look for a job.").message.text)
        assertEquals(List(3) { ThreadId.General }, chat.messages().messages.map { it.thread })
        assertTrue(model.requests().last().parts.none { "It worked." in it.text })
        assertEquals(chat.resume().reply().message, chat.takeOver().reply().message)
        assertEquals(emptyList<String>(), chat.apply(emptyMap()).accepted)
        chat.delete()
        assertTrue(chat.messages().messages.isEmpty())
        ran("chat")
    }

    @Test
    fun `a remote model gets nothing without consent`() = test {
        val model = ScriptedModel(REMOTE)
        val coach = coach(model.model())
        val debrief = coach.opened()
        val ana = coach.user("ana")
        assertTrue(ana.consentNeeded())
        assertNotEquals(coach.disclosure("es").text, coach.disclosure("en").text)
        failing<CoachException.ConsentNeeded> { debrief.send("It worked.") }
        assertTrue(model.requests().isEmpty())
        ana.consent(coach.disclosure("en"))
        model.say("What did you learn?")
        debrief.send("It worked.")
        assertEquals(1, model.requests().size)
        ana.withdrawConsent()
        assertTrue(ana.consentNeeded())
        ran("consent")
    }

    @Test
    fun `without a network the guide stands in and says so`() = test {
        val model = ScriptedModel()
        model.play(listOf(Act.Fail(ErrorKind.MODEL_UNAVAILABLE)))
        val debrief = coach(model.model(), CoachOptions(offlineFallback = true, allowance = FREE)).opened()
        val events = debrief.stream("It worked.").all()
        assertTrue(TurnEvent.StoodIn(ErrorKind.MODEL_UNAVAILABLE) in events)
        assertEquals("guide", events.reply.message.author?.provider)
    }

    @ParameterizedTest
    @ValueSource(strings = ["sqlite", "kotlin"])
    fun `everything goes out comes in and is forgotten`(store: String) = test {
        val coach = coach(own = stored(store))
        val debrief = coach.opened()
        debrief.send("It worked.")
        val export = coach.user("ana").export()
        val bea = coach.user("bea")
        bea.import(export)
        val texts = bea.debrief(debrief.action()).messages().messages.map { it.text }
        assertEquals(debrief.messages().messages.map { it.text }, texts)
        failing<CoachException.Conflict> { bea.import(export) }
        bea.forget()
        failing<CoachException.NotFound> { bea.profile() }
        assertEquals(3, debrief.messages().messages.size)
        ran("transfer")
        ran("forget")
    }

    @Test
    fun `old transcripts expire`() = test {
        val clock = ManualClock(NOW)
        val coach = coach(options = CoachOptions(retention = 30.days), clock = clock)
        coach.opened().stop()
        assertEquals(0u, coach.user("ana").expire())
        clock.advance(31.days)
        assertEquals(2u, coach.user("ana").expire())
    }

    @Test
    fun `usage is told for a period`() = test {
        val clock = ManualClock(NOW)
        val model = ScriptedModel(REMOTE)
        val prices = PriceTable("2026-11-20", listOf(Price("far away", "big-1", null, 1_000_000uL, 2_000_000uL, 0uL, 0uL)))
        val coach = coach(model.model(), CoachOptions(prices = prices, allowance = FREE), clock = clock)
        val debrief = coach.opened()
        val ana = coach.user("ana")
        ana.consent(coach.disclosure("en"))
        model.play(listOf(Act.Say("What did you learn?"), Act.Use(Usage(1u, 100uL, 10uL))))
        debrief.send("It worked.")
        val line = ana.usage().lines.single()
        assertEquals(listOf<Any?>(Operation.REPLY, "big-1", 1uL, 120uL), listOf(line.operation, line.model, line.attempts, line.cost))
        assertTrue(ana.usage(since = NOW + 1.days).lines.isEmpty())
        assertEquals(1, ana.usage(NOW, NOW + 1.days).lines.size)
        ran("usage")
    }

    @Test
    fun `every option reaches the core`() = test {
        val model = ScriptedModel()
        val options = CoachOptions(
            budget = Budget(1u, 2u),
            limits = defaultLimits().copy(message = 20u),
            allowance = AllowanceRates(Rate(60u, 3u), Rate(60u, 3u)),
            delivery = Delivery.LIVE,
            modelOpens = true,
            fieldOfWork = "marine biology",
            tone = "warm",
            instructions = "Never mention fish.",
            vocabulary = listOf(Term(ProfileField.Skills, "Rust", listOf("rustlang"))),
            prices = PriceTable("2026-11-20", emptyList()),
            texts = mapOf("en" to mapOf("offer.later" to "Not now")),
            language = "en",
            turnDeadline = 5.seconds,
            retention = 1.days,
        )
        val coach = coach(model.model(), options, clock = ManualClock(NOW))
        model.say("What came of it?")
        val debrief = coach.opened()
        val prompt = model.requests().first().parts.joinToString { it.text }
        for (words in listOf("marine biology", "warm", "Never mention fish.")) assertTrue(words in prompt)
        assertEquals("Not now", coach.user("ana").offer(debrief.action()).later)
        assertEquals("Later", defaultTexts("en")["offer.later"])
        assertEquals(defaultTexts("en").keys, defaultTexts("es-MX").keys)
        assertTrue(defaultTexts("xx").isEmpty())
        val long = failing<CoachException.InvalidInput> { debrief.send("x".repeat(21)) }
        assertEquals(listOf<Any?>("message", 20uL), listOf(long.field, long.limit))
        model.say("Two? Questions?")
        val finding = debrief.send("Fine.").findings.single()
        assertEquals(Gate.SEVERAL_QUESTIONS, finding.gate)
        val invalid = failing<CoachException.InvalidInput> { coach(options = CoachOptions(budget = Budget(3u, 2u))) }
        assertTrue(invalid.reason.isNotBlank())
    }

    @Test
    fun `a turn of nobody's is finished in the background`() = test {
        val model = ScriptedModel()
        val debrief = coach(model.model()).opened()
        model.play(listOf(Act.Say("What did "), Act.Yield, Act.Say("you learn?")))
        debrief.stream("It worked.").use { it.finishInBackground() }
        while (debrief.messages().messages.size < 3) delay(5.milliseconds)
        assertEquals("What did you learn?", debrief.messages().messages.last().text)
    }

    @Test
    fun `a store is copied and cleaned`(@TempDir directory: Path) = test {
        val copy = directory.resolve("b.db").toString()
        SqliteStore.open(directory.resolve("a.db").toString(), wait = 1.seconds).use { store ->
            coach(store = store).user("ana").saveProfile(Profile(name = "Ana"))
            store.backUp(copy)
            store.eraseTraces()
            failing<CoachException.InvalidInput> { store.backUp(copy) }
            store.pause()
        }
        assertEquals(listOf("a.db", "b.db"), Files.list(directory).map { it.fileName.toString() }.sorted().toList())
        SqliteStore.open(copy).use { store -> assertEquals("Ana", coach(store = store).user("ana").profile().name) }
    }

    @Test
    fun `proposals come from a transcript that was held elsewhere`() = test {
        val said = listOf(TranscriptMessage(Role.ASSISTANT, "What came of it?"), TranscriptMessage(Role.USER, "I rewrote it in SQL."))
        val proposal = extract(Profile(skills = listOf("SQL")), said, CoachModel.offlineGuide())
        assertEquals("2", proposal.known.first().evidence.first().message)
        val turn = "🎉 What came of it? And why?"
        val finding = checkTurn(turn, TurnFacts(language = "en")).findings.single { it.gate == Gate.SEVERAL_QUESTIONS }
        assertTrue('?' in turn.substring(finding.range))
    }

    @Test
    fun `a corpus is evaluated with its progress`() = test {
        val cases = readEvaluationCases("""[{"name": "a", "messages": [{"role": "user", "text": "Nothing much."}], "empty": true}]""")
        val steps = mutableListOf<Pair<UInt, UInt>>()
        val progress = object : EvaluationProgress {
            override fun step(done: UInt, of: UInt) {
                steps += done to of
            }
        }
        val options = EvaluationOptions(voice = Voice(), prices = defaultPrices())
        val report = evaluate(cases, options, CoachModel.offlineGuide(), progress)
        assertEquals(1u, report.total.cases)
        assertTrue("precision" in report.table())
        assertEquals(1u to 1u, steps.last())
    }

    @Test
    fun `a quote's range counts as Kotlin's strings do`() = test {
        val debrief = coach().opened()
        val text = "🎉🎉 I learned that tests come first. 🎉"
        debrief.send("It works, and two colleagues use it already.")
        debrief.send(text, "m-1")
        debrief.stop()
        val evidence = debrief.propose().items.flatMap { it.evidence }.first { it.message == "m-1" }
        assertTrue("🎉" in text.substring(0, evidence.range.last))
        assertEquals(evidence.quote, text.substring(evidence.range))
    }

    private companion object {
        val NOW = Instant.parse("2026-05-01T08:00:00Z")
    }
}
