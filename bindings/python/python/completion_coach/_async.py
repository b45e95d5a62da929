"""The asyncio face: the whole API of the core, to be awaited. The blocking face is made from this file by
`tests/unasync.py`.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping

from . import _core
from ._data import (
    TYPE_CHECKING,
    Action,
    ActionList,
    ActionStatus,
    ActionStep,
    Applied,
    ChangeList,
    Choice,
    DebriefState,
    Delivery,
    Disclosure,
    Done,
    EvaluationOptions,
    EvaluationReport,
    MessagePage,
    NewAction,
    NewMessage,
    Offer,
    Profile,
    Proposal,
    Recap,
    Reply,
    TurnEvent,
    UsageReport,
    encode,
)
from ._ports import of_classifier
from ._run import (
    call_json,
    dumps,
    given,
    id_of,
    millis,
    model_of,
    new_action,
    new_message,
    options_json,
    progress_of,
    read,
    run_async,
    store_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime, timedelta
    from os import PathLike
    from types import TracebackType
    from typing import Any, TypedDict, TypeVar

    from typing_extensions import Self, Unpack

    from ._core import ManualClock, NativeModel, SeededIds, SqliteStore
    from ._data import (
        ActionKind,
        ActionSource,
        AllowanceRates,
        EvaluationCase,
        Limits,
        Material,
        PriceTable,
        Said,
        Term,
        TranscriptMessage,
        Verdict,
    )
    from ._ports import ActionStore, Model, SafetyClassifier
    from ._widget import DebriefWidget

    _T = TypeVar("_T")

    class _NewActionFields(TypedDict, total=False):
        """The fields of a `NewAction`."""

        kind: ActionKind | str
        title: str
        id: str | None
        description: str
        rationale: str
        basis: Iterable[str]
        material: Iterable[Material]
        host_data: Mapping[str, str]
        source: ActionSource


class AsyncCompletionCoach:
    """The coach: opens debriefs, keeps their rules, proposes and applies.

    ::

        async with AsyncCompletionCoach("debriefs.db", AnthropicModel("claude-haiku-5-5"), language="en") as coach:
            user = coach.user("ana")

    It may be used by any number of threads and tasks at once. Close it, or use it as a context manager: then its store
    is closed as well if it was given as a path.

    Args:
        store: A path of an SQLite file, a `SqliteStore`, or a store of the host's own.
        model: Who writes the coach's words: an `AnthropicModel`, an `OpenAiModel`, a `Model` of the host's own, or None
            for the offline guide.
        budget: How many exchanges a debrief takes; 1 ≤ min ≤ max ≤ 10.
        limits: How much of anything is accepted.
        allowance: How often a user may ask for a turn and for proposals.
        delivery: How a coach's words reach the host: checked first, or as they come.
        model_opens: Lets the model ask the first question. By default the guide does: at once, free and without a
            network.
        offline_fallback: Lets the guide ask when the model cannot be reached or may not be asked. Each reply says who
            wrote it.
        field_of_work: The field that the people work in, such as `marine biology`.
        tone: How the coach speaks, such as `warm and plain`.
        instructions: Whatever else the coach is told. Rules that code keeps are not lifted by it.
        vocabulary: Words that are recognised in what people write, such as the names of skills.
        prices: What models cost. A model without a price has no cost in the usage report.
        safety_classifier: The host's own look at what people write, beside the phrase lists; the higher level counts.
        texts: What the library says to people, where the host has its own words: by language, then by the text's id
            (`default_texts` has them all).
        language: The language for people whose profile names none, as a BCP 47 tag.
        turn_deadline: How long a turn may take with everything in it, at least 1 s (default 120 s). Then it ends
            itself.
        retention: How long transcripts are kept (default: for ever). What is older is deleted by `User.expire`, which
            the host calls.
        clock: Where the time comes from, for tests.
        ids: Where new ids come from, for tests.

    Raises:
        InvalidInputError: A setting does not fit.
        StorageDamagedError, StorageNewerError, StorageUnavailableError: The file cannot be opened.
    """

    def __init__(
        self,
        store: str | PathLike[str] | SqliteStore | ActionStore,
        model: NativeModel | Model | None = None,
        *,
        budget: tuple[int, int] = (2, 4),
        limits: Limits | None = None,
        allowance: AllowanceRates | None = None,
        delivery: Delivery | str = Delivery.CHECKED,
        model_opens: bool = False,
        offline_fallback: bool = False,
        field_of_work: str | None = None,
        tone: str | None = None,
        instructions: str | None = None,
        vocabulary: Iterable[Term] = (),
        prices: PriceTable | None = None,
        safety_classifier: SafetyClassifier | None = None,
        texts: Mapping[str, Mapping[str, str]] | None = None,
        language: str = "en",
        turn_deadline: timedelta | float | None = None,
        retention: timedelta | float | None = None,
        clock: ManualClock | None = None,
        ids: SeededIds | None = None,
    ) -> None:
        options = {
            "budget": list(budget),
            "limits": given(limits),
            "allowance": given(allowance),
            "delivery": encode(delivery),
            "model_opens": model_opens,
            "offline_fallback": offline_fallback,
            "voice": {"field_of_work": field_of_work, "tone": tone, "instructions": instructions},
            "vocabulary": encode(tuple(vocabulary)),
            "prices": given(prices),
            "texts": encode(texts or {}),
            "language": language,
            "turn_deadline_ms": millis(turn_deadline),
            "retention_ms": millis(retention),
        }
        self._language = language
        self._native = _core.Coach(
            store_of(store),
            model_of(model),
            json.dumps(options),
            None if safety_classifier is None else of_classifier(safety_classifier),
            clock,
            ids,
        )

    def user(self, id: str) -> AsyncUser:
        """A user's handle. This trusts the host: authenticate first. Several tenants need a prefix each."""
        return AsyncUser(self._native, id)

    def disclosure(self, language: str | None = None) -> Disclosure:
        """What to show a user before anything is shared with the configured model, in this language (default: the
        coach's).
        """
        return read(Disclosure, self._native.disclosure(language or self._language))  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Lets go of the model, and of the store once what was begun is written. Turns under way keep them until they
        end.
        """
        closing = self._native.close()
        if closing is not None:
            await run_async(closing)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class AsyncUser:
    """One user of the host's, and everything that is theirs. Nothing of another user's can be reached from it."""

    def __init__(self, native: _core.Coach, id: str) -> None:
        self._native = native
        self.id = id
        """The user's id."""

    def __repr__(self) -> str:
        return f"AsyncUser({self.id!r})"

    async def _call(self, kind: type[_T], op: str, **arguments: Any) -> _T:
        return await _call(self._native, kind, op, user=self.id, **arguments)

    async def _do(self, op: str, **arguments: Any) -> None:
        await _do(self._native, op, user=self.id, **arguments)

    def debrief(self, action: str | Action) -> AsyncDebrief:
        """The debrief of one of the user's actions. Nothing is read until it is used."""
        return AsyncDebrief(self._native, self.id, id_of(action))

    def chat(self) -> AsyncChat:
        """The chat about the profile as a whole. It never sees a debrief, and no debrief sees it."""
        return AsyncChat(self._native, self.id, "general")

    async def profile(self) -> Profile:
        """The profile as it is now.

        Raises:
            NotFoundError: Nothing was ever saved for this user.
        """
        return await self._call(Profile, "profile")

    async def save_profile(self, profile: Profile) -> None:
        """Saves the whole profile, and creates the user if need be. What has changed is noted in the change log.

        Raises:
            InvalidInputError: Something does not fit; the error has the field and the limit.
        """
        await self._do("save_profile", profile=profile)

    async def add_action(self, action: NewAction | None = None, /, **fields: Unpack[_NewActionFields]) -> Action:
        """Adds an action, given as a `NewAction` or by its fields. If there is one with the host's id already, that one
        is returned as it is.

        Raises:
            InvalidInputError: Something does not fit; the error has the field and the limit.
        """
        return await self._call(Action, "add_action", action=new_action(action, fields))

    async def record_done(self, action: NewAction | None = None, /, **fields: Unpack[_NewActionFields]) -> Done:
        """Records that an action was done, for hosts that keep their own list, given as a `NewAction` or by its fields.

        It creates or updates it by the host's id, straight to done, any number of times. The first time of completion
        is kept, and so is what is known of the action where the new one says nothing.

        Raises:
            InvalidInputError: Something does not fit; the error has the field and the limit.
        """
        return await self._call(Done, "record_done", action=new_action(action, fields))

    async def offer(self, action: str | Action) -> Offer:
        """Whether to offer the debrief of a done action, and in which words.

        Raises:
            NotFoundError: There is no such action.
        """
        return await self._call(Offer, "offer", action=id_of(action))

    async def replace_suggestions(self, suggestions: Iterable[NewAction]) -> tuple[Action, ...]:
        """Puts new suggestions in the place of those that are still active.

        Saved, begun, done and dismissed actions stay, and so do those that were not suggested. A suggestion whose id is
        taken by one that stays is left out.

        Raises:
            InvalidInputError: Something does not fit; then nothing is replaced.
        """
        suggestions = tuple(suggestions)
        return await self._call(tuple[Action, ...], "replace_suggestions", suggestions=suggestions)

    async def actions(self, status: ActionStatus | str | None = None) -> ActionList:
        """The actions of one status, or all of them: done ones newest first, the others in the order in which they were
        added.
        """
        return await self._call(ActionList, "actions", status=status)

    async def action(self, action: str | Action) -> Action:
        """One action as it is now.

        Raises:
            NotFoundError: There is no such action.
        """
        return await self._call(Action, "action", action=id_of(action))

    async def delete_action(self, action: str | Action) -> None:
        """Deletes an action and its debrief. What was accepted into the profile stays there.

        Raises:
            NotFoundError: There is no such action.
        """
        await self._do("delete_action", action=id_of(action))

    async def step(self, action: str | Action, step: ActionStep | str) -> Action:
        """Takes a step with an action and returns it as it is then.

        Raises:
            NotFoundError: There is no such action.
            WrongStatusError: The step cannot be taken from where the action stands.
        """
        return await self._call(Action, "step", action=id_of(action), step=step)

    async def save_action(self, action: str | Action) -> Action:
        """Keeps an action for later. It raises what `step` does, like all steps below."""
        return await self.step(action, ActionStep.SAVE)

    async def unsave_action(self, action: str | Action) -> Action:
        """Puts an action back among the active ones."""
        return await self.step(action, ActionStep.UNSAVE)

    async def start_action(self, action: str | Action) -> Action:
        """Begins an action."""
        return await self.step(action, ActionStep.START)

    async def cancel_action(self, action: str | Action) -> Action:
        """Gives an action up for now."""
        return await self.step(action, ActionStep.CANCEL)

    async def complete_action(self, action: str | Action) -> Action:
        """Finishes an action. Only then it has a debrief."""
        return await self.step(action, ActionStep.COMPLETE)

    async def reopen_action(self, action: str | Action) -> Action:
        """Takes back that an action was finished, as long as its debrief was not started."""
        return await self.step(action, ActionStep.REOPEN)

    async def dismiss_action(self, action: str | Action) -> Action:
        """Lets an action go."""
        return await self.step(action, ActionStep.DISMISS)

    async def mark_completion_started(self, action: str | Action) -> Action:
        """Marks an action's debrief as started; the first time is kept."""
        return await self.step(action, ActionStep.MARK_COMPLETION_STARTED)

    async def consent(self, disclosure: Disclosure) -> None:
        """Passes on that the person agrees to a disclosure. Only then a remote model gets what they write.

        Raises:
            ConflictError: Another model or address is configured than the one disclosed.
        """
        await self._do("consent", disclosure=disclosure)

    async def consent_needed(self) -> bool:
        """Whether the person has yet to agree to the disclosure of the configured model before it gets what they
        write.
        """
        return await self._call(bool, "consent_needed")

    async def withdraw_consent(self) -> None:
        """Withdraws the person's agreement. A turn with a remote model that is under way ends with
        `TurnCancelledError`.

        Raises:
            NotFoundError: There is no such user.
        """
        await self._do("withdraw_consent")

    async def changes(self, after: int = 0) -> ChangeList:
        """The change log after this position, oldest first, at most 100 entries.

        By this a host learns, after any crash, that something that depends on the profile must be refreshed.
        """
        return await self._call(ChangeList, "changes", after=after)

    async def usage(self, since: datetime | None = None, until: datetime | None = None) -> UsageReport:
        """What was used in a period, `since` included and `until` not, with what it costs."""
        return await self._call(UsageReport, "usage", since=since, until=until)

    async def export(self) -> str:
        """Everything that is kept about the user, as JSON: profile, consent, actions, conversations, proposals,
        attempts, changes.

        Raises:
            NotFoundError: There is no such user.
            ConflictError: It changes faster than it can be read.
        """
        return await self._call(str, "export")

    async def import_(self, export: str) -> None:
        """Puts what `export` wrote into this user, who must not exist yet, in one commit. The export may be another
        user's.

        Raises:
            ConflictError: This user exists.
            StorageNewerError: A newer version of this library wrote it.
            InvalidInputError: It is not an export, or something in it does not fit the limits.
        """
        await self._do("import", json=export)

    async def expire(self) -> int:
        """Deletes the transcripts that are older than the coach's `retention`, and says how many messages that were.

        What was accepted stays, with the ids of the messages behind it; the quotes go. Proposals that nobody has
        decided are superseded. The host calls this, once a day for instance: nothing is deleted by itself.

        Raises:
            NotFoundError: There is no such user.
        """
        return await self._call(int, "expire")

    async def forget(self) -> None:
        """Deletes everything about the user. Turns under way end with `TurnCancelledError`; nothing of them is stored.

        Raises:
            StorageUnavailableError: Another program keeps the file from being cleaned: traces may remain, call again.
        """
        await self._do("forget")


