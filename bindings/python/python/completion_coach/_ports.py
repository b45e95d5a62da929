"""What a host can bring of its own, and the adapters by which the native module calls it: JSON both ways, answers now
or later.
"""

from __future__ import annotations

import json
import os
from _thread import allocate_lock
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from datetime import datetime

from ._data import (
    TYPE_CHECKING,
    Account,
    ActionRecord,
    Attempt,
    Change,
    Choice,
    Choices,
    Conversation,
    Data,
    Extraction,
    Finish,
    ModelEvent,
    ModelInfo,
    Page,
    ProfileChange,
    Request,
    SafetyLevel,
    Text,
    decode,
    encode,
)

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future
    from typing import Any, TypeAlias

    from ._core import Sink

    _Piece: TypeAlias = str | ModelEvent | Finish | Iterable[Choice]
    _Method: TypeAlias = Callable[[str, Sink | None], Any]


class Model:
    """Whoever writes the coach's words: derive from this for a model of your own.

    ::

        class Mine(Model):
            def info(self):
                return ModelInfo(provider="mine", model="tiny-1", place=ModelPlace.LOCAL)

            def ask(self, request):
                for word in my_model("\\n".join(part.text for part in request.parts)):
                    yield word
    """

    def info(self) -> ModelInfo:
        """What the model says of itself. It is asked once, and must not change."""
        raise NotImplementedError("a model says what it is: return a ModelInfo")

    def ask(self, request: Request) -> Iterable[_Piece] | AsyncIterable[_Piece] | Awaitable[Iterable[_Piece]]:
        """Answers with pieces, as a generator or an async generator, or with anything that can be iterated over.

        A piece is text, a list of choices, a `SignalOutcome` or another signal, or the `Usage` so far; a `Finish` at
        the end says how it ended, where that is not `Finish.COMPLETE`.

        A generator runs on a thread of ours and is closed when nobody wants more of it; an async one runs on the
        caller's asyncio loop, or on one of ours where there is none, and is cancelled. Raise a `ModelUnavailableError`,
        `ModelRefusedError`, `ReplyIncompleteError`, `RequestRejectedError` or `UnauthorisedError` where it goes wrong;
        any other exception counts as `ModelUnavailableError`.
        """
        raise NotImplementedError("a model answers: yield pieces of text")


class ActionStore:
    """Where a user's profile, actions and conversations are kept: derive from this for a store of your own.

    Every method may be a plain one, which is called on a thread of ours, or a coroutine. It keeps what it is given, to
    the letter, and decides nothing. `completion_coach.testing.check_store` is the exam that every store passes. Raise a
    `ConflictError`, `NotFoundError`, `StorageFullError` or another of the tree; any other exception counts as
    `StorageUnavailableError`.
    """

    def account(self, user: str) -> Account | None | Awaitable[Account | None]:
        """The user; None if there is no such user."""
        raise NotImplementedError

    def actions(self, user: str) -> Iterable[ActionRecord] | Awaitable[Iterable[ActionRecord]]:
        """All of the user's actions in the order of their ids, each with its debrief's state."""
        raise NotImplementedError

    def conversation(self, user: str, thread: str, page: Page) -> Conversation | None | Awaitable[Conversation | None]:
        """A thread as of one moment. None if there is no such user, or, for a debrief, no such action."""
        raise NotImplementedError

    def extractions(self, user: str, thread: str | None) -> Iterable[Extraction] | Awaitable[Iterable[Extraction]]:
        """What was proposed in this thread, or in all of them, oldest first (by time, then by position and id)."""
        raise NotImplementedError

    def attempts(self, user: str, since: datetime, until: datetime) -> Iterable[Attempt] | Awaitable[Iterable[Attempt]]:
        """The attempts that began in this period, `since` included and `until` not, oldest first (by time, then by
        id).
        """
        raise NotImplementedError

    def changes(
        self, user: str, after: int, limit: int
    ) -> Iterable[ProfileChange] | Awaitable[Iterable[ProfileChange]]:
        """The change log after this position, oldest first, at most so many entries."""
        raise NotImplementedError

    def commit(self, user: str, change: Change) -> None | Awaitable[None]:
        """Writes all of it or nothing, and returns when it is durable.

        Raises:
            ConflictError: The user has another version than `change.expected` (0 stands for no such user), or something
                that is only ever inserted is there already.
            NotFoundError: There is no such user, and `change.expected` is not 0.
        """
        raise NotImplementedError

    def forget(self, user: str) -> None | Awaitable[None]:
        """Deletes everything about the user. No such user is not an error."""
        raise NotImplementedError


