"""What an answer says is possible is what the act then answers: by state and role, with the same codes."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_deliberation import Sitting, close_item, make_convened, make_publicised, make_scored
from remembered import remembered_fixture
from small_policy import POLICY
from specialty_eval.actions import (
    cycles,
    evidence,
    objections,
    ratings,
    review_actions,
    rounds,
    verification,
)
from specialty_eval.actions.context import SETTLES, Context, Possible
from specialty_eval.actions.evidence import Figures
from specialty_eval.actions.objections import NewObjection
from specialty_eval.engine import load_policy
from specialty_eval.engine.cycle import CycleEvent, RoundEvent
from specialty_eval.engine.errors import NotNow
from specialty_eval.store.cycles import Cycle, Round
from specialty_eval.store.outcomes import Objection, Objector, Publication
from specialty_eval.store.reviews import Challenge, Review

NOTHING = verification.Verdicts()
WRONG = {"employed": "示例：与名单不符"}


@remembered_fixture
def city(session: Session) -> City:
    made = make_city(session)
    made.reviews |= open_round(made, make_cycle(made, policy=POLICY))
    return made


def handed_in(city: City, short: str = "one-a") -> int:
    key, head = city.reviews[short], f"head-{short.partition('-')[0]}"
    evidence.save(city.as_(head), key, Figures({"graduates": "100", "employed": "90"}, {}), "", version=None)
    evidence.submit(city.as_(head), key)
    return key


def codes(found: list[Possible]) -> dict[str, list[str]]:
    return {p.event: [problem.code for problem in p.reasons] for p in found}


def said(ctx: Context, key: int) -> dict[str, list[str]]:
    """Event → why not, as an answer about the review has it."""
    return codes(review_actions.possible(ctx, ctx.session.get_one(Review, key, populate_existing=True)))


def answered(session: Session, act: Callable[[], object]) -> list[str]:
    """Why the act refuses; empty when it does not. Nothing is left of it either way."""
    with session.begin_nested() as tried:
        try:
            act()
            found = []
        except NotNow as refused:
            found = [problem.code for problem in refused.problems]
        tried.rollback()
    session.expire_all()
    return found


# --- with the verifiers ----------------------------------------------------------------------------------------------


def test_the_county_passes_and_returns_what_was_submitted(city: City) -> None:
    key = handed_in(city)

    county = city.as_("county-one")

    assert said(county, key) == {
        "pass": answered(city.session, lambda: verification.pass_(county, key, NOTHING)),
        "return": answered(city.session, lambda: verification.return_(county, key, WRONG)),
    }
    assert said(county, key) == {"pass": [], "return": []}


def test_the_bureau_waits_for_the_county_until_it_takes_over(city: City) -> None:
    key = handed_in(city)
    bureau, county = city.as_("bureau-verifier"), city.as_("county-one")

    assert said(bureau, key)["take_over"] == ["county-days-running"]
    assert answered(city.session, lambda: verification.take_over(bureau, key, "示例")) == ["county-days-running"]
    city.wait(20)
    bureau, county = city.as_("bureau-verifier"), city.as_("county-one")
    assert said(bureau, key)["take_over"] == []
    before = said(bureau, key)
    assert before["pass"] == answered(city.session, lambda: verification.pass_(bureau, key, NOTHING))
    assert before["pass"] == ["county-check-first"]

    verification.take_over(bureau, key, "示例：区县逾期")
    assert said(bureau, key)["pass"] == answered(city.session, lambda: verification.pass_(bureau, key, NOTHING)) == []
    assert said(county, key)["pass"] == ["taken-over-by-bureau"]


def test_a_submission_that_somebody_verifies_cannot_be_recalled(city: City) -> None:
    key = handed_in(city)
    head = city.as_("head-one")
    assert said(head, key) == {"recall": []}

    verification.claim(city.as_("county-one"), key)

    assert said(head, key)["recall"] == answered(city.session, lambda: evidence.recall(head, key))
    assert said(head, key)["recall"] == ["verification-claimed"]


def test_a_value_that_another_supplier_owes_keeps_the_bureau_from_accepting(city: City) -> None:
    key = handed_in(city)
    verification.pass_(city.as_("county-one"), key, NOTHING)
    bureau = city.as_("bureau-verifier")

    assert said(bureau, key) == {"accept": ["supplier-value-missing"], "return": []}
    assert answered(city.session, lambda: verification.accept(bureau, key, NOTHING)) == ["supplier-value-missing"]

    posts = Figures({"posts": "30"}, {})
    evidence.supply(city.as_("hrss"), city.specialties["one-a"], 2025, load_policy(POLICY), posts)

    assert said(bureau, key)["accept"] == answered(city.session, lambda: verification.accept(bureau, key, NOTHING))
    assert said(bureau, key)["accept"] == []


def test_a_secretary_may_exempt_and_what_follows_from_other_acts_is_not_listed(city: City) -> None:
    key = handed_in(city)
    secretary = city.as_("secretary")

    assert said(secretary, key) == {"exempt": [], "name_visitors": []}
    assert answered(city.session, lambda: verification.exempt(secretary, key, "示例：停办")) == []


# --- scored ----------------------------------------------------------------------------------------------------------


def all_for(s: Sitting, rating: str) -> None:
    s.vote("one-a", {login: rating for login in s.members if not login.startswith("substitute")})


def test_a_scored_review_is_decided_once_challenges_are_over(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow", "two-a": "green"})
    all_for(s, "yellow")
    secretary, key = s.as_("secretary"), s.reviews["one-a"]

    assert said(secretary, key) == {
        "rescore": [],
        "decide": [],
        "return": ["not-incomplete"],
        "exempt": [],
        "name_visitors": [],
    }
    assert answered(session, lambda: close_item(secretary, s.items["one-a"])) == []
    assert answered(session, lambda: verification.return_(secretary, key, {"graduates": "示例"})) == ["not-incomplete"]

    session.execute(sa.update(Review).values(challenge_due=s.city.now.replace(year=2027)))
    session.add(Challenge(review_id=key, measure="graduates", stated="60", claimed="61", reason="示例", state="open",
                          answer_due=s.city.now, made_at=s.city.now))  # fmt: skip
    session.flush()

    assert said(secretary, key)["decide"] == ["challenge-days-running", "challenge-open"]
    assert answered(session, lambda: close_item(secretary, s.items["one-a"])) == said(secretary, key)["decide"]


def test_the_committee_votes_before_the_approver_decides(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})

    assert said(s.as_("bureau-approver"), s.reviews["one-a"]) == {"decide": ["committee-votes-first"]}


# --- publicised ------------------------------------------------------------------------------------------------------


def objected(s: Sitting, number: int, short: str = "one-a") -> int:
    new = NewObjection(s.reviews[short], "示例张三", "示例-0534-0000000", "示例：人数不实")
    key = objections.lodge(s.city.nobody(), number, new).id
    code = s.session.get_one(Objector, key, populate_existing=True).confirmation_code
    objections.confirm_contact(s.city.nobody(), key, code)
    return key


def after_publicity(s: Sitting, number: int) -> None:
    closes_at = s.session.get_one(Publication, number).closes_at
    assert closes_at is not None
    s.city.now = closes_at + SETTLES


def confirming(s: Sitting, number: int, short: str = "one-a") -> list[str]:
    approver = s.as_("bureau-approver")
    return answered(s.session, lambda: ratings.confirm(approver, number, "示例〔2026〕1号", [s.reviews[short]]))


def test_a_rating_is_confirmed_when_its_publicity_is_over_and_no_objection_is_open(session: Session) -> None:
    s, number = make_publicised(session, {"one-a": "yellow", "two-a": "green"})
    key, other = s.reviews["one-a"], s.reviews["two-a"]

    assert (
        said(s.as_("bureau-approver"), key) == {"confirm": confirming(s, number)} == {"confirm": ["publicity-running"]}
    )

    objections.admit(s.as_("secretary"), objected(s, number))
    after_publicity(s, number)

    assert said(s.as_("bureau-approver"), key) == {"confirm": confirming(s, number)} == {"confirm": ["objection-open"]}
    assert said(s.as_("bureau-approver"), other) == {"confirm": confirming(s, number, "two-a")} == {"confirm": []}


def test_an_objection_to_a_review_that_is_no_longer_publicised_is_neither_admitted_nor_upheld(session: Session) -> None:
    s, number = make_publicised(session, {"one-a": "yellow"})
    first, second, third = (objected(s, number) for _ in range(3))
    secretary = s.as_("secretary")
    objections.admit(secretary, first)
    objections.admit(secretary, second)
    assert codes(objections.possible(secretary, session.get_one(Objection, third)))["admit"] == []

    objections.uphold(secretary, first, "示例：属实", evidence_was_wrong=False)

    admit = codes(objections.possible(secretary, session.get_one(Objection, third)))["admit"]
    assert admit == answered(session, lambda: objections.admit(secretary, third)) == ["review-not-publicised"]
    uphold = codes(objections.possible(secretary, session.get_one(Objection, second)))["uphold"]
    again = answered(session, lambda: objections.uphold(secretary, second, "示例：属实", evidence_was_wrong=False))
    assert uphold == again == ["step-not-open"]


# --- rounds and cycles -----------------------------------------------------------------------------------------------


def test_a_round_and_a_cycle_are_cancelled_with_a_reason_that_is_still_to_be_written(city: City) -> None:
    secretary = city.as_("secretary")
    r, made = city.session.scalars(sa.select(Round)).one(), city.session.scalars(sa.select(Cycle)).one()

    of_round, of_cycle = codes(rounds.possible(secretary, r)), codes(cycles.possible(secretary, made))

    cancelling = [
        lambda: rounds.move(secretary, r.id, RoundEvent.CANCEL, reason="示例"),
        lambda: cycles.move(secretary, made.id, CycleEvent.CANCEL, reason="示例"),
    ]
    assert [of_round["cancel"], of_cycle["cancel"]] == [answered(city.session, act) for act in cancelling] == [[], []]
    assert of_cycle["conclude"] == answered(
        city.session, lambda: cycles.move(secretary, made.id, CycleEvent.CONCLUDE)
    ) != []  # fmt: skip
