"""The six steps of a rating, each with what it appends to the reasons."""

import pytest

from engine.small_scores import COLOURS, indicator, lines, results, rules


def rated(steps: str, text: str, history: dict[str, list[str]] | None = None, total: bool = False) -> list[str]:
    """`specialty rating reasons`, with the total if asked for."""
    found = lines(results(rules(indicator(), rating=COLOURS + steps), text, history))
    return found if total else [" ".join((w := line.split(" "))[:1] + w[2:]) for line in found]


def test_the_first_rule_that_holds_decides() -> None:
    assert rated("", "specialty,n\nA,80\nB,79.99\nC,60\nD,59.99") == [
        "A green good",
        "B yellow fair",
        "C yellow fair",
        "D red poor",
    ]


def test_a_rule_may_leave_unrated_and_ends_the_steps() -> None:
    steps = """
  rules: [{rate: unrated, code: small, when: {measure: a, below: 10}}, {rate: green, code: rest}]
  quotas: [{code: last, take: bottom, share: 0.5, becomes: red, within: []}]
  caps: [{code: cap, at_most: red, when: {measure: a, below: 10}}]
  flags: [{code: flagged, now: [green, yellow, red], when: {measure: a, reported: true}}]
"""
    found = lines(results(rules(indicator(), rating=steps), "specialty,n,a\nA,10,9\nB,20,10\nC,30,11"))
    assert found == ["A 10.00 unrated small", "B 20.00 red rest;last;flagged", "C 30.00 green rest;flagged"]


def test_unrated_comes_first_keeps_its_scores_and_its_adjustments_and_ends_the_steps() -> None:
    steps = """
  unrated:
    - {code: new, when: {attribute: open, below: 3}}
    - {code: moved, when: {attribute: open, below: 9}}
  caps: [{code: cap, at_most: red, when: {measure: n, reported: true}}]
"""
    policy = rules(
        rating=COLOURS + steps,
        adjustments="[{code: prize, points: 2, when: {measure: safe, equals: true}, label: {zh: 奖}}]",
    )
    text = "specialty,n,open,safe\nA,90,2,true\nB,90,3,\nC,99,9,true"
    assert lines(results(policy, text)) == [
        "A 92.00 unrated prize;new",
        "B 90.00 unrated moved",
        "C 100.00 red prize;good;cap",
    ]


def test_an_incomplete_specialty_takes_the_unrated_step_alone() -> None:
    steps = """
  unrated: [{code: new, when: {all: [{attribute: open, below: 3}, {total: {reported: false}}]}}]
  caps: [{code: cap, at_most: red, when: {measure: safe, reported: false}}]
  flags: [{code: flagged, now: [green, yellow, red], when: {measure: safe, reported: false}}]
"""
    policy = rules(
        indicator(more="missing: block"),
        rating=COLOURS + steps,
        adjustments="[{code: prize, points: 2, when: {measure: safe, reported: false}, label: {zh: 奖}}]",
    )
    text = "specialty,n,open\nA,,2\nB,,3\nC,50,2"
    assert lines(results(policy, text)) == [
        "A unrated new",
        "B incomplete incomplete",
        "C 52.00 red prize;poor;flagged",
    ]


TEN = "specialty,level,n\n" + "\n".join(f"{name},x,{90 - i}" for i, name in enumerate("ABCDEFGHIJ"))


def ratings(steps: str, text: str) -> str:
    return "".join(line.split(" ")[1][0] for line in rated(steps, text))


@pytest.mark.parametrize(
    ("share", "expected"),
    [("0.30", "gggyyyyyyy"), ("0.39", "gggyyyyyyy"), ("0.05", "yyyyyyyyyy"), ("1", "gggggggggg")],
)
def test_a_top_quota_keeps_the_first_of_those_that_have_the_rating(share: str, expected: str) -> None:
    quota = f"  quotas: [{{code: top, take: top, share: {share}, rate: green, otherwise: yellow, within: [level]}}]\n"
    assert ratings(quota, TEN) == expected


def test_a_top_quota_names_whom_it_changed() -> None:
    quota = "  quotas: [{code: top, take: top, share: 0.5, rate: green, otherwise: red, within: []}]\n"
    assert rated(quota, "specialty,n\nA,90\nB,85\nC,70\nD,10") == [
        "A green good",
        "B green good",
        "C yellow fair",
        "D red poor",
    ]
    assert rated(quota, "specialty,n\nA,90\nB,85\nC,81") == ["A green good", "B red good;top", "C red good;top"]


@pytest.mark.parametrize(
    ("share", "expected"), [("0.24", "gggg"), ("0.25", "gggr"), ("0.5", "ggrr"), ("0.75", "grrr"), ("1", "rrrr")]
)
def test_a_bottom_quota_takes_the_lowest_of_the_whole_group(share: str, expected: str) -> None:
    quota = f"  quotas: [{{code: last, take: bottom, share: {share}, becomes: red, within: []}}]\n"
    assert ratings(quota, "specialty,n\nA,99\nB,98\nC,97\nD,96") == expected


