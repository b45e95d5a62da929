"""A store in Python, in memory, as plain methods and as coroutines: what a host would write."""

from __future__ import annotations

import asyncio
import copy
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import completion_coach as cc


@dataclass
class Person:
    """All that is kept of one user."""

    account: cc.Account
    actions: dict[str, cc.Action] = field(default_factory=dict)
    threads: dict[str, cc.ThreadState] = field(default_factory=dict)
    messages: dict[str, list[cc.Message]] = field(default_factory=dict)
    extractions: dict[str, cc.Extraction] = field(default_factory=dict)
    attempts: dict[str, cc.Attempt] = field(default_factory=dict)
    changes: list[cc.ProfileChange] = field(default_factory=list)

    def write(self, write: cc.Write) -> None:
        match write:
            case cc.WriteProfile(profile):
                self.account = self.account.replace(profile=profile)
            case cc.WriteConsent(consent):
                self.account = self.account.replace(consent=consent)
            case cc.WriteAllowance(allowance):
                self.account = self.account.replace(allowance=allowance)
            case cc.WriteAction(action):
                self.actions[action.id] = action
            case cc.WriteRemoveAction(action):
                self.actions.pop(action, None)
                self.remove(f"debrief:{action}")
            case cc.WriteThread(state):
                self.threads[state.thread] = state
            case cc.WriteRemoveThread(thread):
                self.remove(thread)
            case cc.WriteRemoveMessages(thread, until):
                self.messages[thread] = [m for m in self.messages.get(thread, ()) if m.seq > until]
            case cc.WriteMessage(message):
                known = [m for thread in self.messages.values() for m in thread]
                if any(m.id == message.id or (m.thread, m.seq) == (message.thread, message.seq) for m in known):
                    raise cc.ConflictError("there is such a message already")
                thread = self.messages.setdefault(message.thread, [])
                thread.append(message)
                thread.sort(key=lambda m: m.seq)
            case cc.WriteExtraction(extraction):
                self.extractions[extraction.id] = extraction
            case cc.WriteAttempt(attempt):
                self.attempts[attempt.id] = attempt
            case cc.WriteChange(change):
                if any(known.seq == change.seq for known in self.changes):
                    raise cc.ConflictError("there is such an entry already")
                self.changes.append(change)
                self.changes.sort(key=lambda known: known.seq)
                self.account = self.account.replace(changes=self.changes[-1].seq)

    def remove(self, thread: str) -> None:
        self.threads.pop(thread, None)
        self.messages.pop(thread, None)
        self.extractions = {id: item for id, item in self.extractions.items() if item.thread != thread}


class MemoryStore(cc.ActionStore):
    """Plain methods."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.lock = threading.RLock()

    def account(self, user: str) -> cc.Account | None:
        with self.lock:
            person = self.people.get(user)
            return person and person.account

    def actions(self, user: str) -> list[cc.ActionRecord]:
        with self.lock:
            person = self.people.get(user)
            if person is None:
                return []
            ids = sorted(person.actions, key=str.encode)
            return [cc.ActionRecord(person.actions[id], person.threads.get(f"debrief:{id}")) for id in ids]

    def conversation(self, user: str, thread: str, page: cc.Page) -> cc.Conversation | None:
        with self.lock:
            person = self.people.get(user)
            action = person and person.actions.get(thread.removeprefix("debrief:"))
            if person is None or (thread != "general" and action is None):
                return None
            state = person.threads.get(thread)
            said = [m for m in person.messages.get(thread, ()) if page.before is None or m.seq < page.before]
            return cc.Conversation(
                account=person.account,
                action=None if thread == "general" else action,
                state=state,
                attempt=person.attempts.get(state.live.attempt) if state and state.live else None,
                messages=tuple(said[max(0, len(said) - page.size) :]),
                found=self.found(person, page.find),
            )

    def found(self, person: Person, id: str | None) -> cc.Found | None:
        for thread in person.messages.values():
            for message in thread:
                if message.id == id:
                    later = (m for m in thread if m.seq > message.seq and m.role == cc.Role.ASSISTANT)
                    return cc.Found(message, next(later, None))
        return None

    def extractions(self, user: str, thread: str | None) -> list[cc.Extraction]:
        with self.lock:
            items = self.people[user].extractions.values() if user in self.people else ()
            wanted = [item for item in items if thread is None or item.thread == thread]
            return sorted(wanted, key=lambda item: (item.created_at, item.id.encode()))

    def attempts(self, user: str, since: datetime, until: datetime) -> list[cc.Attempt]:
        with self.lock:
            attempts = self.people[user].attempts.values() if user in self.people else ()
            wanted = [attempt for attempt in attempts if since <= attempt.started_at < until]
            return sorted(wanted, key=lambda attempt: (attempt.started_at, attempt.id.encode()))

    def changes(self, user: str, after: int, limit: int) -> list[cc.ProfileChange]:
        with self.lock:
            changes = self.people[user].changes if user in self.people else []
            return [change for change in changes if change.seq > after][:limit]

    def commit(self, user: str, change: cc.Change) -> None:
        with self.lock:
            person = self.people.get(user)
            if person is None:
                if change.expected != 0:
                    raise cc.NotFoundError("there is no such user")
                person = Person(cc.Account(version=0, profile=cc.Profile(), allowance=_no_allowance(), changes=0))
            elif person.account.version != change.expected:
                raise cc.ConflictError("this was changed in the meantime; read it again and decide again")
            new = copy.copy(person)
            new.__dict__.update({name: copy.copy(value) for name, value in vars(person).items()})
            new.messages = {thread: list(said) for thread, said in person.messages.items()}
            for write in change.writes:
                new.write(write)
            new.account = new.account.replace(version=change.next)
            self.people[user] = new

    def forget(self, user: str) -> None:
        with self.lock:
            self.people.pop(user, None)


class AsyncMemoryStore(cc.ActionStore):
    """The same as coroutines, which give way to others before they work."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.loops: set[asyncio.AbstractEventLoop] = set()

    async def _call(self, name: str, *arguments: Any) -> Any:
        self.loops.add(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return getattr(self.store, name)(*arguments)

    async def account(self, user: str) -> Any:
        return await self._call("account", user)

    async def actions(self, user: str) -> Any:
        return await self._call("actions", user)

    async def conversation(self, user: str, thread: str, page: cc.Page) -> Any:
        return await self._call("conversation", user, thread, page)

    async def extractions(self, user: str, thread: str | None) -> Any:
        return await self._call("extractions", user, thread)

    async def attempts(self, user: str, since: datetime, until: datetime) -> Any:
        return await self._call("attempts", user, since, until)

    async def changes(self, user: str, after: int, limit: int) -> Any:
        return await self._call("changes", user, after, limit)

    async def commit(self, user: str, change: cc.Change) -> None:
        await self._call("commit", user, change)

    async def forget(self, user: str) -> None:
        await self._call("forget", user)


def _no_allowance() -> cc.Allowance:
    return cc.Allowance.from_dict({"turns": 0, "proposals": 0})
