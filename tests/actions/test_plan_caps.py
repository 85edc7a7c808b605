"""No cap is ever exceeded: the city's, a county's, a school's, a specialty's, whoever acts at the same moment."""

from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import events, make_confirmed, quotas
from factories_deliberation import Sitting, refused
from racing import at_once
from refusing import refused_by
from specialty_eval.actions import plan_views, plans
from specialty_eval.actions.plans import Adjustment
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.store.outcomes import EnrolmentLine, EnrolmentPlan
from specialty_eval.store.plan_caps import EnrolmentCap

COUNTY, OTHER, SCHOOL = ("county", "371402"), ("county", "371403"), ("school", "3637000001")
WHY = "示例：企业订单班"


@pytest.fixture
def s(session: Session) -> Sitting:
    """one-a and one-b are of one school and county, two-a of another; 110, 100, 70 and 50 places."""
    return make_confirmed(session)


def draft(s: Sitting) -> EnrolmentPlan:
    return plans.draft(s.as_("planner"), 2026)


def test_a_plan_beyond_a_countys_or_a_schools_cap_is_neither_adjusted_to_nor_submitted(s: Sitting) -> None:
    plan = draft(s)
    assert quotas(s, plan.id) == {"one-a": 110, "one-b": 100, "two-a": 70, "city-a": 50}
    plans.cap(s.as_("planner"), plan.id, {COUNTY: 210, SCHOOL: 209, OTHER: 75})

    adjust = partial(plans.adjust, s.as_("planner"), plan.id)
    assert refused(Invalid, lambda: adjust(s.city.codes["two-a"], Adjustment(76, WHY))) == [
        ("county-total-exceeded", "lines")
    ]
    assert refused(NotNow, lambda: plans.submit(s.as_("planner"), plan.id)) == [("school-capacity-exceeded", "lines")]
    adjust(s.city.codes["one-b"], Adjustment(99, WHY))  # lowered, though the school is above its cap
    plans.submit(s.as_("planner"), plan.id)
    plans.approve(s.as_("bureau-approver"), plan.id, "示例招〔2026〕1号")
    assert plan_views.caps(s.city.nobody(), plan) == {
        "county": {"371402": 210, "371403": 75},
        "school": {SCHOOL[1]: 209},
    }


def test_a_newer_draft_keeps_the_caps_of_the_one_before(s: Sitting) -> None:
    plans.cap(s.as_("planner"), draft(s).id, {COUNTY: 300})

    assert plan_views.caps(s.as_("planner"), draft(s)) == {"county": {"371402": 300}, "school": {}}


def test_a_newer_draft_keeps_the_adjustments_of_the_one_before_that_rest_on_the_same(s: Sitting) -> None:
    """With whose they are and why; one whose ground is another now is named to those who plan, and to nobody else."""
    first = draft(s)
    plans.adjust(s.as_("planner"), first.id, s.city.codes["two-a"], Adjustment(60, f"{WHY}two-a"))
    plans.submit(s.as_("planner"), first.id)
    plans.approve(s.as_("bureau-approver"), first.id, "示例招〔2026〕1号")
    second = draft(s)
    assert quotas(s, second.id)["two-a"] == 60
    for short, quota, changed in (("one-a", 90, {"capacity": 105}), ("one-b", 95, {"cause": "accident"})):
        plans.adjust(s.as_("planner"), second.id, s.city.codes[short], Adjustment(quota, f"{WHY}{short}"))
        line = sa.update(EnrolmentLine).where(EnrolmentLine.specialty_id == s.city.specialties[short])
        s.session.execute(line.where(EnrolmentLine.plan_id == second.id).values(changed))

    newer = draft(s)

    assert quotas(s, newer.id) == {"one-a": 110, "one-b": 100, "two-a": 60, "city-a": 50}
    kept = sa.select(EnrolmentLine.quota, EnrolmentLine.adjustment_reason, EnrolmentLine.adjusted_by)
    kept = kept.where(EnrolmentLine.plan_id == newer.id, EnrolmentLine.adjustment_reason != "")
    assert [tuple(row) for row in s.session.execute(kept)] == [(60, f"{WHY}two-a", s.city.people["planner"])]
    assert plan_views.not_carried(s.as_("planner"), newer) == [
        {"code": s.city.codes[short], "quota": quota, "computed_before": was, "computed": was, "reason": WHY + short}
        for short, quota, was in (("one-b", 95, 100), ("one-a", 90, 110))
    ]
    counted = [(event.facts.get("carried"), event.facts.get("not_carried")) for event in events(s, "plan.draft")]
    assert counted == [(0, 0), (1, 0), (1, 2)]
    plans.submit(s.as_("planner"), newer.id)
    plans.approve(s.as_("bureau-approver"), newer.id, "示例招〔2026〕2号")
    assert plan_views.not_carried(s.city.nobody(), newer) == []


