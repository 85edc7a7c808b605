"""The yes to a staged file: rights, reviews and the record looked at again, then all of it written at once."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from specialty_eval.engine.errors import Changed, NotNow, NotYou, Problem
from specialty_eval.engine.letters import Flags, Places
from specialty_eval.engine.permissions import Kind
from specialty_eval.engine.policy import Policy
from specialty_eval.store import registry_queries, staging_queries
from specialty_eval.store.registry import Intake
from specialty_eval.store.staging import StagedFile

from . import staging_checks, staging_drafts
from .context import Context, Note
from .intake_tables import FIGURES
from .staging_files import FILE, hash_of, own, permitted, policy_of, refuse_unshown, suppliers_of, tell


def confirm(ctx: Context, file_id: int, difference: str) -> StagedFile:
    """Put exactly the difference that was shown on record, in the caller's transaction.

    Changed when another was shown, or when what is on record has changed since; NotYou and NotNow as when it was
    checked, for rights and reviews are looked at again.
    """
    permitted(ctx)
    row = own(ctx, file_id, lock=True)
    refuse_unshown(row, difference)
    tell(ctx, row.id, "writing")
    if row.round_id is None:
        _put_on_record(ctx, row)
    else:
        staging_drafts.confirm(ctx, row)
    staging_queries.forget(ctx.session, [row.id], remarks=False)
    ctx.saved(row)
    ctx.session.expire_all()
    return row


def _put_on_record(ctx: Context, row: StagedFile) -> None:
    policy = policy_of(ctx, row)
    ctx.session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("intake figures"))))
    _check_again(ctx, row, policy)
    suppliers = suppliers_of(row, policy)
    if hash_of(row, staging_queries.base_of(ctx.session, row, suppliers)) != row.difference:
        raise Changed(Problem("base-changed", FILE))
    staging_queries.take(ctx.session, row, suppliers, ctx.now, ctx.person_id)
    row.intake_id, row.confirmed_at = _recorded(ctx, row).id, ctx.now


def _recorded(ctx: Context, row: StagedFile) -> Intake:
    """The load and the one event that tells of it."""
    counts = {name: row.counts[name] for name in ("rows", "new", "changed", "unchanged")}
    of = f"{row.policy_id}@{row.policy_version}"
    intake = ctx.saved(Intake(kind=FIGURES.name, of=of, digest=row.digest, loaded_at=ctx.now, loaded_by=ctx.person_id,
                              **counts))  # fmt: skip
    told = {**counts, "gone": row.counts["gone"], "digest": row.digest, "of": of}
    ctx.record(f"intake.{FIGURES.name}", intake, Note(audience=FIGURES.audience, told=told))
    return intake


@dataclass(frozen=True, slots=True)
class _Reported:
    """A file's rows without their values: which measures (by place, from 0) each says something of."""

    row: Places
    specialty: Places
    year: Places
    masks: Flags

    def says(self, place: int) -> Flags:
        """Which rows say something of a measure."""
        found: Flags = self.masks[:, place]
        return found


def _reported(ctx: Context, row: StagedFile) -> _Reported:
    found = staging_queries.reported(ctx.session, row.id)
    said = "".join(one[3] for one in found).encode()
    masks = np.frombuffer(said, np.uint8).reshape(len(found), -1) == ord("1") if found else np.zeros((0, 0), np.bool_)
    rows, sites, years = (np.array([one[n] for one in found], np.int64) for n in range(3))
    return _Reported(rows, sites, years, masks)


def _check_again(ctx: Context, row: StagedFile, policy: Policy) -> None:
    """Rights and reviews as they are at this moment: a role may have ended, a review begun, since the file came."""
    given = _reported(ctx, row)
    if not given.row.size:
        return
    sites = registry_queries.specialties_by_id(ctx.session, np.unique(given.specialty).tolist())
    site = np.searchsorted(np.array([one.id for one in sites], np.int64), given.specialty)
    suppliers = suppliers_of(row, policy)
    held = staging_checks.rights(ctx, sites, sorted(set(suppliers)))
    refused = [
        Problem("measure-not-yours", f"measures.{code}", {"supplier": supplier, "expected": supplier})
        for place, (code, supplier) in enumerate(zip(row.measures, suppliers, strict=True))
        if ((row.whole | given.says(place)) & ~held.may(supplier, site, given.year)).any()
    ]
    if refused:
        raise NotYou(*refused)
    says: Mapping[bool, Flags] = {
        kind: np.logical_or.reduce([row.whole | given.says(place) for place, s in enumerate(suppliers)
                                    if (s == Kind.SCHOOL) is kind])
        for kind in {s == Kind.SCHOOL for s in suppliers}
    }  # fmt: skip
    by_review = staging_checks.held_rows(ctx, given.specialty, given.year, says)
    if by_review:
        raise NotNow(*(
            Problem("year-under-review", f"row {int(given.row[place])}",
                    {"year": int(given.year[place]), "review": review})
            for place, review in list(by_review.items())[:100]
        ))  # fmt: skip
