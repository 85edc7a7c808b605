"""Policies and cycles: import, create, place the specialties in rounds, start, conclude, cancel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from specialty_eval.engine import cycle, review
from specialty_eval.engine.cycle import CycleEvent, CycleFacts, RoundFacts
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import Role, Scope
from specialty_eval.engine.policy_load import load_policy
from specialty_eval.store import attributes, cycles, review_queries, teach_outs
from specialty_eval.store.attributes import Site
from specialty_eval.store.cycles import Cycle, PolicyDocument, Round
from specialty_eval.store.registry import Jurisdiction, Organisation, Specialty, SpecialtyCode
from specialty_eval.store.reviews import Review

from .context import Context, Note, Possible


def import_policy(ctx: Context, text: str) -> tuple[PolicyDocument, bool]:
    """Keep a policy for good; (its row, whether it is new). The same text again changes nothing.

    Invalid with every problem of the text; NotNow when another text already has this id and version.
    """
    ctx.office(Role.POLICY_EDITOR, Role.SECRETARY, Role.ADMINISTRATOR)
    policy = load_policy(text)
    kept = ctx.session.scalar(
        sa.select(PolicyDocument).where(
            PolicyDocument.policy_id == policy.id, PolicyDocument.policy_version == policy.version
        )
    )
    if kept is not None:
        if kept.digest == policy.digest:
            return kept, False
        raise NotNow(Problem("policy-version-taken", "version", {"id": policy.id, "version": policy.version}))
    if ctx.session.get(Jurisdiction, policy.jurisdiction) is None:
        raise Invalid(Problem("jurisdiction-unknown", "jurisdiction", {"value": policy.jurisdiction}))
    row = ctx.saved(
        PolicyDocument(policy_id=policy.id, policy_version=policy.version, digest=policy.digest,
                       title=dict(policy.title), jurisdiction_code=policy.jurisdiction, text=text,
                       canonical=policy.canonical, imported_at=ctx.now, imported_by=ctx.person_id)
    )  # fmt: skip
    ctx.record("policy.import", row, Note(audience="public", told={"id": policy.id, "version": policy.version,
                                                                   "digest": policy.digest}))  # fmt: skip
    return row, True


@dataclass(frozen=True, slots=True)
class NewRound:
    """A round to be: its year, the year it scores, the day its attributes are taken, its policy.

    `opens_on` is the day on which the clock begins to collect; without one the secretary does.
    """

    year: int
    evidence_year: int
    reference_date: date
    policy_id: str
    policy_version: str
    opens_on: date | None = None


@dataclass(frozen=True, slots=True)
class NewCycle:
    """A cycle to be, with its scope."""

    code: str
    title: str
    jurisdiction: str
    levels: Sequence[str]
    school_kinds: Sequence[str]
    rounds: Sequence[NewRound]


def create(ctx: Context, new: NewCycle) -> Cycle:
    """A draft cycle with one to three rounds, each with a policy pinned. Invalid with every reason."""
    scope = Scope(city=new.jurisdiction)
    grant = ctx.permit(frozenset({Role.SECRETARY}), scope, where="cycle")
    bureau = ctx.session.scalar(
        sa.select(Organisation.id).where(
            Organisation.kind == "bureau", Organisation.jurisdiction_code == new.jurisdiction
        )
    )
    pinned, problems = _pinned(ctx, new)
    if bureau is None:
        problems.append(Problem("jurisdiction-unknown", "jurisdiction", {"value": new.jurisdiction}))
    if not 1 <= len(new.rounds) <= cycle.ROUNDS_AT_MOST:
        problems.append(Problem("rounds-out-of-range", "rounds", {"rounds": len(new.rounds), "at_most": 3}))
    years = [r.year for r in new.rounds]
    if years != sorted(set(years)) or (years and years[-1] - years[0] > 2):
        problems.append(Problem("round-years-wrong", "rounds", {"years": years}))
    if ctx.session.scalar(sa.select(Cycle.id).where(Cycle.code == new.code)) is not None:
        problems.append(Problem("cycle-code-taken", "code", {"value": new.code}))
    if problems or bureau is None:
        raise Invalid(*problems)
    made = ctx.saved(
        Cycle(code=new.code, title=new.title, jurisdiction_code=new.jurisdiction, bureau_id=bureau,
              first_year=years[0], last_year=years[-1], levels=list(new.levels), school_kinds=list(new.school_kinds),
              state=cycle.CYCLE.start.value, version=1, updated_at=ctx.now)
    )  # fmt: skip
    for number, (r, policy_row) in enumerate(zip(new.rounds, pinned, strict=True), 1):
        ctx.saved(Round(cycle_id=made.id, number=number, year=r.year, evidence_year=r.evidence_year,
                        reference_date=r.reference_date, policy_id=policy_row, opens_on=r.opens_on,
                        state=cycle.ROUND.start.value, version=1, updated_at=ctx.now))  # fmt: skip
    ctx.record("cycle.create", made, Note(told={"rounds": len(new.rounds)}), grant=grant)
    return made


def _pinned(ctx: Context, new: NewCycle) -> tuple[list[int], list[Problem]]:
    rows, problems = [], []
    for i, r in enumerate(new.rounds):
        row = ctx.session.scalar(
            sa.select(PolicyDocument.id).where(
                PolicyDocument.policy_id == r.policy_id, PolicyDocument.policy_version == r.policy_version
            )
        )
        where = f"rounds[{i}]"
        if r.evidence_year > r.year:
            problems.append(Problem("evidence-year-ahead", f"{where}.evidence_year", {"value": r.evidence_year}))
        if row is None:
            value = f"{r.policy_id}@{r.policy_version}"
            problems.append(Problem("policy-unknown", f"{where}.policy", {"value": value}))
            continue
        unfit = attributes.unfit(cycles.policy_of(ctx.session, row))
        problems.extend(Problem(p.code, f"{where}.policy.{p.where}", p.facts) for p in unfit)
        rows.append(row)
    return rows, problems


def place(
    ctx: Context, cycle_id: int, rounds_by_code: Mapping[str, int], *, version: int | None = None
) -> dict[int, int]:
    """Put specialties (by current code) into rounds (by number); a planned review moves, others are refused.

    Only what is in the cycle's scope at the round's reference date; another city's specialty is not there.
    Returns round number → how many of these are in it now. Invalid with every reason, nothing placed then.
    """
    made = ctx.locked(Cycle, cycle_id, version=version)
    grant = ctx.permit(frozenset({Role.SECRETARY}), Scope(city=made.jurisdiction_code), where="cycle")
    rounds = {r.number: r for r in ctx.session.scalars(
        sa.select(Round).where(Round.cycle_id == cycle_id).order_by(Round.id).with_for_update())}  # fmt: skip
    ids = specialty_ids(ctx, list(rounds_by_code))
    sites = attributes.among(ctx.session, made.jurisdiction_code, list(ids.values()))
    ours = {code: sites[key] for code, key in ids.items() if key in sites}
    states = {s: (rid, state, key) for key, s, rid, state in ctx.session.execute(
        sa.select(Review.id, Review.specialty_id, Review.round_id, Review.state)
        .where(Review.round_id.in_([r.id for r in rounds.values()]), Review.replaces_id.is_(None)))}  # fmt: skip
    problems = _misplaced(rounds_by_code, ours, rounds, states)
    problems += _out_of_scope(made, rounds_by_code, ours, rounds)
    if made.state in {s.value for s in cycle.CYCLE_ENDED}:
        problems.append(Problem("cycle-not-running", "cycle", {"state": made.state}))
    if problems:
        raise Invalid(*problems)
    _write_places(ctx, {ids[code]: rounds[number].id for code, number in rounds_by_code.items()}, states)
    ctx.record("cycle.place", made, Note(told={"specialties": len(rounds_by_code)}), grant=grant)
    return {n: sum(1 for v in rounds_by_code.values() if v == n) for n in rounds}


def _misplaced(
    wanted: Mapping[str, int],
    ours: Mapping[str, Site],
    rounds: Mapping[int, Round],
    states: Mapping[int, tuple[int, str, int]],
) -> list[Problem]:
    open_ = {n for n, r in rounds.items() if r.state in {s.value for s in cycle.REVIEWS_MAY_MOVE}}
    problems = []
    for code, number in wanted.items():
        where = f"specialties.{code}"
        if code not in ours:
            problems.append(Problem("not-found", where, {"kind": "specialty", "id": code}))
        elif number not in rounds:
            problems.append(Problem("round-unknown", where, {"round": number}))
        elif number not in open_ or (
            ours[code].id in states and states[ours[code].id][1] != review.State.PLANNED.value
        ):
            problems.append(Problem("round-already-collecting", where, {"round": number}))
    return problems


def _out_of_scope(
    made: Cycle, wanted: Mapping[str, int], ours: Mapping[str, Site], rounds: Mapping[int, Round]
) -> list[Problem]:
    """Which of these the cycle does not review: another level or kind of school, or not open at the reference date."""
    problems = []
    for code, site in ours.items():
        where, number = f"specialties.{code}", wanted[code]
        if site.level not in made.levels or site.school_kind not in made.school_kinds:
            facts = {"level": site.level, "school_kind": site.school_kind, "levels": list(made.levels),
                     "school_kinds": list(made.school_kinds)}  # fmt: skip
            problems.append(Problem("specialty-not-in-scope", where, facts))
        elif number in rounds and not site.is_open(day := rounds[number].reference_date):
            problems.append(Problem("specialty-not-open", where, {"round": number, "day": day.isoformat()}))
    return problems


def _write_places(ctx: Context, wanted: Mapping[int, int], states: Mapping[int, tuple[int, str, int]]) -> None:
    new = [{"round_id": r, "specialty_id": s, "state": review.WORKFLOW.start.value, "updated_at": ctx.now}
           for s, r in wanted.items() if s not in states]  # fmt: skip
    for start in range(0, len(new), 2000):
        ctx.session.execute(insert(Review).values(new[start : start + 2000]))
    for s, r in wanted.items():
        if s in states and states[s][0] != r:
            ctx.session.execute(sa.update(Review).where(Review.id == states[s][2]).values(round_id=r))


def specialty_ids(ctx: Context, codes: Sequence[str]) -> dict[str, int]:
    """Current code → specialty id, for those there are."""
    found = sa.select(SpecialtyCode.code, SpecialtyCode.specialty_id).where(
        SpecialtyCode.code.in_(codes), SpecialtyCode.valid_to.is_(None)
    )
    return {code: key for code, key in ctx.session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()


def facts_of_cycle(ctx: Context, made: Cycle, reason: str = "") -> CycleFacts:
    """What the cycle's steps look at."""
    wanted = sa.select(Round.id, Round.number, Round.state, Round.policy_id, Round.reference_date).where(
        Round.cycle_id == made.id
    )
    rounds = ctx.session.execute(wanted.order_by(Round.number)).all()
    round_ids = [r.id for r in rounds]
    begun = attributes.sites(ctx.session, made.jurisdiction_code, levels=made.levels,
                             school_kinds=made.school_kinds, at=date(made.first_year, 1, 1))  # fmt: skip
    # What no round can take, because it closes or opens between the two days, is not waited for.
    in_scope = [key for key, site in begun.items() if any(site.is_open(r.reference_date) for r in rounds)]
    # A suspended specialty stays in scope until its last student has left.
    in_scope = sorted(set(in_scope) - teach_outs.taught_out(ctx.session, in_scope))
    reviewed = sa.select(Review.specialty_id).where(Review.round_id.in_(round_ids), Review.replaces_id.is_(None))
    placed = list(ctx.session.scalars(reviewed))
    twice = {s for s in placed if placed.count(s) > 1} if len(set(placed)) != len(placed) else set()
    ended = {s.value for s in cycle.ROUND_ENDED}
    return CycleFacts(
        rounds=len(rounds),
        rounds_without_policy=tuple(
            str(r.number) for r in rounds if attributes.unfit(cycles.policy_of(ctx.session, r.policy_id))
        ),
        in_scope=len(in_scope),
        unplaced=tuple(_codes(ctx, set(in_scope) - set(placed))),
        placed_twice=tuple(_codes(ctx, twice)),
        unended_reviews=review_queries.unended(ctx.session, round_ids),
        unended_rounds=sum(1 for r in rounds if r.state not in ended),
        reason=reason,
    )


