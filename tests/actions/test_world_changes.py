"""The world changes in the middle: cycles and rounds end early, specialties move, people and offices go."""

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import CITY, City, make_city, make_cycle, make_person, open_round
from factories_consequences import make_confirmed, standings
from factories_deliberation import (
    REGULAR,
    close_item,
    convene,
    make_decided,
    make_publicised,
    make_scored,
    refused,
    serve,
)
from factories_scored import scored_by_experts, to_scoring, verified
from small_policy import POLICY
from specialty_eval.actions import (
    accounts,
    appeals,
    cycles,
    evidence,
    intake,
    overdue,
    panel,
    plans,
    publications,
    ratings,
    rounds,
    scoring,
    status,
    verification,
)
from specialty_eval.actions.evidence import Figures
from specialty_eval.actions.paging import Page
from specialty_eval.engine.assignment import AssignmentEvent
from specialty_eval.engine.cycle import CycleEvent, RoundEvent
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.roles import Role
from specialty_eval.store import application_queries, due_queries, report_queries, scoring_queries
from specialty_eval.store.accounts import RoleGrant
from specialty_eval.store.cycles import Cycle, Round
from specialty_eval.store.deliberation import Decision
from specialty_eval.store.reviews import Review, ScoreSheet

WHY = "示例：政策调整"
NEXT = POLICY.replace('version: "1"', 'version: "2"')


def end_at_once(city: City, who: str) -> None:
    """The administrator ends every role that somebody has, from this second on."""
    for key in city.session.scalars(sa.select(RoleGrant.id).where(RoleGrant.person_id == city.people[who])):
        accounts.end_role(city.as_("administrator"), key)


def cycle_of(city: City, round_id: int) -> Cycle:
    return city.session.get_one(Cycle, city.session.get_one(Round, round_id).cycle_id, populate_existing=True)


# --- cycles and rounds -----------------------------------------------------------------------------------------------


def test_a_cancelled_cycle_ends_what_is_unconfirmed_and_leaves_what_is_in_force(session: Session) -> None:
    s, number = make_publicised(session, {"two-a": "yellow", "one-a": "red", "city-a": "green"})
    s.city.wait(21)
    ratings.confirm(s.as_("bureau-approver"), number, "示例评〔2026〕1号", [s.reviews["two-a"]])
    before = standings(s)
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    appealed = appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例理由").id

    made = cycles.move(s.as_("secretary"), cycle_of(s.city, s.round_id).id, CycleEvent.CANCEL, reason=WHY)

    assert (made.state, session.get_one(Round, s.round_id, populate_existing=True).state) == ("cancelled",) * 2
    assert {short: s.review(short).state for short in s.reviews} == {
        "two-a": "confirmed", "one-a": "cancelled", "city-a": "cancelled",
    }  # fmt: skip
    public = {short: status.of(s.city.nobody(), s.city.codes[short]) for short in s.reviews}
    assert (public["two-a"].rating, standings(s)) == ("yellow", before)
    assert [(public[x].rating, public[x].provisional) for x in ("one-a", "city-a")] == [(None, None)] * 2
    assert refused(NotNow, lambda: ratings.confirm(s.as_("bureau-approver"), number, "示例评〔2026〕2号",
                                                   [s.reviews["one-a"]]))  # fmt: skip
    appeals.admit(s.as_("bureau-approver"), appealed, [s.city.people["appeal-1"]])  # the appeal goes on
    with pytest.raises(Invalid) as placed:
        cycles.place(s.as_("secretary"), made.id, {s.city.codes["one-a"]: 1})
    assert "cycle-not-running" in {problem.code for problem in placed.value.problems}
    # What follows from what is in force goes on: its plan, its year, its lists, its deemed service and its appeal.
    assert plans.draft(s.as_("planner"), 2026).academic_year == 2026
    assert application_queries.rules_for(session, "371400", 2026) is not None
    assert ([key for key, _ in due_queries.rounds_going(session)], due_queries.cities_rated(session, 2026)) == (
        [str(s.round_id)], [("371400", None)],
    )  # fmt: skip
    assert report_queries.rounds_going(session, "371400") == [s.round_id]
    overdue.act_on_due(s.city.clock(), s.round_id)
    assert open_round(s.city, make_cycle(s.city, policy=NEXT, year=2027))  # and another cycle takes them all


