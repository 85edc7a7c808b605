"""Loading yearly facts: measures of specialties in a year, each by who supplies it. Reviews are not touched."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from specialty_eval.engine.evidence import Value, check_sheet
from specialty_eval.engine.permissions import Actor, Kind, Role, may_supply
from specialty_eval.engine.policy import Measure, Policy
from specialty_eval.store import intake_queries, review_queries
from specialty_eval.store.registry_queries import Named

from .context import Context
from .intake_batch import Batch, Line, Outcome
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
    _check_sheets(batch, policy, measures)
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
    """Each value comes from whoever supplies it, or from the secretary of the city; a school's file is about itself."""
    actor = _with_machines(ctx.actor)
    known: dict[tuple[int, str], bool] = {}

    def may_write(site: Named, supplier: str) -> bool:
        key = site.school_id, supplier
        if key not in known:
            scope = replace(site.scope, departments=frozenset({supplier.partition(":")[2]}))
            in_office = source.cities is None or site.city in source.cities
            known[key] = in_office or may_supply(actor, supplier, scope, ctx.today)
        return known[key]

    own = {g.organisation_id for g in ctx.actor.grants if g.kind == Kind.SCHOOL and g.holds(ctx.today)}
    for line in batch.lines:
        site = sites[specialty_key(line)]
        refused = [m for m in _reported(line, measures) if not may_write(site, m.supplier)]
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


def _check_sheets(batch: Batch, policy: Policy, measures: Mapping[str, Measure]) -> None:
    """The policy's checks across a row's values."""
    for line in batch.lines:
        values: dict[str, Value] = {m.code: line.values[m.code] for m in _reported(line, measures)}
        for problem in check_sheet(policy, values):
            named = problem.facts.get("measures", ())
            at = [code for code in named if code in values]  # type: ignore[attr-defined]  # these are codes
            facts = {key: fact for key, fact in problem.facts.items() if key != "value"}
            where = ", ".join(at)
            batch.findings.add(problem.code, batch.table.name, line.row, where, problem.facts["value"], "", facts)


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
