"""A turn that nobody wants any more: its connection is closed before the server's next piece, and what was said is
stored once.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ran
from slow_server import EVERY, SlowServer

import completion_coach as cc
from completion_coach.testing import ScriptedModel


@pytest.fixture
def server() -> Iterator[SlowServer]:
    server = SlowServer()
    yield server
    server.close()


def model(server: SlowServer) -> cc.OpenAiModel:
    limits = cc.TimeLimits(idle=60, overall=90)  # type: ignore[arg-type]
    return cc.OpenAiModel("slow", base_url=server.base_url, on_this_device=True, time_limits=limits)


def opened(coach: cc.CompletionCoach) -> cc.Debrief:
    user = coach.user("ana")
    debrief = user.debrief(user.record_done(kind="build_tools", title="A parser", id="a-1").action)
    list(debrief.open())
    return debrief


def check(server: SlowServer, store: Any, ended: float, how: str) -> None:
    """The server saw the connection close before its next piece; what was said is there once, and can be answered."""
    assert server.closed.wait(EVERY - 1), "the connection was not closed"
    print(f"{how}: the server saw the connection close {(server.closed_at - ended) * 1_000:.0f} ms after")
    assert server.pieces == 1
    quick = ScriptedModel().say("What did you learn?")
    with cc.CompletionCoach(store, quick) as coach:
        debrief = coach.user("ana").debrief("a-1")
        reply = debrief.take_over().reply()
        assert reply.text == "What did you learn?"
        assert [m.text for m in debrief.messages() if m.role == cc.Role.USER] == ["It worked."]
        assert debrief.recap().outcome != cc.Outcome.FAILURE, "a signal of the turn was stored"


@pytest.mark.parametrize("how", ["break", "del", "with", "cancel", "exception"])
def test_leaving_a_loop_closes_the_connection(server: SlowServer, how: str) -> None:
    store = cc.SqliteStore.in_memory()
    coach = cc.CompletionCoach(store, model(server), delivery="live")
    debrief = opened(coach)
    if how == "break":
        turn = debrief.stream("It worked.", id="m-1")
        for _ in turn:
            break
        ended = time.monotonic()
    elif how == "exception":
        with pytest.raises(ZeroDivisionError):
            for _ in debrief.stream("It worked.", id="m-1"):
                raise ZeroDivisionError
        ended = time.monotonic()
    elif how == "with":
        with debrief.stream("It worked.", id="m-1") as turn:
            next(turn)
        ended = time.monotonic()
    else:
        turn = debrief.stream("It worked.", id="m-1")
        next(turn)
        ended = time.monotonic()
        if how == "cancel":
            turn.cancel()
        else:
            del turn
            gc.collect()
    check(server, store, ended, how)
    ran("cancel_loop")
    ran("cancel_drop")


def test_a_turn_is_cancelled_from_another_thread_while_it_is_waited_for(server: SlowServer) -> None:
    store = cc.SqliteStore.in_memory()
    coach = cc.CompletionCoach(store, model(server))
    turn = opened(coach).stream("It worked.", id="m-1")
    threading.Timer(0.1, lambda: server.asked.wait() and turn.cancel()).start()
    with pytest.raises(cc.TurnCancelledError):
        turn.reply()
    check(server, store, time.monotonic(), "cancel from another thread")
    with pytest.raises(StopIteration):
        next(turn)


@pytest.mark.parametrize("how", ["send", "stream", "reply", "wait_for"])
async def test_cancelling_a_task_closes_the_connection(server: SlowServer, how: str) -> None:
    store = cc.SqliteStore.in_memory()
    coach = cc.AsyncCompletionCoach(store, model(server))
    await asyncio.to_thread(opened, cc.CompletionCoach(store))
    debrief = coach.user("ana").debrief("a-1")

    async def talk() -> None:
        if how == "send":
            await debrief.send("It worked.", id="m-1")
        elif how == "stream":
            async for _ in debrief.stream("It worked.", id="m-1"):
                pass
        else:
            await debrief.stream("It worked.", id="m-1").reply()

    if how == "wait_for":
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(talk(), 1)
    else:
        task = asyncio.create_task(talk())
        await asyncio.to_thread(server.asked.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    ended = time.monotonic()
    await asyncio.to_thread(check, server, store, ended, f"task: {how}")
    ran("cancel_task")


async def test_cancelling_a_task_that_proposes_stores_nothing(server: SlowServer) -> None:
    store = cc.SqliteStore.in_memory()
    with cc.CompletionCoach(store) as coach:
        debrief = opened(coach)
        debrief.send("I learned Rust while I wrote it.")
        debrief.stop()
        proposing = cc.AsyncCompletionCoach(store, model(server)).user("ana").debrief("a-1")
        task = asyncio.ensure_future(proposing.propose())
        await asyncio.to_thread(server.asked.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.closed.wait, EVERY - 1), "the connection was not closed"
        assert server.pieces == 1 and not debrief.proposal().items


async def test_leaving_an_async_loop_closes_the_connection(server: SlowServer) -> None:
    store = cc.SqliteStore.in_memory()
    await asyncio.to_thread(opened, cc.CompletionCoach(store))
    coach = cc.AsyncCompletionCoach(store, model(server), delivery="live")
    async for _ in coach.user("ana").debrief("a-1").stream("It worked.", id="m-1"):
        break
    ended = time.monotonic()
    await asyncio.to_thread(check, server, store, ended, "async break")


CHILD = """
import signal, sys, threading, time
# Whoever runs the tests in the background of a shell has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
import completion_coach as cc
model = cc.OpenAiModel("slow", base_url=sys.argv[1], on_this_device=True)
coach = cc.CompletionCoach(sys.argv[2], model, delivery=sys.argv[3])
user = coach.user("ana")
debrief = user.debrief(user.record_done(kind="build_tools", title="A parser", id="a-1").action)
list(debrief.open())
try:
    if sys.argv[4] == "send":
        debrief.send("It worked.", id="m-1")
    else:
        for event in debrief.stream("It worked.", id="m-1"):
            pass
except KeyboardInterrupt:
    print("interrupted", flush=True)
    time.sleep(float(sys.argv[5]))
"""


@pytest.mark.parametrize("delivery", ["live", "checked"])
@pytest.mark.parametrize("call", ["send", "stream"])
def test_ctrl_c_closes_the_connection(server: SlowServer, tmp_path: Path, delivery: str, call: str) -> None:
    path = tmp_path / "debriefs.db"
    command = [sys.executable, "-c", CHILD, server.base_url, str(path), delivery, call, "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert server.asked.wait(20)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout is not None and child.stdout.readline() == "interrupted\n"
        print(f"Ctrl-C: KeyboardInterrupt after {(time.monotonic() - sent) * 1_000:.0f} ms")
        check(server, path, sent, f"Ctrl-C in {call}")
        assert child.wait(20) == 0
