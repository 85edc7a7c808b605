"""Reads: the negative and urgent-need lists and their entries. What was never published is for the office."""

from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.consequences import ListRule
from specialty_eval.engine.entry_counts import FEWEST_GRADUATES
from specialty_eval.engine.lists import in_their_order, may_be_shown
from specialty_eval.engine.permissions import READ, Scope, Thing, may_read, reach
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.vocabulary import Label
from specialty_eval.store import list_queries
from specialty_eval.store.cycles import policy_of
from specialty_eval.store.specialty_lists import SpecialtyList, SpecialtyListEntry

from .context import Context
from .paging import Page


def _is_office(ctx: Context, row: SpecialtyList) -> bool:
    return may_read(ctx.actor, Thing.SPECIALTY_LISTS, Scope(city=row.jurisdiction_code), ctx.today)


def header(row: SpecialtyList) -> dict[str, Any]:
    """A list without its entries."""
    return {
        "id": row.id, "jurisdiction": row.jurisdiction_code, "round_id": row.round_id, "kind": row.kind,
        "number": row.number, "state": row.state, "year": row.year, "document_number": row.document_number or None,
        "digest": row.digest, "looked_at": row.looked_at, "named": row.named, "built_at": row.built_at,
        "approved_at": row.approved_at, "published_at": row.published_at, "superseded_at": row.superseded_at,
    }  # fmt: skip


def whole(ctx: Context, row: SpecialtyList) -> dict[str, Any]:
    """A list with its counts and the rules that made it."""
    on, exempt = list_queries.sums(ctx.session, row.id)
    rules = policy_of(ctx.session, row.policy_id).lists[row.kind]
    return {
        **header(row), "entries": on, "exempt": exempt,
        "rules": [_rule(rule) for rule in rules.rules], "exemptions": [_rule(rule) for rule in rules.exempt],
    }  # fmt: skip


def _rule(rule: ListRule) -> dict[str, Any]:
    return {"code": rule.code, "label": dict(rule.label), "source": rule.source}


def listing(
    ctx: Context, page: Page, *, jurisdiction: str | None, kind: str | None, year: int | None, state: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Lists that were ever published, of every city, and the others within the caller's reach; by number."""
    near = reach(ctx.actor, READ[Thing.SPECIALTY_LISTS], ctx.today)
    within = sa.or_(SpecialtyList.published_at.is_not(None), SpecialtyList.jurisdiction_code.in_(near.cities))
    query = sa.select(SpecialtyList).where(within)
    chosen = {SpecialtyList.jurisdiction_code: jurisdiction, SpecialtyList.kind: kind, SpecialtyList.year: year,
              SpecialtyList.state: state}  # fmt: skip
    for column, value in chosen.items():
        if value is not None:
            query = query.where(column == value)
    rows = ctx.session.scalars(page.within(query, SpecialtyList.id)).all()
    shown, cursor = page.cut(rows, lambda row: (row.id,))
    return [header(row) for row in shown], cursor


NEWEST = 40
"""How many lists the page of them shows; the API has them all."""


def published(ctx: Context) -> list[dict[str, Any]]:
    """Lists that were ever published, those of the latest year first, the one in force before what it superseded."""
    query = sa.select(SpecialtyList).where(SpecialtyList.published_at.is_not(None))
    order = (SpecialtyList.year.desc(), SpecialtyList.kind, SpecialtyList.id.desc())
    return [header(row) for row in ctx.session.scalars(query.order_by(*order).limit(NEWEST))]


def entries(
    ctx: Context, row: SpecialtyList, page: Page, *, exempt: bool | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of entries by code and level, each with why it is there; who exempted one stays with the office."""
    query = list_queries.entries(row.id)
    if exempt is not None:
        query = query.where((SpecialtyListEntry.exempt_by != "") == exempt)
    found = ctx.session.scalars(page.within(query, SpecialtyListEntry.code, SpecialtyListEntry.level)).all()
    shown, cursor = page.cut(found, lambda entry: (entry.code, entry.level))
    policy, is_office = policy_of(ctx.session, row.policy_id), _is_office(ctx, row)
    return [entry_view(policy, row, entry, is_office=is_office) for entry in shown], cursor


def entry_view(policy: Policy, row: SpecialtyList, entry: SpecialtyListEntry, *, is_office: bool) -> dict[str, Any]:
    """An entry with its reasons in words, and the figures that its reader may see."""
    rules = policy.lists[row.kind]
    labels = _labels(rules.rules) | _labels(rules.exempt)
    figures = in_their_order((rule for rule in rules.rules if rule.code in entry.reasons), entry.figures)
    told: dict[str, Any] = {
        "level": entry.level, "code": entry.code, "name": entry.name,
        "reasons": [{"code": code, "label": dict(labels.get(code, {}))} for code in entry.reasons],
        "figures": figures if is_office else may_be_shown(policy, figures, entry.figures.get(FEWEST_GRADUATES)),
        "exempt_by": entry.exempt_by or None,
        "exemptions": [{"code": code, "label": dict(labels.get(code, {}))} for code in entry.exempt_codes],
        "exempt_reason": entry.exempt_reason or None,
    }  # fmt: skip
    if is_office:
        told |= {"exempted_by": entry.exempted_by, "exempted_at": entry.exempted_at}
    return told


def _labels(rules: tuple[ListRule, ...]) -> dict[str, Label]:
    return {rule.code: rule.label for rule in rules}
