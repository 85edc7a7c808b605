"""Request bodies that several routes share, and what all have in common."""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Day = Annotated[date, Field(strict=False, ge=date(1900, 1, 1), le=date(2100, 12, 31))]
"""A day as YYYY-MM-DD; one that no calendar of ours reaches is a slip of the pen."""

_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2100, 12, 31, tzinfo=UTC)
Moment = Annotated[AwareDatetime, Field(strict=False, ge=_FIRST, le=_LAST)]
"""An instant with its offset, within the same years."""


class Body(BaseModel):
    """A request body: unknown fields are refused, nothing is coerced from another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Reason(Body):
    """Why; needed where the step says so."""

    reason: str = Field("", max_length=4000)
