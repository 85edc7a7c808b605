"""A city's evidence, 100,000 rows of 35 columns, from the file to the shown difference; beside parsing it and COPY.

On the embedded server with fsync on; every contestant is a process of its own, in turns. What counts is the least.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg
from verdict import HOME, Goal, at_most, machine, told

HERE = Path(__file__).resolve().parent
TURNS = int(os.environ.get("TURNS", "3"))
PEERS = str(HOME / "intake" / "bin" / "python")
SEED = """
INSERT INTO jurisdiction (code, name, kind) VALUES ('370000', '示例省', 'province');
INSERT INTO jurisdiction (code, name, kind, parent_code) VALUES ('371400', '示例市', 'city', '370000');
"""


def seed(url: str, folder: Path) -> None:
    """The city whose specialties the file names, and the policy; nothing is on record of the file's years."""
    from data import sites

    from specialty_eval.engine import load_policy
    from specialty_eval.store import embedded, schema

    schema.migrate(url)
    text = (folder / "policy.yaml").read_text(encoding="utf-8")
    policy = load_policy(text)
    taught = list(sites())
    with psycopg.connect(embedded.conninfo(url)) as connection:
        connection.execute(SEED)
        schools = list(dict.fromkeys(school for school, _, _ in taught))
        connection.execute(
            "INSERT INTO organisation (kind, code, name, jurisdiction_code)"
            " SELECT 'school', code, '示例学校', '371400' FROM unnest(%s::text[]) code", [schools])  # fmt: skip
        connection.execute(
            "INSERT INTO school (id, code, scheme, name, kind, run_by, jurisdiction_code, city_code)"
            " SELECT id, code, 'education', name, 'secondary', 'city', '371400', '371400'"
            " FROM organisation")  # fmt: skip
        connection.execute(
            "INSERT INTO specialty (school_id, catalogue_code, direction, name, level, class_code, class_name, partner,"
            " opened_on) SELECT school.id, t.entry, t.direction, '示例专业', 'secondary', '71', '示例大类', '示例企业',"
            " '2010-09-01'"
            " FROM unnest(%s::text[], %s::text[], %s::text[]) AS t(code, entry, direction) JOIN school USING (code)",
            list(map(list, zip(*taught, strict=True))))  # fmt: skip
        connection.execute(
            "INSERT INTO policy (policy_id, policy_version, digest, title, jurisdiction_code, text, canonical,"
            " imported_at) VALUES ('bench', '1', %s, '{}', '371400', %s, %s, now())",
            [policy.digest, text, policy.canonical])  # fmt: skip
    with psycopg.connect(embedded.conninfo(url), autocommit=True) as connection:
        connection.execute("ANALYZE")


def alone(python: str, script: str, *given: str) -> dict[str, Any]:
    """What a script in a process of its own says."""
    ended = subprocess.run([python, str(HERE / script), *given], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(ended.stderr)
    said: dict[str, Any] = json.loads(ended.stdout)
    return said


def main() -> None:
    """Everybody in turn, then the tables."""
    from specialty_eval.store import embedded

    on = machine()
    found: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        subprocess.run([sys.executable, str(HERE / "data.py"), name], check=True)
        with embedded.start(folder / "db") as server:
            seed(server.url, folder)
            for _ in range(TURNS):
                for what in ("xlsx", "csv", "copy"):
                    said = alone(PEERS, "limit.py", what, name, embedded.conninfo(server.url))
                    found.setdefault(f"limit {what}", []).append(said)
                for kind in ("xlsx", "csv"):
                    found.setdefault(f"ours {kind}", []).append(
                        alone(sys.executable, "ours.py", kind, name, server.url)
                    )
                with psycopg.connect(embedded.conninfo(server.url), autocommit=True) as connection:
                    connection.execute("TRUNCATE staged_row, staged_remark, staged_change")
    report(found)
    told("intake", on, goals(found), found)


def least(found: dict[str, list[dict[str, Any]]], who: str, figure: str = "seconds") -> float:
    """The least of the turns: what disturbed is not what is measured."""
    return min(one[figure] for one in found[who])


def goals(found: dict[str, list[dict[str, Any]]]) -> list[Goal]:
    """What was asked for (the issue's figures)."""
    copied = least(found, "limit copy")
    ratios = {kind: least(found, f"ours {kind}") / (least(found, f"limit {kind}") + copied) for kind in ("xlsx", "csv")}
    return [
        at_most(".xlsx to the shown difference / parse plus COPY", ratios["xlsx"], 1.5),
        at_most("CSV to the shown difference / parse plus COPY", ratios["csv"], 3),
        *(at_most(f"MB at the peak, {kind}", least(found, f"ours {kind}", "mb"), 450) for kind in ("xlsx", "csv")),
    ]


def report(found: dict[str, list[dict[str, Any]]]) -> None:
    """The least, and what was found."""
    print("| 100,000 rows x 35 columns | s, least | of it processor s | MB at the peak | problems | new values |")
    print("|---|--:|--:|--:|--:|--:|")
    for what, text in (("xlsx", "fastexcel to columns"), ("csv", "Polars to columns"), ("copy", "COPY of the bytes")):
        print(f"| {text} | {least(found, f'limit {what}'):.2f} | | | | |")
    for kind in ("xlsx", "csv"):
        who = f"ours {kind}"
        one = found[who][0]
        print(f"| specialty-eval, {kind} to the shown difference | {least(found, who):.2f} "
              f"| {least(found, who, 'processor'):.2f} | {least(found, who, 'mb'):.0f} "
              f"| {one['problems']:,} | {one['counts']['new']:,} |")  # fmt: skip


if __name__ == "__main__":
    main()
