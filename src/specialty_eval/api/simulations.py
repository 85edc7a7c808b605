"""Simulations: another policy tried over a round that was scored."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from specialty_eval.actions import simulations

from .bodies import Body
from .deps import Ctx, Paging, Transactional, listed
from .shapes import Listed
from .simulation_shapes import SimulationAnswer, SimulationRowAnswer

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["simulations"])


class PolicyNamed(Body):
    """A policy on record."""

    id: str = Field(min_length=1, max_length=100)
    version: str = Field(min_length=1, max_length=100)


class NewSimulation(Body):
    """The policy to try, as text or by its name on record; without either the round's own."""

    text: str | None = Field(None, max_length=1_000_000)
    policy: PolicyNamed | None = None
    seed: int = Field(0, ge=0, le=2**53)
    draws: int = Field(simulations.MOST_DRAWS, ge=0, le=simulations.MOST_DRAWS)


@router.post("/rounds/{round_id}/simulations", status_code=201, response_model=SimulationAnswer)
def simulate(round_id: int, body: NewSimulation, ctx: Ctx) -> dict[str, Any]:
    """Try a policy over the round's newest score run (secretary, policy editor, bureau approver)."""
    named = None if body.policy is None else (body.policy.id, body.policy.version)
    made = simulations.simulate(ctx, round_id, simulations.Tried(body.text, named, body.seed, body.draws))
    return simulation_view(made, made.summary)


@router.get("/simulations/{simulation_id}", response_model=SimulationAnswer)
def read_simulation(simulation_id: int, ctx: Ctx) -> dict[str, Any]:
    """A simulation's sums; without anything of the specialties that the caller is recused from."""
    return simulation_view(*simulations.read(ctx, simulation_id))


@router.get("/simulations/{simulation_id}/rows", response_model=Listed[SimulationRowAnswer])
def list_rows(
    simulation_id: int, ctx: Ctx, paging: Paging, changed: Annotated[bool | None, Query()] = None
) -> dict[str, Any]:
    """Everybody's rows in order of code, or those alone that change colour (or do not)."""
    return listed(*simulations.rows(ctx, simulation_id, paging, changed=changed))


def simulation_view(made: Any, summary: dict[str, Any]) -> dict[str, Any]:
    """A simulation without its rows."""
    return {
        "id": made.id, "round_id": made.round_id, "run_id": made.run_id,
        "policy": {"id": made.policy_id, "version": made.policy_version, "digest": made.policy_digest},
        "against": made.against_digest, "inputs": made.inputs_digest, "seed": made.seed, "draws": made.draws,
        "made_at": made.made_at, "labels": made.labels, "summary": summary,
    }  # fmt: skip
