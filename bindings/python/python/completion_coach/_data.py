"""The data objects and enums of the core: immutable, typed, and in the core's own JSON when they cross to it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from enum import Enum

TYPE_CHECKING = False  # As `typing.TYPE_CHECKING`, but without importing typing, which takes longer than all of this.
if TYPE_CHECKING:
    from typing import Any, ClassVar, SupportsIndex, TypeAlias, TypeVar, overload

    from typing_extensions import Self, dataclass_transform

    _T = TypeVar("_T")
    Decoder: TypeAlias = Callable[[Any], Any] | None
    JsonText: TypeAlias = str
else:

    class JsonText(str):
        """A text that JSON may hold as what the text would hold."""

    def dataclass_transform(**_):
        return lambda cls: cls


# ── How a data object is made ───────────────────────────────────────────────────────────────────────────────────────
# `dataclasses.dataclass` compiles five methods for each class, which takes a third of a millisecond and more. These
# classes share theirs instead: a class notes the names of its fields, and what has to be known of their types is worked
# out when the first object is made.

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)
# The core's moments reach further than Python's. The ends of both stand for each other.
_FIRST, _LAST = datetime.min.replace(tzinfo=timezone.utc), datetime.max.replace(tzinfo=timezone.utc)
_ENDS = {_FIRST: -(2**63), _LAST: 2**63 - 1}


class _Frozen(dict):  # type: ignore[type-arg]
    """A mapping that does not change, so that it can be hashed."""

    if not TYPE_CHECKING:

        def _refuse(self, *_, **__):
            raise TypeError("this mapping is immutable; make a new dict of it")

        __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return _Frozen, (dict(self),)


_NOTHING: Mapping[str, Any] = _Frozen()


class _Doc:
    """A class's docstring with what stands under its fields, read from the source when somebody asks."""

    sources: ClassVar[dict[str, dict[str, dict[str, str]]]] = {}

    def __init__(self, text: str) -> None:
        self.text = text

    def __get__(self, _: object, cls: type) -> str:
        try:
            fields = self.of(cls.__module__)[cls.__name__]
        except (OSError, KeyError, SyntaxError, TypeError):
            return self.text
        lines = [f"    {name}: {text}" for name, text in fields.items()]
        return "\n".join([self.text, "", "Attributes:", *lines]) if lines else self.text

    @classmethod
    def of(cls, module: str) -> dict[str, dict[str, str]]:
        if module not in cls.sources:
            import ast
            import inspect

            found: dict[str, dict[str, str]] = {}
            for node in ast.parse(inspect.getsource(sys.modules[module])).body:
                if isinstance(node, ast.ClassDef):
                    found[node.name] = fields = {}
                    for field, doc in zip(node.body, node.body[1:], strict=False):
                        target = field.target if isinstance(field, ast.AnnAssign) else None
                        if isinstance(field, ast.Assign):
                            target = field.targets[0] if isinstance(field.targets[0], ast.Name) else None
                        text = (
                            doc.value.value
                            if isinstance(doc, ast.Expr) and isinstance(doc.value, ast.Constant)
                            else None
                        )
                        if isinstance(target, ast.Name) and isinstance(text, str):
                            fields[target.id] = " ".join(text.split())
            cls.sources[module] = found
        return cls.sources[module]


class _Fields:
    """What `dataclasses` asks of a class, so that its `fields` and `asdict` know these, made when it is asked."""

    def __get__(self, _: object, cls: type[Data]) -> dict[str, Any]:
        import dataclasses

        def field(name: str) -> Any:
            if not hasattr(cls, name):
                return dataclasses.field()
            return dataclasses.field(default_factory=lambda: getattr(cls, name))

        made: Any = dataclasses.make_dataclass(
            cls.__name__, [(name, cls._hints[name], field(name)) for name in cls._names], kw_only=True
        )
        return made.__dataclass_fields__  # type: ignore[no-any-return]


