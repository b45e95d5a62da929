"""What the wheel costs, in a process of its own: the first use, and one streamed piece. `python benches/python/costs.py`, with
the wheel installed; nothing else is needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from statistics import quantiles

begun = time.perf_counter()
import completion_coach as cc  # noqa: E402

PIECES = 500


class Mine(cc.Model):
    """A model that says so many words, each when it is told to."""

    def __init__(self, wait: Callable[[], object]) -> None:
        self.wait = wait
        self.took = 0.0

    def info(self) -> cc.ModelInfo:
        return cc.ModelInfo(provider="mine", model="tiny-1", place=cc.ModelPlace.LOCAL)

    def ask(self, request: cc.Request) -> Iterator[str]:
        since = time.perf_counter()
        for _ in range(PIECES):
            yield "word "
            self.wait()
        self.took = (time.perf_counter() - since) / PIECES


def opened(model: cc.Model | None = None) -> cc.Debrief:
    coach = cc.CompletionCoach(cc.SqliteStore.in_memory(), model, delivery="live")
    user = coach.user("ana")
    debrief = user.debrief(user.record_done(kind="build_tools", title="A parser", id="a-1").action)
    debrief.open().reply()
    return debrief


def there_and_back() -> float:
    seen: SimpleQueue[None] = SimpleQueue()
    model = Mine(seen.get)
    for event in opened(model).stream("It worked."):
        if isinstance(event, cc.Text):
            seen.put(None)
    return model.took


def handed() -> float:
    model = Mine(lambda: None)
    opened(model).send("It worked.")
    return model.took


def told(name: str, times: list[float]) -> None:
    low, middle, high = (time * 1e6 for time in quantiles(times, n=4))
    print(f"{name}: {middle:.1f} µs ({low:.1f} to {high:.1f})")


print(f"import: {(time.perf_counter() - begun) * 1e3:.0f} ms")
opened()
print(f"to the first question of a debrief, import included: {(time.perf_counter() - begun) * 1e3:.0f} ms")
there_and_back()
told(
    "one piece from a model in Python through the core to a loop in Python, and word of it back",
    [there_and_back() for _ in range(15)],
)
told("one piece from a model in Python to Rust", [handed() for _ in range(15)])
