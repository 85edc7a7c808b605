"""The score run: from verified evidence and experts' scores to sheets anybody can compute again."""

from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_deliberation import refused
from factories_scored import PDF, scored_by_experts, to_scoring, verified
from small_policy import POLICY
from specialty_eval.actions import attachments, challenges, panel, rounds, scoring
from specialty_eval.engine import load_policy
from specialty_eval.engine.assignment import AssignmentEvent
from specialty_eval.engine.cases import ChallengeEvent
from specialty_eval.engine.commitments import digest_of
from specialty_eval.engine.errors import Invalid, NotFound, NotNow
from specialty_eval.engine.frozen import Inputs
from specialty_eval.store.outcomes import RatingInForce
from specialty_eval.store.reviews import Review, ScoreRun, ScoreSheet


@pytest.fixture
def city(session: Session) -> City:
    return make_city(session)


@pytest.fixture
def reviews(city: City) -> dict[str, int]:
    return open_round(city, make_cycle(city, policy=POLICY))


def sheet(city: City, key: int) -> ScoreSheet:
    return city.session.get_one(ScoreSheet, city.session.get_one(Review, key).sheet_id)


def uphold_challenge(city: City, key: int, employed: str) -> None:
    """The first school proves another number of employed, and the bureau finds it true."""
    challenges.open_sheet(city.as_("head-one"), key)
    attachments.attach(city.as_("head-one"), key, "employed", "名单.pdf", PDF)
    lodged = challenges.challenge(city.as_("head-one"), key, "employed", employed, "漏报")
    challenges.answer(city.as_("bureau-verifier"), lodged.id, ChallengeEvent.UPHOLD, "属实")


def earlier(city: City, specialty: int, rating: str) -> RatingInForce:
    """A rating of 2023 on record from now on."""
    row = RatingInForce(specialty_id=specialty, review_id=None, rating=rating, year=2023, reasons=[],
                        document_number="示例〔2023〕1号", source="示例", valid_from=date(2024, 1, 1), valid_to=None,
                        known_from=city.now)  # fmt: skip
    city.session.add(row)
    city.session.flush()
    return row


def test_verified_reviews_are_scored_and_the_others_set_aside_by_name(city: City, reviews: dict[str, int]) -> None:
    verified(city, reviews["one-a"], "one-a")
    scored_by_experts(city, reviews["one-a"], "80", "90", "70")
    round_id = to_scoring(city, reviews["one-a"])

    made = scoring.run(city.as_("secretary"), round_id)

    found = sheet(city, reviews["one-a"])
    assert (found.total, found.rating, found.reasons) == (Decimal("81.00"), "green", ["good"])
    assert [(s["code"], s["reason"]) for s in made.set_aside] == [
        (city.codes[short], "not-verified") for short in ("one-b", "two-a", "city-a")
    ]
    assert city.session.get_one(Review, reviews["one-a"]).state == "scored"


def test_the_frozen_inputs_give_the_same_result_without_a_database(city: City, reviews: dict[str, int]) -> None:
    verified(city, reviews["one-a"], "one-a")
    scored_by_experts(city, reviews["one-a"], "80", "90")
    made = scoring.run(city.as_("secretary"), to_scoring(city, reviews["one-a"]))
    found = sa.select(ScoreRun.inputs, ScoreRun.secret).where(ScoreRun.id == made.id)
    kept, secret = city.session.execute(found).one()
    assert secret is not None

    again = Inputs.unpacked(kept)

    results = again.score(load_policy(POLICY))
    assert digest_of(again, secret) == made.inputs_digest != again.digest
    assert [results.sheet(i).total for i in range(len(results))] == [sheet(city, reviews["one-a"]).total]


def test_a_panel_below_its_minimum_waits_or_goes_on_with_a_reason(city: City, reviews: dict[str, int]) -> None:
    verified(city, reviews["one-a"], "one-a")
    scored_by_experts(city, reviews["one-a"], "80")
    round_id = to_scoring(city, reviews["one-a"])
    with pytest.raises(NotNow), city.session.begin_nested():
        scoring.run(city.as_("secretary"), round_id)

    scoring.run(city.as_("secretary"), round_id, go_on={reviews["one-a"]: "专家缺席，期限已到"})

    lines = {line["code"]: line for line in sheet(city, reviews["one-a"]).indicators}
    assert (lines["quality"]["value"], lines["quality"]["counted"]) == (None, False)


