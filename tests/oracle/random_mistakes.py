"""Random mistakes in a valid policy, several at once in places that don't touch, each with the path to be named."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from .tree import Tree
from .writing import Verbatim, Writer


class Inapplicable(Exception):  # noqa: N818 -- no error: this policy merely has no place for that mistake
    """This policy has no untouched place where the mistake can be made."""


@dataclass(frozen=True)
class Mistake:
    """A problem must be at `path`, below it, or at one of `also`."""

    name: str
    path: str
    also: tuple[str, ...] = ()

    def named_by(self, where: str) -> bool:
        return where == self.path or where.startswith((f"{self.path}.", f"{self.path}[")) or where in self.also


class Spoiler:
    """Makes mistakes in one tree, never two in the same entry."""

    def __init__(self, rng: Random, tree: Tree) -> None:
        self.rng, self.tree = rng, tree
        self.used: set[str] = set()
        self.types: dict[str, str] = {code: measure["type"] for code, measure in tree["measures"].items()}

    def claim(self, path: str) -> str:
        if path in self.used:
            raise Inapplicable
        self.used.add(path)
        return path

    def take(self, path: str, fits: Callable[[Any], object] = lambda _: True) -> tuple[str, Any]:
        """Some untouched entry of the list or mapping at `path`, claimed."""
        node: Any = self.tree
        for key in path.split("."):
            node = node.get(key) or {}
        entries: list[tuple[str, Any]] = (
            [(f"{path}.{key}", value) for key, value in node.items()]
            if isinstance(node, dict)
            else [(f"{path}[{i}]", value) for i, value in enumerate(node)]
        )
        free = [(where, entry) for where, entry in entries if where not in self.used and fits(entry)]
        if not free:
            raise Inapplicable
        where, entry = self.rng.choice(free)
        return self.claim(where), entry

    def all_indicators(self) -> list[Any]:
        """Every indicator, claimed: for a mistake that another one in any of them would hide."""
        return [self.take("indicators")[1] for _ in self.tree["indicators"]]

    def form(self, *forms: str) -> tuple[str, str, Any]:
        """The points of some untouched indicator in one of these forms: path of the form, its name, its value."""
        where, entry = self.take("indicators", lambda one: set(one.get("points", {})) & set(forms))
        self.type_of(entry["value"])
        ((form, given),) = entry["points"].items()
        return f"{where}.points.{form}", form, given

    def measure_of_type(self, *kinds: str) -> str:
        """Some measure, untouched and claimed: a mistake in it would hide one in what uses it."""
        code = self.rng.choice([code for code, kind in self.types.items() if kind in kinds])
        self.claim(f"measures.{code}")
        return code

    def type_of(self, value: Any) -> str:
        """The type of an indicator's value; of a measure, untouched and claimed."""
        if not isinstance(value, str):
            return "ratio"
        self.claim(f"measures.{value}")
        return self.types[value]

    def condition(self) -> tuple[str, dict[str, Any]]:
        """The entry of some untouched `when` in the rating, to be overwritten."""
        steps = ["unrated", "caps", "history", "flags"]
        self.rng.shuffle(steps)
        for step in steps:
            try:
                where, entry = self.take(f"rating.{step}")
            except Inapplicable:
                continue
            return f"{where}.when", entry
        raise Inapplicable


Makes = Callable[[Spoiler], Mistake]


def set_key(section: str, key: str, *values: Any) -> Makes:
    """A known key of some entry of a list or mapping, with a value that can't be."""

    def make(on: Spoiler) -> Mistake:
        where, entry = on.take(section, lambda one: isinstance(one, dict))
        entry[key] = on.rng.choice(values)
        return Mistake(f"bad {key}", f"{where}.{key}")

    return make


def drop_key(section: str, key: str) -> Makes:
    def make(on: Spoiler) -> Mistake:
        where, entry = on.take(section, lambda one: isinstance(one, dict) and key in one)
        del entry[key]
        return Mistake(f"no {key}", f"{where}.{key}", (where,))

    return make


def set_path(path: str, *values: Any) -> Makes:
    """One key at a fixed place."""

    def make(on: Spoiler) -> Mistake:
        on.claim(path)
        *parents, last = path.split(".")
        node = on.tree
        for key in parents:
            node = node[key]
        node[last] = on.rng.choice(values)
        return Mistake(f"bad {last}", path)

    return make


