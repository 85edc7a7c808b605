"""From an opened round to verified evidence: what each office may do, and what is left when it may not."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from remembered import remembered_fixture
from small_policy import POLICY
from specialty_eval.actions import evidence, reminders, rounds, verification
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine import load_policy
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.store.ledger import Event
from specialty_eval.store.reviews import EvidenceVersion, Figure, Review

GOOD = Figures({"graduates": "100", "employed": "90"}, {"graduates": "学籍系统"})


@remembered_fixture
def city(session: Session) -> City:
    made = make_city(session)
    made.reviews |= open_round(made, make_cycle(made, policy=POLICY))
    return made


def review(city: City, short: str) -> int:
    return city.reviews[short]


def state(city: City, short: str) -> str:
    return city.session.get_one(Review, review(city, short)).state


def handed_in(city: City, short: str = "one-a", head: str = "head-one") -> int:
    key = review(city, short)
    evidence.save(city.as_(head), key, GOOD, "自评", version=None)
    evidence.submit(city.as_(head), key)
    return key


def test_what_both_offices_accept_goes_on_record_for_the_year(city: City) -> None:
    figures = Figures({"posts": "30"}, {})
    evidence.supply(city.as_("hrss"), city.specialties["one-a"], 2025, load_policy(POLICY), figures)
    key = handed_in(city)

    verification.pass_(city.as_("county-one"), key, verification.Verdicts())
    verification.accept(city.as_("bureau-verifier"), key, verification.Verdicts(unsupported={"employed": "无名单"}))

    current = sa.select(Figure.measure, Figure.value, Figure.supplier).where(Figure.superseded_at.is_(None))
    recorded = city.session.execute(current.order_by(Figure.measure)).all()
    assert [tuple(row) for row in recorded] == [("graduates", "100", "school"), ("posts", "30", "department:hrss")]
    events = city.session.scalars(
        sa.select(Event.kind).where(Event.subject_kind == "review", Event.subject_id == key).order_by(Event.seq)
    )
    assert list(events) == ["review.open", "evidence.save", "review.submit", "review.pass", "review.accept"]


def test_submitting_says_everything_that_is_missing_or_wrong_at_once(city: City) -> None:
    evidence.save(city.as_("head-one"), review(city, "one-a"), Figures({"employed": "5"}, {}), "", version=None)

    with pytest.raises(NotNow) as refused:
        evidence.submit(city.as_("head-one"), review(city, "one-a"))

    assert [(p.code, p.where) for p in refused.value.problems] == [("measure-missing", "measures.graduates")]


def test_wrong_values_and_foreign_measures_are_refused_together(city: City) -> None:
    wrong = Figures({"graduates": "1e3", "employed": "１２", "posts": "3", "nonsense": "1"}, {})

    with pytest.raises(Invalid) as refused:
        evidence.save(city.as_("editor-one"), review(city, "one-a"), wrong, "", version=None)

    assert {p.where for p in refused.value.problems} == {f"measures.{m}" for m in wrong.values}


def test_another_school_does_not_learn_that_the_review_exists(city: City) -> None:
    with pytest.raises(NotFound):
        evidence.save(city.as_("head-two"), review(city, "one-a"), GOOD, "", version=None)


def test_an_editor_may_fill_in_but_not_sign(city: City) -> None:
    evidence.save(city.as_("editor-one"), review(city, "one-a"), GOOD, "", version=None)

    with pytest.raises(NotYou):
        evidence.submit(city.as_("editor-one"), review(city, "one-a"))


def test_a_school_run_by_the_city_needs_no_county(city: City) -> None:
    handed_in(city, "city-a", "head-city")

    assert state(city, "city-a") == "checked"


def test_the_county_of_another_school_can_do_nothing(city: City) -> None:
    key = handed_in(city)

    with pytest.raises(NotFound):
        verification.pass_(city.as_("county-two"), key, verification.Verdicts())


def test_a_return_opens_the_named_field_and_those_that_share_a_check_with_it(city: City) -> None:
    key = handed_in(city)
    verification.return_(city.as_("county-one"), key, {"employed": "与名单不符"})

    evidence.save(city.as_("head-one"), key, Figures({"graduates": "99", "employed": "80"}, {}), "", version=None)
    evidence.submit(city.as_("head-one"), key)

    numbers = city.session.scalars(
        sa.select(EvidenceVersion.number).where(EvidenceVersion.review_id == key).order_by(EvidenceVersion.number)
    )
    assert (state(city, "one-a"), list(numbers)) == ("submitted", [1, 2])


def test_after_two_returns_the_third_is_refused(city: City) -> None:
    key = handed_in(city)
    for _ in range(2):
        verification.return_(city.as_("county-one"), key, {"employed": "与名单不符"})
        evidence.submit(city.as_("head-one"), key)

    with pytest.raises(NotNow) as refused:
        verification.return_(city.as_("county-one"), key, {"employed": "仍不符"})

    assert [p.code for p in refused.value.problems] == ["no-correction-left"]


def test_a_submission_after_the_deadline_is_refused_and_leaves_no_version(city: City) -> None:
    key = review(city, "one-a")
    evidence.save(city.as_("head-one"), key, GOOD, "", version=None)
    city.wait(60)

    with pytest.raises(NotNow) as refused, city.session.begin_nested():
        evidence.submit(city.as_("head-one"), key)

    assert [p.code for p in refused.value.problems] == ["deadline-passed"]
    assert city.session.scalar(sa.select(sa.func.count()).select_from(EvidenceVersion)) == 0


def test_who_hands_nothing_in_is_defaulted_after_two_reminders(city: City) -> None:
    round_id = city.session.get_one(Review, review(city, "one-a")).round_id
    for _ in range(2):
        reminders.remind(city.as_("secretary"), round_id)
        city.wait(1)
    city.wait(60)

    defaulted = rounds.default_left_over(city.as_("secretary"), round_id)

    assert (defaulted, state(city, "one-a")) == (4, "defaulted")


def test_two_reminders_in_a_row_or_too_late_are_none(city: City) -> None:
    round_id = city.session.get_one(Review, review(city, "one-a")).round_id
    reminders.remind(city.as_("secretary"), round_id)
    with pytest.raises(NotNow) as refused:
        reminders.remind(city.as_("secretary"), round_id)
    city.wait(60)

    assert [p.code for p in refused.value.problems] == ["reminded-today"]
    assert reminders.remind(city.as_("secretary"), round_id) == 0
    with pytest.raises(NotNow):
        rounds.default_left_over(city.as_("secretary"), round_id)


def test_a_stale_version_is_told_what_it_is_now(city: City) -> None:
    key = handed_in(city)

    with pytest.raises(Changed):
        verification.pass_(city.as_("county-one"), key, verification.Verdicts(), version=1)
