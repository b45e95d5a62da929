"""Runs the snippets of the README as they stand, one after the other, as somebody who pastes them.

It needs no pytest: a virtual environment with the wheel alone runs this file itself.
"""

import os
import re
import tempfile
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_the_snippets_of_the_readme_run_as_they_stand() -> None:
    snippets = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(snippets) == 9
    names: dict[str, object] = {"__name__": "__main__"}
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for number, snippet in enumerate(snippets, 1):
                exec(compile(snippet, f"snippet {number} of the README", "exec"), names)
        finally:
            os.chdir(before)


if __name__ == "__main__":
    test_the_snippets_of_the_readme_run_as_they_stand()
