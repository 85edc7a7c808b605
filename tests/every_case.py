"""A row of every machine: the world of the rights' tests, and beside it what nobody there asks about."""

from datetime import timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_person, make_specialty
from factories_applications import minutes
from factories_rights import ELSEWHERE, World, make_world
from specialty_eval.actions import (
    appeals,
    application_decisions,
    applications,
    documents,
    lists,
    plans,
    rectifications,
    successions,
)
from specialty_eval.actions.successions import NewSuccession
from specialty_eval.engine.documents import DocumentKind
from specialty_eval.engine.lists import ListKind
from specialty_eval.engine.permissions import Role
from specialty_eval.engine.succession import Act, Subject, Wanted
from specialty_eval.paper import shipped
from specialty_eval.store.closings import ClosingAppealPanelist
from specialty_eval.store.deliberation import PanelScore
from specialty_eval.store.designations import Designation, DesignationLoss
from specialty_eval.store.experts import Allotment
from specialty_eval.store.ledger import EventSeal
from specialty_eval.store.material import MaterialCheck, MaterialRelease
from specialty_eval.store.outcomes import EnrolmentLine, Erratum, Standing
from specialty_eval.store.overdue import Escalation
from specialty_eval.store.registry import CatalogueEntry, Intake, SpecialtyCode
from specialty_eval.store.site_visits import SiteVisitor, SiteVisitReport
from specialty_eval.store.supports import SupportGrant
from specialty_eval.store.teach_outs import TeachOutCohort, TeachOutCount


def make_every_case(session: Session) -> World:
    """Also an upheld appeal, a proved milestone, an approved plan, a published list, a standing, an expert's score."""
    world = make_world(session)
    appeal, plan = int(str(world.named["appeal_id"])), int(str(world.named["plan_id"]))
    appeals.hear(world.as_("appeal-1"), appeal)
    appeals.uphold(world.as_("appeal-1"), appeal, appeals.Upheld("scored", "示例：申诉成立"))
    mended = int(str(world.named["begun_rectification"]))
    rectifications.prove(world.as_("head-two"), mended, "1", rectifications.Proof("示例：已完成"))
    bare = sa.select(SpecialtyCode.code).join(EnrolmentLine, EnrolmentLine.specialty_id == SpecialtyCode.specialty_id)
    for code in session.scalars(bare.where(EnrolmentLine.plan_id == plan, EnrolmentLine.computed.is_(None))).all():
        plans.adjust(world.as_("planner"), plan, code, plans.Adjustment(10, "示例：没有基数"))
    plans.submit(world.as_("planner"), plan)
    plans.approve(world.as_("bureau-approver"), plan, "示例招〔2026〕1号")
    named = lists.build(world.as_("secretary"), world.sitting.round_id, ListKind.URGENT)
    lists.approve(world.as_("bureau-approver"), named.id, "示例专〔2026〕1号", named.digest)
    lists.publish(world.as_("secretary"), named.id, 2027)
    secretary, kind = world.as_("secretary"), DocumentKind.DECISION_LETTER
    documents.number_as(secretary, kind, "示教评〔{year}〕{number}号", None)
    documents.upload(secretary, kind, shipped.template(kind), "示例")

    _application(world)
    _succeed(world)
    now = world.city.now
    session.add(Standing(specialty_id=world.city.specialties["one-a"], state="normal", since=now.date(),
                         academic_year=2026, supports=[], updated_at=now))  # fmt: skip
    session.add(PanelScore(assignment_id=int(str(world.named["assignment_id"])), measure="quality",
                           score=Decimal(80), given_at=now))  # fmt: skip
    _designated(world)
    _closing_appealed(world)
    _supported(world)
    session.add_all([
        Erratum(publication_id=int(str(world.named["publication_id"])), text="示例更正", made_at=now),
        SiteVisitor(review_id=world.reviews["scored"], person_id=world.city.people["site-visitor"], named_at=now,
                    due=now + timedelta(days=9)),
        SiteVisitReport(review_id=world.reviews["scored"], visited_on=now.date(), findings="示例", reported_at=now),
        Allotment(round_id=world.sitting.round_id, number=1, state="asked", version=1, updated_at=now, per_review=3,
                  at_most=5, asked_at=now),
        MaterialRelease(check_id=session.scalars(sa.select(sa.func.min(MaterialCheck.id))).one(), reason="示例",
                        released_by=world.city.people["secretary"], released_at=now),
        EventSeal(through=1, count=0, previous="", head="0" * 64, sealed_at=now),
        Escalation(what="decision", subject_id=1, review_id=world.reviews["scored"], due=now, escalated_at=now),
        Intake(kind="schools", digest="0" * 64, rows=1, new=1, changed=0, unchanged=0, loaded_at=now),
    ])  # fmt: skip
    session.flush()
    return world


