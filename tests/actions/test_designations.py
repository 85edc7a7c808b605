"""Designations: proposed, granted by another, under review when green is lost, kept, withdrawn, given back."""

from dataclasses import replace
from datetime import date
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_person
from factories_consequences import add_other_city, appeal_heard, confirm_anew, events, make_confirmed, overturn
from factories_deliberation import Sitting, make_publicised, nothing_left, refused
from factories_designations import (
    DEMONSTRATION,
    DOCUMENT,
    HIGH_LEVEL,
    WHY,
    granted,
    group,
    group_granted,
    proposed,
    state,
    was_green,
)
from racing import at_once
from remembered import remembered
from specialty_eval.actions import appeals, closings, designations, groups, ratings
from specialty_eval.actions.designations import Proposal
from specialty_eval.actions.groups import Members
from specialty_eval.actions.paging import Page
from specialty_eval.engine.designation import Tier
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.permissions import Role
from specialty_eval.store.designations import Designation, DesignationTargets
from specialty_eval.store.outcomes import Appeal

REVIEWED = "示例职〔2026〕9号"


@pytest.fixture
def s(session: Session) -> Sitting:
    """One specialty of each colour and an unrated one; one-a is green."""
    return make_confirmed(session)


@remembered
def about_to_be(session: Session, ratings_: dict[str, str]) -> tuple[Sitting, int]:
    """Green since before the installation, and with these ratings on a list whose days are over."""
    s, number = make_publicised(session, ratings_)
    was_green(s, *ratings_)
    s.city.wait(21)
    return s, number


def confirm(s: Sitting, number: int) -> None:
    ratings.confirm(s.as_("bureau-approver"), number, "示例评〔2026〕1号")


# --- proposing and granting ------------------------------------------------------------------------------------------


def test_a_green_specialty_is_proposed_by_its_school_and_granted_by_the_bureau_in_public(s: Sitting) -> None:
    row = proposed(s, "one-a", who="head-one")
    assert (row.state, row.tier, designations.listing(s.city.nobody(), Page(9))[0]) == ("proposed", "secondary", [])

    designations.grant(s.as_("bureau-approver"), row.id, DOCUMENT)

    [told] = designations.listing(s.city.nobody(), Page(9))[0]
    assert (told["code"], told["state"], told["document_number"]) == (s.city.codes["one-a"], "granted", DOCUMENT)
    assert [(e.kind, e.audience) for e in events(s, "designation.%")] == [
        ("designation.propose", "school"), ("designation.grant", "public"),
    ]  # fmt: skip
    secondary = designations.towards(s.city.nobody(), "371400")["targets"][0]
    assert (secondary["target"], secondary["held"], secondary["missing"]) == (40, 1, 39)


def test_a_bureau_sets_its_targets_edition_by_edition_and_progress_is_towards_the_newest(s: Sitting) -> None:
    granted(s, "one-a")
    aimed = {(DEMONSTRATION, Tier.SECONDARY): 50, (HIGH_LEVEL, Tier.COLLEGE): 6}

    def shown() -> tuple[int, str | None, list[tuple[str, str, int | None, int | None]]]:
        told = designations.towards(s.city.nobody(), "371400")
        lines = [(t["kind"], t["tier"], t["target"], t["missing"]) for t in told["targets"]]
        return told["edition"], told["document_number"], lines

    usual = shown()
    assert usual == (0, None, [("demonstration", "secondary", 40, 39), ("high_level", "secondary", 15, 15),
                               ("high_level", "college", 5, 5)])  # fmt: skip
    with nothing_left(s.session):
        assert refused(Invalid, lambda: designations.set_targets(s.as_("secretary"), aimed, " ", 0)) == [
            ("document-number-missing", "document_number")
        ]
        for who in ("head-one", "planner", "bureau-verifier", "auditor"):
            assert refused(NotYou, lambda who=who: designations.set_targets(s.as_(who), aimed, DOCUMENT, 0))  # type: ignore[misc]
    designations.set_targets(s.as_("secretary"), aimed, DOCUMENT, 0)

    set_now = (1, DOCUMENT, [("demonstration", "secondary", 50, 49), ("high_level", "college", 6, 6)])
    assert shown() == set_now
    assert refused(NotNow, lambda: designations.set_targets(s.as_("secretary-2"), aimed, DOCUMENT, 0)) == [
        ("changed-meanwhile", "targets")
    ]
    designations.set_targets(s.as_("secretary"), {}, "示例职〔2026〕12号", 1)
    assert shown() == (2, "示例职〔2026〕12号", [("demonstration", "secondary", None, None)])
    assert [(e.audience, e.facts["edition"]) for e in events(s, "designation.target")] == [("public", 1), ("public", 2)]
    assert s.session.scalars(sa.select(DesignationTargets.edition)).all() == [1, 2]  # what was set before stays


