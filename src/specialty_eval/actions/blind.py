"""Who reads a review without learning whose it is, and which of its material such a reader may see."""

from specialty_eval.engine.assignment import ASSIGNED
from specialty_eval.engine.permissions import Scope, only_as_expert
from specialty_eval.store import material_queries, panel_queries
from specialty_eval.store.reviews import Review

from .context import Context


def reads_blind(ctx: Context, row: Review, scope: Scope) -> bool:
    """Whether the caller reads the review as one of its experts alone, in a round whose experts are not to know."""
    return only_as_expert(ctx.actor, scope, ctx.today) and material_queries.is_blind(ctx.session, row.round_id)


def before_accepting(ctx: Context, row: Review, scope: Scope) -> bool:
    """Whether the caller was asked to score the review and has not accepted yet: they see its title alone."""
    if not only_as_expert(ctx.actor, scope, ctx.today):
        return False
    return panel_queries.state_of(ctx.session, row.id, ctx.person_id) not in ASSIGNED


def open_to_the_blind(ctx: Context, row: Review) -> frozenset[int | None]:
    """The numbers of the files that such a reader may see, with None for the words handed in."""
    names = material_queries.names(ctx.session, row)
    found = material_queries.pieces(ctx.session, row)
    return frozenset(None if p.attachment is None else p.attachment.id for p in found if p.is_open(names))
