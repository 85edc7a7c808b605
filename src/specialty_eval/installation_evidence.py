"""What the operator does at the machine with a city's evidence: make a template, show what a file would do, take it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specialty_eval.actions import staging, staging_annotated, staging_templates, staging_views
from specialty_eval.actions.context import Context, commit
from specialty_eval.actions.paging import Page
from specialty_eval.actions.staging_files import CSV, MOST_BYTES, XLSX
from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.installation import session_at
from specialty_eval.serving import as_system
from specialty_eval.text import advice, message

__all__ = ["MOST_BYTES", "Shown", "annotated", "confirm", "stage", "template"]

MEDIA_TYPES = {".csv": CSV, ".xlsx": XLSX}
_MOST = 1_000


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


def template(url: str | None, data: Path, policy: str, *, year: int | None, supplier: str) -> bytes:
    """A workbook to fill in, with every specialty where a year is given."""
    identity, _, version = policy.rpartition("@")
    with session_at(url, data) as session:
        return staging_templates.make(as_system(session, data), (identity, version), year=year, supplier=supplier)


def stage(
    url: str | None, data: Path, file: tuple[str, bytes], *, policy: str, whole: bool, charset: str
) -> Shown:  # fmt: skip
    """Check a file (its name, its bytes) and say what it would change; it waits for the yes."""
    name, content = file
    kind = MEDIA_TYPES.get(Path(name).suffix.lower())
    if kind is None:
        raise Invalid(Problem("file-kind-unknown", name, {"known": sorted(MEDIA_TYPES)}))
    media_type = f"{CSV}; charset={charset}" if kind == CSV else kind
    with session_at(url, data) as session:
        ctx = as_system(session, data)
        row = staging.receive(ctx, staging.Received(content, media_type, name), policy, whole=whole)
        staging.check(ctx, row.id)
        commit(ctx)
        kinds: tuple[staging_views.Difference, ...] = ("new", "changed", "gone")
        lines = {kind: staging_views.difference(ctx, row.id, kind, Page(_MOST))[0] for kind in kinds}
        return Shown(row.id, row.counts, row.difference, row.problems, _remarks(ctx, row.id, "problem"),
                     _remarks(ctx, row.id, "notice"), lines)  # fmt: skip


def _remarks(ctx: Context, number: int, kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(one["code"], one["facts"]) for one in staging_views.remarks(ctx, number, kind, Page(_MOST))[0]]


def annotated(url: str | None, data: Path, number: int) -> bytes:
    """The file as a workbook with every remark at its cell."""
    with session_at(url, data) as session:
        ctx = as_system(session, data)
        row = staging_annotated.annotate(ctx, number, lambda problem: (message(problem, "zh"), advice(problem, "zh")))
        commit(ctx)
        return ctx.files.get(row.annotated)


def confirm(url: str | None, data: Path, number: int, difference: str) -> dict[str, Any]:
    """Put exactly the difference that was shown on record; what that was, counted."""
    with session_at(url, data) as session:
        ctx = as_system(session, data)
        row = staging.confirm(ctx, number, difference)
        counts = dict(row.counts)
        commit(ctx)
        return counts
