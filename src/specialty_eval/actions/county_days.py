"""Until when a county has for its check: the policy's days from the day something was handed in, or defaulted."""

from datetime import datetime

from specialty_eval.engine.permissions import Scope
from specialty_eval.engine.policy import Policy
from specialty_eval.store.reviews import Review

from .context import LOCAL, Context


def of_policy(ctx: Context, policy: Policy) -> datetime:
    """The end of the days that begin now."""
    return ctx.calendar().due(ctx.now, policy.workflow.days["county_check"], LOCAL)


def of_review(ctx: Context, row: Review, scope: Scope, policy: Policy) -> datetime | None:
    """The same for one review; None where no county checks it: none at all, the city's school, or taken over."""
    checks = policy.workflow.county_check and not scope.run_by_city and not row.taken_over
    return of_policy(ctx, policy) if checks else None
