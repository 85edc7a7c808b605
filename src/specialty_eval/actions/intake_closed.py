"""Until when an opening balance is taken: it tells what was before, and never takes the place of a decision here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from specialty_eval.store.opening import Begun, begun

from .context import LOCAL, Context
from .intake_batch import Batch, Line


@dataclass(slots=True)
class Closing:
    """What each city of a file has here already, asked once; `note_*` add the problems of one row."""

    ctx: Context
    batch: Batch
    _known: dict[str, Begun] = field(default_factory=dict)

    def of(self, city: str) -> Begun:
        """What the city has here."""
        if city not in self._known:
            self._known[city] = begun(self.ctx.session, city)
        return self._known[city]

    def note_rating(self, line: Line, city: str) -> bool:
        """A rating is of a year before those rated here, and is taken until a run has looked at earlier ratings."""
        has, year = self.of(city), line.number("year")
        wrong = has.scored_at is not None
        if has.scored_at is not None:
            self._over(line, "rating", has.scored_at)
        if has.first_year is not None and year >= has.first_year:
            self.batch.wrong(line, "year", "year-rated-here", has.first_year - 1, first_year=has.first_year)
            wrong = True
        return wrong

    def note_standing(self, line: Line, city: str) -> None:
        """A standing is taken until ratings or a plan move it by their rules."""
        has = self.of(city)
        if found := [at for at in (has.scored_at, has.planned_at) if at is not None]:
            self._over(line, "standing", min(found))

    def note_quota(self, line: Line, city: str, before: Mapping[str, Any] | None) -> None:
        """A quota is of a year before the first plan, and is taken until a plan was handed in; a capacity, which
        changes with rooms and teachers, of this year or the next at any time.
        """
        has, year = self.of(city), line.number("academic_year")
        quota, capacity = line.whole("quota"), line.whole("capacity")
        was = before or {"quota": None, "capacity": None, "source": line.text("source")}
        is_quota = quota != was["quota"] or (quota is not None and line.text("source") != was["source"])
        if quota is None and capacity is None:
            self.batch.wrong(line, "quota", "quota-or-capacity")
        latest = self.ctx.today.year + (0 if is_quota else 1)
        if year > latest:
            self.batch.wrong(line, "academic_year", "year-ahead", latest)
        if is_quota and has.first_plan is not None and year >= has.first_plan:
            self.batch.wrong(line, "quota", "quota-by-plan", has.first_plan - 1, first_year=has.first_plan)
        if is_quota and has.planned_at is not None:
            self._over(line, "quota", has.planned_at)
        if capacity != was["capacity"] and has.planned_at is not None and year < self.ctx.today.year:
            self.batch.wrong(line, "capacity", "capacity-of-the-past", self.ctx.today.year)

    def _over(self, line: Line, column: str, since: datetime) -> None:
        day = since.astimezone(LOCAL).date().isoformat()
        self.batch.wrong(line, column, "opening-balance-closed", day, since=day)
