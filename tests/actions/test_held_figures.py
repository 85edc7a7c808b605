"""From when a review holds its specialty's figures as they are, and what a review scored again takes of the record."""

from datetime import date
from decimal import Decimal
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_deliberation import Sitting, decide, publicise, refused, serve
from factories_scored import make_computed, review_policy, scored_by_experts, to_scoring, verified
from small_policy import POLICY
from specialty_eval.actions import appeals, attachments, bundles, challenges, evidence, intake, panel, ratings, scoring
from specialty_eval.actions import verification as checking
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.bundle import files_of, read_bundle
from specialty_eval.engine.cases import ChallengeEvent
from specialty_eval.engine.errors import Invalid, NotNow
from specialty_eval.engine.recompute import check
from specialty_eval.store import review_queries
from specialty_eval.store.review_queries import NewFigure
from specialty_eval.store.reviews import Review, ScoreSheet

MEAN = POLICY.replace("times: 100}}, points", "times: 100}}, over: {mean: 2}, points", 1)
"""The rate is the mean of two years: a run looks at the year before the scored one."""
PDF = b"%PDF-1.7 example"


@pytest.fixture
def city(session: Session) -> City:
    return make_city(session)


@pytest.fixture
def key(city: City) -> int:
    return open_round(city, make_cycle(city, policy=MEAN))["two-a"]


def report(city: City, key: int, year: int, employed: str) -> int:
    figures = Figures({"graduates": "100", "employed": employed}, {})
    return evidence.report_year(
        city.as_("head-two"), city.specialties["two-a"], year, review_policy(city, key), figures
    )


def supply(city: City, key: int, year: int, posts: str) -> int:
    policy = review_policy(city, key)
    return evidence.supply(city.as_("hrss"), city.specialties["two-a"], year, policy, Figures({"posts": posts}, {}))


def changed_on_record(city: City, short: str, year: int, **values: str) -> None:
    """As if a door had let it through."""
    new = [NewFigure(city.specialties[short], year, m, v, "school", "示例：事后") for m, v in values.items()]
    review_queries.record_figures(city.session, new, city.now, None)


def total(session: Session, key: int) -> Decimal | None:
    row = session.get_one(Review, key, populate_existing=True)
    return session.get_one(ScoreSheet, row.sheet_id).total


def uphold_challenge(city: City, key: int, measure: str, claimed: str) -> None:
    head = city.as_("head-two")
    challenges.open_sheet(head, key)
    attachments.attach(head, key, measure, "示例.pdf", PDF)
    made = challenges.challenge(head, key, measure, claimed, "示例：漏计")
    challenges.answer(city.as_("bureau-verifier"), made.id, ChallengeEvent.UPHOLD, "示例：属实")


def test_a_school_reports_earlier_years_until_it_hands_in(city: City, key: int) -> None:
    assert report(city, key, 2024, "40") == 2
    supply(city, key, 2025, "50")
    evidence.save(city.as_("head-two"), key, Figures({"graduates": "100", "employed": "70"}, {}), "", version=None)
    evidence.submit(city.as_("head-two"), key)

    with pytest.raises(NotNow) as caught:
        report(city, key, 2024, "100")

    (problem,) = caught.value.problems
    assert (problem.code, problem.facts) == ("year-under-review", {"year": 2024, "review": key})
    assert report(city, key, 2026, "40") == 2  # no run of this round looks at it

    evidence.recall(city.as_("head-two"), key)
    assert report(city, key, 2024, "45") == 1


def test_a_department_supplies_until_the_bureau_accepts(city: City, key: int) -> None:
    verified(city, key, "two-a", employed="70")

    for year in (2025, 2024):
        assert refused(NotNow, partial(supply, city, key, year, "100")) == [("year-under-review", "year")]
    assert supply(city, key, 2026, "100") == 1


def test_a_file_does_not_change_what_a_review_holds(city: City, key: int) -> None:
    verified(city, key, "two-a", employed="70")
    at, entry = city.codes["two-a"].split("-")
    for who, measure in (("head-two", "graduates"), ("hrss", "posts"), ("secretary", "posts")):
        text = f"school_code,catalogue_code,year,{measure}\n{at},{entry},2024,100\n"
        with pytest.raises(Invalid) as caught:
            intake.load(city.as_(who), "figures", text.encode(), intake.CSV, policy="small@1")
        assert [p.code for p in caught.value.problems] == ["year-under-review"]


def test_a_review_scored_again_takes_the_challenged_figure_and_nothing_else_on_record(city: City, key: int) -> None:
    report(city, key, 2024, "40")
    verified(city, key, "two-a", employed="70")
    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on={key: "无专家"})
    before = total(city.session, key)
    uphold_challenge(city, key, "employed", "71")
    changed_on_record(city, "two-a", 2024, employed="100")
    changed_on_record(city, "two-a", 2025, posts="100")

    made = scoring.rescore(city.as_("secretary"), key)

    # (40 + 70) / 2 and (40 + 71) / 2 of a hundred weigh 70, fifty posts 20: half a point of 70 in 90.
    assert (before, total(city.session, key)) == (Decimal("53.89"), Decimal("54.28"))
    own = [line for line in scoring.files(made)["evidence.csv"].splitlines() if city.codes["two-a"] in line]
    assert [line.split(",")[1] for line in own] == ["2024", "2025"]