def test_a_round_cancelled_during_a_vote_decides_nothing_and_waits_for_nothing(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow", "two-a": "green"})
    convene(s)
    s.vote("one-a", {"industry-1": "green"})
    rounds.move(s.as_("secretary"), s.round_id, RoundEvent.CANCEL, reason=WHY)

    with pytest.raises(NotNow):
        close_item(s.as_("secretary"), s.items["one-a"])
    assert {s.review(short).state for short in s.reviews} == {"cancelled"}
    assert session.scalar(sa.select(sa.func.count()).select_from(Decision)) == 0
    s.city.wait(200)
    assert overdue.listing(s.as_("secretary"), s.round_id, Page(100))[0] == []
    assert overdue.act_on_due(s.city.clock(), s.round_id).escalated == 0


def test_a_cycle_is_concluded_once_everything_ended_and_what_it_decided_goes_on(session: Session) -> None:
    s = make_confirmed(session)
    made = cycle_of(s.city, s.round_id)
    conclude = (s.as_("secretary"), made.id, CycleEvent.CONCLUDE)
    assert refused(NotNow, lambda: cycles.move(*conclude)) == [("rounds-not-ended", "rounds")]
    rounds.move(s.as_("secretary"), s.round_id, RoundEvent.CONCLUDE)

    assert cycles.move(*conclude).state == "concluded"

    assert refused(NotNow, lambda: cycles.move(s.as_("secretary"), made.id, CycleEvent.CANCEL, reason=WHY))
    assert status.of(s.city.nobody(), s.city.codes["two-a"]).rating == "yellow"
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    assert appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例理由").state == "received"
    assert plans.draft(s.as_("planner"), 2026).state == "draft"


def test_a_planned_review_moves_between_rounds_that_are_not_collecting_and_no_other(session: Session) -> None:
    """`Reviews may move between rounds that are not yet collecting` (workflow.md)."""
    city = make_city(session)
    row, _ = cycles.import_policy(city.as_("policy-editor"), POLICY)
    new = [cycles.NewRound(year, year - 1, date(year, 1, 1), row.policy_id, row.policy_version)
           for year in (2026, 2027, 2028)]  # fmt: skip
    made = cycles.create(city.as_("secretary"), cycles.NewCycle("c", "示例", CITY, ["secondary"], ["secondary"], new))
    cycles.place(city.as_("secretary"), made.id, dict.fromkeys(city.codes.values(), 2))
    cycles.move(city.as_("secretary"), made.id, CycleEvent.START)
    first, second, third = session.scalars(sa.select(Round).where(Round.cycle_id == made.id).order_by(Round.number))
    keys = dict(session.execute(sa.select(Review.specialty_id, Review.id)).all())

    def moved(short: str, number: int) -> int:
        cycles.place(city.as_("secretary"), made.id, {city.codes[short]: number})
        key = keys[city.specialties[short]]
        return session.get_one(Review, key, populate_existing=True).round_id

    assert (moved("one-a", 1), moved("two-a", 3), moved("one-a", 3), moved("one-a", 1)) == (
        first.id, third.id, third.id, first.id,
    )  # fmt: skip
    assert session.scalar(sa.select(sa.func.count()).select_from(Review)) == len(keys)  # the same reviews, none twice
    rounds.move(city.as_("secretary"), second.id, RoundEvent.COLLECT)
    for short, number in (("city-a", 1), ("one-a", 2)):  # out of the collecting round, and into it
        assert refused(Invalid, lambda s=short, n=number: moved(s, n)) == [  # type: ignore[misc]
            ("round-already-collecting", f"specialties.{city.codes[short]}")
        ]
    assert moved("one-a", 3) == third.id


def test_an_imported_rating_counts_as_history(session: Session) -> None:
    """`existing ratings … are imported with their dates and sources, and count as history` (workflow.md)."""
    city = make_city(session)
    line = "3637000001,710201,,yellow,2022,2023-06-20,示例〔2023〕1号,示例台账\n"
    head = "school_code,catalogue_code,direction,rating,year,valid_from,document_number,source\n"
    intake.load(city.as_("secretary"), "ratings", (head + line).encode(), intake.CSV)
    reviews = open_round(city, make_cycle(city, policy=POLICY))
    verified(city, reviews["one-a"], "one-a", employed="70")
    scoring.run(city.as_("secretary"), to_scoring(city, reviews["one-a"]), go_on={reviews["one-a"]: "无专家"})

    sheet = session.scalars(sa.select(ScoreSheet).where(ScoreSheet.review_id == reviews["one-a"])).one()
    assert (sheet.rating, sheet.reasons) == ("red", ["fair", "second-yellow"])
    assert status.of(city.nobody(), city.codes["one-a"]).rating == "yellow"  # until the new one is confirmed


# --- people ----------------------------------------------------------------------------------------------------------


def test_an_expert_whose_role_ends_has_nothing_left_makes_room_and_leaves_the_scores_given(session: Session) -> None:
    """`Rights follow membership, now: a role that ended gives nothing anywhere, in the same second` (workflow.md)."""
    city = make_city(session)
    reviews = open_round(city, make_cycle(city, policy=POLICY))
    key = reviews["one-a"]
    verified(city, key, "one-a")
    scored_by_experts(city, key, "80")
    asked = panel.invite(city.as_("secretary"), key, [city.people["expert-2"], city.people["expert-3"]])
    panel.answer(city.as_("expert-2"), asked[0].id, AssignmentEvent.ACCEPT)
    another = city.people["expert-4"] = make_person(
        session, login="expert-4", roles={Role.EXPERT: city.organisations[f"bureau:{CITY}"]}
    )
    assert refused(Invalid, lambda: panel.invite(city.as_("secretary"), key, [another])) == [("panel-full", "experts")]

    for who in ("expert-1", "expert-2"):
        end_at_once(city, who)

    gone = city.as_("expert-2")
    with pytest.raises((NotFound, NotYou)):
        panel.score(gone, asked[0].id, {"quality": "90"})
    assert panel.listing(gone, Page(10))[0] == []
    assert [row.person_id for row in panel.invite(city.as_("secretary"), key, [another])] == [another]
    assert scoring_queries.panel_scores(session, [key])[key]["quality"] == [80]  # given while they were an expert
    panel.answer(city.as_("secretary"), asked[0].id, AssignmentEvent.REPLACE, reason="示例：已离任")


def test_a_ballot_of_whoever_leaves_in_the_middle_of_the_item_stays_and_nobody_votes_for_them(session: Session) -> None:
    s = make_scored(session, {"two-a": "yellow"})
    convene(s)
    first, *rest = (login for login, _ in REGULAR)
    s.vote("two-a", {first: "yellow"})
    end_at_once(s.city, first)
    with pytest.raises(NotYou):
        s.vote("two-a", {first: "green"})  # a ballot may be replaced, but not by who is gone
    s.vote("two-a", dict.fromkeys(rest, "yellow"))

    decision = close_item(s.as_("secretary"), s.items["two-a"])

    assert (decision.rating, decision.tally["present"]) == ("yellow", len(REGULAR))


def test_whoever_leaves_office_leaves_their_duties_to_the_office(session: Session) -> None:
    """A check begun, and a list drafted: the next in office goes on, and what was done in office stays done."""
    city = make_city(session)
    reviews = open_round(city, make_cycle(city, policy=POLICY))
    key = reviews["one-a"]
    verified_by(city, key)
    end_at_once(city, "county-one")
    with pytest.raises((NotFound, NotYou)):
        verification.pass_(city.as_("county-one"), key, verification.Verdicts())
    office = next(number for at, number in city.organisations.items() if at.startswith("county:"))
    city.people["county-next"] = make_person(session, login="county-next", roles={Role.COUNTY_VERIFIER: office})
    assert verification.pass_(city.as_("county-next"), key, verification.Verdicts()).state == "checked"


def verified_by(city: City, key: int) -> None:
    """Handed in, and the county has begun to check."""
    evidence.save(city.as_("head-one"), key, Figures({"graduates": "100", "employed": "90"}, {}), "", version=None)
    evidence.submit(city.as_("head-one"), key)
    verification.claim(city.as_("county-one"), key)


def test_a_list_drafted_by_who_has_left_is_still_approved_and_one_not_yet_drafted_is_the_deputys(
    session: Session,
) -> None:
    s = make_decided(session, {"one-a": "green"})
    serve(s)
    made = publications.draft(s.as_("secretary"), s.round_id)
    end_at_once(s.city, "secretary")
    with pytest.raises((NotFound, NotYou)):
        publications.redraft(s.as_("secretary"), made.id, "示例")
    assert publications.approve(s.as_("bureau-approver"), made.id, made.digest).state == "approved"
    with pytest.raises((NotFound, NotYou)):
        publications.open_publicity(s.as_("secretary"), made.id)
    assert publications.open_publicity(s.as_("secretary-2"), made.id).state == "in_publicity"
