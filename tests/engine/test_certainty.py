"""With figures withheld the true rating is always among the possible ones, whatever the policy; and it is told so."""

import csv
import io
from collections.abc import Mapping
from random import Random

import numpy as np
import pytest

from engine.small_scores import rows, rules
from oracle.random_policies import random_case
from specialty_eval.engine import Batch, History, Policy, load_policy, score_batch
from specialty_eval.engine.certainty import Look, ceilings, led_to, possible_ratings
from specialty_eval.engine.committee import ceiling
from specialty_eval.engine.csv_evidence import read_evidence
from specialty_eval.engine.csv_history import read_history
from specialty_eval.engine.csv_records import Findings
from specialty_eval.engine.frozen import as_csv
from specialty_eval.engine.results import EMPTY, Results
from specialty_eval.engine.table_batch import batch_of
from specialty_eval.engine.vocabulary import COLOURS, Rating


def frozen(policy: Policy, evidence: str, history: str | None) -> tuple[Batch, History]:
    findings = Findings()
    table, _ = read_evidence(policy, evidence.encode(), findings)
    earlier = {} if history is None else read_history(history.encode(), table, findings)
    findings.raise_any()
    assert table is not None
    batch = batch_of(policy, table, without=set())
    assert batch is not None
    return batch, History.of(batch, earlier)


def withheld_at_random(rng: Random, policy: Policy, evidence: str) -> tuple[str, dict[str, frozenset[str]]]:
    """The evidence with some reported cells emptied, and whose measures they are."""
    evidence = evidence.removeprefix("\ufeff")
    lines = list(csv.DictReader(io.StringIO(evidence, newline="")))
    hidden: dict[str, frozenset[str]] = {}
    for line in lines:
        for code in policy.measures:
            if line.get(code) and rng.random() < 0.1:
                line[code] = ""
                hidden[line["specialty"]] = hidden.get(line["specialty"], frozenset()) | {code}
    return as_csv(next(csv.reader(io.StringIO(evidence, newline=""))), lines), hidden


@pytest.mark.parametrize("seed", range(8000, 8060))
def test_the_true_rating_is_possible_whatever_is_withheld(seed: int) -> None:
    case = random_case(Random(seed))
    policy = load_policy(case.policy)
    batch, history = frozen(policy, case.evidence, case.history)
    true = score_batch(policy, batch, history)
    shown, hidden = withheld_at_random(Random(seed), policy, case.evidence)
    if not hidden:
        return
    seen, earlier = frozen(policy, shown, case.history)

    look = Look(policy, seen, earlier, np.arange(seen.size), hidden, bands_told(Random(seed), true, hidden))
    possible, reasons = possible_ratings(look)

    wrong = [s for i, s in enumerate(true.specialties) if true.rating(i) not in possible[i]]
    assert (seen.specialties, wrong) == (batch.specialties, [])
    best = [ceiling(policy.rating.caps, true.caps(i)) for i in range(len(true))]
    bounds = ceilings(look)
    assert all(reach(maybe) <= reach(b) <= reach(surely) for b, (surely, maybe) in zip(best, bounds, strict=True))
    for i, told in enumerate(reasons):
        found = [reason.code for reason in true.reasons(i)]
        assert told.surely <= set(found) <= told.maybe
        assert led_to(policy, found) == true.rating(i)
    for score, exact in zip(look.scores.values(), (*true.dimensions, true.total), strict=True):
        has = exact != EMPTY
        assert (score.has.surely <= has).all()
        assert (has <= score.has.maybe).all()
        assert ((score.low <= exact) & (exact <= score.high))[has].all()


def bands_told(
    rng: Random, true: Results, hidden: Mapping[str, frozenset[str]]
) -> dict[tuple[str, str], tuple[int, int]]:
    """Of some indicators that rest on something hidden, between which points they lie."""
    found = {}
    for i, specialty in enumerate(true.specialties):
        for line in true.sheet(i).indicators:
            if specialty in hidden and line.value is not None and line.points is not None and rng.random() < 0.3:
                lower = int(line.points) // 20 * 2000
                found[specialty, line.code] = lower, lower + 2000
    return found


def reach(at_most: Rating | None) -> int:
    """How high a vote gets: the higher, the better."""
    return len(COLOURS) if at_most is None else len(COLOURS) - 1 - COLOURS.index(at_most)


def possible(policy: Policy, text: str, hidden: dict[str, frozenset[str]]) -> list[set[str]]:
    batch = Batch.from_rows(policy, rows(policy, text))
    found, _ = possible_ratings(Look(policy, batch, History.none(batch.size), np.arange(batch.size), hidden))
    return [{rating.value for rating in one} for one in found]


def test_a_veto_in_the_open_is_certain_however_much_is_withheld() -> None:
    veto = "\n  rules: [{rate: green, code: good, when: {total: {at_least: 80}}}, {rate: yellow, code: fair}]\n" \
           "  caps: [{code: unsafe, at_most: red, when: {measure: safe, equals: false}}]\n"  # fmt: skip
    policy = rules(rating=veto)

    found = possible(
        policy, "specialty,n,safe\nA,,false\nB,,true\nC,90,true\n", {"A": frozenset("n"), "B": frozenset("n")}
    )

    assert found == [{Rating.RED}, {Rating.GREEN, Rating.YELLOW}, {Rating.GREEN}]
