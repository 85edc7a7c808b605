"""The negative and the urgent-need list of a round: built by its policy, exempted by name, approved, published."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from specialty_eval.engine.consequences import CatalogueList
from specialty_eval.engine.cycle import RoundState
from specialty_eval.engine.errors import NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.lists import Found, Listed, ListKind, as_kept, is_listed, uncountable
from specialty_eval.engine.permissions import Role, Scope, Thing, may_read
from specialty_eval.engine.roles import roles
from specialty_eval.engine.specialty_list import (
    SPECIALTY_LIST,
    SpecialtyListEvent,
    SpecialtyListFacts,
    SpecialtyListState,
)
from specialty_eval.store import list_queries
from specialty_eval.store.cycles import Round, RoundRow, policy_of, round_of
from specialty_eval.store.specialty_lists import SpecialtyList, SpecialtyListEntry

from . import drafts
from .context import Context, Note, Possible, entitled

BUILDS = roles(Role.SECRETARY)
AHEAD = 2
"""How many years from now a list may be published for."""
CLOSED_ROUNDS = frozenset({RoundState.PLANNED, RoundState.CANCELLED})
"""In these a round has nothing to build a list from."""


def build(ctx: Context, round_id: int, kind: ListKind) -> SpecialtyList:
    """A new list of the round: what its policy names now. One that was only built is superseded by it.

    NotNow where the policy has no such list or counts what nobody reports, and while another is approved and waits.
    """
    row = round_of(ctx.session, round_id)
    scope = Scope(city=row.city)
    grant = ctx.permit(BUILDS, scope, where="list")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "list"))
    list_queries.one_at_a_time(ctx.session, row.city)
    state = ctx.locked(Round, round_id, where="round").state
    if state in CLOSED_ROUNDS:
        raise NotNow(Problem("step-not-open", "round", {"event": "build", "state": state}))
    rules = _rules(ctx, row, kind)
    _supersede_what_was_built(ctx, row, kind, scope)
    built = list_queries.built(ctx.session, row, rules, ctx.today)
    number = list_queries.newest_number(ctx.session, round_id, kind) + 1
    entries = [_entry(found) for found in built.found]
    made = ctx.saved(
        SpecialtyList(round_id=round_id, jurisdiction_code=row.city, policy_id=row.policy_id, kind=kind.value,
                      number=number, digest=_digest(round_id, kind, number, entries),
                      state=SPECIALTY_LIST.start.value, looked_at=built.looked_at, named=len(entries),
                      built_by=ctx.person_id, built_at=ctx.now, document_number="", version=1, updated_at=ctx.now)
    )  # fmt: skip
    for entry in entries:
        entry.list_id = made.id
    ctx.session.add_all(entries)
    told = {"kind": kind.value, "number": made.number, "looked_at": made.looked_at, "named": made.named,
            "digest": made.digest}  # fmt: skip
    ctx.record("list.build", made, Note(told=told), grant=grant)
    return made


def _rules(ctx: Context, row: RoundRow, kind: ListKind) -> CatalogueList:
    policy = policy_of(ctx.session, row.policy_id)
    if problems := list(uncountable(policy, kind)):
        raise NotNow(*problems)
    return policy.lists[kind]


def _supersede_what_was_built(ctx: Context, row: RoundRow, kind: ListKind, scope: Scope) -> None:
    going = list_queries.in_making(ctx.session, row.id, kind)
    if going is None:
        return
    if going.state == SpecialtyListState.APPROVED:
        raise NotNow(Problem("list-awaits-publication", "list", {"number": going.number}))
    _supersede_by_rule(ctx, [going.id], scope, going.number + 1, audience="office")


def _supersede_by_rule(ctx: Context, ids: Sequence[int], scope: Scope, by: int, *, audience: str) -> None:
    ctx.lock_all(SpecialtyList, ids)
    ctx.as_system().advance_many(
        SPECIALTY_LIST, SpecialtyList, SpecialtyListEvent.SUPERSEDE, ids, scope,
        facts=dict.fromkeys(ids, SpecialtyListFacts(replaced=True)), changes={"superseded_at": ctx.now},
        note=Note(audience=audience, told={"by": by}),
    )  # fmt: skip


def _entry(found: Found) -> SpecialtyListEntry:
    entry = found.entry
    return SpecialtyListEntry(
        level=entry.level, code=entry.code, name=entry.name, reasons=list(found.reasons),
        figures=as_kept(found),
        exempt_by="policy" if found.exempt else "", exempt_codes=list(found.exempt), exempt_reason="",
    )  # fmt: skip


def _digest(round_id: int, kind: str, number: int, entries: Sequence[SpecialtyListEntry]) -> str:
    """Of the list as it stands: whoever approves says which one they saw."""
    told = [[e.level, e.code, e.reasons, e.figures, e.exempt_by, e.exempt_codes, e.exempt_reason] for e in entries]
    whole = [round_id, str(kind), number, told]
    return hashlib.sha256(json.dumps(whole, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


# --- exemptions by name ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """An entry of a list."""

    level: str
    code: str


def _locked(ctx: Context, list_id: int, *, version: int | None = None) -> tuple[SpecialtyList, Scope]:
    """The list under a lock; one that was never published is NotFound for whoever may not know of it."""
    seen, scope = _found(ctx, list_id)
    list_queries.one_at_a_time(ctx.session, seen.jurisdiction_code)
    return ctx.locked(SpecialtyList, list_id, version=version, where="list"), scope


def _found(ctx: Context, list_id: int) -> tuple[SpecialtyList, Scope]:
    return drafts.found(ctx, SpecialtyList, list_id, Thing.SPECIALTY_LISTS, is_public, where="list")


def is_public(row: SpecialtyList) -> bool:
    """Whether it was ever published: one that was superseded before stays with the office."""
    return row.published_at is not None


def exempt(ctx: Context, list_id: int, named: Named, reason: str, *, version: int | None = None) -> SpecialtyList:
    """Take an entry off a built list by name, with a reason that everybody will read; it stays beside the list."""
    return _by_name(ctx, list_id, named, reason, SpecialtyListEvent.EXEMPT, version=version)


def relist(ctx: Context, list_id: int, named: Named, reason: str, *, version: int | None = None) -> SpecialtyList:
    """Take an exemption by name back, with a reason."""
    return _by_name(ctx, list_id, named, reason, SpecialtyListEvent.RELIST, version=version)


def _by_name(
    ctx: Context, list_id: int, named: Named, reason: str, event: SpecialtyListEvent, *, version: int | None
) -> SpecialtyList:
    row, scope = _locked(ctx, list_id, version=version)
    ctx.permit(entitled(SPECIALTY_LIST, row.state, event), scope, where="list")
    entry = list_queries.entry_of(ctx.session, list_id, named.level, named.code)
    if entry is None:
        raise NotFound(Problem("not-found", "entry", {"kind": "specialty_list_entry", "id": named.code}))
    facts = SpecialtyListFacts(reason=reason, exempt_by=entry.exempt_by)
    if problems := SPECIALTY_LIST.objections(row.state, event, facts):
        raise NotNow(*problems)
    is_exempt = event is SpecialtyListEvent.EXEMPT
    entry.exempt_by, entry.exempt_reason = ("person", reason.strip()) if is_exempt else ("", "")
    entry.exempted_by, entry.exempted_at = (ctx.person_id, ctx.now) if is_exempt else (None, None)
    ctx.session.flush()
    digest = _digest(row.round_id, row.kind, row.number, list_queries.entries_of(ctx.session, row.id))
    told = {"level": named.level, "code": named.code, "digest": digest}
    ctx.advance(SPECIALTY_LIST, row, event, facts, scope, note=Note(reason=reason, told=told),
                changes={"digest": digest})  # fmt: skip
    return row


# --- approving, publishing, superseding ------------------------------------------------------------------------------


def facts_of(
    ctx: Context, row: SpecialtyList, *, reason: str = "", document_number: str = "", digest_seen: str = ""
) -> SpecialtyListFacts:
    """What the list's steps look at, and what the caller says with them."""
    return SpecialtyListFacts(
        first_person=str(row.built_by),
        second_person=ctx.actor.person_id or "",
        digest=row.digest,
        digest_seen=digest_seen,
        outdated=_outdated(ctx, row) if row.state == SpecialtyListState.BUILT else (),
        document_number=document_number,
        year=ctx.today.year + 1,
        years=_years(ctx),
        reason=reason,
    )


