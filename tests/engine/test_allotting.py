"""Who scores what: against every possible answer of small questions, and against what large ones are asked for."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specialty_eval.engine.allotting import Allotted, Lent, Question, Wanting, fits_field
from specialty_eval.engine.allotting_solver import allot


def question(fits: Mapping[int, str], *, at_most: int, places: int = 2, going: str = "") -> Question:
    """Reviews by number with who fits each, `a`, `b`, … ; `going`: `1a 2b`."""
    people = sorted(set("".join(fits.values())))
    stay = frozenset((int(pair[:-1]), ord(pair[-1])) for pair in going.split())
    return Question(
        tuple(Wanting(number, f"S{number}", "71", places) for number in fits),
        tuple(Lent(ord(person), at_most) for person in people),
        {number: frozenset(map(ord, who)) for number, who in fits.items()},
        stay,
        "draw",
    )


def every_answer(asked: Question) -> Iterator[frozenset[tuple[int, int]]]:
    """Every set of pairs that keeps places and limits."""
    choices = []
    for w in asked.wanting:
        fitting = [edge for edge in asked.edges if edge[0] == w.review]
        choices.append(list(chain.from_iterable(combinations(fitting, k) for k in range(w.places + 1))))
    limit = {lent.person: lent.at_most for lent in asked.lent}
    for chosen in product(*choices):
        pairs = frozenset(chain.from_iterable(chosen))
        if all(number <= limit[person] for person, number in Counter(p for _, p in pairs).items()):
            yield pairs


def worth(asked: Question, chosen: frozenset[tuple[int, int]]) -> tuple[int, int, int, int, int]:
    """How good an answer is, aim by aim; less is better."""
    filled = Counter(review for review, _ in chosen)
    empty = [w.places - filled[w.review] for w in asked.wanting]
    load = Counter(person for _, person in chosen)
    scored = {lent.person: lent.scored for lent in asked.lent}
    even = sum(sum(scored[p] + k for k in range(1, number + 1)) for p, number in load.items())
    lot = sum(asked.lot(*pair) for pair in chosen)
    return sum(empty), sum(e * (e + 1) // 2 for e in empty), len(asked.going - chosen), even, lot


def chosen_of(asked: Question, found: Allotted) -> frozenset[tuple[int, int]]:
    return (asked.going - set(found.dropped)) | set(found.added)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    reviews, people = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    fits = {r: frozenset(draw(st.sets(st.integers(100, 99 + people)))) for r in range(1, reviews + 1)}
    pairs = sorted((r, p) for r, who in fits.items() for p in who)
    going = frozenset(draw(st.sets(st.sampled_from(pairs))) if pairs else ())
    stay = Counter(p for _, p in going)
    lent = tuple(
        Lent(p, max(draw(st.integers(0, 2)), stay[p]), draw(st.integers(0, 2))) for p in range(100, 100 + people)
    )
    places = Counter(r for r, _ in going)
    wanting = tuple(Wanting(r, f"S{r}", "71", max(draw(st.integers(0, 2)), places[r])) for r in fits)
    return Question(wanting, lent, fits, going, draw(st.sampled_from(["x", "y"])))


@settings(deadline=None, max_examples=60)
@given(questions())
def test_no_answer_is_better_aim_by_aim(asked: Question) -> None:
    found = allot(asked)

    assert worth(asked, chosen_of(asked, found)) == min(worth(asked, answer) for answer in every_answer(asked))
    assert sum(found.short.values()) == sum(one.short for one in found.lacking)


@settings(deadline=None, max_examples=30)
@given(questions(), st.randoms())
def test_the_order_of_a_question_changes_nothing(asked: Question, random: object) -> None:
    turned = replace(asked, wanting=asked.wanting[::-1], lent=asked.lent[::-1])

    assert allot(turned) == allot(asked)
    assert turned.digest == asked.digest


def test_one_who_drops_out_is_replaced_with_the_fewest_moves() -> None:
    before = question({1: "abc", 2: "abc", 3: "bcd"}, at_most=2, going="1a 1b 2a 2c 3b 3c")
    without = replace(before, lent=before.lent[1:], going=frozenset(p for p in before.going if p[1] != ord("a")))

    found = allot(without)

    assert (len(found.added), len(found.dropped), sum(found.short.values())) == (2, 1, 1)
    assert {review for review, _ in found.dropped} == {3}


def test_people_lacking_and_a_limit_too_low_are_told_apart_and_nothing_else_is_named() -> None:
    asked = question({1: "a", 2: "bc", 3: "bc", 4: "bc", 5: "de"}, at_most=2)

    lacking = allot(asked).lacking

    assert [(x.codes, x.places, x.given, x.too_few, x.limit_needed) for x in lacking] == [
        (("S1",), 2, 1, 1, None),
        (("S2", "S3", "S4"), 6, 4, 0, 3),
    ]
    assert lacking[1].at_limit == (ord("b"), ord("c"))


def test_the_least_limit_counts_what_somebody_has_scored_in_the_round_already() -> None:
    asked = question({1: "ab", 2: "ab"}, at_most=1)
    asked = replace(asked, lent=tuple(replace(lent, scored=3) for lent in asked.lent))

    assert [x.limit_needed for x in allot(asked).lacking] == [5]


def test_sixty_experts_share_three_hundred_reviews_evenly_and_alike_each_time() -> None:
    fields = "0123456789"
    fits = {n: frozenset(1000 + p for p in range(60) if fields[n % 10] in (fields[p % 10], fields[p // 6])
                         and (n + p) % 40) for n in range(300)}  # fmt: skip
    asked = Question(tuple(Wanting(n, f"S{n}", f"7{n % 10}", 3) for n in fits),
                     tuple(Lent(1000 + p, 20) for p in range(60)), fits, draw="round 1")  # fmt: skip

    found = allot(asked)

    load = Counter(person for _, person in found.added)
    assert (len(found.added), found.lacking) == (900, ())
    assert max(load.values()) - min(load.values()) <= 1
    assert allot(asked) == found


@pytest.mark.parametrize(
    ("fields", "fit"),
    [(["71"], True), (["7102"], True), (["710201"], True), (["710203"], False), (["66"], False), (["*"], True)],
)
def test_a_field_is_the_beginning_of_a_code(fields: list[str], fit: bool) -> None:
    assert fits_field(fields, "710201", "71") is fit


def test_an_off_catalogue_specialty_is_of_its_class() -> None:
    assert fits_field(["71"], "X00001", "71")
