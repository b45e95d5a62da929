"""A program of somebody who uses the package and checks their types strictly: it is type-checked, and run as a test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from completion_coach import (
    Accept,
    AsyncCompletionCoach,
    CoachError,
    CompletionCoach,
    Edit,
    Model,
    ModelInfo,
    ModelPlace,
    NewAction,
    Profile,
    Reject,
    Reply,
    Request,
    SqliteStore,
    Text,
    Verdict,
)


class Echo(Model):
    def info(self) -> ModelInfo:
        return ModelInfo(provider="me", model="echo-1", place=ModelPlace.LOCAL)

    def ask(self, request: Request) -> Iterator[str]:
        yield from ("Thank you. ", "What came of it?" if request.messages else "Shall we begin?")


def blocking() -> str:
    with CompletionCoach(SqliteStore.in_memory(), language="en", budget=(2, 4)) as coach:
        user = coach.user("ana")
        user.save_profile(Profile(name="Ana", skills=("Python",)))
        done = user.record_done(NewAction(kind="replicate", title="A figure"))
        debrief = user.debrief(done.action.id)
        opening: Reply = debrief.open().reply()
        said: list[str] = []
        for event in debrief.stream("The effect was there, and I learned how LoRA works."):
            if isinstance(event, Text):
                said.append(event.text)
        verdicts: dict[str, Verdict] = {}
        for number, item in enumerate(debrief.propose()):
            verdicts[item.id] = (Accept(), Edit("I learned LoRA."), Reject())[number % 3]
        debrief.apply(verdicts)
        try:
            user.debrief("nothing").open().reply()
        except CoachError as error:
            wait: float | None = error.retry_after
            assert wait is None
        return opening.message.text + "".join(said)


async def awaited() -> str:
    async with AsyncCompletionCoach(SqliteStore.in_memory(), Echo()) as coach:
        user = coach.user("ben")
        done = await user.record_done(kind="teach_write", title="A talk")
        debrief = user.debrief(done.action)
        async for event in debrief.open():
            if isinstance(event, Reply):
                assert event.exchange == 0
        reply = await debrief.send("Many came.")
        return reply.message.text


if __name__ == "__main__":
    print(blocking())
    print(asyncio.run(awaited()))
