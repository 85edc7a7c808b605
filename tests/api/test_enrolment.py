"""The enrolment plan and standings over HTTP: a draft is nobody else's, the approved plan is everybody's."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories_consequences import add_other_city, make_confirmed, on
from factories_deliberation import Sitting
from specialty_eval.store.base import make_engine

PLANS = "/v1/enrolment-plans"
DOCUMENT = {"document_number": "示例招〔2026〕1号"}


@dataclass
class Served:
    """A server over a city whose ratings are confirmed, and how to act there."""

    callers: Callers
    s: Sitting

    def draft(self, **more: Any) -> str:
        """A new draft of 2026; its address."""
        return f"{PLANS}/{self.callers.post('planner', PLANS, {'academic_year': 2026, **more}, 201)['id']}"

    def approved(self) -> str:
        """An approved plan of 2026; its address."""
        at = self.draft()
        self.callers.post("planner", f"{at}/submit")
        self.callers.post("bureau-approver", f"{at}/approve", DOCUMENT)
        return at


@pytest.fixture
def out(fresh_database: str, tmp_path: Path) -> Iterator[Served]:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        s = make_confirmed(session)
        add_other_city(s)
        session.commit()
    engine.dispose()
    with serving(fresh_database, tmp_path) as callers:
        callers.clock.now = s.city.now
        yield Served(callers, s)


def codes(refusal: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in refusal["problems"]]


def test_from_the_draft_to_the_plan_that_everybody_reads(out: Served) -> None:
    c, code = out.callers, out.s.city.codes["two-a"]
    at = out.draft(city_total=330)
    line = {"quota": 60, "reason": "示例：实训工位不足"}

    assert c.call("planner", "PUT", f"{at}/lines/{code}", 200, json=line, headers={"If-Match": '"v1"'}) == {
        "code": code, "quota": 60, "computed": 70, "capacity": 110, "adjustment_reason": line["reason"],
    }  # fmt: skip
    c.call("planner", "PUT", f"{at}/lines/{code}", 412, json=line, headers={"If-Match": '"v1"'})
    handed_in = c.call("planner", "POST", f"{at}/submit", 200, headers={"If-Match": '"v2"'})
    assert (handed_in["state"], handed_in["totals"]["all"]) == ("submitted", {"lines": 4, "before": 400, "quota": 320})
    returned = c.post("bureau-approver", f"{at}/return", {"reason": "示例：请核对"})
    assert returned["state"] == "draft"
    c.post("planner", f"{at}/submit")
    approved = c.post("bureau-approver", f"{at}/approve", DOCUMENT)

    assert (approved["state"], approved["document_number"]) == ("approved", DOCUMENT["document_number"])
    read = c.get("", at)
    assert read["totals"]["county"] == {
        "371400": {"lines": 1, "before": 100, "quota": 50}, "371402": {"lines": 2, "before": 200, "quota": 210},
        "371403": {"lines": 1, "before": 100, "quota": 60},
    }  # fmt: skip
    for kind in ("level", "class", "school_kind"):
        assert sum(sums["quota"] for sums in read["totals"][kind].values()) == 320
    assert c.get("", f"/v1/specialties/{code}/status")["quota"] == {"2025": 100, "2026": 60}


def test_a_draft_is_not_there_for_anybody_who_does_not_plan(out: Served) -> None:
    c, at = out.callers, out.draft()

    for who in ("", "head-one", "county-one", "other-planner"):
        c.get(who, at, 404)
        c.get(who, f"{at}/lines", 404)
        c.post(who, f"{at}/submit", expect=404 if who else 401)
        assert c.get(who, PLANS)["items"] == []
    for who in ("planner", "bureau-approver", "secretary", "auditor"):
        assert [row["state"] for row in c.get(who, PLANS)["items"]] == ["draft"]


def test_why_a_line_was_adjusted_stays_with_those_who_plan(out: Served) -> None:
    c, at, code = out.callers, out.draft(), out.s.city.codes["two-a"]
    c.call("planner", "PUT", f"{at}/lines/{code}", 200, json={"quota": 60, "reason": "示例：内部原因"})
    c.post("planner", f"{at}/submit")
    c.post("bureau-approver", f"{at}/approve", DOCUMENT)

    public = c.get("head-two", f"{at}/lines")
    assert "示例：内部原因" not in str(public)
    assert {row["quota"] for row in public["items"] if row["code"] == code} == {60}
    assert "示例：内部原因" in str(c.get("planner", f"{at}/lines"))


def test_lines_come_in_pages_by_code_each_once_and_can_be_chosen(out: Served) -> None:
    c, at = out.callers, out.approved()

    seen, after = [], ""
    while True:
        page = c.get("", f"{at}/lines?limit=3{after}")
        seen += [row["code"] for row in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == sorted(out.s.city.codes.values())
    assert [row["standing"] for row in c.get("", f"{at}/lines?standing=restricted")["items"]] == ["restricted"]
    assert {row["county"] for row in c.get("", f"{at}/lines?county=371402")["items"]} == {"371402"}


def test_actions_say_what_is_possible_and_why_not_and_nothing_to_others(out: Served) -> None:
    c, at = out.callers, out.draft(city_total=300)

    [submit] = c.get("planner", at)["actions"]
    assert (submit["event"], submit["possible"], codes({"problems": submit["reasons"]})) == (
        "submit", False, ["city-total-exceeded"],
    )  # fmt: skip
    assert c.get("secretary", at)["actions"] == []
    assert c.get("", out.approved())["actions"] == []


def test_what_cannot_be_is_refused_with_every_reason(out: Served) -> None:
    c = out.callers
    assert codes(c.post("planner", PLANS, {"academic_year": 2040, "city_total": -1}, 422)) == [
        "academic-year-out-of-reach", "quota-negative",
    ]  # fmt: skip
    at, code = out.draft(), out.s.city.codes["two-a"]
    refused = c.call("planner", "PUT", f"{at}/lines/{code}", 422, json={"quota": 111})
    assert codes(refused) == ["quota-above-capacity", "adjustment-reason-missing"]
    for wrong in ({"quota": "60"}, {"quota": 60.5}, {"quota": 10**12}, {"quota": 60, "more": 1}):
        c.call("planner", "PUT", f"{at}/lines/{code}", 422, json=wrong)
    c.post("planner", f"{at}/submit")
    assert codes(c.post("bureau-approver", f"{at}/approve", {"document_number": " "}, 409)) == [
        "document-number-missing"
    ]
    c.post("planner", f"{at}/approve", DOCUMENT, 403)
    c.post("planner", f"{PLANS}/999999/submit", expect=404)


def test_a_repeated_request_with_its_key_drafts_one_plan(out: Served) -> None:
    c, once = out.callers, {"Idempotency-Key": "draft-2026"}

    first, again = (c.call("planner", "POST", PLANS, 201, json={"academic_year": 2026}, headers=once) for _ in range(2))

    assert first == again
    assert len(c.get("planner", PLANS)["items"]) == 1


def test_a_year_begins_and_a_standing_tells_how_it_came_about(out: Served) -> None:
    c, codes_ = out.callers, out.s.city.codes
    year = "/v1/academic-years/2026/begin"
    c.post("planner", year, expect=409)
    assert c.get("", f"/v1/specialties/{codes_['city-a']}/standing")["state"] == "normal"
    callers_wait(out, 2026)
    c.post("head-one", year, expect=403)

    begun = c.post("planner", year)
    assert begun == {
        "new": 4, "moved": {"phasing_out": 1, "restricted": 1, "supported": 1}, "held_by_appeal": [],
    }  # fmt: skip
    assert c.post("planner", year)["moved"] == {}
    red = c.get("", f"/v1/specialties/{codes_['city-a']}/standing")
    assert (red["state"], red["since"], red["cause"], red["steps_taken"], red["quota_before"]) == (
        "phasing_out", "2026-09-01", "red", 1, 100,
    )  # fmt: skip
    assert [(e["kind"], e["from"], e["to"]) for e in red["history"]] == [("standing.rate", "normal", "phasing_out")]
    c.get("", "/v1/specialties/0000000000-000000/standing", 404)


def callers_wait(out: Served, year: int) -> None:
    out.callers.clock.now = on(out.s, year, 9, 1).city.now
