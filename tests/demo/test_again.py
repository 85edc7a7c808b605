"""The played city once more: computed again from its files, played again in pieces. Nothing differs."""

import csv
import io
from collections import Counter
from collections.abc import Collection
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from demo.small import CITY, END, Kept, Played, play_some
from specialty_eval import cli
from specialty_eval.actions import bundles, scoring
from specialty_eval.actions.context import Context
from specialty_eval.demo.story import Tale, scored_year
from specialty_eval.engine import recompute
from specialty_eval.engine.permissions import Actor
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
    assert {answer: number for answer, number in counts.items() if number} == {"follows_by_decision": 2}


def test_too_few_graduates_are_left_out_of_the_public_file_and_so_is_the_sum_that_would_tell_them(city: Played) -> None:
    """What a class of fewer than ten is about stands in no cell that everybody gets, nor what it adds up to."""
    (few,) = CITY.told(Tale.FEW_GRADUATES, 1)
    year = str(scored_year(1))
    with city.sessions() as session:
        public = Context(session, Actor(), END, Files(city.files))
        made = bundles.make(public, "2024-2026-1")
    cells = next(r for r in csv.DictReader(io.StringIO(made.runs[0].evidence))
                 if (r["specialty"], r["year"]) == (few.code, year))  # fmt: skip

    said = {cell.measure: cell.why.value for cell in made.withheld if (cell.specialty, cell.year) == (few.code, year)}
    assert (said["graduates"], said["city_graduates"]) == ("small_cohort", "sum_of_withheld")
    assert (cells["graduates"], cells["city_graduates"]) == ("", "")


def test_a_confirmed_rating_is_the_computed_one_or_an_override_with_its_reason(city: Played) -> None:
    other = city.rows(
        """SELECT c.code, d.computed, d.rating, d.reason <> '' FROM review v JOIN specialty_code c USING (specialty_id)
           JOIN decision d ON d.id = v.decision_id JOIN score_sheet s ON s.id = d.sheet_id
           WHERE v.state = 'confirmed' AND (d.rating <> s.rating OR d.rating <> v.decided_rating)"""
    )

    by_vote = [city.of(Tale.OVERRIDDEN, 2).code, city.of(Tale.TIED, 3).code]
    assert sorted(other) == sorted((code, "yellow", "green", True) for code in by_vote)


def test_another_process_that_was_stopped_again_and_again_ends_with_the_same_rows(city: Played, again: Kept) -> None:
    """Where a set puts things is another in each process, and that one's database answered in any order: nothing may
    rest on either. What a step had done when it was stopped is not on record.
    """
    once = city.kept
    differ = {table: _only(rows, again.on_file[table]) for table, rows in once.on_file.items()}

    assert {table: rows for table, rows in differ.items() if rows} == {}
    assert again.on_file == once.on_file
    assert again.on_record == once.on_record
    assert again.happened == once.happened


def _only(rows: Collection[str], others: Collection[str]) -> list[str]:
    """Those of the rows that are not among the others."""
    return sorted(set(rows) - set(others))


def test_a_second_run_changes_nothing(city: Played, tmp_path: Path) -> None:
    before = city.rows("SELECT max(seq) FROM event")

    play_some(city.sessions, tmp_path)

    assert city.rows("SELECT max(seq) FROM event") == before
