"""A bureau's templates and ways of numbering, version by version; the papers there are, for whoever may read them."""

from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.documents import (
    FIELDS,
    FORMS,
    LABELS,
    OF_APPLICATIONS,
    READ_AS,
    DocumentKind,
    form_problems,
    sample,
)
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import READ, Role, Scope, Thing, reach
from specialty_eval.engine.roles import roles
from specialty_eval.store import application_queries, documents, registry, scopes
from specialty_eval.store.applications import Application
from specialty_eval.store.documents import Document, DocumentForm, DocumentTemplate
from specialty_eval.store.registry import School, Specialty
from specialty_eval.store.reviews import Review

from . import papers
from .context import Context, Note
from .paging import Page

EDITS = roles(Role.SECRETARY)
AT_MOST = 8 << 20


def _city(ctx: Context) -> str:
    return ctx.office(*READ[Thing.DOCUMENT_TEMPLATES]).city


def _editor(ctx: Context, kind: DocumentKind) -> tuple[str, int]:
    """(city, person) of whoever may change its templates, with the others waiting."""
    city = ctx.office(*EDITS).city
    ctx.permit(EDITS, Scope(city=city), where="template")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "template"))
    documents.one_at_a_time(ctx.session, city, kind)
    return city, ctx.person_id


# --- templates -------------------------------------------------------------------------------------------------------


def kinds(ctx: Context) -> list[dict[str, Any]]:
    """Every kind with its fields, the version in force (0: the shipped one), and how it is numbered."""
    city = _city(ctx)
    return [_kind(ctx, city, kind) for kind in DocumentKind]


def _kind(ctx: Context, city: str, kind: DocumentKind) -> dict[str, Any]:
    own = documents.template_of(ctx.session, city, kind)
    form = documents.form_of(ctx.session, city, kind) or FORMS[kind]
    return {
        "kind": kind.value, "label": LABELS[kind], "form": form,
        "last_number": documents.last_number(ctx.session, city, form, ctx.today.year) or 0,
        "version": 0 if own is None or own.sha256 is None else own.number,
        "newest": 0 if own is None else own.number,
        "fields": [
            {"name": f.name, "label": f.label, "rows": [{"name": r.name, "label": r.label} for r in f.rows]}
            for f in FIELDS[kind]
        ],
    }  # fmt: skip


def versions(ctx: Context, kind: DocumentKind) -> list[dict[str, Any]]:
    """What was uploaded and taken back, in order."""
    return [version_view(row) for row in documents.templates_of(ctx.session, _city(ctx), kind)]


def version_view(row: DocumentTemplate) -> dict[str, Any]:
    """A version; without a hash it is the going back to the shipped one."""
    return {"kind": row.kind, "version": row.number, "sha256": row.sha256, "size": row.size, "note": row.note,
            "made_at": row.made_at, "made_by": row.made_by}  # fmt: skip


def template(ctx: Context, kind: DocumentKind, version: int | None = None) -> bytes:
    """The template in force as a Word file, or the version asked for; 0 is the shipped one."""
    city = _city(ctx)
    if version is None:
        return papers.template_in_force(ctx, city, kind)[1]
    if version == 0:
        from specialty_eval.paper import shipped  # noqa: PLC0415 -- slow import: Word

        return shipped.template(kind)
    row = next((r for r in documents.templates_of(ctx.session, city, kind) if r.number == version), None)
    if row is None or row.sha256 is None:
        raise NotFound(Problem("not-found", "template", {"kind": "document_template", "id": version}))
    return ctx.files.get(row.sha256)


def filled_sample(ctx: Context, kind: DocumentKind) -> bytes:
    """The template in force with every field filled with what it may look like."""
    from specialty_eval.paper import templates  # noqa: PLC0415 -- slow import: Word

    return templates.render(papers.template_in_force(ctx, _city(ctx), kind)[1], sample(kind))


def upload(ctx: Context, kind: DocumentKind, content: bytes, note: str) -> DocumentTemplate:
    """Keep a bureau's own template as the next version: in force from now on, for new papers alone.

    Invalid with every field that nobody fills, and with whatever a template must not hold.
    """
    city, person = _editor(ctx, kind)
    if not content or len(content) > AT_MOST:
        raise Invalid(Problem("attachment-size-wrong", "template", {"size": len(content), "at_most": AT_MOST}))
    from specialty_eval.paper import templates  # noqa: PLC0415 -- slow import: Word

    templates.check(content, kind)
    return _next(ctx, city, kind, person, note, content)


def withdraw(ctx: Context, kind: DocumentKind, reason: str) -> DocumentTemplate:
    """Go back to the shipped template, with a reason; the bureau's versions stay readable."""
    city, person = _editor(ctx, kind)
    if not reason.strip():
        raise Invalid(Problem("reason-missing", "reason"))
    own = documents.template_of(ctx.session, city, kind)
    if own is None or own.sha256 is None:
        raise NotNow(Problem("template-is-shipped", "template", {"kind": kind.value}))
    return _next(ctx, city, kind, person, reason, None)


def _next(
    ctx: Context, city: str, kind: DocumentKind, person: int, note: str, content: bytes | None
) -> DocumentTemplate:
    before = documents.template_of(ctx.session, city, kind)
    made = ctx.saved(
        DocumentTemplate(jurisdiction_code=city, kind=kind.value, number=1 if before is None else before.number + 1,
                         sha256=None if content is None else ctx.files.put(content), size=len(content or b""),
                         note=note.strip(), made_at=ctx.now, made_by=person)
    )  # fmt: skip
    grant = ctx.permit(EDITS, Scope(city=city), where="template")
    told = {"kind": kind.value, "version": made.number, "sha256": made.sha256}
    said = Note(reason=note if content is None else "", told=told)
    ctx.record("document.withdraw" if content is None else "document.upload", made, said, grant=grant)
    return made