@dataclass_transform(frozen_default=True)
class Data:
    """What all data objects share: they never change, and compare, hash, copy and pickle by their fields."""

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Any]]
        _names: ClassVar[tuple[str, ...]]
        _hints: ClassVar[dict[str, str]]
        _kw_only: ClassVar[bool]
        _written: ClassVar[tuple[str, ...] | None]

    def __init_subclass__(cls, kw_only: bool = False, written: tuple[str, ...] | None = ()) -> None:
        """`written` names the fields that are in the JSON although they hold nothing; None stands for all of them."""
        own = {name: hint for name, hint in cls.__annotations__.items() if not hint.startswith("ClassVar")}
        cls._hints = {**getattr(cls, "_hints", {}), **own}
        cls._names = tuple(cls._hints)
        cls._kw_only = kw_only
        cls._written = written
        type.__setattr__(cls, "__match_args__", () if kw_only else cls._names)
        cls.__doc__ = _Doc(cls.__doc__ or "")  # type: ignore[assignment]

    if not TYPE_CHECKING:
        __dataclass_fields__ = _Fields()

        def __init__(self, *args, **kwargs):
            plan = _PLANS.get(type(self)) or _plan(type(self))
            name = type(self).__name__
            if args:
                if self._kw_only or len(args) > len(self._names):
                    allowed = "only keyword arguments" if self._kw_only else f"at most {len(self._names)} arguments"
                    raise TypeError(f"{name}() takes {allowed}")
                for field, value in zip(self._names, args, strict=False):
                    if field in kwargs:
                        raise TypeError(f"{name}() got two values for {field!r}")
                    kwargs[field] = value
            values = {**plan.template, **kwargs}
            if len(values) != len(plan.template):
                unknown = ", ".join(repr(field) for field in kwargs if field not in plan.template)
                raise TypeError(f"{name}() has no {unknown}; it has {', '.join(self._names)}")
            if not kwargs.keys() >= plan.required:
                missing = ", ".join(repr(field) for field in self._names if field in plan.required - kwargs.keys())
                raise TypeError(f"{name}() needs {missing}")
            for field in kwargs.keys() & plan.coercers.keys() if kwargs else ():
                try:
                    values[field] = plan.coercers[field](values[field])
                except (TypeError, ValueError) as error:
                    raise type(error)(f"{name}.{field}: {error}") from None
            _attach(self, values)

        def __setattr__(self, name, value):
            raise AttributeError(f"{type(self).__name__} is immutable; make another one with replace({name}=...)")

        def __delattr__(self, name):
            raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in self._names)))

    def __repr__(self) -> str:
        plan = _PLANS.get(type(self)) or _plan(type(self))
        values = [(name, getattr(self, name)) for name in self._names]
        shown = [(name, value) for name, value in values if name in plan.required or value != plan.template[name]]
        positional = len(self._names) == 1 and not self._kw_only
        return f"{type(self).__name__}({', '.join(repr(value) if positional else f'{name}={value!r}' for name, value in shown)})"

    def replace(self, **changes: Any) -> Self:
        """The same with other values for these fields."""
        return type(self)(**{**{name: getattr(self, name) for name in self._names}, **changes})

    __replace__ = replace

    def to_dict(self) -> dict[str, Any]:
        """The core's JSON, as dicts, lists, texts and numbers."""
        return encode(self)  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The object behind the core's JSON. Keys that are not known are passed over.

        Raises:
            ValueError: It is not the JSON of such an object.
        """
        return decode(cls, data)

    def to_json(self) -> str:
        """The core's JSON as a text."""
        import json

        return json.dumps(encode(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The object behind the core's JSON as a text. Keys that are not known are passed over.

        Raises:
            ValueError: It is not the JSON of such an object.
        """
        import json

        return decode(cls, json.loads(text))


_attach: Callable[[Data, dict[str, Any]], None] = Data.__dict__["__dict__"].__set__


class Variant(Data):
    """What the cases of an enum with data share: a text alone, or a dict with one key, in JSON."""

    tag: ClassVar[str]
    """The case's name in JSON."""

    def __init_subclass__(cls, tag: str = "", fields: bool = False, kw_only: bool = False) -> None:
        """`fields` says that the JSON names the fields, even where there is only one."""
        super().__init_subclass__(kw_only=kw_only, written=None)
        cls.tag = tag
        cls._named = fields

    _named: ClassVar[bool]

    def to_dict(self) -> Any:
        """The core's JSON: a dict with one key, or a text where there is nothing to say but the case."""
        return encode(self)

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """The object behind the core's JSON.

        Raises:
            ValueError: It is not the JSON of such an object.
        """
        return decode(cls, data)


class Name(str, Enum):
    """What all enums share: their members are texts, the core's own names for them."""

    __str__ = str.__str__
    __format__ = str.__format__  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


class _Members(dict):  # type: ignore[type-arg]
    """The members of an enum by their names. An open one takes any other name as it is."""

    def __init__(self, names: type[Name], open_: bool = False) -> None:
        super().__init__((member.value, member) for member in names)
        self.names, self.open = names, open_

    def __missing__(self, value: object) -> str:
        if self.open and isinstance(value, str):
            return value
        raise ValueError(f"no {self.names.__name__}; there is {', '.join(self)}")


class _Plan:
    """What is known of a class's fields: their defaults, how given values are put right, and how values are read and written."""

    def __init__(self, cls: type[Data]) -> None:
        self.cls = cls
        self.template = {name: getattr(cls, name, None) for name in cls._names}
        self.required = frozenset(name for name in cls._names if not hasattr(cls, name))

    def __getattr__(self, part: str) -> Any:
        # The defaults of some classes are made while this module is being imported, when not all types are there yet.
        cls = self.cls
        scope = vars(sys.modules[cls.__module__])
        hints = {name: eval(text, scope) for name, text in cls._hints.items()}
        if part == "coercers":
            self.coercers = {name: found for name, hint in hints.items() if (found := _coercer(hint))}
        elif part == "decode":
            self.decode = self._decoder(cls, {name: _decoder(hint) for name, hint in hints.items()})
        elif part == "encoders":
            # A trailing underscore keeps a field's name from being a word of Python's; JSON has none.
            self.encoders = [
                (name, name.rstrip("_"), _writer(hint), self._left_out(cls, name)) for name, hint in hints.items()
            ]
        else:
            raise AttributeError(part)
        return self.__dict__[part]

    def _left_out(self, cls: type[Data], name: str) -> Any:
        default = getattr(cls, name, cls)
        always = cls._written is None or name in cls._written
        return cls if always or not (default is None or default in ((), "", _NOTHING)) else default

    def _decoder(self, cls: type[Data], decoders: dict[str, Decoder]) -> Callable[[Any], Any]:
        template, required, attach = self.template, self.required, _attach
        known = {name.rstrip("_"): (name, decode) for name, decode in decoders.items()}.get

        def of_object(data: Mapping[str, Any]) -> Any:
            try:
                if not data.keys() >= required:
                    raise ValueError(f"{cls.__name__} needs {', '.join(sorted(required - data.keys()))}")
                values = template.copy()
                for key, value in data.items():
                    field = known(key)
                    if field is not None:
                        name, read = field
                        values[name] = value if read is None else read(value)
            except (AttributeError, TypeError):
                raise ValueError(f"this is not the JSON of {cls.__name__}") from None
            made = object.__new__(cls)
            attach(made, values)
            return made

        if not issubclass(cls, Variant) or cls._named:
            return of_object

        if len(decoders) == 1:
            [(only, read_only)] = decoders.items()

            def of_value(payload: Any) -> Any:
                made = object.__new__(cls)
                attach(made, {only: payload if read_only is None else read_only(payload)})
                return made

            return of_value

        def of_payload(payload: Any) -> Any:
            read = zip(decoders.items(), payload or (), strict=True)
            made = object.__new__(cls)
            attach(made, {name: value if decode is None else decode(value) for (name, decode), value in read})
            return made

        return of_payload


_PLANS: dict[type[Data], _Plan] = {}
_DECODERS: dict[Any, Decoder] = {}
_UNION: Any = type(int | str)


def _plan(cls: type[Data]) -> _Plan:
    plan = _PLANS[cls] = _Plan(cls)
    return plan


def _options(hint: Any) -> tuple[frozenset[Any], bool]:
    """What a hint allows besides None, and whether it allows None."""
    options = frozenset(hint.__args__ if isinstance(hint, _UNION) else [hint])
    return options - {type(None)}, type(None) in options


def _is(kind: type, hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, kind) and not getattr(hint, "__args__", None)


def _writer(hint: Any) -> Decoder:
    """What makes JSON of values of this type; None where they are JSON as they are."""
    options, _ = _options(hint)
    if options <= {str, int, float, bool}:
        return None
    return str.__str__ if hint in options and _is(Name, hint) else encode


def _decoder(hint: Any) -> Decoder:
    """What reads JSON of this type; None where it is the value already."""
    try:
        return _DECODERS[hint]
    except KeyError:
        options, optional = _options(hint)
        read = _DECODERS[hint] = _optional(_read(options), optional)
        return read


def _optional(read: Decoder, optional: bool) -> Decoder:
    return read if read is None or not optional else lambda value: None if value is None else read(value)


def _read(options: frozenset[Any]) -> Decoder:
    if options in _UNTAGGED:
        return _UNTAGGED[options]
    enums = [option for option in options if _is(Name, option)]
    if enums:
        return _Members(enums[0], open_=str in options).__getitem__
    if len(options) == 1:
        return _read_one(*options)
    if any(_is(Data, option) for option in options):
        return _read_union({_TAGS.get(option) or option.tag: option for option in options})
    return None


def _read_one(hint: Any) -> Decoder:
    if _is(Variant, hint):
        return _read_union({hint.tag: hint})
    if _is(Data, hint):
        return (_PLANS.get(hint) or _plan(hint)).decode
    if _is(_Table, hint):
        item = _decoder(hint._item)
        return lambda values: hint(map(item, values))  # type: ignore[arg-type]
    origin: Any = getattr(hint, "__origin__", None)
    if origin in (tuple, list, dict, Mapping):
        read = _decoder(hint.__args__[0 if origin in (tuple, list) else 1])
        kind = origin if origin in (tuple, list) else _Frozen
        if read is None:
            return kind
        if kind is _Frozen:
            return lambda values: _Frozen(zip(values, map(read, values.values()), strict=True))
        return lambda values: kind(map(read, values))
    return {datetime: _moment, timedelta: _duration}.get(hint)


def _read_union(cases: dict[str, type[Data]]) -> Callable[[Any], Any]:
    readers = {tag: (_PLANS.get(case) or _plan(case)).decode for tag, case in cases.items()}
    bare = {tag: case() for tag, case in cases.items() if not case._names}

    def read(value: Any) -> Any:
        try:
            if isinstance(value, str):
                return bare[value]
            [(tag, payload)] = value.items()
            of_payload = readers[tag]
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ValueError(f"this is none of {', '.join(cases)}") from None
        return of_payload(payload)

    return read


def _moment(millis: int) -> datetime:
    try:
        return _EPOCH + timedelta(0, 0, 0, millis)
    except OverflowError:
        return _FIRST if millis < 0 else _LAST


def _duration(millis: int) -> timedelta:
    return timedelta(0, 0, 0, millis)


def _coercer(hint: Any) -> Decoder:
    """What puts right a value that somebody gave; None where any is taken as it is."""
    options, optional = _options(hint)
    enums = [option for option in options if _is(Name, option)]
    if enums:
        return _optional(_Members(enums[0], open_=str in options).__getitem__, optional)
    lists = [option for option in options if getattr(option, "__origin__", None) is tuple]
    if lists:
        item, texts = _coercer(lists[0].__args__[0]), str in options
        return _optional(lambda values: values if texts and isinstance(values, str) else _tuple(item, values), optional)
    if len(options) > 1:
        return None
    [option] = options
    if getattr(option, "__origin__", None) is Mapping:
        item = _coercer(option.__args__[1])
        return lambda values: _Frozen(
            {key: value if item is None else item(value) for key, value in dict(values).items()}
        )
    return _optional({datetime: _aware, timedelta: _seconds}.get(option), optional)


def _tuple(item: Decoder, values: Any) -> tuple[Any, ...]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError("it needs a list or a tuple")
    return tuple(values) if item is None else tuple(map(item, values))


def _aware(moment: Any) -> datetime:
    """In UTC and whole milliseconds, as it is kept."""
    if not isinstance(moment, datetime):
        raise TypeError("it needs a datetime")
    if moment.utcoffset() is None:
        raise ValueError(
            "a datetime needs a time zone: use datetime.now(timezone.utc), or .astimezone() on a local time"
        )
    if moment in _ENDS:
        return moment
    return _moment((moment - _EPOCH) // _MILLISECOND)


def _seconds(duration: Any) -> timedelta:
    if isinstance(duration, (int, float)):
        duration = timedelta(seconds=duration)
    if not isinstance(duration, timedelta):
        raise TypeError("it needs a timedelta, or seconds")
    return duration // _MILLISECOND * _MILLISECOND


def plan(hint: Any) -> Any:
    """How values of this type are read, for the native reader, which does what `decode` does, from a text."""
    options, _ = _options(hint)
    enums = [option for option in options if _is(Name, option)]
    if options not in _UNTAGGED and enums:
        members = _Members(enums[0], open_=str in options)
        return ("member", dict(members), members.__getitem__)
    if options not in _UNTAGGED and len(options) == 1:
        [only] = options
        origin: Any = getattr(only, "__origin__", None)
        if _is(Data, only) and not _is(Variant, only):
            known = _PLANS.get(only) or _plan(only)
            scope = vars(sys.modules[only.__module__])
            fields = {
                name.rstrip("_"): (name, name in known.required, plan(eval(text, scope)))
                for name, text in only._hints.items()
            }
            return ("object", only, known.template, fields)
        if _is(_Table, only):
            return ("list", only, plan(only._item))
        if origin in (tuple, list):
            return ("list", None if origin is tuple else list, plan(only.__args__[0]))
    read = _decoder(hint)
    return None if read is None else ("made", read)


def fields(cls: type) -> tuple[tuple[str, str, Any], ...] | None:
    """How objects of this class are written, for the native writer: the name of each field, its key, and what is left out where it holds that;
    the class itself stands for nothing. None where they are no objects with keys."""
    if not _is(Data, cls) or _is(Variant, cls):
        return None
    return tuple((name, key, left_out) for name, key, _, left_out in (_PLANS.get(cls) or _plan(cls)).encoders)


if TYPE_CHECKING:

    @overload
    def decode(kind: type[_T], value: Any) -> _T: ...
    @overload
    def decode(kind: Any, value: Any) -> Any: ...


def decode(kind: Any, value: Any) -> Any:
    """The objects behind the core's JSON: of a class, of a union such as `TurnEvent`, of `tuple[Message, ...]`, of `Account | None`.

    Raises:
        ValueError: It is not the JSON of such a thing.
    """
    read = _decoder(kind)
    return value if read is None else read(value)


def encode(value: Any, kind: Any = None) -> Any:
    """The core's JSON of any object, list or dict of them. `kind` is the union that it belongs to, where that is `TurnEvent` or `ModelEvent`:
    a `Reply` or a `Usage` is a case of one, but has no name of its own."""
    if kind is not None:
        if isinstance(value, (SignalOutcome, SignalEnough, SignalHandOver)):
            return {"signal": encode(value)}
        if type(value) in _TAGS and type(kind) is _UNION:
            return {_TAGS[type(value)]: encode(value)}
    kind_of = type(value)
    write = _WRITERS.get(kind_of)
    if write is not None:
        return write(value)
    if kind_of in _PLANS:
        return _write(_PLANS[kind_of], value)
    if isinstance(value, Data):
        return _write(_plan(type(value)), value)
    if isinstance(value, Name):
        return str.__str__(value)
    if isinstance(value, datetime):
        return _millis(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Iterable):
        return [encode(item) for item in value]
    raise TypeError(f"the core knows no {type(value).__name__}")


def _write(plan: _Plan, value: Data) -> Any:
    held = value.__dict__
    if isinstance(value, Variant):
        values = [encode(held[name]) for name in value._names]
        if not values:
            return value.tag
        if value._named:
            return {value.tag: dict(zip(value._names, values, strict=True))}
        return {value.tag: values[0] if len(values) == 1 else values}
    written = {}
    for name, key, write, left_out in plan.encoders:
        item = held[name]
        if item != left_out:
            written[key] = item if write is None else write(item)
    return written


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): encode(item) for key, item in value.items()}


def _millis(moment: datetime) -> int:
    if moment.tzinfo is None:
        moment = _aware(moment)
    if moment.year in (1, 9999) and moment in _ENDS:
        return _ENDS[moment]
    return (moment - _EPOCH) // _MILLISECOND


_WRITERS: dict[type, Callable[[Any], Any]] = {
    **{kind: (lambda value: value) for kind in (str, int, float, bool, type(None))},
    tuple: lambda values: [encode(value) for value in values],
    list: lambda values: [encode(value) for value in values],
    dict: _object,
    type(_NOTHING): _object,
    timedelta: lambda duration: duration // _MILLISECOND,
    datetime: _millis,
}


# ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class ErrorKind(Name):
    """Why a call failed, as something a host can act on."""

    NOT_FOUND = "not_found"
    """There is no such thing for this user."""
    INVALID_INPUT = "invalid_input"
    """What was passed in cannot be used; the error names the field and says how much would fit."""
    WRONG_STATUS = "wrong_status"
    """The action is not in a status in which this step can be taken."""
    BUSY = "busy"
    """A reply is in the making on this thread: wait and call again, or take over."""
    CONFLICT = "conflict"
    """What the call was decided on has changed in the meantime: read again and decide again."""
    ALLOWANCE_SPENT = "allowance_spent"
    """Too many turns or proposals in a short time; the error says when the next one is allowed."""
    DEBRIEF_OVER = "debrief_over"
    """The debrief has ended. Only reopening it starts a new round."""
    CONSENT_NEEDED = "consent_needed"
    """The model is remote, and the user has not agreed to what would be shared with it."""
    HANDED_OVER = "handed_over"
    """The debrief was handed over to people; no coach goes on with it."""
    MODEL_UNAVAILABLE = "model_unavailable"
    """The model could not be reached, or did not answer in time. Nothing is lost; resume later."""
    MODEL_REFUSED = "model_refused"
    """The model declined to answer. Nothing is stored of it."""
    REPLY_INCOMPLETE = "reply_incomplete"
    """The reply was cut off or empty. Nothing is stored of it; resume to ask again."""
    REQUEST_REJECTED = "request_rejected"
    """The model's server found the request wrong. Repeating it will not help."""
    UNAUTHORISED = "unauthorised"
    """The model's server did not accept the credentials."""
    STORAGE_FULL = "storage_full"
    """No room is left where the data is kept."""
    STORAGE_UNAVAILABLE = "storage_unavailable"
    """The data cannot be reached right now."""
    STORAGE_DAMAGED = "storage_damaged"
    """The data is damaged, or is not a database of ours."""
    STORAGE_NEWER = "storage_newer"
    """The data was written by a newer version of this library."""
    CANCELLED = "cancelled"
    """The turn was cancelled: by the host, by the person, or because the data was deleted."""
    INTERNAL = "internal"
    """A fault in this library, or in code of the host's that it called."""


class ActionStatus(Name):
    """Where an action stands."""

    ACTIVE = "active"
    """Suggested, and not yet looked at."""
    SAVED = "saved"
    """Kept for later."""
    IN_PROGRESS = "in_progress"
    """Begun."""
    DONE = "done"
    """Finished. Only now is there a debrief."""
    DISMISSED = "dismissed"
    """Not wanted."""


class ActionKind(Name):
    """What sort of action it is. The guide has questions of its own for these; any other text is a kind of the host's own."""

    REPLICATE = "replicate"
    """Doing again what somebody else reported."""
    COLLABORATE = "collaborate"
    """Working on something with others."""
    START_ORG = "start_org"
    """Founding an organisation or a group."""
    IDENTIFY_GAPS = "identify_gaps"
    """Finding out what is missing in a field."""
    VOLUNTEER = "volunteer"
    """Giving time to a cause."""
    BUILD_TOOLS = "build_tools"
    """Making a tool that others use."""
    TEACH_WRITE = "teach_write"
    """Teaching or writing."""
    DEVELOP_SKILLS = "develop_skills"
    """Learning a skill."""


class ActionSource(Name):
    """Where an action came from."""

    HOST = "host"
    """Added by the host or the person."""
    SUGGESTED = "suggested"
    """Generated as a suggestion. Only such actions are replaced by new suggestions, and only while they are active."""
    DEBRIEF = "debrief"
    """The next step that came out of a debrief."""


class ActionStep(Name):
    """A step that can be taken with an action."""

    SAVE = "save"
    """Keep it for later: active to saved."""
    UNSAVE = "unsave"
    """Back among the active ones: saved to active."""
    START = "start"
    """Begin it: active or saved to in progress."""
    CANCEL = "cancel"
    """Give it up for now: in progress to active."""
    COMPLETE = "complete"
    """Finish it: in progress to done."""
    REOPEN = "reopen"
    """It was not finished after all: done to in progress, as long as its debrief was not started."""
    DISMISS = "dismiss"
    """It is not wanted: active or saved to dismissed."""
    MARK_COMPLETION_STARTED = "mark_completion_started"
    """Its debrief begins. It stays done; the first time is kept."""


class ProfileField(Name):
    """A field of the profile. One of the host's own is the text `custom:NAME`, which `ProfileField.custom(NAME)` gives."""

    NAME = "name"
    PRONOUNS = "pronouns"
    LOCATION = "location"
    HEADLINE = "headline"
    LINK = "link"
    WORK_HISTORY = "work_history"
    EDUCATION = "education"
    SKILLS = "skills"
    INTERESTS = "interests"
    INSIGHTS = "insights"
    CAREER_GOALS = "career_goals"
    SEEKING = "seeking"
    MATCH_PREFERENCES = "match_preferences"
    SUMMARY = "summary"
    LANGUAGE = "language"

    @staticmethod
    def custom(name: str) -> str:
        """The host's own field of this name."""
        return f"custom:{name}"


class Role(Name):
    """Who speaks."""

    USER = "user"
    """The person."""
    ASSISTANT = "assistant"
    """The coach."""


class Provenance(Name):
    """Where a message's words came from. Only what a user typed or chose can be quoted as evidence."""

    TYPED = "typed"
    """The person typed it."""
    CHOSEN = "chosen"
    """The person chose it among the choices that the coach offered."""
    COACH = "coach"
    """The coach said it."""
    SEED = "seed"
    """The host put it there. It is context and never evidence."""


class ModelPlace(Name):
    """Where a model runs, which decides what must be disclosed and agreed to."""

    SCRIPT = "script"
    """No language model at all: a script of questions, on the device."""
    LOCAL = "local"
    """A language model on the device or inside the host's own process. Nothing leaves it."""
    REMOTE = "remote"
    """A language model behind a network. It gets nothing before the user has agreed."""


class Step(Name):
    """What the coach asks about."""

    OUTCOME = "outcome"
    """What came of it, compared with the plan."""
    LESSON = "lesson"
    """What was learned."""
    LEFT_BEHIND = "left_behind"
    """What it left behind: a skill, a person, an insight, a changed interest."""
    NEXT = "next"
    """What changes next."""
    MORE = "more"
    """What has changed since, when a debrief is reopened, and whatever else is worth keeping."""


class Outcome(Name):
    """What came of an action."""

    SUCCESS = "success"
    """It worked."""
    MIXED = "mixed"
    """Some of it worked."""
    FAILURE = "failure"
    """It did not work."""
    NOT_DONE = "not_done"
    """It was not really done."""


class Ending(Name):
    """Why a debrief ended."""

    COMPLETE = "complete"
    """It reached its end."""
    STOPPED = "stopped"
    """The person ended it."""
    TERSE = "terse"
    """Two terse answers in a row."""
    HANDED_OVER = "handed_over"
    """It was handed over to people."""


class Review(Name):
    """How far the review of a proposal is."""

    NONE = "none"
    """Nothing was proposed."""
    READY = "ready"
    """Something waits for a verdict."""
    DONE = "done"
    """Everything that was proposed is decided."""


class ChangeCause(Name):
    """Why a profile changed."""

    SAVED = "saved"
    """The host saved it."""
    APPLIED = "applied"
    """Proposals were accepted."""
    REPORTED = "reported"
    """The person flagged something that the coach said. Nothing in the profile changed."""


class Gate(Name):
    """What a coach's turn must pass. One that fails is asked for once more and then replaced by the guide's question.

    A language with words is English, Spanish, Portuguese or Japanese. Quotations are passed over, except by INVENTED."""

    PROMPT_LEAK = "prompt_leak"
    """It shows a tag of the prompt or a run of seven words of the instructions, or speaks of its instructions."""
    CLAIMS_TO_BE_HUMAN = "claims_to_be_human"
    """It claims to be human or to have lived something. In languages with words."""
    DIAGNOSES = "diagnoses"
    """It names a condition that is not the person's own subject. In languages with words."""
    CLAIMS_TO_SAVE = "claims_to_save"
    """It claims to have saved, noted or changed something. In languages with words."""
    CLAIMS_TO_REMEMBER = "claims_to_remember"
    """It claims to remember, or refers to earlier conversations. In languages with words."""
    INVENTED = "invented"
    """It has a number, an address, a name or a term of the vocabulary that neither the person, the profile nor the action has."""
    WRONG_LANGUAGE = "wrong_language"
    """It is not in the user's language."""
    NO_QUESTION = "no_question"
    """It asks nothing although the debrief goes on."""
    SEVERAL_QUESTIONS = "several_questions"
    """It asks more than one question."""
    QUESTION_AT_THE_END = "question_at_the_end"
    """It asks a question although the debrief is over."""
    NEW_TOPIC = "new_topic"
    """The closing turn begins something new. In languages with words."""
    TOO_LONG = "too_long"
    """It has more than 90 words, or 240 characters as people count them in a script without spaces."""


class ProposedOperation(Name):
    """What a proposal does with its field."""

    ADD = "add"
    """Adds an item to a list. Nothing is ever removed."""
    REPLACE = "replace"
    """Puts a text in place of what the field holds."""


class Basis(Name):
    """How firmly a proposal stands on what was said."""

    STATED = "stated"
    """The value is in the person's own words, or they chose it."""
    CONFIRMED = "confirmed"
    """The person said yes to the coach's question that named it. Both messages are evidence."""
    INFERRED = "inferred"
    """The value is not in the words that are quoted."""


class Caution(Name):
    """Why a proposal is not checked by default, although it has a quote."""

    NEGATED = "negated"
    """The words around the quote deny it."""
    WISH = "wish"
    """The person wishes for it."""
    HYPOTHETICAL = "hypothetical"
    """The person only imagines it."""
    THIRD_PERSON = "third_person"
    """It is about somebody else."""
    QUESTION = "question"
    """It is a question."""
    INFERRED = "inferred"
    """The value is not in the words that are quoted."""
    RECOGNISED = "recognised"
    """A word was recognised in the text, without understanding the sentence."""
    SELF_RATED = "self_rated"
    """The person rates themselves, and a rating is not a fact."""
    REPLACES = "replaces"
    """The field already holds something else."""


class ExtractionStatus(Name):
    """What became of a proposal."""

    PENDING = "pending"
    """Nobody has decided yet."""
    ACCEPTED = "accepted"
    """Accepted as it was proposed."""
    EDITED = "edited"
    """Accepted with the person's own value."""
    REJECTED = "rejected"
    """Rejected. It is not proposed again."""
    SUPERSEDED = "superseded"
    """Undecided when a newer proposal took its place."""
    KNOWN = "known"
    """The profile held it already when it was found; there is nothing to decide."""


class SafetyLevel(Name):
    """How a person is, as far as code should act on it."""

    NONE = "none"
    """Nothing to act on."""
    DISTRESS = "distress"
    """The person is in distress: it is acknowledged, stopping is offered, and nothing is made of those sentences for their profile."""
    DANGER = "danger"
    """The person may harm themselves, or somebody is in danger: code ends the questions, proposes nothing, and tells the host to hand over."""


class Operation(Name):
    """What an attempt was for."""

    OPEN = "open"
    """The first question of a round."""
    REPLY = "reply"
    """A reply to what the user said."""
    PROPOSE = "propose"
    """Proposals for the profile."""


class AttemptStatus(Name):
    """How an attempt stands."""

    RUNNING = "running"
    """Under way, or its process has died and nobody has touched the thread since."""
    DONE = "done"
    """Its reply or proposal was stored."""
    FAILED = "failed"
    """It ended with an error. With the offline fallback the guide's words may have been stored in its place."""
    CANCELLED = "cancelled"
    """The host dropped it, or the person ended what it was for."""
    ABANDONED = "abandoned"
    """It was found without anybody working on it."""


class Delivery(Name):
    """How a coach's words reach the host."""

    CHECKED = "checked"
    """A reply is held until it has passed the checks. One that fails is asked for once more and then replaced by the guide's question."""
    LIVE = "live"
    """Pieces are handed on as they come; what the checks find is reported with the reply."""


class Purpose(Name):
    """What a request to a model is for."""

    OPEN = "open"
    """The first question of a round."""
    REPLY = "reply"
    """A reply that asks one question."""
    CLOSING = "closing"
    """The last reply, without a question."""
    PROPOSE = "propose"
    """Proposals for the profile."""


class PartRole(Name):
    """Who says a part of a prompt."""

    SYSTEM = "system"
    """The instructions and the context."""
    USER = "user"
    """The person."""
    ASSISTANT = "assistant"
    """The coach."""


class Finish(Name):
    """How a model's answer ended. A model that ends without one has said all that it wanted to say."""

    COMPLETE = "complete"
    """The model said all that it wanted to say."""
    LENGTH = "length"
    """It ran into a limit in the middle."""
    REFUSED = "refused"
    """It declined to answer."""
    OTHER = "other"
    """For a reason that this library does not know."""


class ContextPurpose(Name):
    """What a profile is told to a model for, which decides the fields."""

    DEBRIEF = "debrief"
    """A debrief of one action."""
    GENERAL = "general"
    """The general chat about the profile."""
    EXTRACTION = "extraction"
    """Proposals of changes to the profile."""


class TokenLimit(Name):
    """How a server takes the limit of an answer's tokens."""

    MAX_TOKENS = "max_tokens"
    """`max_tokens`, which nearly all servers read."""
    MAX_COMPLETION_TOKENS = "max_completion_tokens"
    """`max_completion_tokens`, which OpenAI's newer models ask for. Ollama ignores it, and its replies have no end then."""


class EvaluationFault(Name):
    """What is wrong in a case of an evaluation."""

    UNSUPPORTED = "unsupported"
    """A proposal's quote is not what the person wrote at that place."""
    FORBIDDEN = "forbidden"
    """A value or a quote that may not come out."""
    WRONGLY_CHECKED = "wrongly_checked"
    """Checked by default, and not expected, or not expected to be checked."""
    UNCHECKED = "unchecked"
    """Expected to be checked by default, and not."""
    MISSING = "missing"
    """It did not come out."""
    NOT_KNOWN = "not_known"
    """It was not found to be there already."""
    DUPLICATE = "duplicate"
    """It came out twice, or the profile holds it already."""
    NOT_EMPTY = "not_empty"
    """Something came out where nothing may."""
    GATE = "gate"
    """A check found something in a turn of the coach's."""
    ERROR = "error"
    """The model failed."""


# ── The person and what they did ────────────────────────────────────────────────────────────────────────────────────


class Work(Data, kw_only=True, written=("organization", "title")):
    """A job, past or present. Dates are as the person writes them."""

    organization: str = ""
    """Where; at most 200 characters."""
    title: str = ""
    """As what; at most 200 characters."""
    start: str | None = None
    """Since when; at most 200 characters."""
    end: str | None = None
    """Until when; at most 200 characters."""
    current: bool = False
    """Whether it goes on."""
    description: str | None = None
    """What was done there; at most 5,000 characters."""

    def __str__(self) -> str:
        return ", ".join(part for part in (self.title, self.organization) if part)


class Education(Data, kw_only=True, written=("institution",)):
    """A course of study. Dates are as the person writes them."""

    institution: str = ""
    """Where; at most 200 characters."""
    degree: str | None = None
    """What it led to; at most 200 characters."""
    field: str | None = None
    """Of what; at most 200 characters."""
    start: str | None = None
    """Since when; at most 200 characters."""
    end: str | None = None
    """Until when; at most 200 characters."""

    def __str__(self) -> str:
        return ", ".join(part for part in (self.degree, self.field, self.institution) if part)


FieldValue = str | Work | Education
CustomField = str | tuple[str, ...]


class Profile(Data, kw_only=True):
    """What is known about a person. Every field may be missing."""

    name: str | None = None
    """What the person is called; at most 200 characters."""
    pronouns: str | None = None
    """How the person is spoken of; at most 200 characters."""
    location: str | None = None
    """Where the person lives; at most 200 characters."""
    headline: str | None = None
    """The person in one line; at most 500 characters."""
    link: str | None = None
    """A page about the person; at most 500 characters."""
    work_history: tuple[Work, ...] = ()
    """Jobs; at most 200."""
    education: tuple[Education, ...] = ()
    """Studies; at most 200."""
    skills: tuple[str, ...] = ()
    """What the person can do; at most 200 of 200 characters each."""
    interests: tuple[str, ...] = ()
    """What the person cares about; at most 200 of 200 characters each."""
    insights: tuple[str, ...] = ()
    """What debriefs left behind, in the person's own words; at most 200 of 500 characters each."""
    career_goals: str | None = None
    """Where the person wants to go; at most 5,000 characters."""
    seeking: str | None = None
    """What the person is looking for now; at most 5,000 characters."""
    match_preferences: str | None = None
    """Whom or what the person wants to be matched with; at most 5,000 characters."""
    summary: str | None = None
    """The person at length; at most 5,000 characters."""
    language: str | None = None
    """The language to talk in, as a BCP 47 tag such as `en` or `pt-BR`."""
    custom: Mapping[str, CustomField] = _NOTHING
    """Fields of the host's own by name, each a text or a list of lines; at most 200."""


class Term(Data, written=None):
    """A word of the host's own vocabulary: what is recognised in a person's text, and what is proposed for it."""

    field: ProfileField | str
    """The list that it belongs to, such as skills or interests."""
    name: str
    """The word as it is put into the profile."""
    aliases: tuple[str, ...] = ()
    """Other ways of writing it."""


class Material(Data):
    """Something objective to look at in the debrief: a merged change, a published page, a score. The coach sees it; it can never be quoted
    as evidence."""

    label: str
    """What it is, in a few words; at most 200 characters."""
    link: str | None = None
    """Where it is; at most 500 characters."""
    text: str | None = None
    """What it says; at most 20,000 characters."""


class NewAction(Data, kw_only=True, written=None):
    """An action to add, or one that was done elsewhere."""

    kind: ActionKind | str
    """What sort of action it is: one that the guide knows, or a word of the host's own of at most 200 characters."""
    title: str
    """What is to be done, in one line; at most 500 characters."""
    id: str | None = None
    """The host's id, at most 200 bytes; without one, one is made."""
    description: str = ""
    """The same at length; at most 5,000 characters."""
    rationale: str = ""
    """Why it is suggested; at most 5,000 characters."""
    basis: tuple[str, ...] = ()
    """The facts of the profile that it is suggested for; at most 200 of 200 characters each."""
    material: tuple[Material, ...] = ()
    """What can be looked at in the debrief; at most 200."""
    host_data: Mapping[str, str] = _NOTHING
    """Data of the host's own, never sent to a model; at most 200 entries."""
    source: ActionSource = ActionSource.HOST
    """Where it comes from."""


class Action(Data, kw_only=True):
    """Something a person set out to do, as it is stored."""

    id: str
    """The host's id, or one made here; unique for the user."""
    kind: ActionKind | str
    """What sort of action it is."""
    title: str
    """What is to be done, in one line."""
    description: str = ""
    """The same at length."""
    rationale: str = ""
    """Why it was suggested."""
    basis: tuple[str, ...] = ()
    """The facts of the profile that it was suggested for."""
    material: tuple[Material, ...] = ()
    """What can be looked at in the debrief."""
    host_data: Mapping[str, str] = _NOTHING
    """Data of the host's own. It is stored and exported, and never sent to a model."""
    source: ActionSource
    """Where it came from."""
    status: ActionStatus
    """Where it stands."""
    created_at: datetime
    """When it was added."""
    started_at: datetime | None = None
    """When it was begun."""
    completed_at: datetime | None = None
    """When it was finished."""
    completion_started_at: datetime | None = None
    """When its debrief was opened or marked as started; set once."""


# ── Conversations ───────────────────────────────────────────────────────────────────────────────────────────────────


class Choice(Data):
    """An answer that the coach offers, to be taken with one tap."""

    id: str
    """Its id, unique within the message that offers it."""
    text: str
    """What the person says by choosing it."""
    field: ProfileField | str | None = None
    """The field of the profile that choosing it is a statement about, if it is."""


class Author(Data):
    """Who wrote a reply."""

    provider: str
    """The model's provider; `guide` for the guide's own questions."""
    model: str
    """The model, by its provider's name for it."""
    place: ModelPlace
    """Where it runs. A script is no language model at all."""


class Message(Data, kw_only=True):
    """A message as it is stored. Messages are never changed."""

    id: str
    """Its id: the host's, or one made here; unique for the user."""
    thread: str
    """The conversation it belongs to: `general`, or `debrief:` and the action's id."""
    seq: int
    """Its position there, from 1, without gaps."""
    round: int
    """The round of the debrief, from 1; 1 in the general chat."""
    role: Role
    """Who speaks."""
    provenance: Provenance
    """Where the words came from."""
    text: str
    """The words."""
    choice: str | None = None
    """The id of the choice that was taken, for a chosen message."""
    choices: tuple[Choice, ...] = ()
    """The choices that the coach offers with it."""
    author: Author | None = None
    """Who wrote it, for a coach's message."""
    at: datetime
    """When it was stored."""


class MessagePage(Data, written=None):
    """Messages of a conversation, oldest first. It iterates over them, and a notebook shows it as a transcript."""

    messages: tuple[Message, ...]
    """The messages."""
    before: int | None = None
    """Pass this to read the page before this one; None if this is the first."""

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)

    def to_dataframe(self) -> Any:
        """A row for each message: a pandas DataFrame where pandas is installed, else a list of dicts."""
        from . import _notebook

        return _notebook.message_frame(self)

    def _repr_html_(self) -> str:
        from . import _notebook

        return _notebook.transcript_html(self)

    def _repr_markdown_(self) -> str:
        from . import _notebook

        return _notebook.transcript_markdown(self)