def set_when(name: str, *conditions: tuple[str, dict[str, Any]]) -> Makes:
    """A condition that can't be, somewhere in the rating; named at, or below, the part given with it."""

    def make(on: Spoiler) -> Mistake:
        where, entry = on.condition()
        part, entry["when"] = on.rng.choice(conditions)
        return Mistake(name, f"{where}{part}", (where,))

    return make


def bad_attribute(on: Spoiler) -> Mistake:
    """Not in `class`, which mistakes in conditions ask of."""
    kept = on.tree["attributes"]["class"]
    where, entry = on.take("attributes", lambda one: one is not kept)
    entry["type"] = on.rng.choice(["boolean", "number"])
    return Mistake("bad type of an attribute", f"{where}.type")


def duplicate_code(on: Spoiler) -> Mistake:
    section = on.rng.choice(["indicators", "rating.rules", "dimensions", "checks", "rating.caps"])
    (_, one), (second, other) = sorted([on.take(section), on.take(section)], key=lambda pair: pair[0])
    other["code"] = one["code"]
    return Mistake("duplicate code", f"{second}.code", (second,))


def unknown_measure(on: Spoiler) -> Mistake:
    where, entry = on.take("indicators", lambda one: isinstance(one["value"], str))
    entry["value"] = "nowhere"
    return Mistake("unknown measure", f"{where}.value")


def unknown_part(on: Spoiler) -> Mistake:
    where, entry = on.take("indicators", lambda one: "ratio" in one["value"] and isinstance(one["value"], dict))
    entry["value"]["ratio"]["to"] = on.rng.choice(["nowhere", [on.measure_of_type("integer"), "nowhere"]])
    return Mistake("unknown part of a ratio", f"{where}.value.ratio.to")


def wrong_part(on: Spoiler) -> Mistake:
    where, entry = on.take("indicators", lambda one: isinstance(one["value"], dict))
    entry["value"] = {"difference": [on.measure_of_type("integer"), on.measure_of_type("boolean", "choice")]}
    return Mistake("a difference of what is no number", f"{where}.value.difference")


def not_rising(on: Spoiler) -> Mistake:
    where, _, given = on.form("linear")
    given[1][0] = given[0][0]
    return Mistake("x not rising", where)


def beyond_100(on: Spoiler) -> Mistake:
    where, form, given = on.form("linear", "steps", "flag", "choice")
    y = on.rng.choice([Decimal("100.01"), Decimal("-0.01"), Decimal(1000)])
    if form in ("linear", "steps"):
        given[0][1] = y
        return Mistake("points beyond 0-100", f"{where}[0]")
    key = on.rng.choice(list(given))
    given[key] = y
    return Mistake("points beyond 0-100", f"{where}.{key}")


def options_of_choice(on: Spoiler) -> Mistake:
    where, _, given = on.form("choice")
    if on.rng.random() < 0.5:
        given["nowhere"] = Decimal(5)
        return Mistake("unknown option", f"{where}.nowhere", (where,))
    del given[on.rng.choice(list(given))]
    return Mistake("an option without points", where)


def wrong_form(on: Spoiler) -> Mistake:
    where, entry = on.take("indicators", lambda one: "points" in one)
    kind = on.type_of(entry["value"])
    entry["points"] = {"rank": {"best": "high"}}
    if kind not in ("boolean", "choice"):
        entry["points"] = {"flag": {"is_true": Decimal(1), "is_false": Decimal(0)}}
    return Mistake("points of another type of value", f"{where}.points")


def pooled_without_ratio(on: Spoiler) -> Mistake:
    where, entry = on.take("indicators", lambda one: "ratio" not in one["value"] or isinstance(one["value"], str))
    on.type_of(entry["value"])
    entry["over"] = {"pooled": Decimal(2)}
    return Mistake("pooled without a ratio", f"{where}.over")


def weight_without_points(on: Spoiler) -> Mistake:
    where, entry = on.take("indicators", lambda one: "weight" in one)
    del entry["points"]
    return Mistake("a weight without points", f"{where}.points", (where, f"{where}.weight"))


def weights_not_100(on: Spoiler) -> Mistake:
    weighted = [one for one in on.all_indicators() if "weight" in one]
    if not weighted:
        raise Inapplicable
    weighted[0]["weight"] += Decimal("0.0001")
    return Mistake("weights not 100", "indicators")


