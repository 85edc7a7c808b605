"""A round's whole score run as the secretary orders it: freeze the inputs, score, keep every sheet, move every review.

On the embedded server with fsync on, the shipped policy `dezhou`, one year of evidence; and of it the engine's part.
`run.py one N` is one such run in a process of its own.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from verdict import machine, told

HERE = Path(__file__).resolve().parent
SIZES, TURNS = (1_500, 20_000), 3
NOW = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)
USUAL = {
    "leading_industry": "true", "city_posts": "300", "on_shortage_list": "true", "plan_places": "60", "admitted": "60",
    "intake": "60", "students": "200", "specialty_teachers": "10", "dual_qualified_teachers": "7",
    "midlevel_teachers": "3", "practised_teachers": "10", "new_teachers": "1", "new_experienced_teachers": "1",
    "school_teachers": "100", "school_specialty_teachers": "60", "part_time_teachers": "2", "total_hours": "1000",
    "practice_hours": "500", "equipment_value": "500000", "internship_conduct": "compliant",
    "certificate_candidates": "50", "certificates_obtained": "45", "apprenticeship": "true", "joint_resources": "3",
    "partner_posts": "20", "graduates": "50", "destined": "45", "employed": "30", "freelance": "3",
    "further_study": "12", "matched_employed": "24", "local_employed": "18", "skill_test_taken": "50",
    "skill_test_passed": "48", "employers_surveyed": "10", "employers_satisfied": "9", "training_persons": "300",
    "contest_award": "nation", "enrolled_without_filing": "false", "false_data": "false",
}  # fmt: skip


def seed(url: str, reviews: int) -> None:
    """The city of seed.sql."""
    import psycopg

    from specialty_eval.engine import load_policy
    from specialty_eval.policies import text
    from specialty_eval.store import embedded, schema

    schema.migrate(url)
    policy = load_policy(text("dezhou"))
    given = {"reviews": reviews, "digest": policy.digest, "text": text("dezhou"), "canonical": policy.canonical,
             "usual": json.dumps(USUAL)}  # fmt: skip
    with psycopg.connect(embedded.conninfo(url)) as connection:
        for statement in (HERE / "seed.sql").read_text(encoding="utf-8").split(";"):
            psycopg.ClientCursor(connection).execute(statement, given)


def timed(doing: Any) -> tuple[Any, float, float]:
    """What it gave, and its seconds on the clock and on a processor of this process."""
    wall, own = time.perf_counter(), time.process_time()
    made = doing()
    return made, time.perf_counter() - wall, time.process_time() - own


def one(reviews: int) -> None:
    """One run over a fresh city; its figures as a line of JSON."""
    import sqlalchemy as sa

    from specialty_eval.actions import scoring
    from specialty_eval.actions.context import commit, opened
    from specialty_eval.engine import load_policy
    from specialty_eval.engine.frozen import Inputs
    from specialty_eval.engine.permissions import Actor
    from specialty_eval.policies import text
    from specialty_eval.store import embedded
    from specialty_eval.store.base import make_engine, make_sessions
    from specialty_eval.store.files import Files

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        with embedded.start(Path(folder) / "db") as server:
            seed(server.url, reviews)
            engine = make_engine(server.url, pool_size=1)
            statements: list[str] = []
            sa.event.listen(engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
            with make_sessions(engine)() as session:
                ctx = opened(session, NOW, lambda *_: Actor(is_system=True), Files(Path(folder)))
                round_id = session.scalar(sa.text("SELECT id FROM round"))
                statements.clear()
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

                def ordered() -> bytes:
                    made = scoring.run(ctx, round_id)
                    commit(ctx)
                    return made.inputs

                kept, wall, own = timed(ordered)
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
                ratings = dict(session.execute(sa.text("SELECT rating, count(*) FROM score_sheet GROUP BY 1")).all())
            engine.dispose()
    inputs, policy = Inputs.unpacked(kept), load_policy(text("dezhou"))
    _, _, scored = timed(lambda: inputs.score(policy))
    print(json.dumps({"wall": wall, "own": own, "statements": len(statements), "added": peak, "engine": scored,
                      "ratings": ratings}))  # fmt: skip


def main() -> None:
    """Every size in turn; the table; the JSON."""
    on = machine()
    found: dict[int, list[dict[str, Any]]] = {n: [] for n in SIZES}
    for _ in range(TURNS):
        for n in SIZES:
            said = subprocess.run([sys.executable, __file__, "one", str(n)], stdout=subprocess.PIPE, check=True).stdout
            found[n].append(json.loads(said.splitlines()[-1]))
    print(
        "| reviews | s, median [min-max] | processor s, least | of it from files to results | statements | MB added |"
    )
    print("|--:|--:|--:|--:|--:|--:|")
    for n, runs in found.items():
        clock = sorted(run["wall"] for run in runs)
        least = min(runs, key=lambda run: run["own"])
        spread = f"{clock[len(clock) // 2]:.1f} [{clock[0]:.1f}-{clock[-1]:.1f}]"
        parts = f"{least['own']:.2f} | {least['engine']:.2f} | {least['statements']} | {least['added']:.0f}"
        print(f"| {n:,} | {spread} | {parts} |")
    told("score_run", on, [], found)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["one", reviews]:
            one(int(reviews))
        case _:
            main()