class Typed(Variant, tag="typed"):
    """Said in the person's own words."""

    text: str
    """The words; at most 5,000 characters."""


class Chosen(Variant, tag="chosen"):
    """Said by taking one of the choices that the coach's last message offers."""

    choice: str
    """The choice's id."""


Said = Typed | Chosen


class NewMessage(Data, written=None):
    """Something the user says. With an id of the host's own, sending it again after a crash never stores it twice."""

    said: Said
    """What is said, and how."""
    id: str | None = None
    """The host's id, at most 200 bytes; without one, one is made."""

    @classmethod
    def typed(cls, text: str, id: str | None = None) -> Self:
        """In the person's own words."""
        return cls(Typed(text), id)

    @classmethod
    def choose(cls, choice: str, id: str | None = None) -> Self:
        """By taking a choice that the coach's last message offers, by its id."""
        return cls(Chosen(choice), id)


class Finding(Data, kw_only=True):
    """That a turn breaks a gate, and where."""

    gate: Gate
    """The gate."""
    start: int
    """Where it is broken: the first byte in the turn's UTF-8."""
    end: int
    """The byte behind the last one."""
    start_utf16: int
    """The first UTF-16 code unit, as JavaScript's strings count."""
    end_utf16: int
    """The code unit behind the last one."""


