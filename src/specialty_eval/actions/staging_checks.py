"""Every check of a file's rows beyond a single cell: whose specialty, repeated, whose right, held, the policy's own.

Each is asked of all rows at once. What rests on the caller's rights is asked again when the file is confirmed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from specialty_eval.engine import typed
from specialty_eval.engine.batch import Batch, Column, codes, measure_numbers
from specialty_eval.engine.conditions import measures_in
from specialty_eval.engine.errors import Invalid
from specialty_eval.engine.evidence import Value, check_problem, parse_value
from specialty_eval.engine.exact import floor_scaled, unscaled
from specialty_eval.engine.grid import Grid
from specialty_eval.engine.letters import Flags, Places
from specialty_eval.engine.permissions import Actor, Kind, may_supply
from specialty_eval.engine.policy import Measure, Policy
from specialty_eval.engine.roles import Role, roles
from specialty_eval.engine.scoring import checks_that_hold
from specialty_eval.engine.vocabulary import Type
from specialty_eval.store import opening, registry_queries, review_queries, staging_queries
from specialty_eval.store.registry_queries import Named

from .context import Context
from .intake_source import reached
from .intake_tables import FIGURES
from .staging_cells import Measured, keyed
from .staging_files import FILE
from .staging_reading import Read

UNDERSTOOD: Mapping[str, typed.Understand] = {
    "school_code": typed.narrow, "catalogue_code": typed.narrow, "direction": typed.plain, "year": typed.year,
    "source": typed.plain,
}  # fmt: skip
NOT_LOADED = ("panel", "computed")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that name a specialty and a year: which of the grid's, which of `sites` and `sources`, the year."""

    of: Places
    site: Places
    year: Places
    sites: Sequence[Named]
    source: Places
    sources: Sequence[str]

    def ids(self) -> Places:
        """Each row's specialty."""
        return np.array([site.id for site in self.sites], np.int64)[self.site]


def rows_of(ctx: Context, found: Read, grid: Grid) -> Rows:
    """The rows that can be gone on with; what keeps the others back is noted."""
    read = {c.name: keyed(found, grid, c, UNDERSTOOD[c.name]) for c in FIGURES.columns}
    wrong = np.logical_or.reduce([bad for _, _, bad in read.values()])
    number, sites = _sites(ctx, found, grid, read, wrong)
    years = np.array([int(value or 0) for value in _numbers(read["year"][1])], np.int64)[read["year"][0]]
    wrong |= number < 0
    ahead = ~wrong & (years > ctx.today.year)
    for row, year in zip(grid.rows[ahead].tolist(), years[ahead].tolist(), strict=True):
        found.wrong(row, "year", "year-ahead", year, ctx.today.year)
    wrong |= ahead | _repeated(found, grid, number * 10_000 + years, wrong, sites)
    of = np.flatnonzero(~wrong)
    places, texts, _ = read["source"]
    return Rows(of, number[of], years[of], sites, places[of], [str(text or "") for text in texts])


def _numbers(values: Sequence[Value]) -> list[int]:
    return [0 if value is None or isinstance(value, str) else int(value) for value in values]


def _texts(values: Sequence[Value], places: Places) -> list[str]:
    texts = [str(value or "") for value in values]
    return [texts[place] for place in places.tolist()]


def _sites(
    ctx: Context, found: Read, grid: Grid, read: Mapping[str, tuple[Places, list[Value], Flags]], wrong: Flags
) -> tuple[Places, list[Named]]:  # fmt: skip
    """Each row's specialty among those of the file, -1 where there is none."""
    names = ("school_code", "catalogue_code", "direction")
    mixed = np.zeros(len(grid), np.int64)
    for name in names:
        mixed = mixed * len(read[name][1]) + read[name][0]
    _, first, inverse = np.unique(mixed, return_index=True, return_inverse=True)
    schools, entries, directions = (_texts(read[name][1], read[name][0][first]) for name in names)
    keys = list(zip(schools, entries, directions, strict=True))
    known = registry_queries.specialties_of(ctx.session, {school for school, _, _ in keys})
    sites: list[Named] = []
    number = np.full(len(keys), -1, np.int64)
    for place, key in enumerate(keys):
        if (site := known.get(key)) is not None:
            number[place] = len(sites)
            sites.append(site)
    inverse = inverse.reshape(-1)
    for row in np.flatnonzero(~wrong & (number[inverse] < 0)).tolist():
        school, entry, direction = keys[inverse[row]]
        named = "-".join(part for part in (school, entry, direction) if part)
        found.wrong(int(grid.rows[row]), "catalogue_code", "specialty-unknown", entry, said=named)
    return number[inverse], sites


