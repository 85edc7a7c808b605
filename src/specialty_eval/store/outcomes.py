"""What follows a decision: publications, objections, appeals, ratings in force, standings, plans, rectifications."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from specialty_eval.engine import cases, enrolment, plan, publicity, rectification, standing
from specialty_eval.engine.vocabulary import COLOURS, Rating

from . import needs
from .base import Base, Versioned, identity, one_of, reference

COLOUR_VALUES = tuple(c.value for c in COLOURS)


class Publication(Versioned, Base):
    """A frozen list of proposed ratings, drafted by one person and approved by another, in publicity for its days.

    A list that goes stale is frozen anew as its next edition; the entries of the older ones stay.
    """

    __tablename__ = "publication"
    __table_args__ = (
        sa.UniqueConstraint("round_id", "number"),
        one_of("state", publicity.ListState),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> drafted_by", name="two_people"),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'in_publicity', 'closed') OR approved_by IS NOT NULL",
            name="approved_has_approver",
        ),
        sa.CheckConstraint(
            "state NOT IN ('in_publicity', 'closed') OR (opened_at IS NOT NULL AND closes_at > opened_at)",
            name="publicity_has_days",
        ),
        *needs.of_publication(),
    )

    id: Mapped[int] = identity()
    round_id: Mapped[int] = reference("round.id", index=False)
    number: Mapped[int] = mapped_column(sa.Integer)
    edition: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    state: Mapped[str]
    digest: Mapped[str]
    counts: Mapped[dict[str, Any]]
    drafted_by: Mapped[int] = reference("person.id", index=False)
    drafted_at: Mapped[datetime]
    approved_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    approved_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    seal_head: Mapped[str] = mapped_column(server_default="")


class PublicationEntry(Base):
    """One line of a publication's edition: a review, the rating proposed and its reason codes, frozen."""

    __tablename__ = "publication_entry"
    __table_args__ = (sa.UniqueConstraint("publication_id", "edition", "review_id"), one_of("rating", Rating))

    id: Mapped[int] = identity()
    publication_id: Mapped[int] = reference("publication.id", index=False)
    edition: Mapped[int] = mapped_column(sa.Integer)
    review_id: Mapped[int] = reference("review.id")
    rating: Mapped[str]
    reasons: Mapped[list[str]]
    decision_id: Mapped[int] = reference("decision.id")
    line: Mapped[list[Any] | None] = mapped_column(JSONB)
    """The line as the list's digest has it; None of a list frozen before lines were kept."""


class Erratum(Base):
    """A slip of the pen in a publication, set right in public: no rating changes by it."""

    __tablename__ = "erratum"
    __table_args__ = (sa.CheckConstraint("text <> ''", name="text_given"),)

    id: Mapped[int] = identity()
    publication_id: Mapped[int] = reference("publication.id")
    review_id: Mapped[int | None] = reference("review.id", null=True, index=False)
    text: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = reference("person.id", null=True, index=False)


class Objection(Versioned, Base):
    """Somebody's objection to one publicised rating; who it was stands in `objector` alone."""

    __tablename__ = "objection"
    __table_args__ = (
        one_of("state", cases.ObjectionState),
        sa.CheckConstraint(
            "state NOT IN ('inadmissible', 'upheld', 'rejected') OR answer <> ''", name="answered_has_answer"
        ),
        *needs.of_objection(),
    )

    id: Mapped[int] = identity()
    review_id: Mapped[int] = reference("review.id")
    publication_id: Mapped[int] = reference("publication.id")
    state: Mapped[str]
    grounds: Mapped[str]
    answer: Mapped[str] = mapped_column(server_default="")
    received_at: Mapped[datetime]
    admissibility_due: Mapped[datetime]
    answer_due: Mapped[datetime | None]


class Objector(Base):
    """An objector's name and contact: private, and erasable without touching the case.

    `confirmation_code` waits for whoever sends it to the contact, and is emptied once it came back.
    """

    __tablename__ = "objector"

    objection_id: Mapped[int] = mapped_column(sa.ForeignKey("objection.id"), primary_key=True)
    name: Mapped[str]
    contact: Mapped[str]
    confirmation_hash: Mapped[str]
    confirmation_code: Mapped[str] = mapped_column(server_default="")


class Appeal(Versioned, Base):
    """A school's appeal against a confirmed rating; upheld, it opens a new review."""

    __tablename__ = "appeal"
    __table_args__ = (
        one_of("state", cases.AppealState),
        sa.Index(
            "uq_appeal_open_review",
            "review_id",
            unique=True,
            postgresql_where=sa.text("state NOT IN ('inadmissible', 'upheld', 'rejected')"),
        ),
        sa.CheckConstraint("(state = 'upheld') = (new_review_id IS NOT NULL)", name="upheld_opens_review"),
        sa.CheckConstraint(
            "state NOT IN ('inadmissible', 'upheld', 'rejected') OR answer <> ''", name="answered_has_answer"
        ),
        *needs.of_appeal(),
    )

    id: Mapped[int] = identity()
    review_id: Mapped[int] = reference("review.id")
    new_review_id: Mapped[int | None] = reference("review.id", null=True)
    state: Mapped[str]
    grounds: Mapped[str]
    answer: Mapped[str] = mapped_column(server_default="")
    follow_ups: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    received_at: Mapped[datetime]
    received_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    answer_due: Mapped[datetime]


