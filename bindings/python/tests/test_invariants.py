"""I1 to I8 of the design, as far as a host could break them through the binding, over both faces."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Face
from memory_store import AsyncMemoryStore, MemoryStore

import completion_coach as cc
from completion_coach.testing import Cut, Hang, Length, Panic, Refuse, Say, ScriptedModel, SignalAct

STORES = {"sqlite": cc.SqliteStore.in_memory, "python": MemoryStore, "async python": AsyncMemoryStore}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Any:
    return STORES[request.param]()


async def test_i1_no_thread_shows_another(face: Face, store: Any, model: ScriptedModel) -> None:
    coach = face.coach(model, store)
    first, second = await face.opened(coach, id="a-1"), await face.opened(coach, id="a-2")
    chat = coach.user("ana").chat()
    await face.events(chat.open())
    for thread, words in ((first, "apples"), (second, "bananas"), (chat, "cherries")):
        await face(thread.send(f"I learned about {words}."))
    for thread, words in ((first, "apples"), (second, "bananas"), (chat, "cherries")):
        page = await face(thread.messages())
        assert words in str(page) and len({m.thread for m in page}) == 1
        assert sum(fruit in str(page) for fruit in ("apples", "bananas", "cherries")) == 1
    for request in model.requests():
        sent = "".join(part.text for part in request.parts)
        assert sum(fruit in sent for fruit in ("apples", "bananas", "cherries")) == 1


async def test_i2_a_stranger_finds_nothing(face: Face, store: Any) -> None:
    coach = face.coach(store=store)
    await face.opened(coach, id="a-1")
    theirs, stranger = coach.user("ana").debrief("a-1"), coach.user("bea")
    proposal = await face(theirs.propose())
    mine = stranger.debrief("a-1")
    for call in (
        mine.open().reply,
        mine.state,
        mine.messages,
        mine.propose,
        mine.proposal,
        mine.recap,
        mine.delete,
        mine.stop,
        lambda: mine.send("x"),
        lambda: mine.apply({"1": cc.Accept()}),
        lambda: stranger.action("a-1"),
        lambda: stranger.delete_action("a-1"),
        lambda: stranger.offer("a-1"),
        stranger.profile,
        stranger.export,
    ):
        with pytest.raises(cc.NotFoundError):
            await face(call())
    assert await face(stranger.actions()) == () and await face(stranger.changes()) == ()
    assert await face(theirs.proposal()) == proposal


async def test_i3_only_a_done_action_has_a_debrief(face: Face, store: Any) -> None:
    coach = face.coach(store=store)
    user = coach.user("ana")
    action = await face(user.add_action(kind="volunteer", title="Help"))
    debrief = user.debrief(action)
    for call in (debrief.open().reply, lambda: debrief.send("x"), debrief.decline, debrief.recap):
        with pytest.raises(cc.WrongStatusError):
            await face(call())
    await face(user.start_action(action))
    await face(user.complete_action(action))
    with pytest.raises(cc.WrongStatusError):
        await face(debrief.send("x"))
    started = (await face(user.mark_completion_started(action))).completion_started_at
    assert (await face(user.mark_completion_started(action))).completion_started_at == started
    assert (await face(debrief.send("It worked."))).exchange == 1


async def test_i4_a_message_is_stored_once(face: Face, store: Any, model: ScriptedModel) -> None:
    coach = face.coach(model, store)
    debrief = await face.opened(coach)
    model.play(Say("Half a rep"), Cut())
    with pytest.raises(cc.ReplyIncompleteError):
        await face(debrief.send("It worked.", id="m-1"))
    reply = await face(debrief.send("It worked.", id="m-1"))
    asked = len(model.requests())
    again = await face(debrief.send("It worked.", id="m-1"))
    assert again.message == reply.message and len(model.requests()) == asked
    with pytest.raises(cc.InvalidInputError):
        await face(debrief.send("Something else.", id="m-1"))
    with pytest.raises(cc.InvalidInputError):
        await face((await face.opened(coach)).send("It worked.", id="m-1"))
    assert [m.id for m in await face(debrief.messages()) if m.role == cc.Role.USER] == ["m-1"]


async def test_i5_one_turn_at_a_time(face: Face, store: Any, model: ScriptedModel) -> None:
    coach = face.coach(model, store, delivery="live")
    debrief = await face.opened(coach)
    model.play(Say("What"), Hang())
    turn = debrief.stream("It worked.", id="m-1")
    await face.next(turn)
    assert await face(debrief.state()) == cc.DebriefLive()
    for call in (lambda: debrief.send("More."), debrief.open().reply, debrief.resume().reply):
        with pytest.raises(cc.BusyError) as busy:
            await face(call())
        assert busy.value.retry_after is not None and busy.value.retry_after > 0
    model.say("What did you learn?")
    assert (await face(debrief.take_over().reply())).text == "What did you learn?"
    with pytest.raises((cc.TurnCancelledError, cc.ConflictError)):
        await face.events(turn)
    assert len(await face(debrief.messages())) == 3


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (Cut(), cc.ReplyIncompleteError),
        (Length(), cc.ReplyIncompleteError),
        (Refuse(), cc.ModelRefusedError),
        (Panic("what ana wrote"), cc.InternalError),
        (None, cc.ReplyIncompleteError),
    ],
)
async def test_i6_a_reply_is_whole_or_nothing(
    face: Face, store: Any, model: ScriptedModel, end: Any, error: type[cc.CoachError]
) -> None:
    coach = face.coach(model, store)
    debrief = await face.opened(coach)
    signal = SignalAct(cc.SignalOutcome(cc.Outcome.FAILURE))
    model.play(*([Say("What did you"), signal, end] if end else [Say("")]))
    with pytest.raises(error) as failed:
        await face(debrief.send("It worked."))
    assert "ana" not in str(failed.value)
    assert [m.role for m in await face(debrief.messages())] == [cc.Role.ASSISTANT, cc.Role.USER]
    assert (await face(debrief.recap())).outcome != cc.Outcome.FAILURE
    model.say("What did you learn?")
    assert (await face(debrief.resume().reply())).text == "What did you learn?"


async def test_i7_a_debrief_is_bounded_and_asks_one_question(face: Face, store: Any, model: ScriptedModel) -> None:
    coach = face.coach(model, store, budget=(2, 4), allowance=cc.AllowanceRates(cc.Rate(600, 100), cc.Rate(600, 100)))
    debrief = await face.opened(coach)
    for _ in range(10):
        model.say("What did you learn? And what comes next?")
    asked = await face.events(debrief.stream("I built it with two friends."))
    kinds = [type(event) for event in asked]
    assert cc.AskedAgain in kinds and cc.Replaced in kinds and asked[-1].text.count("?") == 1
    exchanges = 1
    while not (reply := await face(debrief.send("I learned that tests come first."))).over:
        exchanges += 1
        assert exchanges < 4
    assert reply.exchange == 4 and "?" not in reply.text
    with pytest.raises(cc.DebriefOverError):
        await face(debrief.send("And more."))


async def test_i8_proposals_are_grounded_and_need_a_verdict(face: Face, store: Any, model: ScriptedModel) -> None:
    coach = face.coach(model, store)
    user = coach.user("ana")
    await face(user.save_profile(cc.Profile(skills=("SQL",), career_goals="Lead a team")))
    debrief = await face.opened(coach)
    await face(debrief.send("I learned Rust while I wrote it."))
    await face(debrief.stop())

    def item(field: str, value: str, quote: str) -> dict[str, Any]:
        return {"field": field, "value": value, "message": 2, "quote": quote}

    model.say(json.dumps({"items": [item("skills", "Rust", "I learned Rust"), item("skills", "Go", "I learned Go")]}))
    proposal = await face(debrief.propose())
    assert isinstance(model.requests()[-1].output, cc.OutputJson)
    said = {m.id: m.text for m in await face(debrief.messages()) if m.role == cc.Role.USER}
    assert all(e.quote in said[e.message] for item in proposal.items for e in item.evidence)
    assert "Go" not in [item.value for item in proposal.items]
    assert (await face(user.profile())).skills == ("SQL",)
    await face(debrief.apply({item.id: cc.Accept() for item in proposal.items}))
    assert (await face(user.profile())).skills == ("SQL", "Rust")
