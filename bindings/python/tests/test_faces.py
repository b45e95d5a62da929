"""The whole API, over both faces."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import Face, ran

import completion_coach as cc
from completion_coach.testing import ManualClock, Say, ScriptedModel, SeededIds, SignalAct


async def test_a_user_saves_and_reads_a_profile(face: Face) -> None:
    coach = face.coach()
    user = coach.user("ana")
    with pytest.raises(cc.NotFoundError):
        await face(user.profile())
    profile = cc.Profile(name="Ana", skills=("Python",), custom={"team": "data", "tools": ("git", "vim")})
    assert await face(user.save_profile(profile)) is None
    assert await face(user.profile()) == profile
    (change,) = await face(user.changes())
    assert change.cause == cc.ChangeCause.SAVED and "skills" in change.fields
    assert await face(user.changes(after=change.seq)) == ()


async def test_actions_are_taken_through_their_steps(face: Face) -> None:
    user = face.coach().user("ana")
    action = await face(user.add_action(kind="teach_write", title="A tutorial", id="t-1", host_data={"job": "7"}))
    assert (action.id, action.status, action.host_data["job"]) == ("t-1", cc.ActionStatus.ACTIVE, "7")
    assert await face(user.add_action(cc.NewAction(kind="other", title="Another", id="t-1"))) == action
    statuses = []
    for name in ("save", "unsave", "start", "cancel", "start", "complete", "reopen", "complete"):
        statuses.append((await face(getattr(user, f"{name}_action")(action))).status.value)
    assert statuses == ["saved", "active", "in_progress", "active", "in_progress", "done", "in_progress", "done"]
    assert (await face(user.mark_completion_started("t-1"))).completion_started_at is not None
    with pytest.raises(cc.WrongStatusError, match="reopen_action"):
        await face(user.step("t-1", cc.ActionStep.REOPEN))
    assert (await face(user.action("t-1"))).status == "done"
    other = await face(user.add_action(kind="volunteer", title="Help out"))
    assert (await face(user.dismiss_action(other))).status == cc.ActionStatus.DISMISSED
    assert [listed.action.id for listed in await face(user.actions("done"))] == ["t-1"]
    assert len(await face(user.actions())) == 2
    await face(user.delete_action("t-1"))
    with pytest.raises(cc.NotFoundError):
        await face(user.action("t-1"))


async def test_suggestions_are_replaced_and_the_others_stay(face: Face) -> None:
    user = face.coach().user("ana")
    await face(user.add_action(kind="volunteer", title="Mine", id="mine"))
    first = await face(user.replace_suggestions([cc.NewAction(kind="replicate", title="One", id="one")]))
    second = await face(user.replace_suggestions(cc.NewAction(kind="replicate", title=t) for t in ("Two", "Three")))
    assert [a.source for a in first] == [cc.ActionSource.SUGGESTED] and len(second) == 2
    assert sorted(listed.action.title for listed in await face(user.actions())) == ["Mine", "Three", "Two"]


async def test_an_offer_is_declined_or_put_off(face: Face) -> None:
    clock = ManualClock()
    coach = face.coach(clock=clock)
    debrief = await face.done(coach)
    user = coach.user("ana")
    offer = await face(user.offer(debrief.action))
    assert offer.ask and offer.text and offer.disclosure == coach.disclosure() and not offer.consent_needed
    await face(debrief.later(clock.now() + timedelta(hours=1)))
    assert await face(debrief.state()) == cc.DebriefDeferred(clock.now() + timedelta(hours=1))
    assert not (await face(user.offer(debrief.action))).ask
    clock.advance(3_600)
    assert (await face(user.offer(debrief.action))).ask
    await face(debrief.decline())
    assert await face(debrief.state()) == cc.DebriefDeclined()


async def test_a_debrief_is_held_and_its_proposals_are_applied(face: Face) -> None:
    coach = face.coach(budget=(1, 3))
    user = coach.user("ana")
    await face(user.save_profile(cc.Profile(name="Ana", skills=("SQL",))))
    debrief = await face.done(coach)
    events = await face.events(debrief.open())
    assert isinstance(events[0], cc.Text) and isinstance(events[-1], cc.Reply)
    (choices,) = [event.choices for event in events if isinstance(event, cc.Choices)]
    reply = await face(debrief.send(choices[0]))
    assert reply.exchange == 1
    turn = debrief.stream("I learned that tests come first.", id="m-1")
    reply = await face(turn.reply())
    assert reply.exchange == 2 and reply == await face(turn.reply())
    again = await face(debrief.send("I learned that tests come first.", id="m-1"))
    assert again.message.id == reply.message.id
    reply = await face(debrief.skip_question())
    assert reply.over and reply.review_due
    page = await face(debrief.messages())
    assert [m.id for m in page if m.role == cc.Role.USER][-1] == "m-1" and page.before is None
    assert len(await face(debrief.messages(size=2))) == 2
    proposal = await face(debrief.propose())
    assert proposal == await face(debrief.proposal())
    item = proposal.pending()[0]
    quote = item.evidence[0]
    assert quote.quote in {m.id: m.text for m in page}[quote.message]
    applied = await face(debrief.apply({item.id: cc.Edit("Tests come first")}))
    assert applied.accepted == (item.id,) and "Tests come first" in (await face(user.profile())).insights
    with pytest.raises(cc.ConflictError):
        await face(debrief.apply({item.id: cc.Reject()}))
    assert (await face(debrief.recap())).lines
    with pytest.raises(cc.DebriefOverError):
        await face(debrief.send("one more"))
    assert isinstance(await face(debrief.reopen()), cc.Reply)
    assert (await face(debrief.stop())).over
    flagged = page.messages[0].id
    await face(debrief.report(flagged, "It was off the point."))
    assert (await face(user.changes()))[-1].report == cc.Report(flagged, "It was off the point.")
    await face(debrief.delete())
    assert await face(debrief.state()) == cc.DebriefNone()
    ran("offline")
    ran("proposals")


async def test_the_chat_has_no_debrief_in_it(face: Face, model: ScriptedModel) -> None:
    coach = face.coach(model)
    debrief = await face.opened(coach)
    await face(debrief.send("It worked."))
    chat = coach.user("ana").chat()
    assert isinstance((await face.events(chat.open()))[-1], cc.Reply)
    model.say("What would help?")
    assert (await face(chat.send("I look for a job."))).text == "What would help?"
    assert [m.thread for m in await face(chat.messages())] == ["general"] * 3
    assert not any("It worked." in part.text for part in model.requests()[-1].parts)
    assert isinstance((await face.events(chat.resume()))[-1], cc.Reply)
    assert isinstance((await face.events(chat.take_over()))[-1], cc.Reply)
    assert await face(chat.propose()) == await face(chat.proposal())
    assert (await face(chat.apply({}))).accepted == ()
    await face(chat.delete())
    assert len(await face(chat.messages())) == 0
    ran("chat")


async def test_a_remote_model_gets_nothing_without_consent(face: Face) -> None:
    model = ScriptedModel.remote()
    coach = face.coach(model)
    debrief = await face.opened(coach)
    user = coach.user("ana")
    assert await face(user.consent_needed()) and coach.disclosure("es").text != coach.disclosure("en").text
    with pytest.raises(cc.ConsentNeededError):
        await face(debrief.send("It worked."))
    assert model.requests() == ()
    await face(user.consent(coach.disclosure()))
    assert not await face(user.consent_needed())
    await face(debrief.send("It worked."))
    assert len(model.requests()) == 1
    await face(user.withdraw_consent())
    assert await face(user.consent_needed())
    ran("consent")


async def test_everything_goes_out_comes_in_and_is_forgotten(face: Face) -> None:
    coach = face.coach()
    debrief = await face.opened(coach)
    await face(debrief.send("It worked."))
    export = await face(coach.user("ana").export())
    assert json.loads(export)["format"] == "completion-coach"
    other = coach.user("bea")
    await face(other.import_(export))
    assert [m.text for m in await face(other.debrief(debrief.action).messages())] == [
        m.text for m in await face(debrief.messages())
    ]
    with pytest.raises(cc.ConflictError):
        await face(other.import_(export))
    await face(other.forget())
    with pytest.raises(cc.NotFoundError):
        await face(other.profile())
    assert len(await face(debrief.messages())) == 3
    ran("transfer")
    ran("forget")


async def test_old_transcripts_expire(face: Face) -> None:
    clock = ManualClock()
    coach = face.coach(clock=clock, retention=timedelta(days=30))
    debrief = await face.opened(coach)
    await face(debrief.stop())
    assert await face(coach.user("ana").expire()) == 0
    clock.advance(timedelta(days=31))
    assert await face(coach.user("ana").expire()) == 2


async def test_usage_is_told_for_a_period(face: Face, model: ScriptedModel) -> None:
    clock = ManualClock(datetime(2026, 5, 1, tzinfo=timezone.utc))
    coach = face.coach(model, clock=clock)
    debrief = await face.opened(coach)
    await face(debrief.send("It worked."))
    user = coach.user("ana")
    (line,) = (await face(user.usage())).lines
    assert (line.operation, line.model, line.attempts, line.cost) == (cc.Operation.REPLY, "scripted-1", 1, 0)
    assert (await face(user.usage(since=clock.now() + timedelta(days=1)))).lines == ()
    assert len((await face(user.usage(clock.now(), clock.now() + timedelta(days=1)))).lines) == 1
    ran("usage")


async def test_every_setting_reaches_the_core(face: Face) -> None:
    model = ScriptedModel()
    coach = face.coach(
        model,
        budget=(1, 2),
        limits=cc.Limits(message=20),
        allowance=cc.AllowanceRates(cc.Rate(60, 3), cc.Rate(60, 3)),
        delivery=cc.Delivery.LIVE,
        model_opens=True,
        offline_fallback=True,
        field_of_work="marine biology",
        tone="warm",
        instructions="Never mention fish.",
        vocabulary=[cc.Term(cc.ProfileField.SKILLS, "Rust", ("rustlang",))],
        prices=cc.PriceTable("2026-11-20", ()),
        texts={"en": {"offer.later": "Not now"}},
        language="en",
        turn_deadline=5,
        retention=timedelta(days=1),
        ids=SeededIds(1),
        clock=ManualClock(),
    )
    debrief = await face.opened(coach)
    prompt = "".join(part.text for part in model.requests()[0].parts)
    assert all(words in prompt for words in ("marine biology", "warm", "Never mention fish."))
    assert (await face(coach.user("ana").offer(debrief.action))).later == "Not now"
    english, spanish = cc.default_texts(), cc.default_texts("es-MX")
    assert english["offer.later"] == "Later" and english.keys() == spanish.keys() and not cc.default_texts("xx")
    with pytest.raises(cc.InvalidInputError) as long:
        await face(debrief.send("x" * 21))
    assert (long.value.field, long.value.limit) == ("message", 20)
    model.play(Say("Two? Questions?"))
    assert {f.gate for f in (await face(debrief.send("Fine."))).findings} == {cc.Gate.SEVERAL_QUESTIONS}
    with pytest.raises(cc.AllowanceSpentError) as spent:
        while True:
            await face.events(debrief.open())
            await face(debrief.send("go on"))
            await face(debrief.reopen())
    assert spent.value.retry_after is not None and spent.value.retry_after > 0
    with pytest.raises(cc.InvalidInputError):
        face.coach(budget=(3, 2))


async def test_a_classifier_of_the_hosts_is_listened_to(face: Face) -> None:
    class Ours(cc.SafetyClassifier):
        async def level(self, text: str, language: str) -> cc.SafetyLevel:
            return cc.SafetyLevel.DANGER if "code red" in text else cc.SafetyLevel.NONE

    for classifier in (Ours(), lambda text, _: "danger" if "code red" in text else "none"):
        debrief = await face.opened(face.coach(safety_classifier=classifier))
        assert not (await face(debrief.send("It worked."))).over
        events = await face.events(debrief.stream("code red"))
        assert cc.HandOver("en") in events and events[-1].ended == cc.Ending.HANDED_OVER
    ran("own_safety")


async def test_a_coach_closes_its_file(face: Face, tmp_path: Path) -> None:
    path = tmp_path / "debriefs.db"
    for _ in range(2):
        coach = face.Coach(path)
        if face.name == "asyncio":
            async with coach:
                await face(coach.user("ana").save_profile(cc.Profile(name="Ana")))
        else:
            with coach:
                await face(coach.user("ana").save_profile(cc.Profile(name="Ana")))
        assert [p.name for p in tmp_path.iterdir()] == ["debriefs.db"]
        with pytest.raises(cc.InternalError, match="closed"):
            await face(coach.user("ana").profile())
        await face(coach.close())


async def test_a_turn_of_nobodys_is_finished_in_the_background(face: Face, model: ScriptedModel) -> None:
    coach = face.coach(model)
    debrief = await face.opened(coach)
    model.say("What did you learn?")
    debrief.stream("It worked.", id="m").finish_in_background()
    for _ in range(500):
        if len(await face(debrief.messages())) == 3:
            break
        import asyncio

        await asyncio.sleep(0.01)
    assert (await face(debrief.messages())).messages[-1].text == "What did you learn?"


async def test_signals_and_pieces_of_a_turn_come_in_order(face: Face, model: ScriptedModel) -> None:
    coach = face.coach(model, delivery="live", budget=(1, 4))
    debrief = await face.opened(coach)
    model.play(Say("That "), Say("is "), Say("all."), SignalAct(cc.SignalEnough()))
    events = await face.events(debrief.stream("It worked and I learned Rust."))
    assert "".join(e.text for e in events if isinstance(e, cc.Text)) == "That is all."
    assert events[-1].text == "That is all."
    ran("streaming")


async def test_a_paused_store_is_closed_and_goes_on(face: Face, tmp_path: Path) -> None:
    store = cc.SqliteStore(tmp_path / "a.db")
    coach = face.coach(store=store)
    debrief = await face.opened(coach)
    store.pause()
    store.pause()
    assert [file.name for file in tmp_path.iterdir()] == ["a.db"], "no log and no lock is left beside it"
    with pytest.raises(cc.StorageUnavailableError, match="paused; call unpause"):
        await face(debrief.send("It worked and I learned Rust."))
    await face(asyncio.to_thread(store.unpause))
    store.unpause()
    assert (await face(debrief.send("It worked and I learned Rust."))).exchange == 1
    await face(coach.close())
    ran("pause")


async def test_a_store_is_copied_and_cleaned(face: Face, tmp_path: Path) -> None:
    store = cc.SqliteStore(tmp_path / "a.db", wait=1.0)
    await face(face.Coach(store).user("ana").save_profile(cc.Profile(name="Ana")))
    store.back_up(tmp_path / "b.db")
    store.erase_traces()
    store.close()
    copy: Any = face.Coach(tmp_path / "b.db")
    assert (await face(copy.user("ana").profile())).name == "Ana"
    with pytest.raises(cc.InvalidInputError):
        cc.SqliteStore(tmp_path / "b.db").back_up(tmp_path / "b.db")
    with pytest.raises(cc.StorageDamagedError):
        (tmp_path / "c.db").write_text("not a database, and long enough to look at" * 100)
        cc.SqliteStore(tmp_path / "c.db")


async def test_proposals_come_from_a_transcript_held_elsewhere(face: Face) -> None:
    messages = [
        cc.TranscriptMessage.assistant("What came of it?"),
        cc.TranscriptMessage.user("I rewrote it in SQL and it is twice as fast."),
    ]
    extract: Any = cc.extract_async if face.name == "asyncio" else cc.extract
    proposal = await face(extract(cc.Profile(skills=("SQL",)), messages))
    assert proposal.known[0].evidence[0].message == "2"


async def test_a_corpus_is_evaluated_with_its_progress(face: Face) -> None:
    messages = (cc.TranscriptMessage.assistant("What came of it?"), cc.TranscriptMessage.user("Nothing much."))
    cases = [cc.EvaluationCase(name=f"case {n}", messages=messages, empty=True) for n in range(3)]
    evaluate: Any = cc.evaluate_async if face.name == "asyncio" else cc.evaluate
    steps: list[tuple[int, int]] = []
    report = await face(evaluate(cases, cc.OfflineGuide(), progress=lambda done, of: steps.append((done, of))))
    assert report.total.cases == 3 and report.passes() and steps[-1] == (3, 3)
    assert cc.estimate(cases).requests == 3
    with pytest.raises(cc.InvalidInputError):
        await face(evaluate(cases))


def test_a_turn_is_checked_and_a_profile_told_without_a_coach() -> None:
    facts = cc.TurnFacts(language="en", said=("I wrote a parser.",))
    report = cc.check_turn("I saved that. What did you learn, and how will you use it?", facts)
    assert [f.gate for f in report.findings] == [cc.Gate.CLAIMS_TO_SAVE, cc.Gate.SEVERAL_QUESTIONS]
    assert cc.build_profile_context(cc.Profile(name="Ada", skills=("R&D",))) == "Name: Ada\nSkills: R&amp;D"
    assert cc.COMPLETION_COACH_PROMPT and cc.GENERAL_COACH_PROMPT and cc.EXTRACTION_PROMPT


def test_models_show_no_key_and_take_theirs_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    model = cc.AnthropicModel("claude-haiku-5-5", api_key="sk-secret", headers={"x-app": "hidden"}, retries=0)
    assert "sk-secret" not in repr(model) and "hidden" not in repr(model) and "claude-haiku-5-5" in repr(model)
    for name in ("API_KEY", "BASE_URL"):
        monkeypatch.delenv(f"ANTHROPIC_{name}", raising=False)
        monkeypatch.delenv(f"OPENAI_{name}", raising=False)
    with pytest.raises(cc.InvalidInputError, match="key"):
        cc.AnthropicModel("claude-haiku-5-5")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    assert "openai" in repr(cc.OpenAiModel("gpt", token_limit=cc.TokenLimit.MAX_TOKENS, time_limits=cc.TimeLimits()))
    local = cc.OpenAiModel("gemma4", base_url="http://127.0.0.1:11434/v1", on_this_device=True, retries=cc.Retries(1))
    assert "127.0.0.1" in repr(local)
    with pytest.raises(TypeError, match="no setting"):
        cc.OpenAiModel("gpt", temperature=1)  # type: ignore[call-arg]
    with pytest.raises(cc.InvalidInputError):
        cc.OpenAiModel("gpt", base_url="http://example.org")