def _years(ctx: Context) -> tuple[int, int]:
    return ctx.today.year, ctx.today.year + AHEAD


def _outdated(ctx: Context, row: SpecialtyList) -> tuple[str, ...]:
    """The entries of which the policy would say something else now: a rating, a figure or a specialty since."""
    round_ = round_of(ctx.session, row.round_id)
    now = list_queries.built(ctx.session, round_, policy_of(ctx.session, row.policy_id).lists[row.kind], ctx.today)
    then = {
        (e.code, e.level): (tuple(e.reasons), tuple(e.exempt_codes), e.figures)
        for e in list_queries.entries_of(ctx.session, row.id)
    }
    as_now = {(f.entry.code, f.entry.level): (f.reasons, f.exempt, as_kept(f)) for f in now.found}
    return tuple(sorted({key[0] for key in then.keys() | as_now.keys() if then.get(key) != as_now.get(key)}))


def approve(
    ctx: Context, list_id: int, document_number: str, digest_seen: str, *, version: int | None = None
) -> SpecialtyList:
    """The second person approves the list they have seen, for the committee or the bureau, under a document."""
    row, scope = _locked(ctx, list_id, version=version)
    ctx.permit(entitled(SPECIALTY_LIST, row.state, SpecialtyListEvent.APPROVE), scope, where="list")
    facts = facts_of(ctx, row, document_number=document_number, digest_seen=digest_seen)
    told = {"kind": row.kind, "number": row.number, "document_number": document_number.strip(), "digest": row.digest}
    changes = {"approved_by": ctx.person_id, "approved_at": ctx.now, "document_number": document_number.strip()}
    ctx.advance(SPECIALTY_LIST, row, SpecialtyListEvent.APPROVE, facts, scope, note=Note(told=told), changes=changes)
    return row


