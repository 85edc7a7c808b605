"""The committee's vote on what is no review: what is put on record from its minutes, and what is told of it."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from specialty_eval.actions.motions import Minutes, Word

from .bodies import Body, Day, OneLine


class MemberWord(Body):
    """What the minutes say of one member who was present."""

    member: int
    interest: bool
    vote: Literal["for", "against", "abstain"] | None = None
    stands_in_for: int | None = None


class Sitting(Body):
    """The vote as the minutes have it; whoever is not named was absent."""

    held_on: Day
    minutes_number: OneLine = Field(max_length=100)
    members: list[MemberWord] = Field(max_length=200)
    waived: dict[str, str] = Field(
        default_factory=dict, max_length=20,
        description="全体回避又无替补的界别 → 同意其缺席的文号 · sector wholly recused → the document that waives it",
    )  # fmt: skip
    reason: str = Field("", max_length=4000)

    def minutes(self) -> Minutes:
        """As the action takes it."""
        words = [Word(**word.model_dump()) for word in self.members]
        return Minutes(self.held_on, self.minutes_number, words, self.waived, self.reason)


class VoteAnswer(BaseModel):
    """A vote of the committee, as its minutes have it: how many, not whose. The last one counts."""

    number: int
    held_on: date
    approved: bool
    for_: int = Field(alias="for")
    against: int
    abstain: int
    present: int
    entitled: int
    minutes_number: str
    reason: str | None = Field(description="为何重新表决 · why it was taken anew")
