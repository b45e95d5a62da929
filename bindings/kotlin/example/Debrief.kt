// The main job in a terminal: say what you finished, answer a few questions, read your own words, decide, go on.
//
// Options: --db PATH, --user ID, --title TEXT, --kind KIND, --lang CODE, --model offline|anthropic|openai, --consent.
// In the environment: ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, ANTHROPIC_MODEL; OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL.

package example

import completion.coach.*
import kotlin.system.exitProcess
import kotlin.time.Clock
import kotlinx.coroutines.runBlocking

fun main(arguments: Array<String>) = runBlocking {
    val options = options(arguments)
    try {
        SqliteStore.open(options["--db"] ?: "debrief.db").use { store ->
            CompletionCoach(store, model(options["--model"]), CoachOptions(offlineFallback = true)).use { visit(it, options) }
        }
    } catch (error: CoachException) {
        println("\n${error.kind.name.lowercase()}: ${error.reason}")
        exitProcess(1)
    }
}

/** One visit: something that was finished is looked back on, from where it stands to its end. */
private suspend fun visit(coach: CompletionCoach, options: Map<String, String>) {
    val me = coach.user(options["--user"] ?: "me")
    options["--lang"]?.let { me.saveProfile(profile(me).copy(language = it)) }
    if (me.consentNeeded()) {
        val disclosure = coach.disclosure(options["--lang"] ?: "en")
        println(disclosure.text)
        if ("--consent" in options || ask("May it be sent there? [y/N]") == "y") me.consent(disclosure)
    }
    val title = options["--title"]
    val action = if (title != null) {
        me.recordDone(NewAction(ActionKind.named(options["--kind"] ?: "other"), title)).action
    } else {
        val waiting = me.actions(ActionStatus.DONE).filter { it.waits }.map { it.action }
        for (action in waiting) println("Waiting: ${action.title}")
        waiting.firstOrNull()?.also { println("Going on with: ${it.title}") } ?: return println("Nothing waits. Pass --title with what you finished.")
    }
    val debrief = me.debrief(action.id)
    converse(debrief)
    val recap = debrief.recap()
    println("\nIn your own words")
    for (line in recap.lines) println("  ${line.label}: ${line.quote}")
    review(debrief)
    val next = recap.nextAction() ?: return
    if (ask("\nNext: ${next.title} Add it to what you do? [y/N]") == "y") println("Added: ${me.addAction(next).title}")
}

private val ListedAction.waits: Boolean
    get() = when (val state = debrief) {
        is DebriefState.Declined, is DebriefState.Reviewed -> false
        is DebriefState.Ended -> state.ending != Ending.HANDED_OVER
        is DebriefState.Deferred -> state.until <= Clock.System.now()
        else -> true
    }

/** From where it stands: this program is the only one at work on it, so that a reply that was never finished is asked for anew. */
private suspend fun converse(debrief: Debrief) {
    var reply = show(debrief.takeOver())
    while (!reply.over) {
        val choices = reply.message.choices
        choices.forEachIndexed { number, choice -> println("  ${number + 1}. ${choice.text}") }
        val answer = ask("")
        val choice = answer?.toIntOrNull()?.let { choices.getOrNull(it - 1) }
        reply = when {
            answer.isNullOrEmpty() || answer == "stop" -> debrief.stop().also { println(it.message.text) }
            answer == "skip" -> debrief.skipQuestion().also { println(it.message.text) }
            choice != null -> show(debrief.stream(choice))
            else -> show(debrief.stream(answer))
        }
    }
}

/** Prints a reply as it comes. */
private suspend fun show(turn: Turn): Reply {
    var reply: Reply? = null
    println()
    turn.events().collect { event ->
        when (event) {
            is TurnEvent.Text -> print(event.text)
            is TurnEvent.StoodIn -> println("(the guide asks: ${event.kind.name.lowercase()})")
            is TurnEvent.HandOver -> println("(somebody should be with you now)")
            is TurnEvent.Reply -> reply = event.reply
            is TurnEvent.Choices, is TurnEvent.AskedAgain, is TurnEvent.Replaced -> Unit
        }
    }
    println()
    return checkNotNull(reply)
}

private suspend fun review(debrief: Debrief) {
    val verdicts = mutableMapOf<String, Verdict>()
    for (item in debrief.propose().pending) {
        println("\n${field(item.field)} ← ${value(item.value)}\n  because you said: ${item.evidence.first().quote}")
        verdicts[item.id] = when (val answer = ask("[y]es, [n]o, or your own words")) {
            null, "" -> continue
            "y" -> Verdict.Accept
            "n" -> Verdict.Reject
            else -> Verdict.Edit(FieldValue.Text(answer))
        }
    }
    val applied = debrief.apply(verdicts)
    println("\n${applied.accepted.size} kept, ${applied.rejected.size} left out.")
}

private fun field(field: ProfileField): String = if (field is ProfileField.Custom) field.name else field::class.simpleName.orEmpty().lowercase()

private fun value(value: FieldValue): String = when (value) {
    is FieldValue.Text -> value.text
    is FieldValue.Work -> "${value.work.title}, ${value.work.organization}"
    is FieldValue.Education -> listOfNotNull(value.education.degree, value.education.institution).joinToString(", ")
}

private suspend fun profile(me: User): Profile = try {
    me.profile()
} catch (_: CoachException.NotFound) {
    Profile()
}

/** What the person answers; nothing at the end of the input. */
private fun ask(question: String): String? {
    if (question.isNotEmpty()) println(question)
    print("> ")
    return readlnOrNull()?.trim()
}

/** The model that is named, or else the one that there is a key for. */
private fun model(named: String?): CoachModel {
    fun variable(name: String): String? = System.getenv(name)?.takeIf { it.isNotBlank() }
    fun key(name: String) = if (variable(name) == null) Credentials.none() else Credentials.environment(name)
    val found = if (variable("ANTHROPIC_API_KEY") != null) "anthropic" else if (variable("OPENAI_MODEL") != null) "openai" else "offline"
    return when (named ?: found) {
        "anthropic" -> {
            val endpoint = Endpoint(variable("ANTHROPIC_BASE_URL") ?: anthropicBaseUrl(), Credentials.environment("ANTHROPIC_API_KEY"))
            CoachModel.anthropic(variable("ANTHROPIC_MODEL") ?: "claude-sonnet-5-5", endpoint)
        }
        "openai" -> {
            val endpoint = Endpoint(variable("OPENAI_BASE_URL") ?: openAiBaseUrl(), key("OPENAI_API_KEY"))
            CoachModel.openAi(variable("OPENAI_MODEL").orEmpty(), endpoint)
        }
        else -> CoachModel.offlineGuide()
    }
}

private fun options(arguments: Array<String>): Map<String, String> {
    val options = mutableMapOf<String, String>()
    val rest = arguments.iterator()
    while (rest.hasNext()) {
        val name = rest.next()
        options[name] = if (name == "--consent") "" else if (rest.hasNext()) rest.next() else ""
    }
    return options
}