def _repeated(found: Read, grid: Grid, key: Places, wrong: Flags, sites: Sequence[Named]) -> Flags:
    """Every row about the same specialty and year as an earlier one, whether it says the same or not."""
    repeated = np.zeros(len(grid), np.bool_)
    good = np.flatnonzero(~wrong)
    _, first, inverse = np.unique(key[good], return_index=True, return_inverse=True)
    earlier = good[first][inverse.reshape(-1)]
    for row, before in zip(good[earlier != good].tolist(), earlier[earlier != good].tolist(), strict=True):
        repeated[row] = True
        site = sites[int(key[row]) // 10_000]
        said = f"{site.school_code} {site.catalogue_code} {site.direction} {int(key[row]) % 10_000}"
        at, key_columns = int(grid.rows[before]), "school_code, catalogue_code, direction, year"
        found.wrong(int(grid.rows[row]), "school_code", "row-repeated", site.school_code, key_columns,
                    first_row=at, said=said)  # fmt: skip
    return repeated


# --- rights ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may write what: of each site, whether each supplier's values are the caller's to write, by the year."""

    theirs: Mapping[str, Flags]
    before: NDArray[np.int64]
    """Of years before this one the city's secretary writes them all; 0 for none."""
    of_county: Flags

    def may(self, supplier: str, site: Places, year: Places) -> Flags:
        """Whether the caller may write this supplier's values of these sites in these years."""
        allowed = self.theirs[supplier][site] | (year < self.before[site])
        return allowed | self.of_county[site] if supplier == Kind.COUNTY else allowed


def rights(ctx: Context, sites: Sequence[Named], suppliers: Sequence[str]) -> Rights:
    """The caller's, now. A machine supplies what the people of its organisation supply."""
    actor = with_machines(ctx.actor)
    cities = reached(ctx.actor, FIGURES.loaded_by, ctx.today)
    if cities is not None:
        cities = reached(ctx.actor, roles(Role.SECRETARY), ctx.today)
    of_school = {site.school_id: site for site in sites}

    def theirs(supplier: str) -> Flags:
        department = frozenset({supplier.partition(":")[2]})
        known = {
            key: cities is None or may_supply(actor, supplier, replace(site.scope, departments=department), ctx.today)
            for key, site in of_school.items()
        }
        return np.array([known[site.school_id] for site in sites], np.bool_)

    first = {city: opening.begun(ctx.session, city).first_year for city in {s.city for s in sites} & (cities or set())}
    return Rights(
        {s: theirs(s) for s in suppliers},
        np.array([(first[s.city] or 9_999) if s.city in first else 0 for s in sites], np.int64),
        np.array([s.city in first and s.scope.run_by_city for s in sites], np.bool_),
    )


def with_machines(actor: Actor) -> Actor:
    """The caller with its machines' roles as those of the people of their organisations."""
    from .intake_figures import SUPPLIES  # noqa: PLC0415 -- one table for both doors

    grants = tuple(
        replace(grant, role=SUPPLIES[grant.kind]) if grant.role is Role.INTEGRATION else grant for grant in actor.grants
    )
    return replace(actor, grants=grants)


def note_rights(ctx: Context, found: Read, grid: Grid, rows: Rows, columns: Sequence[Measured], *, whole: bool) -> None:
    """Note every value that is not the caller's to write; of another school, a school's whole row."""
    suppliers = sorted({column.measure.supplier for column in columns})
    held = rights(ctx, rows.sites, suppliers)
    own = {g.organisation_id for g in ctx.actor.grants if g.kind == Kind.SCHOOL and g.holds(ctx.today)}
    of_others = np.array([bool(own) and str(s.school_id) not in own for s in rows.sites], np.bool_)[rows.site]
    told = np.zeros(len(rows.of), np.bool_)
    barred = {supplier: ~held.may(supplier, rows.site, rows.year) for supplier in suppliers}
    for column in columns:
        supplier = column.measure.supplier
        refused = barred[supplier] if whole else barred[supplier] & column.has[rows.of]
        if not refused.any():
            continue
        for place in np.flatnonzero(refused & of_others & ~told).tolist():
            told[place] = True
            row, site = int(grid.rows[rows.of[place]]), rows.sites[rows.site[place]]
            found.wrong(row, "school_code", "row-of-another-school", site.school_code)
        for place in np.flatnonzero(refused & ~of_others).tolist():
            at = int(rows.of[place])
            value = grid.cells.text(at, found.places[column.measure.code])
            found.wrong(
                int(grid.rows[at]), column.measure.code, "measure-not-yours", value, supplier, supplier=supplier
            )


def note_held(ctx: Context, found: Read, grid: Grid, rows: Rows, says: Mapping[bool, Flags]) -> None:
    """Note every row of a year that a review asks the school for, or holds as it was handed in."""
    held = held_rows(ctx, rows.ids(), rows.year, says)
    for place, review in held.items():
        year = int(rows.year[place])
        row = int(grid.rows[rows.of[place]])
        found.wrong(row, "year", "year-under-review", year, year=year, review=review)


def held_rows(ctx: Context, ids: Places, years: Places, says: Mapping[bool, Flags]) -> dict[int, int]:
    """Row → the review that holds it; `says`: by the school or by others → which rows say something so."""
    held: dict[int, int] = {}
    for by_school, mine in says.items():
        which = np.flatnonzero(mine)
        if which.size:
            asked = np.unique(ids[which]).tolist()
            under = review_queries.reviewed(ctx.session, asked, int(years[which].min()))
            which = which[np.isin(ids[which], list(under))]
        pairs = list(zip(ids[which].tolist(), years[which].tolist(), strict=True))
        found = review_queries.holding(ctx.session, pairs, by_school=by_school)
        if found:
            held |= {row: found[pair] for row, pair in zip(which.tolist(), pairs, strict=True) if pair in found}
    return held


# --- the policy's checks ---------------------------------------------------------------------------------------------


def note_checks(ctx: Context, found: Read, grid: Grid, rows: Rows, columns: Sequence[Measured], policy: Policy) -> None:
    """Note the checks that hold on a row's values together with what is on record of the year; of that only what the
    caller may write is shown.
    """
    by_code = {column.measure.code: column for column in columns}
    asked = {code for check in policy.checks for code in measures_in(check.when)}
    if not asked & set(by_code) or not len(rows.of):
        return
    known = _on_record(ctx, rows, asked)
    made = {code: _column(policy.measures[code], by_code.get(code), rows, known.get(code, {})) for code in asked}
    batch = Batch.from_columns(policy, range(len(rows.of)), made)  # type: ignore[arg-type]  # numbers stand for names
    said_by = {check.code: check for check in policy.checks}
    holding = list(checks_that_hold(policy, batch))
    own = _own(ctx, rows, {policy.measures[code].supplier for code in asked}) if holding else {}
    for place, _, code in holding:
        row = int(rows.of[place])
        told = [m for m in measures_in(said_by[code].when) if m in by_code]
        at = [m for m in told if by_code[m].has[row]]
        if at and not any(by_code[m].bad[row] for m in told):  # what else is wrong in its row hides nothing
            values = {m: _value(by_code[m], row) if m in at else _recorded(policy.measures[m], known, place, own)
                      for m in measures_in(said_by[code].when)}  # fmt: skip
            said = check_problem(said_by[code], values)
            facts = {key: fact for key, fact in said.facts.items() if key != "value"}
            number, place_ = int(grid.rows[row]), found.places[at[0]]
            found.problems.add(said.code, FILE, number, ", ".join(at), said.facts["value"], "", facts, place=place_)


def _own(ctx: Context, rows: Rows, suppliers: Collection[str]) -> dict[str, Flags]:
    """Supplier → of which rows its values are the caller's to write."""
    held = rights(ctx, rows.sites, sorted(suppliers))
    return {supplier: held.may(supplier, rows.site, rows.year) for supplier in suppliers}


def _recorded(measure: Measure, known: Mapping[str, Mapping[int, str]], place: int, own: Mapping[str, Flags]) -> Value:
    """What is on record of a row, which a check looked at too: `…` where it is somebody else's to tell."""
    text = known.get(measure.code, {}).get(place)
    if text is None or _scaled(measure, text) is None:
        return None
    return text if own[measure.supplier][place] else "…"


def _on_record(ctx: Context, rows: Rows, asked: set[str]) -> dict[str, dict[int, str]]:
    """Measure → row → what is on record of its specialty and year."""
    ids = rows.ids()
    found = staging_queries.on_record(
        ctx.session, np.unique(ids).tolist(), (rows.year.min(), rows.year.max()), asked
    )  # fmt: skip
    known: dict[str, dict[int, str]] = {}
    if not found:
        return known
    row_of = {pair: place for place, pair in enumerate(zip(ids.tolist(), rows.year.tolist(), strict=True))}
    for specialty, year, measure, value in found:
        if (place := row_of.get((specialty, year))) is not None:
            known.setdefault(measure, {})[place] = value
    return known


def _column(measure: Measure, column: Measured | None, rows: Rows, known: Mapping[int, str]) -> Column:
    has = np.zeros(len(rows.of), np.bool_) if column is None else (column.has & ~column.bad)[rows.of]
    data = np.zeros(len(rows.of), np.int64) if column is None else column.data[rows.of].copy()
    for place, text in known.items():
        if not has[place] and (scaled := _scaled(measure, text)) is not None:
            has[place], data[place] = True, scaled
    if measure.type in (Type.BOOLEAN, Type.CHOICE):
        options: Sequence[bool | str] = (False, True) if measure.type is Type.BOOLEAN else measure.options
        return codes(np.where(has, data, len(options)), options)
    return measure_numbers(measure, data, has)


def _scaled(measure: Measure, text: str) -> int | None:
    """What is on record as a column holds it; what the policy does not take (another's, an older one's) is nothing."""
    try:
        value = parse_value(measure, text)
    except Invalid:
        return None
    if isinstance(value, str):
        return measure.options.index(value)
    if isinstance(value, bool) or value is None:
        return None if value is None else int(value)
    return floor_scaled(value, measure.decimals)


def _value(column: Measured, row: int) -> Value:
    measure, data = column.measure, int(column.data[row])
    match measure.type:
        case Type.BOOLEAN:
            return data == 1
        case Type.CHOICE:
            return measure.options[data]
        case _:
            return unscaled(data, measure.decimals)
