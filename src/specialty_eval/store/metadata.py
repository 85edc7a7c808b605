"""Every table there is: for whoever compares them with a database."""

import sqlalchemy as sa

from . import (
    accounts,
    amendments,
    applications,
    calendars,
    closings,
    corrections,
    cycles,
    deliberation,
    designations,
    documents,
    experts,
    jobs,
    ledger,
    material,
    outcomes,
    overdue,
    plan_caps,
    rectification_words,
    registry,
    reports,
    reviews,
    simulations,
    specialty_lists,
    staging,
    successions,
    supports,
    teach_outs,
    webhooks,
)
from .base import Base

TABLES = (
    accounts,
    amendments,
    applications,
    calendars,
    corrections,
    closings,
    cycles,
    deliberation,
    experts,
    designations,
    documents,
    jobs,
    ledger,
    material,
    outcomes,
    overdue,
    plan_caps,
    supports,
    teach_outs,
    rectification_words,
    registry,
    reports,
    reviews,
    simulations,
    specialty_lists,
    staging,
    webhooks,
    successions,
)
"""Every module with tables, so that the metadata is whole wherever this is imported."""

METADATA: sa.MetaData = Base.metadata
