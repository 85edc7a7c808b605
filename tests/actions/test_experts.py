"""The pool of experts and their ties: who is in it, who is too near, and what becomes of a conflict found late."""

import csv
import io
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import CITY, City, make_person
from factories_deliberation import refused
from factories_experts import make_pool
from factories_scored import review_policy, scored_by_experts, to_scoring
from specialty_eval.actions import evidence, experts, panel, scoring, verification, views
from specialty_eval.actions.evidence import Figures
from specialty_eval.actions.experts import NewExpert, NewTie
from specialty_eval.actions.paging import Page
from specialty_eval.engine.assignment import AssignmentEvent
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.permissions import Role
from specialty_eval.store import sheet_basis
from specialty_eval.store.deliberation import ExpertAssignment, PanelScore
from specialty_eval.store.experts import ExpertTie
from specialty_eval.store.ledger import Event
from specialty_eval.store.reviews import Review, ScoreRun

OWN = NewTie("former_employer", school="3637000001")


@pytest.fixture
def city(session: Session) -> City:
    return make_pool(session, {"expert-1": "71"})


def new(city: City, who: str, **changes: object) -> NewExpert:
    said = {"person_id": city.people[who], "fields": ["71"], "valid_from": date(2026, 1, 1), **changes}
    return NewExpert(**said)  # type: ignore[arg-type]


def invited(city: City, short: str, *people: str) -> list[ExpertAssignment]:
    return panel.invite(city.as_("secretary"), city.reviews[short], [city.people[p] for p in people])


def state_of(city: City, row: ExpertAssignment) -> tuple[str, str]:
    city.session.refresh(row)
    return row.state, row.reason


def quality(city: City, run: ScoreRun) -> str:
    """The panel's mean in a run's inputs."""
    lines = csv.DictReader(io.StringIO(scoring.files(run)["evidence.csv"]))
    return next(
        line["quality"] for line in lines if (line["specialty"], line["year"]) == (city.codes["city-a"], "2025")
    )


def test_the_pool_is_listed_with_loads_and_changed_and_left(city: City) -> None:
    secretary = city.as_("secretary")
    invited(city, "one-a", "expert-1")
    [row], cursor = experts.listing(secretary, Page(10))
    assert (row.person_id, row.fields, row.going, row.scored, row.ties, cursor) == (
        city.people["expert-1"], ["71"], 1, 0, 0, None,
    )  # fmt: skip

    experts.change(secretary, row.id, ["66", "71", "66"], 7)
    experts.declare(secretary, row.person_id, OWN)
    [row], _ = experts.listing(secretary, Page(10), field="66")
    assert (row.fields, row.at_most, row.ties, row.going) == (["66", "71"], 7, 1, 0)

    experts.end(secretary, row.id, secretary.today)
    assert experts.listing(secretary, Page(10), on=secretary.today + timedelta(1)) == ([], None)
    assert refused(NotNow, lambda: experts.end(secretary, row.id, secretary.today + timedelta(9))) == [
        ("pool-left-already", "last_day")
    ]
    again = new(city, "expert-1", valid_from=secretary.today + timedelta(1))
    assert experts.add(secretary, again).id != row.id


def test_what_is_wrong_with_a_new_place_is_said_whole(city: City) -> None:
    wrong = new(city, "nobody", fields=["7", "计算机"], valid_to=date(2025, 1, 1))

    assert refused(Invalid, lambda: experts.add(city.as_("secretary"), wrong)) == [
        ("expert-field-unknown", "fields"), ("expert-field-unknown", "fields"),
        ("not-an-expert", "person_id"),
        ("ends-before-it-begins", "valid_to"),
    ]  # fmt: skip
    twice = new(city, "expert-1", fields=[])
    assert refused(Invalid, lambda: experts.add(city.as_("secretary"), twice)) == [
        ("fields-missing", "fields"), ("in-the-pool-already", "person_id"),
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["expert-1", "bureau-verifier", "chair", "planner", "head-one", "auditor"])
def test_nobody_else_puts_anybody_into_the_pool(city: City, who: str) -> None:
    with pytest.raises(NotYou):
        experts.add(city.as_(who), new(city, "expert-2"))


def test_a_conflict_found_late_replaces_whoever_was_asked_and_keeps_the_score(city: City) -> None:
    asked, accepted = invited(city, "one-a", "expert-1"), invited(city, "one-b", "expert-1")
    elsewhere = invited(city, "two-a", "expert-1")
    panel.answer(city.as_("expert-1"), accepted[0].id, AssignmentEvent.ACCEPT)
    panel.score(city.as_("expert-1"), accepted[0].id, {"quality": "80"})

    experts.declare(
        city.as_("expert-1"), city.people["expert-1"], NewTie("interest", school="3637000001", reason="示例")
    )

    assert [state_of(city, rows[0])[0] for rows in (asked, accepted, elsewhere)] == ["replaced", "replaced", "invited"]
    assert city.session.scalars(sa.select(PanelScore.assignment_id)).all() == [accepted[0].id]
    assert refused(Invalid, lambda: invited(city, "one-b", "expert-1")) == [
        ("expert-asked-already", f"experts.{city.people['expert-1']}"),
        ("interest-declared", f"experts.{city.people['expert-1']}"),
    ]
    with pytest.raises(NotFound):
        views.review_view(city.as_("expert-1"), city.session.get_one(Review, city.reviews["one-a"]))