def test_a_bottom_quota_names_nobody_who_is_as_low_already() -> None:
    quota = "  quotas: [{code: last, take: bottom, share: 0.5, becomes: yellow, within: []}]\n"
    assert rated(quota, "specialty,n\nA,99\nB,98\nC,90\nD,70\nE,10\nF,5") == [
        "A green good", "B green good", "C green good", "D yellow fair", "E red poor", "F red poor",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("take: top, share: 0.5, rate: green, otherwise: yellow", "gyyy"),
        ("take: top, share: 0.75, rate: green, otherwise: yellow", "gggy"),
        ("take: bottom, share: 0.5, becomes: red", "gggr"),
        ("take: bottom, share: 0.75, becomes: red", "grrr"),
    ],
)
def test_a_tie_at_the_cut_stays_outside_as_a_whole(quota: str, expected: str) -> None:
    text = "specialty,n\nA,99\nB,90\nC,90\nD,85"
    assert ratings(f"  quotas: [{{code: cut, {quota}, within: []}}]\n", text) == expected


def test_a_group_too_small_is_left_alone_and_groups_share_attributes() -> None:
    quotas = """
  quotas:
    - {code: top, take: top, share: 0.5, rate: green, otherwise: yellow, within: [level, class], group_at_least: 3}
    - {code: last, take: bottom, share: 0.5, becomes: red, within: [level], group_at_least: 3}
"""
    text = "specialty,level,class,n\nA,x,1,90\nB,x,1,91\nC,x,2,92\nD,y,,93\nE,y,,94\nF,y,,95"
    assert rated(quotas, text) == [
        "A red good;last", "B green good", "C green good", "D red good;top;last", "E yellow good;top", "F green good",
    ]  # fmt: skip


def test_a_quotas_group_has_rated_specialties_alone() -> None:
    steps = """
  unrated: [{code: new, when: {attribute: open, below: 3}}]
  quotas: [{code: last, take: bottom, share: 0.5, becomes: red, within: []}]
"""
    assert rated(steps, "specialty,n,open\nA,90,2\nB,91,2\nC,92,5\nD,93,5") == [
        "A unrated new", "B unrated new", "C red good;last", "D green good",
    ]  # fmt: skip
    policy = rules(rating=COLOURS + "  quotas: [{code: last, take: bottom, share: 0.5, becomes: red, within: []}]\n")
    found = results(policy, "specialty,n\nA,90\nB,91\nC,92\nD,93", rated={"C", "D"})
    assert lines(found) == ["C 92.00 red good;last", "D 93.00 green good"]


def test_every_cap_that_lowers_is_named() -> None:
    caps = """
  caps:
    - {code: at-most-yellow, at_most: yellow, when: {measure: safe, equals: false}}
    - {code: at-most-red, at_most: red, when: {measure: a, above: 0}}
    - {code: too-late, at_most: yellow, when: {measure: a, above: 0}}
"""
    assert rated(caps, "specialty,n,safe,a\nA,90,false,1\nB,70,false,0\nC,90,true,1\nD,90,,") == [
        "A red good;at-most-yellow;at-most-red", "B yellow fair", "C red good;at-most-red", "D green good",
    ]  # fmt: skip


def test_every_cap_that_holds_is_kept_also_where_it_found_nothing_to_lower() -> None:
    caps = "  caps: [{code: unsafe, at_most: red, when: {measure: safe, equals: false}}]\n"
    found = results(rules(rating=COLOURS + caps), "specialty,n,safe\nA,90,false\nB,10,false\nC,10,true")

    assert lines(found) == ["A 90.00 red good;unsafe", "B 10.00 red poor", "C 10.00 red poor"]
    assert [found.sheet(i).caps for i in range(3)] == [("unsafe",), ("unsafe",), ()]


HISTORY = """
  history:
    - {code: second-yellow, now: yellow, becomes: red, when: {previous: {of_last: 1, at_least: 1, one_of: [yellow]}}}
    - {code: no-leap, now: green, becomes: yellow, when: {previous: {of_last: 1, at_least: 1, one_of: [red]}}}
    - {code: mercy, now: [yellow, red], becomes: green, when: {measure: safe, equals: true}}
  flags:
    - {code: red-again, now: [red], when: {previous: {of_last: 2, at_least: 1, one_of: [red]}}}
    - {code: seen, now: [green, yellow], when: {measure: n, at_least: 0}}
"""


def test_history_steps_see_what_the_last_one_made_and_flags_change_nothing() -> None:
    text = "specialty,n,safe\nA,70,\nB,90,\nC,70,true\nD,10,\nE,10,"
    past = {
        "A": ["yellow"],
        "B": ["red"],
        "C": ["red", "yellow"],
        "D": ["red", "green"],
        "E": ["red", "green", "green"],
    }
    assert rated(HISTORY, text, past) == [
        "A red fair;second-yellow",
        "B yellow good;no-leap;seen",
        "C green fair;second-yellow;mercy;seen",
        "D red poor;red-again",
        "E red poor",
    ]


def test_a_policy_without_weights_rates_by_its_rules_alone() -> None:
    steps = "\n  rules: [{rate: red, code: bad, when: {indicator: i, below: 50}}, {rate: green, code: rest}]\n"
    policy = rules(indicator(weight="", points="", more="missing: block"), rating=steps)
    found = results(policy, "specialty,n\nA,49\nB,50\nC,")
    assert lines(found) == ["A red bad", "B green rest", "C incomplete incomplete"]
    assert found.sheet(0).completeness is None