def options_missing(on: Spoiler) -> Mistake:
    where, entry = on.take("measures", lambda one: one["type"] == "choice")
    entry["options"] = on.rng.choice([[], [Decimal(1), Decimal(2)], ["a", "a"], "a"])
    return Mistake("bad options", f"{where}.options")


def bounds_crossed(on: Spoiler) -> Mistake:
    where, entry = on.take("measures", lambda one: one["type"] == "integer")
    entry |= {"min": Decimal(5), "max": Decimal(4)}
    return Mistake("min above max", f"{where}.max", (where, f"{where}.min"))


def last_rule_with_when(on: Spoiler) -> Mistake:
    rules = on.tree["rating"]["rules"]
    where = on.claim(f"rating.rules[{len(rules) - 1}]")
    rules[-1]["when"] = {"attribute": "class", "reported": True}
    return Mistake("the last rule has a when", f"{where}.when", (where, "rating.rules"))


def rule_without_when(on: Spoiler) -> Mistake:
    where, entry = on.take("rating.rules", lambda one: "when" in one)
    del entry["when"]
    return Mistake("a rule before the last without when", f"{where}.when", (where,))


def becomes_now(on: Spoiler) -> Mistake:
    where, entry = on.take("rating.history")
    entry["now"] = on.rng.choice([entry["becomes"], [entry["becomes"]]])
    return Mistake("becomes is now", where)


def total_in_adjustment(on: Spoiler) -> Mistake:
    where, entry = on.take("adjustments")
    total = {"total": {"at_least": Decimal(1)}}
    entry["when"], part = on.rng.choice([(total, ""), ({"all": [{"not": total}]}, ".all[0].not")])
    return Mistake("total in an adjustment", f"{where}.when{part}")


def without_weights(on: Spoiler) -> Mistake:
    if any("weight" in one for one in on.all_indicators()):
        raise Inapplicable
    section = on.rng.choice(["quotas", "adjustments", "when"])
    if section == "quotas":
        on.claim("rating.quotas")
        on.tree["rating"]["quotas"] = [{"code": "share", "take": "bottom", "share": Decimal("0.1"), "becomes": "red"}]
        return Mistake("a quota without weights", "rating.quotas")
    if section == "adjustments":
        on.claim("adjustments")
        when = {"attribute": "class", "reported": True}
        on.tree["adjustments"] = [{"code": "plus", "points": Decimal(1), "when": when, "label": {"zh": "加分"}}]
        return Mistake("an adjustment without weights", "adjustments")
    where, entry = on.condition()
    entry["when"] = on.rng.choice([{"total": {"below": Decimal(9)}}, {"completeness": {"below": Decimal(9)}}])
    return Mistake("a total without weights", where)


def needs_of_another_kind(on: Spoiler) -> Mistake:
    where, entry = on.take("indicators")
    entry["needs"] = on.rng.choice([{"attribute": "class", "reported": True}, {"total": {"above": Decimal(1)}}])
    return Mistake("needs ask for more than measures", f"{where}.needs")


def alias(on: Spoiler) -> Mistake:
    on.claim("title")
    on.tree["title"] = {"zh": Verbatim("&title 示例"), "en": Verbatim("*title")}
    return Mistake("an alias", "title.en")


def tag(on: Spoiler) -> Mistake:
    where, entry = on.take("dimensions")
    entry["label"]["zh"] = Verbatim(on.rng.choice(["!!str 维度", "!own 维度", "!!python/name:os.system 维度"]))
    return Mistake("a tag", f"{where}.label.zh")


def duplicate_key(on: Spoiler) -> Mistake:
    where, entry = on.take("indicators")
    entry[Verbatim("'code'")] = "again"
    return Mistake("a duplicate key", f"{where}.code", (where,))


