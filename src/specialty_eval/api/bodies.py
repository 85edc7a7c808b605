"""Request bodies that several routes share, and what all have in common."""

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    """A request body: unknown fields are refused, nothing is coerced from another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Reason(Body):
    """Why; needed where the step says so."""

    reason: str = Field("", max_length=4000)
