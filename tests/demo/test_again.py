"""The played city once more: computed again from its files, played again, stopped and resumed. Nothing differs."""

import csv
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Collection
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from demo.small import CITY, END, STEPS, Played, play_some, played, rows_of
from specialty_eval import cli
from specialty_eval.actions import bundles, scoring
from specialty_eval.actions.context import Context
from specialty_eval.demo.story import Tale
from specialty_eval.demo.world import Step, World
from specialty_eval.engine import recompute
from specialty_eval.engine.permissions import Actor
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.cycles import PolicyDocument
from specialty_eval.store.files import Files
from specialty_eval.store.registry import SpecialtyCode
from specialty_eval.store.reviews import Review, ScoreRun, ScoreSheet

NEW_CODES = date(2026, 9, 1)
"""From here on specialties have other codes than when they were scored."""


def test_every_computed_rating_follows_from_its_run_by_the_command_for_files(city: Played, tmp_path: Path) -> None:
    """No group of the small city is large enough for its last tenth: all in the file are rated as the run's own."""
    policy = tmp_path / "dezhou.yaml"
    with city.sessions() as session:
        runs = session.scalars(sa.select(ScoreRun).options(sa.orm.undefer(ScoreRun.inputs)).order_by(ScoreRun.id))
        for run in list(runs):
            pinned = sa.select(PolicyDocument.text).where(PolicyDocument.digest == run.policy_digest)
            policy.write_text(session.scalars(pinned).one(), encoding="utf-8")
            files = scoring.files(run)
            for name in ("evidence.csv", "history.csv"):
                (tmp_path / name).write_text(files[name], encoding="utf-8")
            sheets = sa.select(SpecialtyCode.code, ScoreSheet.total, ScoreSheet.rating, ScoreSheet.reasons)
            sheets = sheets.join(Review, Review.specialty_id == SpecialtyCode.specialty_id)
            sheets = sheets.join(ScoreSheet, ScoreSheet.review_id == Review.id).where(ScoreSheet.run_id == run.id)
            sheets = sheets.where(SpecialtyCode.valid_from < NEW_CODES)
            kept = {code: (str(total), rating, reasons) for code, total, rating, reasons in session.execute(sheets)}

            assert _scored(tmp_path, policy, kept.keys()) == kept


def _scored(folder: Path, policy: Path, codes: Collection[str]) -> dict[str, tuple[str, str, list[str]]]:
    """`policy score` of the folder's files: total, rating and reasons of these specialties."""
    evidence, history, output = (str(folder / name) for name in ("evidence.csv", "history.csv", "results.csv"))
    said = ["policy", "score", str(policy), "--evidence", evidence, "--history", history, "--output", output]
    assert cli.run(said) == 0
    with Path(output).open(encoding="utf-8", newline="") as file:
        return {
            row["specialty"]: (row["total"], row["rating"], row["reasons"].split(";"))
            for row in csv.DictReader(file)
            if row["specialty"] in codes
        }


def test_anybody_finds_that_every_rating_of_a_round_follows(city: Played) -> None:
    counts: Counter[str] = Counter()
    with city.sessions() as session:
        clock = Context(session, Actor(is_system=True), END, Files(city.files))
        for r in (r for r in bundles.rounds(clock) if r.round.state != "cancelled"):
            counts.update(recompute.counted(recompute.check(bundles.make(clock, r.round.code, whole=True))))

    assert counts.pop("follows") > len(CITY.specialties) // 2
    assert {answer: number for answer, number in counts.items() if number} == {"follows_by_decision": 1}


def test_a_confirmed_rating_is_the_computed_one_or_an_override_with_its_reason(city: Played) -> None:
    other = city.rows(
        """SELECT c.code, d.computed, d.rating, d.reason <> '' FROM review v JOIN specialty_code c USING (specialty_id)
           JOIN decision d ON d.id = v.decision_id JOIN score_sheet s ON s.id = d.sheet_id
           WHERE v.state = 'confirmed' AND (d.rating <> s.rating OR d.rating <> v.decided_rating)"""
    )

    assert other == [(city.of(Tale.OVERRIDDEN, 2).code, "yellow", "green", True)]


def test_a_play_that_was_stopped_again_and_again_ends_like_an_unbroken_one(
    city: Played, fresh_database: str, tmp_path: Path
) -> None:
    """Between steps, and in the middle of one: what it had done by then is not on record."""

    def in_pieces(sessions: sessionmaker[Session]) -> None:
        for stop in (3, 11, len(STEPS) // 3, len(STEPS) // 2, len(STEPS) - 4):
            with pytest.raises(StoppedError):
                play_some(sessions, tmp_path, [*STEPS[:stop], stopped_in(STEPS[stop])])
        play_some(sessions, tmp_path)

    with played(fresh_database, tmp_path, in_pieces) as broken:
        assert broken.on_record == city.on_record
        assert sorted(map(str, broken.happened)) == sorted(map(str, city.happened))  # a set moves in any order


PLAY = """
import sys
from pathlib import Path
from demo.small import play_some
from specialty_eval.actions import passwords
from specialty_eval.store.base import make_engine, make_sessions
passwords.COST = (1, 64, 1)
play_some(make_sessions(make_engine(sys.argv[1])), Path(sys.argv[2]))
"""


def test_another_process_plays_the_same_city_number_by_number(
    city: Played, fresh_database: str, tmp_path: Path
) -> None:
    """Where a set puts things is another in each process: nothing may rest on it."""
    order = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    told = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": order}

    subprocess.run([sys.executable, "-c", PLAY, fresh_database, str(tmp_path)], check=True, timeout=120, env=told)

    engine = make_engine(fresh_database, pool_size=1)
    once, again = city.on_file, rows_of(make_sessions(engine))
    engine.dispose()
    assert {table: [row for row in once[table] if row not in set(again[table])] for table in once} == {
        table: [] for table in once
    }
    assert once == again


class StoppedError(Exception):
    """Somebody pulled the plug."""


def stopped_in(step: Step) -> Step:
    """The step, stopped after everything it does and before it is committed."""

    def act(hand: World) -> None:
        step.act(hand)
        raise StoppedError

    return Step(step.name, act)


def test_a_second_run_changes_nothing(city: Played, tmp_path: Path) -> None:
    before = city.rows("SELECT max(seq) FROM event")

    play_some(city.sessions, tmp_path)

    assert city.rows("SELECT max(seq) FROM event") == before
