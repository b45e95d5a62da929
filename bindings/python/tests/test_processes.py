"""Processes, threads and loops: forks, kernels that are killed, exits in mid-turn. No crash, no hang, and nothing that
was stored is lost.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import ran
from slow_server import SlowServer

import completion_coach as cc
from completion_coach.testing import Say, ScriptedModel, Yield

BEGIN = """
import asyncio, os, sys, threading, time
import completion_coach as cc
from completion_coach.testing import *

def opened(coach):
    user = coach.user("ana")
    debrief = user.debrief(user.record_done(kind="build_tools", title="A parser", id="a-1").action)
    list(debrief.open())
    return debrief
"""


def run(script: str, *arguments: str, within: float = 30) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "faulthandler", "-c", BEGIN + script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=within)


def test_a_forked_child_is_told_what_to_do_and_neither_hangs_nor_crashes(tmp_path: Path) -> None:
    done = run(
        """
coach = cc.CompletionCoach(sys.argv[1])
debrief = opened(coach)
turn = debrief.stream("It worked.")
next(turn)
pid = os.fork()
if pid == 0:
    for call in (lambda: debrief.send("x"), lambda: list(turn), lambda: cc.CompletionCoach(sys.argv[1]),
                 lambda: cc.SqliteStore.in_memory(), lambda: coach.disclosure(), lambda: list(debrief.open())):
        try:
            call()
            os._exit(9)
        except cc.InternalError as error:
            assert "forked" in str(error), error
    try:
        asyncio.run(cc.AsyncCompletionCoach.close(coach))
    except cc.InternalError:
        pass
    coach.close()
    turn.cancel()
    del turn, debrief, coach
    sys.exit(7)
