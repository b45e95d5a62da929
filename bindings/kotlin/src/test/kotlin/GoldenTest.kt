// The golden debriefs of tests/golden, replayed over Kotlin's own values: the logs are those that Rust has written, to the byte.

package completion.coach

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.io.File
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Instant
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.MethodSource

class GoldenTest {
    @ParameterizedTest
    @MethodSource("files")
    fun `a golden debrief gives the log that is checked in`(file: File) = test {
        val golden = JsonParser.parseString(file.readText()).asJsonObject
        assertEquals(file.resolveSibling("${file.nameWithoutExtension}.log").readText(), Player(golden).play(golden))
        ran("golden")
    }

    @Test
    fun `they are there`() = assertTrue(files().size >= 8)

    companion object {
        @JvmStatic
        fun files(): List<File> = File("../../tests/golden").listFiles { it.extension == "json" }!!.sorted()
    }
}

private fun quoted(text: String): String = text.map { letter ->
    when {
        letter == '"' || letter == '\\' -> "\\$letter"
        letter == '\n' -> "\\n"
        letter == '\t' -> "\\t"
        letter < ' ' -> "\\u%04x".format(letter.code)
        else -> letter
    }
}.joinToString("", "\"", "\"")

/** A name in snake case, as all languages write it. */
private fun snake(name: String): String = name.replace(Regex("(?<=[a-z])(?=[A-Z])"), "_").lowercase()

/** A value that is no text: an enum, a list of them, a time, a number, yes or no; a dash for what is not there. */
private fun written(value: Any?): String = when (value) {
    null -> "-"
    is List<*> -> value.joinToString(",") { written(it) }.ifEmpty { "-" }
    is Enum<*> -> value.name.lowercase()
    is Instant -> value.toEpochMilliseconds().toString()
    is ProfileField.Custom -> "custom:${value.name}"
    is ProfileField -> snake(value::class.simpleName!!)
    else -> value.toString()
}

private fun FieldValue.quoted(): String = quoted((this as FieldValue.Text).text)

private fun JsonObject.text(key: String): String? = get(key)?.takeUnless { it.isJsonNull }?.asString

private fun JsonObject.texts(key: String): List<String> = getAsJsonArray(key)?.map { it.asString }.orEmpty()

private fun field(name: String): ProfileField = listOf(
    ProfileField.Name, ProfileField.Headline, ProfileField.Skills, ProfileField.Interests, ProfileField.Insights, ProfileField.CareerGoals,
    ProfileField.Seeking, ProfileField.Language, ProfileField.Summary, ProfileField.Location, ProfileField.Pronouns, ProfileField.MatchPreferences,
).first { written(it) == name }

/** One of the two kinds of conversation. */
private class Talk(private val debrief: Debrief?, private val chat: Chat) {
    fun open() = debrief?.open() ?: chat.open()

    fun resume() = debrief?.resume() ?: chat.resume()

    fun takeOver() = debrief?.takeOver() ?: chat.takeOver()

    fun stream(message: NewMessage) = debrief?.stream(message) ?: chat.stream(message)

    suspend fun messages(size: UInt, before: ULong?) = debrief?.messages(size, before) ?: chat.messages(size, before)

    suspend fun propose() = debrief?.propose() ?: chat.propose()

    suspend fun proposal() = debrief?.proposal() ?: chat.proposal()

    suspend fun apply(verdicts: Map<String, Verdict>) = debrief?.apply(verdicts) ?: chat.apply(verdicts)
}

private class Player(golden: JsonObject) {
    private val clock = ManualClock(Instant.fromEpochMilliseconds(1_767_225_600_000))
    private val coach: CompletionCoach
    private val log = StringBuilder()
    private var held: Turn? = null

    init {
        val set = golden.getAsJsonObject("coach") ?: JsonObject()
        val options = CoachOptions(
            delivery = set.text("delivery")?.let { Delivery.valueOf(it.uppercase()) },
            modelOpens = set["model_opens"]?.asBoolean == true,
            offlineFallback = set["offline_fallback"]?.asBoolean == true,
            vocabulary = set.getAsJsonArray("vocabulary")?.map { it.asJsonObject.run { Term(field(text("field")!!), text("name")!!) } }.orEmpty(),
            prices = set.getAsJsonObject("prices")?.let { table ->
                PriceTable(table.text("as_of")!!, table.getAsJsonArray("prices").map { price(it.asJsonObject) })
            },
        )
        val model = golden["model"]?.let { ScriptedModel.fromJson(it.toString(), clock).model() } ?: CoachModel.offlineGuide()
        coach = CompletionCoach.forTests(null, null, model, options, clock, SeededIds(1uL))
    }

    private fun price(of: JsonObject): Price {
        fun number(key: String) = of.text(key)!!.toULong()
        val upTo = of.text("up_to")?.toULong()
        return Price(of.text("provider")!!, of.text("model")!!, upTo, number("input"), number("output"), number("cache_read"), number("cache_write"))
    }

