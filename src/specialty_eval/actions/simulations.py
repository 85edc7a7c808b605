"""Another policy, or an edited copy, tried over a round that was scored: kept apart, and nothing else is touched."""

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.frozen import Inputs
from specialty_eval.engine.permissions import Role, Scope, Thing
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.policy_load import load_policy
from specialty_eval.engine.roles import roles
from specialty_eval.store import bulk, bundle_queries, cycles, scopes, simulations
from specialty_eval.store.cycles import RoundRow
from specialty_eval.store.simulations import Simulation, SimulationRow

from .context import Context, Note
from .paging import Page

if TYPE_CHECKING:
    from specialty_eval.engine.simulation import Facts

SIMULATORS = roles(Role.SECRETARY, Role.POLICY_EDITOR, Role.BUREAU_APPROVER)
MOST_DRAWS = 10_000
"""In one request; the command line draws more."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What is tried: a policy's text, or one on record by id and version; neither: the round's own."""

    text: str | None = None
    policy: tuple[str, str] | None = None
    seed: int = 0
    draws: int = MOST_DRAWS


def simulate(ctx: Context, round_id: int, tried: Tried) -> Simulation:
    """Try a policy over the newest run of a round and keep what it gives, with an event for the office.

    NotYou for whoever is recused from anything in the round: a policy made for it would tell what is kept from them.
    NotNow before the round was scored. Invalid with every problem of the policy, or of the figures under it.
    """
    from specialty_eval.engine import simulation  # noqa: PLC0415 -- slow import: NumPy

    r = cycles.round_of(ctx.session, round_id)
    grant = ctx.permit(SIMULATORS, Scope(city=r.city), where="simulation")
    if scopes.recused_codes(ctx.session, round_id, ctx.person_id):
        raise NotYou(Problem("recused", "simulation"))
    if problems := _problems(tried):
        raise Invalid(*problems)
    policy, against = _policy(ctx, r, tried), cycles.policy_of(ctx.session, r.policy_id)
    run_id, inputs, facts = _facts(ctx, r)
    limits = simulation.WITHIN_SECONDS
    found = simulation.simulate(policy, against, facts, seed=tried.seed, draws=tried.draws, limits=limits)
    told = [simulation.row_text(row) for row in found.rows]
    made = ctx.saved(
        Simulation(round_id=round_id, run_id=run_id, policy_id=policy.id, policy_version=policy.version,
                   policy_digest=policy.digest, against_digest=against.digest, inputs_digest=_keyed(ctx, inputs),
                   seed=tried.seed, draws=found.draws,
                   labels={"before": simulation.labels(against), "after": simulation.labels(policy)},
                   summary=simulation.summary(told, found.draws), made_at=ctx.now, made_by=ctx.person_id)
    )  # fmt: skip
    bulk.insert_all(ctx.session, SimulationRow, (
        {"simulation_id": made.id, "code": row["code"], "told": row,
         "changed": row["before"]["rating"] != row["after"]["rating"]}
        for row in told
    ))  # fmt: skip
    said = {
        "policy": policy.digest,
        "run": run_id,
        "inputs": made.inputs_digest,
        "seed": tried.seed,
        "draws": found.draws,
    }
    ctx.record("round.simulate", made, Note(told=said, round_id=round_id), grant=grant)
    return made


def _keyed(ctx: Context, inputs: Inputs) -> str:
    """The same figures have the same digest in this installation, and nobody else can try figures against it."""
    return hmac.digest(ctx.files.secret(), inputs.digest.encode(), "sha256").hex()


def _problems(tried: Tried) -> list[Problem]:
    found = []
    if tried.text is not None and tried.policy is not None:
        found.append(Problem("two-policies-to-try", "policy"))
    if not 0 <= tried.draws <= MOST_DRAWS:
        found.append(Problem("draws-out-of-range", "draws", {"value": tried.draws, "most": MOST_DRAWS}))
    return found


def _policy(ctx: Context, r: RoundRow, tried: Tried) -> Policy:
    if tried.text is not None:
        return load_policy(tried.text)
    if tried.policy is not None:
        return cycles.policy_named(ctx.session, *tried.policy)
    return cycles.policy_of(ctx.session, r.policy_id)


def _facts(ctx: Context, r: RoundRow) -> tuple[int, Inputs, "Facts"]:
    """The newest run's inputs with what single runs replaced since, and the last quotas before the round's year."""
    from specialty_eval.engine.places import Place  # noqa: PLC0415 -- slow import: NumPy
    from specialty_eval.engine.simulation import Facts  # noqa: PLC0415 -- slow import: NumPy

    kept = simulations.runs(ctx.session, r.id)
    if not kept:
        raise NotNow(Problem("no-score-run", "score_run"))
    whole, *singles = kept
    inputs = Inputs.unpacked(whole.inputs)
    codes = simulations.single_codes(ctx.session, [run.id for run in singles])
    for run in singles:
        inputs = inputs.with_those_of(Inputs.unpacked(run.inputs), codes.get(run.id, []))
    quotas = simulations.last_quotas(ctx.session, inputs.rated, r.year)
    places = {q.code: Place(q.county, q.class_code, q.quota, q.capacity) for q in quotas}
    facts = Facts(inputs.evidence.encode(), inputs.history.encode(), inputs.rated, places)
    return kept[-1].id, inputs, facts


def of_round(ctx: Context, code: str) -> tuple[Policy, "Facts"]:
    """A stored round by its code, for whoever runs the installation: its policy and what it was scored with."""
    found = bundle_queries.rounds(ctx.session, code)
    if not found:
        raise NotFound(Problem("not-found", "round", {"kind": "round", "id": code}))
    r = cycles.round_of(ctx.session, found[0].id)
    return cycles.policy_of(ctx.session, r.policy_id), _facts(ctx, r)[2]


# --- reading ---------------------------------------------------------------------------------------------------------


def read(ctx: Context, simulation_id: int) -> tuple[Simulation, dict[str, Any]]:
    """A simulation and its sums; without anything of the specialties that the caller is recused from."""
    from specialty_eval.engine.simulation import summary  # noqa: PLC0415 -- slow import: NumPy

    made, hidden = _found(ctx, simulation_id)
    if not hidden:
        return made, made.summary
    return made, summary(list(simulations.all_rows(ctx.session, made.id, hidden)), made.draws)


def rows(
    ctx: Context, simulation_id: int, page: Page, *, changed: bool | None = None
) -> tuple[list[dict[str, Any]], str | None]:  # fmt: skip
    """Everybody's rows in order of code, or those alone that change colour (or do not)."""
    made, hidden = _found(ctx, simulation_id)
    query = simulations.rows_of(made.id, hidden)
    if changed is not None:
        query = query.where(SimulationRow.changed == changed)
    found = [tuple(row) for row in ctx.session.execute(page.within(query, SimulationRow.code))]
    shown, cursor = page.cut(found, lambda row: (row[0],))
    return [told for _, told in shown], cursor


def _found(ctx: Context, simulation_id: int) -> tuple[Simulation, frozenset[str]]:
    made = ctx.session.get(Simulation, simulation_id)
    if made is None:
        raise NotFound(Problem("not-found", "simulation", {"kind": "simulation", "id": simulation_id}))
    city = cycles.round_of(ctx.session, made.round_id).city
    ctx.permit_read(Thing.SIMULATIONS, Scope(city=city), where="simulation")
    return made, scopes.recused_codes(ctx.session, made.round_id, ctx.person_id)
