"""A bundle made anew as a whole, with a true manifest: what was put into it is found, also with figures withheld."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.test_bundle import GREEN, HISTORY, RED, bundle, listed, rating, run
from specialty_eval.engine import load_policy
from specialty_eval.engine.bundle import Bundle, files_of, read_bundle
from specialty_eval.engine.bundle_checks import AGAIN, decided_again, left_out, not_as_published, problems, unrated
from specialty_eval.engine.commitments import digest_of, digest_within, openings
from specialty_eval.engine.errors import Invalid
from specialty_eval.engine.frozen import Inputs
from specialty_eval.engine.recompute import check
from specialty_eval.engine.withholding import Band, Why, Withheld

SECRET = bytes(range(32))
POLICY = """\
schema: specialty-eval/policy/1
id: sample
version: "2026.1"
measures:
  employed: {type: integer, min: 0, publish: restricted}
  posts: {type: integer, min: 0}
  grants: {type: integer, min: 0}
  safe: {type: boolean}
publication: {restricted: banded}
dimensions: [{code: outcomes}, {code: need}]
adjustments: [{code: granted, points: 1, when: {measure: grants, at_least: 1}}]
indicators:
  - {code: rate, dimension: outcomes, value: employed, points: {linear: [[0, 0], [99, 99]]}, weight: 20, missing: block}
  - {code: demand, dimension: need, value: posts, points: {linear: [[0, 0], [100, 100]]}, weight: 80, missing: exclude}
rating:
  rules:
    - {rate: green, code: high, when: {total: {at_least: 80}}}
    - {rate: yellow, code: fair, when: {total: {at_least: 50}}}
    - {rate: red, code: low}
  caps: [{code: unsafe, at_most: red, when: {measure: safe, equals: false}}]
