"""The committee's vote on an application and the bureau's signature: what is registered then, and what never passes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_cycle, make_person
from factories_applications import (
    FREE,
    LIMITS,
    ONE,
    OPENS,
    TWO,
    checked,
    deliberated,
    make_applying,
    minutes,
    off_catalogue,
    publish_list,
    received,
    registered,
    voted,
    wanted,
)
from factories_consequences import events
from factories_deliberation import Sitting, employ, refused
from racing import at_once
from specialty_eval.actions import application_decisions, application_views, applications, status
from specialty_eval.actions.application_views import Asked
from specialty_eval.actions.motions import Word
from specialty_eval.actions.paging import Page
from specialty_eval.engine.errors import Invalid, NotNow, NotYou
from specialty_eval.engine.opening import ApplicationKind
from specialty_eval.engine.permissions import Role
from specialty_eval.store.applications import Application
from specialty_eval.store.base import make_engine
from specialty_eval.store.outcomes import Standing
from specialty_eval.store.recorded_votes import RecordedVote
from specialty_eval.store.registry import School, Specialty, SpecialtyCode
from specialty_eval.store.reviews import Review

SIGNED = "示例批〔2026〕7号"


@pytest.fixture
def s(session: Session) -> Sitting:
    return make_applying(session)


def specialty(s: Sitting, row: Application) -> Specialty:
    return s.session.get_one(Specialty, row.specialty_id, populate_existing=True)


def put(s: Sitting, row: Application, *signs: Any, **said: Any) -> Application:
    return application_decisions.vote(s.as_("secretary"), row.id, minutes(s, *signs, **said))


# --- the vote --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("votes", "approved"), [("+", True), ("+++++---", True), ("++++----", False), ("+++++000", True), ("0", False)]
)
def test_more_than_half_of_those_present_carry_it(s: Sitting, votes: str, approved: bool) -> None:
    voted(s, votes=votes)

    [vote] = s.session.scalars(sa.select(RecordedVote))
    assert (vote.approved, vote.tally["present"], vote.tally["entitled"]) == (approved, 8, 8)
    [event] = events(s, "application.vote")
    assert (event.audience, event.facts["approved"]) == ("office", approved)


def test_without_a_quorum_or_a_sector_no_vote_holds(s: Sitting) -> None:
    row = deliberated(s)

    assert refused(NotNow, lambda: put(s, row, "+", "research-1", "research-2", "chair")) == [
        ("quorum-missing", "seats"), ("sector-missing", "sectors.research"),
    ]  # fmt: skip
    assert not s.session.scalars(sa.select(RecordedVote)).all()


def test_who_works_at_the_school_leaves_the_base_whatever_the_record_says(s: Sitting) -> None:
    employ(s, "research-1", school="one")
    row = deliberated(s)

    assert refused(NotNow, lambda: put(s, row)) == [("recused", f"members.{s.members['research-1']}")]
    words = [replace(word, vote=None) if word.member == s.members["research-1"] else word for word in minutes(s).words]
    put(s, row, words=words)
    [vote] = s.session.scalars(sa.select(RecordedVote))
    assert (vote.tally["entitled"], vote.tally["recused"]) == (7, [s.members["research-1"]])


def test_a_declared_interest_recuses_and_a_substitute_of_the_sector_votes_instead(s: Sitting) -> None:
    row = deliberated(s)
    one, two, other = (s.members[login] for login in ("research-1", "research-2", "substitute-research"))
    words = [word for word in minutes(s).words if word.member not in {one, two}]

    with_interest = [*words, Word(one, True), Word(two, True)]
    assert refused(NotNow, lambda: put(s, row, words=with_interest)) == [("sector-missing", "sectors.research")]
    put(s, row, words=[*with_interest, Word(other, False, "for", stands_in_for=one)])
    assert s.session.scalars(sa.select(RecordedVote.approved)).one()


def test_a_sector_that_is_wholly_recused_is_waived_by_the_bureau_in_writing(s: Sitting) -> None:
    row = deliberated(s)
    words = [
        replace(word, interest=True, vote=None) if word.member in {s.members["research-1"], s.members["research-2"]}
        else word for word in minutes(s).words
    ]  # fmt: skip

    assert refused(Invalid, lambda: put(s, row, words=words, waived={"research": " ", "none": "1"})) == [
        ("document-number-missing", "waived.research"), ("sector-unknown", "waived.none"),
    ]  # fmt: skip
    put(s, row, words=words, waived={"research": "示例〔2026〕8号"})


def test_minutes_that_cannot_be_are_refused_whole(s: Sitting) -> None:
    row, secretary = deliberated(s), s.as_("secretary")
    industry, substitute, chair = (s.members[m] for m in ("industry-1", "substitute-research", "chair"))
    words = [
        Word(chair, False, "for"), Word(chair, False, "for"), Word(99999, False, "for"),
        Word(substitute, False, "for", stands_in_for=industry), Word(industry, False, "for", stands_in_for=chair),
    ]  # fmt: skip

    assert refused(Invalid, lambda: put(s, row, words=words, held_on=secretary.today + timedelta(days=1))) == [
        ("day-out-of-reach", "held_on"), ("member-twice", f"members.{chair}"), ("not-seated", "members.99999"),
        ("sector-differs", f"members.{substitute}"), ("not-a-substitute", f"members.{industry}"),
        ("sector-differs", f"members.{industry}"),
    ]  # fmt: skip
    silent = [replace(word, vote=None) for word in minutes(s).words]
    assert {code for code, _ in refused(NotNow, lambda: put(s, row, words=silent))} == {"member-without-vote"}


def test_a_vote_is_taken_anew_only_with_a_reason_and_the_newest_counts(s: Sitting) -> None:
    row = voted(s)

    assert refused(NotNow, lambda: put(s, row, "-")) == [("reason-missing", "reason")]
    put(s, row, "-", reason="示例：事后发现应回避")
    assert refused(NotNow, lambda: application_decisions.register(s.as_("bureau-approver"), row.id, SIGNED)) == [
        ("vote-against", "vote")
    ]
    assert [v.approved for v in s.session.scalars(sa.select(RecordedVote).order_by(RecordedVote.number))] == [
        True, False,
    ]  # fmt: skip


# --- registering -----------------------------------------------------------------------------------------------------


def test_what_is_registered_is_taught_from_its_day_with_code_and_standing_and_everybody_knows(s: Sitting) -> None:
    row = registered(s, wanted(direction="口腔", length="3", campus="示例校区"))

    new = specialty(s, row)
    assert (row.state, row.document_number) == ("registered", SIGNED)
    assert (new.catalogue_code, new.direction, new.name, new.level, new.opened_on, new.length, new.campus) == (
        FREE, "口腔", "护理", "secondary", OPENS, "3", "示例校区",
    )  # fmt: skip
    code = f"{ONE}-{FREE}-口腔"
    told = status.of(s.city.nobody(), code)
    assert (told.code, told.rating, told.standing) == (code, None, "normal")
    [event] = events(s, "application.register")
    assert (event.audience, event.specialty_id, event.facts["code"]) == ("public", new.id, code)
    [line] = application_views.listing(s.city.nobody(), Page(9), Asked())[0]
    assert (line["specialty"], line["document_number"]) == (code, SIGNED)
    assert application_views.whole(s.city.nobody(), application_views.read(s.city.nobody(), row.id))["details"] is None


def test_a_day_that_passed_while_it_was_decided_is_no_opening_in_the_past(s: Sitting) -> None:
    row = voted(s, wanted(effective_on=date(2027, 1, 4)))
    s.city.wait(400)

    opened = application_decisions.register(s.as_("bureau-approver"), row.id, SIGNED)

    assert specialty(s, opened).opened_on == s.as_("secretary").today


@pytest.mark.parametrize(("first_day", "joins"), [(date(2026, 9, 1), True), (date(2027, 11, 1), False)])
def test_it_joins_the_cycles_next_round_that_is_planned_and_has_it_open(
    s: Sitting, first_day: date, joins: bool
) -> None:
    publish_list(s, year=2026)
    following = make_cycle(s.city, policy=LIMITS.replace('version: "1"', 'version: "2"'), year=2027)

    row = registered(s, wanted("660103", school=TWO, effective_on=first_day), "head-two")

    placed = s.session.scalars(sa.select(Review).where(Review.specialty_id == row.specialty_id)).all()
    assert [(review.round_id, review.state) for review in placed] == ([(following, "planned")] if joins else [])
    assert [e.facts for e in events(s, "cycle.place") if e.specialty_id] == (
        [{"round": 1, "specialties": 1}] if joins else []
    )
    assert events(s, "application.register")[0].facts["round"] == (1 if joins else None)


def test_off_the_catalogue_it_gets_an_x_and_the_next_number_of_the_installation(s: Sitting) -> None:
    codes = []
    for who, school, name in (("head-one", ONE, "示例甲"), ("head-two", TWO, "示例乙")):
        row = received(s, off_catalogue(school=school, name=name), who)
        for party, person in (("bureau", "bureau-verifier"), ("department", "iit")):
            applications.opine(s.as_(person), row.id, party, True, "示例：同意", "示例〔2026〕1号")
        applications.check(s.as_("secretary"), row.id)
        applications.conclude(s.as_("secretary"), row.id)
        applications.refer(s.as_("secretary"), row.id)
        put(s, row)
        codes.append(specialty(s, application_decisions.register(s.as_("bureau-approver"), row.id, SIGNED)))

    assert [(each.catalogue_code, each.catalogue_entry_id, each.partner) for each in codes] == [
        ("X00001", None, "示例航空公司"), ("X00002", None, "示例航空公司"),
    ]  # fmt: skip
    assert status.of(s.city.nobody(), f"{TWO}-X00002").name == "示例乙"


def test_another_direction_gives_another_code_and_the_old_one_leads_to_it(s: Sitting) -> None:
    old = s.city.codes["one-b"]
    new = wanted("", kind=ApplicationKind.CHANGE, specialty=old, effective_on=None, direction="智能", length="5")

    row = registered(s, new)

    changed = specialty(s, row)
    assert (changed.id, changed.direction, changed.length) == (s.city.specialties["one-b"], "智能", "5")
    assert status.present(s.city.nobody(), old).code == f"{old}-智能"
    codes = s.session.execute(sa.select(SpecialtyCode.code, SpecialtyCode.valid_to).where(
        SpecialtyCode.specialty_id == changed.id).order_by(SpecialtyCode.code))  # fmt: skip
    assert [tuple(each) for each in codes] == [(old, s.as_("secretary").today), (f"{old}-智能", None)]


def test_a_closing_ends_the_standing_and_the_specialty(s: Sitting) -> None:
    new = wanted("", kind=ApplicationKind.CLOSE, specialty=s.city.codes["one-b"], effective_on=None, students=0)

    row = registered(s, new)

    assert specialty(s, row).closed_on == s.as_("secretary").today
    state = s.session.scalar(sa.select(Standing.state).where(Standing.specialty_id == row.specialty_id))
    assert state == "closed"
    assert [(e.audience, e.facts["cause"]) for e in events(s, "standing.close")] == [("public", "application")]


def test_one_that_is_still_to_open_can_change_and_close_and_a_merged_schools_opens_where_it_is_part_of(
    s: Sitting,
) -> None:
    opened = registered(s)
    first = f"{ONE}-{FREE}"
    asked = {"specialty": first, "effective_on": None}
    changed = registered(s, wanted("", kind=ApplicationKind.CHANGE, direction="智能", **asked))
    assert specialty(s, changed).direction == "智能"
    assert status.present(s.city.nobody(), first).code == f"{first}-智能"
    closed = registered(
        s, wanted("", kind=ApplicationKind.CLOSE, students=0, **{**asked, "specialty": f"{first}-智能"})
    )
    assert (closed.specialty_id, specialty(s, closed).closed_on) == (opened.specialty_id, OPENS)

    waiting = voted(s, wanted(direction="口腔"))
    s.session.execute(sa.update(School).where(School.code == ONE).values(
        successor_id=sa.select(School.id).where(School.code == TWO).scalar_subquery()))  # fmt: skip
    s.session.expire_all()
    at = specialty(s, application_decisions.register(s.as_("bureau-approver"), waiting.id, SIGNED))
    assert at.school_id == s.city.schools["two"]
    assert status.present(s.city.nobody(), f"{TWO}-{FREE}-口腔").code == f"{TWO}-{FREE}-口腔"


def test_who_put_the_vote_on_record_does_not_sign(s: Sitting) -> None:
    bureau = s.city.organisations["bureau:371400"]
    both = {Role.SECRETARY: bureau, Role.BUREAU_APPROVER: bureau}
    s.city.people["both"] = make_person(s.session, login="both", roles=both)
    row = deliberated(s)
    application_decisions.vote(s.as_("both"), row.id, minutes(s))

    assert refused(NotNow, lambda: application_decisions.register(s.as_("both"), row.id, "")) == [
        ("second-person-missing", ""), ("document-number-missing", "document_number"),
    ]  # fmt: skip
    assert refused(NotNow, lambda: application_decisions.refuse(s.as_("both"), row.id, SIGNED, "示例")) == [
        ("vote-for", "vote"), ("second-person-missing", ""),
    ]  # fmt: skip
    assert refused(NotYou, lambda: application_decisions.register(s.as_("secretary"), row.id, SIGNED)) == [
        ("role-missing", "application")
    ]


def test_what_the_committee_voted_against_is_refused_with_its_reason(s: Sitting) -> None:
    row = voted(s, votes="-")

    application_decisions.refuse(s.as_("bureau-approver"), row.id, SIGNED, "示例：论证不充分")

    assert (row.state, row.reason, row.document_number) == ("refused", "示例：论证不充分", SIGNED)
    assert row.complain_until is not None
    [event] = events(s, "application.refuse")
    assert (event.audience, event.reason) == ("school", "示例：论证不充分")


def test_what_was_voted_for_is_refused_only_where_something_bars_it(s: Sitting) -> None:
    first, second = voted(s), checked(s, wanted(direction="口腔"))
    assert [f["facts"]["others"] for f in second.findings] == [1]
    approver = s.as_("bureau-approver")
    assert refused(NotNow, lambda: application_decisions.refuse(approver, first.id, SIGNED, "示例")) == [
        ("vote-for", "vote")
    ]


# --- no cap is ever exceeded -----------------------------------------------------------------------------------------


def both_voted(s: Sitting) -> tuple[int, int]:
    """Two of one school that each keep its net growth of one, and together do not: the first took the second's place
    back in time, so that both came through the check.
    """
    first = voted(s)
    s.session.execute(sa.text("SET session_replication_role = replica"))
    s.session.execute(sa.text("UPDATE application SET effective_on = '2028-09-01' WHERE id = :i"), {"i": first.id})
    second = voted(s, wanted(direction="口腔"))
    s.session.execute(sa.text("UPDATE application SET effective_on = '2027-09-01' WHERE id = :i"), {"i": first.id})
    s.session.execute(sa.text("SET session_replication_role = DEFAULT"))
    s.session.expire_all()
    return first.id, second.id


def test_the_second_of_two_that_together_exceed_a_limit_is_not_registered_but_refused(s: Sitting) -> None:
    first, second = both_voted(s)
    approver = s.as_("bureau-approver")
    application_decisions.register(approver, first, SIGNED)

    assert refused(NotNow, lambda: application_decisions.register(approver, second, SIGNED)) == [
        ("opening-limit-exceeded", "opening.net-growth")
    ]
    row = application_decisions.refuse(approver, second, SIGNED, "示例：净增已满")
    assert (row.state, [finding["code"] for finding in row.findings]) == ("refused", ["opening-limit-exceeded"])


@pytest.fixture
def shared(fresh_database: str) -> Iterator[Sitting]:
    engine = make_engine(fresh_database, pool_size=6)
    with Session(engine, expire_on_commit=False) as session:
        yield make_applying(session)
    engine.dispose()


def bound(s: Sitting) -> sa.Engine:
    s.session.commit()
    engine = s.session.get_bind()
    assert isinstance(engine, sa.Engine)
    return engine


def test_two_registered_at_once_never_exceed_a_limit_together(shared: Sitting) -> None:
    keys = both_voted(shared)

    said = at_once(bound(shared), *(
        (shared.as_("bureau-approver"), lambda ctx, key=key: application_decisions.register(ctx, key, SIGNED))
        for key in (*keys, *keys)
    ))  # fmt: skip

    assert said.count("done") == 1
    assert set(said) <= {"done", "opening-limit-exceeded", "step-not-open"}
    found = sa.select(sa.func.count()).select_from(Specialty).where(Specialty.opened_on == OPENS)
    assert shared.session.scalar(found) == 1


def test_two_received_at_once_about_the_same_are_one(shared: Sitting) -> None:
    said = at_once(bound(shared), *[(shared.as_("head-one"), lambda ctx: applications.lodge(ctx, wanted()))] * 3)

    assert sorted(said) == ["application-under-way", "application-under-way", "done"]
