"""Can the installation do its work: the database answers, and somebody acts when something is due."""

from datetime import datetime

from specialty_eval.store import job_queries

from .context import Context


def worker_seen(ctx: Context) -> tuple[datetime | None, int]:
    """When a worker last went through everything that was due (None: never), and how many jobs are failing."""
    return job_queries.health(ctx.session)
