"""Questions about reviews that several verbs ask: where one stands, whose it is, how many are left."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from specialty_eval.engine import cycle, review

from .base import Straight, table_of
from .cycles import Round
from .ledger import Event
from .registry import School, Specialty, SpecialtyCode
from .registry_queries import numbered
from .reviews import Attachment, EvidenceVersion, Figure, Review, VerificationMark


@dataclass(frozen=True, slots=True)
class Titled:
    """A review with the names people know it by, for lists."""

    id: int
    round_id: int
    specialty_id: int
    code: str
    specialty: str
    school: str
    county: str
    level: str
    class_name: str
    state: str
    version: int
    due: datetime | None


def titled() -> sa.Select[*tuple[Any, ...]]:
    """The query behind `Titled`, to be narrowed and ordered by the caller."""
    return (
        sa.select(
            Review.id, Review.round_id, Review.specialty_id, SpecialtyCode.code, Specialty.name, School.name,
            School.jurisdiction_code, Specialty.level, Specialty.class_name, Review.state, Review.version, Review.due,
        )
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, sa.and_(SpecialtyCode.specialty_id == Specialty.id, SpecialtyCode.valid_to.is_(None)))
    )  # fmt: skip


def ids_in(session: Session, round_id: int, states: Collection[str]) -> list[int]:
    """The reviews of a round in these states, in order of id."""
    found = sa.select(Review.id).where(Review.round_id == round_id, Review.state.in_(states)).order_by(Review.id)
    return list(session.scalars(found))


def ending_with(session: Session, round_ids: Collection[int]) -> list[int]:
    """The reviews that end with their cancelled rounds, in order of id: not those that an upheld appeal opened."""
    going = [state.value for state in review.UNENDED]
    found = sa.select(Review.id).where(
        Review.round_id.in_(round_ids), Review.state.in_(going), Review.replaces_id.is_(None)
    )
    return list(session.scalars(found.order_by(Review.id)))


def unended(session: Session, round_ids: Collection[int]) -> int:
    """How many reviews of these rounds have not ended."""
    ended = [state.value for state in review.ENDED]
    found = sa.select(sa.func.count()).where(Review.round_id.in_(round_ids), Review.state.not_in(ended))
    return session.scalar(found) or 0


def attached(session: Session, review_id: int) -> set[str]:
    """The measures that have an attachment."""
    return set(session.scalars(sa.select(Attachment.measure).where(Attachment.review_id == review_id).distinct()))


def unsupported(session: Session, review_id: int, version_id: int | None) -> set[str]:
    """The measures of an evidence version that an office found unsupported."""
    found = sa.select(VerificationMark.measure).where(
        VerificationMark.review_id == review_id,
        VerificationMark.evidence_version_id.is_not_distinct_from(version_id),
        VerificationMark.verdict == "unsupported",
    )
    return set(session.scalars(found))


def reviewed(session: Session, ids: Collection[int], since: int) -> dict[int, list[tuple[int, str, int, str]]]:
    """Of these specialties those with reviews of this year's evidence or a later one's, locked against a step.

    Each review as its id, its state, the year of its evidence and its round's state.
    """
    found = (
        sa.select(Review.id, Review.specialty_id, Review.state, Round.evidence_year, Round.state)
        .join(Round, Round.id == Review.round_id)
        .where(numbered(Review.specialty_id, sorted(ids)))
        .where(Round.evidence_year >= since)
        .order_by(Review.id)
        .with_for_update(read=True, of=Review)
    )
    of: dict[int, list[tuple[int, str, int, str]]] = {}
    for review_id, key, state, scored, phase in session.execute(found):
        of.setdefault(key, []).append((review_id, state, scored, phase))
    return of


def holding(session: Session, pairs: Collection[tuple[int, int]], *, by_school: bool) -> dict[tuple[int, int], int]:
    """Of these (specialty, year), those whose figures a review holds as they are, each with that review.

    The reviews are locked against a step meanwhile: what they hold is held until the caller has written.
    """
    if not pairs:
        return {}
    of = reviewed(session, {key for key, _ in pairs}, min(year for _, year in pairs))
    held = {}
    for key, year in pairs:
        for review_id, state, scored, phase in of.get(key, ()):
            goes_on = phase not in cycle.ROUND_ENDED
            if review.holds(state, year, scored, by_school=by_school, round_goes_on=goes_on):
                held[key, year] = review_id
    return held


def version_before(session: Session, review_id: int, version_id: int | None) -> int | None:
    """The submission before this one of the same review; None where it was the first."""
    found = sa.select(EvidenceVersion.id).where(
        EvidenceVersion.review_id == review_id, EvidenceVersion.id < (version_id or 0)
    )
    return session.scalar(found.order_by(EvidenceVersion.id.desc()).limit(1))


@dataclass(frozen=True, slots=True)
class NewFigure:
    """A value to go on record: of whom, of which year, from whom; by which review, where one puts it there."""

    specialty_id: int
    year: int
    measure: str
    value: str
    supplier: str
    source: str
    review_id: int | None = None


def record_figures(session: Session, new: Iterable[NewFigure], now: datetime, by: int | None) -> int:
    """Put values on record; one that says otherwise is superseded, one that says the same stays. How many are new.

    Three statements, however many values; an empty one takes what is on record off it.
    """
    wanted = {(f.specialty_id, f.year, f.measure): f for f in new}
    if not wanted:
        return 0
    session.flush()
    keys = dict(zip(("specialties", "years", "measures"), map(list, zip(*wanted, strict=True)), strict=True))
    current = {(row[1], row[2], row[3]): row for row in _CURRENT.run(session, keys)}
    changed = [
        f for key, f in wanted.items() if key not in current or current[key][4:] != (f.value, f.supplier, f.source)
    ]
    if stale := [current[key][0] for key in ((f.specialty_id, f.year, f.measure) for f in changed) if key in current]:
        _SUPERSEDE.run(session, {"ids": stale, "now": now})
    if said := [f for f in changed if f.value != ""]:
        _PUT.run(session, {
            "specialties": [f.specialty_id for f in said], "years": [f.year for f in said],
            "measures": [f.measure for f in said], "values": [f.value for f in said],
            "suppliers": [f.supplier for f in said], "sources": [f.source for f in said],
            "reviews": [f.review_id for f in said], "now": now, "by": by,
        })  # fmt: skip
    return len(changed)


def _laid_out(**columns: tuple[str, Any]) -> sa.Subquery:
    """Arrays bound as parameters, side by side as the columns of a table: one statement for any number of rows."""
    return sa.select(*(
        sa.func.unnest(sa.bindparam(parameter, type_=ARRAY(kind))).label(column)
        for column, (parameter, kind) in columns.items()
    )).subquery()  # fmt: skip


_FIGURE = table_of(Figure)
_KEYS = {
    "specialty_id": ("specialties", sa.BigInteger()),
    "year": ("years", sa.Integer()),
    "measure": ("measures", sa.Text()),
}
_ASKED = _laid_out(**_KEYS)
_CURRENT = Straight(
    sa.select(_FIGURE.c.id, *(_FIGURE.c[c] for c in ("specialty_id", "year", "measure", "value", "supplier", "source")))
    .join(_ASKED, sa.and_(*(_FIGURE.c[column] == _ASKED.c[column] for column in _KEYS)))
    .where(_FIGURE.c.superseded_at.is_(None))
    .order_by(_FIGURE.c.id)
    .with_for_update(of=_FIGURE)
)
_SUPERSEDE = Straight(
    sa.update(_FIGURE)
    .where(_FIGURE.c.id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.BigInteger()))))
    .values(superseded_at=sa.bindparam("now", type_=_FIGURE.c.superseded_at.type))
)
_SAID = _laid_out(
    **_KEYS, value=("values", sa.Text()), supplier=("suppliers", sa.Text()), source=("sources", sa.Text()),
    review_id=("reviews", sa.BigInteger()),
)  # fmt: skip
_PUT = Straight(
    sa.insert(_FIGURE).from_select(
        [*_SAID.c.keys(), "recorded_at", "recorded_by"],
        sa.select(
            *_SAID.c,
            sa.bindparam("now", type_=_FIGURE.c.recorded_at.type),
            sa.bindparam("by", type_=sa.BigInteger()),
        ),
    )
)


def mark(
    session: Session,
    of: tuple[int, int | None, str],
    measures: Sequence[str],
    unsupported: Mapping[str, str],
    now: datetime,
    by: int | None,
) -> None:
    """Put an office's word on each measure of `(review, evidence version, office)` on record; a later one replaces it.

    `unsupported` are those it does not accept, each with the reason.
    """
    review_id, version_id, office = of
    session.flush()
    _MARK.run(session, {
        "review": review_id, "version": version_id, "office": office, "measures": list(measures),
        "verdicts": ["unsupported" if m in unsupported else "accepted" for m in measures],
        "reasons": [unsupported.get(m, "") for m in measures], "now": now, "by": by,
    })  # fmt: skip


_WORDS = _laid_out(measure=("measures", sa.Text()), verdict=("verdicts", sa.Text()), reason=("reasons", sa.Text()))
_MARKS = insert(VerificationMark).from_select(
    ["measure", "verdict", "reason", "review_id", "evidence_version_id", "office", "marked_at", "marked_by"],
    sa.select(
        *_WORDS.c,
        sa.bindparam("review", type_=sa.BigInteger()),
        sa.bindparam("version", type_=sa.BigInteger()),
        sa.bindparam("office", type_=sa.Text()),
        sa.bindparam("now", type_=VerificationMark.marked_at.type),
        sa.bindparam("by", type_=sa.BigInteger()),
    ),
)
_MARK = Straight(
    _MARKS.on_conflict_do_update(
        index_elements=["review_id", "evidence_version_id", "measure", "office"],
        set_={name: _MARKS.excluded[name] for name in ("verdict", "reason", "marked_at", "marked_by")},
    )
)


def late(session: Session, round_id: int, state: str, now: datetime) -> list[int]:
    """The reviews of a round in a state of the school whose own deadline has passed."""
    column = Review.correction_due if state == review.State.RETURNED else Review.due
    found = sa.select(Review.id).where(Review.round_id == round_id, Review.state == state, column <= now)
    return list(session.scalars(found.order_by(Review.id)))


def due_with(session: Session, round_id: int, due: datetime) -> int:
    """How many reviews of a round are still open by a deadline that is not their own later one."""
    found = sa.select(sa.func.count()).where(
        Review.round_id == round_id, Review.state == review.State.OPEN.value, Review.due <= due
    )
    return session.scalar(found) or 0


def nothing_came(session: Session, review_id: int) -> bool:
    """Whether what a school was last asked for was not handed in: it was defaulted after it last submitted, if ever."""
    submitted, defaulted = (
        sa.select(sa.func.coalesce(sa.func.max(Event.seq), 0))
        .where(Event.subject_kind == Review.__tablename__, Event.subject_id == review_id,
               Event.kind == f"review.{step.value}")
        .scalar_subquery()
        for step in (review.Event.SUBMIT, review.Event.DEFAULT)
    )  # fmt: skip
    return bool(session.scalar(sa.select(defaulted > submitted)))


def county_overdue(session: Session, round_id: int, now: datetime) -> list[int]:
    """The reviews of a round whose county has not checked within its days, and that nobody has taken over."""
    waits = [state.value for state in review.WITH_THE_COUNTY]
    found = sa.select(Review.id).where(
        Review.round_id == round_id, Review.state.in_(waits), Review.county_due <= now, ~Review.taken_over
    )
    return list(session.scalars(found.order_by(Review.id)))


def take_over(session: Session, ids: Collection[int], now: datetime) -> None:
    """These reviews are the bureau's to check from now on."""
    taken = sa.update(Review).where(Review.id.in_(ids))
    taken = taken.values(taken_over=True, county_due=None, version=Review.version + 1, updated_at=now)
    session.execute(taken, execution_options={"synchronize_session": "fetch"})


