"""What an answer about a meeting, an item, an assignment or a challenge says is possible is what the act then answers.

By state and role, with the same codes; an expert sees what they were asked, an office what everybody was.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_applications import minutes
from factories_deliberation import Sitting, close_item, convene, employ, make_convened, make_scored, refused
from specialty_eval.actions import (
    accounts,
    ballots,
    challenges,
    committee,
    conflicts,
    decisions,
    meeting_actions,
    panel,
    previews,
)
from specialty_eval.actions.context import Possible
from specialty_eval.actions.paging import Page
from specialty_eval.engine.assignment import AssignmentEvent
from specialty_eval.engine.cases import ChallengeEvent
from specialty_eval.engine.errors import NotFound, NotNow, NotYou
from specialty_eval.store.accounts import Person
from specialty_eval.store.deliberation import ExpertAssignment, PanelScore
from specialty_eval.store.reviews import Challenge, Review

PAGE = Page(50)


def codes(found: Iterable[Possible]) -> dict[str, list[str]]:
    return {p.event: [problem.code for problem in p.reasons] for p in found}


def answered(session: Session, act: Callable[[], object]) -> list[str]:
    """Why the act refuses; empty when it does not. Nothing is left of it either way."""
    with session.begin_nested() as tried:
        try:
            act()
            found = []
        except (NotNow, NotFound) as refusal:
            found = [problem.code for problem in refusal.problems]
        tried.rollback()
    session.expire_all()
    return found


def all_for(s: Sitting, rating: str) -> None:
    s.vote("one-a", {login: rating for login in s.members if not login.startswith("substitute")})


def challenged(s: Sitting, measure: str = "graduates", claimed: str = "200") -> Challenge:
    made = Challenge(review_id=s.reviews["one-a"], measure=measure, stated="60", claimed=claimed, reason="示例",
                     state="open", answer_due=s.city.now, made_at=s.city.now, version=1, answer="",
                     updated_at=s.city.now)  # fmt: skip
    s.session.add(made)
    s.session.flush()
    return made


# --- an item ---------------------------------------------------------------------------------------------------------


def test_an_item_is_not_closed_while_its_review_is_challenged(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    all_for(s, "yellow")
    item, secretary = s.items["one-a"], s.as_("secretary")
    assert codes(meeting_actions.of_item(secretary, item)) == {"close": ["vote-not-ended"], "void": []}
    ballots.end_vote(secretary, item)
    assert codes(meeting_actions.of_item(secretary, item)) == {"close": [], "void": []}
    session.execute(sa.update(Review).values(challenge_due=s.city.now + timedelta(days=3)))
    challenged(s)

    told = codes(meeting_actions.of_item(secretary, item))["close"]

    assert told == answered(session, lambda: close_item(secretary, item)) == [
        "challenge-days-running", "challenge-open",
    ]  # fmt: skip


def test_a_closed_item_is_void_until_its_school_has_seen_the_decision(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    all_for(s, "yellow")
    item, secretary = s.items["one-a"], s.as_("secretary")
    close_item(secretary, item)
    assert codes(meeting_actions.of_item(secretary, item)) == {"void": ["vote-missing"]}
    conflicts.vote_to_rescind(s.as_("chair"), s.reviews["one-a"], minutes(s))
    assert codes(meeting_actions.of_item(secretary, item)) == {"void": []}

    previews.preview(secretary, s.round_id)

    told = codes(meeting_actions.of_item(secretary, item))["void"]
    assert told == answered(session, lambda: conflicts.void(secretary, item, "示例")) != []


# --- a meeting -------------------------------------------------------------------------------------------------------


def test_what_can_be_done_with_a_meeting_is_said_with_why_not(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow", "two-a": "green"}, together=["one-a"])
    secretary = s.as_("secretary")

    told = codes(meeting_actions.of_meeting(secretary, s.meeting))

    assert told == {"list": [], "attend": [], "open": [], "agree": [], "adjourn": ["quorum-is-there"]}
    assert told["adjourn"] == answered(session, lambda: committee.adjourn(secretary, s.meeting))
    assert told["open"] == answered(session, lambda: ballots.open_items(secretary, s.meeting))
    assert codes(meeting_actions.of_meeting(s.as_("bureau-approver"), s.meeting)) == {"waive": []}
    assert codes(meeting_actions.of_meeting(s.as_("auditor"), s.meeting)) == {}


def test_a_meeting_without_a_quorum_can_be_adjourned_and_agrees_nothing(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"}, together=["one-a"])
    s.attend("industry-1", "industry-2", "enterprise-1", "enterprise-2", "research-1", "research-2")
    secretary = s.as_("secretary")

    told = codes(meeting_actions.of_meeting(secretary, s.meeting))

    assert told["adjourn"] == []
    assert "quorum-missing" in told["agree"]
    committee.adjourn(secretary, s.meeting)
    nothing = codes(meeting_actions.of_meeting(secretary, s.meeting))["agree"]
    assert nothing == answered(session, lambda: decisions.agree(secretary, s.meeting, {})) == ["not-found"]


def test_a_recused_secretary_learns_nothing_of_the_item_from_what_can_be_done(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})
    employ(s, "secretary", school="one")
    convene(s, together=["one-a"])
    session.execute(sa.update(Review).values(challenge_due=s.city.now + timedelta(days=3)))
    challenged(s)

    told = codes(meeting_actions.of_meeting(s.as_("secretary"), s.meeting))

    assert (told["agree"], told["open"], told["adjourn"]) == (["not-found"], [], ["quorum-is-there"])


# --- an assignment ---------------------------------------------------------------------------------------------------


def asked(s: Sitting, *logins: str) -> list[int]:
    session, due = s.session, s.city.now + timedelta(days=9)
    made = [ExpertAssignment(review_id=s.reviews["one-a"], person_id=s.city.people[login], state="invited", version=1,
                             updated_at=s.city.now, due=due) for login in logins]  # fmt: skip
    session.add_all(made)
    session.flush()
    return [row.id for row in made]


def of(s: Sitting, who: str, key: int) -> dict[str, list[str]]:
    ctx = s.as_(who)
    return codes(panel.possible(ctx, panel.shown(ctx, [key])[0]))


def test_an_expert_is_told_what_stands_in_the_way_of_scoring(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})
    (key,) = asked(s, "expert-1")
    expert = s.as_("expert-1")
    assert of(s, "expert-1", key) == {"accept": [], "decline": []}
    assert of(s, "secretary", key) == {"replace": []}

    panel.answer(expert, key, AssignmentEvent.ACCEPT)
    told = of(s, "expert-1", key)
    assert told["score"] == answered(session, lambda: panel.score(expert, key, {})) == ["inputs-frozen"]


def test_whoever_has_scored_is_said_to_be_replaced_for_an_interest_alone(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})
    (key,) = asked(s, "expert-1")
    session.add(PanelScore(assignment_id=key, measure="quality", score=Decimal(80), given_at=s.city.now))
    session.flush()
    session.execute(sa.update(ExpertAssignment).values(state="scored"))
    secretary = s.as_("secretary")

    told = of(s, "secretary", key)["replace"]

    again = answered(session, lambda: panel.answer(secretary, key, AssignmentEvent.REPLACE, reason="示例"))
    assert told == again == ["scored-already"]


def test_an_expert_lists_their_own_and_an_office_everybodys_page_by_page(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})
    first, second = asked(s, "expert-1", "expert-2")

    def listed(who: str, page: Page = PAGE, **chosen: int) -> list[int]:
        return [one.assignment.id for one in panel.listing(s.as_(who), page, **chosen)[0]]  # type: ignore[arg-type]  # ints

    assert listed("expert-1") == [first]
    assert listed("secretary") == listed("auditor") == [second, first]
    assert listed("secretary", review_id=s.reviews["one-a"], round_id=s.round_id) == [second, first]
    assert listed("secretary", round_id=s.round_id + 1) == []
    assert listed("head-one") == listed("nobody") == listed("planner") == []
    rows, cursor = panel.listing(s.as_("secretary"), Page.of(1, None))
    assert ([one.assignment.id for one in rows], listed("secretary", Page.of(1, cursor))) == ([second], [first])

    employ(s, "secretary", school="one")
    assert listed("secretary") == []


# --- a challenge -----------------------------------------------------------------------------------------------------


def test_a_challenge_is_upheld_only_by_a_value_that_can_take_the_place(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})
    bureau = s.as_("bureau-verifier")
    good, bad = challenged(s), challenged(s, claimed="many")

    told = {kept.id: codes(found) for kept, found in challenges.of_review(bureau, s.reviews["one-a"])}

    for kept in (good.id, bad.id):
        for event in ChallengeEvent:
            why = answered(session, lambda k=kept, e=event: challenges.answer(bureau, k, e, "示例"))  # type: ignore[misc]
            assert told[kept][event] == why
    assert (told[good.id], told[bad.id]["reject"]) == ({"uphold": [], "reject": []}, [])
    assert told[bad.id]["uphold"] != []


def test_a_challenge_of_a_decided_review_cannot_be_upheld(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    all_for(s, "yellow")
    close_item(s.as_("secretary"), s.items["one-a"])
    kept, bureau = challenged(s), s.as_("bureau-verifier")

    told = codes(challenges.possible(bureau, kept))

    assert told["uphold"] == ["step-not-open"]
    assert told["uphold"] == answered(
        session, lambda: challenges.answer(bureau, kept.id, ChallengeEvent.UPHOLD, "示例")
    )


# --- people ----------------------------------------------------------------------------------------------------------


def test_who_keeps_the_accounts_lists_everybody_with_their_roles(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})
    everybody = session.scalar(sa.select(sa.func.count()).select_from(Person))

    rows, cursor = accounts.people(s.as_("administrator"), Page(500))

    found = {row.login: row for row in rows}
    assert (len(found), cursor) == (everybody, None)
    assert [(g.role, g.kind) for g in found["head-one"].roles] == [("school_head", "school")]
    assert not any("contact" in name or "password" in name for name in found["head-one"].__slots__)
    for who in ("secretary", "head-one", "nobody"):
        assert refused(NotYou, lambda who=who: accounts.people(s.as_(who), PAGE)) == [("role-missing", "")]  # type: ignore[misc]  # bound now