class TurnMeasures(Data, kw_only=True, written=None):
    """What is reported of a turn and never held against it: these tell good turns from bad ones poorly or not at all."""

    words: int = 0
    """Words; two characters count as one where words are not set apart."""
    questions: int = 0
    """Questions, by their marks."""
    open_question: bool | None = None
    """Whether the first question is an open one; None without a question, or without words of the language."""
    echo: float = 0.0
    """The share of the turn's words that the person has used as well, from 0 to 1; frequent words do not count."""
    praise: int = 0
    """Words of praise; 0 without words of the language."""
    advice: int = 0
    """Words of advice; 0 without words of the language."""
    talk_share: float = 0.0
    """The turn's share of the words of the turn and the newest message together, from 0 to 1."""


class TurnReport(Data, written=None):
    """What a check of a turn found."""

    findings: tuple[Finding, ...] = ()
    """The gates that it breaks, the most serious first, each once."""
    measures: TurnMeasures = TurnMeasures()
    """What is only reported."""
    not_possible: tuple[Gate, ...] = ()
    """The gates that could not be looked at, because this library has no words of the language."""


class TurnFacts(Data, kw_only=True, written=None):
    """What a coach's turn is held against."""

    language: str = ""
    """The user's language, as a BCP 47 tag."""
    last: bool = False
    """Whether it is the closing turn."""
    said: tuple[str, ...] = ()
    """What the person has written, oldest first."""
    known: tuple[str, ...] = ()
    """What else may be named: the profile, the action, its material."""
    vocabulary: tuple[Term, ...] = ()
    """The host's vocabulary."""
    instructions: str = ""
    """What the model was told, beside this library's own prompt."""


