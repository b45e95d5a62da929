"""Why a call failed: one class for each kind. The texts are the library's own and hold nothing that a person wrote."""

from __future__ import annotations

from collections.abc import Mapping

from ._data import TYPE_CHECKING, ErrorKind

if TYPE_CHECKING:
    from typing import Any, ClassVar

__all__ = [
    "AllowanceSpentError",
    "BusyError",
    "CoachError",
    "ConflictError",
    "ConsentNeededError",
    "DebriefOverError",
    "ErrorKind",
    "HandedOverError",
    "InternalError",
    "InvalidInputError",
    "ModelRefusedError",
    "ModelUnavailableError",
    "NotFoundError",
    "ReplyIncompleteError",
    "RequestRejectedError",
    "StorageDamagedError",
    "StorageFullError",
    "StorageNewerError",
    "StorageUnavailableError",
    "TurnCancelledError",
    "UnauthorisedError",
    "WrongStatusError",
]


class CoachError(Exception):
    """Why a call failed, and what to do about it. Catch this one for all of them.

    A store or a model of your own raises one of the classes below. The reason is shown to people: say what to do, in words of your own, and
    put nothing into it that a person wrote.

    Attributes:
        kind: What a host can act on.
        reason: What happened and what to do.
        field: The field that an `InvalidInputError` is about, such as `career_goals` or `material.label`.
        limit: How much of that field would be accepted: characters, items of a list, or bytes of an id.
        attempts: How many requests were sent to a model's server, where that is known.
        request_id: The model server's id of the request, where it gave one.
        is_permanent: Whether the same call fails again until somebody changes a setting, a key or an account.
        retry_after: How many seconds to wait before calling again, where that is known.
    """

    kind: ErrorKind = ErrorKind.INTERNAL

    _kinds: ClassVar[dict[ErrorKind, type[CoachError]]] = {}

    def __init_subclass__(cls) -> None:
        CoachError._kinds.setdefault(cls.kind, cls)

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        attempts: int | None = None,
        request_id: str | None = None,
        is_permanent: bool = False,
        field: str | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.limit = limit
        self.attempts = attempts
        self.request_id = request_id
        self.is_permanent = is_permanent or self.kind in (ErrorKind.REQUEST_REJECTED, ErrorKind.UNAUTHORISED)
        self.retry_after = retry_after


class NotFoundError(CoachError):
    """There is no such thing for this user. A stranger's id and one that never existed are told apart by nobody."""

    kind = ErrorKind.NOT_FOUND


class InvalidInputError(CoachError):
    """What was passed in cannot be used; `field` names it and `limit` says how much would fit."""

    kind = ErrorKind.INVALID_INPUT


class WrongStatusError(CoachError):
    """The action is not in a status in which this step can be taken."""

    kind = ErrorKind.WRONG_STATUS


class BusyError(CoachError):
    """A reply is in the making on this thread: wait for `retry_after` seconds and call again, or take over."""

    kind = ErrorKind.BUSY


class ConflictError(CoachError):
    """What the call was decided on has changed in the meantime: read again and decide again."""

    kind = ErrorKind.CONFLICT


class AllowanceSpentError(CoachError):
    """Too many turns or proposals in a short time; `retry_after` says when the next one is allowed."""

    kind = ErrorKind.ALLOWANCE_SPENT


class DebriefOverError(CoachError):
    """The debrief has ended. Only reopening it starts a new round."""

    kind = ErrorKind.DEBRIEF_OVER


class ConsentNeededError(CoachError):
    """The model is remote, and the user has not agreed to what would be shared with it."""

    kind = ErrorKind.CONSENT_NEEDED


class HandedOverError(CoachError):
    """The debrief was handed over to people; no coach goes on with it."""

    kind = ErrorKind.HANDED_OVER


class ModelUnavailableError(CoachError):
    """The model could not be reached, or did not answer in time. Nothing is lost; resume later."""

    kind = ErrorKind.MODEL_UNAVAILABLE


class ModelRefusedError(CoachError):
    """The model declined to answer. Nothing is stored of it."""

    kind = ErrorKind.MODEL_REFUSED


class ReplyIncompleteError(CoachError):
    """The reply was cut off or empty. Nothing is stored of it; resume to ask again."""

    kind = ErrorKind.REPLY_INCOMPLETE


class RequestRejectedError(CoachError):
    """The model's server found the request wrong. Repeating it will not help."""

    kind = ErrorKind.REQUEST_REJECTED


class UnauthorisedError(CoachError):
    """The model's server did not accept the credentials."""

    kind = ErrorKind.UNAUTHORISED


class StorageFullError(CoachError):
    """No room is left where the data is kept."""

    kind = ErrorKind.STORAGE_FULL


class StorageUnavailableError(CoachError):
    """The data cannot be reached right now."""

    kind = ErrorKind.STORAGE_UNAVAILABLE


class StorageDamagedError(CoachError):
    """The data is damaged, or is not a database of ours."""

    kind = ErrorKind.STORAGE_DAMAGED


class StorageNewerError(CoachError):
    """The data was written by a newer version of this library."""

    kind = ErrorKind.STORAGE_NEWER


class TurnCancelledError(CoachError):
    """The turn was cancelled: by the host, by the person, or because the data was deleted."""

    kind = ErrorKind.CANCELLED


class InternalError(CoachError):
    """A fault in this library, or in code of the host's that it called."""

    kind = ErrorKind.INTERNAL


def from_wire(wire: Mapping[str, Any]) -> CoachError:
    """The error behind what the native module tells, with the error behind it as its cause."""
    millis = wire.get("retry_after_ms")
    made = CoachError._kinds[ErrorKind(wire["kind"])](
        wire["reason"],
        retry_after=None if millis is None else millis / 1000,
        attempts=wire.get("attempts"),
        request_id=wire.get("request_id"),
        is_permanent=bool(wire.get("permanent")),
        field=wire.get("field"),
        limit=wire.get("limit"),
    )
    source = wire.get("source")
    if source is not None:
        made.__cause__ = from_wire(source)
    return made


def to_wire(error: CoachError) -> dict[str, Any]:
    """What the native module is told of an error that a store or a model raised."""
    wait = error.retry_after
    cause = error.__cause__
    return {
        "kind": error.kind.value,
        "reason": error.reason,
        "field": error.field,
        "limit": error.limit,
        "attempts": error.attempts,
        "request_id": error.request_id,
        "permanent": error.is_permanent,
        "retry_after_ms": None if wait is None else max(0, round(wait * 1000)),
        "source": to_wire(cause) if isinstance(cause, CoachError) else None,
    }