class SafetyClassifier:
    """The host's own look at what people write, for their safety: derive from this."""

    def level(self, text: str, language: str) -> SafetyLevel | Awaitable[SafetyLevel]:
        """How the person is who wrote this, in this language (a BCP 47 tag). If it fails, the phrase lists alone
        decide.
        """
        raise NotImplementedError


class TokenSource:
    """Where short-lived tokens come from, such as the app's own backend: derive from this."""

    def token(self) -> str | Awaitable[str]:
        """A token that should be accepted now. It is asked for at every request, so keep it as long as it lives."""
        raise NotImplementedError

    def invalidate(self, refused: str) -> None | Awaitable[None]:
        """The server did not accept this token: the next one must be another."""
        raise NotImplementedError


class Port:
    """What the native module calls: a method by its name, with a JSON text, the caller's loop and, for a model, a taker
    of pieces.

    It answers with a JSON text, or with a future of one where a coroutine has to run.
    """

    def __init__(self, methods: Mapping[str, _Method]) -> None:
        self._methods = methods

    def call(
        self, method: str, arguments: str, loop: asyncio.AbstractEventLoop | None, sink: Sink | None
    ) -> str | Future[str] | None:
        answer = self._methods[method](arguments, sink)
        if isinstance(answer, Awaitable):
            import asyncio

            return asyncio.run_coroutine_threadsafe(_guarded(answer), loop or _own_loop())
        return answer  # type: ignore[no-any-return]


def of_store(store: Any) -> Port:
    """The adapter for a store."""

    def method(name: str, kinds: tuple[Any, ...], result: Any) -> tuple[str, _Method]:
        def call(arguments: str, _: Sink | None) -> Any:
            given = [decode(kind, value) for kind, value in zip(kinds, json.loads(arguments), strict=True)]
            return _then(getattr(store, name)(*given), lambda answer: _text(result(answer)))

        return name, call

    optional, many = _checked_optional, _checked_tuple
    return Port(
        dict(
            [
                method("account", (str,), optional(Account)),
                method("actions", (str,), many(ActionRecord)),
                method("conversation", (str, str, Page), optional(Conversation)),
                method("extractions", (str, str | None), many(Extraction)),
                method("attempts", (str, datetime, datetime), many(Attempt)),
                method("changes", (str, int, int), many(ProfileChange)),
                method("commit", (str, Change), lambda _: None),
                method("forget", (str,), lambda _: None),
            ]
        )
    )


def of_classifier(classifier: Any) -> Port:
    """The adapter for a safety classifier: an object with `level`, or a function."""
    level: Callable[[str, str], Any] = getattr(classifier, "level", classifier)

    def call(arguments: str, _: Sink | None) -> Any:
        return _then(level(*json.loads(arguments)), lambda answer: _text(SafetyLevel(answer)))

    return Port({"level": call})


def of_token_source(source: Any) -> Port:
    """The adapter for a source of tokens: an object with `token` and perhaps `invalidate`, or a function."""
    token: Callable[[], Any] = getattr(source, "token", source)
    invalidate: Callable[[str], Any] = getattr(source, "invalidate", lambda _: None)

    def call_token(_: str, __: Sink | None) -> Any:
        return _then(token(), _text)

    def call_invalidate(arguments: str, _: Sink | None) -> Any:
        return _then(invalidate(*json.loads(arguments)), lambda _: _text(None))

    return Port({"token": call_token, "invalidate": call_invalidate})