class AppealPanelist(Base):
    """A member of the panel that hears one appeal; nobody who decided the first time sits on it."""

    __tablename__ = "appeal_panelist"

    appeal_id: Mapped[int] = mapped_column(sa.ForeignKey("appeal.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)


class RatingInForce(Base):
    """A confirmed rating: valid from a day to a day (exclusive, open = until superseded), known from an instant to one.

    Nothing is overwritten: superseding closes `known_to` of the row that said otherwise and writes what is known now,
    so "which rating was in force on day D, as known at instant T" always has one answer.
    """

    __tablename__ = "rating_in_force"
    __table_args__ = (
        one_of("rating", Rating),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="valid_forwards"),
        sa.CheckConstraint("known_to IS NULL OR known_to >= known_from", name="known_forwards"),
        sa.CheckConstraint("(review_id IS NOT NULL) <> (source <> '')", name="review_or_source"),
        sa.CheckConstraint("acts_since <= valid_from", name="carried_after_it_acts"),
        sa.Index(
            "uq_rating_in_force_open",
            "specialty_id",
            unique=True,
            postgresql_where=sa.text("valid_to IS NULL AND known_to IS NULL"),
        ),
        sa.Index("ix_rating_in_force_specialty", "specialty_id", "valid_from"),
        sa.Index(
            "ix_rating_in_force_days", sa.text("daterange(valid_from, valid_to)"),
            sa.text("tstzrange(known_from, known_to)"), postgresql_using="gist",
        ),
        sa.Index("ix_rating_in_force_until", "valid_to", postgresql_where=sa.text("known_to IS NULL")),
        *needs.of_rating(),
    )  # fmt: skip

    id: Mapped[int] = identity()
    specialty_id: Mapped[int] = reference("specialty.id", index=False)
    review_id: Mapped[int | None] = reference("review.id", null=True)
    rating: Mapped[str]
    year: Mapped[int] = mapped_column(sa.Integer)
    reasons: Mapped[list[str]]
    document_number: Mapped[str]
    source: Mapped[str] = mapped_column(server_default="")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    known_from: Mapped[datetime]
    known_to: Mapped[datetime | None]
    acts_since: Mapped[date | None]
    """Of a rating that went over with a succession: since when its run of consequences counts."""


class Standing(Versioned, Base):
    """What a specialty may do: its standing now, since when, and the quota its red run is measured against."""

    __tablename__ = "standing"
    __table_args__ = (one_of("state", standing.StandingState),)

    id: Mapped[int] = identity()
    specialty_id: Mapped[int] = mapped_column(sa.ForeignKey("specialty.id"), unique=True)
    state: Mapped[str]
    since: Mapped[date]
    academic_year: Mapped[int] = mapped_column(sa.Integer)
    cause_review_id: Mapped[int | None] = reference("review.id", null=True, index=False)
    quota_before: Mapped[int | None] = mapped_column(sa.Integer)
    cause: Mapped[str] = mapped_column(server_default="")
    steps_taken: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    supports: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")


class EnrolmentPlan(Versioned, Base):
    """The quotas of one academic year; a newer number supersedes an older one."""

    __tablename__ = "enrolment_plan"
    __table_args__ = (
        sa.UniqueConstraint("jurisdiction_code", "academic_year", "number"),
        one_of("state", plan.PlanState),
        sa.Index(
            "uq_enrolment_plan_approved",
            "jurisdiction_code",
            "academic_year",
            unique=True,
            postgresql_where=sa.text("state = 'approved'"),
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR (approved_by IS NOT NULL AND document_number <> '')", name="approved_has_document"
        ),
        sa.CheckConstraint("state NOT IN ('submitted', 'approved') OR submitted_by IS NOT NULL", name="submitted_by"),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> submitted_by", name="two_people"),
        sa.CheckConstraint("city_total >= 0", name="city_total_not_negative"),
        *needs.of_plan(),
    )

    id: Mapped[int] = identity()
    jurisdiction_code: Mapped[str] = reference("jurisdiction.code", index=False)
    academic_year: Mapped[int] = mapped_column(sa.Integer)
    number: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[str]
    city_total: Mapped[int | None] = mapped_column(sa.Integer)
    document_number: Mapped[str] = mapped_column(server_default="")
    drafted_at: Mapped[datetime]
    submitted_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    approved_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    approved_at: Mapped[datetime | None]


class EnrolmentLine(Base):
    """One specialty's quota in one plan: before, computed, adjusted; whole students.

    `computed` is null where no quota on record gives a base: then the planner sets one, with a reason, before the
    plan is submitted. `set_aside`: made under a rating that an appeal overturned, and no longer a base for later years.
    """

    __tablename__ = "enrolment_line"
    __table_args__ = (
        sa.UniqueConstraint("plan_id", "specialty_id"),
        sa.CheckConstraint("quota >= 0", name="quota_not_negative"),
        sa.CheckConstraint("quota = computed OR adjustment_reason <> ''", name="adjustment_has_reason"),
        one_of("rule", enrolment.Rule),
        one_of("standing", standing.StandingState),
    )

    id: Mapped[int] = identity()
    plan_id: Mapped[int] = reference("enrolment_plan.id", index=False)
    specialty_id: Mapped[int] = reference("specialty.id")
    before: Mapped[int | None] = mapped_column(sa.Integer)
    base: Mapped[int | None] = mapped_column(sa.Integer)
    computed: Mapped[int | None] = mapped_column(sa.Integer)
    quota: Mapped[int] = mapped_column(sa.Integer)
    capacity: Mapped[int | None] = mapped_column(sa.Integer)
    limited: Mapped[bool] = mapped_column(server_default=sa.false())
    standing: Mapped[str]
    rule: Mapped[str]
    cause: Mapped[str] = mapped_column(server_default="")
    step: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    adjustment_reason: Mapped[str] = mapped_column(server_default="")
    adjusted_by: Mapped[int | None] = reference("person.id", null=True, index=False)
    set_aside: Mapped[bool] = mapped_column(server_default=sa.false())


class OpeningQuota(Base):
    """The opening balance: a quota from before the first plan and a capacity, with their source. Later one capacity."""

    __tablename__ = "opening_quota"
    __table_args__ = (
        sa.UniqueConstraint("specialty_id", "academic_year"),
        sa.CheckConstraint("quota >= 0 AND (capacity IS NULL OR capacity >= 0)", name="not_negative"),
        sa.CheckConstraint("num_nonnulls(quota, capacity) > 0", name="says_something"),
    )

    id: Mapped[int] = identity()
    specialty_id: Mapped[int] = reference("specialty.id", index=False)
    academic_year: Mapped[int] = mapped_column(sa.Integer)
    quota: Mapped[int | None] = mapped_column(sa.Integer)
    capacity: Mapped[int | None] = mapped_column(sa.Integer)
    source: Mapped[str]
    recorded_at: Mapped[datetime]


class Rectification(Versioned, Base):
    """What a yellow or red specialty mends: plan, progress, recheck."""

    __tablename__ = "rectification"
    __table_args__ = (
        one_of("state", rectification.RectificationState),
        sa.Index(
            "uq_rectification_open",
            "specialty_id",
            unique=True,
            postgresql_where=sa.text("state NOT IN ('passed', 'failed', 'superseded')"),
        ),
        sa.CheckConstraint(
            "state = 'due' OR state = 'superseded' OR state = 'failed' OR plan <> ''", name="planned_has_plan"
        ),
        sa.CheckConstraint("(state = 'passed') = (passed_on IS NOT NULL)", name="passed_has_day"),
        sa.CheckConstraint("state <> 'passed' OR findings <> ''", name="passed_has_findings"),
        one_of("rating", COLOUR_VALUES),
        *needs.of_rectification(),
    )

    id: Mapped[int] = identity()
    specialty_id: Mapped[int] = reference("specialty.id")
    review_id: Mapped[int] = reference("review.id")
    rating: Mapped[str]
    state: Mapped[str]
    plan: Mapped[str] = mapped_column(server_default="")
    plan_due: Mapped[datetime]
    recheck_from: Mapped[date]
    failures: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    findings: Mapped[str] = mapped_column(server_default="")
    passed_on: Mapped[date | None]


class RectificationMilestone(Base):
    """One thing a school promises to have done by a day, and what proves it: words, a file, or both."""

    __tablename__ = "rectification_milestone"
    __table_args__ = (
        sa.UniqueConstraint("rectification_id", "code"),
        sa.CheckConstraint("text <> ''", name="text_given"),
        sa.CheckConstraint("(proved_at IS NOT NULL) = (proof <> '' OR attachment_id IS NOT NULL)", name="proof_given"),
    )

    id: Mapped[int] = identity()
    rectification_id: Mapped[int] = reference("rectification.id", index=False)
    code: Mapped[str]
    text: Mapped[str]
    due: Mapped[date]
    proof: Mapped[str] = mapped_column(server_default="")
    attachment_id: Mapped[int | None] = reference("attachment.id", null=True, index=False)
    proved_at: Mapped[datetime | None]
    proved_by: Mapped[int | None] = reference("person.id", null=True, index=False)
