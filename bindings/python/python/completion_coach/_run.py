"""What both faces share: how a call into the core is put together, and how each of them waits for it."""

from __future__ import annotations

import json

from . import _core
from ._core import NativePage, Operation, Reader, Writer
from ._data import TYPE_CHECKING, Action, Choice, NewAction, NewMessage, _attach, encode, fields, plan
from ._ports import ModelPort, of_store

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from typing import Any

    from ._data import EvaluationOptions, Said

run = Operation.wait


async def run_async(operation: Operation) -> str | NativePage | None:
    """Waits on the running loop. A task that is cancelled meanwhile drops the call at once."""
    import asyncio

    loop = asyncio.get_running_loop()
    future: asyncio.Future[str | NativePage | None] = loop.create_future()

    def settle(result: str | NativePage | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def done(result: str | NativePage | None, error: BaseException | None) -> None:
        # A loop that was closed meanwhile has nobody left who waits.
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    operation.start(done, loop)
    try:
        return await future
    finally:
        if not future.done() or future.cancelled():
            operation.cancel()


_readers: dict[Any, Reader] = {}


def read(kind: Any, answer: str | NativePage | None) -> Any:
    """What `decode` makes of a JSON text, without dicts in between."""
    reader = _readers.get(kind)
    if reader is None:
        reader = _readers[kind] = Reader(plan(kind), _attach)
    return reader.read(answer or "null")


# The JSON of any object, list or dict of them: what `encode` makes, without dicts in between.
dumps: Callable[[Any], str] = Writer(fields, encode).write


def call_json(op: str, **arguments: Any) -> str:
    return dumps({op: arguments})


def given(value: Any) -> Any:
    return None if value is None else encode(value)


def millis(wait: timedelta | float | None) -> int | None:
    if wait is None:
        return None
    return max(0, round((wait if isinstance(wait, (int, float)) else wait.total_seconds()) * 1_000))


def id_of(action: str | Action) -> str:
    return action.id if isinstance(action, Action) else action


def new_action(action: NewAction | None, fields: Mapping[str, Any]) -> NewAction:
    if action is None:
        return NewAction(**fields)
    if fields:
        raise TypeError("give a NewAction or its fields, not both")
    return action


def new_message(message: str | NewMessage | Said | Choice, id: str | None) -> NewMessage:
    if isinstance(message, NewMessage):
        return message if id is None else NewMessage(message.said, id)
    if isinstance(message, Choice):
        return NewMessage.choose(message.id, id)
    return NewMessage.typed(message, id) if isinstance(message, str) else NewMessage(message, id)


def store_of(store: Any) -> Any:
    if isinstance(store, (str, _core.SqliteStore)) or hasattr(store, "__fspath__"):
        return store
    return of_store(store)


def model_of(model: Any) -> _core.NativeModel | ModelPort:
    if model is None:
        return _core.OfflineGuide()
    return model if isinstance(model, _core.NativeModel) else ModelPort(model)


def info_of(model: Any) -> str:
    native = model_of(model)
    return native._info() if isinstance(native, _core.NativeModel) else native.info()


def options_json(options: EvaluationOptions | None) -> str:
    given = {} if options is None else encode(options)
    return json.dumps({name: value for name, value in given.items() if name != "prices" or value is not None})


def progress_of(progress: bool | Callable[[int, int], object]) -> Any:
    if not isinstance(progress, bool):
        return progress
    if not progress:
        return None
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        return None
    return _Bar(tqdm(unit="case"))


class _Bar:
    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self.close = bar.close

    def __call__(self, done: int, of: int) -> None:
        self._bar.total = of
        self._bar.update(done - self._bar.n)
