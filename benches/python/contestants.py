"""Who takes part: each contestant does the same things in its own way.

A contestant prepares what a question needs and hands back a function that does it `TIMES` times; only that function is timed.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from server import ANSWER, MODEL

SAID = (
    "I got the parser to work and the group uses it now, but the tests took me twice as long as I had planned, because I "
    "had not thought about the broken lines in the old log files. In the second week I nearly gave up on them, and then I "
    "wrote down every broken line that I found, which helped me more than anything else did."
)
"""What a user says: 317 characters. The reply has 304."""

EXCHANGES = 10
"""A conversation to load: ten times the user's words and a reply, twenty messages."""

TIMES = {"record": 10, "exchange": 3, "load": 100, "turn": 4}
"""How often a question is asked in one measurement; an offline debrief goes on for three exchanges, with its opening before them."""

WINDOW = 120
"""The newest messages that a turn reads."""

KIND, TITLE = "build_tools", "Write a parser for the lab's log files"
SCHEMA = Path(__file__).parents[2] / "src" / "store" / "sqlite" / "v1.sql"

Timed = Callable[[], object]
Rows = list[tuple[Any, ...]]


def user(number: int) -> str:
    return f"5f3a9c1e-77b1-4a7e-8a53-{number:012}"


def some(conversations: int) -> list[str]:
    """As many users as are loaded in one measurement, at random."""
    return [user(random.randrange(1, conversations + 1)) for _ in range(TIMES["load"])]


def right(texts: list[str]) -> bool:
    """Whether these are the texts of a conversation to load. The last reply may be our coach's own goodbye."""
    said, replied = texts[::2], texts[1::2]
    return len(texts) == 2 * EXCHANGES and set(said) == {SAID} and set(replied[:-1]) == {ANSWER}


class Contestant(ABC):
    """One of those who are measured. What it cannot do, it leaves as `None`."""

    name: ClassVar[str]
    column: ClassVar[str]
    packages: ClassVar[tuple[str, ...]] = ()
    imports: ClassVar[str]

    def __init__(self, folder: Path, port: int | None) -> None:
        """Works on files of its own in this folder; the model answers at this port."""
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}/v1"
        self.path = folder / f"{self.name.replace(' ', '-').replace(',', '')}.db"

    def record(self, number: int) -> Timed | None:
        """Stores something small, in one commit, for a user or a conversation of this number."""
        return None

    def exchange(self, number: int) -> Timed | None:
        """Stores the user's words and then a reply, without a network."""
        return None

    def turn(self, number: int) -> Timed | None:
        """Stores the user's words, reads the conversation, has the model stream a reply, and stores that."""
        return None

    @classmethod
    def fill(cls, path: Path, conversations: int, port: int) -> None:
        """Makes a file of so many conversations out of one that its own library has written."""

    @classmethod
    def library(cls, path: Path) -> Library | None:
        """What loads conversations from such a file."""
        return None

    def close(self) -> None:
        """Leaves its files."""


class Library(ABC):
    """An open file of many conversations."""

    @abstractmethod
    def load(self, user: str) -> Any:
        """One conversation, in the form that its library gives it."""

    @abstractmethod
    def texts(self, loaded: Any) -> list[str]:
        """The texts of what was loaded, to see that it is right."""

    def load_all(self, users: list[str]) -> None:
        for one in users:
            self.load(one)

    def close(self) -> None:
        """Closes the file."""


