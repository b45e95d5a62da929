"""The golden debriefs of `tests/golden`, replayed over both faces: the logs are those that Rust has written, to the byte."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import Face, ran

import completion_coach as cc
from completion_coach.testing import ManualClock, ScriptedModel, SeededIds

FOLDER = Path(__file__).parents[3] / "tests/golden"
GOLDENS = sorted(FOLDER.glob("*.json"))
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
STATES = {
    cc.DebriefNone: "none",
    cc.DebriefDeferred: "deferred",
    cc.DebriefDeclined: "declined",
    cc.DebriefOpen: "open",
    cc.DebriefPending: "pending",
    cc.DebriefLive: "live",
    cc.DebriefEnded: "ended",
    cc.DebriefReadyToReview: "ready_to_review",
    cc.DebriefReviewed: "reviewed",
}


def quoted(text: str) -> str:
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(short.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text) + '"'


def or_dash(text: str | None) -> str:
    return "-" if text is None else quoted(text)


def time(at: datetime | None) -> str:
    return "-" if at is None else str((at - EPOCH) // timedelta(milliseconds=1))


def written(value: Any) -> str:
    """What is neither a text nor a time: a number, yes or no, an enum's name, a list of them, or a dash."""
    if value is None or value == ():
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(written, value)) if isinstance(value, tuple) else str(value)