def number_as(ctx: Context, kind: DocumentKind, form: str, last: int | None) -> dict[str, Any]:
    """Number a kind in the bureau's own form from now on; this year's numbers begin behind those given on paper."""
    city, person = _editor(ctx, kind)
    if problems := list(form_problems(form)):
        raise Invalid(*problems)
    year = ctx.today.year
    if last is not None and not documents.begin_after(ctx.session, city, form, year, last):
        given = documents.last_number(ctx.session, city, form, year)
        raise NotNow(Problem("document-numbers-begun", "last", {"form": form, "year": year, "last": given}))
    made = ctx.saved(DocumentForm(jurisdiction_code=city, kind=kind.value, form=form, made_at=ctx.now, made_by=person))
    grant = ctx.permit(EDITS, Scope(city=city), where="template")
    told = {"kind": kind.value, "form": form} | ({} if last is None else {"last": last})
    ctx.record("document.number", made, Note(told=told), grant=grant)
    return _kind(ctx, city, kind)


# --- papers ----------------------------------------------------------------------------------------------------------


def view(ctx: Context, row: Document) -> dict[str, Any]:
    """A paper without its file."""
    version = documents.versions(ctx.session, [row.template_id]) if row.template_id is not None else {}
    return _view(row, version)


def _view(row: Document, versions_: dict[int, int]) -> dict[str, Any]:
    return {
        "id": row.id, "kind": row.kind, "number": row.number, "title": row.title, "jurisdiction": row.jurisdiction_code,
        "about": {"kind": row.subject_kind, "id": row.subject_id}, "round_id": row.round_id, "review_id": row.review_id,
        "template": {"version": versions_.get(row.template_id or 0, 0), "sha256": row.template_sha256},
        "sha256": row.sha256, "size": row.size, "replaces_id": row.replaces_id, "made_at": row.made_at,
    }  # fmt: skip


def read(ctx: Context, document_id: int) -> Document:
    """A paper, for whoever may read what it is about; NotFound for the others."""
    row = ctx.session.get(Document, document_id)
    if row is None:
        raise NotFound(Problem("not-found", "document", {"kind": "document", "id": document_id}))
    ctx.permit_read(READ_AS[DocumentKind(row.kind)], _scope(ctx, row), where="document")
    about = scopes.recused_from_meeting(ctx.person_id or 0, row.subject_id)
    if row.kind == DocumentKind.MINUTES and ctx.session.scalar(sa.select(about)):
        raise NotYou(Problem("recused", "document"))
    return row


def _scope(ctx: Context, row: Document) -> Scope:
    if row.kind == DocumentKind.RECTIFICATION_NOTICE and row.specialty_id is not None:
        return scopes.of_specialty(ctx.session, row.specialty_id, acting=ctx.person_id)
    if row.review_id is not None:
        return scopes.of_review(ctx.session, row.review_id, acting=ctx.person_id)
    if row.kind in OF_APPLICATIONS:
        about = ctx.session.get_one(Application, row.subject_id)
        return application_queries.scope_of(ctx.session, about, acting=ctx.person_id)
    return Scope(city=row.jurisdiction_code)


def content(ctx: Context, document_id: int) -> tuple[Document, bytes]:
    """A paper and its file."""
    row = read(ctx, document_id)
    return row, ctx.files.get(row.sha256)


def listing(
    ctx: Context, page: Page, *, kind: DocumentKind | None, round_id: int | None, review_id: int | None
) -> tuple[list[dict[str, Any]], str | None]:
    """The papers that the caller may read, in the order in which they were made."""
    query = (
        sa.select(Document)
        .outerjoin(Review, Review.id == Document.review_id)
        .outerjoin(Specialty, Specialty.id == sa.func.coalesce(Document.specialty_id, Review.specialty_id))
        .outerjoin(School, School.id == Specialty.school_id)
        .where(sa.or_(*(_readable(ctx, each) for each in DocumentKind)))
    )
    chosen = {Document.kind: None if kind is None else kind.value, Document.round_id: round_id,
              Document.review_id: review_id}  # fmt: skip
    for column, value in chosen.items():
        if value is not None:
            query = query.where(column == value)
    rows = ctx.session.scalars(page.within(query, Document.id)).all()
    shown, cursor = page.cut(rows, lambda row: (row.id,))
    numbers = documents.versions(ctx.session, [row.template_id for row in shown if row.template_id is not None])
    return [_view(row, numbers) for row in shown], cursor


def _readable(ctx: Context, kind: DocumentKind) -> sa.ColumnElement[bool]:
    """Of a paper with its review, specialty and school: whether it is of this kind and the caller may read it."""
    thing = READ_AS[kind]
    if thing is Thing.PUBLISHED:
        return Document.kind == kind.value
    if kind in OF_APPLICATIONS:
        known = application_queries.near(ctx.session, ctx.actor, ctx.today)
        return sa.and_(
            Document.kind == kind.value, application_queries.is_told(Document.subject_id, known, ctx.person_id)
        )
    near = reach(ctx.actor, READ[thing], ctx.today)
    of_a_review = sa.and_(
        Document.review_id.is_not(None),
        registry.within(near),
        sa.or_(School.id.in_(map(int, near.schools)), sa.not_(scopes.recused(ctx.person_id))),
    )
    of_the_city = sa.and_(Document.review_id.is_(None), Document.jurisdiction_code.in_(near.cities))
    if kind is DocumentKind.MINUTES:
        of_the_city &= sa.not_(scopes.recused_from_meeting(ctx.person_id or 0, Document.subject_id))
    return sa.and_(Document.kind == kind.value, sa.or_(of_a_review, of_the_city))
