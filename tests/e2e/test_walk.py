"""The whole path over HTTP, as one test: from a school's evidence to quotas, an appeal, recovery and a suspension."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from e2e.path_after_rating import (
    appeal_upheld,
    approved_plan,
    begin_year,
    both_ratings_are_readable,
    hand_in_plan,
    recheck_passed,
    set_the_cut_aside,
    statuses,
)
from e2e.path_to_rating import (
    SECTORS,
    begin,
    committee,
    confirm,
    decide,
    hand_in_and_verify,
    object_to,
    publicise,
    score,
)
from e2e.server import Callers, serving
from factories import City, make_city, make_person
from specialty_eval.engine.permissions import Role
from specialty_eval.store.base import make_engine


@pytest.fixture
def city(fresh_database: str) -> City:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        made = make_city(session)
        bureau = made.organisations["bureau:371400"]
        for login in (*SECTORS, *(f"{sector}-again" for sector in SECTORS)):
            made.people[login] = make_person(session, login=login, roles={Role.COMMITTEE_MEMBER: bureau})
        made.people["deputy"] = make_person(session, login="deputy", roles={Role.SECRETARY: bureau})
        session.execute(
            sa.text("INSERT INTO opening_quota (specialty_id, academic_year, quota, capacity, source, recorded_at)"
                    " SELECT id, 2025, 100, 110, '示例批文', now() FROM specialty")
        )  # fmt: skip
        session.commit()
    engine.dispose()
    return made


def test_the_whole_path_over_http(fresh_database: str, city: City, tmp_path: Path) -> None:
    with serving(fresh_database, tmp_path) as callers:
        path = begin(callers, city)
        r, reviews = path["round"], path["reviews"]
        hand_in_and_verify(callers, city, reviews)
        score(callers, r, reviews)
        decide(callers, city, committee(callers, city), r, list(reviews.values()))
        to_confirmed_ratings(callers, city, r, reviews)
        assert approved_plan(callers, city, 2026, 1, {"city-a": 40}) == {
            "one-a": 110, "one-b": 70, "two-a": 50, "city-a": 40,
        }  # fmt: skip
        mended = hand_in_plan(callers, city, "one-b")
        known_before = callers.clock.now.isoformat()
        appeal = appeal_upheld(callers, city, r, reviews["two-a"])
        both_ratings_are_readable(callers, city, known_before)
        set_the_cut_aside(callers, appeal)
        assert approved_plan(callers, city, 2026, 2, {"city-a": 40})["two-a"] == 70
        hand_in_plan(callers, city, "two-a")
        assert begin_year(callers, city, 2026) == {
            "one-a": "supported", "one-b": "restricted", "two-a": "restricted", "city-a": "phasing_out",
        }  # fmt: skip
        recheck_passed(callers, city, mended)
        assert approved_plan(callers, city, 2027, 1) == {"one-a": 110, "one-b": 100, "two-a": 70, "city-a": 0}
        assert begin_year(callers, city, 2027) == {
            "one-a": "supported", "one-b": "normal", "two-a": "restricted", "city-a": "suspended",
        }  # fmt: skip
        red = callers.get("", f"/v1/specialties/{city.codes['city-a']}/standing")
        assert [(e["kind"], e["from"], e["to"]) for e in red["history"]] == [
            ("standing.rate", "normal", "phasing_out"), ("standing.step", "phasing_out", "suspended"),
        ]  # fmt: skip
        assert statuses(callers, city, "quota")["city-a"] == {"2025": 100, "2026": 40, "2027": 0}


def to_confirmed_ratings(callers: Callers, city: City, round_id: int, reviews: dict[str, int]) -> None:
    """Publicised; one is objected to and waits while the others are confirmed, then is confirmed too."""
    listed = publicise(callers, round_id, reviews)
    objected = reviews["one-b"]
    objection = object_to(callers, listed, objected)
    status = callers.get("", f"/v1/specialties/{city.codes['one-b']}/status")
    assert (status["rating"], status["provisional"], status["under"]) == (None, "yellow", ["objection"])
    callers.clock.wait(14)
    confirmed = confirm(callers, listed, 1)
    assert sorted(confirmed["confirmed"]) == sorted(set(reviews.values()) - {objected})
    assert list(confirmed["contested"]) == [str(objected)]
    callers.post("secretary", f"{objection}/reject", {"answer": "经核实，评定无误"})
    confirm(callers, listed, 2)
    assert statuses(callers, city, "rating") == {
        "one-a": "green", "one-b": "yellow", "two-a": "red", "city-a": "red",
    }  # fmt: skip
