// What the binding costs, in a process of its own: the first use, and one streamed piece.

package completion.coach

import kotlin.system.measureNanoTime
import kotlin.time.TimeSource
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.runBlocking

object Costs {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        val begun = TimeSource.Monotonic.markNow()
        uniffiEnsureInitialized()
        println("loading the library: ${begun.elapsedNow().inWholeMilliseconds} ms")
        val debrief = coach().opened()
        println("to the first question of a debrief, loading included: ${begun.elapsedNow().inWholeMilliseconds} ms")
        repeat(5) { pieces(debrief.action()) }
        println("one streamed piece, from a script in Rust to a flow in Kotlin: ${List(9) { pieces(debrief.action()) }.sorted()[4]} µs")
        println("one piece from a model in Kotlin to Rust: ${List(9) { handed() }.sorted()[4]} µs")
    }

    private const val PIECES = 1_000

    private suspend fun pieces(action: String): Long {
        val model = ScriptedModel()
        val debrief = coach(model.model(), CoachOptions(delivery = Delivery.LIVE, allowance = FREE)).opened(id = action)
        model.play(List(PIECES) { listOf(Act.Say("word "), Act.Yield) }.flatten())
        var events = 0
        val begun = TimeSource.Monotonic.markNow()
        debrief.stream("It worked.").events().collect { events++ }
        return begun.elapsedNow().inWholeMicroseconds / maxOf(events, 1)
    }

    private suspend fun handed(): Long {
        var took = 0L
        val own = mine { took = measureNanoTime { repeat(PIECES) { text("word ") } } / PIECES / 1_000 }
        coach(own).opened().send("It worked.")
        return took
    }
}
