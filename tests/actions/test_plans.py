"""The plan of a year: what the policy gives, what a planner may change, and two people; nothing for anybody else."""

from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_person
from factories_consequences import (
    BITES,
    COLOURS,
    HOLDS,
    add_other_city,
    approved,
    events,
    lines,
    make_confirmed,
    on,
    quotas,
)
from factories_deliberation import Sitting, make_scored, refused
from racing import at_once
from specialty_eval.actions import appeals, feed, plans, ratings
from specialty_eval.actions.plans import Adjustment
from specialty_eval.engine.enrolment import Rule
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.permissions import Role
from specialty_eval.store import plan_queries
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import EnrolmentLine, EnrolmentPlan
from specialty_eval.store.registry import Specialty

FEWER = Adjustment(60, "示例：实训工位不足")


@pytest.fixture
def s(session: Session) -> Sitting:
    """One specialty of each colour and an unrated one, each with 100 students before and room for 110."""
    return make_confirmed(session)


def draft(s: Sitting, year: int = 2026, city_total: int | None = None) -> EnrolmentPlan:
    return plans.draft(s.as_("planner"), year, city_total)


def nothing_changed(s: Sitting) -> tuple[object, ...]:
    rows = s.session.execute(sa.select(EnrolmentPlan.id, EnrolmentPlan.state, EnrolmentPlan.version)).all()
    kept = s.session.execute(sa.select(EnrolmentLine.id, EnrolmentLine.quota, EnrolmentLine.adjustment_reason)).all()
    return [tuple(r) for r in rows], sorted(tuple(r) for r in kept), len(events(s, "plan.%"))


# --- what the policy gives -------------------------------------------------------------------------------------------


def test_a_draft_has_what_the_policy_gives_each_open_specialty(s: Sitting) -> None:
    plan = draft(s)

    # green +15 % but only 110 places; yellow −30 %; red −50 % first; unrated as it was.
    assert quotas(s, plan.id) == {"one-a": 110, "one-b": 100, "two-a": 70, "city-a": 50}
    assert {short: line.standing for short, line in lines(s, plan.id).items()} == {
        "one-a": "supported", "one-b": "normal", "two-a": "restricted", "city-a": "phasing_out",
    }  # fmt: skip
    assert {line.before for line in lines(s, plan.id).values()} == {100}
    assert [short for short, line in lines(s, plan.id).items() if line.limited] == ["one-a"]
    assert (plan.state, plan.number, plan.academic_year) == ("draft", 1, 2026)


def test_the_opening_balance_is_what_was_before_and_a_line_without_one_waits_for_the_planner(session: Session) -> None:
    s = make_confirmed(session, {"one-a": "yellow", "two-a": "red"}, opening={"one-a": (33, None), "two-a": (200, 200)})
    session.execute(sa.text("DELETE FROM opening_quota WHERE quota = 200"))

    found = lines(s, draft(s).id)

    assert (found["one-a"].before, found["one-a"].computed) == (33, 23)  # 33 × 70 % is 23.1: whole students, down
    assert (found["two-a"].before, found["two-a"].computed, found["two-a"].quota) == (None, None, 0)


def test_red_steps_to_nothing_over_two_years_and_stays_there(s: Sitting) -> None:
    first = approved(s, 2026)
    second = approved(on(s, 2027, 4, 1), 2027)
    third = approved(on(s, 2028, 4, 1), 2028)

    red = [lines(s, plan.id)["city-a"] for plan in (first, second, third)]
    assert [(line.quota, line.step, line.standing) for line in red] == [
        (50, 1, "phasing_out"), (0, 2, "suspended"), (0, 2, "suspended"),
    ]  # fmt: skip
    assert {line.base for line in red} == {100}
    yellow = [lines(s, plan.id)["two-a"] for plan in (first, second)]
    assert [(line.quota, line.rule) for line in yellow] == [(70, Rule.CHANGE), (70, Rule.KEEP)]


def test_a_flag_acts_instead_of_its_colour(session: Session) -> None:
    s = make_confirmed(session, {"one-a": "red", "two-a": "red"}, reasons={"one-a": ["low", "red-again"]})

    found = lines(s, draft(s).id)

    assert {short: (line.cause, line.quota, line.standing) for short, line in found.items()} == {
        "one-a": ("red-again", 0, "suspended"), "two-a": ("red", 50, "phasing_out"),
    }  # fmt: skip


