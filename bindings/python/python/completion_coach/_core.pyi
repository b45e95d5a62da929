"""The native module. The faces call it; a program has no need to, but for the classes that the package hands on."""

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, Literal, final

from typing_extensions import Self, disjoint_base

from ._data import Retries, TimeLimits, TokenLimit
from ._ports import ModelPort, Port, TokenSource

__all__ = [
    "AnthropicModel",
    "COMPLETION_COACH_PROMPT",
    "Coach",
    "EXTRACTION_PROMPT",
    "GENERAL_COACH_PROMPT",
    "ManualClock",
    "NativeModel",
    "NativePage",
    "OfflineGuide",
    "OpenAiModel",
    "Operation",
    "Reader",
    "ScriptedModel",
    "SeededIds",
    "Sink",
    "SqliteStore",
    "Turn",
    "VERSION",
    "Writer",
    "build_profile_context",
    "check_store",
    "check_turn",
    "default_texts",
    "estimate",
    "evaluate",
    "extract",
]

VERSION: str
COMPLETION_COACH_PROMPT: str
"""What the model of a debrief is told first."""
GENERAL_COACH_PROMPT: str
"""What the model of the general chat is told first."""
EXTRACTION_PROMPT: str
"""What the model that proposes changes to a profile is told first."""

@final
class NativePage:
    """A page of messages on its way to a `Reader`."""

@final
class Reader:
    """What makes objects of one type from what a call gives."""

    def __new__(cls, plan: object, attach: object) -> Self: ...
    def read(self, answer: str | NativePage) -> Any:
        """The object behind this JSON, or behind what stands for it."""

@final
class Writer:
    """What makes JSON of a call's arguments."""

    def __new__(cls, fields: object, encode: object) -> Self: ...
    def write(self, value: object) -> str:
        """The JSON of this value, of which data objects may be a part."""

@final
class Operation:
    """One call into the core, used once."""

    def wait(self) -> str | NativePage | None:
        """Blocks without the interpreter's lock. A signal whose handler raises, such as Ctrl-C, drops the call."""

    def start(
        self, done: Callable[[str | NativePage | None, BaseException | None], object], event_loop: object
    ) -> None:
        """Runs it on our own threads. `done(result, exception)` is called from one of them, unless it is cancelled."""

    def cancel(self) -> None:
        """Drops the call at once."""

@final
class Turn:
    """A reply in the making."""

    def next(self) -> Operation:
        """A JSON list of all the events that are there at once, of which there is at least one; `None` after the
        last.
        """

    def reply(self) -> Operation:
        """Reads to the end and gives the reply."""

    def cancel(self) -> None:
        """Drops the core's turn at once, which closes its connection, also while somebody waits for the next event."""

    def finish_in_background(self) -> None:
        """Goes on without anybody watching."""

@final
class Coach:
    """The coach."""

    def __new__(
        cls,
        store: str | PathLike[str] | SqliteStore | Port,
        model: NativeModel | ModelPort,
        options: str,
        classifier: Port | None = None,
        clock: ManualClock | None = None,
        ids: SeededIds | None = None,
    ) -> Self: ...
    def call(self, operation: str) -> Operation:
        """One call, given as JSON with its name as `op`."""

    def turn(self, operation: str) -> Turn:
        """A turn, given as JSON with what it begins with as `op`. Nothing happens before its first event is asked
        for.
        """

    def disclosure(self, language: str) -> str:
        """What to show a user before anything is shared with the model, as JSON."""

    def close(self) -> Operation | None:
        """Lets go of the store and the model. `None` if there is nothing to let go of."""

@disjoint_base
class NativeModel:
    """A model that needs nothing of Python's to be asked."""

    def _info(self) -> str: ...

class AnthropicModel(NativeModel):
    """A Claude model, at Anthropic or wherever its Messages API is spoken."""

    def __new__(
        cls,
        model: str,
        *,
        api_key: str | TokenSource | Callable[[], str] | None = None,
        base_url: str | None = None,
        provider: str | None = None,
        headers: Mapping[str, str] | None = None,
        time_limits: TimeLimits | None = None,
        retries: int | Retries | None = None,
        on_this_device: bool = False,
        unencrypted: bool = False,
        effort: str | None = None,
        thinking_tokens: int | None = None,
    ) -> Self: ...

