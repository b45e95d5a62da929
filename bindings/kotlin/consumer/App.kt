import completion.coach.*

suspend fun main() {
    val ana = CompletionCoach(SqliteStore.inMemory(), CoachModel.offlineGuide()).user("ana")
    val debrief = ana.debrief(ana.recordDone(NewAction(ActionKind.BuildTools, "A parser for log files")).action.id)
    debrief.open().events().collect { event -> if (event is TurnEvent.Text) println(event.text) }
    debrief.send("It works well.")
    debrief.send("I learned that tests come first.")
    debrief.stop()
    println(debrief.propose().pending.joinToString { "${it.value} because of “${it.evidence.first().quote}”" })
}
