"""Models, stores, classifiers and token sources written in Python: sync and async, and whatever goes wrong in them."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from conftest import Face, ran
from memory_store import AsyncMemoryStore, MemoryStore

import completion_coach as cc
from completion_coach.testing import ScriptedModel, check_store, check_store_async

LOCAL = cc.ModelInfo(provider="mine", model="tiny-1", place=cc.ModelPlace.LOCAL)


class Mine(cc.Model):
    """A model that plays what it is given."""

    def __init__(self, play: Any) -> None:
        self.play = play

    def info(self) -> cc.ModelInfo:
        return LOCAL

    def ask(self, request: cc.Request) -> Any:
        return self.play(request)


def pieces(request: cc.Request) -> Iterator[cc.Text | str | cc.Usage | cc.Finish]:
    yield "What did "
    yield cc.Text("you learn?")
    yield cc.Usage(requests=1, input_tokens=12, output_tokens=5)
    yield cc.Finish.COMPLETE


async def later(request: cc.Request) -> AsyncIterator[Any]:
    for piece in pieces(request):
        await asyncio.sleep(0)
        yield piece


async def all_at_once(request: cc.Request) -> list[Any]:
    await asyncio.sleep(0)
    return list(pieces(request))


@pytest.mark.parametrize(
    "play", [pieces, later, all_at_once, lambda r: list(pieces(r)), lambda _: "What did you learn?"]
)
async def test_a_model_answers_in_whichever_way_it_is_written(face: Face, play: Any) -> None:
    coach = face.coach(Mine(play))
    debrief = await face.opened(coach)
    reply = await face(debrief.send("It worked."))
    assert reply.text == "What did you learn?" and reply.message.author.model == "tiny-1"
    (line,) = (await face(coach.user("ana").usage())).lines
    assert line.usage.input_tokens in (0, 12)
    ran("own_model")


async def test_a_model_is_told_what_the_core_would_tell_its_own(face: Face, model: ScriptedModel) -> None:
    asked: list[cc.Request] = []

    def play(request: cc.Request) -> Iterator[str]:
        asked.append(request)
        yield "What did you learn?"

    for writer in (Mine(play), model):
        debrief = await face.opened(face.coach(writer), id="a-1")
        await face(debrief.send("It worked.", id="m-1"))
    own = model.requests()[0]
    assert asked[0].parts == own.parts and asked[0].purpose == cc.Purpose.REPLY and asked[0].flow == own.flow


async def test_signals_and_choices_of_a_model_count(face: Face) -> None:
    def play(request: cc.Request) -> Iterator[Any]:
        yield "What did you learn?"
        yield [cc.Choice("a", "Nothing"), cc.Choice("b", "A lot")]
        yield cc.SignalOutcome(cc.Outcome.FAILURE)

    debrief = await face.opened(face.coach(Mine(play)))
    events = await face.events(debrief.stream("Well."))
    assert any(isinstance(event, cc.Choices) for event in events)
    assert (await face(debrief.recap())).outcome == cc.Outcome.FAILURE


async def test_a_refusal_and_a_cut_are_what_the_core_makes_of_them(face: Face) -> None:
    for finish, error in ((cc.Finish.REFUSED, cc.ModelRefusedError), (cc.Finish.LENGTH, cc.ReplyIncompleteError)):
        debrief = await face.opened(face.coach(Mine(lambda _, finish=finish: ["What", finish])))
        with pytest.raises(error):
            await face(debrief.send("It worked."))


class Odd(Exception):
    pass


@pytest.mark.parametrize("kind", ["generator", "async generator", "function"])
@pytest.mark.parametrize(
    "raised", [Odd("a secret that ana wrote"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()]
)
async def test_an_exception_of_a_models_is_the_cause_and_says_nothing(
    face: Face, kind: str, raised: BaseException
) -> None:
    def generator(_: cc.Request) -> Iterator[str]:
        yield "What"
        raise raised

    async def async_generator(_: cc.Request) -> AsyncIterator[str]:
        yield "What"
        raise raised

    def function(_: cc.Request) -> Any:
        raise raised

    play = {"generator": generator, "async generator": async_generator, "function": function}[kind]
    debrief = await face.opened(face.coach(Mine(play)))
    with pytest.raises(cc.ModelUnavailableError) as failed:
        await face(debrief.send("It worked."))
    assert "secret" not in str(failed.value)
    causes = []
    cause = failed.value.__cause__
    while cause is not None:
        causes.append(type(cause))
        cause = cause.__cause__
    assert type(raised) in causes or isinstance(raised, GeneratorExit)
    assert len([m for m in await face(debrief.messages()) if m.role == cc.Role.USER]) == 1


async def test_an_error_of_the_tree_keeps_its_kind_and_its_words(face: Face) -> None:
    def play(_: cc.Request) -> Iterator[str]:
        yield ""
        raise cc.UnauthorisedError("sign in again", request_id="r-1", attempts=2)

    debrief = await face.opened(face.coach(Mine(play)))
    with pytest.raises(cc.UnauthorisedError, match="sign in again") as failed:
        await face(debrief.send("It worked."))
    assert failed.value.attempts == 2 and failed.value.request_id == "r-1" and failed.value.is_permanent
    assert isinstance(failed.value.__cause__, cc.UnauthorisedError)

    class Short(MemoryStore):
        def account(self, user: str) -> cc.Account | None:
            raise cc.InvalidInputError("the name is too long", field="name", limit=80)

    with pytest.raises(cc.InvalidInputError, match="the name is too long") as refused:
        await face(face.coach(cc.OfflineGuide(), store=Short()).user("ana").profile())
    assert (refused.value.field, refused.value.limit) == ("name", 80)


async def test_what_is_no_piece_is_an_error_and_no_hang(face: Face) -> None:
    for play in (lambda _: [3], lambda _: 3, lambda _: None, lambda _: [object()]):
        debrief = await face.opened(face.coach(Mine(play)))
        with pytest.raises(cc.ModelUnavailableError):
            await face(debrief.send("It worked."))
    with pytest.raises(TypeError, match="ModelInfo"):
        face.coach(type("Odd", (), {"info": lambda self: 3})())


async def test_a_model_that_nobody_wants_any_more_is_closed(face: Face) -> None:
    closed = threading.Event()

    def play(_: cc.Request) -> Iterator[str]:
        try:
            while True:
                yield "more "
                time.sleep(0.002)
        finally:
            closed.set()

    async def play_later(_: cc.Request) -> AsyncIterator[str]:
        try:
            yield "more "
            await asyncio.sleep(60)
        finally:
            closed.set()

    for writer in (play, play_later):
        closed.clear()
        debrief = await face.opened(face.coach(Mine(writer), delivery="live"))
        turn = debrief.stream("It worked.")
        assert isinstance(await face.next(turn), cc.Text)
        turn.cancel()
        for _ in range(500):
            await asyncio.sleep(0.01)
            if closed.is_set():
                break
        assert closed.is_set()


async def test_coroutines_run_on_the_callers_loop_or_on_one_of_ours(face: Face) -> None:
    store = AsyncMemoryStore()
    await face(face.coach(store=store).user("ana").save_profile(cc.Profile(name="Ana")))
    (loop,) = store.loops
    assert (loop is asyncio.get_running_loop()) == (face.name == "asyncio")


def test_the_stores_that_come_along_pass_the_exam() -> None:
    report = check_store(cc.SqliteStore.in_memory())
    report.assert_passed()
    assert report.passed and len(report) > 30 and str(report) == f"{len(report)} of {len(report)} checks passed"


def test_a_store_written_in_python_passes_the_exam() -> None:
    check_store(MemoryStore()).assert_passed()
    ran("own_store")


def test_an_async_store_passes_the_exam_on_a_loop_of_ours() -> None:
    check_store(AsyncMemoryStore()).assert_passed()


async def test_an_async_store_passes_the_exam_on_the_callers_loop() -> None:
    (await check_store_async(AsyncMemoryStore())).assert_passed()


def test_the_exam_finds_what_is_wrong() -> None:
    class Forgetful(MemoryStore):
        def forget(self, user: str) -> None:
            pass

        def changes(self, user: str, after: int, limit: int) -> Any:
            raise Odd("not written yet")

    report = check_store(Forgetful())
    failed = {check.name for check in report.failed}
    assert {"i10_forget_leaves_nothing", "changes_after_a_position"} <= failed and not report.passed
    with pytest.raises(AssertionError, match="i10_forget_leaves_nothing"):
        report.assert_passed()
    ran("exam")


@pytest.mark.parametrize(
    "raised", [Odd("a secret"), SystemExit(1), KeyboardInterrupt(), cc.StorageFullError("no room")]
)
@pytest.mark.parametrize("base", [MemoryStore, AsyncMemoryStore])
async def test_an_exception_of_a_stores_is_the_cause(face: Face, base: type, raised: BaseException) -> None:
    class Broken(base):  # type: ignore[misc]
        def account(self, user: str) -> Any:
            if base is MemoryStore:
                raise raised
            return self.later()

        async def later(self) -> Any:
            raise raised

    expected = cc.StorageFullError if isinstance(raised, cc.StorageFullError) else cc.StorageUnavailableError
    with pytest.raises(expected) as failed:
        await face(face.coach(store=Broken()).user("ana").profile())
    assert "secret" not in str(failed.value) and failed.value.__cause__ is not None


async def test_a_store_that_answers_nonsense_is_an_error(face: Face) -> None:
    for nonsense in (3, "x", [3], cc.Profile()):
        store = MemoryStore()
        store.account = lambda user, nonsense=nonsense: nonsense  # type: ignore[method-assign,assignment]
        with pytest.raises(cc.StorageUnavailableError):
            await face(face.coach(store=store).user("ana").profile())


async def test_a_debrief_is_held_with_everything_in_python(face: Face) -> None:
    for store in (MemoryStore(), AsyncMemoryStore()):
        for play in (pieces, later):
            coach = face.coach(Mine(play), store=store)
            debrief = await face.opened(coach, user=f"ana {play.__name__}")
            await face(debrief.send("It worked."))
            assert len(await face(debrief.messages())) == 3


async def test_a_store_may_use_the_library_itself(face: Face) -> None:
    inner = cc.CompletionCoach(cc.SqliteStore.in_memory())

    class Nested(MemoryStore):
        def account(self, user: str) -> Any:
            inner.user("log").save_profile(cc.Profile(name=user))
            return super().account(user)

    coach = face.coach(store=Nested())
    await asyncio.gather(*(_as_task(face, coach, n) for n in range(20)))
    assert inner.user("log").profile().name is not None


async def _as_task(face: Face, coach: Any, number: int) -> None:
    await face(coach.user(f"u{number}").save_profile(cc.Profile(name="Ana")))


def test_many_threads_with_a_python_store_do_not_lock_each_other_out() -> None:
    coach = cc.CompletionCoach(AsyncMemoryStore(), Mine(later))
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            user = coach.user(f"u{number}")
            debrief = user.debrief(user.record_done(kind="volunteer", title="Help").action)
            list(debrief.open())
            debrief.send("It worked.")
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures and not any(thread.is_alive() for thread in threads)


class Refusing(http.server.BaseHTTPRequestHandler):
    """Refuses the first token, and answers to the second one."""

    tokens: list[str | None] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.tokens.append(self.headers["authorization"])
        chunk = {"choices": [{"index": 0, "delta": {"content": "What did you learn?"}, "finish_reason": "stop"}]}
        accepted = self.headers["authorization"] == "Bearer token-2"
        body = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n" if accepted else "{}"
        self.send_response(200 if accepted else 401)
        self.send_header("content-type", "text/event-stream" if accepted else "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_a_token_that_is_refused_is_replaced_once(face: Face, kind: str) -> None:
    class Backend(cc.TokenSource):
        refused: list[str] = []

        def token(self) -> Any:
            token = f"token-{len(self.refused) + 1}"
            return asyncio.sleep(0, token) if kind == "async" else token

        def invalidate(self, refused: str) -> Any:
            self.refused = [*self.refused, refused]
            return asyncio.sleep(0) if kind == "async" else None

    Refusing.tokens = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url, source = f"http://127.0.0.1:{server.server_port}/v1", Backend()
        writer = cc.OpenAiModel("m", api_key=source, base_url=url, on_this_device=True)
        debrief = await face.opened(face.coach(writer))
        assert (await face(debrief.send("It worked."))).text == "What did you learn?"
        server.shutdown()
    assert source.refused == ["token-1"] and Refusing.tokens == ["Bearer token-1", "Bearer token-2"]
    ran("own_tokens")


async def test_a_source_of_tokens_that_fails_is_an_error(face: Face) -> None:
    def sign_in() -> str:
        raise cc.UnauthorisedError("sign in again")

    def broken() -> str:
        raise Odd("a secret")

    for source, error in ((sign_in, cc.UnauthorisedError), (broken, cc.ModelUnavailableError)):
        writer: Any = cc.OpenAiModel("m", api_key=source, base_url="http://127.0.0.1:9/v1", on_this_device=True)  # type: ignore[arg-type]
        debrief = await face.opened(face.coach(writer))
        with pytest.raises(error) as failed:
            await face(debrief.send("It worked."))
        assert "secret" not in str(failed.value) and failed.value.__cause__ is not None