def publish(ctx: Context, list_id: int, year: int, *, version: int | None = None) -> SpecialtyList:
    """Publish the approved list for a year: what applications of that year are checked against from now on.

    The one that was published for the same year before is superseded with it.
    """
    row, scope = _locked(ctx, list_id, version=version)
    ctx.permit(entitled(SPECIALTY_LIST, row.state, SpecialtyListEvent.PUBLISH), scope, where="list")
    facts = SpecialtyListFacts(year=year, years=_years(ctx))
    if problems := SPECIALTY_LIST.objections(row.state, SpecialtyListEvent.PUBLISH, facts):
        raise NotNow(*problems)
    if older := list_queries.published_for(ctx.session, row.jurisdiction_code, row.kind, year):
        _supersede_by_rule(ctx, older, scope, row.id, audience="public")
    on, exempted = list_queries.sums(ctx.session, row.id)
    told = {"kind": row.kind, "year": year, "document_number": row.document_number, "entries": on,
            "exempt": exempted, "digest": row.digest}  # fmt: skip
    changes = {"published_by": ctx.person_id, "published_at": ctx.now, "year": year}
    note = Note(audience="public", told=told)
    ctx.advance(SPECIALTY_LIST, row, SpecialtyListEvent.PUBLISH, facts, scope, note=note, changes=changes)
    return row


def supersede(ctx: Context, list_id: int, reason: str, *, version: int | None = None) -> SpecialtyList:
    """Take a list back without another in its place, with a reason; of a published one everybody learns it."""
    row, scope = _locked(ctx, list_id, version=version)
    note = Note(reason=reason, audience="public" if is_public(row) else "office",
                told={"kind": row.kind, "number": row.number, "year": row.year})  # fmt: skip
    ctx.advance(SPECIALTY_LIST, row, SpecialtyListEvent.SUPERSEDE, SpecialtyListFacts(reason=reason), scope, note=note,
                changes={"superseded_at": ctx.now})  # fmt: skip
    return row


# --- reading ---------------------------------------------------------------------------------------------------------


def read(ctx: Context, list_id: int) -> SpecialtyList:
    """A list; NotFound for one that is not published and not the caller's to know of."""
    return _found(ctx, list_id)[0]


def possible(ctx: Context, row: SpecialtyList) -> list[Possible]:
    """What the caller may do with the list, each with why it is not possible now, but for what they are to write."""
    scope = Scope(city=row.jurisdiction_code)
    if not may_read(ctx.actor, Thing.SPECIALTY_LISTS, scope, ctx.today):
        return []
    facts = facts_of(ctx, row, reason="…", document_number="…", digest_seen=row.digest)
    by_name = {SpecialtyListEvent.EXEMPT, SpecialtyListEvent.RELIST}  # which entry, the caller is to say
    found = ctx.possible(SPECIALTY_LIST, row.state, facts, scope)
    return [Possible(p.event, p.roles, ()) if p.event in by_name else p for p in found]


def listed(ctx: Context, city: str, kind: ListKind, year: int, named: Named) -> Listed | None:
    """What an application to open this entry in that year is checked against; None where no list names it."""
    published = list_queries.in_force(ctx.session, city, kind, year, level=named.level, code=named.code)
    return is_listed(named.level, named.code, year, published)
