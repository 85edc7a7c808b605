"""Rectification and closing over HTTP: the school's plan, the bureau's recheck, and nothing for anybody else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories_consequences import make_confirmed
from factories_deliberation import REGULAR, Sitting
from specialty_eval.store.base import make_engine

ALL = "/v1/rectifications"
PLAN = {"plan": "示例：更新设备", "milestones": [{"text": "示例：更新实训室", "due": "2026-12-01"}]}
FINDINGS = {"findings": "示例：目标全部完成"}
PDF = {"content": b"%PDF-1.7 example", "headers": {"Content-Type": "application/octet-stream"}}


@dataclass
class Served:
    """A server over a city with a yellow and a red specialty to be mended."""

    callers: Callers
    s: Sitting

    def at(self, short: str) -> str:
        """The rectification of a specialty; its address."""
        rows = self.callers.get("secretary", f"{ALL}?specialty={self.s.city.codes[short]}")["items"]
        return f"{ALL}/{rows[0]['id']}"

    def on(self, year: int, month: int, day: int) -> None:
        self.callers.clock.now = datetime(year, month, day, 1, 0, tzinfo=UTC)


@pytest.fixture
def out(fresh_database: str, tmp_path: Path) -> Iterator[Served]:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        s = make_confirmed(session, {"one-a": "green", "two-a": "yellow", "city-a": "red"})
        session.commit()
    engine.dispose()
    with serving(fresh_database, tmp_path) as callers:
        callers.clock.now = s.city.now
        yield Served(callers, s)


def why_not(seen: dict[str, Any]) -> dict[str, list[str]]:
    return {action["event"]: [reason["code"] for reason in action["reasons"]] for action in seen["actions"]}


def test_from_the_plan_to_the_restored_standing(out: Served) -> None:
    c, at = out.callers, out.at("two-a")
    planned = c.call("head-two", "POST", f"{at}/plan", 200, json=PLAN, headers={"If-Match": '"v1"'})
    assert (planned["state"], [m["code"] for m in planned["milestones"]]) == ("planned", ["1"])
    assert c.post("bureau-verifier", f"{at}/return", {"reason": "示例：目标不具体"})["state"] == "due"
    c.post("head-two", f"{at}/plan", PLAN)
    c.call("bureau-verifier", "POST", f"{at}/start", 412, headers={"If-Match": '"v1"'})
    assert why_not(c.post("bureau-verifier", f"{at}/start")) == {}
    c.post("head-two", f"{at}/milestones/1/proof", {"words": "示例：已更新"})
    attached = c.call("head-two", "POST", f"{at}/milestones/1/attachments?name=验收单.pdf", 201, **PDF)
    [milestone] = attached["milestones"]
    assert (milestone["proof"], milestone["late"]) == ("示例：已更新", False)
    file = f"/v1/reviews/{out.s.reviews['two-a']}/attachments/{milestone['attachment_id']}"
    assert c.get("county-two", file) == PDF["content"]
    out.on(2026, 9, 1)
    c.post("planner", "/v1/academic-years/2026/begin")
    out.on(2027, 4, 23)
    assert c.post("secretary", f"{ALL}/act-on-due")["rechecks"] == [planned["id"]]

    passed = c.post("bureau-approver", f"{at}/pass", FINDINGS)

    assert (passed["state"], passed["passed_on"]) == ("passed", "2027-04-23")
    standing = c.get("", f"/v1/specialties/{out.s.city.codes['two-a']}/standing")
    assert (standing["state"], standing["since"]) == ("normal", "2027-04-23")
    assert [e["kind"] for e in standing["history"]] == ["standing.rate", "standing.restore"]


def test_a_rectification_is_not_there_for_anybody_else(out: Served) -> None:
    c, at = out.callers, out.at("two-a")

    for who in ("head-one", "head-city", "county-one", "planner"):
        c.get(who, at, 404)
        c.post(who, f"{at}/plan", PLAN, 404)
        c.call(who, "POST", f"{at}/milestones/1/attachments?name=a.pdf", 404, **PDF)
        assert all(row["code"] != out.s.city.codes["two-a"] for row in c.get(who, ALL)["items"])
    assert [row["code"] for row in c.get("head-two", ALL)["items"]] == [out.s.city.codes["two-a"]]
    assert len(c.get("auditor", f"{ALL}?state=due")["items"]) == 2
    c.post("county-two", f"{at}/start", expect=403)


def test_actions_say_who_may_do_what_and_why_not_now(out: Served) -> None:
    c, at = out.callers, out.at("two-a")

    assert why_not(c.get("head-two", at)) == {"plan": []}
    assert why_not(c.get("secretary", at)) == {"lapse": ["deadline-not-passed"]}
    assert why_not(c.get("auditor", at)) == {}
    c.post("head-two", f"{at}/plan", PLAN)
    c.post("bureau-verifier", f"{at}/start")
    assert why_not(c.get("secretary", at)) == {"recheck": ["recheck-not-due"]}
    out.on(2027, 4, 23)
    c.post("secretary", f"{at}/recheck")
    assert why_not(c.get("bureau-approver", at)) == {"pass": ["milestone-not-proved"], "fail": []}


def test_what_cannot_be_is_refused_with_every_reason(out: Served) -> None:
    c, at = out.callers, out.at("two-a")
    late = {"plan": " ", "milestones": [{"text": " ", "due": "2020-01-01"}]}
    said = c.post("head-two", f"{at}/plan", late, 422)
    assert [p["code"] for p in said["problems"]] == ["milestone-empty", "milestone-out-of-time"]
    for wrong in ({"text": "示例", "due": "2026-02-30"}, {"text": "示例", "due": 20261201}, {"text": "示例"}):
        c.post("head-two", f"{at}/plan", {"plan": "示例", "milestones": [wrong]}, 422)
    c.post("head-two", f"{at}/milestones/1/proof", {"words": "示例"}, 404)
    c.post("bureau-approver", f"{at}/pass", FINDINGS, 409)
    c.post("secretary", f"{at}/lapse", expect=409)
    c.get("secretary", f"{ALL}/999999", 404)


def test_no_plan_in_time_ends_in_a_closing_that_everybody_sees(out: Served) -> None:
    c, code = out.callers, out.s.city.codes["city-a"]
    at = out.at("city-a")
    out.on(2026, 5, 26)
    c.post("secretary", f"{ALL}/act-on-due")
    assert c.get("head-city", at)["closing_proposal_id"] is not None
    [proposal] = c.get("head-city", "/v1/closing-proposals")["items"]
    here = f"/v1/closing-proposals/{proposal['id']}"
    decision = {"decision": "close", "document_number": "示例委〔2026〕5号", "reason": "示例：逾期"}
    c.post("secretary", f"{here}/decide", decision, 409)
    c.post("head-one", f"{here}/receive", expect=404)
    c.post("head-city", f"{here}/receive")
    assert [p["code"] for p in c.post("secretary", f"{here}/decide", decision, 409)["problems"]] == ["vote-missing"]
    members = [{"member": out.s.members[login], "interest": False, "vote": "for"} for login, _ in REGULAR]
    vote = {"held_on": "2026-05-26", "minutes_number": "示例纪要〔2026〕5号", "members": members}
    assert c.post("secretary", f"{here}/votes", vote, 201)["votes"][0]["approved"] is True
    assert c.post("secretary", f"{here}/decide", decision)["decision"] == "close"
    closing = {"reason": "示例：连续未整改", "students": 0}
    said = c.post("bureau-approver", f"/v1/specialties/{code}/close", closing, 409)
    assert [p["code"] for p in said["problems"]] == ["appeal-open"]
    seen = c.get("bureau-approver", f"/v1/specialties/{code}/standing")
    assert why_not(seen) == {"close": ["appeal-open"]}
    out.callers.clock.wait(40)

    assert c.post("bureau-approver", f"/v1/specialties/{code}/close", closing)["state"] == "closed"
    status = c.get("", f"/v1/specialties/{code}/status", 410)
    assert (status["standing"], status["rating"]) == ("closed", "red")


def test_a_school_closes_its_own_and_no_other(out: Served) -> None:
    c, closing = out.callers, {"reason": "示例：专业调整", "students": 0}
    at = f"/v1/specialties/{out.s.city.codes['one-a']}/close"

    for who in ("head-two", "planner", "county-one"):
        c.post(who, at, closing, 403)
    c.post("head-one", at, {**closing, "students": -1}, 422)
    assert c.post("head-one", at, closing)["state"] == "closed"
    assert c.post("head-one", at, closing, 410)["standing"] == "closed"
