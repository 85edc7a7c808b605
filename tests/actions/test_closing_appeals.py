"""Closing for want of intake, and the school's appeal against the decision to close: nothing closes meanwhile."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_person
from factories_applications import closing_decided
from factories_consequences import BITES, add_other_city, events, make_confirmed, on, standings
from factories_deliberation import Sitting, refused
from racing import at_once
from remembered import remembered, remembered_fixture
from specialty_eval.actions import closing_appeals, closings, rectifications
from specialty_eval.actions.context import SETTLES
from specialty_eval.actions.paging import Page
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.permissions import Role
from specialty_eval.store.accounts import RoleGrant
from specialty_eval.store.closings import ClosingAppeal, ClosingProposal
from specialty_eval.store.reviews import Figure

DOCUMENT, WHY, GROUNDS = "示例委〔2026〕5号", "示例：逾期未报整改方案", "示例：方案已按期寄出"


@remembered_fixture
def s(session: Session) -> Sitting:
    """A red one whose school handed in no plan in time; closing it was decided."""
    return decided_to_close(session)


@remembered
def decided_to_close(session: Session) -> Sitting:
    s = make_confirmed(session, {"one-a": "green", "two-a": "red"})
    rectifications.act_on_due(on(s, 2026, 5, 26).as_("secretary"))
    key = s.session.scalars(sa.select(ClosingProposal.id)).one()
    closings.receive(s.as_("head-two"), key)
    closing_decided(s, key)
    return s


def proposal(s: Sitting) -> ClosingProposal:
    return s.session.scalars(sa.select(ClosingProposal), execution_options={"populate_existing": True}).one()


def lodged(s: Sitting) -> ClosingAppeal:
    return closing_appeals.lodge(s.as_("head-two"), proposal(s).id, GROUNDS)


def heard(s: Sitting) -> int:
    key = lodged(s).id
    closing_appeals.admit(s.as_("bureau-approver"), key, [s.city.people["appeal-1"]])
    closing_appeals.hear(s.as_("appeal-1"), key)
    return key


def close(s: Sitting) -> object:
    return closings.close(s.as_("bureau-approver"), s.city.codes["two-a"], "示例：专业调整", 0)


# --- the appeal ------------------------------------------------------------------------------------------------------


def test_while_an_appeal_is_going_nothing_closes_and_rejected_it_does(s: Sitting) -> None:
    key = heard(s)
    s.city.wait(60)
    assert refused(NotNow, lambda: close(s)) == [("appeal-open", "closing")]

    closing_appeals.reject(s.as_("appeal-1"), key, "示例：期限有据")
    close(s)

    assert standings(s)["two-a"] == "closed"
    assert [(e.kind, e.audience) for e in events(s, "closing_appeal.%")] == [
        ("closing_appeal.lodge", "school"), ("closing_appeal.admit", "school"), ("closing_appeal.hear", "school"),
        ("closing_appeal.reject", "school"),
    ]  # fmt: skip


def test_an_appeal_that_arrived_in_its_days_is_not_closed_away(s: Sitting) -> None:
    due = proposal(s).appeal_due
    assert due is not None
    s.city.now = due + timedelta(seconds=1)
    assert refused(NotNow, lambda: close(s)) == [("appeal-open", "closing")]

    closing_appeals.lodge(replace(s.as_("head-two"), now=due - timedelta(seconds=1)), proposal(s).id, GROUNDS)

    s.city.now = due + SETTLES
    assert refused(NotNow, lambda: close(s)) == [("appeal-open", "closing")]


def test_upheld_the_decision_is_lifted_for_good(s: Sitting) -> None:
    closing_appeals.uphold(s.as_("appeal-1"), heard(s), "示例：方案确已按期寄出")
    s.city.wait(60)

    assert refused(NotNow, lambda: close(s)) == [("closing-not-decided", "closing")]
    assert [code for code, _ in refused(NotNow, lambda: lodged(s))] == ["appeal-days-over", "appeal-heard-before"]


def test_a_panel_that_left_office_is_joined_by_others_who_hear_the_school_anew(s: Sitting) -> None:
    key, people = heard(s), s.city.people
    s.session.execute(sa.delete(RoleGrant).where(RoleGrant.person_id == people["appeal-1"]))
    assert refused(NotFound, lambda: closing_appeals.reject(s.as_("appeal-1"), key, "示例"))
    approver = s.as_("bureau-approver")
    assert refused(Invalid, lambda: closing_appeals.add_panelists(approver, key, [people["secretary"]], "示例")) == [
        ("not-on-the-appeal-panel", f"panel.{people['secretary']}"),
        ("decided-the-first-time", f"panel.{people['secretary']}"),
    ]

    row = closing_appeals.add_panelists(approver, key, [people["appeal-2"]], "示例：原成员离任")

    assert (row.state, closing_appeals.view(approver, row)["panel"]) == (
        "admitted", sorted([people["appeal-1"], people["appeal-2"]]),
    )  # fmt: skip
    closing_appeals.hear(s.as_("appeal-2"), key)
    assert closing_appeals.reject(s.as_("appeal-2"), key, "示例：期限有据").state == "rejected"


def test_ruled_out_the_days_run_on_and_it_may_be_lodged_again_in_them(s: Sitting) -> None:
    closing_appeals.rule_out(s.as_("appeal-1"), lodged(s).id, "示例：未写明理由")

    assert lodged(s).state == "received"
    assert refused(NotNow, lambda: lodged(s)) == [("appeal-open", "closing")]


def test_it_is_lodged_in_its_days_and_against_a_decision_to_close(session: Session) -> None:
    s = decided_to_close(session)
    s.city.wait(60)
    assert [code for code, _ in refused(NotNow, lambda: lodged(s))] == ["appeal-days-over"]
    refused(NotFound, lambda: closing_appeals.lodge(s.as_("head-two"), 99, GROUNDS))


def test_nobody_who_had_a_part_in_the_closing_hears_the_appeal(s: Sitting) -> None:
    key, people = lodged(s).id, s.city.people
    bureau = s.city.organisations["bureau:371400"]
    both = {Role.SECRETARY: bureau, Role.APPEAL_PANEL_MEMBER: bureau}
    people["both"] = make_person(s.session, login="both", roles=both)
    proposal(s).decided_by = people["both"]
    s.session.flush()
    act = partial(closing_appeals.admit, s.as_("bureau-approver"), key)

    assert refused(Invalid, lambda: act([])) == [("appeal-panel-empty", "panel")]
    assert refused(Invalid, lambda: act([people["both"], people["chair"]])) == [
        ("not-on-the-appeal-panel", f"panel.{people['chair']}"),
        ("decided-the-first-time", f"panel.{min(people['both'], people['chair'])}"),
        ("decided-the-first-time", f"panel.{max(people['both'], people['chair'])}"),
    ]  # fmt: skip
    assert refused(NotNow, lambda: closing_appeals.rule_out(s.as_("both"), key, "示例")) == [
        ("decided-the-first-time", "members")
    ]


def test_nobody_else_lodges_sees_or_decides_one(s: Sitting) -> None:
    add_other_city(s)
    for who in ("head-one", "other-approver", "nobody"):
        refused(NotFound, partial(closing_appeals.lodge, s.as_(who), proposal(s).id, GROUNDS))
    refused(NotYou, partial(closing_appeals.lodge, s.as_("secretary"), proposal(s).id, GROUNDS))
    key = lodged(s).id
    for who in ("head-one", "planner", "other-approver", "nobody"):
        refused(NotFound, partial(closing_appeals.read, s.as_(who), key))
        assert closing_appeals.listing(s.as_(who), Page(9))[0] == []
    refused(NotYou, partial(closing_appeals.rule_out, s.as_("secretary"), key, "示例"))
    assert [row["id"] for row in closing_appeals.listing(s.as_("appeal-2"), Page(9))[0]] == [key]
    closing_appeals.admit(s.as_("bureau-approver"), key, [s.city.people["appeal-1"]])
    refused(NotFound, partial(closing_appeals.hear, s.as_("appeal-2"), key))
    assert closing_appeals.listing(s.as_("appeal-2"), Page(9))[0] == []
    assert [p.event for p in closing_appeals.possible(s.as_("appeal-1"), closing_appeals.read(s.as_("head-two"), key))]
    assert refused(Changed, lambda: closing_appeals.hear(s.as_("appeal-1"), key, version=1)) == [
        ("changed-meanwhile", "closing_appeal")
    ]


# --- years without intake --------------------------------------------------------------------------------------------


def enrolled(s: Sitting, short: str, intakes: dict[int, str]) -> None:
    """What was reported of each year."""
    s.session.add_all(
        Figure(specialty_id=s.city.specialties[short], year=year, measure="intake", value=value, supplier="school",
               source="示例", recorded_at=s.city.now)
        for year, value in intakes.items()
    )  # fmt: skip
    s.session.flush()


IDLE = {2023: "0", 2024: "0", 2025: "0"}


@remembered_fixture
def idle(session: Session) -> Sitting:
    """Three years without intake at one, two at another, and one that was not reported for long."""
    s = make_confirmed(session)
    enrolled(s, "two-a", IDLE)
    enrolled(s, "one-b", {2023: "20", 2024: "0", 2025: "0"})
    enrolled(s, "city-a", {2019: "0", 2020: "0", 2021: "0"})
    return s


def test_as_many_years_without_intake_as_the_policy_says_put_closing_before_the_committee_once(idle: Sitting) -> None:
    s = idle
    assert closings.propose_idle(s.as_("secretary")) == (s.city.codes["two-a"],)
    assert closings.propose_idle(s.city.clock(), city="371400") == ()

    row = proposal(s)
    assert (row.grounds, row.years, row.through, row.rectification_id) == ("no_intake", 3, 2025, None)
    [event] = events(s, "closing.propose")
    assert (event.audience, event.facts) == ("school", {"grounds": "no_intake", "years": 3, "through": 2025})
    closings.receive(s.as_("head-two"), row.id)
    closing_decided(s, row.id)
    s.city.wait(60)
    close(s)
    assert standings(s)["two-a"] == "closed"


def test_a_policy_may_name_another_number_of_years(session: Session) -> None:
    s = make_confirmed(session, policy=BITES.replace('cutoff: "06-30"', 'cutoff: "06-30"\n  years_without_intake: 2'))
    enrolled(s, "one-b", {2023: "20", 2024: "0", 2025: "0"})

    assert closings.propose_idle(s.as_("secretary")) == (s.city.codes["one-b"],)


def test_what_is_kept_is_proposed_again_once_a_further_year_passed(idle: Sitting) -> None:
    s = idle
    closings.propose_idle(s.as_("secretary"))
    closings.receive(s.as_("head-two"), proposal(s).id)
    closing_decided(s, proposal(s).id, "keep", reason="示例：市里统筹")
    assert closings.propose_idle(s.as_("secretary")) == ()

    enrolled(on(s, 2027, 3, 1), "two-a", {2026: "0"})
    assert closings.propose_idle(s.as_("secretary")) == (s.city.codes["two-a"],)


def test_enrolled_again_the_ground_is_gone(idle: Sitting) -> None:
    s = idle
    closings.propose_idle(s.as_("secretary"))
    closings.receive(s.as_("head-two"), proposal(s).id)
    closing_decided(s, proposal(s).id)
    enrolled(s, "two-a", {2026: "35"})
    s.city.wait(60)

    assert [code for code, _ in refused(NotNow, lambda: close(s))] == ["closing-not-decided", "school-not-served"]


def test_a_proposal_that_nobody_decides_and_whose_ground_is_gone_keeps_no_other_from_being_made(idle: Sitting) -> None:
    s = idle
    assert closings.propose_idle(s.as_("secretary")) == (s.city.codes["two-a"],)
    enrolled(on(s, 2027, 3, 1), "two-a", {2026: "12", 2027: "0", 2028: "0", 2029: "0"})
    on(s, 2030, 3, 1)

    assert closings.propose_idle(s.as_("secretary")) == (s.city.codes["two-a"],)
    assert closings.propose_idle(s.as_("secretary")) == ()  # this one waits for a decision, and its ground holds


def test_nobody_but_the_citys_secretary_and_the_clock_propose(idle: Sitting) -> None:
    for who in ("head-two", "planner", "bureau-approver", "nobody"):
        refused(NotYou, partial(closings.propose_idle, idle.as_(who)))


def test_proposed_twice_at_once_there_is_one_proposal_and_upheld_while_closing_it_stays(own_engine: sa.Engine) -> None:
    with Session(own_engine, expire_on_commit=False) as session:
        s = make_confirmed(session)
        enrolled(s, "two-a", IDLE)
        session.commit()
        both = (s.as_("secretary"), s.city.clock())
        assert at_once(own_engine, *((ctx, lambda c: closings.propose_idle(c, city="371400")) for ctx in both)) == [
            "done", "done",
        ]  # fmt: skip
        closings.receive(s.as_("head-two"), proposal(s).id)
        closing_decided(s, proposal(s).id)
        key = heard(s)
        s.city.wait(60)
        session.commit()

        said = at_once(
            own_engine,
            (s.as_("appeal-1"), lambda ctx: closing_appeals.uphold(ctx, key, "示例：申诉成立")),
            (s.as_("bureau-approver"), lambda ctx: closings.close(ctx, s.city.codes["two-a"], "示例", 0)),
        )

        assert said in (["done", "appeal-open"], ["done", "closing-not-decided"])
        assert standings(s).get("two-a") != "closed"
