"""Figures that the policy refuses together: refused at each door, and one specialty's are no reason to rate nobody."""

import pytest
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_scored import review_policy, to_scoring, verified
from remembered import remembered_fixture
from small_policy import POLICY
from specialty_eval.actions import evidence, intake, scoring, verification
from specialty_eval.actions.evidence import Figures
from specialty_eval.actions.intake import CSV
from specialty_eval.engine.errors import Invalid, NotNow, Refusal
from specialty_eval.engine.frozen import Inputs
from specialty_eval.store import review_queries
from specialty_eval.store.review_queries import NewFigure
from specialty_eval.store.reviews import Review, ScoreRun

POSTS = POLICY.replace(
    "checks:\n",
    "checks:\n  - {code: posts-max, when: {measure: posts, above: {measure: graduates}}, message: {zh: 岗位}}\n",
)


def put(city: City, short: str, year: int, **values: str) -> None:
    """Figures on record as an older policy, or an older version of the program, let them in."""
    new = [NewFigure(city.specialties[short], year, m, v, "school", "示例旧账") for m, v in values.items()]
    review_queries.record_figures(city.session, new, city.now, None)


def codes(refusal: Refusal) -> list[str]:
    return [problem.code for problem in refusal.problems]


@remembered_fixture
def city(session: Session) -> City:
    city = make_city(session)
    city.reviews = open_round(city, make_cycle(city, policy=POSTS))
    return city


# --- the doors -------------------------------------------------------------------------------------------------------


def test_a_year_reported_by_parts_is_checked_as_a_whole(city: City) -> None:
    policy, key, head = review_policy(city, city.reviews["one-b"]), city.specialties["one-b"], city.as_("head-one")
    evidence.report_year(head, key, 2024, policy, Figures({"graduates": "10"}, {}))
    with pytest.raises(Invalid) as refused:
        evidence.report_year(head, key, 2024, policy, Figures({"employed": "50"}, {}))
    assert codes(refused.value) == ["check-failed"]
    evidence.report_year(head, key, 2024, policy, Figures({"graduates": "60", "employed": "50"}, {}))


def test_another_suppliers_value_is_checked_with_what_is_on_record(city: City) -> None:
    put(city, "one-b", 2024, graduates="100")
    policy = review_policy(city, city.reviews["one-b"])
    with pytest.raises(Invalid) as refused:
        evidence.supply(city.as_("hrss"), city.specialties["one-b"], 2024, policy, Figures({"posts": "500"}, {}))
    assert codes(refused.value) == ["check-failed"]


def test_a_contradiction_of_others_is_nobodys_reason_to_refuse_a_value(city: City) -> None:
    put(city, "one-b", 2024, graduates="10", employed="50")
    policy = review_policy(city, city.reviews["one-b"])
    assert evidence.supply(city.as_("hrss"), city.specialties["one-b"], 2024, policy, Figures({"posts": "5"}, {})) == 1


def test_a_file_of_figures_is_checked_with_what_is_on_record_and_does_not_show_it(city: City) -> None:
    put(city, "one-b", 2024, graduates="100")
    text = "school_code,catalogue_code,direction,year,posts\n3637000001,660103,,2024,500\n"
    policy = review_policy(city, city.reviews["one-b"])
    with pytest.raises(Invalid) as refused:
        intake.load(city.as_("hrss"), "figures", text.encode(), CSV, policy=f"{policy.id}@{policy.version}")
    [problem] = refused.value.problems
    assert (problem.code, problem.facts["column"], problem.facts["row"]) == ("check-holds", "posts", 2)
    assert "100" not in str(problem.facts["value"])


def test_what_contradicts_another_suppliers_figure_is_not_accepted(city: City) -> None:
    key = city.reviews["two-a"]
    put(city, "two-a", 2025, posts="5000")
    evidence.save(city.as_("head-two"), key, Figures({"graduates": "100", "employed": "90"}, {}), "", version=None)
    evidence.submit(city.as_("head-two"), key)
    verification.pass_(city.as_("county-two"), key, verification.Verdicts())
    with pytest.raises(NotNow) as refused:
        verification.accept(city.as_("bureau-verifier"), key, verification.Verdicts())
    assert codes(refused.value) == ["check-failed"]


# --- the run ---------------------------------------------------------------------------------------------------------


def scored(city: City, *shorts: str) -> tuple[ScoreRun, Inputs]:
    round_id = to_scoring(city, city.reviews["two-a"])
    go_on = {city.reviews[short]: "示例：无专家" for short in shorts}
    made = scoring.run(city.as_("secretary"), round_id, go_on=go_on)
    return made, Inputs.unpacked(made.inputs)


def test_a_review_with_refused_figures_is_set_aside_by_name_and_the_others_are_scored(city: City) -> None:
    for short in ("two-a", "one-b"):
        verified(city, city.reviews[short], short)
    put(city, "one-b", 2023, graduates="10", employed="50")
    made, inputs = scored(city, "two-a", "one-b")
    [said] = [said for said in made.set_aside if said["reason"] == "figures-refused"]
    assert (said["review"], said["code"]) == (city.reviews["one-b"], city.codes["one-b"])
    [figure] = said["figures"]
    assert (figure["year"], figure["code"]) == (2023, "check-holds")
    assert sorted(figure["measures"]) == ["employed", "graduates"]
    assert "50" not in str(said["figures"])
    states = {short: city.session.get_one(Review, city.reviews[short]).state for short in ("two-a", "one-b")}
    assert states == {"two-a": "scored", "one-b": "verified"}
    assert inputs.rated == (city.codes["two-a"],)
    assert city.codes["one-b"] not in inputs.evidence


def test_a_peer_with_refused_figures_is_left_out_of_ranks_by_name(city: City) -> None:
    verified(city, city.reviews["two-a"], "two-a")
    put(city, "one-a", 2025, graduates="10", employed="50")
    made, inputs = scored(city, "two-a")
    [left_out] = made.notes
    assert (left_out["code"], left_out["reason"]) == (city.codes["one-a"], "figures-refused")
    assert city.codes["one-a"] not in inputs.evidence
    assert scoring.told(city.as_("secretary"), made)["notes"] == [left_out]


def test_a_value_that_a_newer_policy_does_not_take_is_named_with_its_year(city: City) -> None:
    verified(city, city.reviews["two-a"], "two-a")
    put(city, "one-a", 2022, graduates="many")
    put(city, "one-a", 2025, graduates="60")
    made, _ = scored(city, "two-a")
    [left_out] = made.notes
    assert [(f["year"], f["code"], f["measures"]) for f in left_out["figures"]] == [
        (2022, "not-a-number", ["graduates"])
    ]


def test_with_nobody_left_the_refusal_names_everyone(city: City) -> None:
    verified(city, city.reviews["two-a"], "two-a")
    put(city, "two-a", 2023, graduates="10", employed="50")
    with pytest.raises(NotNow) as refused:
        scored(city, "two-a")
    assert codes(refused.value) == ["nothing-to-score", "figures-refused"]
    assert refused.value.problems[1].where == f"specialties.{city.codes['two-a']}"