class _AsyncConversation:
    """What a debrief and the chat have in common."""

    def __init__(self, native: _core.Coach, user: str, thread: str) -> None:
        self._native = native
        self._user = user
        self._thread = thread

    async def _call(self, kind: type[_T], op: str, **arguments: Any) -> _T:
        return await _call(self._native, kind, op, user=self._user, thread=self._thread, **arguments)

    async def _do(self, op: str, **arguments: Any) -> None:
        await _do(self._native, op, user=self._user, thread=self._thread, **arguments)

    def _turn(self, op: str, **arguments: Any) -> AsyncTurn:
        return AsyncTurn(self._native.turn(call_json(op, user=self._user, thread=self._thread, **arguments)))

    def open(self) -> AsyncTurn:
        """Opens the conversation, or comes back to it.

        That is the opening question if there was none, a reply to what waits for one, else the coach's last message
        again, without asking a model. Nothing happens before the turn is read.

        Raises:
            NotFoundError, WrongStatusError: There is no such action, or it is not done.
            BusyError: A reply is being made.
            AllowanceSpentError, ConsentNeededError: A model is to be asked.
        """
        return self._turn("open")

    def stream(self, message: str | NewMessage | Said | Choice, *, id: str | None = None) -> AsyncTurn:
        """Says something and streams the reply. When the first event comes, what was said is stored.

        With an id of the host's own, saying it again is safe: what was answered is answered from the store, what was
        not is resumed.

        Raises:
            DebriefOverError, HandedOverError: Nothing is said in it any more.
            InvalidInputError: A message that is blank, too long or a choice that is not offered, or a fourth one
                without a reply.
        """
        return self._turn("stream", message=new_message(message, id))

    async def send(self, message: str | NewMessage | Said | Choice, *, id: str | None = None) -> Reply:
        """Says something and waits for the reply. It raises what `stream` does, and what ends a turn."""
        return await self._call(Reply, "send", message=new_message(message, id))

    def resume(self) -> AsyncTurn:
        """Asks for the reply to what was said and not answered; with nothing waiting, the coach's last message
        again.
        """
        return self._turn("resume")

    def take_over(self) -> AsyncTurn:
        """Like `open`, and takes the place of a reply that is being made elsewhere, which will be thrown away. It is
        always safe.
        """
        return self._turn("take_over")

    async def messages(self, size: int = 500, before: int | None = None) -> MessagePage:
        """The conversation's messages: the newest ones, or those before a position; 1 to 500 at a time.

        Raises:
            NotFoundError: There is no such conversation.
        """
        return await self._call(MessagePage, "messages", size=size, before=before)

    async def propose(self) -> Proposal:
        """Reads what was said and proposes changes to the profile, each with the person's own words as evidence.

        With nothing new said it is the stored proposal, without asking a model. Nothing reaches the profile before
        `apply`.
        """
        return await self._call(Proposal, "propose")

    async def proposal(self) -> Proposal:
        """The proposals as they stand, without asking a model.

        Raises:
            NotFoundError: There is no such conversation.
        """
        return await self._call(Proposal, "proposal")

    async def apply(self, verdicts: Mapping[str, Verdict]) -> Applied:
        """Applies verdicts to the profile as it is now, by the ids of the proposals.

        Lists are united, a text is replaced only if it still is what the proposal was made from. The same verdicts
        again lead to the same result.

        Raises:
            NotFoundError: There is no such proposal.
            ConflictError: A different verdict on a decided one.
            InvalidInputError: An edited value that does not fit. With any of them nothing is applied.
        """
        return await self._call(Applied, "apply", verdicts=verdicts)

    async def delete(self) -> None:
        """Deletes what was said in it and what was proposed. What was accepted into the profile stays there.

        Raises:
            NotFoundError: There is no such conversation.
        """
        await self._do("delete")