_, status = os.waitpid(pid, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
assert debrief.send("More of it worked.").message
coach.close()
print("fine")
""",
        str(tmp_path / "a.db"),
    )
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


def test_the_library_may_be_used_after_a_fork_that_came_first(tmp_path: Path) -> None:
    done = run(
        """
pid = os.fork()
coach = cc.CompletionCoach(sys.argv[1] + str(pid == 0))
assert opened(coach).send("It worked.").message
if pid:
    _, status = os.waitpid(pid, 0)
    assert status == 0, status
    print("fine")
""",
        str(tmp_path / "a.db"),
    )
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


@pytest.mark.parametrize(
    "face", ["blocking", "asyncio", "thread", "daemon", "python model", "async model", "daemon, python model"]
)
def test_an_interpreter_exits_in_mid_turn(tmp_path: Path, face: str) -> None:
    server, path = SlowServer(), str(tmp_path / "a.db")
    begun = time.monotonic()
    done = run(
        """
face, path = sys.argv[1:3]
class Mine(cc.Model):
    def info(self): return cc.ModelInfo(provider="mine", model="m", place=cc.ModelPlace.LOCAL)
    def ask(self, request):
        return self.later() if face == "async model" else self.now()
    def now(self):
        yield "more "
        while True:
            time.sleep(0.01)
            yield "more "
    async def later(self):
        yield "more "
        await asyncio.sleep(60)
model = Mine() if "model" in face else cc.OpenAiModel("slow", base_url=sys.argv[3], on_this_device=True)
coach = cc.CompletionCoach(path, model, delivery="live")
debrief = opened(coach)
if face == "asyncio":
    async def main():
        global turn
        coach = cc.AsyncCompletionCoach(path, model, delivery="live")
        turn = coach.user("ana").debrief("a-1").stream("It worked.", id="m-1")
        await turn.__anext__()
        global task
        task = asyncio.ensure_future(turn.__anext__())
        await asyncio.sleep(0.1)
    asyncio.run(main())
else:
    turn = debrief.stream("It worked.", id="m-1")
    next(turn)
    if face == "thread" or face.startswith("daemon"):
        def work():
            try:
                for event in turn: pass
            except BaseException: pass
        threading.Thread(target=work, daemon=True).start()
        time.sleep(0.1)
        if face == "thread":
            turn.cancel()
print("at the end", flush=True)
""",
        face,
        path,
        server.base_url,
    )
    assert (done.returncode, done.stdout) == (0, "at the end\n"), done.stderr
    assert "panicked" not in done.stderr and "Fatal" not in done.stderr, done.stderr
    print(f"{face}: ended {time.monotonic() - begun:.1f} s after it was begun")
    with cc.CompletionCoach(path, ScriptedModel().say("What did you learn?")) as coach:
        debrief = coach.user("ana").debrief("a-1")
        assert debrief.messages().messages[-1].id == "m-1", "a part of a reply is stored"
        assert debrief.take_over().reply().text == "What did you learn?"
        assert [m.id for m in debrief.messages() if m.role == cc.Role.USER] == ["m-1"]
    server.close()


def test_a_kernel_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    script = (
        BEGIN
        + """
coach = cc.CompletionCoach(sys.argv[1], ScriptedModel().play(Say("What"), Hang()), delivery="live")
turn = opened(coach).stream("It worked.", id="m-1")
next(turn)
print("said", flush=True)
next(turn)
"""
    )
    with subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE, text=True) as kernel:
        assert kernel.stdout is not None and kernel.stdout.readline() == "said\n"
        kernel.kill()
    with cc.CompletionCoach(path, ScriptedModel().say("What did you learn?")) as coach:
        debrief = coach.user("ana").debrief("a-1")
        # The store knows that the process is dead, so that its lease is not waited for.
        assert debrief.send("It worked.", id="m-1").text == "What did you learn?"
        assert [m.text for m in debrief.messages()][1:] == ["It worked.", "What did you learn?"]
    ran("resume")


def test_fifty_threads_share_a_coach(tmp_path: Path) -> None:
    failures: list[BaseException] = []
    with cc.CompletionCoach(tmp_path / "a.db") as coach:

        def work(number: int) -> None:
            try:
                user = coach.user(f"u{number % 10}")
                debrief = user.debrief(user.record_done(kind="volunteer", title="Help", id=f"a{number}").action)
                list(debrief.open())
                debrief.send("It worked.")
                assert len(debrief.messages()) == 3
            except BaseException as failure:
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not failures and not any(thread.is_alive() for thread in threads)
        assert sum(len(coach.user(f"u{n}").actions()) for n in range(10)) == 50


def test_two_event_loops_share_a_coach(tmp_path: Path) -> None:
    coach = cc.AsyncCompletionCoach(tmp_path / "a.db")
    failures: list[BaseException] = []

    async def talk(name: str) -> None:
        user = coach.user(name)
        debrief = user.debrief((await user.record_done(kind="volunteer", title="Help")).action)
        async for _ in debrief.open():
            pass
        await asyncio.gather(*(user.profile() for _ in range(50)))
        assert (await debrief.send("It worked.")).exchange == 1

    def work(name: str) -> None:
        try:
            asyncio.run(talk(name))
            asyncio.run(talk(name))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("ana", "bea")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures and not any(thread.is_alive() for thread in threads)
    asyncio.run(coach.close())


def test_a_loop_that_is_closed_in_the_middle_hurts_nobody(tmp_path: Path) -> None:
    coach = cc.AsyncCompletionCoach(tmp_path / "a.db", ScriptedModel().play(*[Say("more "), Yield()] * 50))
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    user = coach.user("ana")
    debrief = user.debrief(loop.run_until_complete(user.record_done(kind="volunteer", title="Help", id="a-1")).action)
    loop.run_until_complete(debrief.open().reply())
    pending = [loop.create_task(debrief.messages()) for _ in range(20)]
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    del pending
    assert len(asyncio.run(debrief.messages())) == 1


def test_ctrl_c_in_another_thread_s_call_reaches_the_main_thread() -> None:
    coach = cc.CompletionCoach(cc.SqliteStore.in_memory(), ScriptedModel().play(*[cc.testing.Hang()]))
    user = coach.user("ana")
    debrief = user.debrief(user.record_done(kind="volunteer", title="Help").action)
    list(debrief.open())
    turn = debrief.stream("It worked.")
    ended = threading.Event()

    def work() -> None:
        try:
            turn.reply()
        except cc.TurnCancelledError:
            ended.set()

    threading.Thread(target=work).start()
    time.sleep(0.2)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
        time.sleep(1)
    turn.cancel()
    assert ended.wait(5)
