"""If-Match on every route that takes it: who has read another version is told so, and nothing changes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories_consequences import make_confirmed
from factories_deliberation import Sitting
from specialty_eval.store.amendments import Amendment
from specialty_eval.store.applications import Application
from specialty_eval.store.base import Base, make_engine
from specialty_eval.store.closings import ClosingAppeal, ClosingProposal
from specialty_eval.store.cycles import Cycle, PolicyDocument, Round
from specialty_eval.store.deliberation import ExpertAssignment
from specialty_eval.store.designations import Designation
from specialty_eval.store.experts import Allotment
from specialty_eval.store.outcomes import (
    Appeal,
    AppealPanelist,
    EnrolmentPlan,
    Objection,
    Publication,
    Rectification,
)
from specialty_eval.store.reviews import Challenge
from specialty_eval.store.specialty_lists import SpecialtyList
from specialty_eval.store.successions import Succession
from specialty_eval.store.supports import SupportGrant

STALE = {"If-Match": '"v999999999"'}


@dataclass
class Served:
    """A server, a row of every kind that has a version, and how many rows there are of anything."""

    callers: Callers
    s: Sitting
    ids: dict[str, int]
    engine: sa.Engine

    def filled(self, path: str) -> str:
        """The path with a row of every kind it names."""
        values = {**self.ids, "code": self.s.city.codes["one-a"]}
        return re.sub(r"{(\w+)}", lambda found: str(values.get(found[1], 1)), path)

    def everything(self) -> list[object]:
        """Every versioned row with its state, and how many events there are."""
        versioned = [t for t in Base.metadata.tables.values() if {"state", "version", "id"} <= set(t.c.keys())]
        with self.engine.connect() as connection:
            rows = [tuple(r) for t in versioned for r in connection.execute(sa.select(t.c.id, t.c.state, t.c.version))]
            events = connection.scalar(sa.text("SELECT count(*) FROM event"))
        return [sorted(rows, key=str), events]


def add_cases(session: Session, s: Sitting) -> dict[str, int]:
    """An open review of evidence, a challenge, an objection, an appeal, an assignment, a plan; parameter → id."""
    now, people, review = s.city.now, s.city.people, s.reviews["one-a"]
    due = {"version": 1, "updated_at": now}
    challenge = Challenge(review_id=review, measure="graduates", stated="1", claimed="2", reason="示例", state="open",
                          answer_due=now + timedelta(9), made_at=now, **due)  # fmt: skip
    publication = session.scalars(sa.select(Publication)).first()
    assert publication is not None
    objection = Objection(publication_id=publication.id, review_id=review, state="received", grounds="示例",
                          received_at=now, admissibility_due=now + timedelta(9), **due)  # fmt: skip
    appeal = Appeal(review_id=review, state="received", grounds="示例", received_at=now,
                    answer_due=now + timedelta(9), **due)  # fmt: skip
    allotment = Allotment(round_id=s.round_id, number=1, state="proposed", per_review=3, at_most=5,
                          question_digest="0" * 64, asked_at=now, **due)  # fmt: skip
    session.add(allotment)
    asked = ExpertAssignment(review_id=review, person_id=people["expert-1"], state="invited", due=now, **due)
    plan = EnrolmentPlan(jurisdiction_code="371400", academic_year=2040, number=1, state="draft", drafted_at=now, **due)
    pinned = session.scalar(sa.select(Round.policy_id).where(Round.id == s.round_id))
    named = SpecialtyList(round_id=s.round_id, jurisdiction_code="371400", policy_id=pinned, kind="negative", number=1,
                          state="built", digest="0" * 64, looked_at=1, named=0, built_by=people["secretary"],
                          built_at=now, **due)  # fmt: skip
    other = PolicyDocument(policy_id="x", policy_version="1", digest="1" * 64, title={}, jurisdiction_code="371400",
                           text="", canonical="", imported_at=now)  # fmt: skip
    session.add(other)
    session.flush()
    amended = Amendment(round_id=s.round_id, from_policy_id=pinned, to_policy_id=other.id, reason="示例",
                        state="proposed", proposed_by=people["secretary"], proposed_at=now, **due)  # fmt: skip
    designated = Designation(jurisdiction_code="371400", kind="demonstration", tier="secondary", state="proposed",
                             specialty_id=s.city.specialties["one-a"], grounds="示例", proposed_by=people["secretary"],
                             proposed_at=now, **due)  # fmt: skip
    applied = Application(
        jurisdiction_code="371400", school_id=s.city.schools["one"], policy_id=pinned, kind="close", state="received",
        specialty_id=s.city.specialties["one-b"], catalogue_code="660103", direction="", name="示例", level="secondary",
        class_code="66", class_name="示例", length="", campus="", partner="", agreement="", department_code="",
        changes={}, grounds="示例",
        students=0, evidence_year=2025, received_at=now, received_by=people["head-one"], **due,
    )  # fmt: skip
    renamed = Succession(jurisdiction_code="371400", subject="school", act="renamed", effective_on=now.date(),
                         reason="示例", document_number="示例", wanted=[{"of": "3637000003", "name": "示例"}],
                         state="proposed", proposed_by=people["secretary"], proposed_at=now, **due)  # fmt: skip
    session.add_all([challenge, objection, appeal, asked, plan, named, amended, designated, applied, renamed])
    session.flush()
    session.add(AppealPanelist(appeal_id=appeal.id, person_id=people["appeal-1"]))
    mending = session.scalars(sa.select(Rectification)).first()
    assert mending is not None
    proposal = ClosingProposal(specialty_id=mending.specialty_id, rectification_id=mending.id, grounds="plan_lapsed",
                               proposed_at=now, deemed_served_at=now + timedelta(9))  # fmt: skip
    session.add(proposal)
    session.flush()
    against = ClosingAppeal(proposal_id=proposal.id, specialty_id=proposal.specialty_id, state="received",
                            grounds="示例", received_at=now, received_by=people["head-one"],
                            answer_due=now + timedelta(9), **due)  # fmt: skip
    support = SupportGrant(specialty_id=s.city.specialties["one-a"], academic_year=2026, support="funding", what="示例",
                           document_number="示例1号", valid_from=now.date(), state="granted",
                           granted_by=people["bureau-approver"], granted_at=now, **due)  # fmt: skip
    session.add_all([against, support])
    session.flush()
    cycle = session.scalars(sa.select(Cycle.id)).first() or 0
    item = next(iter(s.items.values()))
    return {"review_id": review, "allotment_id": allotment.id,
            "challenge_id": challenge.id, "objection_id": objection.id, "appeal_id": appeal.id,
            "assignment_id": asked.id, "plan_id": plan.id, "publication_id": publication.id, "cycle_id": cycle,
            "round_id": s.round_id, "item_id": item, "rectification_id": mending.id,
            "proposal_id": proposal.id, "list_id": named.id, "amendment_id": amended.id, "year": 2026,
            "designation_id": designated.id, "application_id": applied.id,
            "support_id": support.id, "closing_appeal_id": against.id, "succession_id": renamed.id}  # fmt: skip


@pytest.fixture
def served(fresh_database: str, tmp_path: Path) -> Iterator[Served]:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        s = make_confirmed(session)
        ids = add_cases(session, s)
        session.commit()
    with serving(fresh_database, tmp_path) as callers:
        callers.clock.now = s.city.now
        yield Served(callers, s, ids, engine)
    engine.dispose()


def sample(schema: dict[str, Any], shapes: dict[str, Any]) -> Any:
    """A value of this shape."""
    if "$ref" in schema:
        return sample(shapes[schema["$ref"].rpartition("/")[2]], shapes)
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], shapes)
    value: Any = "2026-12-31" if schema.get("format") == "date" else "示例"
    match schema.get("type"):
        case _ if "enum" in schema:
            value = schema["enum"][0]
        case "object":
            value = {name: sample(schema["properties"][name], shapes) for name in schema.get("required", ())}
        case "array":
            value = [sample(schema["items"], shapes)] * schema.get("minItems", 0)
        case "integer":
            value = 1
        case "boolean":
            value = False
        case _ if "pattern" in schema:
            value = "0" * 64
    return value


def conditional(served: Served) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """(operation, method, address, body and query) of every act that takes a version, once for each of its events."""
    described = served.callers.get("", "/v1/openapi.json")
    shapes = described["components"]["schemas"]
    for path, operations in described["paths"].items():
        for method, o in operations.items():
            parameters = o.get("parameters", [])
            if "if-match" not in {p["name"].lower() for p in parameters}:
                continue
            more: dict[str, Any] = {
                "params": {p["name"]: "示例" for p in parameters if p["in"] == "query" and p["required"]}
            }
            bodies = o.get("requestBody", {}).get("content", {})
            if "application/json" in bodies:
                more["json"] = sample(bodies["application/json"]["schema"], shapes)
            elif bodies:
                more["content"] = b"%PDF-1.7"
            events = [
                shapes[p["schema"]["$ref"].rpartition("/")[2]]["enum"] for p in parameters if p["name"] == "event"
            ]
            for event in events[0] if events else [""]:
                yield f"{method} {path}", method, served.filled(path.replace("{event}", event)), more


def test_every_route_that_takes_a_version_refuses_a_stale_one_and_changes_nothing(served: Served) -> None:
    c, before = served.callers, served.everything()
    everybody = ["secretary", "bureau-approver", "bureau-verifier", "county-one", "head-one", "editor-one", "planner",
                 "expert-1", "appeal-1", "chair"]  # fmt: skip
    for who in everybody:
        c.get(who, "/v1/me")
    told: dict[str, set[int]] = {}
    for name, method, at, more in conditional(served):
        for who in everybody:
            headers = {**STALE, "Authorization": f"Bearer {c.tokens[who][0]}"}
            answer = c.http.request(method, c.base + at, headers=headers, **more)
            told.setdefault(name, set()).add(answer.status_code)
    assert len(told) > 35
    assert {name: s for name, s in told.items() if not s <= {403, 404, 409, 412, 422}} == {}
    assert {name: s for name, s in told.items() if 412 not in s} == {}
    assert served.everything() == before


def test_a_route_without_versions_says_so_rather_than_leave_the_condition_out(served: Served) -> None:
    before = served.everything()
    for path in (f"/v1/rounds/{served.s.round_id}/remind", "/v1/committee/members", "/v1/sign-out"):
        answer = served.callers.call("secretary", "POST", path, 422, json={}, headers={"If-Match": '"v1"'})
        assert list(answer["totals"]) == ["if-match-not-here"]
    assert served.everything() == before
