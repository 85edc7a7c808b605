"""A year begins: standings move as the ratings in force say, once, with an event each; what an appeal holds stays."""

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import HOLDS, add_other_city, approved, events, make_confirmed, on, overturn, standings
from factories_deliberation import Sitting, refused
from racing import at_once
from remembered import remembered_fixture
from specialty_eval.actions import appeals, ratings
from specialty_eval.actions.standings import begin_year
from specialty_eval.engine.errors import NotNow, NotYou
from specialty_eval.store.outcomes import Standing
from specialty_eval.store.registry import Specialty

MOVED = {"one-a": "supported", "one-b": "normal", "two-a": "restricted", "city-a": "phasing_out"}


@remembered_fixture
def s(session: Session) -> Sitting:
    """One specialty of each colour and an unrated one; the academic year 2026 has begun."""
    return on(make_confirmed(session), 2026, 9, 1)


def standing(s: Sitting, short: str) -> Standing:
    found = sa.select(Standing).where(Standing.specialty_id == s.city.specialties[short])
    return s.session.scalars(found, execution_options={"populate_existing": True}).one()


def test_standings_move_as_the_ratings_in_force_say(s: Sitting) -> None:
    begun = begin_year(s.as_("planner"), 2026)

    assert standings(s) == MOVED
    assert (begun.new, begun.moved, begun.held) == (4, {"phasing_out": 1, "restricted": 1, "supported": 1}, ())
    green, red = standing(s, "one-a"), standing(s, "city-a")
    assert (green.supports, green.cause, green.cause_review_id) == (["funding"], "green", s.reviews["one-a"])
    assert (red.steps_taken, red.quota_before, red.academic_year) == (1, 100, 2026)
    assert str(red.since) == "2026-09-01"


def test_every_move_is_told_in_public_with_its_cause(s: Sitting) -> None:
    begin_year(s.as_("planner"), 2026)

    told = {(e.specialty_id, e.source, e.target, e.facts["cause"], e.audience) for e in events(s, "standing.rate")}
    at = s.city.specialties
    assert told == {
        (at["one-a"], "normal", "supported", "green", "public"),
        (at["two-a"], "normal", "restricted", "yellow", "public"),
        (at["city-a"], "normal", "phasing_out", "red", "public"),
    }


def test_begun_again_a_year_moves_nothing_and_says_nothing(s: Sitting) -> None:
    begin_year(s.as_("planner"), 2026)
    versions = s.session.scalars(sa.select(Standing.version).order_by(Standing.id)).all()

    again = begin_year(s.as_("bureau-approver"), 2026)

    assert (again.new, again.moved) == (0, {})
    assert s.session.scalars(sa.select(Standing.version).order_by(Standing.id)).all() == versions
    assert len(events(s, "standing.%")) == 3


def test_a_red_steps_down_year_by_year_to_suspended(s: Sitting) -> None:
    for year in (2026, 2027, 2028):
        approved(on(s, year, 6, 1), year)
        begin_year(on(s, year, 9, 1).as_("planner"), year)

    moved = [(e.kind, e.source, e.target, e.facts["step"]) for e in events(s, "standing.%")
             if e.specialty_id == s.city.specialties["city-a"]]  # fmt: skip
    assert moved == [
        ("standing.rate", "normal", "phasing_out", 1),
        ("standing.step", "phasing_out", "suspended", 2),
    ]
    assert standings(s) == {**MOVED, "city-a": "suspended"}
    assert str(standing(s, "city-a").since) == "2027-09-01"


def test_a_flag_acts_instead_of_its_colour(session: Session) -> None:
    s = make_confirmed(session, {"one-a": "red"}, reasons={"one-a": ["low", "red-again"]})

    begin_year(on(s, 2026, 9, 1).as_("planner"), 2026)

    assert (standing(s, "one-a").state, standing(s, "one-a").cause) == ("suspended", "red-again")


def test_what_an_open_appeal_holds_stays_and_moves_when_it_is_rejected(session: Session) -> None:
    s = make_confirmed(session, policy=HOLDS)
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    key = appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例：未考虑特殊情况").id

    held = begin_year(on(s, 2026, 9, 1).as_("planner"), 2026)
    assert (held.held, standings(s)) == ((s.city.codes["two-a"],), {**MOVED, "two-a": "normal"})

    appeals.rule_out(s.as_("bureau-approver"), key, "示例：不属受理范围")
    assert begin_year(s.as_("planner"), 2026).moved == {"restricted": 1}
    assert standings(s) == MOVED


def test_a_standing_does_not_outlive_the_rating_it_rests_on(s: Sitting) -> None:
    begin_year(on(s, 2026, 9, 2).as_("planner"), 2026)
    s.review("two-a").appeal_due = s.city.now + timedelta(days=300)
    overturn(on(s, 2026, 10, 20), "two-a", "unrated")

    assert begin_year(on(s, 2027, 1, 5).as_("planner"), 2026).moved == {"normal": 1}
    assert standings(s)["two-a"] == "normal"


def test_a_closed_specialty_gets_no_standing(s: Sitting) -> None:
    closed = (
        sa.update(Specialty)
        .where(Specialty.id == s.city.specialties["two-a"])
        .values(closed_on=sa.text("'2026-08-31'"))
    )
    s.session.execute(closed)

    begin_year(s.as_("planner"), 2026)

    assert "two-a" not in standings(s)


def test_a_year_begins_neither_before_its_day_nor_when_the_next_has_begun(s: Sitting) -> None:
    assert refused(NotNow, lambda: begin_year(on(s, 2026, 8, 30).as_("planner"), 2026)) == [
        ("academic-year-not-begun", "academic_year")
    ]
    assert refused(NotNow, lambda: begin_year(on(s, 2027, 9, 2).as_("planner"), 2026)) == [
        ("academic-year-over", "academic_year")
    ]
    assert standings(s) == {}


@pytest.mark.parametrize("who", ["head-one", "county-one", "secretary", "other-planner", "nobody"])
def test_nobody_else_begins_a_year(s: Sitting, who: str) -> None:
    add_other_city(s)

    refused(NotYou, lambda: begin_year(s.as_(who), 2026, city="371400"))

    assert (standings(s), events(s, "standing.%")) == ({}, [])


def test_another_citys_planner_begins_nothing_here(s: Sitting) -> None:
    add_other_city(s)

    assert refused(NotNow, lambda: begin_year(s.as_("other-planner"), 2026)) == [("no-policy-pinned", "policy")]


def test_the_clock_begins_a_year_of_the_city_it_names(s: Sitting) -> None:
    begin_year(s.city.clock(), 2026, city="371400")

    assert standings(s) == MOVED
    assert {e.actor_person_id for e in events(s, "standing.rate")} == {None}


def test_a_year_begun_twice_at_once_moves_each_standing_once(own_engine: sa.Engine) -> None:
    with Session(own_engine, expire_on_commit=False) as session:
        s = on(make_confirmed(session), 2026, 9, 1)
        both = (s.as_("planner"), s.as_("bureau-approver"))
        session.commit()

        assert at_once(own_engine, *((ctx, lambda c: begin_year(c, 2026)) for ctx in both)) == ["done", "done"]

        assert standings(s) == MOVED
        assert Counter(e.specialty_id for e in events(s, "standing.%")).most_common(1)[0][1] == 1