class Reply(Data, kw_only=True):
    """The coach's answer, as it is stored. The last event of a turn that succeeds."""

    message: Message
    """The message."""
    exchange: int
    """The exchanges of the current round, now; 0 after an opening."""
    review_due: bool
    """Whether something was said that no proposal has read yet, and the debrief is over: the time to propose."""
    over: bool
    """Whether the debrief is over, now."""
    ended: Ending | None = None
    """Why it is over. In the chat, which has no end, `HANDED_OVER` says that the message before this one is for people, and not for a coach."""
    findings: tuple[Finding, ...] = ()
    """What the checks found in the reply and let pass, because it was handed on as it came."""
    measures: TurnMeasures | None = None
    """What was measured of it, if a model has just written it. It is reported and decides nothing."""

    @property
    def text(self) -> str:
        """What the coach said."""
        return self.message.text

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The answers that the coach offers with it."""
        return self.message.choices


class Text(Variant, tag="text"):
    """More of the reply."""

    text: str
    """The next piece of it."""


class Choices(Variant, tag="choices"):
    """Answers to offer with the reply."""

    choices: tuple[Choice, ...]
    """The answers."""


class AskedAgain(Variant, tag="asked_again"):
    """The model's words failed the checks, and it is asked once more."""

    finding: Finding
    """What was wrong."""


class Replaced(Variant, tag="replaced"):
    """The model's words failed again, or no second ones came, and the guide's question takes their place."""

    finding: Finding
    """What was wrong first."""


class StoodIn(Variant, tag="stood_in"):
    """The guide writes this reply in place of a model that could not be reached, or may not be asked."""

    kind: ErrorKind
    """Why not."""


class HandOver(Variant, tag="hand_over", fields=True):
    """A person should take over. The host shows its own resources; the library has none."""

    language: str
    """The user's language, as a BCP 47 tag."""


TurnEvent = Text | Choices | AskedAgain | Replaced | StoodIn | HandOver | Reply


class InvitationOpen(Variant, tag="open"):
    """Nothing was decided."""


class InvitationLater(Variant, tag="later"):
    """The person wants to be asked again."""

    time: datetime
    """From when on."""


class InvitationDeclined(Variant, tag="declined"):
    """ "Just done": do not ask."""


Invitation = InvitationOpen | InvitationLater | InvitationDeclined


class DebriefNone(Variant, tag="none"):
    """There is no debrief yet."""


class DebriefDeferred(Variant, tag="deferred"):
    """The person wants to be asked again."""

    time: datetime
    """From when on."""


class DebriefDeclined(Variant, tag="declined"):
    """ "Just done"."""


class DebriefOpen(Variant, tag="open"):
    """The coach has asked and waits for an answer."""


class DebriefPending(Variant, tag="pending"):
    """The person has answered and waits for a reply."""


class DebriefLive(Variant, tag="live"):
    """A reply is being made."""


class DebriefEnded(Variant, tag="ended"):
    """It has ended, and nothing was proposed yet."""

    ending: Ending
    """Why."""


class DebriefReadyToReview(Variant, tag="ready_to_review"):
    """Proposals wait for a verdict."""


class DebriefReviewed(Variant, tag="reviewed"):
    """Everything that was proposed is decided."""


DebriefState = (
    DebriefNone
    | DebriefDeferred
    | DebriefDeclined
    | DebriefOpen
    | DebriefPending
    | DebriefLive
    | DebriefEnded
    | DebriefReadyToReview
    | DebriefReviewed
)


class Answered(Data):
    """The messages that answered one question."""

    step: Step
    """The question."""
    messages: tuple[str, ...]
    """The ids of the messages, oldest first."""


class Flow(Data, kw_only=True):
    """Where a debrief is."""

    step: Step = Step.OUTCOME
    """The question that was asked last."""
    rephrased: bool = False
    """Whether it was asked in easier words, after a terse answer."""
    terse: int = 0
    """Terse answers in a row."""
    exchanges: int = 0
    """Exchanges of this round."""
    outcome: Outcome | None = None
    """What came of the action, once it is known."""
    answered: tuple[Answered, ...] = ()
    """What was answered so far, in this round and earlier ones."""
    ended: Ending | None = None
    """Why it ended, once it has."""


class Live(Data):
    """The attempt that a thread waits for."""

    attempt: str
    """Which one. Only this one may store its reply."""
    until: datetime
    """When anybody may take it over."""


