"""Recusal has one definition, whoever asks: a member, an officer, an expert, a panel. Nothing but its ground ends it.

workflow.md: "Members of the specialty's school or its partner enterprise, or who declare an interest, are recused: they
see the title and nothing from which the rest could be inferred, also the chair and the secretary."
"""

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import make_confirmed
from factories_deliberation import (
    Sitting,
    convene,
    employ,
    make_convened,
    make_publicised,
    make_scored,
    nothing_left,
    refused,
)
from specialty_eval.actions import (
    ballots,
    committee,
    conflicts,
    interests,
    meeting_views,
    plans,
    publications,
    scoring,
)
from specialty_eval.actions.plans import Adjustment
from specialty_eval.engine.errors import Invalid, NotNow, NotYou
from specialty_eval.store import deliberation_rooms, scopes
from specialty_eval.store.deliberation import InterestDeclaration
from specialty_eval.store.experts import FORMER_EMPLOYER, ExpertTie
from specialty_eval.store.registry import School, Specialty
from specialty_eval.store.succession_queries import keep_names

WHO = "enterprise-1"


def _interest(s: Sitting) -> None:
    interests.declare(s.as_(WHO), s.items["one-a"], True, "示例：亲属在该校任职")
    conflicts.void(s.as_("secretary"), s.items["one-a"], "示例：改期")


def _conflict(s: Sitting) -> None:
    conflicts.conflict(s.as_("secretary"), s.items["one-a"], s.members[WHO], "示例：持有合作企业股份")
    conflicts.void(s.as_("secretary"), s.items["one-a"], "示例：改期")


@pytest.mark.parametrize("how", [_interest, _conflict])
def test_an_interest_stands_when_the_review_is_listed_anew(session: Session, how: Callable[[Sitting], None]) -> None:
    s = make_convened(session, {"one-a": "yellow", "two-a": "yellow"})
    how(s)

    convene(s, reviews=[s.reviews["one-a"]])  # everybody declares none of the whole list

    item, person = s.items["one-a"], s.city.people[WHO]
    said = sa.select(InterestDeclaration).where(
        InterestDeclaration.item_id == item, InterestDeclaration.person_id == person
    )
    assert session.scalars(said).all() == []
    assert refused(NotNow, lambda: interests.declare(s.as_(WHO), item, False)) == [("interest-stands", "interest")]
    assert refused(NotYou, lambda: meeting_views.material(s.as_(WHO), item)) == [("recused", f"items.{item}")]
    ballots.call_vote(s.as_("secretary"), item)
    assert refused(NotYou, lambda: ballots.cast(s.as_(WHO), item, "yellow")) == [("recused", f"items.{item}")]
    everybody = set(s.city.people.values())
    assert scopes.recused_people(session, everybody, s.reviews["one-a"]) == {person}


def test_a_tie_a_merger_and_a_former_name_recuse_members_officers_and_panels_alike(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow", "two-a": "yellow"})
    one, two = s.city.schools["one"], s.city.schools["two"]
    person = s.city.people
    session.add(ExpertTie(person_id=person[WHO], school_id=one, kind=FORMER_EMPLOYER, declared_at=s.city.now))
    keep_names(session, {one: "示例旧名学校"}, date(2026, 1, 1))
    employ(s, "industry-1", enterprise="示例旧名学校")
    part = s.city.schools["city"]
    session.execute(sa.update(School).where(School.id == part).values(successor_id=one))
    employ(s, "research-1", school="city")
    employ(s, "appeal-1", school="city")
    session.flush()
    tied = {person[who] for who in (WHO, "industry-1", "research-1", "appeal-1")}

    everybody = set(person.values())
    assert scopes.recused_people(session, everybody, s.reviews["one-a"]) == tied
    one_a, two_a = s.review("one-a").specialty_id, s.review("two-a").specialty_id
    assert scopes.recused_people_of_specialty(session, everybody, one_a) == tied
    for who in everybody:
        alone = scopes.recused_from(session, who, s.reviews.values())
        assert alone == ({s.reviews["one-a"]} if who in tied else set())
        assert bool(scopes.of_specialty(session, one_a, acting=who).recused) is (who in tied)
    convene(s)
    room = deliberation_rooms.room_of_item(session, s.items["one-a"], acting=None)
    assert {
        room.seats[n].person_id for n, seat in enumerate(room.seats_of(s.items["one-a"])) if seat.recused
    } == tied & {seat.person_id for seat in room.seats}

    # What is part of the specialty now counts with its school: one's specialty merged into two's.
    session.execute(
        sa.update(Specialty).where(Specialty.id == one_a).values(successor_id=two_a, closed_on=date(2026, 1, 1))
    )
    assert scopes.recused_people(session, everybody, s.reviews["two-a"]) == tied
    assert two not in tied


def test_the_recused_neither_let_their_own_go_on_nor_set_it_right_in_public(session: Session) -> None:
    s, listed = make_publicised(session, {"one-a": "red", "two-a": "green"})
    employ(s, "secretary", school="one")
    own, other = s.reviews["one-a"], s.reviews["two-a"]
    acting = s.as_("secretary")

    with nothing_left(session):
        for act in (
            lambda: scoring.run(acting, s.round_id, go_on={own: "示例", other: "示例"}),
            lambda: scoring.order_new_run(acting, s.round_id, "示例", go_on={own: "示例"}),
        ):
            assert refused(NotYou, act) == [("recused", f"go_on.{own}")]
        for about in (own, None):
            erratum = lambda about=about: publications.erratum(acting, listed, "示例", about)  # noqa: E731
            assert refused(NotYou, erratum) == [("recused", f"reviews.{own}")]
    assert publications.erratum(acting, listed, "示例", other).id


def test_a_planner_adjusts_no_line_of_a_school_they_work_at_nor_its_cap(session: Session) -> None:
    s = make_confirmed(session)
    employ(s, "planner", school="one")
    planner = s.as_("planner")
    plan = plans.draft(planner, 2026)
    code, other = s.city.codes["one-b"], s.city.codes["two-a"]
    school, elsewhere = (session.get_one(School, s.city.schools[name]).code for name in ("one", "two"))

    adjust = lambda: plans.adjust(planner, plan.id, code, Adjustment(1, "示例"))  # noqa: E731
    assert refused(NotYou, adjust) == [("recused", f"lines.{code}")]
    cap = lambda: plans.cap(planner, plan.id, {("school", school): 1, ("school", elsewhere): 900})  # noqa: E731
    assert refused(NotYou, cap) == [("recused", f"caps.{school}")]
    plans.adjust(planner, plan.id, other, Adjustment(1, "示例"))
    plans.cap(planner, plan.id, {("school", elsewhere): 900})


def test_who_is_recused_learns_of_nobody_whether_they_have_voted(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow", "two-a": "yellow"})
    interests.declare(s.as_("chair"), s.items["one-a"], True, "示例：亲属")
    s.vote("one-a", {"industry-1": "yellow"})
    here = set(s.members.values()) - {s.members[who] for who in ("substitute-industry", "substitute-research")}

    for who in ("industry-1", "industry-2"):  # one has voted and one has not
        leaving = lambda who=who: committee.attend(s.as_("chair"), s.meeting, here - {s.members[who]})  # noqa: E731
        assert refused(Invalid, leaving) == [("vote-under-way", "present")]
    committee.attend(s.as_("chair"), s.meeting, here)
    voted = lambda: committee.attend(s.as_("secretary"), s.meeting, here - {s.members["industry-1"]})  # noqa: E731
    assert refused(Invalid, voted) == [("voting-on-an-item", f"members.{s.members['industry-1']}")]
