"""The table: our package beside the standard library and beside its peers, on the same disk, in the same run.

    pip install completion-coach -r benches/python/requirements.txt    # or a wheel built with --release
    python benches/python/peers.py [--dir PATH] [--conversations N] [--rounds N] [QUESTION…]

The questions are import, record, exchange, load, turn and memory. The files of many conversations are made once and kept in the
directory, so that a second run is quick. A contestant that is not installed is left out.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import metadata
from pathlib import Path

from contestants import (
    ALL,
    SCHEMA,
    TIMES,
    Contestant,
    Library,
    Ours,
    OursAsync,
    Raw,
    right,
    some,
    user,
)

# Nobody reports home, and nobody spends time on it.
QUIET = {"OPENAI_AGENTS_DISABLE_TRACING": "1", "LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false"}
HERE = Path(__file__).parent
COLUMNS = ("completion-coach", "raw", "openai-agents", "langgraph", "pydantic-ai")
WARM_UP = 1
OPEN = 1_000

Measured = dict[str, list[float]]


class Bench:
    """The arguments, who takes part, and the model's server."""

    def __init__(self) -> None:
        questions: dict[str, Callable[[Bench, Table], None]] = {
            "import": imports,
            "record": record,
            "exchange": exchange,
            "load": load,
            "turn": turn,
            "memory": memory,
        }
        parser = argparse.ArgumentParser(description="Measures completion-coach beside its peers.")
        default = HERE.parents[1] / "target" / "tmp" / "peers"
        parser.add_argument("question", nargs="*", metavar="QUESTION", help=f"{', '.join(questions)} (default: all)")
        parser.add_argument("--dir", type=Path, default=default, help="on the disk to measure (default: %(default)s)")
        parser.add_argument(
            "--conversations", type=int, default=100_000, help="in the files to load from (default: %(default)s)"
        )
        parser.add_argument("--rounds", type=int, default=20, help="of each question (default: %(default)s)")
        told = parser.parse_args()
        if unknown := set(told.question) - set(questions):
            parser.error(f"there is no question {', '.join(sorted(unknown))}")
        self.questions = [ask for name, ask in questions.items() if not told.question or name in told.question]
        self.folder: Path = told.dir
        self.folder.mkdir(parents=True, exist_ok=True)
        self.conversations: int = told.conversations
        self.rounds: int = told.rounds
        self.there = [one for one in ALL if one.imports and importable(one)]
        self.server = subprocess.Popen([sys.executable, HERE / "server.py"], stdout=subprocess.PIPE, text=True)
        assert self.server.stdout
        self.port = int(self.server.stdout.readline())

    def filled(self, one: type[Contestant]) -> Path:
        """The file of many conversations that this one loads from, and that those share who differ only in how they read."""
        recipe = hashlib.sha256((HERE / "contestants.py").read_bytes() + SCHEMA.read_bytes()).hexdigest()[:8]
        # Raw has the rows that our own package has written, if that is here.
        packages = one.packages or (Ours.packages if Ours in self.there else ())
        version = "-".join(metadata.version(package) for package in packages) or "by-hand"
        path = self.folder / f"{one.column}-{version}-{self.conversations}-{recipe}.db"
        if not path.exists():
            tell(f"making {path.name}")
            for older in self.folder.glob(f"{one.column}-*-{self.conversations}-*.db"):
                older.unlink()
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                made = Path(folder) / "made.db"
                maker = Ours if one is OursAsync else one
                maker.fill(made, self.conversations, self.port)
                made.rename(path)
        return path


