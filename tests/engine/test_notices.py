"""A sheet's figures in the words of an office."""

from collections.abc import Mapping
from importlib.resources import files
from tomllib import loads
from typing import Any

import pytest

from specialty_eval import policies
from specialty_eval.engine import load_policy
from specialty_eval.engine.forms import Plain
from specialty_eval.engine.notices import NOT_REPORTED, NOT_SCORED, NOT_SHOWN, facts, figure
from specialty_eval.engine.vocabulary import OPTIONS, options_called

DEZHOU = load_policy(policies.text("dezhou"))


def test_a_figure_that_is_there_is_never_said_to_be_unreported_and_options_have_their_words() -> None:
    unscored = next(i for i in DEZHOU.indicators if i.points is None)
    scored = next(i for i in DEZHOU.indicators if i.points is not None and not isinstance(i.value, Plain))
    of_choice = next(i for i in DEZHOU.indicators
                     if isinstance(i.value, Plain) and DEZHOU.measures[i.value.measure].options)  # fmt: skip
    lines: list[Mapping[str, Any]] = [
        {"code": unscored.code, "value": "16.67", "points": None},
        {"code": unscored.code, "value": None, "points": None},
        {"code": scored.code, "value": "16.67", "points": "50.00"},
        {"code": scored.code, "value": None, "points": None},
        {"code": of_choice.code, "value": "compliant", "points": "100.00"},
    ]

    made = facts(DEZHOU, lines, frozenset(DEZHOU.measures))

    assert [(one["value"], one["points"]) for one in made] == [
        ("16.67", NOT_SCORED), (NOT_REPORTED, NOT_SCORED), ("16.67", "50.00"), (NOT_REPORTED, NOT_REPORTED),
        ("合规", "100.00"),
    ]  # fmt: skip
    assert facts(DEZHOU, lines[2:3], frozenset())[0]["value"] == NOT_SHOWN


def test_every_option_of_a_shipped_policy_has_its_words_the_same_on_paper_and_on_pages() -> None:
    pages = loads(files("specialty_eval").joinpath("locale/pages.toml").read_text("utf-8"))["option"]
    for name in policies.names():
        for measure in load_policy(policies.text(name)).measures.values():
            for option in measure.options:
                assert figure(measure, option) == OPTIONS[option] == pages[option]["zh"]


@pytest.mark.parametrize(("options", "called"), [
    (("none", "city"), ["无", "市级"]), (("none", "无"), ["none", "无"]), (("甲", "nation"), ["甲", "国家级"]),
])  # fmt: skip
def test_an_option_whose_word_is_another_option_stays_as_written(options: tuple[str, ...], called: list[str]) -> None:
    assert list(options_called(options).values()) == called
