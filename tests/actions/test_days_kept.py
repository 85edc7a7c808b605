"""Whoever has a day to keep is reminded of it 14, 7, 2 and 0 days before, once each, with what happens otherwise."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_person
from factories_applications import closing_decided, make_applying, received
from factories_consequences import HOLDS, make_confirmed, on, overturn
from factories_deliberation import VISITS, Sitting, decide, employ, make_publicised, make_scored
from factories_rights import other_city, serves_elsewhere
from specialty_eval.actions import (
    answers,
    appeals,
    applications,
    closing_appeals,
    feed,
    jobs,
    objections,
    overdue,
    previews,
    ratings,
    rectifications,
    reminders,
    site_visits,
)
from specialty_eval.actions.context import LOCAL
from specialty_eval.actions.jobs import Task
from specialty_eval.actions.objections import NewObjection
from specialty_eval.actions.paging import Page
from specialty_eval.actions.rectifications import Milestone, Proof
from specialty_eval.actions.site_visits import Said
from specialty_eval.engine.calendar import end_of, last_local_day
from specialty_eval.engine.errors import NotNow, NotYou
from specialty_eval.engine.overdue import AT_ONCE, Awaited
from specialty_eval.engine.reminding import BEFORE, DAYS, Own, sentence
from specialty_eval.engine.roles import Role
from specialty_eval.store import calendar_queries, cycles, days_kept
from specialty_eval.store.closings import ClosingProposal
from specialty_eval.store.cycles import Round
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Appeal, Publication, Rectification
from specialty_eval.store.reviews import Review

CITY = "371400"
EACH = list(BEFORE)


def told(s: Sitting, what: str) -> list[int]:
    """How many days were left at each reminder of this, oldest first."""
    found = s.session.scalars(sa.select(Event).where(Event.kind.like("%.remind")).order_by(Event.seq))
    return [e.facts["days_left"] for e in found if e.facts.get("what") == what]


def awaited(s: Sitting, at: datetime, days: str) -> tuple[datetime, list[int]]:
    """When so many of the policy's days after an act end, and of which days before it there is a reminder: not of one
    that was past when it happened.
    """
    policy = cycles.policy_of(s.session, cycles.round_of(s.session, s.round_id).policy_id)
    due = s.city.clock().calendar().due(at, policy.workflow.days[days], LOCAL)
    return due, reached(due, at)


def reached(due: datetime, known: datetime) -> list[int]:
    """The days before this one that began after it was known."""
    day = last_local_day(due, LOCAL)
    return [n for n in BEFORE if end_of(day - timedelta(days=n + 1), LOCAL) > known]


def last(s: Sitting, what: str) -> Event:
    found = sa.select(Event).where(Event.facts["what"].astext == what).order_by(Event.seq.desc())
    return s.session.scalars(found.limit(1)).one()


def come(s: Sitting, due: datetime | None) -> None:
    """The days of the reminders come, on which the clock looks twice, one before and after each, and one when it is
    over.
    """
    assert due is not None
    day = last_local_day(due, LOCAL)
    for left in (15, 14, 8, 7, 3, 2, 1, 0, -1):
        morning = day - timedelta(days=left)
        s.city.now = datetime(morning.year, morning.month, morning.day, 1, tzinfo=UTC)
        for _ in range(2 if left in BEFORE else 1):
            reminders.remind_due(s.city.clock(), s.round_id)
            reminders.remind_of_city(s.city.clock(), city=CITY)


def test_every_kind_of_day_has_its_words_and_its_rows() -> None:
    kept = [one.what for one in days_kept.EVERY]
    assert len(kept) == len(set(kept))
    assert set(kept) == set(DAYS) == {*Awaited, *Own} - AT_ONCE
    for what in DAYS:
        assert sentence(what, date(2026, 4, 10), 0).startswith("请于2026年4月10日前（含当日，今天是最后一天）")


def test_a_schools_own_days_after_a_rating(session: Session) -> None:
    """To appeal; to hand in the plan; then its milestones, each on its own day, and the day of the recheck."""
    s = make_confirmed(session, {"two-a": "yellow"})
    row = session.scalars(sa.select(Rectification)).one()
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    come(s, s.review("two-a").appeal_due)
    come(s, row.plan_due)
    assert (told(s, "appeal"), told(s, "rectification_plan")) == (EACH, EACH)
    event = last(s, "rectification_plan")
    assert (event.kind, event.audience, event.facts["whose"]) == ("rectification.remind", "school", "school_head")
    assert "报送整改方案。期满仍未报送的，整改按未通过处理，并将撤销该专业的建议提交委员会审议" in event.facts["text"]
    assert event.facts["until"] == last_local_day(row.plan_due, LOCAL).isoformat()

    on(s, 2026, 5, 12)
    first, second = date(2026, 9, 1), date(2026, 12, 1)
    promised = [Milestone("招教师", first), Milestone("建基地", second)]
    rectifications.hand_in(s.as_("head-two"), row.id, "示例方案", promised)
    due, days = awaited(s, s.city.now, "verify")
    come(s, due)
    assert (told(s, "rectification_answer"), last(s, "rectification_answer").audience) == (days, "office")
    rectifications.start(s.as_("bureau-verifier"), row.id)
    come(s, end_of(first, LOCAL))
    assert told(s, "milestone") == EACH
    rectifications.prove(s.as_("head-two"), row.id, "1", Proof("示例：已招三人"))
    come(s, end_of(second, LOCAL))
    assert told(s, "milestone") == EACH * 2
    rectifications.prove(s.as_("head-two"), row.id, "2", Proof("示例：已建成"))
    come(s, end_of(row.recheck_from, LOCAL))
    assert told(s, "recheck_begins") == EACH

    on(s, 2027, 4, 26)
    rectifications.act_on_due(s.as_("secretary"))
    due, days = awaited(s, s.city.now, "verify")
    come(s, due)
    assert (told(s, "recheck"), last(s, "recheck").audience) == (days, "office")


def test_while_an_appeal_holds_the_consequences_nobody_is_hurried_and_then_the_days_are_the_new_ones(
    session: Session,
) -> None:
    s = make_confirmed(session, {"two-a": "red"}, policy=HOLDS)
    row = session.scalars(sa.select(Rectification)).one()
    told_first = row.plan_due
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    key = appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例理由").id
    answer_due, known = session.get_one(Appeal, key).answer_due, s.city.now
    come(s, answer_due)
    assert (told(s, "rectification_plan"), told(s, "appeal_answer")) == ([], reached(answer_due, known))
    come(s, told_first)
    assert told(s, "rectification_plan") == []
    with pytest.raises(NotNow):  # no letter tells days that do not hold
        answers.of_rectification(s.as_("secretary"), row.id)

    appeals.rule_out(s.as_("bureau-approver"), key, "示例：并非针对评定结果")

    session.refresh(row)
    assert row.plan_due > told_first
    [event] = session.scalars(sa.select(Event).where(Event.kind == "rectification.extend"))
    assert (event.audience, event.facts["until"]) == ("school", last_local_day(row.plan_due, LOCAL).isoformat())
    come(s, row.plan_due)
    assert told(s, "rectification_plan") == EACH


def test_days_that_an_ended_appeal_gave_back_are_put_on_record_before_anybody_is_reminded(session: Session) -> None:
    """As an appeal left them that ended before they were kept."""
    s = make_confirmed(session, {"two-a": "red"}, policy=HOLDS)
    row = session.scalars(sa.select(Rectification)).one()
    told_first, recheck = row.plan_due, row.recheck_from
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    key = appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例理由").id
    s.city.wait(20)
    appeals.rule_out(s.as_("bureau-approver"), key, "示例：并非针对评定结果")
    session.refresh(row)
    holds = (row.plan_due, row.recheck_from)
    session.execute(sa.update(Rectification).values(plan_due=told_first, recheck_from=recheck))
    session.expire_all()

    come(s, told_first)

    assert (row.plan_due, row.recheck_from) == holds > (told_first, recheck)
    day = last_local_day(row.plan_due, LOCAL).isoformat()
    kept = session.scalars(sa.select(Event).where(Event.kind == "rectification.extend").order_by(Event.seq)).all()
    assert [(e.facts["until"], e.audience) for e in kept] == [(day, "school")] * 2  # the appeal's end, and once again
    assert told(s, "rectification_plan") == []
    come(s, row.plan_due)
    assert told(s, "rectification_plan") == EACH


def test_the_days_of_challenge_decision_and_notice(session: Session) -> None:
    s = make_scored(session, {"one-a": "green"})
    begun = s.city.now
    due = begun.replace(hour=16) + timedelta(days=21)
    session.execute(sa.update(Review).values(challenge_due=due))
    session.execute(sa.update(Round).values(deliberating_due=due))
    session.expire_all()
    come(s, due)
    assert (told(s, "challenge"), told(s, "decision")) == (EACH, EACH)
    event = last(s, "decision")
    assert (event.kind, event.facts["reviews"], event.facts["whose"]) == ("round.remind", 1, "chair")
    assert {who: event.seq in seen(s, who) for who in ("chair", "secretary", "head-one", "industry-1")} == {
        "chair": True, "secretary": True, "head-one": False, "industry-1": False,
    }  # fmt: skip

    decide(s)
    due, days = awaited(s, s.city.now, "preview")
    come(s, due)
    assert told(s, "preview") == days
    previews.preview(s.as_("secretary"), s.round_id)
    known, until = s.city.now, s.review("one-a").preview_due
    assert until is not None
    come(s, until)
    assert (told(s, "preview_notice"), last(s, "preview_notice").audience) == (reached(until, known), "school")


def seen(s: Sitting, who: str) -> set[int]:
    return set(s.session.scalars(sa.select(Event.seq).where(feed.visible(s.as_(who)))))


def test_a_visit_that_somebody_is_named_for_and_does_not_report(session: Session) -> None:
    """Reminded, late and escalated to the office that may report in their place."""
    s = make_scored(session, {"one-a": "red", "two-a": "green"}, policy=VISITS)
    [named] = site_visits.name(s.as_("secretary"), s.reviews["one-a"], [s.city.people["site-visitor"]])
    known = s.city.now
    come(s, named.due)
    assert told(s, "site_visit") == reached(named.due, known)
    event = last(s, "site_visit")
    assert {who: event.seq in seen(s, who) for who in ("site-visitor", "secretary", "head-one", "expert-1")} == {
        "site-visitor": True, "secretary": True, "head-one": False, "expert-1": False,
    }  # fmt: skip
    assert "可以由秘书处代为报告" in event.facts["text"]

    def late() -> list[tuple[str, int]]:
        found = overdue.listing(s.as_("secretary"), s.round_id, Page(100))[0]
        return [(row.owed.what.value, row.owed.subject_id) for row in found if row.owed.what == Awaited.SITE_VISIT]

    assert late() == [("site_visit", s.reviews["one-a"])]
    overdue.act_on_due(s.city.clock(), s.round_id)
    told_above = session.scalars(sa.select(Event).where(Event.kind == "review.escalate")).all()
    assert ("site_visit", "site_visitor", "secretary") in {
        (e.facts["what"], e.facts["owner"], e.facts["superior"]) for e in told_above
    }
    site_visits.report(s.as_("site-visitor"), s.reviews["one-a"], Said("示例：已现场查看"))
    assert late() == []


def test_a_visit_that_is_asked_for_and_nobody_is_named_for_is_the_secretarys_to_see_to(session: Session) -> None:
    """By the end of the school's own days the committee could decide: it is reminded of, late and escalated then."""
    s = make_scored(session, {"one-a": "red", "two-a": "green"}, policy=VISITS)
    known, due = s.city.now, end_of(s.city.now.date() + timedelta(days=20), LOCAL)
    s.review("one-a").challenge_due = due
    session.flush()

    def late() -> list[tuple[str, int]]:
        found = overdue.listing(s.as_("secretary"), s.round_id, Page(100))[0]
        return [(row.owed.what.value, row.owed.subject_id) for row in found if row.owed.what == Awaited.VISITORS]

    come(s, due)
    assert told(s, "visitors") == reached(due, known)
    event = last(s, "visitors")
    assert (event.subject_id, event.facts["whose"], event.audience) == (s.reviews["one-a"], "secretary", "office")
    assert late() == [("visitors", s.reviews["one-a"])]  # of the green one no visit is asked
    overdue.act_on_due(s.city.clock(), s.round_id)
    told_above = sa.select(Event).where(Event.kind == "review.escalate", Event.facts["what"].astext == "visitors")
    [escalated] = session.scalars(told_above)
    assert (escalated.facts["owner"], escalated.facts["superior"]) == ("secretary", "bureau_approver")
    [named] = site_visits.name(s.as_("secretary"), s.reviews["one-a"], [s.city.people["site-visitor"]])
    assert late() == []
    site_visits.withdraw(s.as_("secretary"), named.id, "示例：出差")
    assert late() == [("visitors", s.reviews["one-a"])]


