"""Makes the blocking face from the asyncio one, by plain substitution; `test_unasync.py` compares.

`python tests/unasync.py` writes it.
"""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "python" / "completion_coach"

SUBSTITUTIONS = [
    (
        r"(?s)\A\"\"\".*?\"\"\"",
        '"""The blocking face: the whole API of the core. It is made from `_async.py` by `tests/unasync.py`."""',
    ),
    ("AsyncIterator, Callable", "Callable, Iterator"),
    (r"async (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\b_?Async([A-Z]\w*)", lambda match: ("_" if match[0].startswith("_") else "") + match[1]),
    (r"__a(enter|exit|iter|next)__", r"__\1__"),
    ("StopAsyncIteration", "StopIteration"),
    (r"\b(run|extract|evaluate)_async\b", r"\1"),
    (r"        from \._sync import Debrief\n", ""),
]


def blocking(source: str) -> str:
    """The blocking face of this source."""
    for old, new in SUBSTITUTIONS:
        source = re.sub(old, new, source)
    return source


if __name__ == "__main__":
    (PACKAGE / "_sync.py").write_text(blocking((PACKAGE / "_async.py").read_text(encoding="utf-8")), encoding="utf-8")
