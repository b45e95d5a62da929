// A store written in Kotlin, in memory: what an app with a database of its own would write.

package completion.coach

import java.util.Arrays
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.yield

/** All that is kept of one user. A change is made on a copy, which takes its place when everything of it is written. */
data class Person(
    val account: Account,
    val actions: Map<String, Action> = emptyMap(),
    val threads: Map<ThreadId, ThreadState> = emptyMap(),
    val messages: List<Message> = emptyList(),
    val extractions: Map<String, Extraction> = emptyMap(),
    val attempts: Map<String, Attempt> = emptyMap(),
    val changes: List<ProfileChange> = emptyList(),
) {
    fun with(write: Write): Person = when (write) {
        is Write.Profile -> copy(account = account.copy(profile = write.profile))
        is Write.Consent -> copy(account = account.copy(consent = write.consent))
        is Write.Allowance -> copy(account = account.copy(allowance = write.allowance))
        is Write.Action -> copy(actions = actions + (write.action.id to write.action))
        is Write.RemoveAction -> copy(actions = actions - write.action).without(ThreadId.Debrief(write.action))
        is Write.Thread -> copy(threads = threads + (write.state.thread to write.state))
        is Write.RemoveThread -> without(write.thread)
        is Write.RemoveMessages -> copy(messages = messages.filterNot { it.thread == write.thread && it.seq <= write.until })
        is Write.Message -> {
            val new = write.content
            once(messages.none { it.id == new.id || (it.thread == new.thread && it.seq == new.seq) })
            copy(messages = (messages + new).sortedBy { it.seq })
        }
        is Write.Extraction -> copy(extractions = extractions + (write.extraction.id to write.extraction))
        is Write.Attempt -> copy(attempts = attempts + (write.attempt.id to write.attempt))
        is Write.Change -> {
            once(changes.none { it.seq == write.change.seq })
            copy(changes = (changes + write.change).sortedBy { it.seq }, account = account.copy(changes = write.change.seq))
        }
    }

    private fun without(thread: ThreadId) = copy(
        threads = threads - thread,
        messages = messages.filter { it.thread != thread },
        extractions = extractions.filterValues { it.thread != thread },
    )

    private fun once(isNew: Boolean) {
        if (!isNew) throw ErrorKind.CONFLICT.exception("there is one already")
    }
}

open class MemoryStore : ActionStore {
    private val people = mutableMapOf<String, Person>()
    private val lock = Mutex()

    private suspend fun <T> read(user: String, of: (Person) -> T): T? {
        yield()
        return lock.withLock { people[user]?.let(of) }
    }

    override suspend fun account(user: String): Account? = read(user) { it.account }

    override suspend fun actions(user: String): List<ActionRecord> = read(user) { person ->
        person.actions.values.sortedWith(compareBy(BYTES) { it.id }).map { ActionRecord(it, person.threads[ThreadId.Debrief(it.id)]) }
    }.orEmpty()

    override suspend fun conversation(user: String, thread: ThreadId, page: Page): Conversation? = read(user) { person ->
        val action = (thread as? ThreadId.Debrief)?.let { person.actions[it.action] ?: return@read null }
        val state = person.threads[thread]
        val before = page.before
        Conversation(
            account = person.account,
            action = action,
            state = state,
            attempt = state?.live?.let { person.attempts[it.attempt] },
            holderGone = false,
            messages = person.messages.filter { it.thread == thread && (before == null || it.seq < before) }.takeLast(page.size.count),
            found = person.messages.find { it.id == page.find }?.let { message ->
                Found(message, person.messages.find { it.thread == message.thread && it.seq > message.seq && it.role == Role.ASSISTANT })
            },
        )
    }

    override suspend fun extractions(user: String, thread: ThreadId?): List<Extraction> = read(user) { person ->
        val wanted = person.extractions.values.filter { thread == null || it.thread == thread }
        wanted.sortedWith(compareBy<Extraction> { it.createdAt }.thenBy(BYTES) { it.id })
    }.orEmpty()

    override suspend fun attempts(user: String, from: Timestamp, until: Timestamp): List<Attempt> = read(user) { person ->
        val wanted = person.attempts.values.filter { from <= it.startedAt && it.startedAt < until }
        wanted.sortedWith(compareBy<Attempt> { it.startedAt }.thenBy(BYTES) { it.id })
    }.orEmpty()

    override suspend fun changes(user: String, after: ULong, limit: UInt): List<ProfileChange> =
        read(user) { person -> person.changes.filter { it.seq > after }.take(limit.count) }.orEmpty()

    override suspend fun commit(user: String, change: Change) {
        yield()
        lock.withLock {
            val person = people[user]
            when {
                person == null && change.expected != 0uL -> throw ErrorKind.NOT_FOUND.exception("there is no such user")
                person != null && person.account.version != change.expected ->
                    throw ErrorKind.CONFLICT.exception("this was changed in the meantime; read it again and decide again")
            }
            val written = change.writes.fold(person ?: Person(NOBODY)) { so, write -> so.with(write) }
            people[user] = written.copy(account = written.account.copy(version = change.next))
        }
    }

    override suspend fun forget(user: String): Unit = lock.withLock { people -= user }

    private companion object {
        val NONE: Timestamp = Timestamp.fromEpochMilliseconds(0)
        val NOBODY = Account(version = 0uL, profile = Profile(), consent = null, allowance = Allowance(NONE, NONE), changes = 0uL)
        val UInt.count: Int get() = coerceAtMost(Int.MAX_VALUE.toUInt()).toInt()
        val BYTES: Comparator<String> = Comparator { a, b -> Arrays.compareUnsigned(a.encodeToByteArray(), b.encodeToByteArray()) }
    }
}