def test_each_of_two_visitors_has_a_day_and_only_the_last_makes_the_visit_late(session: Session) -> None:
    s = make_scored(session, {"one-a": "red", "two-a": "green"}, policy=VISITS)
    bureau = s.city.organisations[f"bureau:{CITY}"]
    s.city.people["visitor-2"] = make_person(session, login="visitor-2", roles={Role.SITE_VISITOR: bureau})

    def name(who: str) -> datetime:
        [named] = site_visits.name(s.as_("secretary"), s.reviews["one-a"], [s.city.people[who]])
        return named.due

    first = name("site-visitor")
    s.city.wait(10)
    second = name("visitor-2")
    late = sa.select(sa.func.count()).where(Event.kind == "review.escalate", Event.facts["what"].astext == "site_visit")
    for day, escalated in ((first, 0), (second, 1)):
        come(s, day)
        overdue.act_on_due(s.city.clock(), s.round_id)
        assert session.scalar(late) == escalated

    for who, own in (("site-visitor", first), ("visitor-2", second)):
        found = sa.select(Event.facts).where(Event.kind == "review.remind", feed.visible(s.as_(who)))
        heard = session.scalars(found.order_by(Event.seq)).all()
        assert {facts["until"] for facts in heard} == {last_local_day(own, LOCAL).isoformat()}
        assert [facts["days_left"] for facts in heard][-2:] == [2, 0]


