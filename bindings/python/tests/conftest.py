"""What the tests share: a face of the API, in which each test is written once and run over both."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

import completion_coach as cc
from completion_coach.testing import ScriptedModel


def ran(feature: str) -> None:
    """The test that calls this last has proved this feature of `tests/features.txt`. Nothing happens where the variable
    FEATURES is not set.
    """
    if folder := os.environ.get("FEATURES"):
        proved = Path(folder) / "python"
        proved.mkdir(parents=True, exist_ok=True)
        (proved / feature).touch()


class Face:
    """One of the two faces. `await face(x)` gives what a call gives, whether that has to be awaited or not."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.Coach: Any = cc.AsyncCompletionCoach if name == "asyncio" else cc.CompletionCoach

    async def __call__(self, result: Any) -> Any:
        return await result if inspect.isawaitable(result) else result

    async def events(self, turn: Any) -> list[Any]:
        return [event async for event in turn] if hasattr(turn, "__aiter__") else list(turn)

    async def next(self, turn: Any) -> Any:
        return await turn.__anext__() if hasattr(turn, "__anext__") else next(turn)

    def coach(self, model: Any = None, store: Any = None, **options: Any) -> Any:
        return self.Coach(cc.SqliteStore.in_memory() if store is None else store, model, **options)

    async def done(self, coach: Any, user: str = "ana", title: str = "A parser", **fields: Any) -> Any:
        """A debrief of an action that was recorded as done."""
        user = coach.user(user)
        done = await self(user.record_done(kind="build_tools", title=title, **fields))
        return user.debrief(done.action.id)

    async def opened(self, coach: Any, **fields: Any) -> Any:
        debrief = await self.done(coach, **fields)
        await self.events(debrief.open())
        return debrief


@pytest.fixture(params=["blocking", "asyncio"])
def face(request: pytest.FixtureRequest) -> Face:
    return Face(request.param)


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs tests that are coroutines, each on a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    test: Callable[..., Coroutine[Any, Any, None]] = pyfuncitem.obj
    asyncio.run(test(**{name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}))
    return True
