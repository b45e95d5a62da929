// What the binding costs, in a process of its own: the first use, and one streamed piece.

package completion.coach

import kotlin.system.measureNanoTime
import kotlin.time.TimeSource
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.runBlocking

object Costs {
    @JvmStatic
    fun main(arguments: Array<String>) = runBlocking {
        val begun = TimeSource.Monotonic.markNow()
        uniffiEnsureInitialized()
        println("loading the library: ${begun.elapsedNow().inWholeMilliseconds} ms")
        coach().opened()
        println("to the first question of a debrief, loading included: ${begun.elapsedNow().inWholeMilliseconds} ms")
        repeat(5) { pieces() }
        println("one piece from a model in Kotlin through the core to a flow in Kotlin, and word of it back: ${List(9) { pieces() }.sorted()[4]} µs")
        println("one piece from a model in Kotlin to Rust: ${List(9) { handed() }.sorted()[4]} µs")
    }

    private const val PIECES = 500

    private suspend fun pieces(): Long {
        val seen = Channel<Unit>()
        var took = 0L
        val own = mine { took = measureNanoTime { repeat(PIECES) { text("word "); seen.receive() } } / PIECES / 1_000 }
        val debrief = coach(own, CoachOptions(delivery = Delivery.LIVE, allowance = FREE)).opened()
        debrief.stream("It worked.").events().collect { event -> if (event is TurnEvent.Text) seen.send(Unit) }
        return took
    }

    private suspend fun handed(): Long {
        var took = 0L
        val own = mine { took = measureNanoTime { repeat(PIECES) { text("word ") } } / PIECES / 1_000 }
        coach(own).opened().send("It worked.")
        return took
    }
}
