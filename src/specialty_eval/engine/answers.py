"""What stands in an answer to an objection or appeal, and in the notice that asks a school to mend.

An objector stands nowhere by name: the answer calls them by the number of the objection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from .documents import Told
from .notices import Batch, Place, Words, day, day_of, last_day

RESULTS = {"upheld": "成立", "rejected": "不成立", "inadmissible": "不予受理"}
AFTER_OBJECTION: Mapping[str, str] = {
    "upheld": "该专业点退回重新评分或者重新审议，新的拟定结果另行公示；同一名单中的其他专业点不受影响。",
    "rejected": "该专业点的拟定结果不变。学校对认定结果不服的，可以在认定后依规定申诉。",
    "inadmissible": "该专业点的拟定结果不变。学校对认定结果不服的，可以在认定后依规定申诉。",
}
AFTER_APPEAL: Mapping[str, str] = {
    "upheld": "该专业点重新评价，由未参加原决定的人员审议。新的认定生效时替代原认定；"
    "因原认定已经发生的后果逐项另行处理。",
    "rejected": "原认定决定继续有效。",
    "inadmissible": "原认定决定继续有效。",
}


@dataclass(frozen=True, slots=True)
class Answered:
    """A case that is closed: which, about what, since when, and how it ended."""

    number: int
    place: Place
    received_at: datetime
    state: str
    answer: str


def objection_answer(batch: Batch, case: Answered, zone: tzinfo) -> Told:
    """The fields of an answer to an objection."""
    return {
        **batch.told(), **case.place.told(), "objection": str(case.number),
        "received_on": day_of(case.received_at, zone), "result": f"异议{RESULTS[case.state]}", "answer": case.answer,
        "follows": AFTER_OBJECTION[case.state],
    }  # fmt: skip


def appeal_answer(batch: Batch, case: Answered, rating: str, document_number: str, zone: tzinfo) -> Told:
    """The fields of an answer to an appeal."""
    return {
        **batch.told(), **case.place.told(), "appeal": str(case.number),
        "rating": Words(batch.policy).rating(rating), "document_number": document_number,
        "received_on": day_of(case.received_at, zone), "result": f"申诉{RESULTS[case.state]}", "answer": case.answer,
        "follows": AFTER_APPEAL[case.state],
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mending:
    """What is to be mended: the rating with its reasons, the days, and after how many failed rechecks closing is
    proposed: by the policy, and from now on.
    """

    place: Place
    rating: str
    reasons: Sequence[str]
    document_number: str
    confirmed_on: date
    plan_due: datetime
    recheck_from: date
    failures_allowed: int
    failures_left: int


def rectification_notice(batch: Batch, mending: Mending, zone: tzinfo) -> Told:
    """The fields of a notice to mend."""
    words = Words(batch.policy)
    return {
        **batch.told(), **mending.place.told(), "rating": words.rating(mending.rating),
        "document_number": mending.document_number, "confirmed_on": day(mending.confirmed_on),
        "reasons": words.reasons(mending.reasons), "plan_due": last_day(mending.plan_due, zone),
        "recheck_from": day(mending.recheck_from), "failures_allowed": str(mending.failures_allowed),
        "failures_left": str(mending.failures_left),
    }  # fmt: skip