def reminders(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Review → reminders served."""
    found = sa.select(Review.id, Review.reminders).where(Review.id.in_(ids))
    return {key: served for key, served in session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()


def wait_for_county(session: Session, ids: Collection[int], due: datetime) -> None:
    """Give the counties until then for those of these reviews that they check and the bureau has not taken over."""
    theirs = (
        sa.select(Specialty.id).join(School, School.id == Specialty.school_id).where(School.run_by != "city")
    )  # fmt: skip
    waits = sa.update(Review).where(Review.id.in_(ids), ~Review.taken_over, Review.specialty_id.in_(theirs))
    session.execute(waits.values(county_due=due), execution_options={"synchronize_session": "fetch"})


def current_value(session: Session, specialty_id: int, year: int, measure: str) -> str:
    """The value on record now, as written; empty when there is none."""
    found = sa.select(Figure.value).where(
        Figure.specialty_id == specialty_id,
        Figure.year == year,
        Figure.measure == measure,
        Figure.superseded_at.is_(None),
    )
    return session.scalar(found) or ""


def under_way(session: Session, specialty_ids: Collection[int]) -> dict[int, int]:
    """Specialty → its review that has begun and not ended; the latest, where there are several."""
    if not specialty_ids:
        return {}
    rest = [state.value for state in (*review.ENDED, review.State.PLANNED)]
    found = sa.select(Review.specialty_id, Review.id).where(
        numbered(Review.specialty_id, specialty_ids), Review.state.not_in(rest)
    )
    rows = session.execute(found.order_by(Review.turn))
    return {specialty: key for specialty, key in rows}  # noqa: C416 -- a Row is no tuple to dict()
