"""What follows a rating, over HTTP: plans, an appeal, academic years, rectification."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from e2e.path_to_rating import HEAD, committee, confirm, decide, publicise
from e2e.server import Callers
from factories import City

WORDS = {"words": "示例：实训室已更新"}
PLAN = {"plan": "示例：更新设备，重订培养方案", "milestones": [{"text": "示例：更新实训室", "due": "2026-12-01"}]}


def statuses(callers: Callers, city: City, field: str) -> dict[str, Any]:
    """A field of the public status of every specialty."""
    return {short: callers.get("", f"/v1/specialties/{code}/status")[field] for short, code in city.codes.items()}


def approved_plan(
    callers: Callers, city: City, year: int, number: int, adjusted: Mapping[str, int] | None = None
) -> dict[str, int]:
    """A plan drafted, adjusted, submitted and approved by two people: public then and not before. Its quotas."""
    made = callers.post("planner", "/v1/enrolment-plans", {"academic_year": year}, 201)
    at = f"/v1/enrolment-plans/{made['id']}"
    for short, quota in (adjusted or {}).items():
        line = {"quota": quota, "reason": "示例：实训工位不足"}
        callers.call("planner", "PUT", f"{at}/lines/{city.codes[short]}", 200, json=line)
    for who in ("", "head-one"):
        callers.get(who, at, 404)
    document = {"document_number": f"示例招〔{year}〕{number}号"}
    callers.post("planner", f"{at}/submit")
    callers.post("planner", f"{at}/approve", document, 403)
    assert callers.post("bureau-approver", f"{at}/approve", document)["state"] == "approved"
    quotas = {row["code"]: row["quota"] for row in callers.get("", f"{at}/lines")["items"]}
    return {short: quotas[code] for short, code in city.codes.items()}


def begin_year(callers: Callers, city: City, year: int) -> dict[str, str]:
    """The academic year begins; the standings then."""
    callers.clock.now = datetime(year, 9, 1, 1, 0, tzinfo=UTC)
    callers.post("planner", f"/v1/academic-years/{year}/begin")
    return statuses(callers, city, "standing")


# --- an appeal -------------------------------------------------------------------------------------------------------


def appeal_upheld(callers: Callers, city: City, round_id: int, key: int) -> dict[str, Any]:
    """The school of the red one appeals, its panel upholds, other members decide yellow, and the bureau confirms.

    The appeal, with what followed from the overturned rating.
    """
    callers.post("head-two", f"/v1/reviews/{key}/receive", expect=204)
    lodged = callers.post("head-two", f"/v1/reviews/{key}/appeals", {"grounds": "未考虑特殊情况"}, 201)["id"]
    panel = [city.people["appeal-1"], city.people["appeal-2"]]
    callers.post("bureau-approver", f"/v1/appeals/{lodged}/admit", {"panel": panel})
    callers.post("appeal-1", f"/v1/appeals/{lodged}/hear")
    upheld = callers.post("appeal-1", f"/v1/appeals/{lodged}/uphold",
                          {"answer": "申诉成立", "new_review_from": "scored"})  # fmt: skip
    status = callers.get("", f"/v1/specialties/{city.codes['two-a']}/status")
    assert (status["rating"], status["under"]) == ("red", ["appeal", "correction"])
    new = upheld["new_review_id"]
    callers.clock.wait(1)
    decide(callers, city, committee(callers, city, "-again"), round_id, [new], choice="yellow")
    listed = publicise(callers, round_id, {"two-a": new})
    callers.clock.wait(14)
    assert confirm(callers, listed, 3)["confirmed"] == [new]
    appeal: dict[str, Any] = callers.get("bureau-approver", f"/v1/appeals/{lodged}")
    return appeal


def both_ratings_are_readable(callers: Callers, city: City, known_before: str) -> None:
    """What is in force now, and what was known to be in force before the appeal."""
    code = city.codes["two-a"]
    status = callers.get("", f"/v1/specialties/{code}/status")
    assert (status["rating"], status["under"]) == ("yellow", [])
    before = callers.call("", "GET", f"/v1/specialties/{code}/status", 200, params={"known_at": known_before})
    assert before["rating"] == "red"
    rows = callers.get("", f"/v1/specialties/{code}/ratings")["items"]
    assert [(row["rating"], row["known_to"] is None) for row in rows] == [("red", False), ("yellow", True)]


def set_the_cut_aside(callers: Callers, appeal: dict[str, Any]) -> None:
    """The quota that followed from the overturned rating is listed, and is no base for later years."""
    [cut] = appeal["follow_ups"]
    assert (cut["kind"], cut["academic_year"], cut["quota"], cut["decision"]) == ("quota", 2026, 50, None)
    decided = callers.post("bureau-approver", f"/v1/appeals/{appeal['id']}/follow-ups", {
        "key": cut["key"], "decision": "set_aside", "reason": "示例：随原评定撤销"})  # fmt: skip
    assert [f["decision"] for f in decided["follow_ups"]] == ["set_aside"]


# --- rectification ---------------------------------------------------------------------------------------------------


def rectification_of(callers: Callers, city: City, short: str) -> str:
    """The newest rectification of a specialty; its address."""
    rows = callers.get(HEAD[short], f"/v1/rectifications?specialty={city.codes[short]}")["items"]
    return f"/v1/rectifications/{rows[-1]['id']}"


def hand_in_plan(callers: Callers, city: City, short: str) -> str:
    """The school hands in its plan, and the bureau agrees; the rectification's address."""
    at = rectification_of(callers, city, short)
    callers.post(HEAD[short], f"{at}/plan", PLAN)
    assert callers.post("bureau-verifier", f"{at}/start")["state"] == "in_progress"
    return at


def recheck_passed(callers: Callers, city: City, at: str) -> None:
    """Proved, rechecked a year later, passed: the standing is normal at once."""
    callers.post("head-one", f"{at}/milestones/1/proof", WORDS)
    callers.clock.now = datetime(2027, 5, 10, 1, 0, tzinfo=UTC)
    due = callers.post("secretary", "/v1/rectifications/act-on-due")
    assert f"/v1/rectifications/{due['rechecks'][0]}" == at
    assert callers.post("bureau-approver", f"{at}/pass", {"findings": "示例：目标全部完成"})["state"] == "passed"
    status = callers.get("", f"/v1/specialties/{city.codes['one-b']}/status")
    assert (status["rating"], status["standing"]) == ("yellow", "normal")