def test_what_is_not_green_or_granted_by_who_proposed_it_is_refused_with_every_reason(s: Sitting) -> None:
    bureau = s.city.organisations["bureau:371400"]
    both = {Role.SECRETARY: bureau, Role.BUREAU_APPROVER: bureau}
    s.city.people["both"] = make_person(s.session, login="both", roles=both)
    row = proposed(s, "two-a", who="both")

    assert refused(NotNow, lambda: designations.grant(s.as_("both"), row.id, " ")) == [
        ("second-person-missing", ""), ("document-number-missing", "document_number"), ("not-green", "specialty"),
    ]  # fmt: skip


def test_a_proposal_names_one_thing_once_with_its_grounds(s: Sitting) -> None:
    code = s.city.codes["one-a"]

    def propose(*, grounds: str, code: str | None = None, group_id: int | None = None) -> Designation:
        return designations.propose(s.as_("head-one"), Proposal(DEMONSTRATION, grounds, code, group_id))

    assert refused(Invalid, lambda: propose(grounds=WHY)) == [("one-of-two", "specialty")]
    assert refused(Invalid, lambda: propose(grounds=WHY, code=code, group_id=1)) == [("one-of-two", "specialty")]
    assert refused(Invalid, lambda: propose(grounds=" ", code=code)) == [("grounds-missing", "grounds")]
    assert refused(NotFound, lambda: propose(grounds=WHY, group_id=99)) == [("not-found", "group")]
    granted(s, "one-a")
    assert refused(NotNow, lambda: propose(grounds=WHY, code=code)) == [("designated-already", "designation")]
    assert proposed(s, "one-a", HIGH_LEVEL).kind == "high_level"


def test_a_proposal_that_is_refused_says_why_and_may_be_made_again(s: Sitting) -> None:
    row = proposed(s, "one-a", who="head-one")
    assert refused(NotNow, lambda: designations.refuse(s.as_("bureau-approver"), row.id, "")) == [
        ("reason-missing", "reason")
    ]
    designations.refuse(s.as_("bureau-approver"), row.id, "示例：材料不全")
    assert (row.state, row.reason, row.granted_at) == ("withdrawn", "示例：材料不全", None)

    assert proposed(s, "one-a", who="head-one").id != row.id
    assert designations.listing(s.city.nobody(), Page(9), state="withdrawn")[0] == []


def test_nobody_else_proposes_grants_or_sees_a_proposal(s: Sitting) -> None:
    add_other_city(s)
    for who in ("head-two", "editor-one", "county-one", "planner", "bureau-approver", "other-approver", "nobody"):
        refused(NotYou, partial(proposed, s, "one-a", who=who))
    row = proposed(s, "one-a", who="head-one")
    for who in ("head-two", "planner", "other-approver", "nobody"):
        refused(NotFound, partial(designations.grant, s.as_(who), row.id, DOCUMENT))
        assert designations.listing(s.as_(who), Page(9))[0] == []
        assert designations.possible(s.as_(who), row) == []
    for who in ("head-one", "secretary", "county-one"):
        refused(NotYou, partial(designations.grant, s.as_(who), row.id, DOCUMENT))
        assert len(designations.listing(s.as_(who), Page(9))[0]) == 1
    assert [p.event for p in designations.possible(s.as_("bureau-approver"), row)] == ["grant", "refuse"]
    assert refused(Changed, lambda: designations.grant(s.as_("bureau-approver"), row.id, DOCUMENT, version=7)) == [
        ("changed-meanwhile", "designation")
    ]


# --- losing green ----------------------------------------------------------------------------------------------------


def test_losing_green_puts_a_designation_under_review_with_the_confirmation(session: Session) -> None:
    s, number = about_to_be(session, {"one-a": "yellow", "one-b": "green", "two-a": "unrated"})
    rows = {short: granted(s, short) for short in ("one-a", "one-b", "two-a")}

    confirm(s, number)

    assert {short: state(s, row) for short, row in rows.items()} == {
        "one-a": "under_review", "one-b": "granted", "two-a": "granted",
    }  # fmt: skip
    [event] = events(s, "designation.review")
    assert (event.reason, event.audience, event.actor_person_id) == ("所含专业失去绿牌", "public", None)
    [loss] = designations.view(s.city.nobody(), rows["one-a"])["losses"]
    assert (loss["code"], loss["review_id"], loss["overturned"]) == (s.city.codes["one-a"], s.reviews["one-a"], False)


