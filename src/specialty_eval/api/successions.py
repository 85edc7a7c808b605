"""Successions: what was merged, split, renamed, moved or mapped; proposed by one person, recorded by another."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from specialty_eval.actions import status, successions
from specialty_eval.actions.successions import NewSuccession
from specialty_eval.engine.succession import MOST_LINES, Act, Subject, SuccessionState, Wanted
from specialty_eval.engine.vocabulary import Rating

from .bodies import Body, Day, OneLine, Reason
from .codes import AnyCode
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .shapes import GONE, ActionAnswer, Listed, StatusAnswer, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["registry"])

Code = Annotated[str, Field(max_length=60)]


class WantedLine(Body):
    """One thing that succeeds another; which fields it takes depends on the subject and the act."""

    of: Code = Field(description="专业或学校的代码，或 版本/目录代码 · a code, or edition/catalogue code")
    into: Code = Field(
        "", description="并入的专业、学校，或新版目录中的专业 · what it becomes part of, or the new entry"
    )
    school: Code = Field("", description="移到的学校 · the school it moves to")
    catalogue_code: Code = ""
    direction: Annotated[OneLine, Field(max_length=60)] | None = None
    name: OneLine = Field("", max_length=100)
    county: Code = ""
    code: Code = Field("", description="学校的新代码 · the school's new code")
    specialties: list[Code] = Field(default_factory=list, max_length=MOST_LINES)


class NewSuccessionBody(Body):
    """What became what, on which day, why, and under which document."""

    subject: Literal["specialty", "school", "catalogue"]
    act: Literal["merged", "split", "renamed", "moved", "mapped"]
    effective_on: Day
    reason: str = Field(max_length=4000)
    document_number: OneLine = Field(max_length=100)
    lines: list[WantedLine] = Field(max_length=MOST_LINES)
    keeps: Literal["green", "yellow", "red"] | None = Field(
        None, description="合并后由委员会保留的等级；空：较差的 · the rating the committee keeps; else the worse"
    )


class SuccessionLineAnswer(BaseModel):
    """What a succession did to one specialty."""

    act: Act
    effective_on: date
    from_code: str
    to_code: str
    carried: str | None = Field(description="随之而去的现行等级 · the rating in force that went over")


class SuccessionAnswer(BaseModel):
    """A succession, as it was proposed and as it happened."""

    id: int
    jurisdiction: str
    subject: Subject
    act: Act
    effective_on: date
    reason: str
    document_number: str
    keeps: Rating | None
    wanted: list[WantedLine]
    state: SuccessionState
    proposed_at: datetime
    recorded_at: datetime | None
    lines: list[SuccessionLineAnswer]


class OneSuccession(SuccessionAnswer):
    """A succession with what the caller may do."""

    actions: list[ActionAnswer]


class PartRating(BaseModel):
    """A rating of what is part of the specialty now, with both its times."""

    rating: Rating
    year: int
    document_number: str
    valid_from: date
    valid_to: date | None
    known_from: datetime
    known_to: datetime | None


class HistoryLine(SuccessionLineAnswer):
    """One line of a specialty's history; `ratings`: of what became part of it."""

    succession_id: int
    document_number: str
    ratings: list[PartRating]


class HistoryAnswer(Listed[HistoryLine]):
    """Its whole history; `status` is the last one of a closed specialty, null before."""

    status: StatusAnswer | None


def _line(line: Any) -> dict[str, Any]:
    told = {name: getattr(line, name) for name in ("act", "effective_on", "from_code", "to_code")}
    return {**told, "carried": line.carried or None}


def _answer(row: Any, lines: Sequence[Any]) -> dict[str, Any]:
    told = ("id", "subject", "act", "effective_on", "reason", "document_number", "state", "proposed_at", "recorded_at",
            "wanted")  # fmt: skip
    return {**{name: getattr(row, name) for name in told}, "jurisdiction": row.jurisdiction_code,
            "keeps": row.keeps or None, "lines": [_line(line) for line in lines]}  # fmt: skip


def _whole(ctx: Ctx, row: Any, response: Response) -> dict[str, Any]:
    tag(response, row.version)
    lines = successions.lines(ctx, [row]).get(row.id, [])
    return {**_answer(row, lines), "actions": actions_of(successions.possible(ctx, row))}


@router.post("/successions", status_code=201, response_model=OneSuccession)
def propose(body: NewSuccessionBody, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Put a succession before the second person (secretary, administrator: the first of two)."""
    wanted = tuple(
        Wanted(**{**line.model_dump(), "specialties": tuple(line.specialties)}) for line in body.lines
    )  # fmt: skip
    new = NewSuccession(Subject(body.subject), Act(body.act), body.effective_on, body.reason, body.document_number,
                        wanted, body.keeps or "")  # fmt: skip
    return _whole(ctx, successions.propose(ctx, new), response)


@router.get("/successions", response_model=Listed[SuccessionAnswer])
def list_successions(
    ctx: Ctx, paging: Paging, jurisdiction: Annotated[str | None, Query(pattern=r"^[0-9]{6}$")] = None
) -> dict[str, Any]:
    """The recorded successions (public), and the others of one's own city (the office), in their order."""
    rows, cursor = successions.listing(ctx, paging, jurisdiction)
    lines = successions.lines(ctx, rows)
    return listed([_answer(row, lines.get(row.id, [])) for row in rows], cursor)


@router.get("/successions/{succession_id}", response_model=OneSuccession)
def read_succession(succession_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """A succession (public once recorded)."""
    return _whole(ctx, successions.read(ctx, succession_id), response)


@router.post("/successions/{succession_id}/record", response_model=OneSuccession)
def record(succession_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Record it, on its day or later: it happens at once (bureau approver, the second person)."""
    return _whole(ctx, successions.record(ctx, succession_id, version=version), response)


@router.post("/successions/{succession_id}/withdraw", response_model=OneSuccession)
def withdraw(succession_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Take a proposed succession back, with a reason (secretary, administrator, bureau approver)."""
    return _whole(ctx, successions.withdraw(ctx, succession_id, body.reason, version=version), response)


@router.get("/specialties/{code}/successions", responses={**GONE, 410: {"model": HistoryAnswer}})
def read_history(code: AnyCode, ctx: Ctx, response: Response) -> HistoryAnswer:
    """What the specialty came from and what became part of it, each with its ratings (public). 308 as elsewhere."""
    response.status_code = 410 if code.is_closed else 200
    last = status.of(ctx, code.code) if code.is_closed else None
    _, told = successions.history(ctx, code.code)
    lines = [
        {**_line(one.line), "succession_id": one.succession.id, "document_number": one.succession.document_number,
         "ratings": [{name: getattr(r, name) for name in PartRating.model_fields} for r in one.ratings]}
        for one in told
    ]  # fmt: skip
    return HistoryAnswer.model_validate({"items": lines, "next": None, "status": last}, from_attributes=True)