class ThreadState(Data, kw_only=True):
    """What is known about a thread besides its messages."""

    thread: str
    """Which thread: `general`, or `debrief:` and the action's id."""
    next_seq: int
    """The position of the next message."""
    round: int
    """The current round; 0 before the first message."""
    round_start: int
    """The position of the current round's first message."""
    flow: Flow
    """Where the debrief is; unused in the general chat but for the number of exchanges."""
    waiting: int
    """The user's messages that wait for a reply, at most 3."""
    waiting_chars: int
    """Their length together, in characters."""
    last_user_seq: int = 0
    """The position of the user's newest message that says more than `skip` or `stop`; 0 if there is none."""
    live: Live | None = None
    """The attempt under way."""
    cancelled: str | None = None
    """The last attempt that the person's stop, skip, decline or later cleared away."""
    invitation: Invitation = InvitationOpen()
    """Whether and when to ask."""
    proposed_until: int = 0
    """The position up to which the last proposal has read, exclusive; 0 if there was none."""
    review: Review = Review.NONE
    """How far its review is."""


# ── Lists and offers ────────────────────────────────────────────────────────────────────────────────────────────────


class Disclosure(Data, kw_only=True):
    """What a user is told before anything is shared with whoever writes the coach's words."""

    id: str
    """Stands for this disclosure in a consent. Another provider or address has another one."""
    is_ai: bool
    """Whether a language model writes the words; a script does not."""
    provider: str
    """Who runs it."""
    model: str
    """Which model."""
    place: ModelPlace
    """Where it runs."""
    text: str
    """What to show, in the language asked for if this library speaks it, else in English."""


class Offer(Data, kw_only=True):
    """Whether to offer a debrief, and in which words. The words are this library's; a host may use its own."""

    ask: bool
    """Whether to ask: not if it was declined, or deferred to a time that has not come, or begun already and not deferred."""
    text: str
    """The question."""
    tell_us: str
    """The button that opens the debrief."""
    just_done: str
    """The button that declines it."""
    later: str
    """The button that asks again later."""
    disclosure: Disclosure
    """What to say about who asks."""
    consent_needed: bool
    """Whether the person has yet to agree to that disclosure before a remote model gets what they write."""


class Done(Data):
    """An action that was recorded as done, and whether to offer its debrief."""

    action: Action
    """The action."""
    offer: Offer
    """The offer."""


class ListedAction(Data):
    """An action in a list, with where its debrief stands."""

    action: Action
    """The action."""
    debrief: DebriefState
    """Where its debrief stands."""


class _Table:
    """What the lists share that a notebook shows as tables."""

    if TYPE_CHECKING:
        _item: ClassVar[type[Data]]

    def to_dataframe(self) -> Any:
        """A row for each: a pandas DataFrame where pandas is installed, else a list of dicts."""
        from . import _notebook

        return _notebook.rows_frame(self)

    def _repr_html_(self) -> str:
        from . import _notebook

        return _notebook.rows_html(self)

    def _repr_markdown_(self) -> str:
        from . import _notebook

        return _notebook.rows_markdown(self)


class ActionList(_Table, tuple[ListedAction, ...]):
    """A user's actions. It is a tuple, and a notebook shows it as a table."""

    _item = ListedAction

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, at: SupportsIndex) -> ListedAction: ...
        @overload
        def __getitem__(self, at: slice) -> ActionList: ...

    def __getitem__(self, at: Any) -> ListedAction | ActionList:
        found = super().__getitem__(at)
        return ActionList(found) if isinstance(at, slice) else found


# ── Proposals ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Evidence(Data, kw_only=True):
    """The person's own words behind a proposal: where they stand, and the words exactly as they were written."""

    message: str
    """The message's id."""
    quote: str
    """The words, cut from the message to the letter."""
    start: int
    """Where they begin in the message, in bytes of UTF-8."""
    end: int
    """Where they end, in bytes of UTF-8."""
    start_utf16: int
    """Where they begin, in UTF-16 code units, as JavaScript's strings count."""
    end_utf16: int
    """Where they end, in UTF-16 code units."""


class Extraction(Data, kw_only=True):
    """One proposed change to a profile."""

    id: str
    """Its id."""
    thread: str
    """The conversation that it came out of."""
    field: ProfileField | str
    """The field: a member, or `custom:NAME` for one of the host's own."""
    operation: ProposedOperation
    """What is done with it."""
    value: FieldValue
    """What is added or put there."""
    before: str | None = None
    """What the field held when this was proposed, for a text that is replaced."""
    evidence: tuple[Evidence, ...]
    """The person's own words; never empty."""
    basis: Basis
    """How firmly it stands on them."""
    checked: bool
    """Whether it should be ticked when it is shown."""
    cautions: tuple[Caution, ...] = ()
    """Why not, if not."""
    status: ExtractionStatus
    """What became of it."""
    edited: FieldValue | None = None
    """What the person made of the value, if they edited it."""
    created_at: datetime
    """When it was proposed."""
    position: int = 0
    """Its place among those that were proposed at once, from 0."""
    decided_at: datetime | None = None
    """When it was decided."""

    def _repr_html_(self) -> str:
        from . import _notebook

        return _notebook.proposal_html((self,))

    def _repr_markdown_(self) -> str:
        from . import _notebook

        return _notebook.proposal_markdown((self,))


class Proposal(Data, written=None):
    """What a conversation's proposals are, as they stand now. It iterates over its items."""

    items: tuple[Extraction, ...] = ()
    """What is proposed or was decided, oldest first and then in the order in which it was found; never superseded ones."""
    known: tuple[Extraction, ...] = ()
    """What the person said that the profile holds already."""

    def __iter__(self) -> Iterator[Extraction]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def pending(self) -> tuple[Extraction, ...]:
        """The items that wait for a verdict."""
        return tuple(item for item in self.items if item.status is ExtractionStatus.PENDING)

    def to_dataframe(self) -> Any:
        """A row for each item: a pandas DataFrame where pandas is installed, else a list of dicts."""
        from . import _notebook

        return _notebook.proposal_frame(self)

    def to_html(self, messages: Iterable[Message] = ()) -> str:
        """What a notebook shows. With the messages at hand, each quote is shown within what was said."""
        from . import _notebook

        return _notebook.proposal_html(self.items, self.known, messages)

    def to_markdown(self, messages: Iterable[Message] = ()) -> str:
        """The same as Markdown."""
        from . import _notebook

        return _notebook.proposal_markdown(self.items, self.known, messages)

    def _repr_html_(self) -> str:
        return self.to_html()

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


class Accept(Variant, tag="accept"):
    """Take the proposal as it is."""


class Edit(Variant, tag="edit"):
    """Take this instead. The person is the source, so it needs no quote."""

    value: FieldValue
    """The person's own value."""


class Reject(Variant, tag="reject"):
    """Leave the proposal, and do not propose it again."""


Verdict = Accept | Edit | Reject
Verdicts = Mapping[str, Verdict]


class FieldConflict(Data, kw_only=True, written=None):
    """A text that has changed since its replacement was proposed. The proposal stays pending."""

    extraction: str
    """The proposal's id."""
    field: ProfileField | str
    """The field."""
    before: str | None = None
    """What it held when the change was proposed."""
    now: str | None = None
    """What it holds now."""
    proposed: FieldValue
    """What would be put there."""


class Applied(Data, kw_only=True):
    """What verdicts led to."""

    accepted: tuple[str, ...]
    """The ids of the proposals that are now in the profile."""
    rejected: tuple[str, ...]
    """The ids of the proposals that were rejected."""
    conflicts: tuple[FieldConflict, ...]
    """What could not be written because the field has changed; all else was."""
    profile: Profile
    """The profile as it is now."""


class RecapLine(Data, kw_only=True):
    """What the person said to one question."""

    step: Step
    """The question."""
    label: str
    """What to call it, in the language of the debrief."""
    quote: str
    """The person's words, to the letter: whole sentences, at most 200 characters."""
    cut: bool
    """Whether the message goes on after the quote."""
    message: str
    """The id of the message that is quoted."""


class NextStep(Data, kw_only=True):
    """The next step that the person named, as an action to be."""

    action: str
    """The id of the action that it becomes, always the same for the same answer."""
    kind: ActionKind | str
    """What sort of action: the same as the one that was finished."""
    title: str
    """The person's sentence, to the letter, without what ends it; at most 120 characters."""
    message: str
    """The id of the message that it comes from."""


class Recap(Data, kw_only=True):
    """What came out of a debrief, in the person's own words."""

    outcome: Outcome | None = None
    """What came of the action, if it is known."""
    lines: tuple[RecapLine, ...]
    """What was said, in the order of the questions. A question without an answer to speak of has no line."""
    next: NextStep | None = None
    """What the person named as their next step."""

    def next_action(self) -> NewAction | None:
        """The next step as an action to add. Adding it twice is adding it once, because it has the same id."""
        if self.next is None:
            return None
        return NewAction(kind=self.next.kind, title=self.next.title, id=self.next.action, source=ActionSource.DEBRIEF)


# ── What it costs ───────────────────────────────────────────────────────────────────────────────────────────────────


class ModelInfo(Data, kw_only=True):
    """How a model describes itself."""

    provider: str
    """Who runs it, such as `anthropic`."""
    model: str
    """Which model, by the provider's name for it."""
    place: ModelPlace
    """Where it runs."""
    address: str | None = None
    """Where its server is, without credentials. Another address needs the user's agreement anew."""


class Usage(Data, kw_only=True, written=None):
    """Tokens, as the model counted them. What a model does not report is zero."""

    requests: int = 0
    """Requests that were sent: more than one where a reply was asked for again."""
    input_tokens: int = 0
    """Prompt tokens that were neither read from nor written to a cache."""
    output_tokens: int = 0
    """Tokens of the answer, thinking included."""
    cache_read_tokens: int = 0
    """Prompt tokens read from the provider's cache."""
    cache_write_tokens: int = 0
    """Prompt tokens written to the provider's cache."""


class Attempt(Data, kw_only=True):
    """One attempt to get something from a model. It is written before the model is asked, and is the usage record as well."""

    id: str
    """Its id, new for every attempt."""
    operation: Operation
    """What it is for."""
    provider: str
    """Who is asked."""
    model: str
    """Which model."""
    place: ModelPlace
    """Whether that costs anything: a script never does."""
    instance: str
    """The coach that makes it; a coach knows which of its own attempts are alive."""
    started_at: datetime
    """When it began."""
    lease_until: datetime
    """When anybody may take it over: its deadline and a margin."""
    ended_at: datetime | None = None
    """When it ended."""
    status: AttemptStatus
    """How it stands."""
    usage: Usage = Usage()
    """What it used."""
    error: ErrorKind | None = None
    """Why it failed."""


