"""What a notebook shows: everything that was said, escaped, with nothing but inline styles; and tables for pandas."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from completion_coach import _data as data

CORE = json.loads((Path(__file__).parent / "core.json").read_text("utf-8"))
PAGE = data.decode(data.MessagePage, CORE["MessagePage"][0])
PROPOSAL = data.decode(data.Proposal, CORE["Proposal"][0])
DECIDED = data.decode(data.Proposal, CORE["Proposal"][1])
ACTIONS = data.decode(data.ActionList, CORE["ActionList"][0])
CHANGES = data.decode(data.ChangeList, CORE["ChangeList"][0])
USAGE = data.decode(data.UsageReport, CORE["UsageReport"][0])
EVALUATION = data.decode(data.EvaluationReport, CORE["EvaluationReport"][0])
SHOWN: list[Any] = [PAGE, PROPOSAL, PROPOSAL.items[0], DECIDED, ACTIONS, CHANGES, USAGE, EVALUATION]
HOSTILE = "<script>alert(1)</script>\"' onload=x <b>&lt; `x` **y** [a](javascript:x) | # $z$ https://example.org"

TAGS = {"div", "span", "mark", "table", "thead", "tbody", "tr", "th", "td"}
words = st.text() | st.text("<>&\"'=/ ab\n`*[]()|$\\_#") | st.just(HOSTILE)


class Seen(HTMLParser):
    """Reads HTML as a browser would: the tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.open = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert {name for name, _ in attrs} <= {"style", "class", "dir"}, attrs
        assert not any("url(" in (value or "") or "http" in (value or "") for _, value in attrs), attrs
        self.shape.append((tag, tuple(f"{name}={value}" for name, value in attrs)))
        self.open += 1

    def handle_endtag(self, tag: str) -> None:
        self.open -= 1

    def handle_comment(self, data: str) -> None:
        raise AssertionError("neither a comment nor a declaration")

    def handle_decl(self, decl: str) -> None:
        self.handle_comment(decl)

    def handle_pi(self, data: str) -> None:
        self.handle_comment(data)

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)

    def handle_data(self, data: str) -> None:
        self.text += data


def with_words(text: str) -> list[tuple[Any, int]]:
    """All that is shown with this text wherever a person or a host may put one, and how often it is shown then."""
    choice = data.Choice(text, text)
    message = PAGE.messages[0].replace(
        text=text, choices=(choice,), author=data.Author(text, text, data.ModelPlace.REMOTE)
    )
    evidence = PROPOSAL.items[0].evidence[0].replace(quote=text)
    item = PROPOSAL.items[0].replace(
        field=data.ProfileField.custom(text),
        operation="replace",
        before=text,
        value=text,
        edited=data.Work(title=text),
        evidence=(evidence,),
    )
    action = data.ListedAction(ACTIONS[0].action.replace(title=text, kind=text), ACTIONS[0].debrief)
    line = USAGE.lines[0].replace(provider=text, model=text)
    figures = EVALUATION.total.replace(language=text)
    return [
        (data.MessagePage((message,)), 2),
        (data.Proposal((item,), (item,)), 5),
        (item, 4),
        (data.ActionList([action]), 1),
        (data.ChangeList([CHANGES[0].replace(thread=text, fields=(f"custom:{text}",))]), 2),
        (USAGE.replace(lines=(line,), prices_as_of=text), 3),
        (EVALUATION.replace(lines=(figures,), prices_as_of=text), 2),
    ]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: type(shown).__name__)
def test_html_is_whole_and_has_inline_styles_only(shown: Any) -> None:
    seen = Seen(shown._repr_html_())
    assert seen.open == 0 and seen.text.strip()
    styles = " ".join(attribute for _, attributes in seen.shape for attribute in attributes)
    opaque = re.search(r"\bcolor:(?!inherit)|black|white(?!-space)|#|rgb\(", styles)
    assert opaque is None, "a colour that is fixed is unreadable on some page"


@settings(deadline=None, database=None)
@given(text=words)
def test_no_text_opens_a_tag_or_an_attribute(text: str) -> None:
    usual = [Seen(shown._repr_html_()) for shown, _ in with_words("words")]
    for (shown, times), plain in zip(with_words(text), usual, strict=True):
        html = shown._repr_html_()
        seen = Seen(html)
        if text.strip():
            assert seen.shape == plain.shape
        if "\r" not in text and "\0" not in text and len(text) > 3:
            assert seen.text.count(text) >= times


@settings(deadline=None, database=None)
@given(text=words)
def test_no_text_opens_a_tag_in_markdown(text: str) -> None:
    for shown, _ in with_words(text):
        markdown = shown._repr_markdown_()
        assert "<" not in markdown
        if isinstance(shown, data.ActionList):
            assert len(markdown.split("\n")) == 3, "a row is one line"


def test_markdown_says_the_text_to_the_letter() -> None:
    item = data.MessagePage((PAGE.messages[0].replace(text="*a*\n# b\n\n1. <i> $5$ `c`", choices=()),))
    assert item._repr_markdown_().split("\n\n", 1)[1] == (
        "> \\*a\\*\\\n> \\# b\\\n> &nbsp;\\\n> 1\\. &lt;i&gt; \\$5\\$ \\`c\\`"
    )