def test_an_expert_who_works_at_the_school_is_refused(city: City, reviews: dict[str, int]) -> None:
    verified(city, reviews["one-a"], "one-a")
    city.session.execute(
        sa.text("UPDATE person SET employer_id = :school WHERE id = :person"),
        {"school": city.schools["one"], "person": city.people["expert-1"]},
    )

    with pytest.raises(Invalid) as caught:
        panel.invite(city.as_("secretary"), reviews["one-a"], [city.people["expert-1"], city.people["nobody"]])

    assert {p.code for p in caught.value.problems} == {"interest-declared", "not-an-expert"}


def test_the_school_sees_its_sheet_without_the_rating_and_others_see_nothing(
    city: City, reviews: dict[str, int]
) -> None:
    key = reviews["one-a"]
    verified(city, key, "one-a")
    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on={key: "无专家"})

    seen = challenges.open_sheet(city.as_("head-one"), key)

    assert (seen["total"], "rating" in seen) == ("81.11", False)
    with pytest.raises(NotFound):
        challenges.open_sheet(city.as_("head-two"), key)


def test_an_upheld_challenge_replaces_the_figure_and_only_that_sheet(city: City, reviews: dict[str, int]) -> None:
    for short in ("one-a", "two-a"):
        verified(city, reviews[short], short, employed="60")
    key = reviews["one-a"]
    go_on = {reviews[short]: "无专家" for short in ("one-a", "two-a")}
    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on=go_on)
    first, others = sheet(city, key), sheet(city, reviews["two-a"]).id
    rounds.extend_all(
        city.as_("secretary"), city.session.get_one(Review, key).round_id, date(2026, 6, 30), "示例：平台停机"
    )
    told = city.session.get_one(Review, key, populate_existing=True).challenge_due

    uphold_challenge(city, key, "95")
    made = scoring.rescore(city.as_("secretary"), key)

    assert city.session.get_one(Review, key, populate_existing=True).challenge_due == told  # as told, and no earlier

    assert [(said["review"], said["reason"]) for said in made.went_on] == [(key, "无专家")]  # as on record
    after = sheet(city, key)
    assert (first.total, after.total, made.kind) == (Decimal("57.78"), Decimal("85.00"), "single")
    assert sheet(city, reviews["two-a"]).id == others


def test_a_review_whose_panel_is_small_is_not_scored_again_without_a_reason(
    city: City, reviews: dict[str, int]
) -> None:
    key = reviews["one-a"]
    verified(city, key, "one-a", employed="60")
    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on={key: "无专家"})
    # As of a run from before the reasons were kept: no trigger refuses the change here.
    city.session.execute(sa.text("SET LOCAL session_replication_role = 'replica'"))
    city.session.execute(sa.update(ScoreRun).values(went_on=[]))
    city.session.execute(sa.text("SET LOCAL session_replication_role = 'origin'"))
    uphold_challenge(city, key, "95")

    assert refused(NotNow, lambda: scoring.rescore(city.as_("secretary"), key)) == [
        ("panel-below-minimum", f"reviews.{key}")
    ]
    made = scoring.rescore(city.as_("secretary"), key, "示例：专家缺席")
    assert [said["reason"] for said in scoring.told(city.as_("secretary"), made)["went_on"]] == ["示例：专家缺席"]


def test_a_review_scored_again_has_the_earlier_ratings_that_are_on_record_now(
    city: City, reviews: dict[str, int]
) -> None:
    key, now = reviews["one-a"], city.specialties["one-a"]
    overturned = earlier(city, now, "yellow")
    earlier(city, city.specialties["two-a"], "yellow")
    for short in ("one-a", "two-a"):
        verified(city, reviews[short], short, employed="70")
    go_on = {reviews[short]: "无专家" for short in ("one-a", "two-a")}
    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on=go_on)
    first = sheet(city, key)
    overturned.known_to = city.now
    earlier(city, now, "green")

    uphold_challenge(city, key, "71")
    made = scoring.rescore(city.as_("secretary"), key)

    assert (first.rating, first.reasons) == ("red", ["fair", "second-yellow"])
    assert (sheet(city, key).rating, sheet(city, key).reasons) == ("yellow", ["fair"])
    assert scoring.files(scoring.read(city.as_("secretary"), made.id))["history.csv"].splitlines()[1:] == [
        f"{city.codes['one-a']},2023,green",
        f"{city.codes['two-a']},2023,yellow",
    ]