class OpenAiModel(NativeModel):
    """A model at OpenAI, or at any server that speaks its chat completions."""

    def __new__(
        cls,
        model: str,
        *,
        api_key: str | TokenSource | Callable[[], str] | None = None,
        base_url: str | None = None,
        provider: str | None = None,
        headers: Mapping[str, str] | None = None,
        time_limits: TimeLimits | None = None,
        retries: int | Retries | None = None,
        on_this_device: bool = False,
        unencrypted: bool = False,
        effort: str | None = None,
        thinking_tokens: int | None = None,
        token_limit: TokenLimit | Literal["max_tokens", "max_completion_tokens"] | None = None,
    ) -> Self: ...

class OfflineGuide(NativeModel):
    """A set of guided questions that needs no model, no network and no key."""

    def __new__(cls) -> Self: ...

@disjoint_base
class SqliteStore:
    """The default store: one SQLite file that any number of processes may use at once, or memory."""

    def __new__(cls, path: str | PathLike[str], wait: float = 5.0) -> Self: ...
    @staticmethod
    def in_memory() -> SqliteStore:
        """A new store in memory, which is gone with its last user."""

    def back_up(self, path: str | PathLike[str]) -> None:
        """Writes a copy of everything, as of one moment, to a new file, which is a database like this one."""

    def erase_traces(self) -> None:
        """Writes the file anew, so that nothing deleted is left in any byte of it, after an error has said that traces
        may remain.
        """

    def pause(self) -> None:
        """Finishes what was begun and closes every connection, so that the system may freeze the process without a lock
        that is held. Until `unpause`, every call on this store fails at once with `StorageUnavailableError`. It blocks:
        with asyncio, call it in a thread.
        """

    def unpause(self) -> None:
        """Opens what `pause` closed, and checks the file as opening does. It blocks: with asyncio, call it in a thread."""

    def close(self) -> None:
        """Lets go of the file, once what was begun is written and no coach uses it."""

@final
class Sink:
    """Takes the pieces of a model's answer."""

    def text(self, text: str) -> bool:
        """Takes a piece of text. Whether anybody still wants more; fails once the interpreter exits."""

    def push(self, event: str) -> bool:
        """Takes any other piece, as JSON."""

@disjoint_base
class ScriptedModel(NativeModel):
    """A model that plays a script."""

    def __new__(cls, info: str | None = None, clock: ManualClock | None = None, script: str | None = None) -> Self: ...
    def _play(self, acts: str) -> None: ...
    def _requests(self) -> str: ...

@disjoint_base
class ManualClock:
    """A clock that stands still until it is moved."""

    def __new__(cls, millis: int | None = None) -> Self: ...
    def _now(self) -> int: ...
    def _advance(self, millis: int) -> None: ...
    def _set(self, millis: int) -> None: ...

@disjoint_base
class SeededIds:
    """Ids from a seed."""

    def __new__(cls, seed: int) -> Self: ...

def check_store(store: SqliteStore | Port | str | PathLike[str]) -> Operation:
    """Runs the exam that every store passes. The result is a list of `name`, `about` and `failure`."""

def check_turn(text: str, facts: str) -> str:
    """What is wrong with a coach's turn, and what can be measured of it, as JSON."""

def build_profile_context(profile: str, purpose: str, max_chars: int) -> str:
    """The profile as a model is told it."""

def default_texts(language: str) -> dict[str, str]:
    """The library's own texts in a language, by their ids."""

def extract(profile: str, messages: str, model: NativeModel | ModelPort) -> Operation:
    """Proposals from a transcript that was held elsewhere."""

def estimate(cases: str, options: str, info: str) -> str:
    """What an evaluation is about to use, as JSON."""

def evaluate(
    cases: str,
    options: str,
    model: NativeModel | ModelPort | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Operation:
    """Measures what comes out of a corpus. `progress(done, of)` is called from a thread of ours after each case."""