def test_what_the_bureau_owes_an_objector_and_the_confirmation(session: Session) -> None:
    s, number = make_publicised(session, {"two-a": "yellow"})
    begun, made = s.city.now, session.get_one(Publication, number)
    new = NewObjection(s.reviews["two-a"], "示例人", "a@example.org", "示例理由")
    row = objections.lodge(s.city.nobody(), number, new)
    assert made.closes_at is not None
    come(s, row.admissibility_due)
    assert told(s, "admissibility") == reached(row.admissibility_due, begun)
    come(s, made.closes_at)
    assert told(s, "confirmation") == reached(made.closes_at, begun)
    row.state, row.answer_due = "admitted", s.city.now.replace(hour=16) + timedelta(days=30)
    session.flush()
    come(s, row.answer_due)
    assert (told(s, "objection_answer"), last(s, "objection_answer").audience) == (EACH, "office")


def test_closings_and_applications_of_a_city(session: Session) -> None:
    s = make_applying(session)
    row = received(s)
    assert row.due is not None
    known = s.city.now
    come(s, row.due)
    assert told(s, "application_check") == reached(row.due, known)
    applications.check(s.as_("secretary"), row.id)
    applications.conclude(s.as_("secretary"), row.id)
    come(s, row.due)
    to_check, to_decide = last(s, "application_check"), last(s, "application_decision")
    assert (to_decide.facts["whose"], to_check.facts["whose"]) == ("chair", "secretary")
    assert {who: {e.seq for e in (to_check, to_decide)} & seen(s, who) for who in ("chair", "industry-1")} == {
        "chair": {to_decide.seq}, "industry-1": set(),
    }  # fmt: skip
    for who in ("secretary", "chair"):
        employ(s, who, school="one")
    assert {to_check.seq, to_decide.seq} & (seen(s, "secretary") | seen(s, "chair")) == set()  # the recused
    assert {to_check.seq, to_decide.seq} <= seen(s, "bureau-approver")


