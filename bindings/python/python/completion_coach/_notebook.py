"""What a notebook shows of transcripts, proposals and lists: HTML, Markdown and data frames. Every text is escaped; there is no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from importlib import import_module
from typing import Any

from . import _data as data

# Greys and tints that are transparent, so that they are readable on a light page and on a dark one.
_LINE = "rgba(128,128,128,.32)"
_SHADE = "rgba(128,128,128,.10)"
_MARK = "rgba(255,190,40,.34)"
_NEW = "rgba(60,170,100,.20)"
_PAGE = (
    "font-family:var(--jp-content-font-family,system-ui,-apple-system,'Segoe UI',sans-serif);font-size:14px;line-height:1.55;"
    "color:inherit;max-width:46em;margin:.4em 0;"
)
_QUIET = "font-size:12px;opacity:.66;"
_WORDS = "white-space:pre-wrap;overflow-wrap:anywhere;"
_CHIP = f"display:inline-block;border:1px solid {_LINE};border-radius:999px;padding:.05em .7em;margin:.35em .35em 0 0;font-size:12.5px;"

# How much of a long message stands around a quote.
_AROUND = 120

_CAUTIONS = {
    data.Caution.NEGATED: "the words around it deny it",
    data.Caution.WISH: "a wish",
    data.Caution.HYPOTHETICAL: "only imagined",
    data.Caution.THIRD_PERSON: "about somebody else",
    data.Caution.QUESTION: "a question",
    data.Caution.INFERRED: "not in these words",
    data.Caution.RECOGNISED: "a word was recognised, not the sentence",
    data.Caution.SELF_RATED: "a rating of oneself",
    data.Caution.REPLACES: "the field holds something else",
}
_BASES = {
    data.Basis.STATED: "in the person's own words",
    data.Basis.CONFIRMED: "confirmed by the person",
    data.Basis.INFERRED: "inferred",
}


# ── Small parts ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _tag(name: str, style: str, inside: str, more: str = "") -> str:
    return f'<{name} style="{style}"{more}>{inside}</{name}>'


def _words(text: str, style: str = "") -> str:
    """What somebody wrote, as it was written, in the direction of its own script."""
    return _tag("div", _WORDS + style, escape(text), ' dir="auto"')


def _page(inside: str) -> str:
    # The classes keep MathJax from reading two dollar signs of a person's as a formula.
    return f'<div class="tex2jax_ignore mathjax_ignore" style="{_PAGE}">{inside}</div>'


def _name(name: str) -> str:
    """A name of the core's, for people: `career goals`; the host's own name for a field of its own."""
    return name.removeprefix("custom:") if name.startswith("custom:") else str(name).replace("_", " ")


def _when(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else ""


def _dollars(micro: int | None) -> str:
    return "unknown" if micro is None else f"${micro / 1e6:,.4f}" if micro else "$0"


def _author(message: data.Message) -> str:
    """Who wrote a message, or how the person said it."""
    if message.provenance is data.Provenance.SEED:
        return "from the app"
    if message.author is None:
        return "chosen" if message.provenance is data.Provenance.CHOSEN else ""
    if message.author.place is data.ModelPlace.SCRIPT:
        return "the guide's questions"
    return f"{message.author.model}, {message.author.provider}"


def _state(state: Any) -> str:
    """Where a debrief stands, for people."""
    if isinstance(state, data.DebriefEnded):
        return f"ended ({_name(state.ending.value)})"
    if isinstance(state, data.DebriefDeferred):
        return f"ask again {_when(state.time)}"
    names = {"none": "", "open": "waits for an answer", "pending": "waits for a reply", "live": "a reply is being made"}
    return names.get(state.tag, _name(state.tag))


def _frame(rows: list[dict[str, Any]], columns: Sequence[str]) -> Any:
    """A pandas DataFrame where pandas is installed, else the rows themselves."""
    try:
        pandas: Any = import_module("pandas")
    except ImportError:
        return rows
    return pandas.DataFrame(rows, columns=list(columns))


# What Markdown, and what people add to it, gives a meaning to.
_MARKDOWN = {ord(sign): f"\\{sign}" for sign in "\\`*_{}[]()#+-.!|~$^:=@"} | {ord(sign): escape(sign) for sign in "&<>"}


def _md(text: object) -> str:
    """A text as one line of Markdown that shows it to the letter."""
    return " ".join(str(text).split()).translate(_MARKDOWN)


def _md_lines(text: str, prefix: str = "> ") -> str:
    """A text as a quotation of Markdown, with its line breaks."""
    lines = text.splitlines() or [""]
    return "\\\n".join(prefix + _md(line) if line.strip() else prefix + "&nbsp;" for line in lines)


# ── Transcripts ─────────────────────────────────────────────────────────────────────────────────────────────────────


def transcript_html(page: data.MessagePage) -> str:
    """The messages of a page as a conversation."""
    if not page.messages:
        return _page(_tag("div", _QUIET, "Nothing was said yet."))
    taken = {(message.seq - 1, message.choice) for message in page.messages if message.choice}
    parts = []
    if page.before is not None:
        parts.append(_tag("div", _QUIET + "margin-bottom:.8em;", f"There are earlier messages: before={page.before}."))
    for message in page.messages:
        user = message.role is data.Role.USER
        author = _author(message)
        head = _tag("span", "font-weight:600;", "Person" if user else "Coach")
        head += _tag("span", _QUIET + "margin-left:.6em;", escape(author)) if author else ""
        head += _tag("span", _QUIET + "float:right;", _when(message.at))
        chips = "".join(
            _tag(
                "span",
                _CHIP + (f"background:{_NEW};" if (message.seq, choice.id) in taken else "opacity:.75;"),
                escape(choice.text),
            )
            for choice in message.choices
        )
        shade = f"background:{_SHADE};" if user else f"border:1px solid {_LINE};"
        inside = _tag("div", "font-size:12.5px;margin-bottom:.15em;", head) + _words(message.text)
        inside += _tag("div", "margin-top:.15em;", chips) if chips else ""
        side = "margin:0 0 .7em 12%;" if user else "margin:0 12% .7em 0;"
        parts.append(_tag("div", f"{side}{shade}border-radius:10px;padding:.55em .9em .65em;", inside))
    return _page("".join(parts))


def transcript_markdown(page: data.MessagePage) -> str:
    """The messages of a page as Markdown."""
    parts = []
    for message in page.messages:
        author = _author(message)
        who = "Person" if message.role is data.Role.USER else "Coach"
        parts.append(f"**{who}**" + (f" · {_md(author)}" if author else ""))
        parts.append(_md_lines(message.text))
        if message.choices:
            parts.append("\n".join(f"- {_md(choice.text)}" for choice in message.choices))
    return "\n\n".join(parts) or "*Nothing was said yet.*"


def message_frame(page: data.MessagePage) -> Any:
    """A row for each message."""
    columns = (
        "seq",
        "round",
        "at",
        "role",
        "provenance",
        "text",
        "choice",
        "choices",
        "provider",
        "model",
        "id",
        "thread",
    )
    rows = [
        {
            "seq": message.seq,
            "round": message.round,
            "at": message.at,
            "role": message.role.value,
            "provenance": message.provenance.value,
            "text": message.text,
            "choice": message.choice,
            "choices": [choice.text for choice in message.choices],
            "provider": message.author.provider if message.author else None,
            "model": message.author.model if message.author else None,
            "id": message.id,
            "thread": message.thread,
        }
        for message in page.messages
    ]
    return _frame(rows, columns)


# ── Proposals ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _cut(evidence: data.Evidence, texts: dict[str, str]) -> tuple[str, str, str]:
    """What stands before the quote, the quote, and what stands behind it, as far as the message is known."""
    said = texts.get(evidence.message, "").encode()
    if said[evidence.start : evidence.end] != evidence.quote.encode():
        return "", evidence.quote, ""
    before, after = said[: evidence.start].decode(), said[evidence.end :].decode()
    if len(before) > _AROUND:
        before = "…" + before[-_AROUND:].lstrip()
    if len(after) > _AROUND:
        after = after[:_AROUND].rstrip() + "…"
    return before, evidence.quote, after


def _reasons(item: data.Extraction) -> list[str]:
    return [_BASES[item.basis], *(_CAUTIONS[caution] for caution in item.cautions)]


def _extraction_html(item: data.Extraction, texts: dict[str, str]) -> str:
    pending = item.status is data.ExtractionStatus.PENDING
    box = (
        ("☑" if item.checked else "☐") if pending else {"rejected": "✕", "superseded": "–"}.get(item.status.value, "✓")
    )
    head = _tag("span", "margin-right:.5em;opacity:.8;", box) + _tag(
        "span", "font-weight:600;", escape(_name(item.field))
    )
    head += _tag("span", _QUIET + "float:right;", _name(item.status.value))
    arrow = _tag("span", "opacity:.55;margin:0 .5em;", "→")
    left = item.status in (data.ExtractionStatus.REJECTED, data.ExtractionStatus.SUPERSEDED)
    fresh, gone = f"background:{_NEW};border-radius:3px;padding:.05em .3em;", "opacity:.6;text-decoration:line-through;"
    values = [(item.value, gone if left or item.edited is not None else fresh)]
    if item.operation is data.ProposedOperation.REPLACE:
        values.insert(0, (item.before or "(empty)", gone if item.before else "opacity:.6;"))
    if item.edited is not None:
        values.append((item.edited, fresh))
    change = arrow.join(_tag("span", style, escape(str(value)), ' dir="auto"') for value, style in values)
    if item.operation is data.ProposedOperation.ADD:
        change = _tag("span", "opacity:.55;margin-right:.5em;", "add") + change
    quotes = []
    for evidence in item.evidence:
        before, quote, after = _cut(evidence, texts)
        mark = _tag("mark", f"background:{_MARK};color:inherit;border-radius:3px;padding:.05em .1em;", escape(quote))
        said = escape(before) + mark + escape(after)
        style = f"{_WORDS}border-left:3px solid {_LINE};margin:.45em 0 0;padding:.05em 0 .05em .8em;font-size:13px;"
        quotes.append(_tag("div", style, said, ' dir="auto"'))
    reasons = _tag("div", _QUIET + "margin-top:.4em;", escape(" · ".join(_reasons(item))))
    body = _tag("div", "margin-bottom:.2em;", head) + _tag("div", _WORDS, change) + "".join(quotes) + reasons
    return _tag("div", f"border:1px solid {_LINE};border-radius:10px;padding:.6em .9em;margin:0 0 .7em;", body)


def proposal_html(
    items: Iterable[data.Extraction], known: Iterable[data.Extraction] = (), messages: Iterable[data.Message] = ()
) -> str:
    """Proposals with what changes, and the words behind it; within what was said, where the messages are at hand."""
    texts = {message.id: message.text for message in messages}
    parts = [_extraction_html(item, texts) for item in items] or [_tag("div", _QUIET, "Nothing is proposed.")]
    there = "".join(_tag("span", _CHIP, f"{escape(_name(item.field))}: {escape(str(item.value))}") for item in known)
    if there:
        parts.append(_tag("div", _QUIET, "In the profile already") + _tag("div", "", there))
    return _page("".join(parts))


def proposal_markdown(
    items: Iterable[data.Extraction], known: Iterable[data.Extraction] = (), messages: Iterable[data.Message] = ()
) -> str:
    """The same as Markdown."""
    texts = {message.id: message.text for message in messages}
    parts = []
    for item in items:
        old = f"~~{_md(item.before)}~~ → " if item.before else ""
        edited = f" → **{_md(item.edited)}**" if item.edited is not None else ""
        parts.append(
            f"**{_md(_name(item.field))}** ({_md(_name(item.operation.value))}, {item.status.value}): {old}{_md(item.value)}{edited}"
        )
        for evidence in item.evidence:
            before, quote, after = (_md(part) for part in _cut(evidence, texts))
            parts.append(f"> {before} **{quote}** {after}" if before or after else f"> **{quote}**")
        parts.append(f"*{_md(', '.join(_reasons(item)))}*")
    there = [f"{_md(_name(item.field))}: {_md(item.value)}" for item in known]
    if there:
        parts.append("In the profile already: " + "; ".join(there))
    return "\n\n".join(parts) or "*Nothing is proposed.*"


def proposal_frame(proposal: data.Proposal) -> Any:
    """A row for each item."""
    columns = (
        "id",
        "field",
        "operation",
        "before",
        "value",
        "basis",
        "checked",
        "cautions",
        "status",
        "edited",
        "quote",
        "created_at",
    )
    rows = [
        {
            "id": item.id,
            "field": str(item.field),
            "operation": item.operation.value,
            "before": item.before,
            "value": str(item.value),
            "basis": item.basis.value,
            "checked": item.checked,
            "cautions": [caution.value for caution in item.cautions],
            "status": item.status.value,
            "edited": None if item.edited is None else str(item.edited),
            "quote": " … ".join(evidence.quote for evidence in item.evidence),
            "created_at": item.created_at,
        }
        for item in proposal.items
    ]
    return _frame(rows, columns)


# ── Tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# The heads of a table, how many columns from the right are figures, its rows, and what stands under it.
_TableOf = tuple[Sequence[str], int, list[Sequence[str]], str]


def _table_html(table: _TableOf, last_is_sum: bool = False) -> str:
    heads, figures, rows, note = table
    if not rows:
        return _page(_tag("div", _QUIET, escape(note or "There is nothing here yet.")))

    def row(name: str, cells: Sequence[str], style: str) -> str:
        # Notebooks have stripes and alignments of their own for tables.
        sides = ["right" if len(cells) - at <= figures else "left" for at in range(len(cells))]
        cell_style, more = (
            "padding:.38em 1em .38em 0;border:0;vertical-align:top;max-width:28em;",
            "font-variant-numeric:tabular-nums;white-space:nowrap;",
        )
        made = [
            _tag(
                name,
                f"text-align:{side};{cell_style}{style}{more if side == 'right' else _WORDS}",
                escape(cell),
                ' dir="auto"',
            )
            for side, cell in zip(sides, cells, strict=True)
        ]
        return "".join(made)

    line = f"border-bottom:1px solid {_LINE};background:transparent;"
    head = _tag("tr", line, row("th", heads, "font-weight:600;font-size:12px;opacity:.75;"))
    body = []
    for at, cells in enumerate(rows):
        final = last_is_sum and at == len(rows) - 1
        body.append(
            _tag(
                "tr",
                "background:transparent;" if final else line,
                row("td", cells, "font-weight:600;" if final else ""),
            )
        )
    table_ = _tag(
        "table",
        "border-collapse:collapse;border:0;margin:0;font-size:13.5px;",
        f"<thead>{head}</thead><tbody>{''.join(body)}</tbody>",
    )
    return _page(table_ + (_tag("div", _QUIET + "margin-top:.5em;", escape(note)) if note else "")).replace(
        "max-width:46em;", "", 1
    )


def _table_markdown(table: _TableOf) -> str:
    heads, figures, rows, note = table
    if not rows:
        return f"*{_md(note or 'There is nothing here yet.')}*"
    rule = ["---:" if len(heads) - at <= figures else ":---" for at in range(len(heads))]
    lines = [
        "| " + " | ".join(cells) + " |"
        for cells in ([_md(head) for head in heads], rule, *[[_md(cell) for cell in row] for row in rows])
    ]
    return "\n".join(lines) + (f"\n\n*{_md(note)}*" if note else "")


def _rows_table(rows: Any) -> _TableOf:
    if isinstance(rows, data.ActionList):
        heads: Sequence[str] = ("Action", "Kind", "Status", "Debrief")
        cells = [
            [item.action.title, _name(item.action.kind), _name(item.action.status), _state(item.debrief)]
            for item in rows
        ]
        return heads, 0, [*cells], "" if cells else "There are no actions."
    heads = ("", "When", "Why", "Fields", "Conversation")
    cells = [
        [str(row.seq), _when(row.at), _name(row.cause), ", ".join(map(_name, row.fields)), row.thread or ""]
        for row in rows
    ]
    return heads, 0, [*cells], "" if cells else "Nothing has changed yet."


def rows_html(rows: Any) -> str:
    """A list of actions or changes as a table."""
    return _table_html(_rows_table(rows))


def rows_markdown(rows: Any) -> str:
    """The same as Markdown."""
    return _table_markdown(_rows_table(rows))


def rows_frame(rows: Any) -> Any:
    """A row for each action or change."""
    columns: Sequence[str]
    if isinstance(rows, data.ActionList):
        columns = (
            "id",
            "kind",
            "title",
            "status",
            "debrief",
            "ending",
            "ask_at",
            "source",
            "created_at",
            "started_at",
            "completed_at",
        )
        actions = [
            {
                **{
                    name: getattr(item.action, name)
                    for name in ("id", "title", "created_at", "started_at", "completed_at")
                },
                **{name: str(getattr(item.action, name)) for name in ("kind", "status", "source")},
                "debrief": item.debrief.tag,
                "ending": item.debrief.ending.value if isinstance(item.debrief, data.DebriefEnded) else None,
                "ask_at": item.debrief.time if isinstance(item.debrief, data.DebriefDeferred) else None,
            }
            for item in rows
        ]
        return _frame([{name: row[name] for name in columns} for row in actions], columns)
    columns = ("seq", "at", "cause", "fields", "thread", "extractions", "reported")
    changes = [
        {
            "seq": change.seq,
            "at": change.at,
            "cause": change.cause.value,
            "fields": [str(field) for field in change.fields],
            "thread": change.thread,
            "extractions": list(change.extractions),
            "reported": change.report.message if change.report else None,
        }
        for change in rows
    ]
    return _frame(changes, columns)


_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def _usage_table(report: data.UsageReport) -> _TableOf:
    def cells(name: str, model: str, lines: Sequence[data.UsageLine], cost: int | None) -> list[str]:
        counts = [sum(getattr(line, count) for line in lines) for count in ("attempts", "failed", "cancelled")]
        tokens = [sum(getattr(line.usage, kind) for line in lines) for kind in _TOKENS]
        return [name, model, *(f"{count:,}" for count in (*counts, *tokens)), _dollars(cost)]

    rows = [cells(line.operation.value, f"{line.model}, {line.provider}", [line], line.cost) for line in report.lines]
    heads = ("For", "Model", "Attempts", "Failed", "Cancelled", "Input", "Output", "Cache read", "Cache write", "Cost")
    if rows:
        rows.append(cells("all", "", report.lines, report.cost))
    note = (
        f"Prices of {report.prices_as_of}; tokens as the models counted them."
        if rows
        else "Nothing was used in this period."
    )
    return heads, 8, [*rows], note


def usage_html(report: data.UsageReport) -> str:
    """What was used, and what it costs, as a table."""
    return _table_html(_usage_table(report), last_is_sum=True)


def usage_markdown(report: data.UsageReport) -> str:
    """The same as Markdown."""
    return _table_markdown(_usage_table(report))


def usage_frame(report: data.UsageReport) -> Any:
    """A row for each operation and model; the cost in micro-dollars and in dollars."""
    counts = ("attempts", "failed", "cancelled")
    columns = ("operation", "provider", "model", *counts, "requests", *_TOKENS, "cost", "cost_usd")
    rows = [
        {
            "operation": line.operation.value,
            "provider": line.provider,
            "model": line.model,
            **{name: getattr(line, name) for name in counts},
            **{name: getattr(line.usage, name) for name in ("requests", *_TOKENS)},
            "cost": line.cost,
            "cost_usd": None if line.cost is None else line.cost / 1e6,
        }
        for line in report.lines
    ]
    return _frame(rows, columns)


def _evaluation_table(report: data.EvaluationReport) -> _TableOf:
    def share(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    rows = [
        [
            line.language,
            *(str(count) for count in (line.cases, line.proposals, line.unsupported, line.checked)),
            share(line.precision()),
            share(line.recall()),
            str(line.duplicates),
            f"{share(line.correct_when_empty())} of {line.empty}",
            f"{line.gate_hits} in {line.turns}",
        ]
        for line in (*report.lines, report.total)
    ]
    heads = (
        "",
        "Debriefs",
        "Proposals",
        "Unsupported",
        "Checked",
        "Precision",
        "Recall",
        "Duplicates",
        "Empty ones",
        "Gate hits",
    )
    verdict = "It passes" if report.passes() else "It does not pass"
    return (
        heads,
        9,
        [*rows],
        f"{verdict}. {len(report.failures)} failures; {_dollars(report.cost)}, prices of {report.prices_as_of or 'no day'}.",
    )


def evaluation_html(report: data.EvaluationReport) -> str:
    """An evaluation's figures as a table. It holds nothing of the cases."""
    return _table_html(_evaluation_table(report), last_is_sum=True)


def evaluation_markdown(report: data.EvaluationReport) -> str:
    """The same as Markdown."""
    return _table_markdown(_evaluation_table(report))


def evaluation_frame(report: data.EvaluationReport) -> Any:
    """A row for each language, and one for all."""
    names = data.EvaluationLine._names
    rows = [
        {
            **{name: getattr(line, name) for name in names},
            "precision": line.precision(),
            "recall": line.recall(),
            "correct_when_empty": line.correct_when_empty(),
        }
        for line in (*report.lines, report.total)
    ]
    return _frame(rows, [*names, "precision", "recall", "correct_when_empty"])
