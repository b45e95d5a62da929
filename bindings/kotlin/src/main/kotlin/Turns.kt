// Conversations as Kotlin holds them: text in, a flow of events out, and nothing goes on that nobody collects.

package completion.coach

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * The events of the turn as they come; the last one is [TurnEvent.Reply].
 *
 * Leaving the flow in any way (an early `first` or `take`, an exception, a cancelled coroutine) ends the request to the model at once.
 * What the person said stays, and is answered by `resume`. A flow that was collected to its end gives nothing more.
 *
 * @throws CoachException what ended the turn without a reply.
 */
public fun Turn.events(): Flow<TurnEvent> = flow {
    try {
        while (true) {
            for (event in next() ?: break) emit(event)
        }
    } finally {
        cancel()
    }
}

/** The reply's text as it comes, without the other events. It ends the turn as [events] does. */
public fun Turn.text(): Flow<String> = flow {
    events().collect { event -> if (event is TurnEvent.Text) emit(event.text) }
}

/** Something in the person's own words. With an [id] of the app's it is stored once, however often it is sent. */
public fun NewMessage.Companion.typed(text: String, id: String? = null): NewMessage = NewMessage(id, Said.Typed(text))

/** One of the choices that the coach's last message offers. */
public fun NewMessage.Companion.choose(choice: Choice, id: String? = null): NewMessage = NewMessage(id, Said.Chosen(choice.id))

/** Says something in the person's own words and streams the reply. */
public fun Debrief.stream(text: String, id: String? = null): Turn = stream(NewMessage.typed(text, id))

/** Takes one of the choices and streams the reply. */
public fun Debrief.stream(choice: Choice, id: String? = null): Turn = stream(NewMessage.choose(choice, id))

/** Says something in the person's own words and gives the whole reply. Cancelling ends the request. */
public suspend fun Debrief.send(text: String, id: String? = null): Reply = send(NewMessage.typed(text, id))

/** Takes one of the choices and gives the whole reply. Cancelling ends the request. */
public suspend fun Debrief.send(choice: Choice, id: String? = null): Reply = send(NewMessage.choose(choice, id))

/** Says something in the person's own words and streams the reply. */
public fun Chat.stream(text: String, id: String? = null): Turn = stream(NewMessage.typed(text, id))

/** Takes one of the choices and streams the reply. */
public fun Chat.stream(choice: Choice, id: String? = null): Turn = stream(NewMessage.choose(choice, id))

/** Says something in the person's own words and gives the whole reply. Cancelling ends the request. */
public suspend fun Chat.send(text: String, id: String? = null): Reply = send(NewMessage.typed(text, id))

/** Takes one of the choices and gives the whole reply. Cancelling ends the request. */
public suspend fun Chat.send(choice: Choice, id: String? = null): Reply = send(NewMessage.choose(choice, id))
