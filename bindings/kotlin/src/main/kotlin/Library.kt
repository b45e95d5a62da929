// The native library: when it is loaded, and how it is looked at.

package completion.coach

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/**
 * Loads the native library on a thread of its own.
 *
 * It is loaded by the first call anyway, which then takes a few hundred milliseconds longer on whatever thread makes it. An app that calls
 * this at its start, in a coroutine, has no such pause later.
 */
public suspend fun loadCompletionCoach(): Unit = withContext(Dispatchers.IO) { uniffiEnsureInitialized() }