"""
TRUE = "specialty,employed,posts,grants,safe\nA,90,90,1,true\nB,10,40,,true\nC,70,95,,false\n"
SHOWN = "specialty,employed,posts,grants,safe\nA,,90,1,true\nB,,40,,true\nC,,95,,false\n"


def hidden() -> Bundle:
    """A: 90 x .2 + 90 x .8 + 1 = 91; B: 34; C: 90, but unsafe. The public sees no `employed`, but its band."""
    digest = load_policy(POLICY).digest
    inputs = Inputs(digest, TRUE, HISTORY, ("A", "B", "C"))
    cells = [(code, "", "employed") for code in "ABC"]
    one = replace(run(1, SHOWN, ("A", "B", "C")), inputs_digest=digest_of(inputs, SECRET),
                  opened=openings(inputs, SECRET, cells))  # fmt: skip
    ratings = [
        rating(code, colour, "hidden", "", reasons=reasons, dimensions={"outcomes": "hidden", "need": "hidden"})
        for code, colour, reasons in (
            ("A", "green", ("granted", "high")), ("B", "red", ("low",)), ("C", "red", ("high", "unsafe")),
        )
    ]  # fmt: skip
    withheld = tuple(Withheld(*cell, Why.RESTRICTED) for cell in cells)
    bands = tuple(Band(1, code, "rate", points) for code, points in (("A", "80-100"), ("B", "0-20"), ("C", "60-80")))
    return replace(bundle(*ratings, runs=(one,), policy=POLICY), withheld=withheld, bands=bands)


def test_scales_and_bands_tell_what_is_certain_although_figures_are_withheld() -> None:
    """A: at least 16 + 72 + 1; B: at most 4 + 32; C is unsafe."""
    assert [v.answer.value for v in check(read_bundle(files_of(hidden())))] == ["follows", "follows", "follows"]
    without_bands = check(replace(hidden(), bands=()))
    assert [(v.answer.value, v.without) for v in without_bands] == [("cannot_be_checked", ("employed",))] * 3


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"total": "91.00"}, "total"),
        ({"dimensions": {"outcomes": "90.00", "need": "hidden"}}, "dimension:outcomes"),
        ({"dimensions": {"need": "hidden"}}, "dimension"),
        ({"reasons": ("granted", "nonsense")}, "reasons"),
        ({"reasons": ("high",)}, "reasons"),
        ({"reasons": ("high", "granted")}, "reasons"),
        ({"reasons": ("granted", "high", "unsafe"), "computed": "red", "decided": "red", "in_force": "red"}, "rating"),
        ({"reasons": ("granted", "low"), "computed": "red", "decided": "red", "in_force": "red"}, "rating"),
        ({"reasons": ("granted", "fair"), "computed": "green"}, "reasons"),
        ({"decided": "yellow", "in_force": "yellow", "decision_reason": "示例"}, "list"),
        ({"document_number": ""}, "confirmation"),
        ({"state": "publicised"}, "confirmation"),
    ],
)
def test_with_figures_withheld_what_rests_on_shown_ones_is_checked(changes: Mapping[str, Any], step: str) -> None:
    made = hidden()
    forged = replace(made, ratings=(replace(made.ratings[0], **changes), *made.ratings[1:]))

    verdicts = [(v.answer.value, v.step) for v in check(forged)]

    assert verdicts == [("does_not_follow", step), ("follows", ""), ("follows", "")]


def refused(forged: Bundle) -> list[str]:
    with pytest.raises(Invalid) as found:
        check(read_bundle(files_of(forged)))
    return [p.code for p in found.value.problems]


def cells(made: Bundle, *more: Withheld) -> Bundle:
    return replace(made, withheld=(*made.withheld, *more))


def one_run(made: Bundle, **changes: Any) -> Bundle:
    return replace(made, runs=(replace(made.runs[0], **changes),))


def one_list(made: Bundle, **changes: Any) -> Bundle:
    return replace(made, lists=(replace(made.lists[0], **changes),))


@pytest.mark.parametrize(
    ("forge", "codes"),
    [
        (lambda b: one_run(b, evidence=SHOWN.replace("B,,40", "B,,41")), ["bundle-inputs-differ"]),
        (lambda b: one_run(b, evidence=SHOWN.replace("B,,40", "B,50,40")), ["bundle-inputs-differ"]),
        (lambda b: one_run(b, evidence=SHOWN.replace("B,,40", 'B,,"40"')), ["bundle-inputs-differ"]),
        (lambda b: one_run(b, history=HISTORY + "A,2020,red\n"), ["bundle-inputs-differ"]),
        (lambda b: one_run(b, opened=()), ["bundle-inputs-differ"]),
        (lambda b: cells(b, Withheld("A", "", "posts", Why.RESTRICTED)),
         ["bundle-withheld-shown", "bundle-withheld-unfounded"]),
        (lambda b: replace(b, withheld=b.withheld[1:], bands=b.bands[1:]), ["bundle-withheld-unlisted"]),
        (lambda b: cells(b, b.withheld[0]), ["bundle-line-twice"]),
        (lambda b: replace(b, ratings=(*b.ratings, b.ratings[0])), ["bundle-line-twice"]),
        (lambda b: replace(b, bands=(Band(1, "A", "rate", "85-95"),)), ["bundle-band-impossible"]),
        (lambda b: replace(b, bands=(Band(1, "A", "demand", "80-100"),)), ["bundle-band-impossible"]),
        (lambda b: replace(b, round={**b.round, "events_head": "0" * 64}), ["bundle-head-differs"]),
        (lambda b: replace(b, round={**b.round, "policy_version": "2027.1"}), ["bundle-policy-differs"]),
        (lambda b: one_list(b, digest="0" * 64), ["bundle-list-differs"]),
        (lambda b: one_list(b, lines=b.lists[0].lines[1:]), ["bundle-list-differs"]),
    ],
)  # fmt: skip
def test_what_is_not_of_one_piece_is_refused(forge: Callable[[Bundle], Bundle], codes: list[str]) -> None:
    assert refused(forge(hidden())) == codes


def test_another_list_and_another_run_are_found_by_what_the_notice_prints() -> None:
    """Everything made anew, the list's digest too: only that is not the one that was published."""
    true = bundle(GREEN, RED)
    forged = listed(
        replace(true, ratings=(replace(GREEN, decided="yellow", in_force="yellow", decision_reason="示例"),))
    )
    printed = true.lists[0].digest

    assert [v.answer.value for v in check(forged)] == ["follows_by_decision"]
    assert [p.facts["value"] for p in not_as_published(forged, [printed], ["E" * 64])] == [printed]
    assert not_as_published(true, [f" {printed.upper()} "], ["e" * 64]) == []
    assert [p.where for p in not_as_published(true, [], ["0" * 64])] == ["head"]