def _codes(ctx: Context, ids: set[int]) -> list[str]:
    if not ids:
        return []
    found = sa.select(SpecialtyCode.code).join(Specialty, Specialty.id == SpecialtyCode.specialty_id).where(
        SpecialtyCode.specialty_id.in_(ids), SpecialtyCode.valid_to.is_(None)
    )  # fmt: skip
    return sorted(ctx.session.scalars(found))


def move(ctx: Context, cycle_id: int, event: CycleEvent, *, reason: str = "", version: int | None = None) -> Cycle:
    """Start, conclude or cancel a cycle. Cancelling ends what is unconfirmed; confirmed ratings and appeals stand.

    The rounds and reviews of a cancelled cycle end with it, in the same transaction.
    """
    made = ctx.locked(Cycle, cycle_id, version=version)
    scope = Scope(city=made.jurisdiction_code)
    facts = facts_of_cycle(ctx, made, reason)
    ctx.advance(cycle.CYCLE, made, event, facts, scope, note=Note(reason=reason, audience="public"))
    if event == CycleEvent.CANCEL:
        _cancel_rounds(ctx, made, scope, reason)
    return made


def _cancel_rounds(ctx: Context, made: Cycle, scope: Scope, reason: str) -> None:
    going = [s.value for s in cycle.RoundState if s not in cycle.ROUND_ENDED]
    rounds = list(ctx.session.scalars(
        sa.select(Round.id).where(Round.cycle_id == made.id, Round.state.in_(going)).order_by(Round.id)))  # fmt: skip
    ctx.lock_all(Round, rounds)
    left = review_queries.ending_with(ctx.session, rounds)
    ctx.lock_all(Review, left)
    clock, note = ctx.as_system(), Note(reason=reason, audience="public")
    clock.advance_many(cycle.ROUND, Round, cycle.RoundEvent.CANCEL, rounds, scope,
                       facts=dict.fromkeys(rounds, RoundFacts(reason=reason)), note=note)  # fmt: skip
    clock.advance_many(review.WORKFLOW, Review, review.Event.CANCEL, left, scope,
                       facts=dict.fromkeys(left, review.Facts(round_cancelled=True)), note=note)  # fmt: skip