def test_notice_decision_and_appeal_of_a_closing(session: Session) -> None:
    s = make_confirmed(session, {"one-a": "green", "two-a": "red"})
    rectifications.act_on_due(on(s, 2026, 5, 26).as_("secretary"))
    row = session.scalars(sa.select(ClosingProposal)).one()
    come(s, row.deemed_served_at)
    assert told(s, "closing_notice") == reached(row.deemed_served_at, row.proposed_at)
    assert row.decide_due is not None
    come(s, row.decide_due)
    assert told(s, "closing_decision") == reached(row.decide_due, row.proposed_at)
    to_decide, notice = last(s, "closing_decision").seq, last(s, "closing_notice").seq
    assert {to_decide, notice} & seen(s, "chair") == {to_decide}
    on(s, 2026, 6, 30)
    closing_decided(s, row.id)
    assert row.appeal_due is not None
    assert row.close_due is not None
    known = s.city.now
    come(s, row.appeal_due)
    assert told(s, "closing_appeal") == reached(row.appeal_due, known)
    come(s, row.close_due)
    assert told(s, "closing")[-2:] == [2, 0]
    assert last(s, "closing").facts["whose"] == "bureau_approver"
    assert "对撤销决定提出申诉。期满不再受理申诉，专业可以撤销" in last(s, "closing_appeal").facts["text"]
    s.city.now = known + timedelta(days=1)
    lodged = closing_appeals.lodge(s.as_("head-two"), row.id, "示例理由")
    closing_appeals.admit(s.as_("bureau-approver"), lodged.id, [s.city.people["appeal-1"]])
    known = s.city.now
    come(s, lodged.answer_due)
    assert told(s, "closing_appeal_answer") == reached(lodged.answer_due, known)
    event = last(s, "closing_appeal_answer")
    assert {who: event.seq in seen(s, who) for who in ("appeal-1", "appeal-2", "secretary", "head-two")} == {
        "appeal-1": True, "appeal-2": False, "secretary": True, "head-two": False,
    }  # fmt: skip
    other_city(s.city)
    serves_elsewhere(s.city, "appeal-1")
    assert event.seq not in seen(s, "appeal-1")  # the same role in another city gives nothing here