class Player:
    def __init__(self, face: Face, golden: dict[str, Any]) -> None:
        self.face, self.lines, self.held = face, [], None  # type: ignore[var-annotated]
        self.clock = ManualClock(START)
        script = golden.get("model")
        model = None if script is None else ScriptedModel.from_json(json.dumps(script), self.clock)
        settings = dict(golden.get("coach", {}))
        if "prices" in settings:
            settings["prices"] = cc.PriceTable.from_dict(settings["prices"])
        settings["vocabulary"] = [cc.Term(**term) for term in settings.get("vocabulary", ())]
        self.coach = face.coach(model, clock=self.clock, ids=SeededIds(1), **settings)

    def line(self, name: str, **pairs: Any) -> None:
        self.lines.append(" ".join([name, *(f"{key}={written(value)}" for key, value in pairs.items())]))

    async def play(self, golden: dict[str, Any]) -> str:
        for number, step in enumerate(golden["steps"], 1):
            self.lines.append(f"# {number} {step['do']}")
            try:
                await self.step(**step)
            except cc.CoachError as error:
                wait = None if error.retry_after is None else round(error.retry_after * 1000)
                self.line("error", kind=error.kind, retry_after=wait)
        return "\n".join(self.lines) + "\n"

    async def step(self, do: str, user: str = "ana", action: Any = None, **given: Any) -> None:
        me, face = self.coach.user(user), self.face
        thread: Any = me.chat() if action is None else me.debrief(action)
        if do == "advance":
            self.clock.advance(timedelta(milliseconds=given["millis"]))
        elif do == "save_profile":
            await face(me.save_profile(cc.Profile(**given["profile"])))
        elif do == "profile":
            return self.profile(await face(me.profile()))
        elif do == "add_action":
            return self.action(await face(me.add_action(id=action, **given)))
        elif do == "record_done":
            done = await face(me.record_done(id=action, **given))
            self.action(done.action)
            return self.offer(done.offer)
        elif do == "offer":
            return self.offer(await face(me.offer(action)))
        elif do == "step":
            return self.action(await face(me.step(action, given["step"])))
        elif do == "actions":
            for listed in await face(me.actions()):
                self.action(listed.action)
                self.state(listed.debrief)
            return None
        elif do in ("open", "resume", "take_over"):
            return await self.turn(getattr(thread, do)())
        elif do == "stream":
            return await self.turn(thread.stream(message(**given)))
        elif do == "hold":
            self.held = thread.stream(message(**given))
            return self.event(await face.next(self.held))
        elif do == "release":
            self.held.cancel()
        elif do == "finish":
            return await self.turn(self.held)
        elif do in ("skip_question", "stop", "reopen"):
            return self.reply(await face(getattr(thread, do)()))
        elif do == "decline":
            await face(thread.decline())
        elif do == "later":
            await face(thread.later(EPOCH + timedelta(milliseconds=given["at"])))
        elif do == "state":
            return self.state(await face(thread.state()))
        elif do == "messages":
            page = await face(thread.messages(given.get("size", 100), given.get("before")))
            for said in page.messages:
                self.message(said)
            return self.line("page", before=page.before)
        elif do in ("propose", "proposal"):
            proposal = await face(getattr(thread, do)())
            for name, items in (("item", proposal.items), ("known", proposal.known)):
                for item in items:
                    self.extraction(name, item)
            return None
        elif do == "apply":
            items = (await face(thread.proposal())).items
            verdicts = {items[verdict["item"]].id: decided(**verdict) for verdict in given["verdicts"]}
            applied = await face(thread.apply(verdicts))
            self.line("applied", accepted=len(applied.accepted), rejected=len(applied.rejected))
            for conflict in applied.conflicts:
                before, now, proposed = map(or_dash, (conflict.before, conflict.now, conflict.proposed))
                self.line("conflict", field=conflict.field, before=before, now=now, proposed=proposed)
            return self.profile(applied.profile)
        elif do == "recap":
            recap = await face(thread.recap())
            self.line("recap", outcome=recap.outcome)
            for line in recap.lines:
                self.line(
                    "recap_line", step=line.step, cut=line.cut, label=quoted(line.label), quote=quoted(line.quote)
                )
            if recap.next is not None:
                self.line("next", kind=quoted(recap.next.kind), title=quoted(recap.next.title))
            return None
        elif do == "usage":
            return self.usage(await face(me.usage()))
        elif do == "changes":
            for change in await face(me.changes(given.get("after", 0))):
                count = len(change.extractions)
                at = time(change.at)
                self.line("change", seq=change.seq, at=at, cause=change.cause, fields=change.fields, extractions=count)
            return None
        elif do == "consent_needed":
            return self.line("consent", needed=await face(me.consent_needed()))
        elif do == "consent":
            shown = self.coach.disclosure(given.get("language", "en"))
            self.line("disclosure", is_ai=shown.is_ai, place=shown.place, text=quoted(shown.text))
            await face(me.consent(shown))
        elif do == "withdraw_consent":
            await face(me.withdraw_consent())
        elif do == "export":
            return self.line("export", bytes=len((await face(me.export())).encode()))
        elif do == "delete_action":
            await face(me.delete_action(action))
        elif do == "forget":
            await face(me.forget())
        else:
            raise ValueError(f"there is no step {do}")
        self.line("ok")
        return None

    async def turn(self, turn: Any) -> None:
        said = ""
        try:
            async for event in events(turn):
                if isinstance(event, cc.Text):
                    said += event.text
                    continue
                said = self.say(said)
                self.event(event)
        finally:
            self.say(said)

    def say(self, said: str) -> str:
        if said:
            self.event(cc.Text(said))
        return ""

    def event(self, event: Any) -> None:
        if isinstance(event, cc.Text):
            self.lines.append(f"text {quoted(event.text)}")
        elif isinstance(event, cc.Choices):
            for choice in event.choices:
                self.line("choice", id=quoted(choice.id), field=choice.field, text=quoted(choice.text))
        elif isinstance(event, cc.AskedAgain):
            self.line("asked_again", gate=event.finding.gate)
        elif isinstance(event, cc.Replaced):
            self.line("replaced", gate=event.finding.gate)
        elif isinstance(event, cc.StoodIn):
            self.line("stood_in", kind=event.kind)
        elif isinstance(event, cc.HandOver):
            self.line("hand_over", language=quoted(event.language))
        else:
            self.reply(event)

    def reply(self, reply: Any) -> None:
        findings = tuple(finding.gate for finding in reply.findings)
        due, over, ended = reply.review_due, reply.over, reply.ended
        self.line("reply", exchange=reply.exchange, review_due=due, over=over, ended=ended, findings=findings)
        self.message(reply.message)

    def message(self, message: Any) -> None:
        author = message.author
        self.line(
            "message",
            seq=message.seq,
            round=message.round,
            role=message.role,
            provenance=message.provenance,
            author=None if author is None else quoted(f"{author.provider}/{author.model}"),
            place=None if author is None else author.place,
            choice=or_dash(message.choice),
            choices=len(message.choices),
            at=time(message.at),
            id=quoted(message.id),
            text=quoted(message.text),
        )

    def action(self, action: Any) -> None:
        times = {"created_at": action.created_at, "started_at": action.started_at}
        times |= {"completed_at": action.completed_at, "debrief_at": action.completion_started_at}
        self.line(
            "action",
            id=quoted(action.id),
            kind=quoted(action.kind),
            status=action.status,
            source=action.source,
            **{name: time(at) for name, at in times.items()},
            title=quoted(action.title),
        )

    def offer(self, offer: Any) -> None:
        texts = {name: quoted(getattr(offer, name)) for name in ("text", "tell_us", "just_done", "later")}
        self.line("offer", ask=offer.ask, consent_needed=offer.consent_needed, **texts)

    def state(self, state: Any) -> None:
        ended, until = getattr(state, "ending", None), getattr(state, "time", None)
        self.line("state", **{"is": STATES[type(state)]}, ended=ended, until=time(until))

    def profile(self, profile: Any) -> None:
        for field in ("name", "headline", "career_goals", "seeking", "language"):
            if (text := getattr(profile, field)) is not None:
                self.lines.append(f"{field} {quoted(text)}")
        for name in ("skill", "interest", "insight"):
            self.lines += [f"{name} {quoted(item)}" for item in getattr(profile, f"{name}s")]

    def usage(self, report: Any) -> None:
        for line in report.lines:
            used = line.usage
            self.line(
                "used",
                operation=line.operation,
                provider=quoted(line.provider),
                model=quoted(line.model),
                attempts=line.attempts,
                failed=line.failed,
                cancelled=line.cancelled,
                requests=used.requests,
                input=used.input_tokens,
                output=used.output_tokens,
                cache_read=used.cache_read_tokens,
                cache_write=used.cache_write_tokens,
                cost=line.cost,
            )
        self.line("usage", cost=report.cost, prices_as_of=quoted(report.prices_as_of))

    def extraction(self, name: str, item: Any) -> None:
        self.line(
            name,
            field=item.field,
            op=item.operation,
            status=item.status,
            basis=item.basis,
            checked=item.checked,
            cautions=item.cautions,
            value=quoted(item.value),
            before=or_dash(item.before),
            edited=or_dash(item.edited),
        )
        for said in item.evidence:
            places = {"start": said.start, "end": said.end, "start16": said.start_utf16, "end16": said.end_utf16}
            self.line("quote", **places, quote=quoted(said.quote))


async def events(turn: Any) -> AsyncIterator[Any]:
    if hasattr(turn, "__aiter__"):
        async for event in turn:
            yield event
    else:
        for event in turn:
            yield event


def message(typed: str | None = None, choose: str | None = None, id: str | None = None) -> cc.NewMessage:
    said = cc.Chosen(choose) if typed is None else cc.Typed(typed)
    return cc.NewMessage(said=said, id=id)


def decided(item: int, verdict: str, value: str = "") -> Any:
    return {"accept": cc.Accept(), "reject": cc.Reject(), "edit": cc.Edit(value)}[verdict]


def test_the_golden_debriefs_are_there() -> None:
    assert len(GOLDENS) >= 8


@pytest.mark.parametrize("file", GOLDENS, ids=lambda file: file.stem)
async def test_a_golden_debrief_gives_the_log_that_is_checked_in(face: Face, file: Path) -> None:
    golden = json.loads(file.read_text(encoding="utf-8"))
    log = await Player(face, golden).play(golden)
    assert log.encode() == file.with_suffix(".log").read_bytes()
    ran("golden")
