"""Every event that our own code writes in a test has the facts of its kind; what a test itself writes is its own."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from specialty_eval.engine.event_facts import facts_schema
from specialty_eval.store import ledger

TESTS = str(Path(__file__).parent)
PASSED = ("context.py", "event_watch.py")
"""Files that an event passes on its way to the log, whoever has something to tell."""


@contextmanager
def watched() -> Iterator[None]:
    """The log's four ways in are watched, for as long as the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        for name, kind in (
            ("record", lambda _s, kind, *_: kind),
            ("record_many", lambda _s, kind, *_: kind),
            ("move_one", lambda _s, _r, machine, moved, *_: f"{machine}.{moved.event}"),
            ("move_many", lambda _s, _m, machine, event, *_: f"{machine}.{event.value}"),
        ):
            patch.setattr(ledger, name, _watching(getattr(ledger, name), kind))
        yield


def _watching(write: Callable[..., Any], kind_of: Callable[..., str]) -> Callable[..., Any]:
    def written(*given: Any) -> Any:
        if not _is_of_a_test():
            check(kind_of(*given), dict(given[-1].facts))
        return write(*given)

    return written


def _is_of_a_test() -> bool:
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.endswith(PASSED):
        frame = frame.f_back
    return frame.f_code.co_filename.startswith(TESTS)


def check(kind: str, facts: dict[str, Any]) -> None:
    """AssertionError for facts that `engine/event_facts.py` does not say of this kind."""
    wrong = _wrong(kind, json.dumps(facts))
    assert not wrong, f"{kind}: {wrong}; say in engine/event_facts.py what its facts are"


@lru_cache(10_000)
def _wrong(kind: str, told: str) -> tuple[str, ...]:
    """What is wrong with facts as they are told; one test after the other tells the same."""
    return tuple(error.message for error in _validator(kind).iter_errors(json.loads(told)))


@cache
def _validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(facts_schema(kind))