def test_nobody_is_reminded_of_a_closing_whose_ground_is_gone_nor_is_its_day_moved(session: Session) -> None:
    s = make_confirmed(session, {"one-a": "green", "two-a": "red"})
    rectifications.act_on_due(on(s, 2026, 5, 26).as_("secretary"))
    row = session.scalars(sa.select(ClosingProposal)).one()
    days = {kept.what: kept for kept in days_kept.BESIDE_PHASES}
    notice, appeal = days[Own.CLOSING_NOTICE], days[Own.CLOSING_APPEAL]
    assert calendar_queries.ending_beside(session, notice, row.deemed_served_at, s.city.now) == [row.id]
    session.execute(sa.update(Review).values(appeal_due=s.city.now + timedelta(days=1)))
    overturn(s, "two-a", "green")

    assert calendar_queries.ending_beside(session, notice, row.deemed_served_at, s.city.now) == []
    come(s, row.deemed_served_at)
    assert told(s, "closing_notice") == []
    closing_decided(s, row.id)
    due = row.appeal_due
    assert due is not None
    assert calendar_queries.ending_beside(session, appeal, due, s.city.now) == []
    come(s, due)
    assert told(s, "closing_appeal") == []


def test_the_clock_reminds_of_what_is_in_no_round_and_nobody_else_does(session: Session) -> None:
    s = make_confirmed(session, {"one-a": "green"})
    assert (Task.REMIND_BESIDE, CITY) in [(one.task, one.subject) for one in jobs.due(s.city.clock())]
    assert reminders.remind_of_city(s.as_("secretary")) == 0
    for who in ("head-one", "bureau-verifier", "auditor", "nobody"):
        with pytest.raises(NotYou):
            reminders.remind_of_city(s.as_(who))
