"""Nodes → the catalogue lists and the limits on opening a specialty: rules over counts that the system knows."""

from .consequences import CatalogueList, ListRule, OpeningLimit
from .policy_conditions import COUNTS, of_fields
from .policy_names import Names, lists_scope, unique
from .policy_shape import Spot

LISTS = ("negative", "urgent")


def lists(spot: Spot | None, names: Names) -> dict[str, CatalogueList]:
    """The negative list and the list of what is urgently needed."""
    if spot is None:
        return {}
    fields = spot.fields("", " ".join(LISTS))
    return {name: _list(fields.found[name], names) for name in LISTS if name in fields}


def _list(spot: Spot, names: Names) -> CatalogueList:
    fields = spot.fields("rules", "exempt small_intake_below")
    seen: dict[str, int] = {}
    return CatalogueList(
        rules=tuple(_rule(item, names, seen) for item in fields.items("rules")),
        exempt=tuple(_rule(item, names, seen) for item in fields.items("exempt", at_least=0)),
        small_intake_below=fields.integer("small_intake_below", 1, default=30),
    )


def _rule(spot: Spot, names: Names, seen: dict[str, int]) -> ListRule:
    fields = spot.fields("code when", "label source")
    code = unique(fields.found["code"], fields.code("code"), seen) if "code" in fields else ""
    return ListRule(code, of_fields(fields, lists_scope(names)), fields.label(), fields.text("source"))


def opening(spots: list[Spot]) -> tuple[OpeningLimit, ...]:
    """What an application to open a specialty is checked against."""
    seen: dict[str, int] = {}
    return tuple(_limit(spot, seen) for spot in spots)


def _limit(spot: Spot, seen: dict[str, int]) -> OpeningLimit:
    fields = spot.fields("code count", "at_least at_most label source")
    code = unique(fields.found["code"], fields.code("code"), seen) if "code" in fields else ""
    count = fields.one_of("count", COUNTS)
    low, high = fields.number("at_least"), fields.number("at_most")
    if spot.is_mapping and "at_least" not in fields and "at_most" not in fields:
        spot.refuse("no-comparison", expected=("at_least", "at_most"))
    if low is not None and high is not None and low > high:
        fields.found["at_least"].refuse("min-above-max", max=str(high), expected=f"number ..{high}")
    return OpeningLimit(code, count, low, high, fields.label(), fields.text("source"))
