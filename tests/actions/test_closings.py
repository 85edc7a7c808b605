"""Closing a specialty: by its school, or after notice, a decision and the days to appeal; never quietly."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_cycle, make_person
from factories_applications import closing_decided, minutes
from factories_consequences import BITES, add_other_city, approved, events, make_confirmed, on, overturn, standings
from factories_deliberation import Sitting, employ, nothing_left, refused
from remembered import remembered_fixture
from specialty_eval.actions import closings, motions, plans, rectifications, rounds, status
from specialty_eval.actions.paging import Page
from specialty_eval.actions.plans import Adjustment
from specialty_eval.actions.statuses import Status
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.permissions import Role
from specialty_eval.store.closings import ClosingProposal
from specialty_eval.store.outcomes import Rectification
from specialty_eval.store.recorded_votes import RecordedVote
from specialty_eval.store.registry import Specialty
from specialty_eval.store.reviews import Review

DOCUMENT, WHY = "示例委〔2026〕5号", "示例：逾期未报整改方案"


@remembered_fixture
def s(session: Session) -> Sitting:
    """A green one, and a red one whose school handed in no plan in time: closing is proposed."""
    s = make_confirmed(session, {"one-a": "green", "two-a": "red"})
    rectifications.act_on_due(on(s, 2026, 5, 26).as_("secretary"))
    return s


def proposal(s: Sitting) -> ClosingProposal:
    return s.session.scalars(sa.select(ClosingProposal), execution_options={"populate_existing": True}).one()


def decided(s: Sitting, decision: str = "close") -> ClosingProposal:
    closings.receive(s.as_("head-two"), proposal(s).id)
    return closing_decided(s, proposal(s).id, decision, DOCUMENT, WHY)


def close(s: Sitting, who: str, short: str = "two-a", students: int = 0) -> object:
    return closings.close(s.as_(who), s.city.codes[short], "示例：专业调整", students)


# --- by its school ---------------------------------------------------------------------------------------------------


def test_a_school_closes_its_own_specialty_and_the_public_sees_it(s: Sitting) -> None:
    close(s, "head-one", "one-a")

    assert standings(s)["one-a"] == "closed"
    found = status.of(s.city.nobody(), s.city.codes["one-a"])
    assert isinstance(found, Status)
    assert (found.standing, found.rating, str(found.closed_on)) == ("closed", "green", "2026-05-26")
    [event] = events(s, "standing.close")
    assert (event.audience, event.reason, event.facts) == (
        "public", "示例：专业调整", {"cause": "school", "students": 0},
    )  # fmt: skip


def test_nothing_closes_while_students_are_in_it_or_places_are_promised(s: Sitting) -> None:
    plan = approved(s, 2026)

    assert refused(NotNow, lambda: close(s, "head-one", "one-a", students=1)) == [
        ("students-enrolled", "students"), ("places-approved", "plan"),
    ]  # fmt: skip
    assert refused(Invalid, lambda: close(s, "head-one", "one-a", students=-1)) == [("students-negative", "students")]
    newer = plans.draft(s.as_("planner"), plan.academic_year)
    plans.adjust(s.as_("planner"), newer.id, s.city.codes["one-a"], Adjustment(0, "示例：学校申请撤销"))
    plans.submit(s.as_("planner"), newer.id)
    plans.approve(s.as_("bureau-approver"), newer.id, "示例招2号")

    close(s, "head-one", "one-a")
    assert standings(s)["one-a"] == "closed"


def test_a_school_closes_no_other_schools_specialty(s: Sitting) -> None:
    for who in ("head-one", "head-city", "editor-one", "county-two", "planner", "secretary", "nobody"):
        assert refused(NotYou, partial(close, s, who)) == [("role-missing", "standing")]
    assert events(s, "standing.%") == []


def test_closed_is_closed(s: Sitting) -> None:
    close(s, "head-one", "one-a")

    assert refused(NotNow, lambda: close(s, "head-one", "one-a")) == [("step-not-open", "standing")]


def test_what_a_closed_specialty_had_going_ends_with_it(s: Sitting) -> None:
    round_id = make_cycle(s.city, year=2027, policy=BITES.replace('version: "1"', 'version: "2"'))
    rounds.move(s.as_("secretary"), round_id, RoundEvent.COLLECT)
    s.session.execute(sa.update(Rectification).values(state="due"))

    close(s, "head-two")

    review = s.session.scalars(
        sa.select(Review.state).where(Review.round_id == round_id, Review.specialty_id == s.city.specialties["two-a"])
    ).one()
    assert (review, s.session.scalars(sa.select(Rectification.state)).all()) == ("withdrawn", ["superseded"])
    assert [e.reason for e in events(s, "review.withdraw")] == ["专业已撤销"]


# --- on a proposal ---------------------------------------------------------------------------------------------------


def test_the_bureau_closes_after_notice_the_committees_decision_and_the_days_to_appeal(s: Sitting) -> None:
    assert refused(NotNow, lambda: close(s, "bureau-approver")) == [
        ("closing-not-decided", "closing"), ("school-not-served", "closing"),
    ]  # fmt: skip
    row = decided(s)
    assert (row.decision, row.document_number, row.decided_by) == ("close", DOCUMENT, s.city.people["secretary"])
    assert refused(NotNow, lambda: close(s, "bureau-approver")) == [("appeal-open", "closing")]

    s.city.wait(30)
    close(s, "bureau-approver")

    assert standings(s)["two-a"] == "closed"
    assert s.session.get_one(Specialty, s.city.specialties["two-a"]).closed_on == s.city.now.date()
    assert [e.facts["cause"] for e in events(s, "standing.close")] == ["decision"]
    assert [e.kind for e in events(s, "closing.%")] == [
        "closing.propose", "closing.receive", "closing.vote", "closing.decide",
    ]  # fmt: skip


def test_a_notice_nobody_opens_counts_as_served_after_the_policys_days(s: Sitting) -> None:
    assert refused(NotNow, lambda: put(s)) == [("school-not-served", "closing")]

    s.city.wait(10)

    assert refused(Invalid, lambda: put(s, held_on=date(2026, 6, 1))) == [("day-out-of-reach", "held_on")]
    assert closing_decided(s, proposal(s).id).decision == "close"


def test_a_specialty_that_is_kept_is_not_closed_by_the_bureau(s: Sitting) -> None:
    decided(s, "keep")
    s.city.wait(60)

    assert refused(NotNow, lambda: close(s, "bureau-approver")) == [("closing-not-decided", "closing")]


def test_who_recorded_the_vote_does_not_close_as_well(s: Sitting) -> None:
    bureau = s.city.organisations["bureau:371400"]
    both = {Role.SECRETARY: bureau, Role.BUREAU_APPROVER: bureau}
    s.city.people["both"] = make_person(s.session, login="both", roles=both)
    closings.receive(s.as_("head-two"), proposal(s).id)
    put(s, who="both")

    sign(s)
    s.city.wait(60)
    assert refused(NotNow, lambda: close(s, "both")) == [("closing-same-person", "closing")]
    close(s, "bureau-approver")


# --- the vote --------------------------------------------------------------------------------------------------------


def put(s: Sitting, *signs: str, who: str = "secretary", **said: Any) -> ClosingProposal:
    return closings.vote(s.as_(who), proposal(s).id, minutes(s, *signs, **said))


def sign(s: Sitting, decision: str = "close", who: str = "secretary") -> ClosingProposal:
    return closings.decide(s.as_(who), proposal(s).id, decision, DOCUMENT, WHY)


def test_closing_is_decided_as_the_committee_voted_and_in_no_other_way(s: Sitting) -> None:
    closings.receive(s.as_("head-two"), proposal(s).id)
    assert refused(NotNow, lambda: sign(s)) == [("vote-missing", "vote")]

    put(s, "++++----")  # half of those present are no majority

    assert refused(NotNow, lambda: sign(s)) == [("closing-not-as-voted", "decision")]
    with (
        pytest.raises(sa.exc.IntegrityError, match="closing is decided as the committee voted"),
        s.session.begin_nested(),
    ):
        s.session.execute(sa.update(ClosingProposal).values(
            decision="close", decided_at=s.city.now, decided_by=1, document_number="1", reason="1",
            appeal_due=s.city.now + timedelta(days=9)))  # fmt: skip
    s.city.wait(60)
    assert refused(NotNow, lambda: close(s, "bureau-approver")) == [("closing-not-decided", "closing")]
    assert sign(s, "keep").decision == "keep"
    assert refused(NotNow, lambda: put(s, reason="示例：重议")) == [("closing-decided", "closing")]


def test_a_vote_on_closing_needs_quorum_and_sectors_and_leaves_out_who_is_tied_to_the_school(s: Sitting) -> None:
    closings.receive(s.as_("head-two"), proposal(s).id)
    with nothing_left(s.session):
        assert refused(NotNow, lambda: put(s, "+", "research-1", "research-2", "chair", minutes_number=" ")) == [
            ("quorum-missing", "seats"), ("sector-missing", "sectors.research"),
            ("document-number-missing", "minutes_number"),
        ]  # fmt: skip
    employ(s, "research-1", school="two")
    assert refused(NotNow, lambda: put(s)) == [("recused", f"members.{s.members['research-1']}")]
    words = [replace(word, vote=None) if word.member == s.members["research-1"] else word for word in minutes(s).words]
    put(s, words=words)

    [vote] = s.session.scalars(sa.select(RecordedVote).where(RecordedVote.proposal_id.is_not(None)))
    assert (vote.approved, vote.tally["entitled"], vote.tally["recused"]) == (True, 7, [s.members["research-1"]])
    [event] = events(s, "closing.vote")
    assert (event.audience, event.facts) == ("office", {"approved": True, "minutes_number": "示例纪要〔2026〕5号"})
    [line] = closings.listing(s.as_("head-two"), Page(9))[0]
    assert [motions.view(one)["for"] for one in line.votes] == [7]


def test_an_interest_on_record_binds_the_vote_taken_anew(s: Sitting) -> None:
    closings.receive(s.as_("head-two"), proposal(s).id)
    member = s.members["industry-1"]
    aside = [replace(word, interest=True, vote=None) if word.member == member else word for word in minutes(s).words]
    put(s, words=aside)

    assert refused(NotNow, lambda: put(s, words=aside)) == [("reason-missing", "reason")]
    again = {"reason": "示例：纪要有误"}
    assert refused(NotNow, lambda: put(s, **again)) == [("recused", f"members.{member}")]
    put(s, words=[word for word in minutes(s, "-").words if word.member != member], **again)
    votes = s.session.scalars(sa.select(RecordedVote).order_by(RecordedVote.number)).all()
    assert [(vote.number, vote.approved, vote.tally["recused"]) for vote in votes] == [
        (1, True, [member]), (2, False, [member]),
    ]  # fmt: skip


def test_a_decision_says_under_which_document_and_why_and_is_made_once(s: Sitting) -> None:
    key = proposal(s).id
    closings.receive(s.as_("head-two"), key)
    closings.vote(s.as_("secretary"), key, minutes(s))
    act = partial(closings.decide, s.as_("secretary"), key)
    assert refused(Invalid, lambda: act("sell", " ", "")) == [
        ("decision-unknown", "decision"), ("document-number-missing", "document_number"), ("reason-missing", "reason"),
    ]  # fmt: skip
    assert refused(Changed, lambda: act("close", DOCUMENT, WHY, version=2)) == [
        ("changed-meanwhile", "closing_proposal")
    ]
    act("close", DOCUMENT, WHY, version=3)

    assert refused(NotNow, lambda: act("close", DOCUMENT, WHY)) == [("closing-decided", "closing")]


def test_a_newer_rating_takes_a_proposals_ground_away(s: Sitting) -> None:
    s.session.execute(sa.update(Review).values(appeal_due=s.city.now + timedelta(days=1)))
    overturn(s, "two-a", "green")
    s.session.execute(sa.update(ClosingProposal).values(served_at=s.city.now))
    closing_decided(s, proposal(s).id)
    s.city.wait(60)

    assert [code for code, _ in refused(NotNow, lambda: close(s, "bureau-approver"))] == [
        "closing-not-decided", "school-not-served",
    ]  # fmt: skip


def test_nobody_else_sees_receives_or_decides_a_proposal(s: Sitting) -> None:
    add_other_city(s)
    key = proposal(s).id

    for who in ("head-one", "other-approver", "planner", "nobody"):
        refused(NotFound, partial(closings.receive, s.as_(who), key))
        refused(NotFound, partial(closings.decide, s.as_(who), key, "close", DOCUMENT, WHY))
        assert closings.listing(s.as_(who), Page(9))[0] == []
    refused(NotYou, lambda: closings.receive(s.as_("secretary"), key))
    for who in ("head-two", "bureau-approver"):
        refused(NotYou, lambda who=who: closings.decide(s.as_(who), key, "close", DOCUMENT, WHY))  # type: ignore[misc]
    refused(NotYou, lambda: closings.vote(s.as_("bureau-approver"), key, minutes(s)))
    assert [row.code for row in closings.listing(s.as_("head-two"), Page(9))[0]] == [s.city.codes["two-a"]]


def test_closing_is_offered_to_those_who_may_with_why_not(s: Sitting) -> None:
    def offered(who: str) -> list[tuple[str, list[str]]]:
        found = closings.possible(s.as_(who), s.city.codes["two-a"])
        return [(p.event, [r.code for r in p.reasons]) for p in found]

    assert offered("head-two") == [("close", [])]
    assert offered("bureau-approver") == [("close", ["closing-not-decided", "school-not-served"])]
    assert offered("planner") == offered("head-one") == offered("nobody") == []


def test_a_proposal_says_what_can_be_done_with_it_and_why_not(s: Sitting) -> None:
    def offered(who: str) -> dict[str, list[str]]:
        listed = [one.possible for one in closings.listing(s.as_(who), Page(9))[0]]
        found = closings.possible_with(s.as_(who), proposal(s))
        assert listed in ([found], [])
        return {p.event: [r.code for r in p.reasons] for p in found}

    assert (offered("head-two"), offered("secretary")) == (
        {"receive": []}, {"vote": ["school-not-served"], "decide": ["school-not-served", "vote-missing"]},
    )  # fmt: skip
    assert offered("planner") == offered("auditor") == {}
    decided(s)
    assert offered("secretary") == {"vote": ["closing-decided"], "decide": ["closing-decided"]}
    assert refused(NotNow, lambda: decided(s)) == [("closing-decided", "closing")]
