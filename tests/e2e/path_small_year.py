"""A later year of the walk: a round of one specialty that has a history, from its collecting to its confirmation."""

from datetime import UTC, datetime

from e2e.path_beginning import PLACE, SECOND, Walk, collect, report_the_year
from e2e.path_deliberation import decide
from e2e.path_evidence import through_the_offices
from e2e.path_publication import publicise_and_confirm
from e2e.path_scoring import challenge_days_pass, score


def a_small_year(walk: Walk, year: int, short: str, rating: str, document: str) -> str:
    """Seventy of a hundred are employed: 67.00, yellow before the history is looked at. The head its notice prints."""
    walk.callers.clock.now = datetime(year, 3, 1, 1, 0, tzinfo=UTC)
    number = PLACE[short][1]
    collect(walk, number)
    report_the_year(walk, year - 1, *(other for other in PLACE if other != short))
    through_the_offices(walk, year - 1, short)
    assert score(walk, number) == {short: "67.00"}
    challenge_days_pass(walk, number)
    assert decide(walk, number, [short], SECOND) == {short: rating}
    return publicise_and_confirm(walk, number, short, document)