def test_a_rating_confirmed_after_the_cutoff_acts_on_the_plan_after_the_next(session: Session) -> None:
    s = make_confirmed(session, policy=BITES.replace('"06-30"', '"03-01"'))

    assert set(quotas(s, draft(s, 2026).id).values()) == {100}
    assert quotas(s, draft(s, 2027).id)["city-a"] == 50


@pytest.mark.parametrize(("policy", "quota"), [(BITES, 70), (HOLDS, 100)])
def test_an_open_appeal_holds_a_quota_where_the_policy_says_so(session: Session, policy: str, quota: int) -> None:
    s = make_confirmed(session, policy=policy)
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例：未考虑特殊情况")

    assert quotas(s, draft(s).id)["two-a"] == quota


def test_a_closed_specialty_has_no_line(s: Sitting) -> None:
    s.session.execute(
        sa.update(Specialty).where(Specialty.id == s.city.specialties["two-a"]).values(closed_on=s.city.now.date())
    )

    assert "two-a" not in quotas(s, draft(s).id)


def test_drafting_says_everything_that_is_wrong_with_what_is_asked(s: Sitting) -> None:
    assert refused(Invalid, lambda: draft(s, 2031, -1)) == [
        ("academic-year-out-of-reach", "academic_year"), ("quota-negative", "city_total"),
    ]  # fmt: skip


def test_without_a_policy_there_is_nothing_to_draft_by(s: Sitting) -> None:
    add_other_city(s)

    assert refused(NotNow, lambda: plans.draft(s.as_("other-planner"), 2026)) == [("no-policy-pinned", "policy")]


# --- adjusting -------------------------------------------------------------------------------------------------------


def test_a_line_is_adjusted_with_its_reason_on_record(s: Sitting) -> None:
    plan = draft(s)

    _, line = plans.adjust(s.as_("planner"), plan.id, s.city.codes["two-a"], FEWER)

    assert (line.quota, line.computed, line.adjustment_reason) == (60, 70, FEWER.reason)
    assert line.adjusted_by == s.city.people["planner"]
    [event] = events(s, "plan.adjust")
    assert (event.reason, event.audience, event.specialty_id) == (FEWER.reason, "office", s.city.specialties["two-a"])
    assert (event.facts["from"], event.facts["to"], plan.version) == (70, 60, 2)


def test_set_back_to_what_the_policy_gives_a_line_needs_no_reason(s: Sitting) -> None:
    plan = draft(s)
    plans.adjust(s.as_("planner"), plan.id, s.city.codes["two-a"], FEWER)

    _, line = plans.adjust(s.as_("planner"), plan.id, s.city.codes["two-a"], Adjustment(70))

    assert (line.quota, line.adjustment_reason) == (70, "")


@pytest.mark.parametrize(
    ("new", "codes"),
    [
        (Adjustment(-1), ["quota-negative", "adjustment-reason-missing"]),
        (Adjustment(111, "  "), ["quota-above-capacity", "adjustment-reason-missing", "city-total-exceeded"]),
        (Adjustment(71, "示例"), ["city-total-exceeded"]),
    ],
)
def test_an_adjustment_is_refused_with_every_reason(s: Sitting, new: Adjustment, codes: list[str]) -> None:
    plan = draft(s, city_total=330)
    before = nothing_changed(s)

    found = refused(Invalid, lambda: plans.adjust(s.as_("planner"), plan.id, s.city.codes["two-a"], new))

    assert [code for code, _ in found] == codes
    assert nothing_changed(s) == before


def test_a_total_that_is_exceeded_already_does_not_keep_a_line_from_being_lowered(s: Sitting) -> None:
    plan = draft(s, city_total=300)  # the policy gives 330
    assert [code for code, _ in refused(NotNow, lambda: plans.submit(s.as_("planner"), plan.id))] == [
        "city-total-exceeded"
    ]

    for short, quota in (("one-a", 95), ("one-b", 90), ("two-a", 65)):
        plans.adjust(s.as_("planner"), plan.id, s.city.codes[short], Adjustment(quota, "示例：全市总量"))

    assert plans.submit(s.as_("planner"), plan.id).state == "submitted"


def test_what_is_not_in_a_plan_cannot_be_adjusted(s: Sitting) -> None:
    plan = draft(s)
    act = partial(plans.adjust, s.as_("planner"), plan.id, new=Adjustment(1, "示例"))

    assert refused(NotFound, lambda: act("0000000000-000000"))[0][0] == "not-found"
    s.session.execute(sa.delete(EnrolmentLine).where(EnrolmentLine.specialty_id == s.city.specialties["two-a"]))
    assert refused(NotFound, lambda: act(s.city.codes["two-a"])) == [("not-found", "line")]


