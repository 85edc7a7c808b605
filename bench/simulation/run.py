"""A simulation's three parts over one round: both policies, everybody's distance, 10,000 draws of the weights.

The policy and the evidence are those of `scoring`: 1,500 specialties x 30 indicators; and the same with two quotas.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scoring"))

import data  # noqa: E402 -- its folder is known now
import ours  # noqa: E402 -- with it
from verdict import at_most, machine, told  # noqa: E402 -- with it

from specialty_eval.engine import Results, load_policy, score_batch  # noqa: E402 -- with it
from specialty_eval.engine.distance import distances  # noqa: E402 -- with it
from specialty_eval.engine.stability import stability  # noqa: E402 -- with it

SPECIALTIES, DRAWS, TURNS = 1_500, 10_000, 3
QUOTAS = """  quotas:
    - {code: best-fifth, take: top, share: 0.2, rate: green, otherwise: yellow, within: [years_open]}
    - {code: last-tenth, take: bottom, share: 0.1, becomes: red}
  caps:
"""


def results(text: str) -> Results:
    """The round, scored."""
    return score_batch(*ours.frozen(load_policy(text), data.load(SPECIALTIES)))


def least(doing: Callable[[], Any]) -> float:
    """Processor seconds of the least of a few turns, which other work on the machine disturbs least."""
    found = []
    for _ in range(TURNS):
        begin = time.process_time()
        doing()
        found.append(time.process_time() - begin)
    return min(found)


def main() -> None:
    """Measure, and say it."""
    on = machine()
    data.make(SPECIALTIES)
    plain = ours.POLICY.read_text(encoding="utf-8")
    figures: dict[str, dict[str, float]] = {}
    for name, text in (("without quotas", plain), ("two quotas", plain.replace("  caps:\n", QUOTAS, 1))):
        found = results(text)
        figures[name] = {
            "score": least(lambda text=text: results(text)),
            "distance": least(lambda found=found: distances(found)),
            "stability": least(lambda found=found: stability(found, seed=1, draws=DRAWS)),
        }
    print(f"{SPECIALTIES:,} specialties, 30 indicators, {DRAWS:,} draws; processor seconds\n")
    print("| | both policies scored | distances | stability |\n|---|--:|--:|--:|")
    for name, row in figures.items():
        print(f"| {name} | {2 * row['score']:.3f} | {row['distance']:.2f} | {row['stability']:.2f} |")
    goals = [at_most(f"stability, {name}, s", row["stability"], 10) for name, row in figures.items()]
    told("simulation", on, goals, figures)


if __name__ == "__main__":
    main()
