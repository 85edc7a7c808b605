"""Can the installation do its work: the database answers, somebody acts when something is due, events are delivered."""

from dataclasses import dataclass
from datetime import datetime

from specialty_eval.store import job_queries, webhook_queries

from .context import Context


@dataclass(frozen=True, slots=True)
class Health:
    """When a worker last went through everything that was due (None: never), how many jobs are failing, and when the
    oldest event happened that an endpoint still waits for (None: none).
    """

    seen_at: datetime | None
    failing: int
    undelivered_since: datetime | None


def of_worker(ctx: Context) -> Health:
    """How the worker is."""
    return Health(*job_queries.health(ctx.session), webhook_queries.undelivered_since(ctx.session))