def test_a_rating_taken_out_is_named_with_the_list_it_was_on() -> None:
    whole = bundle(GREEN, RED)
    cut = replace(whole, ratings=(GREEN,))
    left = unrated(cut)

    assert [(one.specialty, one.lists) for one in left] == [("B", (1,))]
    assert (left_out(cut), decided_again(cut)) == (left, [])
    assert unrated(whole) == left_out(whole) == decided_again(whole) == []
    again = replace(cut, round={**cut.round, AGAIN: [RED.review]})
    assert (left_out(again), decided_again(again)) == ([], left)
    odd: tuple[object, ...] = ({}, "B", [[RED.review]], [None])
    for said in odd:
        assert left_out(replace(cut, round={**cut.round, AGAIN: said})) == left


@pytest.mark.parametrize(("name", "value"), [("evidence_year", 1999), ("whole", True)])
def test_what_the_manifest_says_of_the_round_and_the_rest_does_not_is_found(name: str, value: object) -> None:
    cell = Withheld("A", "2025", "x", Why.RESTRICTED)
    (first, *others) = bundle(GREEN, RED).runs
    dated = replace(first, evidence="specialty,year,employed\nA,2024,90\n")
    forged = replace(bundle(GREEN, RED), withheld=(cell,), runs=(dated, *others))
    forged = replace(forged, round={**forged.round, name: value})

    found = problems(forged, load_policy(forged.policy))
    assert f"round.{name}" in [p.where for p in found if p.code == "bundle-round-differs"]


def test_a_rating_of_another_run_than_the_list_says_does_not_follow() -> None:
    """The figures of B set to green's, in a run that nobody published."""
    true = bundle(GREEN, RED)
    better = run(1, "specialty,graduates,employed\nA,100,95\nB,100,95\n", ("A", "B"))
    forged = replace(true, runs=(better,), ratings=(GREEN, rating("B", "green", "100.00", "high")))

    assert [(v.answer.value, v.step) for v in check(forged)] == [("does_not_follow", "list")] * 2


def test_a_single_run_is_tied_to_its_rounds_and_opened_alone() -> None:
    digest = load_policy(POLICY).digest
    whole, own = Inputs(digest, TRUE, HISTORY, ("A", "B", "C")), Inputs(digest, TRUE, HISTORY, ("A",)).own("A")
    made, other = hidden(), bytes(32)
    single = replace(
        run(2, own.evidence.replace("A,90", "A,"), ("A",), within=1),
        opened=openings(own, other, [("A", "", "employed")]),
        inputs_digest=digest_within(digest_of(whole, SECRET), digest_of(own, other)),
    )  # fmt: skip
    ratings = (replace(made.ratings[0], run=2), *made.ratings[1:])
    again = listed(replace(made, runs=(*made.runs, single), ratings=ratings,
                           bands=(*made.bands, Band(2, "A", "rate", "80-100"))))  # fmt: skip

    assert [v.answer.value for v in check(read_bundle(files_of(again)))] == ["follows"] * 3
    better = replace(single, evidence=single.evidence.replace(",90,", ",95,"))
    assert refused(replace(again, runs=(*made.runs, better))) == ["bundle-inputs-differ"]
