"""What stands in the letter that decides an application: it is registered, or refused with every reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from .documents import Told
from .notices import Place, day, day_of, days, last_day, policy_told
from .opening import ApplicationKind
from .policy import Policy

ASKED = {
    ApplicationKind.OPEN: "开设专业", ApplicationKind.OFF_CATALOGUE: "开设目录外专业",
    ApplicationKind.CHANGE: "变更专业", ApplicationKind.CLOSE: "撤销专业",
}  # fmt: skip
CHANGED = {"direction": "专业方向", "name": "专业名称", "length": "学制", "campus": "校区"}


@dataclass(frozen=True, slots=True)
class Decided:
    """An application that is decided: what was asked for, the committee's vote where there was one, the decision."""

    number: int
    kind: ApplicationKind
    place: Place
    partner: str
    received_at: datetime
    decided_at: datetime
    document_number: str
    voted_on: date | None = None
    minutes_number: str = ""

    def told(self, policy: Policy, zone: tzinfo) -> dict[str, str]:
        """The fields that both letters have."""
        return {
            **policy_told(policy), **self.place.told(), "application": str(self.number), "asked": ASKED[self.kind],
            "partner": self.partner, "received_on": day_of(self.received_at, zone),
            "voted_on": "" if self.voted_on is None else day(self.voted_on), "minutes_number": self.minutes_number,
            "document_number": self.document_number, "decided_on": day_of(self.decided_at, zone),
        }  # fmt: skip


def approval(policy: Policy, one: Decided, begins: date, changes: Mapping[str, str], zone: tzinfo) -> Told:
    """The fields of the letter on what is registered, from when it holds, and of a change what becomes what."""
    return {
        **one.told(policy, zone), "effective_on": day(begins),
        "changes": [{"what": CHANGED.get(column, column), "becomes": text} for column, text in changes.items()],
    }  # fmt: skip


def refusal(policy: Policy, one: Decided, reasons: Sequence[str], complain_until: datetime, zone: tzinfo) -> Told:
    """The fields of the letter on what is refused, with every reason and how to complain."""
    return {
        **one.told(policy, zone), "reasons": [{"text": text} for text in reasons],
        "complain_days": days(policy.workflow.days["appeal"]), "complain_until": last_day(complain_until, zone),
    }  # fmt: skip