def test_a_transcript_has_what_was_said_by_whom_and_what_was_offered() -> None:
    text = Seen(PAGE._repr_html_()).text
    for message in PAGE:
        assert message.text in text
        for choice in message.choices:
            assert choice.text in text
    assert text.count("the guide's questions") == sum(message.author is not None for message in PAGE)
    seeded = PAGE.messages[1].replace(provenance=data.Provenance.SEED)
    assert "from the app" in data.MessagePage((seeded,))._repr_html_()
    assert "Nothing was said yet" in data.MessagePage(())._repr_html_()
    assert "before=7" in data.MessagePage(PAGE.messages, 7)._repr_html_()


def test_a_quote_is_marked_within_the_message_it_was_cut_from() -> None:
    text = "Ähm… I learned 🦀 Rust. " + "x" * 300
    quote = "I learned 🦀 Rust."
    start = len("Ähm… ".encode())
    message = PAGE.messages[1].replace(id="m", text=text)
    evidence = data.Evidence(
        message="m", quote=quote, start=start, end=start + len(quote.encode()), start_utf16=5, end_utf16=23
    )
    proposal = data.Proposal((PROPOSAL.items[0].replace(evidence=(evidence,)),))
    html = proposal.to_html([message])
    assert (
        f">{quote}</mark> " + "x" * 100 in html and "Ähm… <mark" in html and "x" * 121 not in html and "…</div>" in html
    )
    assert "Ähm" not in proposal.to_html() and f">{quote}</mark>" in proposal.to_html()
    moved = data.Proposal((PROPOSAL.items[0].replace(evidence=(evidence.replace(start=start + 1),)),))
    assert "Ähm" not in moved.to_html([message]), "a quote that is not at its place is shown alone"
    assert f"> Ähm… **{quote.replace('.', chr(92) + '.')}** " in proposal.to_markdown([message])


def test_a_proposal_shows_what_changes_and_why_to_be_careful() -> None:
    item = PROPOSAL.items[0].replace(
        field="career_goals",
        operation="replace",
        before="Lead",
        value="Teach",
        cautions=(data.Caution.WISH,),
        checked=False,
    )
    text = Seen(item._repr_html_()).text
    for part in ("career goals", "Lead→Teach", "a wish", "pending", "☐"):
        assert part in text
    assert "(empty)→Teach" in Seen(item.replace(before=None)._repr_html_()).text
    assert "Teach→Write" in Seen(item.replace(edited="Write", status="edited")._repr_html_()).text
    assert "Nothing is proposed" in data.Proposal()._repr_html_()
    assert "In the profile already" in data.Proposal(known=(item,))._repr_html_()


def test_a_list_of_actions_says_where_each_debrief_stands() -> None:
    text = Seen(ACTIONS._repr_html_()).text
    assert all(item.action.title in text for item in ACTIONS)
    assert "declined" in text and "ask again" in text
    ended = data.ActionList([ACTIONS[0].replace(debrief=data.DebriefEnded(data.Ending.HANDED_OVER))])
    assert "ended (handed over)" in ended._repr_html_() and "ended" in ended._repr_markdown_()
    assert (
        "no actions" in data.ActionList()._repr_html_() and "Nothing has changed" in data.ChangeList()._repr_markdown_()
    )


def test_usage_is_added_up_and_an_unknown_price_stays_unknown() -> None:
    line = USAGE.lines[0].replace(usage=data.Usage(requests=1, input_tokens=1_200), cost=1_500)
    report = data.UsageReport((line, line), 3_000, "2026-11-20")
    text = Seen(report._repr_html_()).text
    assert "2,400" in text and "$0.0030" in text and "2026-11-20" in text
    assert "unknown" in Seen(data.UsageReport((line.replace(cost=None),), None)._repr_html_()).text
    assert "Nothing was used" in data.UsageReport()._repr_html_()


FRAMES: list[tuple[Any, int]] = [
    (PAGE, len(PAGE)),
    (PROPOSAL, len(PROPOSAL)),
    (ACTIONS, len(ACTIONS)),
    (CHANGES, len(CHANGES)),
    (USAGE, len(USAGE.lines)),
    (EVALUATION, len(EVALUATION.lines) + 1),
]


@pytest.mark.parametrize(("shown", "rows"), FRAMES, ids=lambda value: type(value).__name__)
def test_a_data_frame_and_a_list_of_dicts_say_the_same(shown: Any, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = shown.to_dataframe()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == rows
    monkeypatch.setitem(sys.modules, "pandas", None)
    listed = shown.to_dataframe()
    assert isinstance(listed, list) and len(listed) == rows
    assert list(frame.columns) == list(listed[0])
    first = frame.iloc[0].to_dict()
    for name, value in listed[0].items():
        assert type(value).__module__ != data.__name__, f"{name} is a plain value"
        assert value is None or first[name] == value


def test_an_empty_page_is_a_data_frame_with_columns() -> None:
    assert "text" in data.MessagePage(()).to_dataframe().columns
