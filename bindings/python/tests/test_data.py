"""The data objects: the core's JSON to the letter, and what Python expects of values."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import ran

from completion_coach import _data as data
from completion_coach import errors
from completion_coach._run import dumps, read

# What the core wrote: of a debrief by the guide, of an export, and one of each thing that neither has.
CORE = json.loads((Path(__file__).parent / "core.json").read_text("utf-8"))
ALIASES = {"DebriefState", "Invitation", "Verdict"}
KINDS: dict[str, Any] = {
    name: data.Verdicts if name == "Verdicts" else getattr(data, name) for name in CORE if name[0].isupper()
}
SAMPLES = [(name, at) for name in KINDS for at in range(len(CORE[name]))]
NOW = datetime(2026, 11, 24, 14, 3, 7, 123000, tzinfo=timezone.utc)


def subclasses(kind: type[Any]) -> list[type[Any]]:
    return [below for child in kind.__subclasses__() for below in (child, *subclasses(child))]


CLASSES = [kind for kind in subclasses(data.Data) if kind is not data.Variant and kind.__module__ == data.__name__]


def example(hint: Any) -> Any:
    """A value of this type, with something in every field."""
    options, _ = data._options(hint)
    plain = {str: "a text", int: 7, bool: True, float: 0.5, datetime: NOW, timedelta: timedelta(milliseconds=1500)}
    for option in sorted(options, key=str):
        if option in plain:
            return plain[option]
        if issubclass(getattr(option, "__origin__", option), data.Data):
            return option(**{name: example(eval(text, data.__dict__)) for name, text in option._hints.items()})
        if issubclass(getattr(option, "__origin__", option), data.Name):
            return list(option)[-1]
        if getattr(option, "__origin__", None) is tuple:
            return (example(option.__args__[0]),)
        if hasattr(option, "__args__"):
            return {"key": example(option.__args__[1])}
        return "a text"
    raise AssertionError(hint)


@pytest.mark.parametrize(("name", "at"), SAMPLES)
def test_the_core_s_json_is_read_and_written_to_the_letter(name: str, at: int) -> None:
    wire = CORE[name][at]
    read = data.decode(KINDS[name], wire)
    assert data.encode(read) == wire
    assert json.loads(json.dumps(data.encode(read))) == wire
    assert pickle.loads(pickle.dumps(read)) == read
    if name != "Verdicts":
        assert hash(copy.deepcopy(read)) == hash(read)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_is_a_value(kind: Any) -> None:
    one = example(kind)
    wire = one.to_dict()
    again = kind.from_dict(json.loads(json.dumps(wire)))
    assert again == one and again is not one and hash(again) == hash(one)
    assert kind.from_json(one.to_json()) == one
    assert pickle.loads(pickle.dumps(one)) == one
    assert copy.copy(one) == one == copy.deepcopy(one)
    assert one.replace() == one
    assert one != object() and (not kind._names or one != CLASSES)
    assert repr(one).startswith(f"{kind.__name__}(")
    for name in kind._names:
        with pytest.raises(AttributeError, match="immutable"):
            setattr(one, name, None)
        with pytest.raises(AttributeError, match="immutable"):
            delattr(one, name)
    assert again == one


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_and_every_field_says_what_it_is(kind: Any) -> None:
    text, *fields = kind.__doc__.split("\nAttributes:")
    assert text.strip(), kind
    if kind._names:
        described = {line.split(":")[0].strip(): line for line in fields[0].splitlines() if line.strip()}
        assert set(described) >= set(kind._names)
        assert all(len(described[name].split(": ", 1)[1]) > 3 for name in kind._names)


def test_unequal_values_are_unequal() -> None:
    assert data.Material("a") != data.Material("b")
    assert data.DebriefOpen() != data.DebriefPending()
    assert data.InvitationDeclined() != data.DebriefDeclined()
    assert data.Text("x") != data.Typed("x")


def test_the_repr_is_python_that_makes_the_value_again() -> None:
    action = data.NewAction(kind="build_tools", title="A parser", material=(data.Material("the change"),))
    assert (
        repr(action)
        == "NewAction(kind=ActionKind.BUILD_TOOLS, title='A parser', material=(Material(label='the change'),))"
    )
    assert eval(repr(action), data.__dict__) == action
    assert repr(data.Profile()) == "Profile()"
    assert repr(data.Text("hi")) == "Text('hi')"


def test_lists_become_tuples_and_names_become_members() -> None:
    made = data.Profile(name="Ana", skills=["Python", "SQL"], custom={"tools": ["vim"]})  # type: ignore[arg-type, dict-item]
    assert made.skills == ("Python", "SQL") and made.custom["tools"] == ("vim",)
    action = data.NewAction(kind="teach_write", title="A talk", source="suggested")  # type: ignore[arg-type]
    assert action.kind is data.ActionKind.TEACH_WRITE and action.source is data.ActionSource.SUGGESTED
    assert data.NewAction(kind="knitting", title="A scarf").kind == "knitting"
    assert data.Retries(longest_wait=1.5).longest_wait == timedelta(seconds=1.5)  # type: ignore[arg-type]
    term = data.Term("custom:tools", "vim")
    assert term.field == data.ProfileField.custom("tools") and term.to_dict()["field"] == "custom:tools"


def test_a_mapping_that_was_given_cannot_change_afterwards() -> None:
    given = {"k": "v"}
    held: Any = data.NewAction(kind="x", title="t", host_data=given).host_data
    given["k"] = "other"
    assert held == {"k": "v"}
    for change, arguments in (
        (held.update, [given]),
        (held.pop, ["k"]),
        (held.__setitem__, ["k", "w"]),
        (held.clear, []),
    ):
        with pytest.raises(TypeError, match="immutable"):
            change(*arguments)


def test_what_cannot_be_a_value_is_refused_with_what_to_do() -> None:
    with pytest.raises(TypeError, match="needs 'title'"):
        data.NewAction(kind="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="has no 'skils'"):
        data.Profile(skils=())  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="only keyword arguments"):
        data.NewAction("x", "y")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="two values for 'label'"):
        data.Material("a", label="b")  # type: ignore[misc]
    with pytest.raises(TypeError, match=r"Profile\.skills: it needs a list or a tuple"):
        data.Profile(skills="Python")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"source.*suggested"):
        data.NewAction(kind="x", title="y", source="elsewhere")  # type: ignore[arg-type]


def test_a_datetime_without_a_time_zone_is_refused_and_says_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"at: .*timezone\.utc.*astimezone"):
        data.Consent("d", datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="time zone"):
        data.encode(datetime(2026, 1, 1))


def test_moments_are_kept_in_utc_and_whole_milliseconds() -> None:
    there = datetime(2026, 1, 1, 2, 0, 0, 1999, tzinfo=timezone(timedelta(hours=2)))
    at = data.Consent("d", there).at
    assert at == datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=timezone.utc) and at.tzinfo is timezone.utc
    assert data.encode(data.decode(datetime, -1)) == -1
    far = int(datetime(9998, 12, 31, tzinfo=timezone.utc).timestamp()) * 1000 + 123
    assert data.encode(data.decode(datetime, far)) == far


def test_missing_keys_are_defaults_and_unknown_keys_are_passed_over() -> None:
    assert data.Profile.from_dict({"name": "Ana", "shoe_size": 38}) == data.Profile(name="Ana")
    assert data.Usage.from_dict({}) == data.Usage()
    assert data.decode(tuple[data.Material, ...], [{"label": "a"}]) == (data.Material("a"),)
    assert data.decode(data.Consent | None, None) is None


@pytest.mark.parametrize(
    ("kind", "wire"),
    [
        (data.Message, {"id": "secret words"}),
        (data.Message, ["secret words"]),
        (data.Material, None),
        (data.TurnEvent, {"secret words": 1}),
        (data.TurnEvent, "secret words"),
        (data.TurnEvent, {"text": "a", "choices": []}),
        (data.Choice, {"id": "secret words", "text": "a", "field": 5}),
        (data.Consent, {"disclosure": "secret words", "at": "secret words"}),
        (data.Author, {"provider": "p", "model": "m", "place": "secret words"}),
    ],
)
def test_json_of_something_else_is_a_value_error_without_its_words(kind: Any, wire: Any) -> None:
    with pytest.raises(ValueError) as caught:
        data.decode(kind, wire)
    assert "secret" not in str(caught.value)


def test_a_job_and_a_study_are_told_apart_as_the_core_does() -> None:
    for value, kind in (({}, data.Work), ({"title": "T"}, data.Work), ({"institution": "I"}, data.Education)):
        verdict = data.decode(data.Verdict, {"edit": value})
        assert isinstance(verdict, data.Edit) and isinstance(verdict.value, kind)
    assert str(data.Work(title="Engineer", organization="Acme")) == "Engineer, Acme"
    assert str(data.Education(degree="MSc", institution="UBA")) == "MSc, UBA"


def test_events_are_matched_by_class() -> None:
    reply = data.decode(data.Reply, CORE["Reply"][0])
    wire = [
        {"text": "Hi"},
        {"stood_in": "consent_needed"},
        {"hand_over": {"language": "es"}},
        {"reply": CORE["Reply"][0]},
    ]
    seen: list[Any] = []
    for event in data.decode(list[data.TurnEvent], wire):
        match event:
            case data.Text(text):
                seen.append(text)
            case data.StoodIn(data.ErrorKind.CONSENT_NEEDED):
                seen.append("stood in")
            case data.HandOver(language):
                seen.append(language)
            case data.Reply(message=data.Message(role=data.Role.ASSISTANT), over=False):
                seen.append(event)
    assert seen == ["Hi", "stood in", "es", reply]
    assert [data.encode(event, data.TurnEvent) for event in data.decode(list[data.TurnEvent], wire)] == wire


def test_what_a_model_yields_is_named_for_the_core() -> None:
    wire = [
        {"text": "a"},
        {"choices": []},
        {"signal": "enough"},
        {"signal": {"outcome": "mixed"}},
        {"usage": data.Usage(requests=1).to_dict()},
    ]
    events = data.decode(list[data.ModelEvent], wire)
    assert events[2:4] == [data.SignalEnough(), data.SignalOutcome(data.Outcome.MIXED)]
    assert [data.encode(event, data.ModelEvent) for event in events] == wire


def test_writes_and_outputs_are_as_serde_tags_them() -> None:
    writes = [
        (data.WriteConsent(None), {"consent": None}),
        (data.WriteRemoveAction("a"), {"remove_action": "a"}),
        (data.WriteRemoveMessages("general", 3), {"remove_messages": ["general", 3]}),
    ]
    for write, wire in writes:
        assert data.encode(write) == wire
        assert data.decode(data.Write, wire) == write
    assert data.decode(data.Output, "text") == data.OutputText()
    assert data.encode(data.OutputJson("{}")) == {"json": "{}"}
    assert data.encode({"e": data.Edit("x"), "f": data.Accept()}) == {"e": {"edit": "x"}, "f": "accept"}


def test_names_are_texts() -> None:
    assert f"{data.Role.USER}" == str(data.Role.USER) == "user"
    assert {"user": 1}[data.Role.USER] == 1
    assert repr(data.Role.USER) == "Role.USER"
    assert json.dumps(data.Role.USER) == '"user"'
    assert type(data.encode(data.Role.USER)) is str
    assert [kind.value for kind in data.ErrorKind] == CORE["kinds"][0]
    assert [gate.value for gate in data.Gate] == CORE["gates"][0]
    assert [field.value for field in data.ProfileField] == CORE["fields"][0]


def test_dataclasses_know_them() -> None:
    material = data.Material("a", link="l")
    assert dataclasses.is_dataclass(material)
    assert [field.name for field in dataclasses.fields(material)] == ["label", "link", "text"]
    assert dataclasses.asdict(material) == {"label": "a", "link": "l", "text": None}
    assert dataclasses.replace(material, text="t") == material.replace(text="t") == data.Material("a", "l", "t")


def test_an_evaluation_s_figures_are_the_core_s() -> None:
    for wire, figures in zip(CORE["EvaluationReport"], CORE["figures"][0], strict=True):
        report = data.EvaluationReport.from_dict(wire)
        total = report.total
        assert [report.passes(), total.precision(), total.recall(), total.correct_when_empty()] == figures


def test_a_recorded_answer_may_be_json_in_a_corpus() -> None:
    [case] = data.EvaluationCase.read(
        '{"name": "n", "messages": [{"role": "user", "text": "t"}], "answer": {"items": []}}'
    )
    assert case.answer == '{"items":[]}' and case.messages == (data.TranscriptMessage.user("t"),)
    assert len(data.EvaluationCase.read(b'[{"name": "n", "messages": []}]')) == 1


def test_a_next_step_becomes_an_action() -> None:
    recap = data.decode(data.Recap, CORE["Recap"][0])
    assert recap.next is not None and recap.next_action() == data.NewAction(
        id=recap.next.action, kind=recap.next.kind, title=recap.next.title, source=data.ActionSource.DEBRIEF
    )
    assert recap.replace(next=None).next_action() is None


def test_a_slice_of_the_actions_is_a_list_of_actions() -> None:
    actions = data.decode(data.ActionList, CORE["ActionList"][0])
    assert isinstance(actions[:2], data.ActionList) and len(actions[:2]) == 2
    assert isinstance(actions[0], data.ListedAction)
    assert pickle.loads(pickle.dumps(actions)) == actions


def test_there_is_one_error_for_each_kind() -> None:
    assert {kind: error.kind for kind, error in errors.CoachError._kinds.items()} == {
        kind: kind for kind in data.ErrorKind
    }
    assert all(issubclass(error, errors.CoachError) and error.__doc__ for error in errors.CoachError._kinds.values())
    assert {error.__name__ for error in errors.CoachError._kinds.values()} < set(errors.__all__)
    ran("errors")


def test_an_error_crosses_with_all_that_it_says() -> None:
    wire = {
        "kind": "model_unavailable",
        "reason": "the model's server is overloaded; try again later",
        "field": None,
        "limit": None,
        "attempts": 3,
        "request_id": "req_1",
        "permanent": False,
        "retry_after_ms": 1500,
        "source": {"kind": "invalid_input", "reason": "title: too long", "field": "title", "limit": 500},
    }
    error = errors.from_wire(wire)
    assert isinstance(error, errors.ModelUnavailableError)
    assert (error.retry_after, error.attempts, error.request_id, error.is_permanent) == (1.5, 3, "req_1", False)
    assert isinstance(error.__cause__, errors.InvalidInputError) and error.__cause__.limit == 500
    again = errors.to_wire(error)
    assert again["source"] == {**dict.fromkeys(wire), **wire["source"], "permanent": False}  # type: ignore[dict-item]
    assert {**again, "source": wire["source"]} == wire


def test_an_error_can_be_raised_pickled_and_read() -> None:
    error = errors.StorageFullError("the disk is full; make room and try again", retry_after=3.5, attempts=2)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.StorageFullError and vars(again) == vars(error) and again.args == error.args
    assert str(error) == error.reason and error.kind is data.ErrorKind.STORAGE_FULL
    assert errors.UnauthorisedError("x").is_permanent and errors.RequestRejectedError("x").is_permanent
    assert not errors.BusyError("x").is_permanent and errors.ModelUnavailableError("x", is_permanent=True).is_permanent


@pytest.mark.parametrize(("name", "at"), SAMPLES)
def test_the_native_reader_makes_the_same_objects(name: str, at: int) -> None:
    value = CORE[name][at]
    assert read(KINDS[name], json.dumps(value)) == data.decode(KINDS[name], value)
    assert read(tuple[KINDS[name], ...], json.dumps([value, value])) == (data.decode(KINDS[name], value),) * 2


@pytest.mark.parametrize("text", ['{"thread":"general"}', "[]", '{"id":1', '"x"'])
def test_the_native_reader_refuses_what_is_no_such_object_and_does_not_quote_it(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        read(tuple[data.Message, ...] if text == '{"id":1' else data.Message, text)
    assert text not in str(refused.value)


def test_the_native_reader_passes_over_what_it_does_not_know() -> None:
    message = CORE["MessagePage"][0]["messages"][0]
    value = {**message, "new_in_a_later_version": {"deep": [1, {"x": None}]}}
    assert read(data.Message, json.dumps(value)) == data.decode(data.Message, message)


@pytest.mark.parametrize(("name", "at"), SAMPLES)
def test_the_native_writer_writes_the_core_s_json(name: str, at: int) -> None:
    value = CORE[name][at]
    assert json.loads(dumps({"one": data.decode(KINDS[name], value)})) == {"one": value}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_native_writer_does_what_encode_does(kind: type[Any]) -> None:
    full = example(kind)
    bare = kind(**{name: getattr(full, name) for name in data._plan(kind).required})
    nested = {"some": [full, (bare,)], "more": {1: full}, "plain": [None, True, -1, 2**63, 0.5, 'q"\\\n\0ä🎉']}
    assert json.loads(dumps(nested)) == json.loads(json.dumps(data.encode(nested)))


def test_the_native_writer_refuses_what_is_no_json() -> None:
    endless: list[Any] = []
    endless.append(endless)
    for value in (float("nan"), float("inf"), 2**64, endless):
        with pytest.raises(errors.InvalidInputError):
            dumps(value)
    with pytest.raises(UnicodeEncodeError):
        dumps("half a pair: \ud800")
    with pytest.raises(TypeError, match="the core knows no object"):
        dumps({"of": [object()]})

    class Failing:
        def __iter__(self) -> Any:
            raise RuntimeError("the host's own")

    with pytest.raises(RuntimeError, match="the host's own"):
        dumps(Failing())
