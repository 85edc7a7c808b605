"""A committee that cannot meet, over HTTP: put off, in writing, then the bureau; each refused before its time."""

from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories_deliberation import REGULAR, Sitting, make_convened
from specialty_eval.store.base import make_engine

FEW = ("industry-1", "enterprise-1", "research-1", "chair")


def codes(refusal: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in refusal["problems"]]


def calling(s: Sitting, c: Callers) -> dict[str, Any]:
    return {
        "round": s.round_id, "title": "示例书面表决", "held_at": c.clock.now.isoformat(), "written": True,
        "chair": s.members["chair"], "secretary": s.city.people["secretary"], "reviews": [s.reviews["one-a"]],
    }  # fmt: skip


def voted_in_writing(c: Callers, called: dict[str, Any]) -> str:
    """The meeting in writing called, its item declared on, opened and put to the vote; where the item is."""
    meeting = c.post("secretary", "/v1/meetings", called, 201)
    assert meeting["written"]
    offered = {a["event"]: [r["code"] for r in a["reasons"]] for a in meeting["actions"]}
    assert {event for event, why in offered.items() if why == ["vote-in-writing"]} == {"list", "attend", "adjourn"}
    at = f"/v1/meetings/{meeting['id']}"
    for who in (*(login for login, _ in REGULAR), "secretary", "bureau-approver"):
        c.post(who, f"{at}/declarations")
    c.post("secretary", f"{at}/open")
    item = f"/v1/items/{c.get('secretary', f'{at}/items')['items'][0]['id']}"
    told = {a["event"]: [r["code"] for r in a["reasons"]] for a in c.get("secretary", item)["actions"]}
    assert told == {"vote": [], "void": []}
    c.post("secretary", f"{item}/vote")
    return item


def test_put_off_then_in_writing_then_the_bureau(fresh_database: str, tmp_path: Path) -> None:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        s = make_convened(session, {"one-a": "yellow"})
        session.commit()
    engine.dispose()
    with serving(fresh_database, tmp_path) as c:
        c.clock.now = s.city.now
        here = f"/v1/meetings/{s.meeting}"
        assert codes(c.post("secretary", f"{here}/adjourn", expect=409)) == ["quorum-is-there"]
        c.call("secretary", "PUT", f"{here}/attendance", 200, json={"present": [s.members[m] for m in FEW]})
        assert c.post("secretary", f"{here}/adjourn")["put_off"] == [s.items["one-a"]]
        called = calling(s, c)
        assert codes(c.post("secretary", "/v1/meetings", called, 409)) == ["written-too-early"]
        c.clock.wait(20)
        item = voted_in_writing(c, called)
        for who in FEW:
            c.post(who, f"{item}/ballots", {"choice": "yellow"}, 201)
        decision = {"rating": "yellow", "reason": "示例：两次均不足法定人数"}
        assert codes(c.post("bureau-approver", f"{item}/take-over", decision, 409)) == ["written-days-running"]
        c.post("chair", f"{item}/take-over", decision, 403)
        c.post("head-one", f"{item}/take-over", decision, 403)
        offered = {a["event"]: [r["code"] for r in a["reasons"]] for a in c.get("bureau-approver", item)["actions"]}
        assert offered == {"take_over": ["written-days-running"], "void": []}
        c.clock.wait(20)
        assert codes(c.post("secretary", f"{item}/close", expect=409)) == ["vote-not-ended", "quorum-missing"]

        made = c.post("bureau-approver", f"{item}/take-over", decision)

        assert (made["by"], made["rating"], made["reason"]) == ("bureau", "yellow", decision["reason"])
        assert c.get("secretary", f"/v1/reviews/{s.reviews['one-a']}")["state"] == "decided"


def test_a_vote_in_writing_decides_once_everybody_has_voted(fresh_database: str, tmp_path: Path) -> None:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        s = make_convened(session, {"one-a": "yellow"})
        session.commit()
    engine.dispose()
    with serving(fresh_database, tmp_path) as c:
        c.clock.now = s.city.now
        here = f"/v1/meetings/{s.meeting}"
        c.call("secretary", "PUT", f"{here}/attendance", 200, json={"present": [s.members[m] for m in FEW]})
        c.post("secretary", f"{here}/adjourn")
        called = calling(s, c)
        c.clock.wait(20)
        item = voted_in_writing(c, called)
        for who, _ in REGULAR:
            c.post(who, f"{item}/ballots", {"choice": "yellow"}, 201)

        c.post("secretary", f"{item}/end-vote")
        made = c.post("secretary", f"{item}/close")

        assert (made["by"], made["rating"], made["votes"]) == ("writing", "yellow", {"yellow": len(REGULAR)})