class Price(Data, kw_only=True):
    """What a model costs, in micro-dollars (millionths of a US dollar) per million tokens."""

    provider: str
    """The provider, as the model describes itself."""
    model: str
    """The model, as the model describes itself."""
    up_to: int | None = None
    """The most prompt tokens of a request for which this price holds; None for any. Of several prices of a model the first one that holds
    counts."""
    input: int
    """For a million prompt tokens."""
    output: int
    """For a million tokens of the answer."""
    cache_read: int
    """For a million prompt tokens read from a cache."""
    cache_write: int
    """For a million prompt tokens written to a cache."""


class PriceTable(Data):
    """What models cost, and as of when. A host replaces it as a whole, because prices change and depend on its contract."""

    as_of: str
    """The day on which these prices held, as `2026-11-20`."""
    prices: tuple[Price, ...]
    """The prices."""


class UsageLine(Data, kw_only=True, written=None):
    """What one operation with one model used over a period."""

    operation: Operation
    """What for."""
    provider: str
    """Who was asked."""
    model: str
    """Which model."""
    attempts: int
    """Attempts that began in the period."""
    failed: int
    """How many of them ended with an error."""
    cancelled: int
    """How many of them were cancelled or abandoned."""
    usage: Usage
    """What all of them used together."""
    cost: int | None = None
    """What that costs in micro-dollars; None if the price is not known, zero for a script and for what runs on the device."""


class UsageReport(Data, written=None):
    """What a user's debriefs and chats used over a period."""

    lines: tuple[UsageLine, ...] = ()
    """A line for each operation and model, in that order."""
    cost: int | None = None
    """What all of it costs in micro-dollars; None if the price of any line is not known."""
    prices_as_of: str = ""
    """The day of the price table that was used."""

    def to_dataframe(self) -> Any:
        """A row for each line: a pandas DataFrame where pandas is installed, else a list of dicts."""
        from . import _notebook

        return _notebook.usage_frame(self)

    def _repr_html_(self) -> str:
        from . import _notebook

        return _notebook.usage_html(self)

    def _repr_markdown_(self) -> str:
        from . import _notebook

        return _notebook.usage_markdown(self)


class Rate(Data):
    """How often something is allowed."""

    per_minute: int
    """How many a minute, in the long run; at least 1."""
    burst: int
    """How many at once after a pause; at least 1."""


class AllowanceRates(Data):
    """How many turns and proposals a user may ask for."""

    turns: Rate = Rate(20, 5)
    """Turns (default 20 a minute with a burst of 5)."""
    proposals: Rate = Rate(10, 3)
    """Proposals (default 10 a minute with a burst of 3)."""


class Allowance(Data):
    """What is left of a user's allowance: for each rate, when it will be whole again."""

    turns: datetime = _EPOCH
    """For turns."""
    proposals: datetime = _EPOCH
    """For proposals."""


# ── Settings ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Limits(Data, kw_only=True):
    """How much of anything is accepted. Characters are Unicode code points; more is an `InvalidInputError`, never a silent cut."""

    message: int = 5_000
    """One message, and all that waits together for one reply, in characters."""
    line: int = 200
    """A short field, in characters: name, pronouns, location, language, kind, label, degree, organisation, title of a job, one item of a list."""
    title: int = 500
    """A headline, an action's title or a link, in characters."""
    text: int = 5_000
    """A long field, in characters: career goals, seeking, match preferences, summary, descriptions, one value of the host's own."""
    insight: int = 500
    """One insight, in characters."""
    material: int = 20_000
    """The text of one piece of material, in characters."""
    items: int = 200
    """The items of one list, or the fields of the host's own."""


class Budget(Data):
    """How many exchanges a debrief takes; 1 ≤ min ≤ max ≤ 10."""

    min: int = 2
    """The fewest exchanges before the coach may end it."""
    max: int = 4
    """The exchange that closes it."""


class Voice(Data):
    """What makes the coach the host's own."""

    field_of_work: str | None = None
    """The field that the people work in, such as `marine biology`."""
    tone: str | None = None
    """How the coach speaks, such as `warm and plain`."""
    instructions: str | None = None
    """Whatever else the coach is told. It cannot lift the rules, which code keeps."""


class Retries(Data):
    """How a request to a model's server is repeated."""

    most: int = 2
    """How often at most."""
    longest_wait: timedelta = timedelta(seconds=20)
    """The longest wait that a server may ask for. If it asks for more, the call fails at once and the error says how long."""


class TimeLimits(Data):
    """How long a model's server may take."""

    answer: timedelta = timedelta(seconds=60)
    """Until the head of a response is there, connecting included."""
    idle: timedelta = timedelta(seconds=30)
    """Between two pieces of a response."""
    overall: timedelta = timedelta(seconds=120)
    """For a call as a whole, with every retry and wait. A turn has a deadline of its own beside it."""


class ContextOptions(Data):
    """How much of a profile a model is told."""

    purpose: ContextPurpose
    """What for, which decides the fields."""
    max_chars: int = 3_000
    """The most characters of the whole."""


# ── For a store and a model of your own ─────────────────────────────────────────────────────────────────────────────


class Consent(Data):
    """The user's agreement to a disclosure."""

    disclosure: str
    """The id of the disclosure that was agreed to."""
    at: datetime
    """When."""


class Account(Data, kw_only=True, written=None):
    """What is known about a user besides actions and conversations."""

    version: int
    """Which version of everything about this user this is. Every commit names the one it was decided on."""
    profile: Profile
    """The profile."""
    consent: Consent | None = None
    """What the user has agreed to."""
    allowance: Allowance
    """How often a model may be asked."""
    changes: int
    """The position of the newest entry in the change log; 0 if there is none."""


class Report(Data):
    """Something that the coach said and the person flagged."""

    message: str
    """The id of the coach's message."""
    reason: str
    """Why, in the person's own words."""


class ProfileChange(Data, kw_only=True):
    """An entry in the change log: that a profile changed and in which fields. The values are in the profile."""

    seq: int
    """Its position, from 1, without gaps."""
    at: datetime
    """When."""
    cause: ChangeCause
    """Why."""
    fields: tuple[ProfileField | str, ...]
    """The fields that changed."""
    thread: str | None = None
    """The conversation whose proposals were applied."""
    extractions: tuple[str, ...] = ()
    """The ids of the proposals that were decided."""
    report: Report | None = None
    """What the person flagged."""


class ChangeList(_Table, tuple[ProfileChange, ...]):
    """The change log of a profile. It is a tuple, and a notebook shows it as a table."""

    _item = ProfileChange


class ActionRecord(Data, written=None):
    """An action, and the state of its debrief if there is one."""

    action: Action
    """The action."""
    debrief: ThreadState | None = None
    """Its debrief."""


class Found(Data, written=None):
    """A message that was looked for by its id, wherever it is, and the coach's next message after it."""

    message: Message
    """The message."""
    reply: Message | None = None
    """The coach's first message after it in its thread."""


class Conversation(Data, kw_only=True, written=None):
    """Everything that a decision about one thread needs, read at once."""

    account: Account
    """The user."""
    action: Action | None = None
    """The action, for a debrief."""
    state: ThreadState | None = None
    """The thread; None if nothing has happened in it."""
    attempt: Attempt | None = None
    """The attempt that the thread names as live."""
    holder_gone: bool = False
    """A hint: the store knows that whoever holds the live attempt is dead; False if it does not know. A wrong True costs a reply."""
    messages: tuple[Message, ...] = ()
    """The newest messages before the position asked for, oldest first."""
    found: Found | None = None
    """The message that was looked for by its id."""


class Page(Data, written=None):
    """Which messages of a thread to read."""

    size: int
    """At most so many."""
    before: int | None = None
    """Only messages before this position; the newest ones without it."""
    find: str | None = None
    """Look for the message with this id as well, in whichever thread of the user's it is."""


class WriteProfile(Variant, tag="profile"):
    """Puts the profile."""

    profile: Profile
    """The profile."""


class WriteConsent(Variant, tag="consent"):
    """Puts or removes the consent."""

    consent: Consent | None
    """The consent; None removes it."""


class WriteAllowance(Variant, tag="allowance"):
    """Puts the allowance."""

    allowance: Allowance
    """The allowance."""


class WriteAction(Variant, tag="action"):
    """Puts an action by its id."""

    action: Action
    """The action."""


class WriteRemoveAction(Variant, tag="remove_action"):
    """Removes an action and everything of its debrief, as `WriteRemoveThread` does. Nothing there is not an error."""

    action: str
    """The action's id."""


class WriteThread(Variant, tag="thread"):
    """Puts a thread's state."""

    state: ThreadState
    """The state."""


class WriteRemoveThread(Variant, tag="remove_thread"):
    """Removes a thread's state, messages and extractions. Its attempts stay: they hold no words. Nothing there is not an error."""

    thread: str
    """The thread."""


class WriteRemoveMessages(Variant, tag="remove_messages"):
    """Removes a thread's messages up to a position. The others keep their positions. Nothing there is not an error."""

    thread: str
    """The thread."""
    until: int
    """The position, inclusive."""


class WriteMessage(Variant, tag="message"):
    """Inserts a message. One with the same id, or at the same position of the thread, is a `ConflictError`."""

    message: Message
    """The message."""


class WriteExtraction(Variant, tag="extraction"):
    """Puts an extraction by its id."""

    extraction: Extraction
    """The extraction."""


class WriteAttempt(Variant, tag="attempt"):
    """Puts an attempt by its id."""

    attempt: Attempt
    """The attempt."""


class WriteChange(Variant, tag="change"):
    """Inserts an entry into the change log. One at the same position is a `ConflictError`. Its position becomes `Account.changes`."""

    change: ProfileChange
    """The entry."""


Write = (
    WriteProfile
    | WriteConsent
    | WriteAllowance
    | WriteAction
    | WriteRemoveAction
    | WriteThread
    | WriteRemoveThread
    | WriteRemoveMessages
    | WriteMessage
    | WriteExtraction
    | WriteAttempt
    | WriteChange
)


