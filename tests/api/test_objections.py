"""Objections over HTTP: nothing secret comes back, names stay private, answers move one review alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories_deliberation import Sitting, make_publicised
from specialty_eval.store.base import make_engine

WHO = {"name": "示例张三", "contact": "示例-0534-0000000", "grounds": "示例：人数不实"}


@dataclass
class Served:
    """A server with a list in publicity, and the list's number."""

    callers: Callers
    s: Sitting
    number: int

    def lodge(self, short: str = "one-a", expect: int = 201, **changes: Any) -> Any:
        body = {"review": self.s.reviews[short], **WHO, **changes}
        return self.callers.post("", f"/v1/publications/{self.number}/objections", body, expect)


@pytest.fixture
def out(fresh_database: str, tmp_path: Path) -> Iterator[Served]:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        s, number = make_publicised(session, {"one-a": "yellow", "two-a": "green"})
        session.commit()
    engine.dispose()
    with serving(fresh_database, tmp_path) as callers:
        callers.clock.now = s.city.now
        yield Served(callers, s, number)


def test_from_the_objection_to_its_answer(out: Served) -> None:
    c = out.callers
    kept = out.lodge()
    at = f"/v1/objections/{kept['id']}"

    assert kept.keys() == {"id", "state", "admissibility_due"}
    code = c.get("secretary", f"{at}/contact")["confirmation_code"]
    c.post("", f"{at}/confirm-contact", {"code": "x"}, 422)
    assert c.post("", f"{at}/confirm-contact", {"code": code})["state"] == "contact_confirmed"
    assert c.get("bureau-approver", f"{at}/contact") == {
        "name": WHO["name"], "contact": WHO["contact"], "confirmation_code": None,
    }  # fmt: skip
    seen = c.get("secretary", at)
    assert {a["event"]: a["possible"] for a in seen["actions"]} == {"admit": True, "rule_out": True}
    assert not any(secret in str(seen) for secret in (WHO["name"], WHO["contact"], code))
    c.call("secretary", "POST", f"{at}/admit", 412, headers={"If-Match": '"v9"'})
    assert c.post("secretary", f"{at}/admit")["answer_due"] is not None
    listed = c.get("auditor", f"/v1/publications/{out.number}/objections")
    assert [(o["id"], o["state"], o["overdue"]) for o in listed["items"]] == [(kept["id"], "admitted", False)]
    c.post("secretary", f"{at}/uphold", {"answer": "示例：属实"}, 422)
    upheld = c.post("secretary", f"{at}/uphold", {"answer": "示例：属实", "evidence_was_wrong": False})
    assert (upheld["state"], upheld["answer"]) == ("upheld", "示例：属实")
    states = c.get("secretary", f"/v1/rounds/{out.s.round_id}")["reviews"]
    assert states == {"publicised": 1, "scored": 1}

    second, third = out.lodge("two-a"), out.lodge("two-a")
    ruled = c.post("secretary", f"/v1/objections/{second['id']}/rule-out", {"answer": "示例：未留真实姓名"})
    assert ruled["state"] == "inadmissible"
    code = c.get("secretary", f"/v1/objections/{third['id']}/contact")["confirmation_code"]
    c.post("", f"/v1/objections/{third['id']}/confirm-contact", {"code": code})
    c.post("bureau-approver", f"/v1/objections/{third['id']}/admit")
    rejected = c.post("bureau-approver", f"/v1/objections/{third['id']}/reject", {"answer": "示例：数据属实"})
    assert rejected["state"] == "rejected"


def test_an_idempotency_key_of_nobody_meets_no_other_request(out: Served) -> None:
    """Nobody knows who is who without credentials: the same key and request is the same act, another body another's."""
    c, at = out.callers, f"/v1/publications/{out.number}/objections"
    body = {"review": out.s.reviews["one-a"], **WHO}

    def lodged(**changes: Any) -> tuple[int, bool]:
        answer = c.ask("", "POST", at, json={**body, **changes}, headers={"Idempotency-Key": "1"})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"], "idempotent-replayed" in answer.headers

    first, other = lodged(), lodged(name="示例李四")
    assert (first[1], other[1], first[0] != other[0]) == (False, False, True)
    assert (lodged(), lodged(name="示例李四")) == ((first[0], True), (other[0], True))


def test_an_objection_that_is_late_or_wrong_is_refused_with_every_reason(out: Served) -> None:
    refused = out.lodge(name=" ", contact="", grounds="", expect=409)
    assert refused["totals"] == {"name-missing": 1, "contact-missing": 1, "grounds-missing": 1}
    for wrong in ({"name": None}, {"grounds": "x" * 8001}, {"review": "1"}, {"anonymous": True}):
        out.lodge(expect=422, **wrong)

    out.callers.clock.wait(30)

    late = out.lodge(expect=409)["problems"]
    assert [(p["code"], p["facts"]["route"]) for p in late] == [("publicity-over", "appeal")]


def test_names_and_cases_are_nobody_elses_business(out: Served) -> None:
    c, key = out.callers, out.lodge()["id"]
    at = f"/v1/objections/{key}"

    for who in ("head-one", "county-one", "expert-1", "nobody"):
        c.get(who, at, 404)
        c.get(who, f"{at}/contact", 404)
        c.get(who, f"/v1/publications/{out.number}/objections", 404)
        for act, body in (("admit", {}), ("rule-out", {"answer": "示例"}), ("reject", {"answer": "示例"}),
                          ("uphold", {"answer": "示例", "evidence_was_wrong": True})):  # fmt: skip
            c.post(who, f"{at}/{act}", body, 404)
    for who in ("auditor", "bureau-verifier", "chair"):
        c.get(who, at)
        c.get(who, f"{at}/contact", 404)
        c.post(who, f"{at}/rule-out", {"answer": "示例"}, 403)
    assert c.get("secretary", at)["state"] == "received"