def test_a_score_that_a_run_has_taken_is_told_to_the_offices_replaced_by_them_and_scored_again(city: City) -> None:
    key = city.reviews["city-a"]
    policy = review_policy(city, key)
    evidence.supply(city.as_("hrss"), city.specialties["city-a"], 2025, policy, Figures({"posts": "50"}, {}))
    verification.accept(city.as_("bureau-verifier"), key, verification.Verdicts())
    scored_by_experts(city, key, "80", "90", "10")
    run = scoring.run(city.as_("secretary"), to_scoring(city, key))
    late = city.people["expert-3"]
    row = city.session.scalars(sa.select(ExpertAssignment).where(ExpertAssignment.person_id == late)).one()

    experts.declare(city.as_("secretary"), late, NewTie("former_employer", school="3637000003"))

    assert state_of(city, row)[0] == "scored"
    told = city.session.execute(sa.select(Event.subject_id, Event.audience).where(Event.kind == "assignment.conflict"))
    assert told.all() == [(row.id, "office")]
    city.wait(1)
    secretary = city.as_("secretary")
    assert refused(NotNow, lambda: scoring.rescore(secretary, key, "示例")) == [("history-as-scored", "history")]
    panel.answer(secretary, row.id, AssignmentEvent.REPLACE, reason="示例：回避")
    assert state_of(city, row)[0] == "replaced"
    rests_on = sheet_basis.of_reviews(city.session, [key])[key]
    assert (rests_on.are_the_same, rests_on.problem("history").code) == (False, "scores-left-out")

    city.wait(1)
    again = scoring.rescore(city.as_("secretary"), key, "示例：一位专家的评分不再计入")

    assert (quality(city, run), quality(city, again)) == ("60.0", "85.0")
    assert refused(NotNow, lambda: scoring.rescore(city.as_("secretary"), key, "示例")) == [
        ("history-as-scored", "history")
    ]


def test_a_tie_is_lifted_by_another_person_with_a_reason_once(city: City) -> None:
    tie = experts.declare(city.as_("expert-1"), city.people["expert-1"], OWN)
    secretary = city.as_("secretary")

    assert refused(Invalid, lambda: experts.lift(secretary, tie.id, " ")) == [("reason-missing", "reason")]
    with pytest.raises(NotYou):
        experts.lift(city.as_("expert-1"), tie.id, "示例")
    experts.lift(secretary, tie.id, "示例：查无此事")
    assert refused(NotNow, lambda: experts.lift(secretary, tie.id, "x")) == [("tie-lifted-already", "tie")]
    assert invited(city, "one-a", "expert-1")[0].state == "invited"


def test_a_secretary_does_not_lift_their_own_tie(city: City) -> None:
    bureau = city.organisations[f"bureau:{CITY}"]
    city.people["both"] = make_person(city.session, login="both", roles={Role.SECRETARY: bureau, Role.EXPERT: bureau})
    tie = experts.declare(city.as_("both"), city.people["both"], OWN)

    assert refused(Invalid, lambda: experts.lift(city.as_("both"), tie.id, "示例")) == [("own-tie", "tie")]


def test_what_is_wrong_with_a_tie_is_said(city: City) -> None:
    secretary, person = city.as_("secretary"), city.people["expert-1"]
    both = NewTie("interest", school="3637000001", enterprise="示例企业")
    assert refused(Invalid, lambda: experts.declare(secretary, person, both)) == [
        ("tie-to-one-party", "school"), ("reason-missing", "reason"),
    ]  # fmt: skip
    nowhere = NewTie("former_employer", school="3699999999")
    assert refused(Invalid, lambda: experts.declare(secretary, person, nowhere)) == [("school-unknown", "school")]
    with pytest.raises(NotFound):
        experts.declare(secretary, city.people["head-one"], OWN)


def test_ties_are_for_oneself_the_secretary_and_the_auditor(city: City) -> None:
    person = city.people["expert-1"]
    experts.declare(city.as_("secretary"), person, OWN)

    for who in ("expert-1", "secretary", "auditor"):
        assert [tie.kind for tie in experts.ties(city.as_(who), person)] == ["former_employer"]
    for who in ("expert-2", "bureau-approver", "head-one", "nobody"):
        with pytest.raises(NotYou):
            experts.ties(city.as_(who), person)


def test_whoever_is_tied_is_recused_in_every_role(city: City) -> None:
    city.session.add(ExpertTie(person_id=city.people["secretary"], kind="former_employer", enterprise="",
                               school_id=city.schools["one"], declared_at=city.now))  # fmt: skip
    city.session.flush()

    with pytest.raises(NotYou):
        invited(city, "one-a", "expert-1")
