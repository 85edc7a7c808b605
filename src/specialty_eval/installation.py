"""What the operator does at the machine: begin an installation, load files, hand out bundles, tidy, check the log."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from specialty_eval import reference
from specialty_eval.actions import bundles, calendars, intake, seals, setup, simulations
from specialty_eval.actions.calendars import Days
from specialty_eval.actions.context import commit
from specialty_eval.engine.bundle import Bundle
from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.engine.policy import Policy
from specialty_eval.serving import as_system, forget, ready, session_on
from specialty_eval.store import ballot_check

if TYPE_CHECKING:
    from specialty_eval.engine.simulation import Facts


@contextmanager
def session_at(url: str | None, data: Path) -> Iterator[Session]:
    """A session on the installation's database."""
    with ready(url, data) as at, session_on(at) as session:
        yield session


def tidy(url: str | None, data: Path) -> int:
    """Forget the answers kept for repeated requests that no client can still be waiting for; how many."""
    with ready(url, data) as at:
        return forget(at, data)


def enter_calendar(url: str | None, data: Path, year: int, days: Days) -> int:
    """Enter a year's days for all cities; how many running deadlines end later by it."""
    with session_at(url, data) as session:
        ctx = as_system(session, data)
        moved = calendars.enter(ctx, year, days)
        commit(ctx)
        return moved


def init(url: str | None, data: Path, *, city: str, bureau: str, login: str, password: str) -> None:
    """A city, its bureau and the first administrator, in one transaction."""
    lines = csv.DictReader(io.StringIO(reference.table("jurisdictions").decode()))
    areas = [setup.Area(row["code"], row["name"], row["kind"], row["parent_code"] or None) for row in lines]
    with session_at(url, data) as session:
        ctx = as_system(session, data)
        setup.begin(ctx, areas, city, bureau, login, password)
        commit(ctx)


MEDIA_TYPES = {".csv": intake.CSV, ".xlsx": intake.XLSX}


def load(
    url: str | None,
    data: Path,
    kind: str,
    file: tuple[str, bytes],
    *,
    edition: str,
    policy: str,
    dry_run: bool,
    charset: str,
) -> intake.Imported:
    """Load a file (its name, its bytes) as the operator at the machine; Invalid with every problem, nothing written."""
    name, content = file
    media_type = MEDIA_TYPES.get(Path(name).suffix.lower())
    if media_type is None:
        raise Invalid(Problem("file-kind-unknown", name, {"known": sorted(MEDIA_TYPES)}))
    if media_type == intake.CSV:
        media_type = f"{media_type}; charset={charset}"
    with session_at(url, data) as session:
        ctx = as_system(session, data)
        done = intake.load(ctx, kind, content, media_type, dry_run, edition=edition, policy=policy)
        commit(ctx)
        return done


def rounds(url: str | None, data: Path) -> list[bundles.RoundCounts]:
    """Every round with its counts."""
    with session_at(url, data) as session:
        return bundles.rounds(as_system(session, data))


def bundle(url: str | None, data: Path, code: str, *, whole: bool) -> Bundle:
    """What a round's public ratings follow from."""
    with session_at(url, data) as session:
        return bundles.make(as_system(session, data), code, whole=whole)


def simulated(url: str | None, data: Path, code: str) -> "tuple[Policy, Facts]":
    """A stored round's own policy and what its newest run was scored with."""
    with session_at(url, data) as session:
        return simulations.of_round(as_system(session, data), code)


def verify_ballots(url: str | None, data: Path) -> tuple[int, int]:
    """(ballots, items) that were compared, each on record as it was sealed; Invalid with every one that is not."""
    with session_at(url, data) as session:
        found = ballot_check.compare(session)
        if found.problems:
            raise Invalid(*found.problems)
        return found.ballots, found.items


def verify_events(url: str | None, data: Path, head: str) -> int:
    """How many events are sealed, when all of them are as they were; Invalid with everything that is not."""
    with session_at(url, data) as session:
        sealed, problems = seals.verify(session, head)
        if problems:
            raise Invalid(*problems)
        return sealed
