"""Loading yearly facts: measures of specialties in a year, each by who supplies it. Reviews are not touched."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from specialty_eval.engine import sheet
from specialty_eval.engine.conditions import measures_in
from specialty_eval.engine.evidence import Row, Value, check_holds, check_problem
from specialty_eval.engine.permissions import Actor, Kind, Role, may_supply
from specialty_eval.engine.policy import Measure, Policy
from specialty_eval.store import attributes, intake_queries, review_queries
from specialty_eval.store.registry_queries import Named

from .context import Context
from .intake_batch import Batch, Line, Outcome
from .intake_closed import Closing
from .intake_opening import named, specialty_key
from .intake_source import Source

NOT_LOADED = ("panel", "computed")
"""Suppliers whose values nobody writes down: experts score, the system computes."""

SUPPLIES: Mapping[str, Role] = {
    Kind.SCHOOL: Role.SCHOOL_EDITOR,
    Kind.COUNTY: Role.COUNTY_VERIFIER,
    Kind.BUREAU: Role.BUREAU_VERIFIER,
    Kind.DEPARTMENT: Role.DEPARTMENT_SUPPLIER,
    Kind.THIRD_PARTY: Role.THIRD_PARTY_SUPPLIER,
}
"""A machine supplies what the people of its organisation supply."""


def figures(ctx: Context, batch: Batch, source: Source) -> Outcome:
    """Values as they are written; an empty cell says nothing. A value on record that says otherwise is superseded."""
    policy = source.policy
    if policy is None:
        raise ValueError("figures need a policy")
    measures = _measures(batch, policy)
    sites = named(ctx, batch)
    _check_years(ctx, batch, sites, measures)
    _check_rights(ctx, batch, source, sites, measures)
    _check_sheets(ctx, batch, policy, sites, measures)
    laid_out = list(_values(batch, source, sites, measures))
    new, changed, unchanged = intake_queries.lay_out_figures(ctx.session, laid_out)

    def write() -> None:
        intake_queries.take_figures(ctx.session, ctx.now, ctx.person_id, changed=changed)

    return Outcome(new, changed, unchanged, write)


Sites = Mapping[tuple[str, str, str], Named]


def _measures(batch: Batch, policy: Policy) -> dict[str, Measure]:
    """The measures that the file's rows report; those that nobody writes down are noted."""
    reported = {
        name: line for line in reversed(batch.lines) for name, value in line.values.items() if value is not None
    }
    found = {code: policy.measures[code] for code in reported if code in policy.measures}
    for code, measure in found.items():
        if measure.supplier in NOT_LOADED:
            batch.wrong(reported[code], code, "measure-not-loaded", measure.supplier)
    return {code: measure for code, measure in found.items() if measure.supplier not in NOT_LOADED}


def _reported(line: Line, measures: Mapping[str, Measure]) -> list[Measure]:
    return [measure for code, measure in measures.items() if line.values.get(code) is not None]


def _check_years(ctx: Context, batch: Batch, sites: Sites, measures: Mapping[str, Measure]) -> None:
    """No year ahead; and nothing of a year that a review asks the school for, or holds as it was handed in."""
    pairs = {(sites[specialty_key(line)].id, line.number("year")) for line in batch.lines}
    held = {kind: review_queries.holding(ctx.session, pairs, by_school=kind) for kind in (True, False)}
    for line in batch.lines:
        year = line.number("year")
        if year > ctx.today.year:
            batch.wrong(line, "year", "year-ahead", ctx.today.year)
        kinds = {measure.supplier == Kind.SCHOOL for measure in _reported(line, measures)}
        by = [held[kind].get((sites[specialty_key(line)].id, year)) for kind in kinds]
        if review_id := next(filter(None, by), None):
            batch.wrong(line, "year", "year-under-review", year=year, review=review_id)


def _check_rights(ctx: Context, batch: Batch, source: Source, sites: Sites, measures: Mapping[str, Measure]) -> None:
    """Each value comes from whoever supplies it; of years before those rated here also from the secretary of the city,
    who brings along what there was, and what a county says of schools that the city runs. A school's file is about
    itself.
    """
    actor, has = _with_machines(ctx.actor), Closing(ctx, batch)
    known: dict[tuple[int, str], bool] = {}

    def is_theirs(site: Named, supplier: str) -> bool:
        key = site.school_id, supplier
        if key not in known:
            scope = replace(site.scope, departments=frozenset({supplier.partition(":")[2]}))
            known[key] = may_supply(actor, supplier, scope, ctx.today)
        return known[key]

    def may_write(site: Named, supplier: str, year: int) -> bool:
        if source.cities is None or is_theirs(site, supplier):
            return True
        if site.city not in source.cities:
            return False
        first = has.of(site.city).first_year
        # No county reaches a school that the city runs: there the city says what a county would.
        return first is None or year < first or (supplier == Kind.COUNTY and site.scope.run_by_city)

    own = {g.organisation_id for g in ctx.actor.grants if g.kind == Kind.SCHOOL and g.holds(ctx.today)}
    for line in batch.lines:
        site = sites[specialty_key(line)]
        refused = [m for m in _reported(line, measures) if not may_write(site, m.supplier, line.number("year"))]
        if refused and own and str(site.school_id) not in own:
            batch.wrong(line, "school_code", "row-of-another-school")
            continue
        for measure in refused:
            batch.wrong(line, measure.code, "measure-not-yours", measure.supplier, supplier=measure.supplier)


def _with_machines(actor: Actor) -> Actor:
    """The caller with its machines' roles as those of the people of their organisations."""
    grants = tuple(
        replace(grant, role=SUPPLIES[grant.kind]) if grant.role is Role.INTEGRATION else grant for grant in actor.grants
    )
    return replace(actor, grants=grants)


def _check_sheets(
    ctx: Context, batch: Batch, policy: Policy, sites: Sites, measures: Mapping[str, Measure]
) -> None:  # fmt: skip
    """The policy's checks about a row's values, together with what is on record of the year; that is not shown."""
    years = [line.number("year") for line in batch.lines]
    if not policy.checks or not years:
        return
    ids = {sites[specialty_key(line)].id for line in batch.lines}
    on_record = attributes.figures(ctx.session, ids, range(min(years), max(years) + 1))
    for line in batch.lines:
        values: dict[str, Value] = {m.code: line.values[m.code] for m in _reported(line, measures)}
        known = on_record.get((sites[specialty_key(line)].id, line.number("year")), {})
        kept, _ = sheet.read_values(policy, {code: text for code, text in known.items() if code in policy.measures})
        row = Row("", None, {}, {**kept, **values})
        for check in policy.checks:
            at = [code for code in measures_in(check.when) if code in values]
            if at and check_holds(check.when, row):
                said = check_problem(check, values)
                facts = {key: fact for key, fact in said.facts.items() if key != "value"}
                shown = said.facts["value"]
                batch.findings.add(said.code, batch.table.name, line.row, ", ".join(at), shown, "", facts)


def _values(
    batch: Batch, source: Source, sites: Sites, measures: Mapping[str, Measure]
) -> Iterator[tuple[int, int, str, str, str, str]]:
    for line in batch.lines:
        site, said = sites[specialty_key(line)], line.text("source") or f"sha256:{source.digest}"
        for measure in _reported(line, measures):
            yield site.id, line.number("year"), measure.code, _written(line, measure.code), measure.supplier, said


def _written(line: Line, code: str) -> str:
    """A value as a file writes it."""
    value = line.values[code]
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
