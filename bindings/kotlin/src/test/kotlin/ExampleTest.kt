// The README's snippets, and the example program with a person's answers on its standard input.

package completion.coach

import java.nio.file.Path
import kotlin.time.Duration.Companion.minutes
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import readme.readme

class ExampleTest {
    @TempDir lateinit var directory: Path

    private val file get() = directory.resolve("a.db").toString()

    private fun start(vararg options: String, environment: Map<String, String> = emptyMap()): Process {
        val program = jvm("example.DebriefKt", "--db", file, *options).redirectErrorStream(true)
        program.environment().keys.removeAll { it.startsWith("ANTHROPIC_") || it.startsWith("OPENAI_") }
        program.environment() += environment
        return program.start()
    }

    private fun run(vararg answers: String, options: Array<String> = emptyArray(), environment: Map<String, String> = emptyMap()): Pair<Int, String> {
        val process = start(*options, environment = environment)
        process.outputWriter().use { writer -> answers.forEach { writer.appendLine(it) } }
        val output = process.inputReader().readText()
        return process.waitFor() to output
    }

    /** Answers as often as it is asked, and kills it when it asks once more. */
    private fun killed(vararg answers: String, options: Array<String>) {
        val process = start(*options)
        val (output, input) = process.inputReader() to process.outputWriter()
        fun asked() = generateSequence { output.read().takeIf { it >= 0 }?.toChar() }.runningFold("") { seen, next -> seen + next }.first { it.endsWith("\n> ") }
        for (answer in answers) {
            asked()
            input.write(answer + "\n")
            input.flush()
        }
        asked()
        process.destroyForcibly().waitFor()
    }

    @Test
    fun `the README's snippets run`() = test { readme(directory.resolve("debriefs.db").toString()) }

    @Test
    fun `a debrief is held in a terminal killed in the middle and taken up again`() = test(2.minutes) {
        val title = "Replicated a result on a small model"
        val options = arrayOf("--title", title, "--kind", "replicate")
        val answers = listOf(
            "It worked on the small model, with half of the effect.",
            "I would write the evaluation before the training loop.",
            "I can now train a small model from nothing.",
            "I will test the larger model on Saturday.",
        )
        killed(answers[0], answers[1], options = options)
        val (status, output) = run(answers[2], answers[3], "y", "y")
        assertEquals(0, status, output)
        assertTrue(output.startsWith("Waiting: $title\nGoing on with: $title\n"), output)
        val quotes = output.substringAfter("In your own words\n").lines().takeWhile { it.isNotBlank() }.map { it.substringAfter(": ") }
        assertEquals(answers, quotes)
        assertTrue("1 kept, 0 left out." in output && "Added: I will test the larger model on Saturday" in output, output)
        assertTrue("Nothing waits" in run().second)
        val (_, refused) = run(*answers.toTypedArray(), "n", "n", options = options + arrayOf("--user", "ben"))
        assertTrue("0 kept, 1 left out." in refused && "Added" !in refused, refused)

        SqliteStore.open(file).use { store ->
            val coach = coach(store = store)
            for (user in listOf("me", "ben").map { coach.user(it) }) {
                val done = user.actions(ActionStatus.DONE).single()
                assertEquals(title to DebriefState.Reviewed, done.action.title to done.debrief)
                val messages = user.debrief(done.action.id).messages().messages
                assertEquals(answers, messages.filter { it.role == Role.USER }.map { it.text })
            }
            val me = coach.user("me")
            assertEquals(listOf("I would write the evaluation before the training loop."), me.profile().insights)
            assertEquals(listOf("I will test the larger model on Saturday"), me.actions(ActionStatus.ACTIVE).map { it.action.title })
            assertEquals(emptyList<String>(), coach.user("ben").profile().insights)
            assertEquals(emptyList<ListedAction>(), coach.user("ben").actions(ActionStatus.ACTIVE))
        }
    }

    @Test
    fun `it is held with a model and with the guide when there is none`() = Server { request, to ->
        val proposing = "response_format" in request
        to.send(STREAM + piece(if (proposing) """{\"items\": []}""" else "What did you learn from it?") + END)
    }.use { server ->
        val environment = mapOf("OPENAI_BASE_URL" to server.url, "OPENAI_MODEL" to "m")
        val (status, output) = run("It worked.", "stop", options = arrayOf("--title", "A parser", "--consent"), environment = environment)
        assertEquals(0, status, output)
        assertTrue("What did you learn from it?" in output && "0 kept" in output, output)
        server.close()
        val (_, alone) = run("It worked.", "stop", options = arrayOf("--title", "Another"), environment = environment)
        assertTrue("model_unavailable" in alone, alone)
    }
}
