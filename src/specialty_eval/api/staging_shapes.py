"""What staged files answer."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from .problems import ReasonAnswer


class ProgressAnswer(BaseModel):
    """How far a file is: the step it has reached, of how many, and whether a job is at the next one.

    `stage` is what that job does at this moment (`waiting`: it has not begun), null when there is none; of what it does
    `stage_done` are done, of `stage_of` where that is known: rows read, rows laid down.
    """

    step: Literal["received", "checked", "confirmed"]
    done: int
    of: int
    running: bool
    stage: Literal["waiting", "reading", "checking", "laying", "comparing", "writing"] | None
    stage_done: int | None
    stage_of: int | None


class CountsAnswer(BaseModel):
    """Rows of the file, and of its values in rows that are in order how many there are and what they would do.

    `conflicts` of a confirmed file of drafts were not written: the draft had been saved or its review moved meanwhile.
    """

    rows: int
    values: int
    new: int
    changed: int
    gone: int
    unchanged: int
    conflicts: int = 0


class TotalsAnswer(BaseModel):
    """Code → how many: of what is wrong, and of what was understood."""

    problem: dict[str, int]
    notice: dict[str, int]


class StagedAnswer(BaseModel):
    """A file that waits. `difference` is the hash to confirm, null until it is checked; `round` whose drafts it fills.

    `refused` is why a job could not confirm it.
    """

    id: int
    name: str
    policy: str
    round: int | None
    digest: str
    media_type: str
    charset: Literal["utf-8", "gb18030"] | None = Field(description="in which a CSV is read; null for a workbook")
    size: int
    whole: bool
    received_at: datetime
    expires_at: datetime
    progress: ProgressAnswer
    checked_at: datetime | None
    measures: list[str]
    counts: CountsAnswer | None
    problems: int
    notices: int
    annotated: bool
    totals: TotalsAnswer
    difference: str | None
    confirmed_at: datetime | None
    refused: list[ReasonAnswer]


class RemarkAnswer(BaseModel):
    """A remark at a cell, as a spreadsheet calls it (`F17`); an empty one is about the file as a whole."""

    cell: str
    reason: ReasonAnswer


class DifferenceAnswer(BaseModel):
    """A value: on record before (null: nothing), after the yes (null: gone)."""

    row: int
    specialty: str
    year: int
    measure: str
    before: str | None
    after: str | None