class AsyncChat(_AsyncConversation):
    """The chat about the profile as a whole, with the same coach and nothing of any debrief."""

    def __repr__(self) -> str:
        return f"AsyncChat({self._user!r})"


class AsyncDebrief(_AsyncConversation):
    """The debrief of one done action: a few exchanges, one question at a time, in a thread that no other conversation
    sees.
    """

    def __init__(self, native: _core.Coach, user: str, action: str) -> None:
        super().__init__(native, user, f"debrief:{action}")
        self.action = action
        """The id of the action whose debrief this is."""

    def __repr__(self) -> str:
        return f"AsyncDebrief({self._user!r}, {self.action!r})"

    async def _of_action(self, kind: type[_T], op: str, **arguments: Any) -> _T:
        return await _call(self._native, kind, op, user=self._user, action=self.action, **arguments)

    async def _do_to_action(self, op: str, **arguments: Any) -> None:
        await _do(self._native, op, user=self._user, action=self.action, **arguments)

    async def skip_question(self) -> Reply:
        """The next question, without an answer to the last one. It counts as an exchange.

        Raises:
            WrongStatusError: It was not opened.
            DebriefOverError, HandedOverError: Nothing is said in it any more.
        """
        return await self._of_action(Reply, "skip_question")

    async def report(self, message: str, reason: str) -> None:
        """Flags something that the coach said, by the message's id, with the person's reason, for whoever runs the app
        to look at.

        It is an entry in the change log and in the export, and kept until `User.forget`.

        Raises:
            NotFoundError: The coach did not say it in this debrief.
            InvalidInputError: The reason is blank or too long.
        """
        await self._do_to_action("report", message=message, reason=reason)

    async def stop(self) -> Reply:
        """Ends the debrief at once. A reply that is being made ends with `TurnCancelledError`. Stopping what has ended
        changes nothing.

        Raises:
            WrongStatusError: It was not opened.
        """
        return await self._of_action(Reply, "stop")

    async def reopen(self) -> Reply:
        """A new round of a debrief that has ended: a fresh budget, begun with one line of recap.

        Raises:
            WrongStatusError: It has not ended.
            HandedOverError, BusyError: It was handed over, or a reply is being made.
        """
        return await self._of_action(Reply, "reopen")

    async def decline(self) -> None:
        """ "Just done": do not ask. What has begun ends; what has ended stays as it is. Opening it later is still
        possible.

        Raises:
            WrongStatusError: The action is not done.
        """
        await self._do_to_action("decline")

    async def later(self, time: datetime) -> None:
        """Ask again at this time. A debrief that has ended is not asked about again, whatever is said here.

        Raises:
            WrongStatusError: The action is not done.
        """
        await self._do_to_action("later", time=time)

    async def state(self) -> DebriefState:
        """Where the debrief stands.

        Raises:
            NotFoundError: There is no such action.
        """
        return await self._of_action(DebriefState, "state")  # type: ignore[arg-type]

    async def recap(self) -> Recap:
        """What the person said to each question, in their own words, and the next step they named.

        Raises:
            WrongStatusError: The action is not done.
        """
        return await self._of_action(Recap, "recap")

    def chat(self) -> DebriefWidget:
        """The debrief as a widget of a notebook: the conversation, and proposals to accept, edit or reject. It needs
        `anywidget`.
        """
        from ._sync import Debrief
        from ._widget import DebriefWidget

        return DebriefWidget(Debrief(self._native, self._user, self.action))


