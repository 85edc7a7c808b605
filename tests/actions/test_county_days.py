"""A county has the policy's days for its check; only then may the bureau take it over, and pass in its place."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from remembered import remembered
from small_policy import POLICY
from specialty_eval.actions import evidence, reminders, rounds, verification
from specialty_eval.actions.context import LOCAL
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.errors import Invalid, NotNow, NotYou
from specialty_eval.store.reviews import Review

LAST_DAY = date(2026, 3, 16)
"""Ten working days from Monday, 2 March."""
NO_COUNTY = POLICY.replace("county_check: true", "county_check: false")


@remembered
def in_round(session: Session, policy: str = POLICY) -> tuple[City, dict[str, int]]:
    city = make_city(session)
    return city, open_round(city, make_cycle(city, policy=policy))


def hand_in(city: City, key: int, head: str = "head-one") -> None:
    evidence.save(city.as_(head), key, Figures({"graduates": "100", "employed": "90"}, {}), "", version=None)
    evidence.submit(city.as_(head), key)


def row(city: City, key: int) -> Review:
    return city.session.get_one(Review, key, populate_existing=True)


def last_day(city: City, key: int) -> date | None:
    due = row(city, key).county_due
    return None if due is None else last_local_day(due, LOCAL)


def refused(city: City, key: int, reason: str = "区县逾期") -> list[tuple[str, object]]:
    with pytest.raises((NotNow, Invalid)) as caught:
        verification.take_over(city.as_("bureau-verifier"), key, reason)
    return [(p.code, p.facts.get("due")) for p in caught.value.problems]


def test_the_countys_days_begin_when_something_is_handed_in(session: Session) -> None:
    city, reviews = in_round(session)
    assert last_day(city, reviews["one-a"]) is None

    hand_in(city, reviews["one-a"])

    assert last_day(city, reviews["one-a"]) == LAST_DAY


@pytest.mark.parametrize(
    ("policy", "short", "head"), [(POLICY, "city-a", "head-city"), (NO_COUNTY, "one-a", "head-one")]
)
def test_no_county_has_days_where_none_checks(session: Session, policy: str, short: str, head: str) -> None:
    city, reviews = in_round(session, policy)

    hand_in(city, reviews[short], head)

    assert (row(city, reviews[short]).state, last_day(city, reviews[short])) == ("checked", None)
    assert refused(city, reviews[short]) == [("step-not-open", None)]


def test_the_bureau_waits_for_the_countys_last_day(session: Session) -> None:
    city, reviews = in_round(session)
    key = reviews["one-a"]
    assert refused(city, key) == [("step-not-open", None)]
    hand_in(city, key)
    city.wait(14)  # the sixteenth, the last day

    assert refused(city, key) == [("county-days-running", LAST_DAY.isoformat())]
    assert refused(city, key, " ") == [("reason-missing", None), ("county-days-running", LAST_DAY.isoformat())]
    assert not row(city, key).taken_over


def test_what_the_bureau_took_over_it_passes_in_the_countys_place(session: Session) -> None:
    city, reviews = in_round(session)
    key = reviews["one-a"]
    hand_in(city, key)
    city.wait(15)
    with pytest.raises(NotYou):
        verification.take_over(city.as_("secretary"), key, "区县逾期")
    verification.take_over(city.as_("bureau-verifier"), key, "区县逾期")

    assert refused(city, key) == [("taken-over-by-bureau", None)]
    with pytest.raises(NotNow) as caught:
        verification.pass_(city.as_("county-one"), key, verification.Verdicts())
    assert [p.code for p in caught.value.problems] == ["taken-over-by-bureau"]
    with pytest.raises(NotNow) as caught:
        evidence.recall(city.as_("head-one"), key)
    assert [p.code for p in caught.value.problems] == ["verification-claimed"]

    verification.pass_(city.as_("bureau-verifier"), key, verification.Verdicts())
    assert (row(city, key).state, row(city, key).county_due) == ("checked", None)


def test_a_county_is_given_its_days_again_for_a_correction_and_none_once_it_was_taken_over(session: Session) -> None:
    city, reviews = in_round(session)
    for short in ("one-a", "one-b"):
        hand_in(city, reviews[short])
    city.wait(15)
    verification.take_over(city.as_("bureau-verifier"), reviews["one-b"], "区县逾期")
    verification.return_(city.as_("county-one"), reviews["one-a"], {"employed": "不符"})
    verification.return_(city.as_("bureau-verifier"), reviews["one-b"], {"employed": "不符"})
    assert [last_day(city, reviews[short]) for short in ("one-a", "one-b")] == [None, None]

    for short in ("one-a", "one-b"):
        evidence.submit(city.as_("head-one"), reviews[short])

    assert [last_day(city, reviews[short]) for short in ("one-a", "one-b")] == [date(2026, 3, 31), None]


def test_what_was_taken_back_waits_for_no_county(session: Session) -> None:
    city, reviews = in_round(session)
    hand_in(city, reviews["one-a"])

    evidence.recall(city.as_("head-one"), reviews["one-a"])

    assert last_day(city, reviews["one-a"]) is None


def test_a_default_gives_the_county_its_days_but_for_the_citys_schools(session: Session) -> None:
    city, reviews = in_round(session)
    round_id = row(city, reviews["one-a"]).round_id
    for _ in range(2):
        reminders.remind(city.as_("secretary"), round_id)
        city.wait(1)
    city.wait(58)  # Friday, 1 May, a day off
    verification.default(city.as_("secretary"), reviews["one-b"])

    rounds.default_left_over(city.as_("secretary"), round_id)

    last = last_day(city, reviews["one-b"])
    assert last is not None
    assert last > date(2026, 5, 14)
    assert {short: last_day(city, key) for short, key in reviews.items()} == {
        "one-a": last, "one-b": last, "two-a": last, "city-a": None,
    }  # fmt: skip
    assert refused(city, reviews["city-a"]) == [("no-county-check", None)]
