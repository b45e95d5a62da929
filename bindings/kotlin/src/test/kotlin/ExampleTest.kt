// The README's snippets, and the example program with a person's answers on its standard input.

package completion.coach

import java.nio.file.Path
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import readme.readme

class ExampleTest {
    @TempDir lateinit var directory: Path

    private fun run(vararg answers: String, options: Array<String> = emptyArray(), environment: Map<String, String> = emptyMap()): Pair<Int, String> {
        val program = jvm("example.DebriefKt", "--db", directory.resolve("a.db").toString(), *options).redirectErrorStream(true)
        program.environment().keys.removeAll { it.startsWith("ANTHROPIC_") || it.startsWith("OPENAI_") }
        program.environment() += environment
        val process = program.start()
        process.outputWriter().use { writer -> answers.forEach { writer.appendLine(it) } }
        val output = process.inputReader().readText()
        return process.waitFor() to output
    }

    @Test
    fun `the README's snippets run`() = test { readme(directory.resolve("debriefs.db").toString()) }

    @Test
    fun `a debrief is held in a terminal left and taken up again`() {
        val title = arrayOf("--title", "A parser for log files", "--kind", "build_tools")
        val (status, first) = run("It works, and two colleagues use it already.", "I learned that tests come first.", options = title)
        assertEquals(0, status, first)
        assertTrue("In your own words" in first && "I learned that tests come first" in first, first)
        val (_, again) = run("y", "y", "y", "y", "y")
        assertTrue("kept" in again || "Nothing waits" in again, again)
        assertFalse("Exception" in first + again)
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