def test_a_score_that_is_in_is_not_replaced_for_what_it_says(city: City, reviews: dict[str, int]) -> None:
    key = reviews["one-a"]
    verified(city, key, "one-a")
    scored_by_experts(city, key, "20", "90")
    secretary, asked = city.as_("secretary"), panel.assignments(city.as_("secretary"), key)[0].assignment.id

    def replace() -> list[tuple[str, str]]:
        return refused(NotNow, lambda: panel.answer(secretary, asked, AssignmentEvent.REPLACE, reason="示例：评分过低"))

    assert replace() == [("scored-already", "expert")]
    scoring.run(secretary, to_scoring(city, key))
    uphold_challenge(city, key, "95")
    assert replace() == [("scored-already", "expert")]


def test_a_new_run_leaves_small_panels_aside_unless_they_go_on_with_a_reason(
    city: City, reviews: dict[str, int]
) -> None:
    small, enough = reviews["one-a"], reviews["two-a"]
    for short in ("one-a", "two-a"):
        verified(city, reviews[short], short)
    scored_by_experts(city, small, "20")
    scored_by_experts(city, enough, "80", "90")
    round_id = to_scoring(city, small)
    scoring.run(city.as_("secretary"), round_id, go_on={small: "示例：专家缺席"})
    before = city.session.get_one(Review, small).sheet_id
    [named] = city.session.scalars(sa.select(ScoreRun)).one().went_on
    assert named == {"review": small, "code": city.codes["one-a"], "scores": 1, "needed": 2, "reason": "示例：专家缺席"}

    made = scoring.order_new_run(city.as_("secretary"), round_id, "示例：重新计分")

    assert [(s["code"], s["reason"]) for s in made.set_aside] == [(city.codes["one-a"], "panel-below-minimum")]
    assert (sheet(city, small).id, sheet(city, enough).run_id) == (before, made.id)
    made = scoring.order_new_run(city.as_("secretary"), round_id, "示例：重新计分", go_on={small: "示例：专家缺席"})
    assert (made.set_aside, sheet(city, small).run_id) == ([], made.id)


def test_a_further_run_leaves_a_challenged_review_to_be_scored_within_its_own(
    city: City, reviews: dict[str, int]
) -> None:
    key, later = reviews["one-a"], reviews["two-a"]
    verified(city, key, "one-a", employed="70")
    round_id = to_scoring(city, key)
    first = scoring.run(city.as_("secretary"), round_id, go_on={key: "无专家"})
    uphold_challenge(city, key, "71")
    verified(city, later, "two-a", employed="95")

    made = scoring.run(city.as_("secretary"), round_id, go_on={later: "无专家"})

    aside = [(s["code"], s["reason"]) for s in made.set_aside if s["review"] == key]
    assert aside == [(city.codes["one-a"], "scored-again-alone")]
    assert city.session.get_one(Review, key, populate_existing=True).state == "verified"
    rated = scoring.files(scoring.read(city.as_("secretary"), made.id))["rated"]
    assert rated == sorted((city.codes["one-a"], city.codes["two-a"]))  # its peers are still measured by it
    assert scoring.rescore(city.as_("secretary"), key).within_id == first.id


def test_a_further_run_says_for_whom_a_quota_would_now_fall_differently(city: City) -> None:
    quota = "  quotas: [{code: last-half, take: bottom, share: 0.5, becomes: red}]\n  caps:\n"
    reviews = open_round(city, make_cycle(city, policy=POLICY.replace("  caps:\n", quota)))
    verified(city, reviews["one-a"], "one-a", employed="70")
    round_id = to_scoring(city, reviews["one-a"])
    first = scoring.run(city.as_("secretary"), round_id, go_on={reviews["one-a"]: "无专家"})
    verified(city, reviews["two-a"], "two-a", employed="95")

    made = scoring.run(city.as_("secretary"), round_id, go_on={reviews["two-a"]: "无专家"})

    assert (first.notes, sheet(city, reviews["one-a"]).rating) == ([], "yellow")
    assert made.notes == [{"code": city.codes["one-a"], "was": "yellow", "would_be": "red"}]


def test_a_challenge_says_everything_that_is_missing(city: City, reviews: dict[str, int]) -> None:
    key = reviews["one-a"]
    verified(city, key, "one-a")
    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on={key: "无专家"})
    city.wait(60)

    with pytest.raises(NotNow) as caught:
        challenges.challenge(city.as_("head-one"), key, "employed", "95", "漏报")

    assert {p.code for p in caught.value.problems} == {
        "sheet-not-opened",
        "challenge-evidence-missing",
        "challenge-days-over",
    }