    suspend fun play(golden: JsonObject): String {
        golden.getAsJsonArray("steps").map { it.asJsonObject }.forEachIndexed { number, step ->
            log.append("# ${number + 1} ${step.text("do")}\n")
            try {
                if (!step(step)) line("ok")
            } catch (error: CoachException) {
                line("error", "kind" to error.kind, "retry_after" to error.retryAfter?.inWholeMilliseconds)
            }
        }
        return log.toString()
    }

    private fun line(name: String, vararg pairs: Pair<String, Any?>) {
        log.append(name)
        for ((key, value) in pairs) log.append(" $key=${written(value)}")
        log.append('\n')
    }

    /** Carries a step out, and says whether it had something to tell. */
    private suspend fun step(step: JsonObject): Boolean {
        val me = coach.user(step.text("user") ?: "ana")
        val id = step.text("action")
        val debrief = id?.let { me.debrief(it) }
        val thread = Talk(debrief, me.chat())
        when (val name = step.text("do")) {
            "advance" -> return false.also { clock.advance(step["millis"].asLong.milliseconds) }
            "save_profile" -> return false.also { me.saveProfile(profile(step.getAsJsonObject("profile"))) }
            "profile" -> profile(me.profile())
            "add_action" -> action(me.addAction(new(step)))
            "record_done" -> me.recordDone(new(step)).let { action(it.action); offer(it.offer) }
            "offer" -> offer(me.offer(id!!))
            "step" -> action(me.step(id!!, ActionStep.valueOf(step.text("step")!!.uppercase())))
            "actions" -> for (listed in me.actions()) { action(listed.action); state(listed.debrief) }
            "open" -> turn(thread.open())
            "resume" -> turn(thread.resume())
            "take_over" -> turn(thread.takeOver())
            "stream" -> turn(thread.stream(message(step)))
            "hold" -> held = thread.stream(message(step)).also { event(it.next()!!.single()) }
            "release" -> return false.also { held!!.close() }
            "finish" -> turn(held!!)
            "skip_question" -> reply(debrief!!.skipQuestion())
            "stop" -> reply(debrief!!.stop())
            "reopen" -> reply(debrief!!.reopen())
            "decline" -> return false.also { debrief!!.decline() }
            "later" -> return false.also { debrief!!.later(Instant.fromEpochMilliseconds(step["at"].asLong)) }
            "state" -> state(debrief!!.state())
            "messages" -> {
                val page = thread.messages(step["size"]?.asInt?.toUInt() ?: 100u, step["before"]?.asLong?.toULong())
                page.messages.forEach(::message)
                line("page", "before" to page.before)
            }
            "propose", "proposal" -> {
                val proposal = if (name == "propose") thread.propose() else thread.proposal()
                proposal.items.forEach { extraction("item", it) }
                proposal.known.forEach { extraction("known", it) }
            }
            "apply" -> {
                val items = thread.proposal().items
                val applied = thread.apply(step.getAsJsonArray("verdicts").map { it.asJsonObject }.associate { items[it["item"].asInt].id to verdict(it) })
                line("applied", "accepted" to applied.accepted.size, "rejected" to applied.rejected.size)
                for (conflict in applied.conflicts) {
                    val (before, now) = listOf(conflict.before, conflict.now).map { it?.let(::quoted) }
                    line("conflict", "field" to conflict.field, "before" to before, "now" to now, "proposed" to conflict.proposed.quoted())
                }
                profile(applied.profile)
            }
            "recap" -> {
                val recap = debrief!!.recap()
                line("recap", "outcome" to recap.outcome)
                for (it in recap.lines) line("recap_line", "step" to it.step, "cut" to it.cut, "label" to quoted(it.label), "quote" to quoted(it.quote))
                recap.next?.let { line("next", "kind" to quoted(it.kind.name), "title" to quoted(it.title)) }
            }
            "usage" -> usage(me.usage())
            "changes" -> for (it in me.changes(step["after"]?.asLong?.toULong() ?: 0uL)) {
                line("change", "seq" to it.seq, "at" to it.at, "cause" to it.cause, "fields" to it.fields, "extractions" to it.extractions.size)
            }
            "consent_needed" -> line("consent", "needed" to me.consentNeeded())
            "consent" -> {
                val shown = coach.disclosure(step.text("language") ?: "en")
                line("disclosure", "is_ai" to shown.isAi, "place" to shown.place, "text" to quoted(shown.text))
                return false.also { me.consent(shown) }
            }
            "withdraw_consent" -> return false.also { me.withdrawConsent() }
            "export" -> line("export", "bytes" to me.export().encodeToByteArray().size)
            "delete_action" -> return false.also { me.deleteAction(id!!) }
            "forget" -> return false.also { me.forget() }
            else -> error("there is no step $name")
        }
        return true
    }

    private fun new(step: JsonObject): NewAction =
        NewAction(ActionKind.named(step.text("kind")!!), step.text("title")!!, step.text("action"), step.text("description").orEmpty())

