"""What follows a rating on the walk: plans, an appeal, academic years, rectification; and what the public reads."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from e2e.path_beginning import CODES, PLACE, SECOND, Walk, head_of
from e2e.path_deliberation import decide
from e2e.path_publication import publicise_and_confirm
from specialty_eval.actions.context import SETTLES

WORDS = {"words": "示例：实训室已更新"}


def approved_plan(
    walk: Walk, year: int, number: int, adjusted: Mapping[str, int] | None = None
) -> dict[str, int]:  # fmt: skip
    """A plan drafted, adjusted, submitted and approved by two people: public then and not before. Its quotas."""
    callers = walk.callers
    made = callers.post("planner", "/v1/enrolment-plans", {"academic_year": year}, 201)
    at = f"/v1/enrolment-plans/{made['id']}"
    for short, quota in (adjusted or {}).items():
        line = {"quota": quota, "reason": "示例：实训工位不足"}
        callers.call("planner", "PUT", f"{at}/lines/{CODES[short]}", 200, json=line)
    callers.get("", at, 404)
    document = {"document_number": f"示例招〔{year}〕{number}号"}
    callers.post("planner", f"{at}/submit")
    callers.post("planner", f"{at}/approve", document, 403)
    assert callers.post("bureau-approver", f"{at}/approve", document)["state"] == "approved"
    quotas = {row["code"]: row["quota"] for row in callers.get("", f"{at}/lines")["items"]}
    return {short: quotas[code] for short, code in CODES.items()}


def begin_year(walk: Walk, year: int) -> dict[str, str]:
    """The academic year begins; the standings then."""
    walk.callers.clock.now = datetime(year, 9, 1, 1, 0, tzinfo=UTC)
    walk.callers.post("planner", f"/v1/academic-years/{year}/begin")
    return walk.statuses("standing")


# --- an appeal -------------------------------------------------------------------------------------------------------


def appeal_upheld(walk: Walk, short: str) -> str:
    """Its panel upholds, others than the first time decide yellow, and the bureau confirms; the appeal's address.

    The overturned rating stays in force until then.
    """
    callers, old, status = walk.callers, walk.reviews[short], f"/v1/specialties/{CODES[short]}/status"
    callers.post(head_of(short), f"/v1/reviews/{old}/receive", expect=204)
    lodged = callers.post(head_of(short), f"/v1/reviews/{old}/appeals", {"grounds": "示例：未考虑特殊情况"}, 201)["id"]
    at, panel = f"/v1/appeals/{lodged}", [int(callers.get(f"appeal-{n}", "/v1/me")["person_id"]) for n in (1, 2)]
    callers.post("bureau-approver", f"{at}/admit", {"panel": panel})
    callers.post("appeal-1", f"{at}/hear")
    upheld = callers.post("appeal-1", f"{at}/uphold", {"answer": "示例：申诉成立", "new_review_from": "scored"})
    assert (callers.get("", status)["rating"], callers.get("", status)["under"]) == ("red", ["appeal", "correction"])
    walk.reviews[short] = upheld["new_review_id"]
    callers.clock.now += SETTLES
    assert decide(walk, PLACE[short][1], [short], SECOND, {short: "yellow"}) == {short: "yellow"}
    who_decided_before_takes_no_part(walk, PLACE[short][1])
    publicise_and_confirm(walk, PLACE[short][1], short, "4")
    return at


def who_decided_before_takes_no_part(walk: Walk, number: int) -> None:
    """A member of the first meeting sees of the new one's only item the title."""
    meeting = walk.callers.get("research", f"/v1/rounds/{walk.rounds[number]}/meetings")["items"][-1]["id"]
    [row] = walk.callers.get("research", f"/v1/meetings/{meeting}/items")["items"]
    assert row["recused"]
    assert walk.callers.get("research", f"/v1/items/{row['id']}", 403)["totals"] == {"recused": 1}


def both_ratings_are_readable(walk: Walk, short: str, known_before: str) -> None:
    """What is in force, and what was known to be before the appeal; on no day before the rating there was one."""
    status = f"/v1/specialties/{CODES[short]}/status"
    now = walk.callers.get("", status)
    assert (now["rating"], now["valid_from"], now["under"]) == ("yellow", "2026-05-02", [])
    for asked, rating in (({"known_at": known_before}, "red"), ({"valid_at": "2026-05-01"}, None),
                          ({"valid_at": "2026-05-02"}, "yellow")):  # fmt: skip
        assert walk.callers.call("", "GET", status, 200, params=asked)["rating"] == rating
    rows = walk.callers.get("", f"/v1/specialties/{CODES[short]}/ratings")["items"]
    assert [(row["rating"], row["known_to"] is None) for row in rows] == [("red", False), ("yellow", True)]