def test_caps_are_of_the_citys_own_places_and_set_by_its_planner_in_a_draft(s: Sitting) -> None:
    plan = draft(s)
    act = partial(plans.cap, plan_id=plan.id)
    assert refused(Invalid, lambda: act(s.as_("planner"), caps={COUNTY: -1, ("county", "371499"): 5})) == [
        ("quota-negative", "caps.371402"), ("not-found", "caps.371499"),
    ]  # fmt: skip
    assert refused(Changed, lambda: act(s.as_("planner"), caps={}, version=9)) == [
        ("changed-meanwhile", "enrolment_plan")
    ]
    for who in ("secretary", "bureau-approver"):
        refused(NotYou, partial(act, s.as_(who), caps={}))
    refused(NotFound, partial(act, s.as_("head-one"), caps={}))
    plans.submit(s.as_("planner"), plan.id)
    assert refused(NotNow, lambda: act(s.as_("planner"), caps={})) == [("step-not-open", "plan")]


def test_the_database_approves_no_plan_beyond_a_cap_and_changes_no_cap_of_one(s: Sitting) -> None:
    plan = draft(s)
    plans.cap(s.as_("planner"), plan.id, {COUNTY: 209})
    connection = s.session.connection()
    approved = (
        "UPDATE enrolment_plan SET state = 'approved', submitted_by = (SELECT min(id) FROM person), document_number ="
        " 'x', approved_by = (SELECT max(id) FROM person), approved_at = timestamptz '2027-01-01 08:00+08'"
    )
    assert refused_by(connection, approved) == "enrolment_plan_within_its_caps"
    assert refused_by(connection, f"{approved}, city_total = 10; DELETE FROM enrolment_cap") == (
        "enrolment_plan_within_its_caps"
    )
    plans.cap(s.as_("planner"), plan.id, {COUNTY: 210})
    plans.submit(s.as_("planner"), plan.id)
    for change in ("UPDATE enrolment_cap SET students = 1", "DELETE FROM enrolment_cap"):
        assert refused_by(connection, change) == "enrolment_cap_kept"


def test_eight_who_adjust_and_approve_at_once_never_go_beyond_any_cap(own_engine: sa.Engine) -> None:
    with Session(own_engine, expire_on_commit=False) as session:
        s = make_confirmed(session, opening=dict.fromkeys(("one-a", "one-b", "two-a", "city-a"), (100, 400)))
        first, second = draft(s).id, draft(s).id
        planner, approver = s.as_("planner"), s.as_("bureau-approver")
        for key in (first, second):
            plans.cap(planner, key, {COUNTY: 230, SCHOOL: 225, OTHER: 80})
        plans.submit(planner, first)
        session.commit()

        said = at_once(
            own_engine,
            *((planner, partial(plans.adjust, plan_id=second, code=s.city.codes[short], new=Adjustment(quota, WHY)))
              for short, quota in (("one-a", 120), ("one-a", 126), ("one-b", 108), ("one-b", 112), ("two-a", 80),
                                   ("two-a", 81))),
            (approver, partial(plans.approve, plan_id=first, document_number="示例1号")),
            (planner, partial(plans.submit, plan_id=second)),
        )  # fmt: skip

        assert set(said) <= {"done", "school-capacity-exceeded", "county-total-exceeded", "step-not-open"}
        assert said[5] != "done"  # more than its county may have, alone
        beyond = sa.text(
            "SELECT p.id, c.kind, c.code FROM enrolment_plan p JOIN enrolment_cap c ON c.plan_id = p.id WHERE"
            " c.students < (SELECT sum(l.quota) FROM enrolment_line l JOIN specialty s ON s.id = l.specialty_id"
            " JOIN school k ON k.id = s.school_id WHERE l.plan_id = p.id"
            " AND CASE c.kind WHEN 'county' THEN k.jurisdiction_code ELSE k.code END = c.code)"
        )
        assert session.execute(beyond).all() == []
        assert session.scalar(sa.select(sa.func.count()).select_from(EnrolmentCap)) == 6
