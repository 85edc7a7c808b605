"""Preview, service and publication over HTTP, and what the public sees when."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories_deliberation import Sitting, make_decided
from specialty_eval.actions import seals
from specialty_eval.store.base import make_engine
from specialty_eval.store.ledger import Event, EventSeal

RATINGS = {"one-a": "yellow", "two-a": "green", "city-a": "red"}
HEADS = {"one-a": "head-one", "two-a": "head-two", "city-a": "head-city"}


@dataclass
class Served:
    """A server, and what is in its database."""

    callers: Callers
    s: Sitting


@pytest.fixture
def decided(fresh_database: str, tmp_path: Path) -> Iterator[Served]:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        s = make_decided(session, RATINGS)
        session.commit()
    engine.dispose()
    with serving(fresh_database, tmp_path) as callers:
        callers.clock.now = s.city.now
        yield Served(callers, s)


def test_from_the_preview_to_a_closed_list(decided: Served) -> None:
    c, s = decided.callers, decided.s
    mine, r = s.reviews["one-a"], f"/v1/rounds/{s.round_id}"

    c.post("head-one", f"/v1/reviews/{mine}/acknowledge", {}, 409)
    assert sorted(c.post("secretary", f"{r}/preview")["previewed"]) == sorted(s.reviews.values())
    c.get("head-one", f"/v1/reviews/{mine}/decision", 409)
    assert c.post("head-one", f"/v1/reviews/{mine}/acknowledge")["label"] == {"zh": "黄牌"}
    assert c.get("head-one", f"/v1/reviews/{mine}/decision")["rating"] == "yellow"
    for who in ("head-two", "county-one", "nobody"):
        c.get(who, f"/v1/reviews/{mine}/decision", 404)

    made = c.post("secretary", f"{r}/publications", {}, 201)
    at = f"/v1/publications/{made['id']}"
    assert made["counts"] == {"total": 3, "green": 1, "red": 1, "yellow": 1}
    c.get("", at, 404)
    assert c.get("", f"{r}/publications")["items"] == []
    seen = c.get("bureau-approver", at)
    assert {a["event"]: a["possible"] for a in seen["actions"]} == {"approve": True}
    assert {a["event"]: [p["code"] for p in a["reasons"]] for a in c.get("secretary", at)["actions"]} == {
        "redraft": [], "approve": ["second-person-missing", "two-roles-missing"],
    }  # fmt: skip
    c.post("secretary", f"{at}/approve", {"digest": made["digest"]}, 409)
    c.post("bureau-approver", f"{at}/approve", {"digest": "0" * 64}, 409)
    c.call("bureau-approver", "POST", f"{at}/approve", 412, json={"digest": made["digest"]},
           headers={"If-Match": '"v9"'})  # fmt: skip
    again = c.post("secretary-2", f"{at}/redraft", {"reason": "示例：重新核对", "reviews": list(s.reviews.values())})
    assert (again["edition"], again["digest"] == made["digest"]) == (2, False)
    c.post("bureau-approver", f"{at}/approve", {"digest": again["digest"]})

    refused = c.post("secretary", f"{at}/open", {}, 409)
    assert refused["totals"] == {"school-not-served": 2, "preview-running": 1}
    c.clock.wait(20)
    assert c.post("secretary", f"{at}/open")["state"] == "in_publicity"
    c.post("secretary", f"{at}/close", {}, 409)
    made_public = c.post("secretary", f"{at}/errata", {"text": "示例：更正校名", "review": mine}, 201)
    public = c.get("", f"{at}?limit=2")
    assert [e["code"] for e in public["entries"]["items"]] == [s.city.codes["one-a"], s.city.codes["two-a"]]
    rest = c.get("", f"{at}?limit=2&after={public['entries']['next']}")["entries"]
    assert ([e["rating"] for e in rest["items"]], rest["next"]) == (["red"], None)
    assert ([(e["id"], e["text"]) for e in public["errata"]], public["actions"]) == (
        [(made_public["id"], "示例：更正校名")], [],
    )  # fmt: skip
    assert [p["id"] for p in c.get("", f"{r}/publications")["items"]] == [made["id"]]
    c.clock.wait(10)
    assert c.post("secretary", f"{at}/close")["state"] == "closed"


def settle(session: Session) -> None:
    """Wait until nothing that runs on this server, in another test's database too, began before the last event."""
    settled = "SELECT max(transaction) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM event"
    for _ in range(1200):
        if session.scalar(sa.text(settled)):
            return
        session.rollback()
        time.sleep(0.1)
    pytest.fail("a transaction on this server has been running for two minutes")


def test_a_notice_prints_the_head_of_all_that_happened_before_it(decided: Served, fresh_database: str) -> None:
    c, s = decided.callers, decided.s
    c.post("secretary", f"/v1/rounds/{s.round_id}/preview")
    made = c.post("secretary", f"/v1/rounds/{s.round_id}/publications", {}, 201)
    at = f"/v1/publications/{made['id']}"
    c.post("bureau-approver", f"{at}/approve", {"digest": made["digest"]})
    c.clock.wait(20)
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine) as session:
        settle(session)
        session.rollback()
        c.post("secretary", f"{at}/open")
        head = c.get("", at)["seal_head"]
        approved = session.scalar(sa.select(Event.transaction).where(Event.kind == "publication.approve"))
        through = session.scalar(sa.select(EventSeal.through).where(EventSeal.head == head))
        assert seals.verify(session, head)[1] == []
    engine.dispose()
    assert (through or 0) >= (approved or 1)


def test_wrong_bodies_are_refused_and_nothing_moves(decided: Served) -> None:
    c, s = decided.callers, decided.s

    wrong: object
    for wrong in ({"reviews": []}, {"reviews": ["1"]}, {"review": [1]}, {"reviews": [1.5]}):
        c.post("secretary", f"/v1/rounds/{s.round_id}/preview", wrong, 422)
        c.post("secretary", f"/v1/rounds/{s.round_id}/publications", wrong, 422)
    c.post("secretary", f"/v1/rounds/{s.round_id}/publications", {}, 422)  # nothing is previewed yet
    for digest in ("", "abc", "G" * 64, 1):
        c.post("bureau-approver", "/v1/publications/1/approve", {"digest": digest}, 422)
    c.post("secretary", "/v1/rounds/999999/preview", {}, 404)
    c.post("secretary", "/v1/rounds/999999/publications", {}, 404)
    c.get("", "/v1/rounds/999999/publications", 404)
    c.get("", "/v1/publications/999999", 404)
    assert c.get("secretary", f"/v1/rounds/{s.round_id}")["reviews"] == {"decided": 3}


def test_schools_counties_and_strangers_write_nothing(decided: Served) -> None:
    c, s = decided.callers, decided.s
    c.post("secretary", f"/v1/rounds/{s.round_id}/preview")
    made = c.post("secretary", f"/v1/rounds/{s.round_id}/publications", {}, 201)
    at = f"/v1/publications/{made['id']}"

    for who in ("head-one", "county-one", "expert-1", "chair", "nobody"):
        c.post(who, f"/v1/rounds/{s.round_id}/preview", {}, 403)
        c.post(who, f"/v1/rounds/{s.round_id}/publications", {}, 403)
        c.post(who, f"{at}/approve", {"digest": made["digest"]}, 404)
        c.post(who, f"{at}/redraft", {"reason": "示例"}, 404)
        c.post(who, f"{at}/open", {}, 404)
        c.post(who, f"{at}/close", {}, 403)
        c.post(who, f"{at}/errata", {"text": "示例"}, 403)
    assert c.get("secretary", at)["state"] == "drafted"
