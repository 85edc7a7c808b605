"""Sharing out by the HiGHS solver: the fewest places empty, the fewest moves, the evenest load, then by lot; exactly.

Each aim is a linear programme over a network of whole numbers, whose corners are whole. What one aim settles is
settled for the next: a column with a reduced cost keeps its value in every answer that is as good. One thread, one
seed: the same question has the same answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .allotting import Allotted, Lacking, Question, Tangle, tangles, within


class _Network:
    """Columns: a pair asked, one more review of an expert, an empty place. Rows: a review's places, a load."""

    def __init__(self, question: Question) -> None:
        import numpy as np  # noqa: PLC0415 -- slow import

        self.np = np
        self.edges = question.edges
        self.steps = [(x.person, k) for x in question.lent for k in range(1, max(x.at_most, 0) + 1)]
        self.empty = [(w.review, k) for w in question.wanting for k in range(1, w.places + 1)]
        self.question = question
        row_of = {w.review: n for n, w in enumerate(question.wanting)}
        load_of = {x.person: len(row_of) + n for n, x in enumerate(question.lent)}
        self.rows = len(row_of) + len(load_of)
        ends = [(row_of[r], 1, load_of[p], 1) for r, p in self.edges]
        starts = np.concatenate([
            np.arange(len(ends)) * 2, 2 * len(ends) + np.arange(len(self.steps) + len(self.empty) + 1),
        ])  # fmt: skip
        index = [n for end in ends for n in (end[0], end[2])]
        index += [load_of[p] for p, _ in self.steps] + [row_of[r] for r, _ in self.empty]
        value = [1] * (2 * len(ends)) + [-1] * len(self.steps) + [1] * len(self.empty)
        self.matrix = (starts.astype(np.int32), np.array(index, np.int32), np.array(value, np.float64))
        self.places = np.array([w.places for w in question.wanting] + [0] * len(load_of), np.float64)

    @property
    def columns(self) -> int:
        """How many there are."""
        return len(self.edges) + len(self.steps) + len(self.empty)

    def costs(self, *, edges: Sequence[int] = (), steps: Sequence[int] = (), empty: Sequence[int] = ()) -> Any:
        """A cost a column; nothing where none is said."""
        parts = ((edges, self.edges), (steps, self.steps), (empty, self.empty))
        return self.np.concatenate([self.np.array(cost or [0] * len(of), self.np.float64) for cost, of in parts])

    def aims(self) -> list[Any]:
        """In their order: places filled; none with two empty before another has one; nobody moved; even; by lot."""
        question = self.question
        scored = {x.person: x.scored for x in question.lent}
        found = [
            self.costs(empty=[1] * len(self.empty)),
            self.costs(empty=[k for _, k in self.empty]),
            self.costs(edges=[-1 if edge in question.going else 0 for edge in self.edges]),
            self.costs(steps=[scored[p] + k for p, k in self.steps]),
        ]
        return [*found, self.costs(edges=[question.lot(*edge) for edge in self.edges])] if question.draw else found


def _solver(network: _Network) -> Any:
    import highspy  # noqa: PLC0415 -- slow import

    lp, np = highspy.HighsLp(), network.np
    lp.num_col_, lp.num_row_ = network.columns, network.rows
    lp.col_cost_ = np.zeros(network.columns)
    lp.col_lower_, lp.col_upper_ = np.zeros(network.columns), np.ones(network.columns)
    lp.row_lower_ = lp.row_upper_ = network.places
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = network.matrix
    solver = (
        highspy._core._Highs()
    )  # what `Highs` wraps: the wrapper greets on standard output before it can be told not to
    for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("solver", "simplex"),
                          ("parallel", "off")):  # fmt: skip
        solver.setOptionValue(option, value)
    solver.passModel(lp)
    return solver


def _answer(question: Question, aims: int | None = None) -> tuple[frozenset[tuple[int, int]], dict[int, int]]:
    """The pairs chosen and the places left empty by review, by the first so many aims (all of them: None)."""
    network = _Network(question)
    if not network.columns:
        return frozenset(), {}
    solver, np = _solver(network), network.np
    every = np.arange(network.columns, dtype=np.int32)
    lower, upper = np.zeros(network.columns), np.ones(network.columns)
    values = lower
    for cost in network.aims()[:aims]:
        solver.changeColsCost(network.columns, every, cost)
        solver.changeColsBounds(network.columns, every, lower, upper)
        solver.run()
        if solver.modelStatusToString(solver.getModelStatus()) != "Optimal":
            raise RuntimeError("a network that can always leave places empty has an answer")
        solution = solver.getSolution()
        values = np.rint(np.array(solution.col_value))
        settled = np.rint(np.array(solution.col_dual)) != 0
        lower, upper = np.where(settled, values, lower), np.where(settled, values, upper)
    return _read(network, values)


def _read(network: _Network, values: Any) -> tuple[frozenset[tuple[int, int]], dict[int, int]]:
    asked, left = values[: len(network.edges)], values[len(network.edges) + len(network.steps) :]
    short: dict[int, int] = {}
    for (review, _), is_empty in zip(network.empty, left, strict=True):
        if is_empty:
            short[review] = short.get(review, 0) + 1
    return frozenset(edge for edge, is_asked in zip(network.edges, asked, strict=True) if is_asked), short


def allot(question: Question) -> Allotted:
    """Fill as many places as can be, take as few from anybody as that needs, load everybody alike, and draw lots."""
    chosen, short = _answer(question)
    return Allotted(
        added=tuple(sorted(chosen - question.going)),
        dropped=tuple(sorted(question.going - chosen)),
        short=short,
        lacking=tuple(_explained(question, tangle, short) for tangle in tangles(question, chosen, short)),
    )


def _explained(question: Question, tangle: Tangle, short: Mapping[int, int]) -> Lacking:
    known = {x.person for x in question.lent}
    wanting = [w for w in question.wanting if w.review in tangle.reviews]
    places, empty = sum(w.places for w in wanting), sum(short.get(w.review, 0) for w in wanting)
    fitting = {w.review: len(question.fits.get(w.review, frozenset()) & known) for w in wanting}
    too_few = sum(max(0, w.places - fitting[w.review]) for w in wanting)
    return Lacking(
        fields=tuple(sorted({w.field for w in wanting})),
        codes=tuple(sorted(w.code for w in wanting)),
        places=places,
        given=places - empty,
        experts=len({p for w in wanting for p in question.fits.get(w.review, frozenset()) & known}),
        too_few=too_few,
        at_limit=tuple(sorted(tangle.full)),
        limit_needed=_limit_needed(question, tangle, too_few) if empty > too_few else None,
    )


def _limit_needed(question: Question, tangle: Tangle, too_few: int) -> int:
    """The least limit with which only places lie empty that no limit would fill; found by halving."""
    scored = {x.person: x.scored for x in question.lent}
    low, high = 1, len(tangle.reviews) + max((scored[p] for p in tangle.full), default=0)
    while low < high:
        middle = (low + high) // 2
        _, short = _answer(within(question, tangle, middle), aims=1)
        low, high = (low, middle) if sum(short.values()) == too_few else (middle + 1, high)
    return low
