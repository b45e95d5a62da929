// Errors as one thing: what every kind of them tells, and how code of the app's own makes one.

package completion.coach

import kotlin.time.Duration

/** What else is known of it. */
public val CoachException.details: ErrorDetails
    get() = when (this) {
        is CoachException.NotFound -> details
        is CoachException.InvalidInput -> details
        is CoachException.WrongStatus -> details
        is CoachException.Busy -> details
        is CoachException.Conflict -> details
        is CoachException.AllowanceSpent -> details
        is CoachException.DebriefOver -> details
        is CoachException.ConsentNeeded -> details
        is CoachException.HandedOver -> details
        is CoachException.ModelUnavailable -> details
        is CoachException.ModelRefused -> details
        is CoachException.ReplyIncomplete -> details
        is CoachException.RequestRejected -> details
        is CoachException.Unauthorised -> details
        is CoachException.StorageFull -> details
        is CoachException.StorageUnavailable -> details
        is CoachException.StorageDamaged -> details
        is CoachException.StorageNewer -> details
        is CoachException.Cancelled -> details
        is CoachException.Internal -> details
    }

/** Its kind, with the same names in every language. */
public val CoachException.kind: ErrorKind
    get() = when (this) {
        is CoachException.NotFound -> ErrorKind.NOT_FOUND
        is CoachException.InvalidInput -> ErrorKind.INVALID_INPUT
        is CoachException.WrongStatus -> ErrorKind.WRONG_STATUS
        is CoachException.Busy -> ErrorKind.BUSY
        is CoachException.Conflict -> ErrorKind.CONFLICT
        is CoachException.AllowanceSpent -> ErrorKind.ALLOWANCE_SPENT
        is CoachException.DebriefOver -> ErrorKind.DEBRIEF_OVER
        is CoachException.ConsentNeeded -> ErrorKind.CONSENT_NEEDED
        is CoachException.HandedOver -> ErrorKind.HANDED_OVER
        is CoachException.ModelUnavailable -> ErrorKind.MODEL_UNAVAILABLE
        is CoachException.ModelRefused -> ErrorKind.MODEL_REFUSED
        is CoachException.ReplyIncomplete -> ErrorKind.REPLY_INCOMPLETE
        is CoachException.RequestRejected -> ErrorKind.REQUEST_REJECTED
        is CoachException.Unauthorised -> ErrorKind.UNAUTHORISED
        is CoachException.StorageFull -> ErrorKind.STORAGE_FULL
        is CoachException.StorageUnavailable -> ErrorKind.STORAGE_UNAVAILABLE
        is CoachException.StorageDamaged -> ErrorKind.STORAGE_DAMAGED
        is CoachException.StorageNewer -> ErrorKind.STORAGE_NEWER
        is CoachException.Cancelled -> ErrorKind.CANCELLED
        is CoachException.Internal -> ErrorKind.INTERNAL
    }

/** Why, and what to do. Nothing that a person wrote, no key and no prompt is ever in it. */
public val CoachException.reason: String get() = details.reason

/** How long to wait before calling again, where that is known. */
public val CoachException.retryAfter: Duration? get() = details.retryAfter

/** Whether the same call to a model's server will fail again until somebody changes a setting, a key or an account. */
public val CoachException.isPermanent: Boolean get() = details.permanent

/** How many requests were sent to a model's server, where that is known. */
public val CoachException.attempts: UInt? get() = details.attempts

/** The model server's id of the request, where it gave one. */
public val CoachException.requestId: String? get() = details.requestId

/** The field that an [CoachException.InvalidInput] is about, in snake case. */
public val CoachException.field: String? get() = details.field

/** How much of that field would be accepted, where a limit was passed. */
public val CoachException.limit: ULong? get() = details.limit

/** The reasons of the errors behind this one, the nearest first. */
public val CoachException.causes: List<String> get() = details.causes

/**
 * An error of this kind, for a store, a model or a transport of the app's own to throw. The [reason] is a fixed text without anything that a
 * person wrote.
 */
public fun ErrorKind.exception(reason: String, retryAfter: Duration? = null): CoachException = exception(ErrorDetails(reason, retryAfter))

/** An error of this kind with everything that is known of it. */
public fun ErrorKind.exception(details: ErrorDetails): CoachException = when (this) {
    ErrorKind.NOT_FOUND -> CoachException.NotFound(details)
    ErrorKind.INVALID_INPUT -> CoachException.InvalidInput(details)
    ErrorKind.WRONG_STATUS -> CoachException.WrongStatus(details)
    ErrorKind.BUSY -> CoachException.Busy(details)
    ErrorKind.CONFLICT -> CoachException.Conflict(details)
    ErrorKind.ALLOWANCE_SPENT -> CoachException.AllowanceSpent(details)
    ErrorKind.DEBRIEF_OVER -> CoachException.DebriefOver(details)
    ErrorKind.CONSENT_NEEDED -> CoachException.ConsentNeeded(details)
    ErrorKind.HANDED_OVER -> CoachException.HandedOver(details)
    ErrorKind.MODEL_UNAVAILABLE -> CoachException.ModelUnavailable(details)
    ErrorKind.MODEL_REFUSED -> CoachException.ModelRefused(details)
    ErrorKind.REPLY_INCOMPLETE -> CoachException.ReplyIncomplete(details)
    ErrorKind.REQUEST_REJECTED -> CoachException.RequestRejected(details)
    ErrorKind.UNAUTHORISED -> CoachException.Unauthorised(details)
    ErrorKind.STORAGE_FULL -> CoachException.StorageFull(details)
    ErrorKind.STORAGE_UNAVAILABLE -> CoachException.StorageUnavailable(details)
    ErrorKind.STORAGE_DAMAGED -> CoachException.StorageDamaged(details)
    ErrorKind.STORAGE_NEWER -> CoachException.StorageNewer(details)
    ErrorKind.CANCELLED -> CoachException.Cancelled(details)
    ErrorKind.INTERNAL -> CoachException.Internal(details)
}