class ModelPort(Port):
    """The adapter for a model."""

    def __init__(self, model: Any) -> None:
        super().__init__({"ask": self._ask})
        self._model = model

    def info(self) -> str:
        info = self._model.info()
        if not isinstance(info, ModelInfo):
            raise TypeError("Model.info() returns a ModelInfo")
        return _text(info)

    def _ask(self, arguments: str, sink: Sink | None) -> Any:
        assert sink is not None
        answer = self._model.ask(decode(Request, json.loads(arguments)))
        if isinstance(answer, AsyncIterable):
            return self._drain(answer, sink)
        if isinstance(answer, Awaitable):
            return self._await(answer, sink)
        return self._iterate(answer, sink)

    async def _await(self, answer: Awaitable[Any], sink: Sink) -> str:
        pieces = await answer
        return await self._drain(pieces, sink) if isinstance(pieces, AsyncIterable) else self._iterate(pieces, sink)

    async def _drain(self, pieces: AsyncIterable[_Piece], sink: Sink) -> str:
        finish = Finish.COMPLETE
        try:
            async for piece in pieces:
                if isinstance(piece, Finish):
                    finish = piece
                elif not _push(sink, piece):
                    break
        finally:
            close = getattr(pieces, "aclose", None)
            if close is not None:
                await close()
        return _text(finish)

    def _iterate(self, pieces: Iterable[_Piece], sink: Sink) -> str:
        finish = Finish.COMPLETE
        try:
            for piece in (pieces,) if isinstance(pieces, (str, Data)) else pieces:
                if isinstance(piece, Finish):
                    finish = piece
                elif not _push(sink, piece):
                    break
        finally:
            close = getattr(pieces, "close", None)
            if callable(close):
                close()
        return _text(finish)


def _push(sink: Sink, piece: _Piece) -> bool:
    if isinstance(piece, str):
        return sink.text(piece)
    if isinstance(piece, Text):
        return sink.text(piece.text)
    if not isinstance(piece, Data):
        piece = Choices(tuple(piece))
    return sink.push(json.dumps(encode(piece, ModelEvent)))


def _text(value: Any) -> str:
    return json.dumps(encode(value) if value is not None else None, ensure_ascii=False)


def _checked_optional(kind: type) -> Callable[[Any], Any]:
    def check(answer: Any) -> Any:
        if answer is not None and not isinstance(answer, kind):
            raise TypeError(f"a store answers with {kind.__name__} or None here")
        return answer

    return check


def _checked_tuple(kind: type) -> Callable[[Any], Any]:
    def check(answer: Any) -> Any:
        answer = tuple(answer)
        if not all(isinstance(item, kind) for item in answer):
            raise TypeError(f"a store answers with a list of {kind.__name__} here")
        return answer

    return check


def _then(answer: Any, finish: Callable[[Any], Any]) -> Any:
    if isinstance(answer, Awaitable):

        async def later() -> Any:
            return finish(await answer)

        return later()
    return finish(answer)


async def _guarded(answer: Awaitable[Any]) -> Any:
    try:
        return await answer
    except (SystemExit, KeyboardInterrupt) as wanted:
        # A task that raises one of these ends the loop that it runs on, and nobody would ever hear of it.
        raise RuntimeError("code of the host's wanted to exit the interpreter") from wanted


_lock = allocate_lock()
_loop: tuple[int, asyncio.AbstractEventLoop] | None = None


def _own_loop() -> asyncio.AbstractEventLoop:
    """The loop for coroutines that nobody has a loop for, on a thread of its own."""
    global _loop
    with _lock:
        if _loop is None or _loop[0] != os.getpid():
            import asyncio
            import threading

            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="completion-coach-asyncio", daemon=True).start()
            _loop = (os.getpid(), loop)
        return _loop[1]
