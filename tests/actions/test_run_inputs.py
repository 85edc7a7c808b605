"""What a run feeds to its policy: every year that it looks at, and what the registry counts, to the last digit."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_deliberation import refused
from factories_scored import review_policy, to_scoring, verified
from small_policy import POLICY
from specialty_eval.actions import evidence, scoring, verification
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.errors import Invalid
from specialty_eval.engine.frozen import as_csv
from specialty_eval.engine.policy_load import load_policy
from specialty_eval.engine.sources import years_looked_at
from specialty_eval.engine.tables import rate_files
from specialty_eval.store.reviews import Review, ScoreSheet

RATE = "times: 100}}, points: {linear: [[0, 0], [100, 100]]}, weight: 70"
CAPS = "  caps:\n"
OVER_MANY = POLICY.replace("times: 100}}, points", "times: 100}}, over: {mean: 12}, points", 1)
IN_MANY = POLICY.replace(
    CAPS, CAPS + "    - {code: once-low, at_most: yellow, when: {measure: employed, below: 10,"
    " years: {of_last: 14, at_least: 1}}}\n", 1,
)  # fmt: skip
REPORTED = IN_MANY.replace("of_last: 14, at_least: 1", "of_last: 3, at_least: 3, reported_only: true").replace(
    "below: 10", "at_least: 1"
)
YEARS = {2000: "5", 2003: "40", 2012: "9", 2014: "20", 2025: "90"}
"""Employed of a hundred, in years far apart."""


@pytest.fixture
def city(session: Session) -> City:
    return make_city(session)


def sheet(city: City, key: int) -> ScoreSheet:
    row = city.session.get_one(Review, key, populate_existing=True)
    return city.session.get_one(ScoreSheet, row.sheet_id)


def scored_from_files(policy: str) -> tuple[str, Decimal | None, list[str]]:
    """What `policy score` says of the same figures."""
    columns = ["specialty", "year", "defaulted", "graduates", "employed", "quality", "posts"]
    rows = [
        {"specialty": "A", "year": str(year), "graduates": "100", "employed": employed}
        | ({"defaulted": "false", "posts": "50"} if year == 2025 else {})
        for year, employed in YEARS.items()
    ]  # fmt: skip
    found = rate_files(load_policy(policy), as_csv(columns, rows).encode(), b"specialty,year,rating\n")
    (one,) = found.sheets([0])
    return one.rating.value, one.total, [reason.code for reason in one.reasons]


@pytest.mark.parametrize("policy", [OVER_MANY, IN_MANY, REPORTED], ids=["mean", "of_last", "reported_only"])
def test_a_run_looks_as_far_back_as_policy_score_does(city: City, policy: str) -> None:
    key = open_round(city, make_cycle(city, policy=policy))["two-a"]
    pinned = review_policy(city, key)
    at = city.specialties["two-a"]
    for year, employed in YEARS.items():
        if year != 2025:
            figures = Figures({"graduates": "100", "employed": employed}, {})
            evidence.report_year(city.as_("head-two"), at, year, pinned, figures)
    verified(city, key, "two-a", employed=YEARS[2025])

    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on={key: "无专家"})

    kept = sheet(city, key)
    assert (kept.rating, kept.total, kept.reasons) == scored_from_files(policy)
    assert kept.rating != "green"  # by the latest year alone it is


@pytest.mark.parametrize(
    ("changes", "years"),
    [
        ({}, 1),
        ({"times: 100}}, points": "times: 100}}, over: {pooled: 12}, points"}, 12),
        ({CAPS: CAPS + "    - {code: low, at_most: red, when: {points: rate, below: 10,"
                       " years: {of_last: 3, at_least: 1}}}\n"}, 3),
        ({"times: 100}}, points": "times: 100}}, over: {mean: 4}, points",
          CAPS: CAPS + "    - {code: low, at_most: red, when: {any: [{not: {points: rate, below: 10,"
                       " years: {of_last: 3, at_least: 1}}}]}}\n"}, 6),
        ({CAPS: CAPS + "    - {code: low, at_most: red, when: {measure: employed, below: 10,"
                       " years: {of_last: 3, at_least: 1, reported_only: true}}}\n"}, None),
    ],
)  # fmt: skip
def test_a_policy_says_how_many_years_it_looks_at(changes: dict[str, str], years: int | None) -> None:
    text = POLICY
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)

    assert years_looked_at(load_policy(text)) == years


COUNTED = (
    "  city_graduates: {label: {zh: 同专业毕业生数}, type: decimal, decimals: 1, min: 0, supplier: computed}\nchecks:"
)
DECIMAL = POLICY.replace(
    "type: integer, min: 0, supplier: school", "type: decimal, decimals: 1, min: 0, supplier: school"
)


def test_decimal_graduates_are_counted_to_the_last_digit(city: City) -> None:
    reviews = open_round(city, make_cycle(city, policy=DECIMAL.replace("checks:", COUNTED, 1)))
    for short, graduates in (("one-a", "100.5"), ("two-a", "99.7")):
        key, head = reviews[short], f"head-{short.partition('-')[0]}"
        evidence.supply(city.as_("hrss"), city.specialties[short], 2025, review_policy(city, key),
                        Figures({"posts": "50"}, {}))  # fmt: skip
        evidence.save(city.as_(head), key, Figures({"graduates": graduates, "employed": "70"}, {}), "", version=None)
        evidence.submit(city.as_(head), key)
        verification.pass_(city.as_(f"county-{short.partition('-')[0]}"), key, verification.Verdicts())
        verification.accept(city.as_("bureau-verifier"), key, verification.Verdicts())
    keys = [reviews["one-a"], reviews["two-a"]]

    made = scoring.run(city.as_("secretary"), to_scoring(city, keys[0]), go_on=dict.fromkeys(keys, "无专家"))

    header, *lines = [line.split(",") for line in scoring.files(made)["evidence.csv"].splitlines()]
    counted = {line[0]: line[header.index("city_graduates")] for line in lines}
    assert [counted[city.codes[short]] for short in ("one-a", "two-a")] == ["200.2", "200.2"]


def test_decimal_graduates_keep_no_run_that_counts_nothing_from_being_made(city: City) -> None:
    key = open_round(city, make_cycle(city, policy=DECIMAL))["two-a"]
    verified(city, key, "two-a", employed="70.5")

    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on={key: "无专家"})

    assert sheet(city, key).rating == "yellow"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (DECIMAL.replace("checks:", COUNTED.replace("decimal, decimals: 1", "integer"), 1),
         ("computed-measure-too-coarse", "rounds[0].policy.measures.city_graduates")),
        (POLICY.replace("checks:", COUNTED.replace("city_graduates", "schools_share"), 1),
         ("computed-measure-too-coarse", "rounds[0].policy.measures.schools_share")),
    ],
)  # fmt: skip
def test_a_round_pins_no_policy_that_cannot_hold_what_is_computed(
    city: City, text: str, problem: tuple[str, str]
) -> None:
    assert problem in refused(Invalid, lambda: make_cycle(city, policy=text))
