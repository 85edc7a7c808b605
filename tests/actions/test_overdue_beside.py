"""What is owed in no round is listed, escalated once and told in the supervision report; and a recheck in its round."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_applications import closing_decided, deliberated, make_applying, received, wanted
from factories_consequences import approved, make_confirmed, on, overturn, quotas
from factories_deliberation import Sitting, employ, refused
from specialty_eval.actions import (
    closing_appeals,
    closings,
    jobs,
    overdue,
    plans,
    rectifications,
    reminders,
    reports,
    teach_outs,
)
from specialty_eval.actions.context import LOCAL
from specialty_eval.actions.jobs import Task
from specialty_eval.actions.paging import Page
from specialty_eval.actions.plans import Adjustment
from specialty_eval.actions.rectifications import Milestone, Proof
from specialty_eval.actions.reports import Wanted
from specialty_eval.engine.calendar import end_of
from specialty_eval.engine.errors import NotYou
from specialty_eval.engine.report import Period, Reader, ReportKind
from specialty_eval.engine.standing import academic_year_begins
from specialty_eval.store.closings import ClosingProposal
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Rectification
from specialty_eval.store.reviews import Review

ALL = Page(100)


def late(s: Sitting, who: str) -> list[tuple[str, int, int]]:
    """(what, subject, days late) as this person is shown it."""
    return [(row.owed.what.value, row.owed.subject_id, row.days)
            for row in overdue.listing_of_city(s.as_(who), ALL)[0]]  # fmt: skip


def due_jobs(s: Sitting) -> list[tuple[str, str]]:
    return [(one.task, one.subject) for one in jobs.due(s.city.clock()) if one.task == Task.ESCALATE]


def escalations(session: Session) -> list[tuple[str, str, str, str, str]]:
    """(kind, what, due, owner, superior) of every escalation, oldest first."""
    found = session.scalars(sa.select(Event).where(Event.kind.like("%.escalate")).order_by(Event.seq))
    return [(e.kind, *(e.facts[key] for key in ("what", "due", "owner", "superior"))) for e in found]


def test_an_application_that_is_not_checked_and_one_not_decided_are_listed_and_escalated_once(session: Session) -> None:
    s = make_applying(session)
    slow = received(s)
    waiting = deliberated(s, wanted("660103", school="3637000002"), who="head-two")
    assert (late(s, "secretary"), due_jobs(s)) == ([], [])

    s.city.wait(60)
    lines = late(s, "secretary")
    assert [line[:2] for line in lines] == [("application_check", slow.id), ("application_decision", waiting.id)]
    assert lines[0][2] > lines[1][2] > 0
    assert due_jobs(s) == [(Task.ESCALATE, "371400")]
    assert jobs.act_now(s.city.clock(), Task.ESCALATE, "371400")
    assert overdue.escalate_of_city(s.as_("secretary")) == 0

    assert [line[:2] + line[3:] for line in escalations(session)] == [
        ("application.escalate", "application_check", "secretary", "bureau_approver"),
        ("application.escalate", "application_decision", "chair", "bureau_approver"),
    ]
    shown = overdue.late_view(overdue.listing_of_city(s.as_("bureau-verifier"), ALL)[0][0])
    assert (shown["review_id"], shown["subject"]) == (None, {"kind": "application", "id": slow.id})
    assert shown["escalated_at"] == s.city.now
    asked = reports.ask(s.as_("secretary"), Wanted(ReportKind.SUPERVISION, Reader.OFFICE, s.city.now.year))
    reports.make(s.city.clock(), asked.id)
    assert reports.read(s.as_("auditor"), asked.id).applications == [slow.id, waiting.id]
    employ(s, "auditor", school="one")
    assert refused(NotYou, lambda: reports.read(s.as_("auditor"), asked.id)) == [("recused", "report")]
    assert reports.read(s.as_("secretary"), asked.id).title  # the others read on
    assert [line[1] for line in late(s, "auditor")] == [waiting.id]  # recused from the other
    for who in ("head-one", "county-one", "expert-1", "nobody"):
        with pytest.raises(NotYou):
            overdue.listing_of_city(s.as_(who), ALL)
    assert refused(NotYou, lambda: overdue.escalate_of_city(s.as_("bureau-approver")))


def test_a_late_appeal_against_a_closing_is_escalated_and_told_in_the_report(session: Session) -> None:
    s = make_confirmed(session, {"one-a": "green", "two-a": "red"})
    rectifications.act_on_due(on(s, 2026, 5, 26).as_("secretary"))
    key = session.scalars(sa.select(ClosingProposal.id)).one()
    closings.receive(s.as_("head-two"), key)
    closing_decided(s, key)
    appeal = closing_appeals.lodge(s.as_("head-two"), key, "示例理由")
    s.city.wait(50)
    assert [line[:2] for line in late(s, "secretary")] == [("closing_appeal_answer", appeal.id)]
    assert overdue.escalate_of_city(s.city.clock(), city="371400") == 1
    assert [line[:2] for line in escalations(session)] == [("closing_appeal.escalate", "closing_appeal_answer")]

    asked = reports.ask(s.as_("secretary"), Wanted(ReportKind.SUPERVISION, Reader.OFFICE, 2026, Period.H2))
    reports.make(s.city.clock(), asked.id)
    told = s.city.files.get(str(asked.html)).decode()
    assert told.count("撤销申诉答复") >= 2  # late now, and escalated in the half-year
    employ(s, "auditor", school="two")
    assert refused(NotYou, lambda: reports.read(s.as_("auditor"), asked.id)) == [("recused", "report")]
    closing_appeals.rule_out(s.as_("bureau-approver"), appeal.id, "示例：不属受理范围")
    assert late(s, "secretary") == []


def test_a_recheck_the_bureau_does_not_conclude_is_late_in_its_round(session: Session) -> None:
    s = make_confirmed(session, {"two-a": "red"})
    row = session.scalars(sa.select(Rectification)).one()
    rectifications.hand_in(s.as_("head-two"), row.id, "示例方案", [Milestone("示例", date(2026, 9, 1))])
    rectifications.start(s.as_("bureau-verifier"), row.id)
    rectifications.prove(s.as_("head-two"), row.id, "1", Proof("示例：已完成"))
    on(s, 2027, 6, 1)
    assert rectifications.act_on_due(s.city.clock(), city="371400").rechecks == (row.id,)

    def owed() -> list[tuple[str, int]]:
        return [(one.owed.what.value, one.owed.subject_id) for one in
                overdue.listing(s.as_("secretary"), s.round_id, ALL)[0]]  # fmt: skip

    s.city.wait(14)  # the last of its ten working days
    assert owed() == []
    s.city.wait(2)
    assert owed() == [("recheck", row.id)]
    assert overdue.act_on_due(s.city.clock(), s.round_id).escalated == 1
    rectifications.pass_(s.as_("bureau-verifier"), row.id, "示例：合格")
    assert owed() == []


def test_a_proposal_to_close_that_nobody_decides_or_carries_out_is_escalated(session: Session) -> None:
    s = make_confirmed(session, {"one-a": "green", "two-a": "red"})
    rectifications.act_on_due(on(s, 2026, 5, 26).as_("secretary"))
    row = session.scalars(sa.select(ClosingProposal)).one()
    assert row.decide_due is not None
    s.city.now = row.decide_due - timedelta(minutes=1)
    assert (late(s, "secretary"), due_jobs(s)) == ([], [])
    s.city.now = row.decide_due + timedelta(minutes=10)
    assert (late(s, "secretary"), due_jobs(s)) == ([("closing_decision", row.id, 1)], [(Task.ESCALATE, "371400")])
    employ(s, "auditor", school="two")
    assert late(s, "auditor") == []  # recused
    assert [overdue.escalate_of_city(s.as_("secretary")) for _ in range(2)] == [1, 0]
    asked = reports.ask(s.as_("secretary"), Wanted(ReportKind.SUPERVISION, Reader.OFFICE, s.city.now.year))
    reports.make(s.city.clock(), asked.id)

    closing_decided(s, row.id)
    assert late(s, "secretary") == []
    assert row.close_due is not None
    assert row.appeal_due is not None
    assert row.close_due > row.appeal_due
    s.city.now = row.appeal_due - timedelta(days=1)
    appealed = closing_appeals.lodge(s.as_("head-two"), row.id, "示例理由").id
    s.city.now = row.close_due + timedelta(days=60)
    assert [line[0] for line in late(s, "secretary")] == ["closing_appeal_answer"]  # nobody may close meanwhile
    closing_appeals.rule_out(s.as_("bureau-approver"), appealed, "示例：已过期限")
    assert late(s, "secretary") == []  # the bureau has its days from now
    s.city.wait(20)
    assert [line[:2] for line in late(s, "secretary")] == [("closing", row.id)]
    teach_outs.count(s.as_("head-two"), s.city.codes["two-a"], {2024: 3}, "示例")
    assert late(s, "secretary") == []  # as long as students are in it, nobody closes it
    teach_outs.count(s.as_("head-two"), s.city.codes["two-a"], {2024: 0}, "示例")
    assert overdue.escalate_of_city(s.as_("secretary")) == 1

    assert [line[:2] + line[3:] for line in escalations(session)] == [
        ("closing.escalate", "closing_decision", "chair", "bureau_approver"),
        ("closing.escalate", "closing", "bureau_approver", "auditor"),
    ]
    shown = overdue.late_view(overdue.listing_of_city(s.as_("secretary"), ALL)[0][0])
    assert (shown["owner"], shown["superior"]) == ("bureau_approver", "auditor")
    closings.close(s.as_(shown["owner"].replace("_", "-")), s.city.codes["two-a"], "示例：整改逾期", 0)
    assert late(s, "secretary") == []


def test_a_closing_is_late_only_while_no_approved_plan_promises_places(session: Session) -> None:
    s = make_confirmed(session, {"one-a": "green", "two-a": "red"})
    rectifications.act_on_due(on(s, 2026, 5, 26).as_("secretary"))
    row = session.scalars(sa.select(ClosingProposal)).one()
    closings.receive(s.as_("head-two"), row.id)
    closing_decided(s, row.id)
    assert row.close_due is not None
    plan = approved(s, 2026)
    assert quotas(s, plan.id)["two-a"] > 0
    last_day = (row.close_due - timedelta(minutes=1)).astimezone(LOCAL)
    assert last_day.date() < academic_year_begins(plan.academic_year)

    def reasons() -> set[str]:
        [offered] = closings.possible(s.as_("bureau-approver"), s.city.codes["two-a"])
        return {problem.code for problem in offered.reasons}

    def reminders_of_it() -> int:
        reminders.remind_of_city(s.city.clock(), city="371400")
        found = session.scalars(sa.select(Event).where(Event.kind == "closing.remind"))
        return sum(e.facts["what"] == "closing" for e in found)

    s.city.now = last_day
    assert reminders_of_it() == 0
    s.city.now = row.close_due + timedelta(days=1)
    assert reasons() == {"places-approved"}
    assert (late(s, "secretary"), due_jobs(s)) == ([], [])
    s.city.now = end_of(date(2026, 8, 31), LOCAL) - timedelta(seconds=1)
    assert (reasons(), late(s, "secretary")) == ({"places-approved"}, [])
    s.city.wait(1)  # the year has begun
    assert reasons() == set()
    assert [line[:2] for line in late(s, "secretary")] == [("closing", row.id)]

    s.city.now = last_day
    newer = plans.draft(s.as_("planner"), plan.academic_year)
    plans.adjust(s.as_("planner"), newer.id, s.city.codes["two-a"], Adjustment(0, "示例：撤销"))
    plans.submit(s.as_("planner"), newer.id)
    plans.approve(s.as_("bureau-approver"), newer.id, "示例招2号")
    assert reminders_of_it() == 1


def test_a_proposal_whose_ground_is_gone_is_nobodys_to_decide(session: Session) -> None:
    s = make_confirmed(session, {"one-a": "green", "two-a": "red"})
    rectifications.act_on_due(on(s, 2026, 5, 26).as_("secretary"))
    session.execute(sa.update(Review).values(appeal_due=s.city.now + timedelta(days=1)))
    overturn(s, "two-a", "green")
    s.city.wait(200)

    assert late(s, "secretary") == []
