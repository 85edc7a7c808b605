"""What a school was told stands: its days are its own, never earlier than told, and not the offices' to use up."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_scored import PDF, to_scoring, verified
from remembered import remembered
from small_policy import POLICY
from specialty_eval.actions import attachments, challenges, cycles, evidence, reminders, rounds, scoring, verification
from specialty_eval.actions.context import LOCAL, SETTLES
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.cases import ChallengeEvent
from specialty_eval.engine.consequences import Duration
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.engine.errors import Invalid, NotNow
from specialty_eval.store import review_queries
from specialty_eval.store.cycles import Round
from specialty_eval.store.review_queries import NewFigure
from specialty_eval.store.reviews import Challenge, Figure, Review
from specialty_eval.text import message

RESTART = POLICY.replace("corrections_at_most: 2", "corrections_at_most: 2, correction_clock: restart")

MORE = POLICY.replace(
    "  quality: {label", "  posts_own: {label: {zh: 校内岗位数}, type: integer, supplier: school}\n  quality: {label"
)
"""The same with a figure that shares no check with another."""
SAID = {"graduates": "100", "employed": "90"}


@remembered
def round_of(session: Session, policy: str = POLICY) -> tuple[City, int]:
    city = make_city(session)
    return city, open_round(city, make_cycle(city, policy=policy))["one-a"]


def hand_in(city: City, key: int, employed: str = "90") -> None:
    figures = Figures({"graduates": "100", "employed": employed}, {})
    evidence.save(city.as_("head-one"), key, figures, "", version=None)
    evidence.submit(city.as_("head-one"), key)


def row(city: City, key: int) -> Review:
    return city.session.get_one(Review, key, populate_existing=True)


def last_day(city: City, key: int) -> date:
    due = row(city, key).correction_due
    assert due is not None
    return last_local_day(due, LOCAL)


def test_the_days_an_office_takes_are_not_the_schools(session: Session) -> None:
    city, key = round_of(session)
    hand_in(city, key)
    verification.return_(city.as_("county-one"), key, {"employed": "不符"})
    assert last_day(city, key) >= date(2026, 3, 23)  # fifteen working days from Monday, 2 March
    city.wait(1)  # one of them is used
    evidence.submit(city.as_("head-one"), key)
    city.wait(40)  # Sunday, 12 April
    verification.pass_(city.as_("county-one"), key, verification.Verdicts())

    verification.return_(city.as_("bureau-verifier"), key, {"employed": "仍不符"})

    calendar = city.as_("secretary").calendar()
    assert calendar.days_left(date(2026, 4, 12), last_day(city, key), working=True) >= 14


def missed(city: City, key: int) -> None:
    """The days of what the school was asked for pass, and nothing comes."""
    due = row(city, key).correction_due if row(city, key).state == "returned" else row(city, key).due
    assert due is not None
    city.now = due + SETTLES
    verification.default(city.as_("secretary"), key)


def test_a_correction_that_was_missed_leaves_one_day(session: Session) -> None:
    city, key = round_of(session)
    hand_in(city, key)
    verification.return_(city.as_("county-one"), key, {"employed": "不符"})
    missed(city, key)

    verification.return_(city.as_("county-one"), key, {"employed": "仍不符"})

    calendar = city.as_("secretary").calendar()
    assert last_day(city, key) == calendar.last_day(city.as_("secretary").today, Duration(1, working=True))


def test_what_never_came_is_returned_more_than_once(session: Session) -> None:
    city, key = round_of(session)
    for _ in range(2):
        reminders.remind(city.as_("secretary"), row(city, key).round_id)
        city.wait(1)
    missed(city, key)
    verification.return_(city.as_("county-one"), key, {"employed": "未报"})
    missed(city, key)

    verification.return_(city.as_("county-one"), key, {"employed": "未报"})

    assert row(city, key).state == "returned"


@pytest.mark.parametrize("policy", [POLICY, RESTART], ids=["continue", "restart"])
def test_a_date_that_was_told_never_moves_earlier(session: Session, policy: str) -> None:
    city, key = round_of(session, policy)
    hand_in(city, key)
    verification.return_(city.as_("county-one"), key, {"employed": "不符"})
    told = row(city, key).due
    assert told is not None
    assert last_day(city, key) >= last_local_day(told, LOCAL)
    rounds.extend(city.as_("secretary"), key, date(2026, 6, 30), "停电")
    evidence.submit(city.as_("head-one"), key)

    verification.return_(city.as_("county-one"), key, {"employed": "仍不符"})

    assert last_day(city, key) == date(2026, 6, 30)


def test_a_school_with_more_time_does_not_keep_the_round_from_being_verified(session: Session) -> None:
    city, key = round_of(session)
    round_id = row(city, key).round_id
    for _ in range(2):
        reminders.remind(city.as_("secretary"), round_id)
        city.wait(1)
    rounds.extend(city.as_("secretary"), key, date(2026, 6, 30), "停电")
    city.wait(60)
    assert rounds.default_left_over(city.as_("secretary"), round_id) == 3

    rounds.move(city.as_("secretary"), round_id, RoundEvent.VERIFY)

    assert (session.get_one(Round, round_id).state, row(city, key).state) == ("verifying", "open")
    hand_in(city, key)
    assert row(city, key).state == "submitted"


def test_what_was_taken_back_is_not_what_was_reported(session: Session) -> None:
    city, key = round_of(session)
    hand_in(city, key)

    evidence.recall(city.as_("head-one"), key)

    assert row(city, key).evidence_version_id is None


def test_a_correction_is_taken_back_within_its_own_days_and_keeps_them(session: Session) -> None:
    city, key = round_of(session, policy=MORE)
    hand_in(city, key)
    city.wait(30)  # the round's day is over, or nearly
    verification.return_(city.as_("county-one"), key, {"employed": "不符"})
    told = row(city, key).correction_due
    assert told is not None
    city.now = told - timedelta(days=1)
    evidence.submit(city.as_("head-one"), key)

    evidence.recall(city.as_("head-one"), key)

    assert (row(city, key).state, row(city, key).due) == ("open", told)
    with pytest.raises(Invalid) as caught:  # what was not found wrong is not opened by taking the correction back
        evidence.save(city.as_("head-one"), key, Figures({**SAID, "posts_own": "1"}, {}), "", version=None)
    assert [(p.code, p.where) for p in caught.value.problems] == [("field-not-open", "measures.posts_own")]
    hand_in(city, key)
    assert row(city, key).state == "submitted"


def test_verified_figures_are_not_rewritten_once_the_review_is_over(session: Session) -> None:
    city, key = round_of(session)
    verified(city, key, "one-a", employed="40")
    policy = evidence.policy_of(city.as_("secretary"), row(city, key))

    with pytest.raises(NotNow):
        evidence.report_year(city.as_("head-one"), city.specialties["one-a"], 2025, policy,
                             Figures({"employed": "99"}, {}))  # fmt: skip

    kept = sa.select(Figure.value).where(Figure.measure == "employed", Figure.superseded_at.is_(None))
    assert session.scalars(kept).all() == ["40"]


def test_who_supplies_what_is_the_pinned_policys_word(session: Session) -> None:
    city, _ = round_of(session)
    other = POLICY.replace('version: "1"', 'version: "2"')
    cycles.import_policy(city.as_("policy-editor"), other)

    with pytest.raises(Invalid) as refused:
        evidence.supply_by_code(
            city.as_("hrss"), city.codes["one-a"], 2025, ("small", "2"), Figures({"posts": "5"}, {})
        )

    assert [p.code for p in refused.value.problems] == ["policy-of-no-round"]


# --- challenges ---


def scored(session: Session) -> tuple[City, int]:
    city, key = round_of(session)
    verified(city, key, "one-a")
    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on={key: "无专家"})
    return city, key


def test_a_sheet_opened_late_gives_no_days_a_second_time(session: Session) -> None:
    city, key = scored(session)
    deemed = row(city, key).challenge_due
    city.wait(60)

    challenges.open_sheet(city.as_("head-one"), key)

    assert row(city, key).challenge_due == deemed


def test_a_sheet_opened_at_once_takes_no_days_away(session: Session) -> None:
    city, key = scored(session)
    deemed = row(city, key).challenge_due
    assert deemed is not None
    session.execute(sa.update(Review).where(Review.id == key).values(challenge_due=deemed + timedelta(days=7)))

    shown = challenges.open_sheet(city.as_("head-one"), key)  # an extension is not shortened either

    assert shown["challenge_due"] == row(city, key).challenge_due == deemed + timedelta(days=7)


def refused(city: City, key: int, measure: str, claimed: str) -> list[str]:
    attachments.attach(city.as_("head-one"), key, measure, "名单.pdf", PDF)
    with pytest.raises(Invalid) as caught:
        challenges.challenge(city.as_("head-one"), key, measure, claimed, "漏报")
    return [p.code for p in caught.value.problems]


def test_experts_scores_and_values_that_break_a_check_are_refused_at_the_door(session: Session) -> None:
    city, key = scored(session)
    challenges.open_sheet(city.as_("head-one"), key)

    assert refused(city, key, "quality", "90") == ["challenge-not-of-this"]
    assert refused(city, key, "employed", "150") == ["check-failed"]
    assert session.scalar(sa.select(sa.func.count()).select_from(Challenge)) == 0


def test_a_claim_that_has_come_to_break_a_check_is_not_upheld(session: Session) -> None:
    city, key = scored(session)
    challenges.open_sheet(city.as_("head-one"), key)
    attachments.attach(city.as_("head-one"), key, "employed", "名单.pdf", PDF)
    kept = challenges.challenge(city.as_("head-one"), key, "employed", "95", "漏报5人")
    fewer = NewFigure(city.specialties["one-a"], 2025, "graduates", "94", "school", "示例")
    review_queries.record_figures(session, [fewer], city.now, None)

    with pytest.raises(NotNow) as caught:
        challenges.answer(city.as_("bureau-verifier"), kept.id, ChallengeEvent.UPHOLD, "属实")

    assert [p.code for p in caught.value.problems] == ["check-failed"]


def test_a_check_that_holds_is_told_in_the_policys_own_words(session: Session) -> None:
    city, key = round_of(session)
    figures = Figures({"graduates": "80", "employed": "90"}, {})
    evidence.save(city.as_("head-one"), key, figures, "", version=None)

    with pytest.raises(NotNow) as caught:
        evidence.submit(city.as_("head-one"), key)

    assert [(p.code, p.facts["zh"]) for p in caught.value.problems] == [("check-failed", "就业人数不能多于毕业生数")]
    assert (
        message(caught.value.problems[0], "zh") == "未通过校验规则 employed-within-graduates：就业人数不能多于毕业生数"
    )


def test_what_arrived_in_time_is_taken_though_an_office_was_quick(session: Session) -> None:
    """What is stamped a second before the end waits for its lock; whoever ends something by that end comes later."""
    city, key = round_of(session)
    figures = Figures({"graduates": "100", "employed": "90"}, {})
    evidence.save(city.as_("head-one"), key, figures, "", version=None)
    round_id, due = row(city, key).round_id, row(city, key).due
    assert due is not None
    for _ in range(2):
        reminders.remind(city.as_("secretary"), round_id)
        city.wait(1)
    quick = replace(city.as_("secretary"), now=due + timedelta(seconds=1))
    assert rounds.default_left_over(quick, round_id) == 0
    with pytest.raises(NotNow):
        verification.default(quick, key)

    evidence.submit(replace(city.as_("head-one"), now=due - timedelta(seconds=1)), key)

    assert (row(city, key).state, row(city, key).was_defaulted) == ("submitted", False)
    assert rounds.default_left_over(replace(quick, now=due + SETTLES), round_id) == 3, "those that sent nothing"
