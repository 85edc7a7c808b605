"""A review's material with the newest look at each piece; by what its school is known; which reviews are blind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from specialty_eval.engine.anonymity import names_of
from specialty_eval.engine.review import SCORES_FROM
from specialty_eval.engine.roles import Role

from .accounts import Person, RoleGrant
from .cycles import Round
from .material import MaterialCheck, MaterialRelease
from .rectification_queries import proves_elsewhere
from .registry import Jurisdiction, School, Specialty
from .reviews import Attachment, EvidenceVersion, Review


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, or (without a number) the words handed in, the newest look at it, and its release."""

    attachment: Attachment | None
    check: MaterialCheck | None
    release: MaterialRelease | None

    def is_open(self, names: tuple[str, ...]) -> bool:
        """Whether a blind reader sees it: clear of all these names, or released after whatever was found last."""
        if self.check is None:
            return False
        return self.release is not None or (self.check.says == "clear" and set(names) <= set(self.check.names))


def is_blind(session: Session, round_id: int) -> bool:
    """Whether a round's experts are not to learn whose material they score."""
    return bool(session.scalar(sa.select(Round.blind).where(Round.id == round_id)))


def set_blind(session: Session, row: Round, blind: bool, now: datetime) -> None:
    """Put down whether it is; the round is locked by the caller."""
    changed = sa.update(Round).where(Round.id == row.id)
    session.execute(changed.values(blind=blind, version=Round.version + 1, updated_at=now))
    session.refresh(row)


def files(session: Session, review_id: int) -> Sequence[Attachment]:
    """Every file of a review, but for what proves what another specialty mends (that is its school's alone),
    the first first.
    """
    found = sa.select(Attachment).where(Attachment.review_id == review_id, ~proves_elsewhere())
    return session.scalars(found.order_by(Attachment.uploaded_at, Attachment.id)).all()


def pieces(session: Session, review: Review) -> list[Piece]:
    """Every file of a review, and the words of the version it stands on if there is one."""
    newest = (
        sa.select(MaterialCheck)
        .where(MaterialCheck.review_id == review.id)
        .ext(distinct_on(MaterialCheck.attachment_id, MaterialCheck.evidence_version_id))
        .order_by(MaterialCheck.attachment_id, MaterialCheck.evidence_version_id, MaterialCheck.id.desc())
    )
    checks = list(session.scalars(newest))
    released = sa.select(MaterialRelease).where(MaterialRelease.check_id.in_([check.id for check in checks]))
    releases = {release.check_id: release for release in session.scalars(released)}
    of_file = {check.attachment_id: check for check in checks if check.attachment_id is not None}
    of_words = next((c for c in checks if c.evidence_version_id == review.evidence_version_id), None)
    found: list[tuple[Attachment | None, MaterialCheck | None]] = [
        (file, of_file.get(file.id)) for file in files(session, review.id)
    ]
    if review.evidence_version_id is not None:
        found.insert(0, (None, of_words if of_words and of_words.evidence_version_id else None))
    return [Piece(file, check, None if check is None else releases.get(check.id)) for file, check in found]


def words(session: Session, version_id: int) -> list[tuple[str, str]]:
    """(Where, text) of everything in words that a school handed in with its figures."""
    version = session.get_one(EvidenceVersion, version_id)
    said = [("self_evaluation", version.self_evaluation)]
    for measure, figure in sorted(version.figures.items()):
        said += [(f"{measure}.{key}", str(text)) for key, text in sorted(figure.items())]
    return said


def names(session: Session, review: Review) -> tuple[str, ...]:
    """By what the review's school is known, and what else somebody had its material looked through for."""
    county, city = aliased(Jurisdiction), aliased(Jurisdiction)
    found = (
        sa.select(School.id, School.name, School.code, county.name, city.name)
        .join(Specialty, Specialty.school_id == School.id)
        .join(county, county.code == School.jurisdiction_code)
        .join(city, city.code == School.city_code)
        .where(Specialty.id == review.specialty_id)
    )
    school_id, name, code, *areas = session.execute(found).one()
    heads = (
        sa.select(Person.name)
        .join(RoleGrant, RoleGrant.person_id == Person.id)
        .where(RoleGrant.organisation_id == school_id, RoleGrant.role == Role.SCHOOL_HEAD.value)
        .order_by(Person.id)
    )
    asked = sa.select(MaterialCheck.names).where(MaterialCheck.review_id == review.id)
    before = session.scalar(asked.order_by(MaterialCheck.id.desc()).limit(1)) or []
    return names_of(name, [code], areas, list(session.scalars(heads)), before)


def to_check(session: Session) -> list[tuple[str, datetime | None]]:
    """The reviews of blind rounds with a file, or the words, that nobody has looked through yet; since when."""
    looked = sa.select(MaterialCheck.id).where(MaterialCheck.attachment_id == Attachment.id).correlate(Attachment)
    read = sa.select(MaterialCheck.id).where(MaterialCheck.evidence_version_id == Review.evidence_version_id)
    states = [state.value for state in SCORES_FROM]
    in_blind = sa.and_(Round.blind, Review.state.in_(states))
    with_files = (
        sa.select(Review.id, sa.func.min(Attachment.uploaded_at))
        .join(Round, Round.id == Review.round_id)
        .join(Attachment, Attachment.review_id == Review.id)
        .where(in_blind, ~looked.exists(), ~proves_elsewhere())
        .group_by(Review.id)
    )
    texts = (
        sa.select(Review.id, sa.func.min(EvidenceVersion.submitted_at))
        .join(Round, Round.id == Review.round_id)
        .join(EvidenceVersion, EvidenceVersion.id == Review.evidence_version_id)
        .where(in_blind, ~read.correlate(Review).exists())
        .group_by(Review.id)
    )
    since: dict[str, datetime | None] = {}
    for review, at in [*session.execute(with_files), *session.execute(texts)]:
        since[str(review)] = min(filter(None, (since.get(str(review)), at)), default=None)
    return list(since.items())