def test_who_read_an_older_version_adjusts_nothing(s: Sitting) -> None:
    plan = draft(s)
    plans.adjust(s.as_("planner"), plan.id, s.city.codes["two-a"], FEWER, version=1)

    again = partial(plans.adjust, s.as_("planner"), plan.id, s.city.codes["two-a"], Adjustment(1, "示例"), version=1)

    assert refused(Changed, again) == [("changed-meanwhile", "enrolment_plan")]


def test_a_submitted_plan_is_not_adjusted_until_it_was_given_back(s: Sitting) -> None:
    plan = draft(s)
    plans.submit(s.as_("planner"), plan.id)
    act = partial(plans.adjust, s.as_("planner"), plan.id, s.city.codes["two-a"], FEWER)
    assert refused(NotNow, act) == [("step-not-open", "plan")]

    assert refused(NotNow, lambda: plans.return_(s.as_("bureau-approver"), plan.id, " ")) == [
        ("reason-missing", "reason")
    ]
    plans.return_(s.as_("bureau-approver"), plan.id, "示例：请说明红牌专业的安排")

    assert act()[1].quota == 60
    assert [e.reason for e in events(s, "plan.return")] == ["示例：请说明红牌专业的安排"]


# --- two people ------------------------------------------------------------------------------------------------------


def test_an_approved_plan_says_by_whom_and_under_which_document_and_is_public(s: Sitting) -> None:
    plan = approved(s, 2026)

    people = s.city.people
    assert (plan.state, plan.submitted_by, plan.approved_by) == (
        "approved",
        people["planner"],
        people["bureau-approver"],
    )
    [event] = events(s, "plan.approve")
    assert (event.source, event.target, event.audience) == ("submitted", "approved", "public")
    assert event.facts == {"academic_year": 2026, "number": 1, "document_number": "示例招〔2026〕1号", "students": 330}
    assert plans.is_public(plan)


def test_nobody_approves_their_own_plan(s: Sitting) -> None:
    bureau = s.city.organisations["bureau:371400"]
    both = {Role.PLANNER: bureau, Role.BUREAU_APPROVER: bureau}
    s.city.people["both"] = make_person(s.session, login="both", roles=both)
    plan = draft(s)
    plans.submit(s.as_("both"), plan.id)

    assert refused(NotNow, lambda: plans.approve(s.as_("both"), plan.id, "示例1号")) == [("second-person-missing", "")]
    assert refused(NotNow, lambda: plans.approve(s.as_("bureau-approver"), plan.id, " ")) == [
        ("document-number-missing", "document_number")
    ]


def test_a_newer_plan_supersedes_the_approved_one_and_what_was_drafted_before_it(s: Sitting) -> None:
    first = approved(s, 2026)
    forgotten, newer = draft(s), draft(s)
    plans.submit(s.as_("planner"), newer.id)
    assert first.state == "approved"

    plans.approve(s.as_("bureau-approver"), newer.id, "示例招〔2026〕2号")

    rows = s.session.execute(sa.select(EnrolmentPlan.number, EnrolmentPlan.state).order_by(EnrolmentPlan.number)).all()
    assert [tuple(row) for row in rows] == [(1, "superseded"), (2, "superseded"), (3, "approved")]
    assert [e.facts for e in events(s, "plan.supersede")] == [{"by": 3}, {"by": 3}]
    told = sa.select(sa.func.count()).where(Event.kind == "plan.supersede")
    seen = {who: s.session.scalar(told.where(feed.visible(s.as_(who)))) for who in ("secretary", "auditor", "head-one")}
    assert seen == {"secretary": 2, "auditor": 2, "head-one": 0}
    assert refused(NotNow, lambda: plans.submit(s.as_("planner"), forgotten.id)) == [("step-not-open", "plan")]
    s.session.expire_all()
    assert (plans.is_public(first), plans.is_public(forgotten)) == (True, False)


def test_a_draft_that_an_appeal_made_wrong_is_neither_submitted_nor_approved(session: Session) -> None:
    s = make_confirmed(session, policy=HOLDS)
    open_draft, handed_in = draft(s), draft(s)
    plans.submit(s.as_("planner"), handed_in.id)
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例：未考虑特殊情况")

    with pytest.raises(NotNow) as caught:
        plans.approve(s.as_("bureau-approver"), handed_in.id, "示例1号")

    assert [(p.code, p.facts) for p in caught.value.problems] == [
        ("plan-outdated", {"lines": 1, "codes": [s.city.codes["two-a"]]})
    ]
    assert refused(NotNow, lambda: plans.submit(s.as_("planner"), open_draft.id)) == [("plan-outdated", "lines")]
    assert approved(s, 2026).number == 3


