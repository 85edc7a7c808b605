"""What follows a server without end does when it is away for a while: waits, and goes on where it was."""

from collections.abc import Callable
from dataclasses import dataclass

from specialty_eval_client.errors import ClientError, TooMany, Unavailable, Unreachable

LONGEST = 60.0
"""Seconds between two attempts, when it stays away."""


def untold(_: ClientError) -> None:
    """Nobody is told."""


@dataclass(slots=True)
class Outage:
    """Waits of `every` seconds, doubled up to a minute, for a server that has answered; `told` hears of the first.

    One that never answered is an error at once: its address may be wrong.
    """

    every: float
    told: Callable[[ClientError], None] = untold
    has_answered: bool = False
    waited: float = 0.0

    def over(self) -> None:
        """It answered."""
        self.has_answered, self.waited = True, 0.0

    def wait(self, fault: ClientError) -> float:
        """Seconds to wait for it; raises what is no outage."""
        if not self.has_answered or not isinstance(fault, Unreachable | Unavailable | TooMany):
            raise fault
        if not self.waited:
            self.told(fault)
        self.waited = min(max(self.every, 2 * self.waited), LONGEST)
        said = fault.retry_after if isinstance(fault, Unavailable | TooMany) else None
        return max(self.waited, said or 0.0)
