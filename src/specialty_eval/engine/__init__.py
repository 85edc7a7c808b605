"""The public names of the library, each loaded when first used: importing the engine loads no NumPy and no YAML."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .batch import Batch, History
    from .errors import Changed, Invalid, NotFound, NotNow, NotSignedIn, NotYou, Problem, Refusal, TooLarge, TryAgain
    from .evidence import Row, check_sheet, parse_value
    from .policy import Policy
    from .policy_load import lacking_for_a_round, load_policy
    from .policy_schema import policy_schema
    from .results import Results
    from .scoring import score_batch
    from .tables import score_files
    from .vocabulary import Rating

_HOME = {
    "batch": ("Batch", "History"),
    "errors": (
        "Changed",
        "Invalid",
        "NotFound",
        "NotNow",
        "NotSignedIn",
        "NotYou",
        "Problem",
        "Refusal",
        "TooLarge",
        "TryAgain",
    ),
    "evidence": ("Row", "check_sheet", "parse_value"),
    "policy": ("Policy",),
    "policy_load": ("lacking_for_a_round", "load_policy"),
    "policy_schema": ("policy_schema",),
    "results": ("Results",),
    "scoring": ("score_batch",),
    "tables": ("score_files",),
    "vocabulary": ("Rating",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Batch",
    "Changed",
    "History",
    "Invalid",
    "NotFound",
    "NotNow",
    "NotSignedIn",
    "NotYou",
    "Policy",
    "Problem",
    "Rating",
    "Refusal",
    "Results",
    "Row",
    "TooLarge",
    "TryAgain",
    "check_sheet",
    "lacking_for_a_round",
    "load_policy",
    "parse_value",
    "policy_schema",
    "score_batch",
    "score_files",
]


def __getattr__(name: str) -> object:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f".{_MODULE[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