LOOKS = Decimal(1)
MISTAKES: list[Makes] = [
    *(set_key(section, "colour", "blue") for section in ("indicators", "measures", "rating.rules", "dimensions")),
    set_path("colour", "blue"),
    set_path("schema", "specialty-eval/policy/2"),
    set_path("jurisdiction", Decimal(371400)),
    set_path("version", Decimal("2026.1")),
    set_path("id", ["dezhou"], {"id": "x"}),
    set_path("rating.labels.blue", {"zh": "蓝牌"}),
    set_path("enrolment.cutoff", "06-31", "13-01", "junio"),
    set_path("enrolment.green.standing", "happy"),
    set_path("enrolment.flags", {"nowhere": {"standing": "suspended"}}),
    set_path("workflow.days.verify", "10x", "w", Decimal("1.5")),
    set_path("workflow.days.lunch", "10w"),
    set_path("committee.quorum", "3/2", "2-3", "1/0"),
    set_path("publication.restricted", "shown"),
    set_path("lists.urgent", {"rules": [{"code": "x", "when": {"count": "nowhere", "above": LOOKS}}]}),
    set_key("opening", "count", "nowhere"),
    set_key("measures", "supplier", "nobody", "department:"),
    set_key("measures", "type", "float"),
    set_key("measures", "decimals", Decimal(5), Decimal("1.5"), Decimal(-1)),
    set_key("measures", "publish", "secret"),
    set_key("indicators", "dimension", "nowhere"),
    set_key("indicators", "weight", Decimal(0), Decimal(-5), "heavy", ["a"]),
    set_key("indicators", "missing", "ignore"),
    set_key("indicators", "decimals", "two", Decimal("1.5"), Decimal(-1)),
    set_key("indicators", "over", "forever", {"mean": Decimal("1.5")}, {"mean": Decimal(0)}, {"median": Decimal(2)}),
    set_key("indicators", "points", {"curve": []}, {"linear": []}, {"rank": {"best": "middle"}}, {"rank": {}}),
    set_key("rating.rules", "rate", "blue", "incomplete"),
    set_key("rating.quotas", "take", "middle"),
    set_key("rating.quotas", "within", ["nowhere"]),
    set_key("rating.caps", "at_most", "unrated", "blue"),
    set_key("rating.history", "becomes", "blue"),
    set_key("rating.flags", "now", "blue", ["red", "blue"]),
    *(drop_key("indicators", key) for key in ("code", "value")),
    drop_key("measures", "type"),
    drop_key("rating.quotas", "share"),
    *(drop_key("rating.history", key) for key in ("now", "when", "becomes")),
    *(drop_key("rating.flags", key) for key in ("now", "when", "code")),
    set_when("unknown measure", (".measure", {"measure": "nowhere", "reported": True})),
    set_when("unknown indicator", (".not.indicator", {"not": {"indicator": "nowhere", "above": LOOKS}})),
    set_when("unknown attribute", (".any[0].attribute", {"any": [{"attribute": "nowhere", "reported": True}]})),
    set_when("text that looks like a number", (".equals", {"attribute": "class", "equals": Decimal(61)})),
    set_when("order of texts", (".above", {"attribute": "class", "above": "61"})),
    set_when("unknown comparison", (".over", {"attribute": "class", "over": LOOKS})),
    set_when("no comparison", ("", {"attribute": "class"}), ("", {}), ("", {"any": []})),
    set_when("years of an attribute", ("", {"attribute": "class", "reported": True, "years": {"of_last": LOOKS}})),
    set_when("previous wants three keys", ("", {"previous": {"of_last": LOOKS, "one_of": ["red"]}})),
    set_when(
        "previous of an unknown rating",
        (".previous.one_of", {"previous": {"of_last": LOOKS, "at_least": LOOKS, "one_of": ["blue"]}}),
    ),
    set_when("a condition of the wrong type", ("", {"not": "x"}), ("", {"all": {"any": []}})),
    bad_attribute, duplicate_code,
    unknown_measure, unknown_part, wrong_part, not_rising, beyond_100, options_of_choice, wrong_form,
    pooled_without_ratio, weight_without_points, weights_not_100, options_missing, bounds_crossed,
    last_rule_with_when, rule_without_when, becomes_now, total_in_adjustment, without_weights,
    needs_of_another_kind, alias, tag, duplicate_key,
]  # fmt: skip


def spoil(rng: Random, tree: Tree, count: int) -> tuple[str, list[Mistake]]:
    """The policy, as YAML text, with `count` mistakes (fewer when it has no room); `tree` is changed."""
    spoiler, made = Spoiler(rng, tree), list[Mistake]()
    for make in shuffled_forever(rng):
        try:
            made.append(make(spoiler))
        except Inapplicable:
            continue
        if len(made) >= count:
            break
    return Writer(rng).document(tree), made


def shuffled_forever(rng: Random) -> Iterator[Makes]:
    """Every kind of mistake twice over."""
    return iter(rng.sample(MISTAKES * 2, 2 * len(MISTAKES)))
