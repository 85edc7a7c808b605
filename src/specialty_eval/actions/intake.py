"""Load a file of one kind: read within limits, every problem at once, all of it or nothing; twice is as once."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa

from specialty_eval.engine.csv_records import Findings, refuse_size
from specialty_eval.engine.errors import Invalid, NotFound, NotYou, Problem, TooLarge
from specialty_eval.engine.permissions import HELD_AT, Kind
from specialty_eval.engine.roles import Role, roles
from specialty_eval.store import cycles
from specialty_eval.store.registry import Intake, Organisation

from . import charsets, intake_figures, intake_opening, intake_people, intake_registry, intake_specialties, sheets
from .context import Context, Note
from .intake_batch import Batch, Outcome, read
from .intake_source import Source, reached
from .intake_tables import CATALOGUE, COMMITTEE, FIGURES, TABLES, Table, with_measures
from .workbooks import about

CSV, XLSX = charsets.CSV, charsets.XLSX
MOST_BYTES = 64 << 20

Compare = Callable[[Context, Batch, Source], Outcome]

COMPARE: Mapping[str, Compare] = {
    "catalogue": intake_registry.catalogue,
    "jurisdictions": intake_registry.jurisdictions,
    "organisations": intake_registry.organisations,
    "schools": intake_registry.schools,
    "specialties": intake_specialties.specialties,
    "people": intake_people.people,
    "committee": intake_people.committee,
    "ratings": intake_opening.ratings,
    "standings": intake_opening.standings,
    "quotas": intake_opening.quotas,
    "figures": intake_figures.figures,
}
"""Kind → what its rows do to what is on record."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file did, or would do in a dry run. `rows` are the file's; the others count rows, of figures values."""

    kind: str
    rows: int
    new: int
    changed: int
    unchanged: int
    dry_run: bool
    charset: str = charsets.UTF_8
    """In which charset it was read, `` for a workbook."""


def permitted(ctx: Context, kind: str) -> Table:
    """The kind's table, for whoever may load it; NotFound for no such kind, NotYou for everybody else."""
    table = TABLES.get(kind)
    if table is None:
        raise NotFound(Problem("not-found", "kind", {"kind": "import", "id": kind, "known": sorted(TABLES)}))
    holds = any(
        g.role in table.loaded_by and g.holds(ctx.today) and g.kind in HELD_AT[g.role] for g in ctx.actor.grants
    )
    if not holds and not ctx.actor.is_system:
        raise NotYou(Problem("role-missing", kind, {"roles": sorted(role.value for role in table.loaded_by)}))
    return table


def load(
    ctx: Context, kind: str, content: bytes, media_type: str, dry_run: bool = False, *, edition: str = "",
    policy: str = "",
) -> Imported:  # fmt: skip
    """Read, compare, and unless it is a dry run put on record, in the caller's transaction.

    `edition` names the catalogue's edition, `policy` (`ID@VERSION`) the one whose measures the figures are. Raises
    Invalid with every problem (facts: file, row, column, value, rule); TooLarge, unread, beyond a limit.
    """
    table = permitted(ctx, kind)
    source = _source(ctx, table, content, edition, policy)
    if source.policy is not None:
        table = with_measures(source.policy.measures.values())
    findings = Findings()
    batch = read(_as_csv(content, kind, media_type, findings), table, findings)
    # One load of a kind at a time: the second one sees what the first one wrote.
    ctx.session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"intake {kind}"))))
    rows = len(batch.lines)
    outcome = COMPARE[kind](ctx, batch, source)
    findings.raise_any()
    if not dry_run and (outcome.new or outcome.changed):
        _put_on_record(ctx, table, source, content, rows, outcome)
    charset = charsets.read_as(media_type)
    return Imported(kind, rows, outcome.new, outcome.changed, outcome.unchanged, dry_run, charset)


def _source(ctx: Context, table: Table, content: bytes, edition: str, policy: str) -> Source:
    """What the file is about and how far it may reach; what is asked for and missing is refused before reading."""
    refuse_size(table.name, len(content), MOST_BYTES)
    problems = []
    if (table is CATALOGUE) != bool(edition):
        problems.append(Problem("edition-missing" if table is CATALOGUE else "edition-not-here", "edition"))
    if (table.name == FIGURES.name) != bool(policy):
        problems.append(Problem("policy-missing" if table.name == FIGURES.name else "policy-not-here", "policy"))
    if len(edition) > 40:
        problems.append(Problem("text-too-long", "edition", {"expected": 40}))
    if problems:
        raise Invalid(*problems)
    source = Source(
        hashlib.sha256(content).hexdigest(), edition or policy, cities=reached(ctx.actor, table.loaded_by, ctx.today)
    )
    if policy:
        identity, _, version = policy.rpartition("@")
        source = replace(source, policy=cycles.policy_named(ctx.session, identity, version))
    if table.name == FIGURES.name and source.cities is not None:
        source = replace(source, cities=reached(ctx.actor, roles(Role.SECRETARY), ctx.today))
    return replace(source, bureau_id=_bureau(ctx, source)) if table is COMMITTEE else source


def _bureau(ctx: Context, source: Source) -> int | None:
    """The bureau whose committee it is: the caller's, or the only one there is; None where that is unclear."""
    found = sa.select(Organisation.id).where(Organisation.kind == Kind.BUREAU.value)
    if source.cities is not None:
        found = found.where(Organisation.jurisdiction_code.in_(source.cities))
    ids = ctx.session.scalars(found.limit(2)).all()
    return ids[0] if len(ids) == 1 else None


def _as_csv(content: bytes, kind: str, media_type: str, findings: Findings) -> bytes:
    """Both kinds of files come in by the same door: a workbook's rows as CSV, each where it stands."""
    if charsets.kind_of(media_type) == XLSX:
        return sheets.rows_as_csv(content, kind, findings)
    content = charsets.as_utf8(content, media_type, kind, findings)
    lines = content.count(b"\n")
    if lines > sheets.MOST_ROWS:
        raise TooLarge(about(kind, "too-many-rows", lines, f"..{sheets.MOST_ROWS}"))
    return content


def _put_on_record(
    ctx: Context, table: Table, source: Source, content: bytes, rows: int, outcome: Outcome
) -> None:  # fmt: skip
    """Write the rows, the load itself, and one event that tells of it; the file stays as the source of what it says."""
    outcome.write()
    if table.keeps_file:
        ctx.files.put(content)
    counts = {"rows": rows, "new": outcome.new, "changed": outcome.changed, "unchanged": outcome.unchanged}
    row = ctx.saved(Intake(kind=table.name, of=source.of, digest=source.digest, loaded_at=ctx.now,
                           loaded_by=ctx.person_id, **counts))  # fmt: skip
    told = {**counts, "digest": source.digest, "of": source.of}
    ctx.record(f"intake.{table.name}", row, Note(audience=table.audience, told=told))
    # Rows were written past the session: what it read before is read again.
    ctx.session.expire_all()