class AsyncTurn:
    """A reply in the making: an iterator of events, of which the last one is the `Reply` as it is stored.

    Nothing happens before the first event is asked for. Leaving the loop or the `with` block early, deleting it, or
    cancelling what waits for it ends the request to the model at once; what the user said stays, and is answered by
    resuming.
    """

    def __init__(self, native: _core.Turn) -> None:
        self._native = native
        self._events: deque[Any] = deque()
        self._reply: Reply | None = None

    def __aiter__(self) -> AsyncIterator[TurnEvent]:
        return _AsyncEvents(self)

    async def __anext__(self) -> TurnEvent:
        if not self._events:
            more = await self._wait(self._native.next())
            if more is None:
                raise StopAsyncIteration
            self._events.extend(read(tuple[TurnEvent, ...], more))
        event: TurnEvent = self._events.popleft()
        if isinstance(event, Reply):
            self._reply = event
        return event

    async def reply(self) -> Reply:
        """Reads to the end and gives the reply.

        Raises:
            CoachError: What ended the turn without one.
        """
        while self._reply is None and self._events:
            await self.__anext__()
        if self._reply is not None:
            return self._reply
        reply: Reply = read(Reply, await self._wait(self._native.reply()))
        self._reply = reply
        return reply

    def cancel(self) -> None:
        """Ends the turn at once, from any thread. Whoever waits for its next event gets a `TurnCancelledError`."""
        self._events.clear()
        self._native.cancel()

    def finish_in_background(self) -> None:
        """Goes on without anybody watching: the browser has left, the reply is kept."""
        self._native.finish_in_background()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    async def _wait(self, operation: _core.Operation) -> str | _core.NativePage | None:
        try:
            return await run_async(operation)
        except BaseException:
            # It has failed, or nobody waits for it any more.
            self._native.cancel()
            raise


