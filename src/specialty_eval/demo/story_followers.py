"""Another system follows: its key, its role, and the address that is told of every rating and plan."""

import sqlalchemy as sa

from specialty_eval.actions import accounts, webhooks
from specialty_eval.actions.webhooks import Wanted
from specialty_eval.engine.permissions import Role
from specialty_eval.engine.webhooks import Algorithm
from specialty_eval.store.registry import Organisation

from .story import YEARS
from .world import Step, World

ADDRESS = "https://admissions.example.invalid/specialty-eval"
"""An address that there is none of, by its name: whoever tries the demo puts their own in its place."""
KINDS = ("review.confirm", "plan.approve", "standing.rate")


def begun() -> Step:
    """Before the first round."""
    return Step(f"{YEARS[0]} 招生平台接入 · the admissions platform follows", _follow)


def _follow(world: World) -> None:
    """Nothing is sent before somebody enables it: the demo reaches for no machine but its own."""
    administrator = world.as_("administrator")
    key, _ = accounts.create_key(administrator, "示例招生平台")
    bureau = world.session.scalars(sa.select(Organisation.id).where(Organisation.kind == "bureau")).one()
    accounts.grant_role(administrator, Role.INTEGRATION, bureau, api_key_id=key.id, valid_from=administrator.today)
    made, _ = webhooks.create(administrator, Wanted(ADDRESS, KINDS), Algorithm.ED25519, key.id)
    webhooks.disable(administrator, made.id)