class Change(Data, written=None):
    """Writes that belong together, decided on one version of the user."""

    expected: int
    """The `Account.version` that was read; 0 to create a user who does not exist."""
    next: int
    """The version after it."""
    writes: tuple[Write, ...]
    """What to write, in this order."""


class SignalOutcome(Variant, tag="outcome"):
    """What came of the action, as the person described it."""

    outcome: Outcome
    """What came of it."""


class SignalEnough(Variant, tag="enough"):
    """The debrief has what it needs: this reply is the last one. Ignored before the fewest exchanges."""


class SignalHandOver(Variant, tag="hand_over"):
    """A person should take over."""


Signal = SignalOutcome | SignalEnough | SignalHandOver
ModelEvent = Text | Choices | SignalOutcome | SignalEnough | SignalHandOver | Usage


class Part(Data):
    """A part of a prompt, ready to be sent."""

    role: PartRole
    """Who says it."""
    text: str
    """The text."""
    stable: bool
    """Whether it is the same, to the byte, in the thread's next request, so that a provider can cache it."""


class OutputText(Variant, tag="text"):
    """The answer must be prose for the person."""


class OutputJson(Variant, tag="json"):
    """The answer must be JSON that follows a JSON schema."""

    schema: str
    """The schema, as JSON."""


Output = OutputText | OutputJson


class Request(Data, kw_only=True, written=None):
    """A request to a model: the facts, typed, for a model that is a script, and `parts` for one that reads prose."""

    purpose: Purpose
    """What it is for."""
    language: str
    """The language to answer in, as a BCP 47 tag."""
    profile: Profile
    """The person."""
    action: Action | None = None
    """The action, in a debrief; None in the general chat."""
    flow: Flow
    """Where the debrief is, with the step that this reply asks about."""
    messages: tuple[Message, ...]
    """The thread's messages, oldest first, the newest one last."""
    vocabulary: tuple[Term, ...]
    """The host's vocabulary."""
    parts: tuple[Part, ...]
    """The prompt."""
    output: Output
    """What the answer must be."""
    signals: bool
    """Whether the model may send signals beside its text."""
    max_tokens: int
    """The most tokens that the answer may have."""


# ── Transcripts and evaluation ──────────────────────────────────────────────────────────────────────────────────────


class TranscriptMessage(Data):
    """What was said in a conversation that this library did not hold."""

    role: Role
    """Who said it."""
    text: str
    """The words, as they were written."""

    @classmethod
    def user(cls, text: str) -> Self:
        """What the person wrote."""
        return cls(Role.USER, text)

    @classmethod
    def assistant(cls, text: str) -> Self:
        """What the coach, or whoever asked, wrote. It can never be quoted."""
        return cls(Role.ASSISTANT, text)


class Expectation(Data, kw_only=True, written=None):
    """One item that is expected to come out of a debrief."""

    field: ProfileField | str
    """The field."""
    value: FieldValue
    """The value. In a list an item is this but for case and white space; a text, or an insight, holds it."""
    or_: tuple[FieldValue, ...] = ()
    """Other values that are as good; `or` in JSON."""
    checked: bool | None = None
    """Whether it should be checked by default; without it, either is fine."""


class EvaluationCase(Data, kw_only=True, written=None):
    """A debrief, and what must and must not come out of it."""

    name: str
    """Its name, unique in its corpus."""
    case: str = ""
    """What it is a case of, in whatever words the corpus uses."""
    profile: Profile = Profile()
    """The profile before the debrief, with the language that is spoken; without one, English."""
    action: NewAction | None = None
    """What was done."""
    vocabulary: tuple[Term, ...] = ()
    """The host's vocabulary."""
    messages: tuple[TranscriptMessage, ...]
    """What was said, oldest first. Where the coach speaks last, that closes the debrief."""
    answer: JsonText | None = None
    """A model's answer to the request for proposals, as it was recorded. In JSON it is a text, or the JSON that the text would hold."""
    rejected: tuple[Expectation, ...] = ()
    """What the person has rejected before."""
    must: tuple[Expectation, ...] = ()
    """What must come out."""
    may: tuple[Expectation, ...] = ()
    """What may come out."""
    known: tuple[Expectation, ...] = ()
    """What must be found to be there already."""
    must_not: tuple[str, ...] = ()
    """What no proposed value may hold."""
    private: tuple[str, ...] = ()
    """What neither a proposed value nor a quote may hold, such as somebody else's address."""
    empty: bool = False
    """Whether nothing at all may come out."""

    @classmethod
    def read(cls, json: str | bytes) -> tuple[EvaluationCase, ...]:
        """Reads one case, or an array of them."""
        from json import loads

        found = loads(json)
        return tuple(map(cls.from_dict, found if isinstance(found, list) else [found]))


class EvaluationOptions(Data, kw_only=True):
    """What is asked in an evaluation, and how it is priced."""

    turns: bool = False
    """Whether each of the coach's turns is asked for again as well, and checked."""
    voice: Voice = Voice()
    """How the coach speaks in those."""
    coach_prompt: str | None = None
    """Instructions of the host's own in place of the debrief's prompt."""
    extraction_prompt: str | None = None
    """Instructions of the host's own in place of the extraction's prompt."""
    prices: PriceTable | None = None
    """The prices; the library's own without it."""


class EvaluationEstimate(Data, kw_only=True, written=None):
    """What an evaluation is about to use: an estimate from the number of characters, with answers of a usual length."""

    requests: int
    """The requests."""
    input_tokens: int
    """Tokens of the prompts."""
    output_tokens: int
    """Tokens of the answers."""
    cost: int | None = None
    """What that costs in micro-dollars; None if the price is not known."""
    prices_as_of: str
    """The day of the price table."""


class EvaluationLine(Data, kw_only=True, written=None):
    """Figures of the cases of one language, or of all."""

    language: str = ""
    """The language, as a BCP 47 tag; `all` for the sum."""
    cases: int = 0
    """Debriefs."""
    proposals: int = 0
    """Proposals that came out."""
    unsupported: int = 0
    """Proposals of which a quote is not what the person wrote at that place."""
    checked: int = 0
    """Proposals that are checked by default."""
    checked_right: int = 0
    """Those among them that are expected, and may be checked."""
    wanted: int = 0
    """Items that must come out."""
    found: int = 0
    """Those that did."""
    misjudged: int = 0
    """Items that came out checked, or unchecked, where the opposite was expected."""
    duplicates: int = 0
    """Proposals that came out twice, or that the profile holds already."""
    empty: int = 0
    """Debriefs out of which nothing may come."""
    empty_right: int = 0
    """Those out of which nothing came."""
    forbidden: int = 0
    """Values and quotes that may not come out and did."""
    turns: int = 0
    """Turns of the coach's that were checked."""
    gate_hits: int = 0
    """What the checks found in them."""
    unreadable: int = 0
    """Answers that could not be read; nothing is proposed from those."""
    errors: int = 0
    """Requests that failed."""

    def precision(self) -> float | None:
        """The share of those checked by default that are right; None if none is checked."""
        return self.checked_right / self.checked if self.checked else None

    def recall(self) -> float | None:
        """The share of what must come out that did; None if nothing must."""
        return self.found / self.wanted if self.wanted else None

    def correct_when_empty(self) -> float | None:
        """The share of the debriefs that hold nothing to propose out of which nothing came; None if there is none."""
        return self.empty_right / self.empty if self.empty else None


class EvaluationFailure(Data, kw_only=True, written=None):
    """What is wrong in a case, with the words that show it."""

    case: str
    """The case's name."""
    fault: EvaluationFault
    """What is wrong."""
    detail: str
    """The item, the turn or the error."""
    answer: str | None = None
    """The model's answer that it came from, if it came from one."""


class EvaluationReport(Data, kw_only=True, written=None):
    """What an evaluation came to."""

    lines: tuple[EvaluationLine, ...] = ()
    """Figures by language, in the order in which they first came."""
    total: EvaluationLine = EvaluationLine()
    """Those of all cases together."""
    gates: Mapping[str, int] = _NOTHING
    """How often each check of a turn found something, by its name."""
    usage: Usage = Usage()
    """What the model used."""
    cost: int | None = None
    """What that costs in micro-dollars; None if the price is not known."""
    prices_as_of: str = ""
    """The day of the price table."""
    failures: tuple[EvaluationFailure, ...] = ()
    """What was wrong, in the order of the cases."""

    def passes(self) -> bool:
        """Whether it is good enough: every proposal has the person's words behind it, of those that are checked by default 95 % are right, nothing
        came out that may not, nor out of a debrief that holds nothing to propose, and no request failed."""
        total, precision = self.total, self.total.precision()
        clean = not (total.unsupported or total.forbidden or total.errors) and total.empty_right == total.empty
        return clean and (precision is None or precision >= 0.95)

    def to_dataframe(self) -> Any:
        """A row for each language and one for all: a pandas DataFrame where pandas is installed, else a list of dicts."""
        from . import _notebook

        return _notebook.evaluation_frame(self)

    def _repr_html_(self) -> str:
        from . import _notebook

        return _notebook.evaluation_html(self)

    def _repr_markdown_(self) -> str:
        from . import _notebook

        return _notebook.evaluation_markdown(self)


# ── What the types alone do not tell ────────────────────────────────────────────────────────────────────────────────


def _field_value(value: Any) -> FieldValue:
    # As the core tells them apart: what has only a job's fields is a job.
    if isinstance(value, str):
        return value
    return Work.from_dict(value) if value.keys() <= set(Work._names) else Education.from_dict(value)


def _custom_field(value: Any) -> CustomField:
    return value if isinstance(value, str) else tuple(value)


def _json_text(value: Any) -> str:
    import json

    return (
        value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    )


def _model_event(value: Any) -> Any:
    if isinstance(value, dict) and "signal" in value:
        return decode(Signal, value["signal"])
    return decode(Text | Choices | Usage, value)


# How the unions are read that JSON does not tag, and what those are called in a tagged union that have no tag of their own.
_UNTAGGED: dict[frozenset[Any], Decoder] = {
    _options(FieldValue)[0]: _field_value,
    _options(CustomField)[0]: _custom_field,
    _options(ModelEvent)[0]: _model_event,
    frozenset([JsonText]): _json_text,
}
_TAGS: dict[type, str] = {Reply: "reply", Usage: "usage"}
