"""What needs neither a coach nor a wait: the check of a turn, the profile as a model is told it, the estimate of an
evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import _core
from ._data import (
    TYPE_CHECKING,
    ContextPurpose,
    EvaluationCase,
    EvaluationEstimate,
    EvaluationOptions,
    ModelInfo,
    Profile,
    TurnFacts,
    TurnReport,
)
from ._run import dumps, info_of, options_json, read

if TYPE_CHECKING:
    from ._ports import Model


def check_turn(text: str, facts: TurnFacts) -> TurnReport:
    """What is wrong with a coach's turn, and what can be measured of it. It is linear in the length of the turn and of
    the facts.
    """
    return read(TurnReport, _core.check_turn(text, dumps(facts)))  # type: ignore[no-any-return]


def build_profile_context(
    profile: Profile, purpose: ContextPurpose | str = ContextPurpose.DEBRIEF, max_chars: int = 3_000
) -> str:
    """The profile as a model is told it: one line per field, `Skills: Rust; SQL`, in at most so many characters.

    A purpose gets the fields that it needs and no other. What is too long is cut between items or words and marked.
    """
    return _core.build_profile_context(dumps(profile), dumps(purpose), max_chars)


def default_texts(language: str = "en") -> dict[str, str]:
    """The library's own texts in a language, by their ids: what a coach's `texts` can replace. Empty for a language that
    it has none in.
    """
    return _core.default_texts(language)


def estimate(
    cases: Iterable[EvaluationCase],
    model: _core.NativeModel | Model | ModelInfo | None = None,
    options: EvaluationOptions | None = None,
) -> EvaluationEstimate:
    """What `evaluate` is about to use, and what that costs, without asking anybody.

    Raises:
        InvalidInputError: A case does not fit.
    """
    info = dumps(model) if isinstance(model, ModelInfo) else info_of(model)
    answer = _core.estimate(dumps(tuple(cases)), options_json(options), info)
    return read(EvaluationEstimate, answer)  # type: ignore[no-any-return]