def multiply(
    path: Path, conversations: int, tables: dict[str, Callable[[tuple[Any, ...], int], tuple[Any, ...]]]
) -> None:
    """Copies every row of these tables for so many conversations; a function puts the number of the conversation in."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN")
    for table, renumbered in tables.items():
        rows = db.execute(f"SELECT * FROM {table}").fetchall()
        db.execute(f"DELETE FROM {table}")
        if rows:
            places = ", ".join("?" * len(rows[0]))
            every = (renumbered(row, number) for number in range(1, conversations + 1) for row in rows)
            db.executemany(f"INSERT INTO {table} VALUES ({places})", every)
    db.execute("COMMIT")
    db.execute("PRAGMA journal_mode = DELETE")
    db.close()


# The same tables in the hands of the standard library ------------------------------------------------------------------------------

KEY = "SELECT key, version FROM account WHERE user = ?1"
ACCOUNT = (
    "SELECT version, profile, consent, turns, proposals, (SELECT max(seq) FROM change WHERE change.user = account.key) "
    "FROM account WHERE key = ?1"
)
ACCOUNT_AND_ACTION = (
    "SELECT version, profile, consent, turns, proposals, (SELECT max(seq) FROM change WHERE change.user = account.key), "
    "record, state FROM account LEFT JOIN action ON action.user = account.key AND id = ?2 "
    "LEFT JOIN thread ON thread.user = account.key AND name = ?3 WHERE account.user = ?1"
)
MESSAGES = (
    "SELECT id, seq, round, role, provenance, at, text, choice, choices, provider, model, place, thread FROM message "
    "WHERE user = ?1 AND thread = ?2 AND seq < ?3 ORDER BY seq DESC LIMIT ?4"
)
SHOWN = (
    "SELECT id, seq, round, role, provenance, at, text, choice, choices, provider, model, place, message.thread FROM account "
    "CROSS JOIN thread ON thread.user = account.key AND name = ?2 "
    "CROSS JOIN message ON message.user = account.key AND message.thread = thread.key AND seq < ?3 "
    "WHERE account.user = ?1 ORDER BY seq DESC LIMIT ?4"
)
ACTION = "0b6ccb62-6ac4-4a0c-9a5e-1f2a8d8f4c11"
THREAD = f"debrief:{ACTION}"
NOW = 1790000000000


def store_at(path: Path) -> sqlite3.Connection:
    """A file with our tables and our settings."""
    db = sqlite3.connect(path, isolation_level=None, cached_statements=64)
    if not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        db.executescript(SCHEMA.read_text())
    for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "temp_store = MEMORY"):
        db.execute(f"PRAGMA {setting}")
    return db


class Raw(Contestant):
    """`sqlite3` and `http.client`: the same rows in as many commits, and a request of the same size."""

    name = column = "raw"
    imports = "import sqlite3, http.client, json"
    bodies: ClassVar[list[bytes]] = []
    """What our own package sends in the turns of a conversation, once it has been recorded."""

    def __init__(self, folder: Path, port: int | None) -> None:
        super().__init__(folder, port)
        self.db = store_at(self.path)
        self.http = http.client.HTTPConnection("127.0.0.1", port)

    def begin(self, name: str) -> int:
        """`BEGIN`, and the user's key after the version has been raised."""
        self.db.execute("BEGIN IMMEDIATE")
        known = self.db.execute(KEY, (name,)).fetchone()
        if known is None:
            new = "INSERT INTO account (user, version, profile, turns, proposals) VALUES (?1, 1, '{}', 0, 0)"
            return self.db.execute(new, (name,)).lastrowid or 0
        self.db.execute("UPDATE account SET version = ?2 WHERE key = ?1", (known[0], known[1] + 1))
        return int(known[0])

    def add_action(self, name: str, id: str, status: str = "active") -> None:
        record = {"id": id, "kind": KIND, "title": TITLE, "description": SAID, "source": "host", "status": status}
        put = "INSERT OR REPLACE INTO action (user, id, record) VALUES (?1, ?2, ?3)"
        key = self.begin(name)
        self.db.execute(put, (key, id, json.dumps({**record, "created_at": NOW})))
        self.db.execute("COMMIT")

    def open(self, name: str) -> None:
        self.add_action(name, ACTION, "done")
        key = self.begin(name)
        new = (
            "INSERT INTO thread (user, name, key) SELECT ?1, ?2, coalesce(max(key), 0) + 1 FROM thread WHERE user = ?1"
        )
        self.db.execute(new, (key, THREAD))
        self.message(key, 1, "assistant", "You finished the parser. What came of it in the end?")
        self.state(key, 1, None)
        self.db.execute("COMMIT")

    def message(self, key: int, seq: int, role: str, text: str) -> None:
        theirs = ("coach", "openai", MODEL, "local") if role == "assistant" else ("typed", None, None, None)
        new = (
            "INSERT INTO message (user, thread, id, seq, round, role, provenance, at, text, choice, choices, provider, model, "
            "place) VALUES (?1, 1, ?2, ?3, 1, ?4, ?5, ?6, ?7, NULL, NULL, ?8, ?9, ?10)"
        )
        self.db.execute(new, (key, random.randbytes(16), seq, role, theirs[0], NOW, text, *theirs[1:]))

    def state(self, key: int, seq: int, live: dict[str, Any] | None) -> None:
        steps = ["outcome", "lesson", "growth", "next"]
        answered: dict[str, list[str]] = {step: [] for step in steps}
        for at in range(seq // 2):
            answered[steps[at % len(steps)]].append(f"{at:032x}")
        flow = {
            "step": "lesson",
            "rephrased": False,
            "terse": 0,
            "exchanges": seq // 2,
            "answered": [{"step": step, "messages": messages} for step, messages in answered.items()],
        }
        state = {
            "thread": THREAD,
            "next_seq": seq + 1,
            "round": 1,
            "round_start": 1,
            "flow": flow,
            "waiting": int(live is not None),
            "waiting_chars": len(SAID) if live else 0,
            "last_user_seq": seq // 2 * 2,
            **({"live": live} if live else {}),
            "invitation": "open",
            "proposed_until": 0,
            "review": "none",
        }
        put = "UPDATE thread SET state = ?3 WHERE user = ?1 AND name = ?2"
        self.db.execute(put, (key, THREAD, json.dumps(state)))

    def attempt(self, key: int, id: bytes, ended: int | None) -> None:
        put = (
            "INSERT OR REPLACE INTO attempt (user, id, operation, provider, model, place, instance, started_at, lease_until, "
            "ended_at, status, requests, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, error, holder) "
            "VALUES (?1, ?2, 'reply', 'openai', ?3, 'local', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, 0, NULL, NULL)"
        )
        used = ("done", 1, 987, 74) if ended else ("running", 0, 0, 0)
        self.db.execute(put, (key, id, MODEL, bytes(16), NOW, NOW + 180_000, ended, *used))

    def said(self, name: str, seq: int) -> bytes:
        """The first commit: the user's words, the thread, the allowance and the attempt."""
        attempt = random.randbytes(16)
        key = self.begin(name)
        self.db.execute("UPDATE account SET turns = ?2, proposals = ?3 WHERE key = ?1", (key, NOW, 0))
        self.message(key, seq, "user", SAID)
        self.state(key, seq, {"attempt": attempt.hex(), "lease_until": NOW + 180_000})
        self.attempt(key, attempt, None)
        self.db.execute("COMMIT")
        return attempt

    def replied(self, name: str, seq: int, attempt: bytes, text: str) -> None:
        """The second commit: the reply, the thread and the end of the attempt."""
        key = self.begin(name)
        self.message(key, seq, "assistant", text)
        self.state(key, seq, None)
        self.attempt(key, attempt, NOW + 900)
        self.db.execute("COMMIT")

    def read(self, name: str) -> Rows:
        return rows_of(self.db, name, WINDOW)

    def ask(self, body: bytes) -> str:
        """Reads the stream as it comes."""
        self.http.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        response = self.http.getresponse()
        text = ""
        while line := response.readline():
            if line.startswith(b"data: ") and not line.startswith(b"data: [DONE]"):
                for choice in json.loads(line[6:])["choices"]:
                    text += choice["delta"].get("content", "")
        return text

    def record(self, number: int) -> Timed:
        name = user(number)
        self.begin(name)
        self.db.execute("COMMIT")

        def add() -> None:
            for at in range(TIMES["record"]):
                action = f"action-{at}"
                self.db.execute(ACCOUNT_AND_ACTION, (name, action, f"debrief:{action}")).fetchone()
                self.add_action(name, action)

        return add

    def exchange(self, number: int) -> Timed:
        name = user(1_000_000 + number)
        self.open(name)

        def talk() -> None:
            for at in range(TIMES["exchange"]):
                self.read(name)
                attempt = self.said(name, 2 * at + 2)
                self.replied(name, 2 * at + 3, attempt, ANSWER)

        return talk

    def turn(self, number: int) -> Timed:
        name = user(2_000_000 + number)
        self.open(name)
        bodies = self.bodies or [made_up_body(at) for at in range(TIMES["turn"])]

        def talk() -> None:
            for at, body in enumerate(bodies):
                self.read(name)
                attempt = self.said(name, 2 * at + 2)
                text = self.ask(body)
                assert text == ANSWER
                self.replied(name, 2 * at + 3, attempt, text)

        return talk

    @classmethod
    def fill(cls, path: Path, conversations: int, port: int) -> None:
        try:
            return Ours.fill(path, conversations, port)
        except ModuleNotFoundError:
            pass  # Then by hand.
        raw = cls(path.parent, port)
        raw.open(user(1))
        for at in range(EXCHANGES):
            raw.replied(user(1), 2 * at + 3, raw.said(user(1), 2 * at + 2), ANSWER)
        raw.close()
        raw.path.rename(path)
        multiply_ours(path, conversations)

    @classmethod
    def library(cls, path: Path) -> RawLibrary:
        return RawLibrary(path)

    def close(self) -> None:
        self.db.close()
        self.http.close()


def rows_of(db: sqlite3.Connection, name: str, size: int) -> Rows:
    """Everything of a conversation, with the statements of our store."""
    db.execute("BEGIN")
    key = db.execute(KEY, (name,)).fetchone()[0]
    db.execute("SELECT record FROM action WHERE user = ?1 AND id = ?2", (key, ACTION)).fetchone()
    db.execute(ACCOUNT, (key,)).fetchone()
    thread = db.execute("SELECT key, state FROM thread WHERE user = ?1 AND name = ?2", (key, THREAD)).fetchone()[0]
    rows = db.execute(MESSAGES, (key, thread, 1 << 60, size)).fetchall()
    db.execute("COMMIT")
    return rows[::-1]


def made_up_body(turn: int) -> bytes:
    messages = [{"role": "system", "content": instructions()}]
    for _ in range(turn):
        messages += [{"role": "user", "content": SAID}, {"role": "assistant", "content": ANSWER}]
    messages.append({"role": "user", "content": SAID})
    return json.dumps({"model": MODEL, "stream": True, "max_tokens": 5120, "messages": messages}).encode()


def instructions() -> str:
    """What every contestant tells the model beforehand: our own prompt, or as much if our package is not here."""
    if Raw.bodies:
        return str(json.loads(Raw.bodies[0])["messages"][0]["content"])
    return "You are a coach. Ask one question at a time, and give no advice. " * 70


def multiply_ours(path: Path, conversations: int) -> None:
    def of_user(row: tuple[Any, ...], number: int) -> tuple[Any, ...]:
        return (number, *row[1:])

    tables = ("thread", "action", "message", "extraction", "attempt", "change")
    accounts = {"account": lambda row, number: (number, user(number), *row[2:])}
    multiply(path, conversations, accounts | dict.fromkeys(tables, of_user))


class RawLibrary(Library):
    def __init__(self, path: Path) -> None:
        self.db = store_at(path)

    def load(self, user: str) -> Rows:
        return self.db.execute(SHOWN, (user, THREAD, 1 << 60, 2 * EXCHANGES)).fetchall()[::-1]

    def texts(self, loaded: Rows) -> list[str]:
        return [row[6] for row in loaded]

    def close(self) -> None:
        self.db.close()


# Ours ------------------------------------------------------------------------------------------------------------------------------


class Ours(Contestant):
    """completion-coach, the blocking face."""

    name = column = "completion-coach"
    packages = ("completion-coach",)
    imports = "from completion_coach import CompletionCoach"

    def __init__(self, folder: Path, port: int | None) -> None:
        super().__init__(folder, port)
        import completion_coach as cc

        self.cc = cc
        rate = cc.Rate(per_minute=60_000, burst=60_000)
        self.settings: dict[str, Any] = {"budget": (10, 10), "allowance": cc.AllowanceRates(rate, rate)}
        self.model = cc.OpenAiModel(MODEL, base_url=self.url, on_this_device=True)
        self.open_coaches()

    def open_coaches(self) -> None:
        # One file: the coach that asks nobody, and the one that asks the model.
        self.offline: Any = self.cc.CompletionCoach(self.path, None, **self.settings)
        self.online: Any = self.cc.CompletionCoach(self.path, self.model, **self.settings)

    def opened(self, coach: Any, number: int) -> Any:
        me = coach.user(user(number))
        me.record_done(self.cc.NewAction(id=ACTION, kind=KIND, title=TITLE, description=SAID))
        debrief = me.debrief(ACTION)
        for _ in debrief.open():
            pass
        return debrief

    def record(self, number: int) -> Timed:
        me = self.offline.user(user(number))
        me.save_profile(self.cc.Profile())

        def add() -> None:
            for at in range(TIMES["record"]):
                me.add_action(self.cc.NewAction(id=f"action-{at}", kind=KIND, title=TITLE, description=SAID))

        return add

    def exchange(self, number: int) -> Timed:
        debrief = self.opened(self.offline, 1_000_000 + number)

        def talk() -> None:
            for _ in range(TIMES["exchange"]):
                debrief.send(SAID)

        return talk

    def turn(self, number: int) -> Timed:
        debrief = self.opened(self.online, 2_000_000 + number)

        def talk() -> None:
            for _ in range(TIMES["turn"]):
                for event in debrief.stream(SAID):
                    last = event
                assert last.message.text == ANSWER, "the guide stood in"

        return talk

    def bodies(self) -> Iterator[bytes]:
        """What is sent in the turns of a conversation."""
        debrief = self.opened(self.online, 3_000_000)
        for _ in range(TIMES["turn"]):
            debrief.send(SAID)
            last = http.client.HTTPConnection(self.url.split("/")[2])
            last.request("GET", "/last")
            yield last.getresponse().read()
            last.close()

    @classmethod
    def fill(cls, path: Path, conversations: int, port: int) -> None:
        ours = cls(path.parent, port)
        debrief = ours.opened(ours.online, 1)
        for _ in range(EXCHANGES):
            debrief.send(SAID)
        ours.close()
        ours.path.rename(path)
        multiply_ours(path, conversations)

    @classmethod
    def library(cls, path: Path) -> Library:
        return OurLibrary(path)

    def close(self) -> None:
        self.offline.close()
        self.online.close()


class OurLibrary(Library):
    def __init__(self, path: Path) -> None:
        import completion_coach as cc

        self.coach: Any = cc.CompletionCoach(path, None)

    def load(self, user: str) -> Any:
        return self.coach.user(user).debrief(ACTION).messages(2 * EXCHANGES)

    def texts(self, loaded: Any) -> list[str]:
        return [message.text for message in loaded.messages]

    def close(self) -> None:
        self.coach.close()


class OursAsync(Ours):
    """The same in asyncio."""

    name = "completion-coach, asyncio"

    def open_coaches(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.offline = self.cc.AsyncCompletionCoach(self.path, None, **self.settings)
        self.online = self.cc.AsyncCompletionCoach(self.path, self.model, **self.settings)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def opened_soon(self, coach: Any, number: int) -> Any:
        me = coach.user(user(number))
        await me.record_done(self.cc.NewAction(id=ACTION, kind=KIND, title=TITLE, description=SAID))
        debrief = me.debrief(ACTION)
        async for _ in debrief.open():
            pass
        return debrief

    def record(self, number: int) -> Timed:
        me = self.offline.user(user(number))
        self.run(me.save_profile(self.cc.Profile()))

        async def add() -> None:
            for at in range(TIMES["record"]):
                await me.add_action(self.cc.NewAction(id=f"action-{at}", kind=KIND, title=TITLE, description=SAID))

        return lambda: self.run(add())

    def exchange(self, number: int) -> Timed:
        debrief = self.run(self.opened_soon(self.offline, 1_000_000 + number))

        async def talk() -> None:
            for _ in range(TIMES["exchange"]):
                await debrief.send(SAID)

        return lambda: self.run(talk())

    def turn(self, number: int) -> Timed:
        debrief = self.run(self.opened_soon(self.online, 2_000_000 + number))

        async def talk() -> None:
            for _ in range(TIMES["turn"]):
                async for event in debrief.stream(SAID):
                    last = event
                assert last.message.text == ANSWER, "the guide stood in"

        return lambda: self.run(talk())

    @classmethod
    def library(cls, path: Path) -> Library:
        return OurAsyncLibrary(path)

    def close(self) -> None:
        self.run(self.offline.close())
        self.run(self.online.close())
        self.loop.close()


class OurAsyncLibrary(OurLibrary):
    def __init__(self, path: Path) -> None:
        import completion_coach as cc

        self.loop = asyncio.new_event_loop()
        self.coach = cc.AsyncCompletionCoach(path, None)

    async def load_soon(self, user: str) -> Any:
        return await self.coach.user(user).debrief(ACTION).messages(2 * EXCHANGES)

    def load(self, user: str) -> Any:
        return self.loop.run_until_complete(self.load_soon(user))

    def load_all(self, users: list[str]) -> None:
        async def load() -> None:
            for one in users:
                await self.load_soon(one)

        self.loop.run_until_complete(load())

    def close(self) -> None:
        self.loop.run_until_complete(self.coach.close())
        self.loop.close()


# openai-agents ---------------------------------------------------------------------------------------------------------------------


class OpenAiAgents(Contestant):
    """`SQLiteSession`, and `Runner.run_streamed` for a turn. Its connections are its own; it leaves `synchronous` at SQLite's FULL."""

    name = column = "openai-agents"
    packages = ("openai-agents", "openai")
    imports = "from agents import Agent, Runner, SQLiteSession"

    def __init__(self, folder: Path, port: int | None) -> None:
        super().__init__(folder, port)
        from agents import Agent, OpenAIChatCompletionsModel, Runner, SQLiteSession, set_tracing_disabled
        from openai import AsyncOpenAI

        set_tracing_disabled(True)
        self.session, self.runner = SQLiteSession, Runner
        self.loop = asyncio.new_event_loop()
        model = OpenAIChatCompletionsModel(MODEL, AsyncOpenAI(base_url=self.url, api_key="none"))
        self.agent = Agent(name="coach", instructions=instructions(), model=model)

    def opened(self, name: str) -> Any:
        """A session with its connection open and its table there."""
        session = self.session(name, self.path)
        self.loop.run_until_complete(session.get_items())
        return session

    def adding(self, name: str, items: Iterable[dict[str, str]]) -> Timed:
        session = self.opened(name)

        async def add() -> None:
            for item in items:
                await session.add_items([item])

        return lambda: self.loop.run_until_complete(add())

    def record(self, number: int) -> Timed:
        return self.adding(user(number), [{"role": "user", "content": SAID}] * TIMES["record"])

    def exchange(self, number: int) -> Timed:
        return self.adding(user(1_000_000 + number), self.messages(TIMES["exchange"]))

    @staticmethod
    def messages(exchanges: int) -> list[dict[str, str]]:
        return [{"role": "user", "content": SAID}, {"role": "assistant", "content": ANSWER}] * exchanges

    def turn(self, number: int) -> Timed:
        session = self.opened(user(2_000_000 + number))

        async def talk() -> None:
            for _ in range(TIMES["turn"]):
                result = self.runner.run_streamed(self.agent, SAID, session=session)
                async for _event in result.stream_events():
                    pass
                assert result.final_output == ANSWER

        return lambda: self.loop.run_until_complete(talk())

    @classmethod
    def fill(cls, path: Path, conversations: int, port: int) -> None:
        from agents import SQLiteSession

        session = SQLiteSession(user(1), path)
        asyncio.run(session.add_items(cls.messages(EXCHANGES)))  # type: ignore[arg-type]
        session.close()
        tables: dict[str, Any] = {
            "agent_sessions": lambda row, number: (user(number), *row[1:]),
            "agent_messages": lambda row, number: (None, user(number), *row[2:]),
        }
        multiply(path, conversations, tables)

    @classmethod
    def library(cls, path: Path) -> Library:
        return AgentsLibrary(path)

    def close(self) -> None:
        self.loop.close()


class AgentsLibrary(Library):
    """One session whose connection is open, and which is told another id each time: kinder than a session for each conversation."""

    def __init__(self, path: Path) -> None:
        from agents import SQLiteSession

        self.path, self.new = path, SQLiteSession
        self.loop = asyncio.new_event_loop()
        self.session = SQLiteSession(user(1), path)

    async def load_soon(self, user: str) -> Any:
        self.session.session_id = user
        return await self.session.get_items()

    def load(self, user: str) -> Any:
        return self.loop.run_until_complete(self.load_soon(user))

    def texts(self, loaded: Any) -> list[str]:
        return [item["content"] for item in loaded]

    def load_all(self, users: list[str]) -> None:
        async def load() -> None:
            for one in users:
                await self.load_soon(one)

        self.loop.run_until_complete(load())

    def close(self) -> None:
        self.session.close()
        self.loop.close()


class AgentsAnew(OpenAiAgents):
    """The same with a session for each conversation, as its documentation shows it."""

    name = "openai-agents, a session for each conversation"

    record = exchange = turn = Contestant.record  # type: ignore[assignment]

    @classmethod
    def library(cls, path: Path) -> Library:
        return AgentsAnewLibrary(path)


class AgentsAnewLibrary(AgentsLibrary):
    async def load_soon(self, user: str) -> Any:
        session = self.new(user, self.path)
        items = await session.get_items()
        session.close()
        return items


# langgraph -------------------------------------------------------------------------------------------------------------------------


class LangGraph(Contestant):
    """A graph of one node with a `SqliteSaver`; the node asks the model through the plain `openai` client."""

    name = column = "langgraph"
    packages = ("langgraph", "langgraph-checkpoint-sqlite", "openai")
    imports = "from langgraph.graph import StateGraph; from langgraph.checkpoint.sqlite import SqliteSaver"

    def __init__(self, folder: Path, port: int | None) -> None:
        super().__init__(folder, port)
        from langchain_core.messages import AIMessage, HumanMessage
        from langgraph.checkpoint.base import empty_checkpoint
        from langgraph.config import get_stream_writer
        from openai import OpenAI

        self.saver = saver_at(self.path)
        self.client = OpenAI(base_url=self.url, api_key="none")
        self.human, self.empty_checkpoint = HumanMessage, empty_checkpoint
        prompt = {"role": "system", "content": instructions()}

        def ask(state: dict[str, Any]) -> dict[str, Any]:
            roles = {"human": "user", "ai": "assistant"}
            said = [{"role": roles[message.type], "content": message.content} for message in state["messages"]]
            tell, text = get_stream_writer(), ""
            messages: Any = [prompt, *said]
            for chunk in self.client.chat.completions.create(model=MODEL, messages=messages, stream=True):
                for choice in chunk.choices:
                    text += choice.delta.content or ""
                    tell(choice.delta.content)
            return {"messages": [AIMessage(text)]}

        self.online = graph_of(ask, self.saver)
        self.offline = graph_of(lambda state: {"messages": [AIMessage(ANSWER)]}, self.saver)

    def record(self, number: int) -> Timed:
        config: Any = {"configurable": {"thread_id": user(number), "checkpoint_ns": ""}}

        def put() -> None:
            for at in range(TIMES["record"]):
                checkpoint = self.empty_checkpoint()
                checkpoint["channel_values"]["messages"] = [self.human(SAID)]
                self.saver.put(config, checkpoint, {"source": "update", "step": at}, {})

        return put

    def exchange(self, number: int) -> Timed:
        config = {"configurable": {"thread_id": user(1_000_000 + number)}}

        def talk() -> None:
            for _ in range(TIMES["exchange"]):
                self.offline.invoke({"messages": [self.human(SAID)]}, config)

        return talk

    def turn(self, number: int) -> Timed:
        config = {"configurable": {"thread_id": user(2_000_000 + number)}}

        def talk() -> None:
            for _ in range(TIMES["turn"]):
                pieces = list(self.online.stream({"messages": [self.human(SAID)]}, config, stream_mode="custom"))
                assert "".join(piece or "" for piece in pieces) == ANSWER

        return talk

    @classmethod
    def fill(cls, path: Path, conversations: int, port: int) -> None:
        langgraph = cls(path.parent, port)
        config = {"configurable": {"thread_id": user(1)}}
        for _ in range(EXCHANGES):
            langgraph.offline.invoke({"messages": [langgraph.human(SAID)]}, config)
        # All the older checkpoints hold the conversation once more each: 100,000 conversations would be tens of gigabytes.
        newest = "(SELECT max(checkpoint_id) FROM checkpoints)"
        with langgraph.saver.conn as db:
            db.execute(f"DELETE FROM writes WHERE checkpoint_id < {newest}")
            db.execute(f"DELETE FROM checkpoints WHERE checkpoint_id < {newest}")
        langgraph.close()
        langgraph.path.rename(path)
        tables = ("checkpoints", "writes")
        multiply(path, conversations, dict.fromkeys(tables, lambda row, number: (user(number), *row[1:])))

    @classmethod
    def library(cls, path: Path) -> Library:
        return LangGraphLibrary(path)

    def close(self) -> None:
        self.saver.conn.close()


def saver_at(path: Path) -> Any:
    from langgraph.checkpoint.sqlite import SqliteSaver

    saver = SqliteSaver(sqlite3.connect(path, check_same_thread=False))
    saver.setup()
    saver.conn.execute("PRAGMA synchronous = FULL")
    saver.conn.execute("PRAGMA secure_delete = ON")
    return saver


def graph_of(node: Callable[[dict[str, Any]], dict[str, Any]], saver: Any) -> Any:
    from langgraph.graph import END, START, MessagesState, StateGraph

    graph: Any = StateGraph(MessagesState)
    graph.add_node("coach", node)
    graph.add_edge(START, "coach")
    graph.add_edge("coach", END)
    return graph.compile(checkpointer=saver)


class LangGraphLibrary(Library):
    def __init__(self, path: Path) -> None:
        self.saver = saver_at(path)

    def load(self, user: str) -> Any:
        return self.saver.get_tuple({"configurable": {"thread_id": user}})

    def texts(self, loaded: Any) -> list[str]:
        return [message.content for message in loaded.checkpoint["channel_values"]["messages"]]

    def close(self) -> None:
        self.saver.conn.close()


# pydantic-ai -----------------------------------------------------------------------------------------------------------------------


class PydanticAi(Contestant):
    """It has no store: its messages are kept as its own JSON in a table of two columns, by `sqlite3`."""

    name = column = "pydantic-ai"
    packages = ("pydantic-ai-slim", "openai")
    imports = "from pydantic_ai import Agent"

    def __init__(self, folder: Path, port: int | None) -> None:
        super().__init__(folder, port)
        from pydantic_ai import Agent
        from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelRequest, UserPromptPart
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        self.adapter, self.request, self.prompt = ModelMessagesTypeAdapter, ModelRequest, UserPromptPart
        self.loop = asyncio.new_event_loop()
        model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=self.url, api_key="none"))
        self.agent = Agent(model, instructions=instructions())
        self.db = history_at(self.path)

    def turn(self, number: int) -> Timed:
        name = user(2_000_000 + number)

        async def talk() -> None:
            for _ in range(TIMES["turn"]):
                rows = self.db.execute("SELECT messages FROM history WHERE user = ?", (name,)).fetchall()
                before = self.adapter.validate_json(rows[0][0]) if rows else []
                said = self.request(parts=[self.prompt(SAID)])
                self.put(name, self.adapter.dump_json([*before, said]))
                async with self.agent.run_stream(message_history=[*before, said]) as result:
                    async for _piece in result.stream_text(delta=True, debounce_by=None):
                        pass
                    assert await result.get_output() == ANSWER
                    self.put(name, result.all_messages_json())

        return lambda: self.loop.run_until_complete(talk())

    def put(self, name: str, messages: bytes) -> None:
        self.db.execute("INSERT OR REPLACE INTO history VALUES (?, ?)", (name, messages))

    @classmethod
    def fill(cls, path: Path, conversations: int, port: int) -> None:
        from pydantic_ai.messages import (
            ModelMessage,
            ModelMessagesTypeAdapter,
            ModelRequest,
            ModelResponse,
            TextPart,
            UserPromptPart,
        )

        # Without the instructions, which it keeps with every request when an agent has some.
        messages: list[ModelMessage] = []
        for _ in range(EXCHANGES):
            messages += [ModelRequest(parts=[UserPromptPart(SAID)]), ModelResponse(parts=[TextPart(ANSWER)])]
        db = history_at(path)
        db.execute("INSERT INTO history VALUES (?, ?)", (user(1), ModelMessagesTypeAdapter.dump_json(messages)))
        db.close()
        multiply(path, conversations, {"history": lambda row, number: (user(number), row[1])})

    @classmethod
    def library(cls, path: Path) -> Library:
        return PydanticAiLibrary(path)

    def close(self) -> None:
        self.db.close()
        self.loop.close()


def history_at(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("CREATE TABLE IF NOT EXISTS history (user TEXT PRIMARY KEY, messages BLOB NOT NULL)")
    for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        db.execute(f"PRAGMA {setting}")
    return db


class PydanticAiLibrary(Library):
    def __init__(self, path: Path) -> None:
        from pydantic_ai.messages import ModelMessagesTypeAdapter

        self.adapter = ModelMessagesTypeAdapter
        self.db = history_at(path)

    def load(self, user: str) -> Any:
        rows = self.db.execute("SELECT messages FROM history WHERE user = ?", (user,)).fetchall()
        return self.adapter.validate_json(rows[0][0])

    def texts(self, loaded: Any) -> list[str]:
        return [part.content for message in loaded for part in message.parts]

    def close(self) -> None:
        self.db.close()


ALL: tuple[type[Contestant], ...] = (Ours, OursAsync, Raw, OpenAiAgents, AgentsAnew, LangGraph, PydanticAi)
