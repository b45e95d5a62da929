"""The table of features by language in README.md, made of what the tests have proved.

A test calls `ran(KEY)` as its last line, which leaves a file `LANGUAGE/KEY` in the folder that the variable FEATURES names.
`python tests/features.py check FOLDER LANGUAGE…` compares the columns of the languages that ran with the table; `write` puts
them there. The columns of other languages stay as they are.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LANGUAGES = {"rust": "Rust", "python": "Python", "swift": "Swift", "kotlin": "Kotlin"}
BEGIN, END = "<!-- features -->\n", "<!-- /features -->"


def features():
    lines = (ROOT / "tests/features.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


def columns(table):
    """Which features the table says each language has."""
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()[2:]]
    words = {text: key for key, text in features().items()}
    return {
        language: {words[row[0]] for row in rows if row[0] in words and row[column] == "yes"}
        for column, language in enumerate(LANGUAGES, 1)
    }


def ran(folder, languages):
    """What was proved just now by the languages that ran; one that proved nothing has lost its way to the folder."""
    found = {path.name: {file.name for file in path.iterdir()} for path in Path(folder).glob("*") if path.is_dir()}
    for language, keys in found.items():
        unknown = sorted(keys - set(features())) or (language not in LANGUAGES and [language])
        if unknown:
            sys.exit(f"{language} has proved what tests/features.txt does not name: {', '.join(unknown)}")
    if silent := [language for language in languages if not found.get(language)]:
        sys.exit(f"nothing was heard of {', '.join(silent)}, although it ran")
    return found


def table(proved):
    lines = ["| | " + " | ".join(LANGUAGES.values()) + " |", "|---" * (len(LANGUAGES) + 1) + "|"]
    for key, words in features().items():
        cells = ("yes" if key in proved.get(language, ()) else "" for language in LANGUAGES)
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main(mode, folder, *languages):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    before, rest = readme.split(BEGIN)
    old, after = rest.split(END)
    new = table(columns(old) | ran(folder, languages))
    if mode == "write":
        (ROOT / "README.md").write_text(before + BEGIN + new + END + after, encoding="utf-8")
    elif new != old:
        for line in sorted(set(new.splitlines()) ^ set(old.splitlines())):
            print("README:" if line in old.splitlines() else "proved:", line)
        sys.exit("the README's table of features is not what the tests have proved; see tests/features.py")


if __name__ == "__main__":
    main(*sys.argv[1:])