def test_a_review_ends_in_keeping_or_withdrawing_under_a_document(session: Session) -> None:
    s, number = about_to_be(session, {"one-a": "yellow", "two-a": "red"})
    kept, lost = granted(s, "one-a"), granted(s, "two-a")
    confirm(s, number)
    approver = s.as_("bureau-approver")
    assert [code for code, _ in refused(NotNow, lambda: designations.withdraw(approver, lost.id, "", ""))] == [
        "reason-missing", "document-number-missing",
    ]  # fmt: skip

    designations.keep(approver, kept.id, "示例：正在整改", REVIEWED)
    designations.withdraw(approver, lost.id, "示例：红牌", REVIEWED)

    assert (state(s, kept), state(s, lost)) == ("kept", "withdrawn")
    secondary = designations.towards(s.city.nobody(), "371400")["targets"][0]
    assert (secondary["held"], secondary["under_review"]) == (1, 0)
    [told] = designations.listing(s.city.nobody(), Page(9), state="withdrawn")[0]
    assert (told["decision_document"], told["reason"]) == (REVIEWED, "示例：红牌")
    designations.review(approver, kept.id, "示例：群众反映")
    assert (state(s, kept), kept.was_kept, kept.review_by) == ("under_review", True, s.city.people["bureau-approver"])


def test_a_group_is_looked_at_when_any_of_its_specialties_loses_green(session: Session) -> None:
    s, number = about_to_be(session, {"one-a": "green", "one-b": "yellow"})
    row = group_granted(s, "one-a", "one-b")

    confirm(s, number)

    assert state(s, row) == "under_review"


def test_a_specialty_that_left_the_group_before_is_none_of_its_loss(session: Session) -> None:
    s, number = about_to_be(session, {"two-a": "green", "two-b": "yellow", "two-c": "green"})
    row = group_granted(s, "two-a", "two-b")
    codes = [s.city.codes["two-a"], s.city.codes["two-c"]]
    groups.revise(s.as_("secretary"), row.group_id or 0, Members(codes[0], codes, date(2026, 4, 1)), "示例：调整")

    confirm(s, number)

    assert state(s, row) == "granted"


def test_a_rating_overturned_to_green_gives_it_back_and_to_red_does_not(session: Session) -> None:
    s, number = about_to_be(session, {"one-a": "yellow", "two-a": "yellow"})
    back, stays = granted(s, "one-a"), granted(s, "two-a")
    confirm(s, number)

    heard = {short: appeal_heard(s, short) for short in ("one-a", "two-a")}
    confirm_anew(s, "one-a", heard["one-a"], "green")
    confirm_anew(s, "two-a", heard["two-a"], "red", "示例评〔2026〕10号")

    assert (state(s, back), state(s, stays)) == ("granted", "under_review")
    losses = designations.view(s.city.nobody(), stays)["losses"]
    assert [(loss["review_id"], loss["overturned"]) for loss in losses][-1] == (s.reviews["two-a"], False)
    assert [loss["overturned"] for loss in losses] == [True, False]
    assert [e.reason for e in events(s, "designation.reinstate")] == ["据以复审的评定已被推翻"]


def test_a_second_loss_keeps_it_under_review_when_the_first_is_overturned(session: Session) -> None:
    s, number = about_to_be(session, {"one-a": "yellow", "one-b": "yellow"})
    row = group_granted(s, "one-a", "one-b")
    confirm(s, number)

    overturn(s, "one-a", "green")

    assert state(s, row) == "under_review"


def test_nothing_is_withdrawn_while_an_appeal_is_going_and_what_was_is_listed_when_it_is_upheld(
    session: Session,
) -> None:
    s, number = about_to_be(session, {"one-a": "yellow"})
    row = granted(s, "one-a")
    confirm(s, number)
    approver = s.as_("bureau-approver")
    designations.withdraw(approver, row.id, "示例：黄牌", REVIEWED)
    assert refused(NotNow, lambda: designations.reopen(approver, row.id, "示例")) == [("ground-stands", "designation")]
    key = appeal_heard(s, "one-a")
    confirm_anew(s, "one-a", key, "green")

    [listed] = s.session.get_one(Appeal, key, populate_existing=True).follow_ups
    assert (listed["key"], listed["designation"], state(s, row)) == (
        f"designation:{row.id}", "demonstration", "withdrawn",
    )  # fmt: skip
    decide = partial(appeals.decide_follow_up, s.as_("bureau-approver"), key, listed["key"])
    assert refused(Invalid, lambda: decide("reconsider", "示例")) == [("decision-unknown", "decision")]
    decide("reopen", "示例：原评定已推翻")
    assert state(s, row) == "under_review"
    designations.keep(s.as_("bureau-approver"), row.id, "示例：恢复", REVIEWED)


