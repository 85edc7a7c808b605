"""A rating that rests on an overturned earlier one: told, held up, and scored again with what is on record now."""

from datetime import date
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_cycle, open_round
from factories_consequences import BITES, appeal_heard, confirm_anew, make_confirmed
from factories_deliberation import Sitting, decide, publicise, refused, serve
from factories_scored import make_computed
from remembered import remembered
from small_policy import POLICY
from specialty_eval.actions import (
    appeals,
    bundles,
    evidence,
    previews,
    publications,
    ratings,
    review_actions,
    rounds,
    scoring,
    verification,
)
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.bundle import files_of, read_bundle
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.engine.errors import Invalid, NotNow
from specialty_eval.engine.recompute import check
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Appeal, RatingInForce
from specialty_eval.store.reviews import Review, ScoreSheet

DOCUMENT = "示例评〔2026〕8号"
NO_HISTORY = POLICY[: POLICY.index("  history:")] + POLICY[POLICY.index("enrolment:") :]
SECOND_YELLOW = BITES.replace("[[0, 0], [1, 1]]", "[[0, 0], [100, 100]]").replace(
    "  flags: [{code: red-again",
    "  history: [{code: second-yellow, now: yellow, becomes: red,"
    " when: {previous: {of_last: 1, at_least: 1, one_of: [yellow]}}}]\n  flags: [{code: red-again",
    1,
)


@remembered
def make(session: Session, policy: str = POLICY) -> Sitting:
    """Two reviews scored, yellow and green, with no earlier rating on record."""
    return make_computed(session, {"two-a": "70", "one-a": "90"}, policy=policy)


def yellow_in_2023(s: Sitting) -> None:
    """What is on record of the earlier year is another now."""
    s.session.add(RatingInForce(specialty_id=s.city.specialties["two-a"], review_id=None, rating="yellow", year=2023,
                                reasons=[], document_number="示例〔2023〕1号", source="示例", known_from=s.city.now,
                                valid_from=date(2024, 1, 1), valid_to=None))  # fmt: skip
    s.session.flush()


def sheet(s: Sitting, key: int) -> ScoreSheet:
    row = s.session.get_one(Review, key, populate_existing=True)
    return s.session.get_one(ScoreSheet, row.sheet_id)


def test_what_rests_on_another_earlier_rating_is_not_previewed(session: Session) -> None:
    s = decide(make(session))
    yellow_in_2023(s)

    with pytest.raises(NotNow) as caught:
        previews.preview(s.as_("secretary"), s.round_id)

    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == ("history-changed", f"review {s.reviews['two-a']} history")
    assert problem.facts == {"now": ["2023 yellow"]}
    told = {p.event: p for p in review_actions.possible(s.as_("secretary"), s.review("two-a"))}
    assert [reason.code for reason in told["preview"].reasons] == ["history-changed"]
    assert previews.preview(s.as_("secretary"), s.round_id, [s.reviews["one-a"]]) == [s.reviews["one-a"]]


def test_a_list_with_it_is_neither_approved_nor_opened(session: Session) -> None:
    s = serve(decide(make(session)))
    made = publications.draft(s.as_("secretary"), s.round_id)
    told = [("history-changed", f"reviews.{s.reviews['two-a']}")]
    outer = session.begin_nested()
    yellow_in_2023(s)
    approve = partial(publications.approve, s.as_("bureau-approver"), made.id, made.digest)
    assert refused(NotNow, approve) == told
    outer.rollback()
    approve()
    yellow_in_2023(s)
    assert refused(NotNow, lambda: publications.open_publicity(s.as_("secretary"), made.id)) == told
    possible = {p.event: [r.code for r in p.reasons] for p in publications.possible(s.as_("secretary"), made)}
    assert possible["open"] == ["history-changed"]


def test_it_waits_while_the_others_of_its_list_are_confirmed(session: Session) -> None:
    s = serve(decide(make(session)))
    number = publicise(s)
    s.city.wait(14)
    yellow_in_2023(s)
    key = s.reviews["two-a"]

    assert refused(NotNow, lambda: ratings.confirm(s.as_("bureau-approver"), number, DOCUMENT, [key])) == [
        ("history-changed", f"review {key} history")
    ]
    found = ratings.confirm(s.as_("bureau-approver"), number, DOCUMENT)

    assert (found.confirmed, {k: p.code for k, p in found.contested.items()}) == (
        (s.reviews["one-a"],), {key: "history-changed"},
    )  # fmt: skip


