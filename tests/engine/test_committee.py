"""Composition, recusal, quorum, sectors, majorities, ties."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specialty_eval.engine.committee import (
    Ballot,
    Outcome,
    Seat,
    ballot_problems,
    ceiling,
    choices,
    composition_problems,
    entitled,
    outcome,
    passes,
    presence_problems,
    was_decisive,
)
from specialty_eval.engine.conditions import All
from specialty_eval.engine.consequences import CommitteeRules
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.policy import Cap
from specialty_eval.engine.vocabulary import Rating

GREEN, YELLOW, RED = Rating.GREEN, Rating.YELLOW, Rating.RED
SECTORS = ("industry", "enterprise", "research", "administration")
RULES = CommitteeRules(SECTORS, 1, Fraction(2, 3), Fraction(1, 2), Fraction(2, 3))


def seats(count: int = 8) -> list[Seat]:
    return [Seat(str(n), SECTORS[n % 4], chair=n == 0) for n in range(count)]


def votes(*choices: Rating | None) -> list[Ballot]:
    """Of the members 0, 1, 2, …"""
    return [Ballot(str(member), 1, choice) for member, choice in enumerate(choices)]


def codes(problems: tuple[Problem, ...] | list[Problem]) -> list[str]:
    return [problem.code for problem in problems]


# --- recusal ---------------------------------------------------------------------------------------------------------


def test_a_recused_member_leaves_the_base_of_the_quorum() -> None:
    nine = seats(9)
    here = [replace(seat, present=int(seat.member) < 5) for seat in nine]

    assert codes(presence_problems(RULES, here)) == ["quorum-missing"]  # 5 of 9

    away_recused = [replace(seat, recused=seat.member in {"7", "8"}) for seat in here]
    assert presence_problems(RULES, away_recused) == []  # 5 of 7


def test_a_recused_member_does_not_count_as_present() -> None:
    here = [replace(seat, recused=int(seat.member) >= 2) for seat in seats(4)]

    assert codes(presence_problems(RULES, here)) == ["sector-missing", "sector-missing"]


def test_who_has_not_declared_takes_no_part_but_stays_in_the_base() -> None:
    silent = [replace(seat, declared=int(seat.member) < 5) for seat in seats()]

    assert presence_problems(RULES, silent)[0] == Problem(
        "quorum-missing", "seats", {"present": 5, "entitled": 8, "needed": 6}
    )


# --- quorum and sectors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("present", "refused"), [(6, []), (5, ["quorum-missing"])])
def test_the_quorum_is_at_least_its_fraction_of_the_entitled(present: int, refused: list[str]) -> None:
    here = [replace(seat, present=int(seat.member) < present) for seat in seats(9)]

    assert codes(presence_problems(RULES, here)) == refused


def test_a_committee_of_nobody_has_no_quorum() -> None:
    assert codes(presence_problems(RULES, [])) == ["quorum-missing", *["sector-missing"] * 4]


def test_every_sector_must_be_present() -> None:
    here = [replace(seat, present=seat.sector != "research") for seat in seats(8)]

    assert presence_problems(RULES, here) == [
        Problem("sector-missing", "sectors.research", {"sector": "research", "present": 0, "needed": 1})
    ]


def test_a_sector_may_be_waived_only_where_all_of_it_are_recused() -> None:
    absent = [replace(seat, present=seat.sector != "research") for seat in seats(8)]
    recused = [replace(seat, recused=seat.sector == "research") for seat in seats(8)]

    assert codes(presence_problems(RULES, absent, {"research"})) == ["sector-missing"]
    assert codes(presence_problems(RULES, recused)) == ["sector-missing"]
    assert presence_problems(RULES, recused, {"research"}) == []


def test_a_substitute_fills_the_seat_of_a_recused_or_absent_member_and_of_nobody_else() -> None:
    substitute = Seat("s", "research", stands_in_for="2")

    assert substitute not in entitled([*seats(4), substitute])
    recused = [replace(seat, recused=seat.member == "2") for seat in seats(4)]
    assert entitled([*recused, substitute]) == (recused[0], recused[1], recused[3], substitute)
    absent = [replace(seat, present=seat.member != "2") for seat in seats(4)]
    assert entitled([*absent, substitute]) == (absent[0], absent[1], absent[3], substitute)
    assert substitute not in entitled([*recused, replace(substitute, recused=True)])


def test_the_composition_names_unknown_and_missing_sectors() -> None:
    problems = composition_problems(RULES, {"1": "industry", "2": "press", "3": "enterprise", "4": "research"})

    assert [(p.code, p.where) for p in problems] == [
        ("sector-unknown", "members.2"),
        ("sector-missing", "sectors.administration"),
    ]


# --- what the votes decide -------------------------------------------------------------------------------------------


def test_the_computed_rating_stands_without_any_majority() -> None:
    assert outcome(RULES, seats(), votes(None, None, GREEN, RED), YELLOW) == Outcome(
        valid=True, decision=YELLOW, votes={GREEN: 1, RED: 1}, abstentions=6, present=8, entitled=8
    )


@pytest.mark.parametrize(("for_green", "decision"), [(4, GREEN), (3, YELLOW)])
def test_an_override_needs_at_least_its_fraction_of_those_present(for_green: int, decision: Rating) -> None:
    ballots = votes(*[GREEN] * for_green, *[YELLOW] * (6 - for_green))

    result = outcome(RULES, seats(6), ballots, YELLOW, reason="示例")

    assert (result.valid, result.decision, result.overrides) == (True, decision, decision == GREEN)


def test_an_abstention_stays_in_the_base_and_votes_for_nothing() -> None:
    ballots = votes(*[GREEN] * 5, None, None, None)

    assert outcome(RULES, seats(), ballots, YELLOW).decision == YELLOW  # 5 of 8, not 5 of 5
    assert outcome(RULES, seats(), votes(*[GREEN] * 5), YELLOW).decision == YELLOW  # no ballot is an abstention


def test_an_override_without_a_written_reason_is_no_decision() -> None:
    bare = votes(*[GREEN] * 8)

    assert codes(outcome(RULES, seats(), bare, YELLOW, reason=" ").problems) == ["override-reason-missing"]
    assert outcome(RULES, seats(), bare, YELLOW, reason="新增实训中心").decision == GREEN


@pytest.mark.parametrize("computed", [Rating.UNRATED, Rating.INCOMPLETE])
def test_what_is_no_colour_is_not_overridden(computed: Rating) -> None:
    assert outcome(RULES, seats(), votes(*[GREEN] * 8), computed).decision == computed


def test_a_capped_rating_is_not_overridden() -> None:
    result = outcome(RULES, seats(), votes(*[GREEN] * 8), RED, RED)

    assert (result.decision, result.overrides, result.votes) == (RED, False, {GREEN: 8})


def test_the_last_ballot_of_a_member_counts() -> None:
    ballots = [*votes(*[GREEN] * 8), Ballot("7", 3, YELLOW), Ballot("7", 2, RED), Ballot("6", 2, None)]

    result = outcome(RULES, seats(), ballots, YELLOW)

    assert (result.votes, result.abstentions) == ({GREEN: 6, YELLOW: 1}, 1)


def test_ballots_of_the_recused_the_absent_and_strangers_do_not_count() -> None:
    here = [replace(seat, recused=seat.member == "0", present=seat.member != "4") for seat in seats()]
    ballots = [*votes(GREEN, RED, RED, RED, GREEN), Ballot("99", 1, GREEN)]

    result = outcome(RULES, here, ballots, YELLOW)

    assert (result.votes, result.present, result.entitled) == ({RED: 3}, 6, 7)


def test_an_invalid_vote_decides_nothing_and_says_why() -> None:
    here = [replace(seat, present=int(seat.member) < 3) for seat in seats()]

    result = outcome(RULES, here, votes(GREEN, GREEN, GREEN), YELLOW)

    assert (result.valid, result.decision, codes(result.problems)) == (
        False,
        None,
        ["quorum-missing", "sector-missing"],
    )


# --- ties ------------------------------------------------------------------------------------------------------------

HALF = replace(RULES, override_needs=Fraction(1, 2))


def test_a_tie_goes_to_the_chair() -> None:
    tie = votes(GREEN, GREEN, GREEN, GREEN, RED, RED, RED, RED)

    assert outcome(HALF, seats(), tie, YELLOW, reason="示例").decision == GREEN  # member 0 chairs
    assert outcome(HALF, seats(), tie, YELLOW, reason="示例").tied == (GREEN, RED)
    assert outcome(HALF, seats(), tie, YELLOW, reason="示例", casting=RED).decision == RED


def test_a_tie_with_the_computed_rating_goes_to_the_chair_too() -> None:
    tie = votes(YELLOW, YELLOW, YELLOW, YELLOW, RED, RED, RED, RED)

    assert outcome(HALF, seats(), tie, YELLOW).decision == YELLOW
    assert outcome(HALF, seats(), tie, YELLOW).tied == (YELLOW, RED)
    assert outcome(HALF, seats(), tie[1:], YELLOW, reason="示例").tied == ()
    assert outcome(HALF, seats(), tie, YELLOW, reason="示例", casting=RED).decision == RED


def test_a_tie_waits_for_the_chair_who_did_not_choose_among_the_level_ones() -> None:
    without = [replace(seat, chair=False) for seat in seats()]
    tie = votes(GREEN, GREEN, GREEN, GREEN, RED, RED, RED, RED)

    result = outcome(HALF, without, tie, YELLOW)

    assert result.problems == (Problem("tie-for-the-chair", "casting", {"one_of": ["green", "red"]}),)
    assert outcome(HALF, without, tie, YELLOW, casting=YELLOW).valid is False


def test_a_recused_chair_settles_no_tie_and_a_deputy_does() -> None:
    table = [replace(s, recused=s.member == "0", chair=s.member in {"0", "5"}) for s in seats(9)]
    tie = votes(GREEN, GREEN, GREEN, GREEN, GREEN, RED, RED, RED, RED)

    assert outcome(HALF, table, tie, YELLOW, reason="示例").decision == RED


def test_the_computed_rating_with_more_votes_is_not_overridden_by_fewer() -> None:
    third = replace(RULES, override_needs=Fraction(1, 3))

    assert outcome(third, seats(), votes(*[YELLOW] * 5, *[RED] * 3), YELLOW).decision == YELLOW


# --- conflicts found later, other motions, single ballots ------------------------------------------------------------


def test_a_conflict_found_later_voids_the_item_only_when_that_ballot_decided_it() -> None:
    narrow = votes(GREEN, GREEN, GREEN, GREEN, YELLOW, YELLOW)
    clear = votes(*[GREEN] * 6)

    assert was_decisive(RULES, seats(6), narrow, YELLOW, member="1") is True
    assert was_decisive(RULES, seats(6), narrow, YELLOW, member="5") is False
    assert was_decisive(RULES, seats(6), clear, YELLOW, member="0") is False


def test_a_void_ballot_does_not_let_an_earlier_one_count_again() -> None:
    ballots = [*votes(*[GREEN] * 8), Ballot("7", 2, RED, void=True)]

    result = outcome(RULES, seats(), ballots, YELLOW)

    assert (result.votes, result.present, result.entitled) == ({GREEN: 7}, 7, 7)


@pytest.mark.parametrize(("votes_for", "carried"), [(4, False), (5, True)])
def test_a_motion_is_carried_by_more_than_its_fraction(votes_for: int, carried: bool) -> None:
    assert passes(RULES, seats(), votes_for) is carried


def test_a_ballot_is_refused_with_every_reason() -> None:
    table = [
        replace(seats(4)[0], recused=True),
        replace(seats(4)[1], present=False, declared=False),
        seats(4)[2],
        Seat("s", "research", stands_in_for="2"),
    ]

    assert codes(ballot_problems(table, "0", GREEN, RED)) == ["recused"]
    assert codes(ballot_problems(table, "1", Rating.INCOMPLETE, RED)) == [
        "not-present",
        "interest-not-declared",
        "choice-not-open",
    ]
    assert codes(ballot_problems(table, "s", GREEN, RED)) == ["not-seated"]
    assert codes(ballot_problems(table, "x", GREEN, RED)) == ["not-seated"]
    assert codes(ballot_problems(table, "2", GREEN, RED, at_most=RED)) == ["choice-not-open"]
    assert ballot_problems(table, "2", None, RED, at_most=RED) == []


def test_the_choices_are_the_colours_unrated_and_what_was_computed() -> None:
    assert choices(YELLOW) == (YELLOW, GREEN, RED, Rating.UNRATED)
    assert choices(Rating.INCOMPLETE) == (Rating.INCOMPLETE,)


def test_no_vote_gets_above_a_cap_that_holds_nor_past_it_by_unrated() -> None:
    assert choices(RED, at_most=YELLOW) == (RED, YELLOW)
    assert choices(YELLOW, at_most=YELLOW) == (YELLOW, RED)
    assert choices(RED, at_most=RED) == (RED,)
    over = outcome(RULES, seats(), votes(*[GREEN] * 8), RED, YELLOW, reason="示例")
    within = outcome(RULES, seats(), votes(*[YELLOW] * 8), RED, YELLOW, reason="示例")
    assert (over.decision, within.decision) == (RED, YELLOW)


def test_of_several_caps_the_strictest_is_the_ceiling() -> None:
    caps = [Cap(code, at_most, All(())) for code, at_most in (("fine", GREEN), ("late", YELLOW), ("veto", RED))]

    assert [ceiling(caps, held) for held in ((), ("late", "low"), ("fine", "veto", "late"))] == [None, YELLOW, RED]


# --- whatever the votes ----------------------------------------------------------------------------------------------

SEATS = st.lists(
    st.builds(Seat, st.just(""), st.sampled_from(SECTORS), st.booleans(), st.booleans(), st.booleans()), max_size=12
).map(lambda found: [replace(seat, member=str(n), chair=n == 0) for n, seat in enumerate(found)])
CHOICES = st.sampled_from([GREEN, YELLOW, RED, None])
BALLOTS = st.lists(st.builds(Ballot, st.integers(0, 13).map(str), st.integers(1, 3), CHOICES), max_size=30).map(
    lambda found: list({(b.member, b.number): b for b in found}.values())
)
FRACTIONS = st.fractions(Fraction(1, 10), 1)
ANY_RULES = st.builds(
    CommitteeRules, st.just(SECTORS), st.integers(0, 2), FRACTIONS, st.just(Fraction(1, 2)), FRACTIONS
)


@given(ANY_RULES, SEATS, BALLOTS, st.randoms(use_true_random=False))
def test_the_order_of_seats_and_ballots_never_matters(
    rules: CommitteeRules, table: list[Seat], ballots: list[Ballot], random: Random
) -> None:
    shuffled, mixed = random.sample(table, len(table)), random.sample(ballots, len(ballots))

    assert outcome(rules, shuffled, mixed, YELLOW, reason="x") == outcome(rules, table, ballots, YELLOW, reason="x")


@given(ANY_RULES, SEATS, BALLOTS)
def test_no_ballot_of_a_recused_member_counts(rules: CommitteeRules, table: list[Seat], ballots: list[Ballot]) -> None:
    recused = {seat.member for seat in table if seat.recused}
    without = [ballot for ballot in ballots if ballot.member not in recused]

    assert outcome(rules, table, ballots, YELLOW, reason="x") == outcome(rules, table, without, YELLOW, reason="x")


@given(ANY_RULES, SEATS, BALLOTS)
def test_only_a_valid_vote_decides_and_only_with_the_majority(
    rules: CommitteeRules, table: list[Seat], ballots: list[Ballot]
) -> None:
    result = outcome(rules, table, ballots, YELLOW, reason="x")

    assert (result.decision is not None) == result.valid == (not result.problems)
    assert sum(result.votes.values()) + result.abstentions == result.present <= result.entitled
    if result.overrides:
        assert result.decision is not None
        assert result.votes[result.decision] >= rules.override_needs * result.present
