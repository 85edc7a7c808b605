"""Production beside the oracle on one seed: equal results on valid cases, every mistake named on spoilt ones."""

import copy
from collections.abc import Mapping
from decimal import Decimal
from random import Random

from specialty_eval.engine import load_policy, score_files
from specialty_eval.engine.errors import Invalid, Problem

from . import random_file_mistakes
from .random_file_mistakes import spoil_files
from .random_mistakes import spoil
from .random_policies import Case, random_case
from .reference import score
from .tree import Tree
from .writing import Writer


def produced(policy: str, evidence: str, history: str | None) -> str:
    """RESULTS.csv as production writes it."""
    return score_files(load_policy(policy), evidence.encode(), None if history is None else history.encode())


def difference(seed: int) -> str | None:
    """What production says otherwise than the oracle, or nothing."""
    case = random_case(Random(seed))
    expected = score(case.tree, case.evidence, case.history)
    try:
        found = produced(case.policy, case.evidence, case.history)
    except Invalid as refusal:
        return "refused: " + "; ".join(f"{one.code} {one.where} {dict(one.facts)}" for one in refusal.problems[:5])
    except Exception as fault:  # so that a long run goes on
        return f"crashed: {fault!r}"
    if found == expected:
        return None
    pairs = zip(expected.splitlines(), found.splitlines(), strict=False)
    return (
        "\n".join(f"  oracle {mine}\n  engine {theirs}" for mine, theirs in pairs if mine != theirs) or "other length"
    )


def unnamed_in_policy(seed: int) -> list[str]:
    """Mistakes made in a policy that no problem names; all problems must come at once."""
    rng = Random(seed)
    tree = random_case(rng).tree
    text, made = spoil(rng, tree, rng.choice([1, 1, 2, 4, 8]))
    try:
        load_policy(text)
    except Invalid as refusal:
        wheres = [one.where for one in refusal.problems]
        bare = [one for one in refusal.problems if "line" not in one.facts]
        unnamed = [f"{m.name} at {m.path}, only {wheres}" for m in made if not any(map(m.named_by, wheres))]
        return unnamed + [f"no line: {one.code} {one.where} {dict(one.facts)}" for one in bare]
    return [f"accepted with {one.name} at {one.path}" for one in made]


def unnamed_in_files(seed: int) -> list[str]:
    """Mistakes made in evidence and history that no problem names with its file, row, column and value."""
    rng = Random(seed)
    case = random_case(rng)
    evidence, history, made = spoil_files(rng, case.tree, case.evidence, case.history, rng.choice([1, 2, 5]))
    if not made:
        return []
    try:
        score_files(load_policy(case.policy), evidence, history)
    except Invalid as refusal:
        unnamed = [one for one in made if not any(says(one, problem) for problem in refusal.problems)]
        facts = [dict(one.facts) for one in refusal.problems]
        bare = [one for one in facts if not {"file", "row", "column", "value", "rule"} <= one.keys()]
        return [f"{one}, only {facts}" for one in unnamed] + [f"facts missing: {one}" for one in bare]
    return [f"accepted with {one}" for one in made]


def says(mistake: random_file_mistakes.Mistake, problem: Problem) -> bool:
    facts: Mapping[str, object] = problem.facts
    wanted = {"file": mistake.file, "row": mistake.row, "column": mistake.column, "value": mistake.value}
    return all(facts.get(key) == value for key, value in wanted.items() if value is not None)


# -- batches ----------------------------------------------------------------------------------------------------


def without_peers(case: Case) -> Case:
    """The same case where no rank and no quota looks across."""
    tree: Tree = copy.deepcopy(case.tree)
    for indicator in tree["indicators"]:
        if "rank" in indicator.get("points", {}):
            indicator["points"] = {"linear": [[Decimal(0), Decimal(0)], [Decimal(100), Decimal(100)]]}
    tree["rating"].pop("quotas", None)
    return Case(tree, Writer(Random(0)).document(tree), case.evidence, case.history)