@contextmanager
def contestants(bench: Bench) -> Iterator[list[Contestant]]:
    """Everybody with new files, which are gone afterwards."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        if Ours in bench.there and not Raw.bodies:
            recorder = Ours(Path(folder), bench.port)
            Raw.bodies[:] = recorder.bodies()
            recorder.close()
            recorder.path.unlink()
        everybody = [one(Path(folder), bench.port) for one in bench.there]
        yield everybody
        for one in everybody:
            one.close()


def importable(one: type[Contestant]) -> bool:
    run = subprocess.run([sys.executable, "-c", one.imports], capture_output=True, check=False, cwd="/")
    return run.returncode == 0


# Measuring -------------------------------------------------------------------------------------------------------------------------


def interleaved(rounds: int, sides: Mapping[str, Callable[[int], float]]) -> Measured:
    """Everybody once in each round, in another order each time. Each is told the round's number and says what it took."""
    measured: Measured = {name: [] for name in sides}
    gc.collect()
    gc.freeze()  # What one library has brought along costs the others nothing.
    for number in range(WARM_UP + rounds):
        for name in random.sample(list(sides), len(sides)):
            took = sides[name](number)
            if number >= WARM_UP:
                measured[name].append(took)
    gc.unfreeze()
    return measured


def quartiles(values: list[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, median, high


def seconds(values: list[float]) -> str:
    scale, unit = (1e6, "µs") if statistics.median(values) < 1e-3 else (1e3, "ms")
    return spread([value * scale for value in values], unit)


def spread(values: list[float], unit: str = "") -> str:
    low, median, high = quartiles(values)
    digits = 2 if abs(median) < 10 else 1 if abs(median) < 100 else 0
    return f"{median:.{digits}f}{unit and ' '}{unit} ({low:.{digits}f} to {high:.{digits}f})"


class Table:
    """The rows, and what has to be said about them."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.notes: list[str] = []

    def add(self, question: str, measured: Measured, target: str, form: Callable[[list[float]], str] = seconds) -> None:
        """One row, another one for our asyncio face, and a note for everything that is in no column."""
        self.row(
            question,
            measured,
            Ours.name,
            [form(measured[name]) if name in measured else "—" for name in COLUMNS],
            target,
        )
        if OursAsync.name in measured:
            cells = [form(measured[OursAsync.name]), *[""] * (len(COLUMNS) - 1)]
            self.row(f"{question}, asyncio face", measured, OursAsync.name, cells, "")
        for name in measured.keys() - set(COLUMNS) - {OursAsync.name}:
            self.notes.append(f"{question}: {name}: {form(measured[name])}.")

    def row(self, question: str, measured: Measured, ours: str, cells: list[str], target: str) -> None:
        ratio = "—"
        if ours in measured and Raw.name in measured:
            ratio = spread([one / other for one, other in zip(measured[ours], measured[Raw.name], strict=True)])
        self.rows.append([question, *cells, ratio, target])
        tell(" | ".join(self.rows[-1]))

    def print(self, bench: Bench) -> None:
        print(f"{about(bench)}\n")
        head = ["", *COLUMNS, "ratio to raw", "target"]
        for cells in (head, ["---"] * len(head), *self.rows):
            print(f"| {' | '.join(cells)} |")
        for note in self.notes:
            print(f"\n{note}")


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def about(bench: Bench) -> str:
    packages = dict.fromkeys(package for one in bench.there for package in one.packages)
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in packages)
    python = f"{platform.python_implementation()} {platform.python_version()} with SQLite {sqlite3.sqlite_version}"
    times = f"medians (quartiles) of {bench.rounds} interleaved rounds"
    return f"{os.cpu_count()} cores; {disk(bench.folder)}; {python}; {versions}; {times}."


def disk(folder: Path) -> str:
    """The disk that a folder is on, and what it takes to flush 8 KiB there."""
    device = kind = "unknown"
    try:
        mounts = [line.split(" ")[:3] for line in Path("/proc/mounts").read_text().splitlines()]
        on = [mount for mount in mounts if folder.resolve().is_relative_to(mount[1])]
        device, _, kind = max(on, key=lambda mount: len(Path(mount[1]).parts))
    except OSError:
        pass
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(50):
            file.seek(0)
            file.write(bytes(8192))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return f"{kind} on {device}, where fsync of 8 KiB takes {seconds(took)}"


# The questions ---------------------------------------------------------------------------------------------------------------------


def imports(bench: Bench, table: Table) -> None:
    def run(code: str, _number: int) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd="/")
        return time.perf_counter() - began

    packages = {one.name: one.imports for one in bench.there if one.name in COLUMNS}
    sides = {name: partial(run, code) for name, code in {**packages, "pass": "pass"}.items()}
    measured = interleaved(bench.rounds, sides)
    nothing = measured.pop("pass")
    measured = {name: [one - none for one, none in zip(took, nothing, strict=True)] for name, took in measured.items()}
    table.add("import, beyond an empty interpreter", measured, "< 50 ms")
    table.notes.append(
        "Imported are "
        + "; ".join(f"{name}: `{code}`" for name, code in packages.items())
        + ". Of the peers no model's client."
    )


def record(bench: Bench, table: Table) -> None:
    commits = stored(bench, table, "record", "append one record", "≤ 2, before every peer")
    table.notes.append(
        "Append one record: ours is `add_action` of an action whose description has 317 characters; raw reads and writes the same "
        "rows; openai-agents is `add_items` of one message of 317 characters; langgraph is `put` of a checkpoint that holds one such "
        f"message. pydantic-ai has no store. Commits each: {commits}."
    )


def exchange(bench: Bench, table: Table) -> None:
    commits = stored(bench, table, "exchange", "append an exchange, no network", "≤ 2, before every peer")
    table.notes.append(
        "Append an exchange: ours is `debrief.send` with the offline guide, which reads the conversation, decides, stores the words, "
        "checks the reply and stores it; raw reads and writes the same rows; openai-agents is `add_items` of each of the two "
        "messages; langgraph is `invoke` of a graph whose node answers at once, with its own durability (`async`). "
        f"Commits each: {commits}."
    )


def turn(bench: Bench, table: Table) -> None:
    commits = stored(bench, table, "turn", "a turn against a local server", "≤ 1.5")
    sizes = ", ".join(str(len(body)) for body in Raw.bodies) or "made up, as our package is not here"
    table.notes.append(
        "A turn: the user's 317 characters are stored, the conversation is read, the reply of 60 words comes in 30 pieces as "
        "server-sent events, all at once, and is stored; the first four turns of a conversation. Everybody sends our own prompt; "
        f"raw sends the bodies that ours sends (bytes: {sizes}), over one kept-alive `http.client` connection, and parses each event. "
        "openai-agents is `Runner.run_streamed` with a `SQLiteSession`; langgraph is a graph of one node that streams with the plain "
        "`openai` client, with its own durability (`async`); pydantic-ai is `run_stream` with its history kept as JSON before and "
        f"after. Tracing is off. Commits each: {commits}."
    )


def stored(bench: Bench, table: Table, question: str, title: str, target: str) -> str:
    """Asks a question of those who write, and tells how many commits each has made."""
    with contestants(bench) as everybody:
        able = {one.name: one for one in everybody if getattr(one, question)(0)}
        commits = {}
        for name, one in able.items():
            go = getattr(one, question)(1)
            before = committed(one.path)
            go()
            commits[name] = (committed(one.path) - before) / TIMES[question]

        def timed(one: Contestant, number: int) -> float:
            go = getattr(one, question)(number + 2)
            began = time.perf_counter()
            go()
            return (time.perf_counter() - began) / TIMES[question]

        sides = {name: partial(timed, one) for name, one in able.items()}
        table.add(title, interleaved(bench.rounds, sides), target)
    return ", ".join(f"{name} {count:g}" for name, count in commits.items())


def committed(path: Path) -> int:
    """The commits in a write-ahead log: the frames that say how large the database is after them."""
    file = path.with_name(path.name + "-wal")
    log = file.read_bytes() if file.exists() else b""
    size = int.from_bytes(log[8:12], "big") + 24
    frames = (log[at : at + 24] for at in range(32, len(log), size))
    return sum(frame[4:8] != bytes(4) and frame[8:16] == log[16:24] for frame in frames)


def load(bench: Bench, table: Table) -> None:
    for one in distinct(bench):
        with bench.filled(one).open("rb") as file:  # Into the page cache, as far as there is room.
            while file.read(1 << 24):
                pass
    libraries = opened(bench)
    for name, library in libraries.items():
        check(name, library, bench.conversations)

    def timed(library: Library, _number: int) -> float:
        users = some(bench.conversations)
        began = time.perf_counter()
        library.load_all(users)
        return (time.perf_counter() - began) / len(users)

    sides = {name: partial(timed, library) for name, library in libraries.items()}
    title = f"load 20 messages among {bench.conversations:,} conversations"
    table.add(title, interleaved(bench.rounds, sides), "≤ 2, before every peer")
    for library in libraries.values():
        library.close()
    table.notes.append(
        "Load: the newest 20 messages of a random conversation from an open file that is in the page cache. Ours is "
        "`debrief.messages(20)`; raw has a copy of our file, the statement of our store and tuples; openai-agents is `get_items` of one session that is "
        "told another id each time, so that its connection is open already; langgraph is `get_tuple`, and its file holds the newest "
        "checkpoint of each conversation alone; pydantic-ai is `ModelMessagesTypeAdapter.validate_json` of a row. "
        "Sizes: "
        + ", ".join(f"{one.column} {bench.filled(one).stat().st_size / 1e9:.2f} GB" for one in distinct(bench))
        + "."
    )


def distinct(bench: Bench) -> list[type[Contestant]]:
    return list({one.column: one for one in reversed(bench.there)}.values())[::-1]


def opened(bench: Bench) -> dict[str, Library]:
    paths = [(one, bench.filled(one)) for one in bench.there]
    return {one.name: library for one, path in paths if (library := one.library(path))}


def check(name: str, library: Library, conversations: int) -> None:
    """That somebody reads what was written."""
    for number in (1, conversations // 2, conversations):
        assert right(library.texts(library.load(user(number)))), f"{name} reads something else"


def memory(bench: Bench, table: Table) -> None:
    if not Path("/proc/self/statm").exists():
        table.notes.append("Memory was not measured: the system does not tell it in /proc.")
        return
    base: Measured = {}

    def child(one: type[Contestant], _number: int) -> float:
        command = [sys.executable, __file__, "--child", one.name, str(bench.filled(one))]
        before, each = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        base.setdefault(one.name, []).append(before)
        return float(each)

    sides = {one.name: partial(child, one) for one in bench.there if one.column == one.name or one is OursAsync}
    each = interleaved(min(bench.rounds, 5), sides)
    base = {name: values[WARM_UP:] for name, values in base.items()}
    table.add(
        "memory of the library with a file open",
        base,
        "",
        lambda values: spread([value / 1e6 for value in values], "MB"),
    )
    title = f"memory of each of {OPEN:,} conversations of 20 messages"
    table.add(title, each, "", lambda values: spread([value / 1e3 for value in values], "kB"))
    table.notes.append(
        "Memory is the growth of the resident set in a process of its own, beyond this script's, which has asyncio and sqlite3. "
        "A conversation is what its library's load gives back, kept; ours keeps the debrief beside it."
    )


def hold(name: str, path: Path) -> None:
    """The child of the question of memory."""
    one = next(one for one in ALL if one.name == name)
    empty = resident()
    exec(one.imports)  # noqa: S102
    library = one.library(path)
    assert library
    for number in range(1, 201):
        library.load(user(number))
    gc.collect()
    before = resident()
    held = [library.load(user(number)) for number in range(1001, 1001 + OPEN)]
    gc.collect()
    print(json.dumps([before - empty, (resident() - before) / len(held)]))


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        return hold(sys.argv[2], Path(sys.argv[3]))
    os.environ |= QUIET | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    bench = Bench()
    try:
        table = Table()
        for question in bench.questions:
            question(bench, table)
        table.notes.append(settings())
        table.print(bench)
    finally:
        bench.server.terminate()


def settings() -> str:
    db = sqlite3.connect(":memory:")
    synchronous, erase = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "secure_delete"))
    own = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}[synchronous]
    return (
        "Everybody writes ahead (`journal_mode=WAL`) with `synchronous=FULL` and `secure_delete=ON`, as our store does, but for "
        f"openai-agents, whose connections are its own: it leaves `synchronous` and `secure_delete` at what this Python's SQLite has, "
        f"{own} and {'ON' if erase else 'OFF'}. Ours brings its own SQLite."
    )


if __name__ == "__main__":
    main()
