"""What is late is listed for whoever supervises, and an office's silence is put on record once, for those above it."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_consequences import make_confirmed
from factories_deliberation import Sitting, decide, employ, make_publicised, make_scored
from factories_scored import PDF, to_scoring, verified
from remembered import remembered
from small_policy import POLICY
from specialty_eval.actions import (
    appeals,
    attachments,
    challenges,
    evidence,
    feed,
    objections,
    overdue,
    panel,
    previews,
    ratings,
    rectifications,
    scoring,
    verification,
)
from specialty_eval.actions.evidence import Figures
from specialty_eval.actions.paging import Page
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.engine.errors import NotYou
from specialty_eval.store.cycles import Round
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Rectification
from specialty_eval.store.reviews import Review

ALL = Page(100)


@remembered
def in_round(session: Session) -> tuple[City, dict[str, int], int]:
    city = make_city(session)
    round_id = make_cycle(city, policy=POLICY)
    return city, open_round(city, round_id), round_id


def hand_in(city: City, key: int, head: str = "head-one") -> None:
    evidence.save(city.as_(head), key, Figures({"graduates": "100", "employed": "90"}, {}), "", version=None)
    evidence.submit(city.as_(head), key)


def late(city: City, who: str, round_id: int) -> list[tuple[str, int, int]]:
    """(what, subject, days late) as this person is shown it."""
    return [(row.owed.what.value, row.owed.subject_id, row.days)
            for row in overdue.listing(city.as_(who), round_id, ALL)[0]]  # fmt: skip


def escalations(session: Session) -> list[tuple[str, str, str]]:
    """(kind, what, due) of every escalation, oldest first."""
    found = session.scalars(sa.select(Event).where(Event.kind.like("%.escalate")).order_by(Event.seq))
    return [(e.kind, e.facts["what"], e.facts["due"]) for e in found]


def test_a_county_that_does_not_check_is_listed_and_escalated_once(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    hand_in(city, reviews["one-a"])
    city.wait(14)  # the last of its ten working days
    assert overdue.act_on_due(city.as_("secretary"), round_id).escalated == 0
    city.wait(3)
    assert late(city, "secretary", round_id) == [("county_check", reviews["one-a"], 3)]

    assert overdue.act_on_due(city.as_("secretary"), round_id).escalated == 1
    city.wait(1)
    assert overdue.act_on_due(city.clock(), round_id).escalated == 0

    assert escalations(session) == [("review.escalate", "county_check", "2026-03-16")]
    shown = overdue.late_view(overdue.listing(city.as_("secretary"), round_id, ALL)[0][0])
    assert (shown["owner"], shown["superior"], shown["days_late"]) == ("county_verifier", "bureau_verifier", 4)
    assert shown["escalated_at"] is not None


def test_what_is_handed_in_again_is_escalated_anew(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    key = reviews["one-a"]
    hand_in(city, key)
    city.wait(15)
    overdue.act_on_due(city.as_("secretary"), round_id)
    verification.return_(city.as_("county-one"), key, {"employed": "不符"})
    evidence.submit(city.as_("head-one"), key)
    assert overdue.act_on_due(city.as_("secretary"), round_id).escalated == 0

    city.wait(15)
    overdue.act_on_due(city.as_("secretary"), round_id)

    assert [due for _, _, due in escalations(session)] == ["2026-03-16", "2026-03-31"]


def test_each_sees_what_is_theirs_to_supervise(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    hand_in(city, reviews["one-a"])
    hand_in(city, reviews["two-a"], "head-two")
    city.wait(20)

    both = [("county_check", reviews["one-a"], 6), ("county_check", reviews["two-a"], 6)]
    assert late(city, "bureau-verifier", round_id) == late(city, "auditor", round_id) == both
    assert late(city, "county-one", round_id) == both[:1]
    for who in ("head-one", "expert-1", "chair", "nobody"):
        with pytest.raises(NotYou):
            overdue.listing(city.as_(who), round_id, ALL)
    for who in ("head-one", "bureau-verifier", "county-one"):
        with pytest.raises(NotYou):
            overdue.act_on_due(city.as_(who), round_id)

    overdue.act_on_due(city.as_("secretary"), round_id)
    seen = feed.of_review(city.as_("county-one"), reviews["one-a"])
    assert "review.escalate" in {event["kind"] for event in seen}
    assert "review.escalate" not in {e["kind"] for e in feed.of_review(city.as_("head-one"), reviews["one-a"])}


def test_whoever_is_recused_is_shown_nothing_of_it(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    hand_in(city, reviews["one-a"])
    city.wait(20)
    employ(Sitting(city, round_id, reviews), "secretary", school="one")

    assert late(city, "secretary", round_id) == []
    assert overdue.act_on_due(city.as_("secretary"), round_id).escalated == 1


def test_pages_follow_each_other(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    city.wait(40)
    first, cursor = overdue.listing(city.as_("secretary"), round_id, Page(3))
    second, end = overdue.listing(city.as_("secretary"), round_id, Page.of(3, cursor))

    assert [row.owed.subject_id for row in (*first, *second)] == sorted(reviews.values())
    assert end is None


# --- what each office owes -------------------------------------------------------------------------------------------


def owed_after(city: City, round_id: int, days: int) -> list[str]:
    """What is late so many days later, and is escalated then, and then not again."""
    city.wait(days)
    kinds = [what for what, _, _ in late(city, "secretary", round_id)]
    assert overdue.act_on_due(city.as_("secretary"), round_id).escalated == len(kinds)
    assert overdue.act_on_due(city.as_("secretary"), round_id).escalated == 0
    return kinds


def test_a_challenge_that_is_not_answered(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    key = reviews["one-a"]
    for short in ("one-b", "two-a", "city-a"):
        verification.exempt(city.as_("secretary"), reviews[short], "示例")
    verified(city, key, "one-a")
    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on={key: "无专家"})
    challenges.open_sheet(city.as_("head-one"), key)
    attachments.attach(city.as_("head-one"), key, "employed", "名单.pdf", PDF)
    challenges.challenge(city.as_("head-one"), key, "employed", "95", "漏报5人")

    assert owed_after(city, round_id, 14) == []
    assert owed_after(city, round_id, 1) == ["challenge_answer"]
    assert escalations(session) == [("challenge.escalate", "challenge_answer", "2026-03-16")]


def lodge(s: Sitting, number: int) -> int:
    new = objections.NewObjection(s.reviews["one-a"], "示例", "示例@example.com", "示例理由")
    return objections.lodge(s.city.nobody(), number, new).id


def test_an_objection_that_is_not_admitted_and_not_answered(session: Session) -> None:
    s, number = make_publicised(session, {"one-a": "green"})
    key = lodge(s, number)
    assert owed_after(s.city, s.round_id, 3) == []
    assert owed_after(s.city, s.round_id, 12) == ["admissibility"]

    objections.confirm_contact(s.city.nobody(), key, objections.contact(s.as_("secretary"), key).confirmation_code)
    objections.admit(s.as_("secretary"), key)

    assert owed_after(s.city, s.round_id, 7) == []
    assert owed_after(s.city, s.round_id, 30) == ["objection_answer"]
    assert [kind for kind, _, _ in escalations(session)] == ["objection.escalate"] * 2


def test_an_appeal_and_a_plan_that_are_not_answered(session: Session) -> None:
    s = make_confirmed(session, {"two-a": "red"})
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例理由")
    row = session.scalars(sa.select(Rectification)).one()
    promised = rectifications.Milestone("示例", date(2026, 9, 1))
    rectifications.hand_in(s.as_("head-two"), row.id, "示例方案", [promised])

    assert owed_after(s.city, s.round_id, 7) == []
    assert owed_after(s.city, s.round_id, 14) == ["rectification_answer"]
    rectifications.act_on_due(s.as_("secretary"))
    assert owed_after(s.city, s.round_id, 40) == ["appeal_answer"]
    assert [kind for kind, _, _ in escalations(session)] == ["rectification.escalate", "appeal.escalate"]


def test_a_decision_that_is_not_taken_and_one_that_is_not_shown_to_its_school(session: Session) -> None:
    s = make_scored(session, {"one-a": "green"})
    assert owed_after(s.city, s.round_id, 14) == []
    assert owed_after(s.city, s.round_id, 30) == ["decision"]

    decide(s)

    assert owed_after(s.city, s.round_id, 5) == []
    assert owed_after(s.city, s.round_id, 5) == ["preview"]
    previews.preview(s.as_("secretary"), s.round_id)
    assert owed_after(s.city, s.round_id, 30) == []


def test_an_expert_who_does_not_score_is_listed_but_not_escalated(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    hand_in(city, reviews["city-a"], "head-city")
    asked = panel.invite(city.as_("secretary"), reviews["city-a"], [city.people["expert-1"]])

    city.wait(25)

    assert late(city, "secretary", round_id) == [("panel_score", asked[0].id, 4)]
    assert overdue.act_on_due(city.as_("secretary"), round_id).escalated == 0


def test_a_school_whose_deadline_passed_is_listed_until_it_is_defaulted(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    city.wait(32)
    assert late(city, "county-one", round_id) == [("evidence", reviews[s], 2) for s in ("one-a", "one-b")]

    done = overdue.act_on_due(city.as_("secretary"), round_id)

    assert (done.defaulted, done.escalated) == (0, 0)
    assert [p.code for p in done.waiting] == ["leftovers-first"]
    assert session.get_one(Review, reviews["one-a"]).state == "open"


# --- a round that is over --------------------------------------------------------------------------------------------


def test_a_round_is_concluded_by_the_clock_once_every_review_ended_and_no_appeal_may_come(session: Session) -> None:
    s = make_confirmed(session, {"two-a": "yellow"})
    due = session.get_one(Review, s.reviews["two-a"]).appeal_due
    assert due is not None
    s.city.now = due + timedelta(minutes=4)  # an appeal that came in time may still be on its way in
    assert overdue.act_on_due(s.city.clock(), s.round_id).moved is None

    s.city.now = due + timedelta(minutes=5)
    assert overdue.act_on_due(s.city.clock(), s.round_id).moved == RoundEvent.CONCLUDE

    assert session.get_one(Round, s.round_id, populate_existing=True).state == "concluded"
    assert overdue.act_on_due(s.city.clock(), s.round_id) == overdue.Acted()


def test_an_appeal_that_is_going_and_a_list_that_is_out_keep_a_round_open(session: Session) -> None:
    s, number = make_publicised(session, {"two-a": "yellow", "one-a": "green"})
    s.city.wait(40)
    assert overdue.act_on_due(s.city.clock(), s.round_id).moved is None  # nobody has confirmed
    ratings.confirm(s.as_("bureau-approver"), number, "示例评〔2026〕1号")
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    key = appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例理由").id
    s.city.wait(90)
    assert overdue.act_on_due(s.city.clock(), s.round_id).moved is None

    appeals.rule_out(s.as_("bureau-approver"), key, "示例：并非针对评定结果")
    assert overdue.act_on_due(s.city.clock(), s.round_id).moved == RoundEvent.CONCLUDE
