"""What the operator does at the machine with a city's evidence: make a template, show what a file would do, take it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from specialty_eval.actions import charsets, staging, staging_annotated, staging_templates, staging_views
from specialty_eval.actions.context import Context, commit
from specialty_eval.actions.paging import Page
from specialty_eval.actions.staging_files import CSV, MOST_BYTES, XLSX
from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.installation import session_at
from specialty_eval.serving import as_system
from specialty_eval.store import staging_progress
from specialty_eval.store.base import make_engine
from specialty_eval.text import advice, message

__all__ = ["MOST_BYTES", "Shown", "annotated", "confirm", "stage", "template"]

MEDIA_TYPES = {".csv": CSV, ".xlsx": XLSX}
_MOST = 1_000


Look = Callable[[], tuple[str, int, int] | None]
Beside = Callable[[Look], AbstractContextManager[None]]
"""Who is shown how far a file is, by looking, while the block runs."""


@contextmanager
def looking(session: Session, file_id: int) -> Iterator[Look]:
    """How far the transaction of this session is with a file, seen over a connection of its own."""
    engine = make_engine(session.get_bind().engine.url.render_as_string(hide_password=False), pool_size=1)

    def look() -> tuple[str, int, int] | None:
        with Session(engine) as another:
            return staging_progress.seen(another, [file_id]).get(file_id)

    try:
        yield look
    finally:
        engine.dispose()


def unseen(_: Look) -> AbstractContextManager[None]:
    """Nobody is shown anything."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Shown:
    """What is said of a staged file: its counts, `total` problems and the first of them, and what it would change."""

    id: int
    counts: dict[str, Any]
    difference: str
    total: int
    problems: list[tuple[str, dict[str, Any]]]
    notices: list[tuple[str, dict[str, Any]]]
    difference_lines: dict[staging_views.Difference, list[dict[str, Any]]]
    charset: str


def template(url: str | None, data: Path, policy: str, *, year: int | None, supplier: str) -> bytes:
    """A workbook to fill in, with every specialty where a year is given."""
    identity, _, version = policy.rpartition("@")
    with session_at(url, data) as session:
        return staging_templates.make(as_system(session, data), (identity, version), year=year, supplier=supplier)


def stage(
    url: str | None, data: Path, file: tuple[str, bytes], *, policy: str, whole: bool, charset: str,
    beside: Beside = unseen,
) -> Shown:  # fmt: skip
    """Check a file (its name, its bytes) and say what it would change; it waits for the yes. `beside`: who watches."""
    name, content = file
    kind = MEDIA_TYPES.get(Path(name).suffix.lower())
    if kind is None:
        raise Invalid(Problem("file-kind-unknown", name, {"known": sorted(MEDIA_TYPES)}))
    media_type = f"{CSV}; charset={charset}" if kind == CSV else kind
    with session_at(url, data) as session:
        ctx = as_system(session, data)
        row = staging.receive(ctx, staging.Received(content, media_type, name), policy, whole=whole)
        with looking(session, row.id) as look, beside(look):
            staging.check(ctx, row.id)
            commit(ctx)
        kinds: tuple[staging_views.Difference, ...] = ("new", "changed", "gone")
        lines = {kind: staging_views.difference(ctx, row.id, kind, Page(_MOST))[0] for kind in kinds}
        return Shown(row.id, row.counts, row.difference, row.problems, _remarks(ctx, row.id, "problem"),
                     _remarks(ctx, row.id, "notice"), lines, charsets.read_as(media_type))  # fmt: skip


def _remarks(ctx: Context, number: int, kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(one["code"], one["facts"]) for one in staging_views.remarks(ctx, number, kind, Page(_MOST))[0]]


def annotated(url: str | None, data: Path, number: int) -> bytes:
    """The file as a workbook with every remark at its cell."""
    with session_at(url, data) as session:
        ctx = as_system(session, data)
        row = staging_annotated.annotate(ctx, number, lambda problem: (message(problem, "zh"), advice(problem, "zh")))
        commit(ctx)
        return ctx.files.get(row.annotated)


def confirm(
    url: str | None, data: Path, number: int, difference: str, beside: Beside = unseen
) -> dict[str, Any]:  # fmt: skip
    """Put exactly the difference that was shown on record; what that was, counted. `beside`: who watches."""
    with session_at(url, data) as session, looking(session, number) as look, beside(look):
        ctx = as_system(session, data)
        row = staging.confirm(ctx, number, difference)
        counts = dict(row.counts)
        commit(ctx)
        return counts
