"""Who is no longer a member takes no part in a vote, not by their own hand and not by the secretary's."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_deliberation import REGULAR, Sitting, close_item, convene, make_scored
from specialty_eval.actions import decisions, members
from specialty_eval.engine.errors import Invalid, NotYou
from specialty_eval.store.accounts import Person, RoleGrant
from specialty_eval.store.deliberation import Ballot


def end_role(sitting: Sitting, *logins: str) -> None:
    people = [sitting.city.people[login] for login in logins]
    sitting.session.execute(
        sa.update(RoleGrant).where(RoleGrant.person_id.in_(people)).values(valid_to=date(2025, 12, 31))
    )


def test_the_secretary_types_in_no_vote_for_whoever_left_office(session: Session) -> None:
    sitting = make_scored(session, {"two-a": "yellow"})
    convene(sitting, together=["two-a"])
    end_role(sitting, "industry-1", "research-1")
    session.get_one(Person, sitting.city.people["enterprise-1"]).active = False
    session.flush()
    votes = {sitting.members[login]: "agree" for login, _ in REGULAR}
    with pytest.raises(Invalid) as refused:
        decisions.agree(sitting.as_("secretary"), sitting.meeting, votes)
    gone = sorted(f"members.{sitting.members[login]}" for login in ("industry-1", "research-1", "enterprise-1"))
    assert sorted(p.where for p in refused.value.problems) == gone
    assert {p.code for p in refused.value.problems} == {"not-in-office"}
    assert session.scalar(sa.select(sa.func.count()).select_from(Ballot)) == 0


def test_a_member_whose_term_ended_since_the_seats_were_fixed_casts_no_ballot(session: Session) -> None:
    sitting = make_scored(session, {"two-a": "yellow"})
    convene(sitting)
    yesterday = sitting.as_("secretary").today - timedelta(days=1)
    members.end_term(sitting.as_("secretary"), sitting.members["industry-1"], yesterday)
    with pytest.raises(NotYou) as refused:
        sitting.vote("two-a", {"industry-1": "green"})
    assert [p.code for p in refused.value.problems] == ["not-in-office"]


def test_a_ballot_cast_in_office_counts_also_when_the_role_ends_before_the_close(session: Session) -> None:
    sitting = make_scored(session, {"two-a": "yellow"})
    convene(sitting)
    sitting.vote("two-a", {login: "yellow" for login, _ in REGULAR})
    end_role(sitting, "industry-1")
    decision = close_item(sitting.as_("secretary"), sitting.items["two-a"])
    assert decision.tally["present"] == len(REGULAR)
