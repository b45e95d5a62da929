"""What tests of an app need: the exam for a store, a model that plays a script, a clock and ids under control."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _core
from ._core import SeededIds
from ._data import (
    Choice,
    ErrorKind,
    ModelInfo,
    ModelPlace,
    Request,
    Signal,
    Usage,
    Variant,
    decode,
    encode,
)
from ._run import read, run, run_async, store_of

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "Act",
    "Check",
    "Cut",
    "Fail",
    "Hang",
    "Length",
    "ManualClock",
    "OfferAct",
    "Overrun",
    "Panic",
    "Refuse",
    "Report",
    "Say",
    "ScriptedModel",
    "SeededIds",
    "SignalAct",
    "Use",
    "Wait",
    "Yield",
    "check_store",
    "check_store_async",
]


class Say(Variant, tag="say"):
    """Says this."""

    text: str


class OfferAct(Variant, tag="offer"):
    """Offers these choices."""

    choices: tuple[Choice, ...]


class SignalAct(Variant, tag="signal"):
    """Gives this signal."""

    signal: Signal


class Use(Variant, tag="use"):
    """Reports this usage."""

    usage: Usage


class Wait(Variant, tag="wait"):
    """Waits so long on its clock."""

    time: timedelta


class Yield(Variant, tag="yield"):
    """Lets others run once."""


class Hang(Variant, tag="hang"):
    """Never does anything again."""


class Fail(Variant, tag="fail"):
    """Fails with an error of this kind."""

    kind: ErrorKind


class Cut(Variant, tag="cut"):
    """Ends as if the connection had been cut."""


class Length(Variant, tag="length"):
    """Ends at the limit of its tokens."""


class Refuse(Variant, tag="refuse"):
    """Declines to answer."""


class Overrun(Variant, tag="overrun"):
    """Says this so often, to overrun what was asked for."""

    text: str
    times: int


class Panic(Variant, tag="panic"):
    """Fails as no model should, with a message that nobody should ever see in an error."""

    text: str


Act = Say | OfferAct | SignalAct | Use | Wait | Yield | Hang | Fail | Cut | Length | Refuse | Overrun | Panic


class ManualClock(_core.ManualClock):
    """A clock that stands still until it is moved. It begins at this time, or at 2026-01-01T00:00:00Z."""

    def __new__(cls, now: datetime | None = None) -> Self:
        return super().__new__(cls, None if now is None else encode(now))

    def now(self) -> datetime:
        """The time that it shows."""
        return decode(datetime, self._now())

    def advance(self, by: timedelta | float) -> None:
        """Moves it on, by a `timedelta` or seconds, and wakes whoever has slept until then."""
        wait = by if isinstance(by, timedelta) else timedelta(seconds=by)
        self._advance(wait // timedelta(milliseconds=1))

    def set(self, now: datetime) -> None:
        """Sets it, also back."""
        self._set(encode(now))


class ScriptedModel(_core.ScriptedModel):
    """A model that plays one list of acts per request, and keeps the requests it was sent.

    A list that ends without an act that ends it is a complete answer. When no list is left it says `What came of it?`,
    or, asked for proposals, an empty list of them.
    """

    def __new__(cls, info: ModelInfo | None = None, clock: ManualClock | None = None) -> Self:
        return super().__new__(cls, None if info is None else info.to_json(), clock)

    @classmethod
    def from_json(cls, script: str, clock: ManualClock | None = None) -> ScriptedModel:
        """A model whose script is written in JSON, which is the same in every language: an object with `info`, a
        `ModelInfo` (by default the model is on the device), and `replies`, a list of lists of acts, as in
        `[{"say": "What would you do "}, "yield", {"say": "differently?"}]`. The names of the acts are `say`, `offer`,
        `signal`, `use`, `wait` (milliseconds), `yield`, `hang`, `fail` (an `ErrorKind`), `cut`, `length`, `refuse`,
        `overrun` (a text and how often) and `panic`.
        """
        return super().__new__(cls, None, clock, script)

    @classmethod
    def remote(cls) -> ScriptedModel:
        """A model behind a network, which needs the user's consent."""
        address = "https://models.invalid"
        return cls(ModelInfo(provider="scripted", model="scripted-1", place=ModelPlace.REMOTE, address=address))

    def play(self, *acts: Act) -> ScriptedModel:
        """What it does at the next request that nothing is planned for yet."""
        self._play(json.dumps([encode(act) for act in acts]))
        return self

    def say(self, text: str) -> ScriptedModel:
        """Says this at the next request that nothing is planned for yet."""
        return self.play(Say(text))

    def requests(self) -> tuple[Request, ...]:
        """The requests it was sent, oldest first."""
        return read(tuple[Request, ...], self._requests())  # type: ignore[no-any-return]


class Check(NamedTuple):
    """What one check of the exam found."""

    name: str
    """The check's name, which never changes; one that begins with `i1`, `i2` and so on holds that invariant."""
    about: str
    """What it holds."""
    failure: str | None
    """What was wrong; None if it passed."""


class Report(tuple[Check, ...]):
    """What the exam of a store found: one `Check` for each, in their order. Print it to read what was wrong."""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return not self.failed

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that did not."""
        return tuple(check for check in self if check.failure is not None)

    def assert_passed(self) -> None:
        """Ends a test with every failed check, if there is one."""
        if self.failed:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        lines = [f"{check.name} ({check.about}): {check.failure}" for check in self.failed]
        return "\n".join([*lines, f"{len(self) - len(self.failed)} of {len(self)} checks passed"])

    __repr__ = __str__


def check_store(store: Any) -> Report:
    """Runs the exam that every store passes against a store: a `SqliteStore` or an `ActionStore` of your own, which may
    be in use.

    ::

        check_store(MyStore()).assert_passed()
    """
    return _report(run(_core.check_store(store_of(store))))


async def check_store_async(store: Any) -> Report:
    """The same on the running loop, on which a store with coroutines runs as well."""
    return _report(await run_async(_core.check_store(store_of(store))))


def _report(outcome: Any) -> Report:
    return Report(Check(**check) for check in json.loads(outcome or "[]"))
