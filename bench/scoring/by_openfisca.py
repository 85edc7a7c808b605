"""OpenFisca: a variable for each measure, its points, each dimension, the total, the rating and the reasons."""

from collections.abc import Callable
from typing import Any

import by_numpy
import numpy as np
from data import load
from openfisca_core import periods
from openfisca_core.entities import build_entity
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable
from rules import Indicator
from rules import load as load_rules

YEAR = "2025"
NAMED = {"i00": "m00", "i04": "m04", "i06": "m06", "years_open": "years_open", "last": "last", "before": "before"}


def points(one: Indicator) -> Callable[[Any, Any], Any]:
    """The formula of an indicator's weight x points."""

    def formula(specialty: Any, period: Any) -> Any:
        value = specialty(one.measure, period)
        if one.form == "flag":
            found = np.where(value == 1, one.ys[1], one.ys[0])
        elif one.form == "steps":
            found = np.array((0, *one.ys))[np.searchsorted(one.xs, value, side="right")]
        else:
            found = np.interp(value, one.xs, one.ys)
        return np.where(np.isnan(value), 0, one.weight * found)

    return formula


class OpenFisca:
    """A simulation, built anew as each run of one is, -> arrays."""

    def prepare(self, n: int) -> Any:
        self.rules = load_rules()
        self.entity = build_entity("specialty", "specialties", "a specialty", is_person=True)
        system = TaxBenefitSystem([self.entity])
        system.add_variables(*self.variables())
        table = load(n)
        given = {i.measure: np.ascontiguousarray(x) for i, x in zip(self.rules.indicators, table.x.T, strict=True)}
        given |= {name: getattr(table, name) for name in ("years_open", "last", "before")}
        return system, given, n

    def variable(self, name: str, of: type, formula: Callable[[Any, Any], Any] | None = None) -> Any:
        described = {"value_type": of, "entity": self.entity, "definition_period": periods.DateUnit.YEAR, "label": name}
        if formula is not None:
            described["formula"] = lambda specialty, period, parameters: formula(specialty, period)  # noqa: ARG005
        return type(name, (Variable,), described)

    def variables(self) -> list[Any]:
        rules = self.rules
        made = [self.variable(i.measure, float) for i in rules.indicators]
        made += [self.variable(name, int) for name in ("years_open", "last", "before")]
        made += [self.variable(f"points_{i.measure}", float, points(i)) for i in rules.indicators]
        for d in range(len(rules.weights)):
            parts = [f"points_{i.measure}" for i in rules.indicators if i.dimension == d]
            summed = lambda s, p, parts=parts: by_numpy.whole(sum(s(part, p) for part in parts))  # noqa: E731
            made.append(self.variable(f"sum_{d}", int, summed))
            score = lambda s, p, d=d: by_numpy.mean(s(f"sum_{d}", p), rules.weights[d])  # noqa: E731
            made.append(self.variable(f"score_{d}", int, score))
        total = lambda s, p: by_numpy.mean(sum(s(f"sum_{d}", p) for d in range(len(rules.weights))), 100)  # noqa: E731
        made.append(self.variable("total", int, total))
        known = lambda s, p: sum(i.weight * ~np.isnan(s(i.measure, p)) for i in rules.indicators)  # noqa: E731
        made.append(self.variable("known", int, known))
        made.append(self.variable("rated", int, self.rated))
        return made

    def rated(self, specialty: Any, period: Any) -> Any:
        """Rating and reasons in one number: OpenFisca has no variable of several values."""
        dimensions = [specialty(f"score_{d}", period) for d in range(len(self.rules.weights))]
        of = {name: specialty(variable, period) for name, variable in NAMED.items()}
        total, known = specialty("total", period), specialty("known", period)
        rating, why = by_numpy.rate(self.rules, total, dimensions, known, of)
        return why * 4 + rating

    def score(self, state: Any) -> Any:
        system, given, n = state
        builder = SimulationBuilder()
        builder.create_entities(system)
        builder.declare_person_entity("specialty", np.arange(n))
        simulation = builder.build(system)
        for name, values in given.items():
            simulation.set_input(name, YEAR, values)
        dimensions = [simulation.calculate(f"score_{d}", YEAR) for d in range(len(self.rules.weights))]
        rated = simulation.calculate("rated", YEAR)
        return simulation.calculate("total", YEAR), np.array(dimensions), rated & 3, rated >> 2

    def found(self, result: Any) -> Any:
        return result
