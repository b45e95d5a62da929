"""Many turns in one process leave no memory, objects, threads or files behind. `LEAK_TURNS` says how many (600)."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from completion_coach import (
    AllowanceRates,
    AsyncCompletionCoach,
    CompletionCoach,
    Model,
    ModelInfo,
    ModelPlace,
    Rate,
    Text,
)

TURNS = int(os.environ.get("LEAK_TURNS", "600"))
ENOUGH = AllowanceRates(turns=Rate(100_000, 100_000), proposals=Rate(100_000, 100_000))
PAGE = os.sysconf("SC_PAGE_SIZE")


class Asking(Model):
    def info(self) -> ModelInfo:
        return ModelInfo(provider="me", model="asking-1", place=ModelPlace.LOCAL)

    def ask(self, request):
        yield "You told me about it. "
        yield "What did you learn from that?"


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def held() -> dict[str, int]:
    gc.collect()
    return {
        "objects": len(gc.get_objects()),
        "threads": threading.active_count(),
        "tasks": len(os.listdir("/proc/self/task")),
        "files": len(os.listdir("/proc/self/fd")),
    }


def blocking(path: Path, turns: int) -> None:
    with CompletionCoach(path, Asking(), allowance=ENOUGH) as coach:
        for number in range(turns // 4):
            user = coach.user(f"u{number % 7}")
            debrief = user.debrief(user.record_done(kind="replicate", title="A figure").action)
            debrief.open().reply()
            for event in debrief.stream("The effect was there."):
                if isinstance(event, Text):
                    break  # leaves the turn
            debrief.resume().reply()
            debrief.send("I learned how seeds matter.")
            if number % 50 == 49:
                user.forget()


async def awaited(path: Path, turns: int) -> None:
    async with AsyncCompletionCoach(path, Asking(), allowance=ENOUGH) as coach:
        for number in range(turns // 4):
            user = coach.user(f"u{number % 7}")
            debrief = user.debrief((await user.record_done(kind="replicate", title="A figure")).action)
            await debrief.open().reply()
            async for event in debrief.stream("The effect was there."):
                if isinstance(event, Text):
                    break
            await debrief.resume().reply()
            await debrief.send("I learned how seeds matter.")
            if number % 50 == 49:
                await user.forget()


@pytest.mark.parametrize("face", ["blocking", "asyncio"])
def test_many_turns_leak_neither_memory_nor_handles(
    tmp_path: Path, face: str, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def run(turns: int) -> None:
        for part in range(10):
            path = tmp_path / f"{face}-{turns}-{part}.db"
            if face == "blocking":
                blocking(path, turns // 10)
            else:
                asyncio.run(awaited(path, turns // 10))

    run(max(200, TURNS // 5))  # what is made once is made now
    before, memory = held(), resident()
    run(TURNS)
    after, grown = held(), resident() - memory
    with capsys.disabled():
        print(
            f"\n{TURNS} turns, {face}: {grown / TURNS:.0f} bytes of memory a turn; held before {before}, after {after}"
        )
    assert after["files"] <= before["files"]
    assert after["threads"] <= before["threads"]
    # The runtime keeps threads that may block for a while.
    assert after["tasks"] <= before["tasks"] + 4
    assert after["objects"] <= before["objects"] + 200
    assert grown / TURNS < 3_000 or grown < 8 << 20