def by_code(ctx: Context, code: str) -> Cycle:
    """A cycle by its code; NotFound."""
    made = ctx.session.scalar(sa.select(Cycle).where(Cycle.code == code))
    if made is None:
        raise NotFound(Problem("not-found", "cycle", {"kind": "cycle", "id": code}))
    return made


def read(ctx: Context, cycle_id: int) -> Cycle:
    """A cycle by its number; NotFound."""
    made = ctx.session.get(Cycle, cycle_id)
    if made is None:
        raise NotFound(Problem("not-found", "cycle", {"kind": "cycle", "id": cycle_id}))
    return made


def possible(ctx: Context, made: Cycle) -> list[Possible]:
    """What the caller may do with the cycle, each with why it is not possible now, but for the reason to be written."""
    return ctx.possible(cycle.CYCLE, made.state, facts_of_cycle(ctx, made, "…"), Scope(city=made.jurisdiction_code))


def policies(ctx: Context) -> list[PolicyDocument]:
    """Every policy on record, by id and version."""
    order = sa.select(PolicyDocument).order_by(PolicyDocument.policy_id, PolicyDocument.policy_version)
    return list(ctx.session.scalars(order))


def policy(ctx: Context, policy_id: str, version: str) -> PolicyDocument:
    """One policy; NotFound."""
    row = ctx.session.scalar(
        sa.select(PolicyDocument).where(PolicyDocument.policy_id == policy_id, PolicyDocument.policy_version == version)
    )
    if row is None:
        raise NotFound(Problem("not-found", "policy", {"kind": "policy", "id": f"{policy_id}@{version}"}))
    return row
