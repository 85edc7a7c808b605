"""The engine against an independent reading of the policy format, on random policies, evidence and mistakes."""

import csv
import io
from random import Random

import pytest

from oracle.against import difference, produced, unnamed_in_files, unnamed_in_policy, without_peers
from oracle.random_file_mistakes import as_bytes, cells
from oracle.random_policies import random_case
from oracle.tree import read_policy
from specialty_eval.engine import load_policy, score_files
from specialty_eval.engine.errors import Invalid


@pytest.mark.parametrize("seed", range(130))
def test_results_equal_the_oracles(seed: int) -> None:
    assert difference(seed) is None


@pytest.mark.parametrize("seed", range(1000, 1050))
def test_every_mistake_in_a_policy_is_named_at_once(seed: int) -> None:
    assert unnamed_in_policy(seed) == []


@pytest.mark.parametrize("seed", range(2000, 2050))
def test_every_mistake_in_the_files_is_named_at_once(seed: int) -> None:
    assert unnamed_in_files(seed) == []


@pytest.mark.parametrize("seed", range(3000, 3010))
def test_the_oracle_reads_the_tree_that_was_written(seed: int) -> None:
    case = random_case(Random(seed))
    assert read_policy(case.policy) == case.tree


def by_specialty(results: str) -> list[dict[str, str]]:
    return sorted(csv.DictReader(io.StringIO(results)), key=lambda line: line["specialty"])


@pytest.mark.parametrize("seed", range(4000, 4020))
def test_reordered_rows_and_a_second_run_give_the_same_ratings(seed: int) -> None:
    case = random_case(Random(seed))
    policy = load_policy(case.policy)
    history = None if case.history is None else case.history.encode()
    heading, *rows = cells(case.evidence)
    first = score_files(policy, case.evidence.encode(), history)
    assert score_files(policy, case.evidence.encode(), history) == first
    Random(seed).shuffle(rows)
    assert by_specialty(score_files(policy, as_bytes([heading, *rows]), history)) == by_specialty(first)


@pytest.mark.parametrize("seed", range(5000, 5020))
def test_split_batches_give_the_same_results_where_nothing_looks_across(seed: int) -> None:
    case = without_peers(random_case(Random(seed)))
    heading, *rows = cells(case.evidence)
    names = sorted({row[0] for row in rows})
    halves = [names[: len(names) // 2], names[len(names) // 2 :]]
    parts = [
        produced(case.policy, as_bytes([heading, *(row for row in rows if row[0] in half)]).decode(), case.history)
        for half in halves
        if half
    ]
    whole = by_specialty(produced(case.policy, case.evidence, case.history))
    assert [line for part in parts for line in by_specialty(part)] == whole


def small_case() -> tuple[str, bytes]:
    case = random_case(Random(7))
    return case.policy, case.evidence.encode()


def test_broken_utf8_is_a_problem_of_its_file() -> None:
    policy, evidence = small_case()
    with pytest.raises(Invalid) as refused:
        score_files(load_policy(policy), evidence + b"\xff\xfe", b"specialty,year,rating\n\xe4\xb8,2020,red\n")
    assert {one.facts["file"] for one in refused.value.problems} == {"evidence", "history"}
