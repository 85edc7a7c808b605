"""What another policy, or an edited copy, would do to a round: who changes colour by which rule, places gained and
lost, how far everybody is from the next colour, how stable each rating is. It decides nothing and touches nothing.
"""

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from typing import Any

from .csv_records import MOST_BYTES, Findings
from .decimals import half_up
from .distance import Distance, Reach, distances
from .errors import Invalid, Problem
from .places import Place, read_quotas, students, summed
from .policy import Policy
from .results import EMPTY, Results
from .results_text import plain
from .stability import out_of_range, stability
from .tables import rate_files
from .vocabulary import Rating

DRAWS = 10_000
"""So many, unless others are asked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a simulation may look at; None: as much as it takes.

    `products`: draws x specialties x (weighted indicators and reasons); `search`: see `distance.work`.
    """

    products: int | None = None
    search: int | None = None


WITHIN_SECONDS = Limits(products=1_500_000_000, search=100_000_000)
"""For whoever waits for the answer: some four seconds of draws, some twelve of searching."""

UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Side:
    """A specialty under one of the two policies."""

    rating: Rating
    total: Decimal | None
    reasons: tuple[str, ...]
    places: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One specialty under both; `distance` and `draws` (rating → draws) are those of the policy that is tried."""

    specialty: str
    place: Place
    before: Side
    after: Side
    distance: Distance
    draws: Mapping[Rating, int]


@dataclass(frozen=True, slots=True)
class Facts:
    """What both policies are applied to: the files of `policy score`, who is rated (None: all), and the last quotas."""

    evidence: bytes
    history: bytes | None = None
    rated: Collection[str] | None = None
    places: Mapping[str, Place] | None = None


@dataclass(frozen=True, slots=True)
class Simulation:
    """Both policies' codes with their labels, everybody's rows, and under which draws."""

    against: Policy
    policy: Policy
    seed: int
    draws: int
    rows: tuple[Row, ...]


def simulate(
    policy: Policy, against: Policy, facts: Facts, *, seed: int = 0, draws: int = DRAWS, limits: Limits = UNLIMITED
) -> Simulation:
    """Rate by both policies and compare. `draws` 0: stability is not asked for; a policy without weights has none.

    Beyond the limits distances are not sought, and draws are refused. Raises what `rate_files` raises, and Invalid for
    draws that are too many.
    """
    if problems := out_of_range(seed, draws):
        raise Invalid(*problems)
    before, after = (_rated(own, other, facts) for own, other in ((against, policy), (policy, against)))
    width = len(after) * (len(policy.weighted) + len(after.policy_reasons))
    if limits.products is not None and draws * width > limits.products:
        said = {"value": draws, "specialties": len(after), "most": limits.products // width}
        raise Invalid(Problem("simulation-too-large", "draws", said))
    draws = draws if policy.weighted else 0
    stable = stability(after, seed=seed, draws=draws) if draws else None
    places = facts.places or {}
    rows = [
        Row(
            specialty=specialty,
            place=(place := places.get(specialty, Place())),
            before=_side(before, i, place),
            after=_side(after, i, place),
            distance=distance,
            draws={} if stable is None else stable.of(i),
        )
        for i, (specialty, distance) in enumerate(
            zip(after.specialties, distances(after, most=limits.search), strict=True)
        )
    ]
    return Simulation(against, policy, seed, draws, tuple(rows))


def read_places(content: bytes) -> dict[str, Place]:
    """QUOTAS.csv; Invalid with everything that is wrong in it."""
    findings = Findings()
    found = read_quotas(content, findings)
    findings.raise_any()
    return found


def _rated(policy: Policy, other: Policy, facts: Facts) -> Results:
    return rate_files(policy, fitted(policy, other, facts.evidence), facts.history, limit=MOST_BYTES, rated=facts.rated)


def fitted(policy: Policy, other: Policy, evidence: bytes) -> bytes:
    """The evidence without the columns that the other policy alone knows; one that cannot be read stays as it is."""
    surplus = (other.measures.keys() | other.attributes.keys()) - (policy.measures.keys() | policy.attributes.keys())
    try:
        rows = list(csv.reader(StringIO(evidence.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return evidence
    kept = [place for place, name in enumerate(rows[0] if rows else ()) if name not in surplus]
    if not rows or len(kept) == len(rows[0]):
        return evidence
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    width = len(rows[0])
    # A row of another length is left as it is: that it is wrong is said where it is read.
    writer.writerows([row[place] for place in kept] if len(row) == width else row for row in rows)
    return text.getvalue().encode()


def _side(results: Results, i: int, place: Place) -> Side:
    reasons = tuple(reason.code for reason in results.reasons(i))
    rating, total = results.rating(i), int(results.total[i])
    return Side(
        rating=rating,
        total=None if total == EMPTY else half_up(Decimal(total) / 100, 2),
        reasons=reasons,
        places=students(results.policy.enrolment, rating, reasons, place),
    )


# --- what is told ----------------------------------------------------------------------------------------------------


def labels(policy: Policy) -> dict[str, dict[str, str]]:
    """Every reason code of a policy with its labels."""
    steps = policy.rating
    named = [
        *policy.adjustments, *steps.unrated, *steps.rules, *steps.quotas, *steps.caps, *steps.history, *steps.flags,
    ]  # fmt: skip
    return {step.code: dict(step.label) for step in named}


def row_text(row: Row) -> dict[str, Any]:
    """A row as plain values: decimals as text, for keeping and for showing."""
    return {
        "code": row.specialty,
        "county": row.place.county,
        "class": row.place.class_,
        "quota": row.place.quota,
        "capacity": row.place.capacity,
        "before": _side_text(row.before),
        "after": _side_text(row.after),
        "distance": distance_text(row.distance),
        "draws": {rating.value: number for rating, number in row.draws.items()},
    }


def _side_text(side: Side) -> dict[str, Any]:
    return {
        "rating": side.rating.value,
        "total": plain(side.total),
        "reasons": list(side.reasons),
        "places": side.places,
    }


def distance_text(distance: Distance) -> dict[str, Any]:
    """A distance as plain values."""
    change = distance.change
    said = None if change is None else {
        "indicator": change.indicator, "measure": change.measure, "before": plain(change.before),
        "after": plain(change.after), "points_before": plain(change.points_before),
        "points_after": plain(change.points_after), "rating": change.rating.value,
    }  # fmt: skip
    return {"reach": distance.reach.value, "change": said, "caps": list(distance.caps)}


def summary(rows: Sequence[Mapping[str, Any]], draws: int) -> dict[str, Any]:
    """The sums of some rows (as `row_text` gives them): whoever may not see a row sees it in no sum either."""
    changed = [row for row in rows if row["before"]["rating"] != row["after"]["rating"]]
    moves = Counter((row["before"]["rating"], row["after"]["rating"]) for row in changed)
    return {
        "specialties": len(rows),
        "ratings": {side: _counted(row[side]["rating"] for row in rows) for side in ("before", "after")},
        "changed": len(changed),
        "changes": [{"from": old, "to": new, "specialties": n} for (old, new), n in sorted(moves.items(), key=_order)],
        "reasons": _reasons(changed),
        "places": _places(rows),
        "distance": {reach.value: sum(row["distance"]["reach"] == reach for row in rows) for reach in Reach},
        "stability": None if not draws else _stability(rows, draws),
    }


def _order(move: tuple[tuple[str, str], int]) -> tuple[int, int]:
    (old, new), _ = move
    every = [rating.value for rating in Rating]
    return every.index(old), every.index(new)


def _counted(ratings: Iterable[str]) -> dict[str, int]:
    counts = Counter(ratings)
    return {rating.value: counts[rating.value] for rating in Rating}


def _reasons(changed: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By code, in how many of those that change colour it is among the reasons of one side alone."""
    before, after = Counter[str](), Counter[str]()
    for row in changed:
        old, new = row["before"]["reasons"], row["after"]["reasons"]
        before.update(code for code in old if code not in new)
        after.update(code for code in new if code not in old)
    return [{"code": code, "before": before[code], "after": after[code]} for code in sorted({*before, *after})]


