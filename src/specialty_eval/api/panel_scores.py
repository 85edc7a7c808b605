"""Experts' scores once they may be seen, where they lie too far apart, and how strict each expert is."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from specialty_eval.actions import panel_scores
from specialty_eval.engine.decimals import shortest

from .case_shapes import SpreadAnswer
from .deps import Ctx, Transactional, listed
from .shapes import Listed

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["experts"])


class ScoresAnswer(BaseModel):
    """One expert's scores of a review."""

    number: int = Field(description="序号，不表示受邀先后 · a number that says nothing of who was asked first")
    person_id: int | None = Field(description="评分的专家；对别的专家为空 · who scored; null to another expert")
    own: bool = Field(description="本人的 · one's own")
    counts: bool = Field(description="是否计入；已更换的保留而不计 · false: replaced, kept and left out")
    scores: dict[str, str] = Field(description="测点 → 评分，十进制文本 · by measure, decimals as text")


class SpreadListed(BaseModel):
    """A review whose experts lie too far apart and where one more may be asked."""

    review_id: int
    code: str
    going: int = Field(description="已评分和仍在评的专家数 · how many have scored or still have their days")
    alerts: list[SpreadAnswer]


class StrictnessAnswer(BaseModel):
    """An expert against the panels they sat on; the formula stands in docs/experts.md. Below 0 is stricter."""

    person_id: int
    reviews: int = Field(description="评过的、另有专家评分的专业数 · reviews that others scored too")
    mean: str = Field(description="与同组其他专家之差的平均 · mean of the differences to the others")
    low: str | None = Field(description="95%区间下限，只有一个专业时为空 · of the 95 % interval; null of one review")
    high: str | None = Field(description="95%区间上限，只有一个专业时为空 · of the 95 % interval; null of one review")
    apart: bool = Field(description="区间是否不含0 · whether the interval leaves out 0")


@router.get("/reviews/{review_id}/scores", response_model=Listed[ScoresAnswer], responses={409: {}})
def read_scores(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """The experts' scores: an expert sees the others' once their own are in, the offices once all are."""
    found = panel_scores.of_review(ctx, review_id)
    rows = [
        {"number": one.number, "person_id": one.person_id, "own": one.own, "counts": one.counts,
         "scores": {measure: shortest(score) for measure, score in one.scores.items()}}
        for one in found
    ]  # fmt: skip
    return listed(rows, None)


@router.get("/rounds/{round_id}/spread-alerts", response_model=Listed[SpreadListed])
def list_spread_alerts(round_id: int, ctx: Ctx) -> dict[str, Any]:
    """Where the experts lie too far apart and one more is still to be asked (the offices that know the experts)."""
    return listed(panel_scores.spread_alerts(ctx, round_id), None)


@router.get("/rounds/{round_id}/strictness", response_model=Listed[StrictnessAnswer])
def read_strictness(round_id: int, ctx: Ctx) -> dict[str, Any]:
    """How strict each expert is against the panels they sat on, the strictest first (secretary, auditor)."""
    rows = [
        {"person_id": one.person, "reviews": one.reviews, "mean": str(one.mean),
         "low": None if one.low is None else str(one.low), "high": None if one.high is None else str(one.high),
         "apart": one.is_apart}
        for one in panel_scores.of_experts(ctx, round_id)
    ]  # fmt: skip
    return listed(rows, None)