def test_an_appeal_that_is_going_holds_the_withdrawal(session: Session) -> None:
    s, number = about_to_be(session, {"one-a": "yellow"})
    row = granted(s, "one-a")
    confirm(s, number)
    appeal_heard(s, "one-a")

    act = partial(designations.withdraw, s.as_("bureau-approver"), row.id, "示例", REVIEWED)
    assert refused(NotNow, act) == [("appeal-open", "designation")]


def test_closing_a_specialty_puts_what_it_bears_under_review_and_it_cannot_be_kept(s: Sitting) -> None:
    row = granted(s, "one-a")

    closings.close(s.as_("head-one"), s.city.codes["one-a"], "示例：专业调整", 0)

    assert state(s, row) == "under_review"
    act = partial(designations.keep, s.as_("bureau-approver"), row.id, "示例", REVIEWED)
    assert refused(NotNow, act) == [("group-has-closed", "specialties")]


# --- groups ----------------------------------------------------------------------------------------------------------


def test_a_group_keeps_every_version_and_says_who_leads(s: Sitting) -> None:
    row = group(s, "one-a", "one-b", who="head-one")
    codes = [s.city.codes["one-a"], s.city.codes["one-b"]]

    groups.revise(s.as_("head-one"), row.id, Members(codes[1], codes, date(2026, 9, 1)), "示例：调整牵头专业")

    told = groups.read(s.city.nobody(), row.id)
    assert (told["lead"], told["number"], [v["lead"] for v in told["versions"]]) == (codes[1], 2, codes)
    assert [one["code"] for one in groups.listing(s.city.nobody(), Page(9), school=None)[0][0]["specialties"]] == codes[
        ::-1
    ]
    assert [e.kind for e in events(s, "group.%")] == ["group.create", "group.revise"]


def test_a_group_is_of_one_school_with_its_lead_in_it(s: Sitting) -> None:
    one, other, elsewhere = (s.city.codes[short] for short in ("one-a", "one-b", "two-a"))
    day = date(2026, 3, 1)

    def create(members: Members) -> object:
        return groups.create(s.as_("secretary"), "示例", members)

    assert refused(Invalid, lambda: create(Members(one, [other, elsewhere, "x"], day))) == [
        ("not-found", "specialties.x"), ("lead-not-in-group", "lead"),
        ("specialty-of-another-school", f"specialties.{elsewhere}"),
    ]  # fmt: skip
    assert refused(Invalid, lambda: create(Members("x", ["x"], day))) == [
        ("not-found", "specialties.x"), ("group-too-small", "specialties"),
    ]  # fmt: skip
    refused(NotYou, lambda: groups.create(s.as_("head-two"), "示例", Members(one, [one, other], day)))


def test_a_group_that_bears_a_designation_keeps_a_green_lead(s: Sitting) -> None:
    row = group_granted(s, "one-a", "one-b")
    codes = [s.city.codes["one-b"], s.city.codes["one-a"]]

    act = partial(groups.revise, s.as_("head-one"), row.group_id or 0)
    assert refused(NotNow, lambda: act(Members(codes[0], codes, date(2026, 9, 1)), "示例")) == [("not-green", "lead")]


# --- at the same moment ----------------------------------------------------------------------------------------------


def test_granted_while_green_is_lost_it_is_under_review_or_was_never_granted(own_engine: sa.Engine) -> None:
    with Session(own_engine, expire_on_commit=False) as session:
        s, number = about_to_be(session, {"one-a": "yellow"})
        row = proposed(s, "one-a")
        session.commit()
        approver = s.as_("bureau-approver")

        said = at_once(
            own_engine,
            (approver, lambda ctx: designations.grant(ctx, row.id, DOCUMENT)),
            (replace(approver), lambda ctx: ratings.confirm(ctx, number, "示例评〔2026〕1号")),
        )

        assert said in (["done", "done"], ["not-green", "done"])
        now = session.scalars(sa.select(Designation.state), execution_options={"populate_existing": True}).one()
        assert now == ("under_review" if said[0] == "done" else "proposed")