def _places(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    def told(of: Iterable[Mapping[str, Any]]) -> dict[str, int]:
        sums = summed((row["before"]["places"], row["after"]["places"]) for row in of)
        return {name: getattr(sums, name) for name in sums.__slots__}

    def by(key: str) -> list[dict[str, Any]]:
        return [
            {"code": code, **told(row for row in rows if row[key] == code)}
            for code in sorted({row[key] for row in rows})
        ]

    return {"all": told(rows), "by_county": by("county"), "by_class": by("class")}


def _stability(rows: Sequence[Mapping[str, Any]], draws: int) -> dict[str, int]:
    """How many keep their rating in every draw, in at least nine of ten, in at least half, in fewer."""
    kept = [int(row["draws"].get(row["after"]["rating"], 0)) for row in rows]
    always = sum(n == draws for n in kept)
    nine_tenths = sum(draws > n and 10 * n >= 9 * draws for n in kept)
    half = sum(10 * n < 9 * draws and 2 * n >= draws for n in kept)
    return {"always": always, "nine_tenths": nine_tenths, "half": half, "less": len(kept) - always - nine_tenths - half}


COLUMNS = (
    "specialty", "county", "class", "rating_before", "total_before", "reasons_before", "rating_after", "total_after",
    "reasons_after", "quota", "places_before", "places_after", "reach", "indicator", "measure", "value_before",
    "value_after", "points_before", "points_after", "next_rating", "caps", "draws_same",
    *(f"draws_{rating.value}" for rating in Rating),
)  # fmt: skip
"""The columns of SIMULATION.csv."""


def lines(simulation: Simulation) -> Iterator[list[str]]:
    """SIMULATION.csv: its heading, one line a specialty; reasons and caps joined by `;`, empty where there is none."""
    yield list(COLUMNS)
    for row in map(row_text, simulation.rows):
        sides = [[row[s]["rating"], row[s]["total"], ";".join(row[s]["reasons"])] for s in ("before", "after")]
        names = ("indicator", "measure", "before", "after", "points_before", "points_after", "rating")
        change = row["distance"]["change"] or {}
        draws = [row["draws"].get(r, 0) for r in (row["after"]["rating"], *Rating)] if simulation.draws else [""] * 6
        cells = [
            row["code"], row["county"], row["class"], *sides[0], *sides[1], row["quota"], row["before"]["places"],
            row["after"]["places"], row["distance"]["reach"], *(change.get(name) for name in names),
            ";".join(row["distance"]["caps"]), *draws,
        ]  # fmt: skip
        yield [_cell(cell) for cell in cells]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
