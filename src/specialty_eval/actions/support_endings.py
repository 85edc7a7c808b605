"""What a specialty that is no longer supported was granted ends with its standing, in the same transaction."""

from collections.abc import Collection

from specialty_eval.engine.permissions import Scope
from specialty_eval.engine.support import SUPPORT, SupportEvent, SupportFacts
from specialty_eval.store import supports
from specialty_eval.store.supports import SupportGrant

from .context import Context, Note


def expire(ctx: Context, specialties: Collection[int], scope: Scope) -> None:
    """End the supports of these specialties that their standing gives no longer, in public."""
    ids = supports.gone(ctx.session, specialties)
    if not ids:
        return
    ctx.lock_all(SupportGrant, ids)
    facts = dict.fromkeys(ids, SupportFacts(ground_gone=True))
    ctx.as_system().advance_many(SUPPORT, SupportGrant, SupportEvent.EXPIRE, ids, scope, facts=facts,
                                 note=Note(audience="public"), changes={"ended_on": ctx.today})  # fmt: skip
