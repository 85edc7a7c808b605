"""Request bodies that several routes share, and what all have in common."""

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from specialty_eval.engine.characters import is_one_line

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_WHOLE = re.compile(r"-?[0-9]{1,20}")


def _written(shape: re.Pattern[str], kind: str) -> BeforeValidator:
    """Text of this shape alone: a number is no day, and half past nine no date."""

    def check(value: object) -> object:
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise PydanticCustomError(kind, "not written like this")
        return value

    return BeforeValidator(check)


Day = Annotated[date, Field(strict=False, ge=date(1900, 1, 1), le=date(2100, 12, 31)), _written(_DAY, "date_written")]
"""A day as YYYY-MM-DD; one that no calendar of ours reaches is a slip of the pen."""

_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2100, 12, 31, tzinfo=UTC)
Moment = Annotated[AwareDatetime, Field(strict=False, ge=_FIRST, le=_LAST), _written(_MOMENT, "datetime_written")]
"""An instant with its offset, within the same years."""

Whole = Annotated[int, _written(_WHOLE, "int_parsing")]
"""A whole number of a query, in digits: 2026.0 is none."""

YearWritten = Annotated[str, _written(re.compile(r"[0-9]{4}"), "int_parsing")]
"""A year as the key of an object: four digits."""


def _one_line(text: str) -> str:
    if not is_one_line(text):
        raise PydanticCustomError("text_not_one_line", "not one line")
    return text


OneLine = Annotated[str, AfterValidator(_one_line)]
"""A number, a name, a title: what is printed on official paper in one line, and is what it looks like."""


class Body(BaseModel):
    """A request body: unknown fields are refused, nothing is coerced from another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Reason(Body):
    """Why; needed where the step says so."""

    reason: str = Field("", max_length=4000)