def _closing_appealed(world: World) -> None:
    """Somebody to hear the appeal against the closing."""
    heard_by = ClosingAppealPanelist(
        appeal_id=world.named["closing_appeal_id"], person_id=world.city.people["appeal-1"]
    )
    world.sitting.session.add(heard_by)


def _supported(world: World) -> None:
    """A support that was granted, and a cohort that was counted."""
    now, key, session = world.city.now, world.city.specialties["one-a"], world.sitting.session
    counted = TeachOutCount(specialty_id=key, number=1, counted_on=now.date(), reported_at=now)
    session.add_all([
        counted,
        SupportGrant(specialty_id=key, academic_year=2026, support="funding", what="示例", document_number="示例1号",
                     valid_from=now.date(), state="granted", granted_by=world.city.people["bureau-approver"],
                     granted_at=now, updated_at=now),
    ])  # fmt: skip
    session.flush()
    session.add(TeachOutCohort(count_id=counted.id, entry_year=2025, students=30))


def _designated(world: World) -> None:
    """A specialty and a group that bear one, the first under review since it lost green."""
    now, people = world.city.now, world.city.people
    granted = {"jurisdiction_code": "371400", "kind": "high_level", "tier": "secondary", "grounds": "示例",
               "proposed_by": people["secretary"], "proposed_at": now, "granted_by": people["bureau-approver"],
               "granted_at": now, "document_number": "示例职〔2026〕1号", "updated_at": now}  # fmt: skip
    alone, of_group = world.city.specialties["confirmed"], world.city.specialties["scored"]
    rows = [Designation(specialty_id=alone, state="under_review", review_since=now, **granted),
            Designation(specialty_id=of_group, group_id=world.named["group_id"], state="granted",
                        **granted)]  # fmt: skip
    session = world.sitting.session
    session.add_all(rows)
    session.flush()
    session.add(DesignationLoss(designation_id=rows[0].id, specialty_id=alone, review_id=world.reviews["confirmed"],
                                lost_at=now))  # fmt: skip


def _application(world: World) -> None:
    """An off-catalogue one with both opinions, before the committee, which voted for it."""
    key, secretary = int(str(world.named["application_id"])), world.as_("secretary")
    for party, who in (("bureau", "bureau-approver"), ("department", "hrss")):
        applications.opine(world.as_(who), key, party, True, "示例：同意", "示例〔2026〕1号")
    applications.check(secretary, key)
    applications.conclude(secretary, key)
    applications.refer(secretary, key)
    words = [word for word in minutes(world.sitting).words if word.member != world.sitting.members["industry-1"]]
    application_decisions.vote(secretary, key, minutes(world.sitting, words=words))


def _succeed(world: World) -> None:
    """Another city's school had another code, and its specialty with it."""
    city, bureau = world.city, world.city.organisations[f"bureau:{ELSEWHERE}"]
    roles = {Role.BUREAU_APPROVER: bureau}
    city.people["approver-elsewhere"] = make_person(city.session, login="approver-elsewhere", roles=roles)
    entry = city.session.scalars(sa.select(CatalogueEntry).limit(1)).one()
    make_specialty(city.session, school_id=city.schools["elsewhere"], entry=entry)
    wanted = (Wanted("3637150001", code="3637150009"),)
    today = world.as_("stranger").today
    new = NewSuccession(Subject.SCHOOL, Act.RENAMED, today, "示例：换码", "示例教〔2026〕3号", wanted)
    made = successions.propose(world.as_("stranger"), new)
    successions.record(world.as_("approver-elsewhere"), made.id)