class _AsyncEvents:
    """What a loop holds: when it is left early, the turn ends."""

    def __init__(self, turn: AsyncTurn) -> None:
        self._turn = turn

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> TurnEvent:
        return await self._turn.__anext__()

    def __del__(self) -> None:
        self._turn._native.cancel()


async def extract_async(
    profile: Profile, messages: Iterable[TranscriptMessage], model: NativeModel | Model | None = None
) -> Proposal:
    """Proposes changes to a profile from a transcript that was held elsewhere, oldest message first, without a store.

    Nothing is kept, counted or remembered. In the evidence, a message's id is its number in the transcript, from 1.
    Whoever passes a remote model sends it the transcript and the profile: the person's consent is the caller's to
    obtain.

    Raises:
        InvalidInputError: The profile or a message does not fit.
        ReplyIncompleteError: The answer is cut, empty or unreadable.
    """
    operation = _core.extract(dumps(profile), dumps(tuple(messages)), model_of(model))
    return read(Proposal, await run_async(operation))  # type: ignore[no-any-return]


async def evaluate_async(
    cases: Iterable[EvaluationCase],
    model: NativeModel | Model | None = None,
    options: EvaluationOptions | None = None,
    *,
    progress: bool | Callable[[int, int], object] = False,
) -> EvaluationReport:
    """Measures what comes out of a corpus of debriefs, held against recorded answers (without a model), a model or the
    guide.

    `progress` is called with how many cases are done, and of how many; True shows a bar where `tqdm` is installed.

    Raises:
        InvalidInputError: A case does not fit, or has no recorded answer where one is needed.
        CoachError: An error of the model's that is permanent, or the third in a row for which it could not be reached.
    """
    told = progress_of(progress)
    operation = _core.evaluate(
        dumps(tuple(cases)), options_json(options), None if model is None else model_of(model), told
    )
    try:
        return read(EvaluationReport, await run_async(operation))  # type: ignore[no-any-return]
    finally:
        close = getattr(told, "close", None)
        if close is not None:
            close()


async def _call(native: _core.Coach, kind: type[_T], op: str, **arguments: Any) -> _T:
    answer = await run_async(native.call(call_json(op, **arguments))) or "null"
    return answer if kind is str else read(kind, answer)  # type: ignore[return-value]


async def _do(native: _core.Coach, op: str, **arguments: Any) -> None:
    await run_async(native.call(call_json(op, **arguments)))