# --- who -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["head-one", "county-one", "secretary", "bureau-approver", "other-planner", "nobody"])
def test_nobody_but_the_citys_planner_drafts_or_adjusts(s: Sitting, who: str) -> None:
    add_other_city(s)
    plan = draft(s)
    before = nothing_changed(s)
    ctx, code = s.as_(who), s.city.codes["one-a"]

    if who != "other-planner":  # it may draft, of its own city alone
        assert [c for c, _ in refused(NotYou, lambda: plans.draft(ctx, 2026))] == ["role-missing"]
    kind = NotYou if who in {"secretary", "bureau-approver"} else NotFound
    for act in (partial(plans.adjust, ctx, plan.id, code, FEWER), partial(plans.submit, ctx, plan.id)):
        refused(kind, act)
    assert nothing_changed(s) == before


@pytest.mark.parametrize("who", ["head-one", "planner", "secretary", "other-approver", "nobody"])
def test_nobody_but_the_citys_approver_approves_or_gives_back(s: Sitting, who: str) -> None:
    add_other_city(s)
    plan = draft(s)
    plans.submit(s.as_("planner"), plan.id)
    before = nothing_changed(s)

    kind = NotYou if who in {"planner", "secretary"} else NotFound
    refused(kind, lambda: plans.approve(s.as_(who), plan.id, "示例1号"))
    refused(kind, lambda: plans.return_(s.as_(who), plan.id, "示例"))
    assert nothing_changed(s) == before


# --- at once ---------------------------------------------------------------------------------------------------------


def test_two_planners_together_never_go_beyond_the_citys_total(own_engine: sa.Engine) -> None:
    with Session(own_engine, expire_on_commit=False) as session:
        s = make_confirmed(session, opening={"one-a": (100, None), "two-a": (100, None)})
        plan = draft(s, city_total=340)
        key, ctx = plan.id, s.as_("planner")
        before = plan_queries.sum_of(session, key)
        session.execute(sa.update(EnrolmentPlan).values(city_total=before + 10))
        session.commit()

        said = at_once(
            own_engine,
            *(
                (ctx, partial(plans.adjust, plan_id=key, code=s.city.codes[short], new=Adjustment(quota, "示例：扩招")))
                for short, quota in (("one-a", 122), ("two-a", 77), ("two-a", 78))
            ),
        )

        assert "done" in said
        assert set(said) == {"done", "city-total-exceeded"}
        assert plan_queries.sum_of(session, key) <= before + 10


def test_two_plans_of_a_year_approved_at_once_leave_one_in_force(own_engine: sa.Engine) -> None:
    with Session(own_engine, expire_on_commit=False) as session:
        s = make_confirmed(session)
        ids = [draft(s).id, draft(s).id]
        for key in ids:
            plans.submit(s.as_("planner"), key)
        both = (s.as_("bureau-approver"), s.as_("approver-2"))
        session.commit()

        said = at_once(
            own_engine,
            *(
                (ctx, partial(plans.approve, plan_id=key, document_number="示例1号"))
                for ctx, key in zip(both, ids, strict=True)
            ),
        )

        states = session.scalars(sa.select(EnrolmentPlan.state).order_by(EnrolmentPlan.number)).all()
        assert said[1] == "done"  # the newer one is never refused
        assert said[0] in {"done", "step-not-open"}
        assert states == ["superseded", "approved"]


def test_two_drafts_at_once_get_numbers_of_their_own(own_engine: sa.Engine) -> None:
    with Session(own_engine, expire_on_commit=False) as session:
        s = make_confirmed(session)
        ctx = s.as_("planner")
        session.commit()

        assert at_once(own_engine, *((ctx, lambda c: plans.draft(c, 2026)) for _ in range(3))) == ["done"] * 3
        assert session.scalars(sa.select(EnrolmentPlan.number).order_by(EnrolmentPlan.number)).all() == [1, 2, 3]


def test_everything_is_refused_of_a_plan_that_is_not_there(session: Session) -> None:
    s = make_scored(session, COLOURS)

    refused(NotFound, lambda: plans.submit(s.as_("planner"), 999))