def set_the_cut_aside(walk: Walk, appeal: str) -> None:
    """The quota that followed from the overturned rating is listed, and is no base for later years."""
    [cut] = walk.callers.get("bureau-approver", appeal)["follow_ups"]
    assert (cut["kind"], cut["academic_year"], cut["quota"], cut["decision"]) == ("quota", 2026, 50, None)
    decided = walk.callers.post("bureau-approver", f"{appeal}/follow-ups", {
        "key": cut["key"], "decision": "set_aside", "reason": "示例：随原评定撤销"})  # fmt: skip
    assert [f["decision"] for f in decided["follow_ups"]] == ["set_aside"]


# --- rectification ---------------------------------------------------------------------------------------------------


def hand_in_plan(walk: Walk, short: str, due: str) -> str:
    """The school hands in its plan, and the bureau agrees; the rectification's address."""
    rows = walk.callers.get(head_of(short), f"/v1/rectifications?specialty={CODES[short]}")["items"]
    at = f"/v1/rectifications/{rows[-1]['id']}"
    plan = {"plan": "示例：更新设备，重订培养方案", "milestones": [{"text": "示例：更新实训室", "due": due}]}
    walk.callers.post(head_of(short), f"{at}/plan", plan)
    assert walk.callers.post("bureau-verifier", f"{at}/start")["state"] == "in_progress"
    return at


def recheck_passed(walk: Walk, short: str, at: str) -> None:
    """Proved, rechecked a year later, passed: the standing is normal at once."""
    walk.callers.post(head_of(short), f"{at}/milestones/1/proof", WORDS)
    walk.callers.clock.now = datetime(2027, 5, 10, 1, 0, tzinfo=UTC)
    due = walk.callers.post("secretary", "/v1/rectifications/act-on-due")
    assert [f"/v1/rectifications/{key}" for key in due["rechecks"]] == [at]
    assert walk.statuses("standing")[short] == "restricted"
    passed = walk.callers.post("bureau-approver", f"{at}/pass", {"findings": "示例：目标全部完成"})
    assert (passed["state"], walk.statuses("standing")[short]) == ("passed", "normal")


# --- what the public reads at the end --------------------------------------------------------------------------------


def confirmations(walk: Walk, number: int) -> list[tuple[str, str]]:
    """What the feed tells of this many confirmations: rating and document.

    It withholds what a transaction that still runs could precede, one of another test on this server too: so one waits.
    """
    for _ in range(2400):
        feed = walk.callers.get("", "/v1/events?types=review.confirm")["items"]
        if len(feed) >= number:
            return sorted((event["facts"]["rating"], event["facts"]["document_number"]) for event in feed)
        time.sleep(0.1)
    pytest.fail("a transaction on this server has been running for four minutes")


def told_to_everybody(walk: Walk) -> None:
    """The red one's history, each confirmation in the feed, and the pages that show the same."""
    red = walk.callers.get("", f"/v1/specialties/{CODES['city-a']}/standing")
    assert [(e["kind"], e["from"], e["to"]) for e in red["history"]] == [
        ("standing.rate", "normal", "phasing_out"), ("standing.step", "phasing_out", "suspended"),
    ]  # fmt: skip
    assert confirmations(walk, 8) == sorted(
        (rating, f"示例评〔2026〕{number}号")
        for rating, number in (("green", "1"), ("red", "1"), ("red", "1"), ("yellow", "2"), ("green", "3"),
                               ("yellow", "4"), ("red", "5"), ("yellow", "6"))
    )  # fmt: skip
    for path in ("/", *(f"/rounds/{key}" for key in walk.rounds.values()), f"/specialties/{CODES['city-a']}"):
        assert "示例" in page(walk, path)
    assert CODES["two-b"] in page(walk, f"/rounds/{walk.rounds[2]}")


def page(walk: Walk, path: str) -> str:
    """A public page's text."""
    answer = walk.callers.ask("", "GET", path)
    assert answer.status_code == 200
    return answer.text


def final(walk: Walk) -> dict[str, tuple[Any, ...]]:
    """Rating, its year, standing and quotas of every specialty."""
    fields = ("rating", "rating_year", "standing", "quota")
    found = {short: walk.callers.get("", f"/v1/specialties/{code}/status") for short, code in CODES.items()}
    return {short: tuple(status[name] for name in fields) for short, status in found.items()}