    private fun message(step: JsonObject): NewMessage =
        NewMessage(step.text("id"), step.text("typed")?.let { Said.Typed(it) } ?: Said.Chosen(step.text("choose")!!))

    private fun verdict(of: JsonObject): Verdict = when (of.text("verdict")) {
        "accept" -> Verdict.Accept
        "reject" -> Verdict.Reject
        else -> Verdict.Edit(FieldValue.Text(of.text("value")!!))
    }

    private fun profile(of: JsonObject) = Profile(
        name = of.text("name"), headline = of.text("headline"), careerGoals = of.text("career_goals"), seeking = of.text("seeking"),
        language = of.text("language"), skills = of.texts("skills"), interests = of.texts("interests"), insights = of.texts("insights"),
    )

    private suspend fun turn(turn: Turn) {
        var said = ""
        fun say() = said.takeIf { it.isNotEmpty() }?.let { event(TurnEvent.Text(it)); said = "" }
        try {
            turn.events().collect { event ->
                if (event is TurnEvent.Text) said += event.text else { say(); event(event) }
            }
        } finally {
            say()
        }
    }

    private fun event(event: TurnEvent) = when (event) {
        is TurnEvent.Text -> log.append("text ${quoted(event.text)}\n").let { }
        is TurnEvent.Choices -> event.choices.forEach { line("choice", "id" to quoted(it.id), "field" to it.field, "text" to quoted(it.text)) }
        is TurnEvent.AskedAgain -> line("asked_again", "gate" to event.finding.gate)
        is TurnEvent.Replaced -> line("replaced", "gate" to event.finding.gate)
        is TurnEvent.StoodIn -> line("stood_in", "kind" to event.kind)
        is TurnEvent.HandOver -> line("hand_over", "language" to quoted(event.language))
        is TurnEvent.Reply -> reply(event.reply)
    }

    private fun reply(it: Reply) {
        val findings = it.findings.map { finding -> finding.gate }
        line("reply", "exchange" to it.exchange, "review_due" to it.reviewDue, "over" to it.over, "ended" to it.ended, "findings" to findings)
        message(it.message)
    }

    private fun message(it: Message) = line(
        "message", "seq" to it.seq, "round" to it.round, "role" to it.role, "provenance" to it.provenance,
        "author" to it.author?.run { quoted("$provider/$model") }, "place" to it.author?.place, "choice" to it.choice?.let(::quoted),
        "choices" to it.choices.size, "at" to it.at, "id" to quoted(it.id), "text" to quoted(it.text),
    )

    private fun action(it: Action) = line(
        "action", "id" to quoted(it.id), "kind" to quoted(it.kind.name), "status" to it.status, "source" to it.source, "created_at" to it.createdAt,
        "started_at" to it.startedAt, "completed_at" to it.completedAt, "debrief_at" to it.completionStartedAt, "title" to quoted(it.title),
    )

    private fun offer(it: Offer) = line(
        "offer", "ask" to it.ask, "consent_needed" to it.consentNeeded, "text" to quoted(it.text), "tell_us" to quoted(it.tellUs),
        "just_done" to quoted(it.justDone), "later" to quoted(it.later),
    )

    private fun state(state: DebriefState) = line(
        "state", "is" to snake(state::class.simpleName!!), "ended" to (state as? DebriefState.Ended)?.ending, "until" to (state as? DebriefState.Deferred)?.until,
    )

    private fun profile(it: Profile) {
        val texts = listOf("name" to it.name, "headline" to it.headline, "career_goals" to it.careerGoals, "seeking" to it.seeking, "language" to it.language)
        for ((name, text) in texts) text?.let { log.append("$name ${quoted(text)}\n") }
        for ((name, items) in listOf("skill" to it.skills, "interest" to it.interests, "insight" to it.insights)) {
            for (item in items) log.append("$name ${quoted(item)}\n")
        }
    }

    private fun usage(report: UsageReport) {
        for (it in report.lines) line(
            "used", "operation" to it.operation, "provider" to quoted(it.provider), "model" to quoted(it.model), "attempts" to it.attempts,
            "failed" to it.failed, "cancelled" to it.cancelled, "requests" to it.usage.requests, "input" to it.usage.inputTokens,
            "output" to it.usage.outputTokens, "cache_read" to it.usage.cacheReadTokens, "cache_write" to it.usage.cacheWriteTokens, "cost" to it.cost,
        )
        line("usage", "cost" to report.cost, "prices_as_of" to quoted(report.pricesAsOf))
    }

    private fun extraction(name: String, it: Extraction) {
        line(
            name, "field" to it.field, "op" to it.operation, "status" to it.status, "basis" to it.basis, "checked" to it.checked, "cautions" to it.cautions,
            "value" to it.value.quoted(), "before" to it.before?.let(::quoted), "edited" to it.edited?.quoted(),
        )
        for (said in it.evidence) line(
            "quote", "start" to said.start, "end" to said.end, "start16" to said.startUtf16, "end16" to said.endUtf16, "quote" to quoted(said.quote),
        )
    }
}