def test_a_challenge_does_not_bring_later_scores_of_experts_in(city: City, key: int) -> None:
    verified(city, key, "two-a", employed="70")
    scored_by_experts(city, key, "80", "90")
    scoring.run(city.as_("secretary"), to_scoring(city, key))
    before = total(city.session, key)
    uphold_challenge(city, key, "graduates", "100")

    invite = partial(panel.invite, city.as_("secretary"), key, [city.people["expert-3"]])
    assert refused(NotNow, invite) == [("step-not-open", "review")]
    scoring.rescore(city.as_("secretary"), key)

    assert total(city.session, key) == before


def test_evidence_accepted_again_is_taken_whole(session: Session, city: City, key: int) -> None:
    supply(city, key, 2025, "40")
    evidence.save(city.as_("head-two"), key, Figures({"graduates": "100", "employed": "70"}, {}), "", version=None)
    evidence.submit(city.as_("head-two"), key)
    checking.pass_(city.as_("county-two"), key, checking.Verdicts())
    unproved = checking.Verdicts(unsupported={"employed": "示例：没有名册"})
    checking.accept(city.as_("bureau-verifier"), key, unproved)
    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on={key: "无专家"})
    checking.return_(city.as_("bureau-verifier"), key, {"employed": "示例：请核实"})
    supply(city, key, 2025, "50")
    evidence.save(city.as_("head-two"), key, Figures({"graduates": "100", "employed": "80"}, {}), "", version=None)
    evidence.submit(city.as_("head-two"), key)
    checking.pass_(city.as_("county-two"), key, checking.Verdicts())
    checking.accept(city.as_("bureau-verifier"), key, checking.Verdicts())

    scoring.rescore(city.as_("secretary"), key)

    # Eighty of a hundred weigh 70, fifty posts 20.
    assert total(session, key) == Decimal("73.33")


def test_an_appeals_new_review_takes_what_the_appeal_set_right_and_its_rating_follows(session: Session) -> None:
    s: Sitting = serve(decide(make_computed(session, {"one-a": "90", "two-a": "70"}, policy=MEAN)))
    number = publicise(s)
    s.city.wait(14)
    ratings.confirm(s.as_("bureau-approver"), number, "示例评〔2026〕1号")
    old = s.reviews["two-a"]
    ratings.receive(s.as_("head-two"), old)
    case = appeals.lodge(s.as_("head-two"), old, "示例：人数有误").id
    appeals.admit(s.as_("bureau-approver"), case, [s.city.people["appeal-1"]])
    appeals.hear(s.as_("appeal-1"), case)
    changed_on_record(s.city, "two-a", 2024, graduates="100", employed="100")
    changed_on_record(s.city, "two-a", 2025, posts="100")

    found = appeals.Upheld("verified", "示例：成立", {"employed": "71"})
    new = appeals.uphold(s.as_("appeal-1"), case, found).new_review_id
    assert new is not None
    scoring.rescore(s.as_("secretary"), new)

    # Seventy-one of a hundred weigh 70, fifty posts 20.
    assert (total(session, old), total(session, new)) == (Decimal("65.56"), Decimal("66.33"))
    bundle = read_bundle(files_of(bundles.make(s.city.clock(), "cycle-2026-1", whole=True)))
    assert {verdict.answer.value for verdict in check(bundle)} == {"follows"}


def test_what_follows_from_the_graduates_of_a_challenge_follows(city: City) -> None:
    counted = POLICY.replace(
        "checks:",
        "  city_graduates: {label: {zh: 同专业毕业生数}, type: integer, min: 0, supplier: computed}\nchecks:",
        1,
    )
    reviews = open_round(city, make_cycle(city, policy=counted))
    for short in ("one-a", "two-a"):
        verified(city, reviews[short], short, employed="70")
    key = reviews["two-a"]
    go_on = dict.fromkeys((reviews["one-a"], key), "无专家")
    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on=go_on)
    uphold_challenge(city, key, "graduates", "80")

    made = scoring.rescore(city.as_("secretary"), key)

    header, *lines = [line.split(",") for line in scoring.files(made)["evidence.csv"].splitlines()]
    at = header.index("city_graduates")
    counted_as = {line[0]: line[at] for line in lines}
    assert [counted_as[city.codes[short]] for short in ("one-a", "two-a")] == ["200", "180"]


def test_a_specialty_that_got_another_code_is_scored_again_under_that_of_its_run(city: City, key: int) -> None:
    verified(city, key, "two-a", employed="70")
    scoring.run(city.as_("secretary"), to_scoring(city, key), go_on={key: "无专家"})
    of = {"id": city.specialties["two-a"], "day": date(2026, 3, 2)}
    city.session.execute(sa.text("UPDATE specialty_code SET valid_to = :day WHERE specialty_id = :id"), of)
    city.session.execute(
        sa.text("INSERT INTO specialty_code (code, specialty_id, valid_from) VALUES ('3637000002-710299', :id, :day)"),
        of,
    )
    uphold_challenge(city, key, "employed", "71")

    made = scoring.rescore(city.as_("secretary"), key)

    assert scoring.files(made)["rated"] == [city.codes["two-a"]]