@pytest.mark.parametrize("state", ["scored", "decided", "previewed", "publicised"])
def test_the_secretary_scores_it_again_from_any_state_before_the_confirmation(session: Session, state: str) -> None:
    s = make(session)
    key = s.reviews["two-a"]
    for reached, step in (("decided", decide), ("previewed", serve), ("publicised", publicise)):
        if s.review("two-a").state != state:
            step(s)
            assert s.review("two-a").state == reached
    secretary = s.as_("secretary")
    assert refused(NotNow, lambda: scoring.rescore(secretary, key, "示例")) == [("history-as-scored", "history")]
    yellow_in_2023(s)
    assert refused(Invalid, lambda: scoring.rescore(secretary, key)) == [("reason-missing", "reason")]

    made = scoring.rescore(secretary, key, "示例：以往评定已更正")

    row = s.review("two-a")
    assert (row.state, row.decision_id, row.served_at) == ("scored", None, None)
    assert (sheet(s, key).rating, sheet(s, key).reasons) == ("red", ["fair", "second-yellow"])
    assert f"{s.city.codes['two-a']},2023,yellow" in scoring.files(made)["history.csv"]
    assert [said["reason"] for said in made.went_on] == ["无专家"]  # the panel's reason is its own
    event = session.scalars(sa.select(Event).where(Event.kind == "review.rescore")).one()
    assert (event.reason, event.audience) == ("示例：以往评定已更正", "public" if state == "publicised" else "school")


def test_scored_again_out_of_publicity_it_is_decided_and_publicised_anew_and_follows(session: Session) -> None:
    s = serve(decide(make(session)))
    publicise(s)
    yellow_in_2023(s)
    scoring.rescore(s.as_("secretary"), s.reviews["two-a"], "示例：以往评定已更正")
    s.city.wait(60)
    number = publicise(serve(decide(s)))
    s.city.wait(14)

    found = ratings.confirm(s.as_("bureau-approver"), number, DOCUMENT)

    assert found.confirmed == (s.reviews["two-a"],)
    bundle = read_bundle(files_of(bundles.make(s.city.clock(), "cycle-2026-1", whole=True)))
    assert {(v.rating, v.answer.value) for v in check(bundle)} == {("green", "follows"), ("red", "follows")}


def test_a_policy_that_asks_for_no_earlier_rating_is_not_held_up(session: Session) -> None:
    s = decide(make(session, NO_HISTORY))
    yellow_in_2023(s)

    assert len(previews.preview(s.as_("secretary"), s.round_id)) == 2


def second_round(s: Sitting) -> Sitting:
    """The next cycle rates the specialty too: yellow, and red because it was yellow before; in publicity."""
    city, policy = s.city, SECOND_YELLOW
    round_id = make_cycle(city, policy=policy, year=2027)
    key = open_round(city, round_id)["two-a"]
    evidence.save(city.as_("head-two"), key, Figures({"graduates": "70"}, {}), "", version=None)
    evidence.submit(city.as_("head-two"), key)
    verification.accept(city.as_("bureau-verifier"), key, verification.Verdicts())
    for phase in (RoundEvent.VERIFY, RoundEvent.SCORE):
        rounds.move(city.as_("secretary"), round_id, phase, reason="示例")
    scoring.run(city.as_("secretary"), round_id)
    rounds.move(city.as_("secretary"), round_id, RoundEvent.DELIBERATE, reason="示例")
    city.wait(45)
    return Sitting(city, round_id, {"two-a": key}, members=dict(s.members))


def test_an_overturned_rating_is_told_to_the_review_that_looked_at_it_and_stops_it(session: Session) -> None:
    first = make_confirmed(session, {"two-a": "yellow"}, policy=SECOND_YELLOW)
    appeal = appeal_heard(first, "two-a")
    second = second_round(first)
    key = second.reviews["two-a"]
    assert sheet(second, key).reasons[-1] == "second-yellow"
    number = publicise(serve(decide(second)))

    confirm_anew(first, "two-a", appeal, "green")
    case = session.get_one(Appeal, appeal, populate_existing=True)

    going = [(f["kind"], f["review_id"]) for f in case.follow_ups if f["kind"] != "quota"]
    assert going == [("review", key)]
    found = ratings.confirm(second.as_("bureau-approver"), number, DOCUMENT)
    assert (found.confirmed, {k: p.facts for k, p in found.contested.items()}) == (
        (), {key: {"then": ["2025 yellow"], "now": ["2025 green"]}},
    )  # fmt: skip
    appeals.decide_follow_up(second.as_("bureau-approver"), case.id, f"review:{key}", "rescore", "示例：须重新计分")
    scoring.rescore(second.as_("secretary"), key, "示例：以往评定已被申诉推翻")
    assert (sheet(second, key).rating, "second-yellow" in sheet(second, key).reasons) == ("yellow", False)
