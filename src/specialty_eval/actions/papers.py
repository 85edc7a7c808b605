"""One official paper, made and kept: the bureau's template filled in, numbered, put away by its hash. Who may, and
what stands in it, is its caller's to say.
"""

import hashlib
import json
from dataclasses import dataclass

from specialty_eval.engine.documents import FORMS, DocumentKind, Told, disagreements, numbered
from specialty_eval.engine.notices import Batch
from specialty_eval.engine.permissions import Grant
from specialty_eval.store import cycles, documents, notice_queries
from specialty_eval.store.base import Base
from specialty_eval.store.documents import Document

from .context import Context, Note


@dataclass(frozen=True, slots=True)
class Paper:
    """What is to be made: of which kind, about which row, whose, and the fields but for number, date, year, bureau.

    `audience` is the event's: who learns that it was made. Of an application it is recorded on that, so that whoever is
    recused from it does not learn of it.
    """

    kind: DocumentKind
    about: Base
    city: str
    title: str
    told: Told
    round_id: int | None = None
    review_id: int | None = None
    specialty_id: int | None = None
    audience: str = "office"
    of_application: bool = False


def issue(ctx: Context, wanted: Paper, *, grant: Grant | None) -> Document:
    """Make the paper under the next number of its kind's form, and record that it was made.

    The same again gives the paper there is: a new one, which replaces it, comes of other contents or another template.
    """
    key = int(getattr(wanted.about, "id"))  # noqa: B009 -- every row that a paper is about has one
    about = (wanted.kind, wanted.about.__tablename__, key)
    documents.one_at_a_time(ctx.session, wanted.city, wanted.kind)
    template_id, template = template_in_force(ctx, wanted.city, wanted.kind)
    print_of_template, filling = _sha256(template), _digest(wanted)
    before = documents.newest_about(ctx.session, *about)
    if before is not None and (before.filling, before.template_sha256) == (filling, print_of_template):
        return before
    form = documents.form_of(ctx.session, wanted.city, wanted.kind) or FORMS[wanted.kind]
    year = ctx.today.year
    sequence = documents.next_number(ctx.session, wanted.city, form, year)
    number = numbered(form, year, sequence)
    content = _filled(ctx, wanted, template, number)
    made = ctx.saved(
        Document(
            jurisdiction_code=wanted.city, kind=wanted.kind.value, title=wanted.title, form=form, year=year,
            sequence=sequence, number=number, subject_kind=about[1], subject_id=key, round_id=wanted.round_id,
            review_id=wanted.review_id, specialty_id=wanted.specialty_id, template_id=template_id,
            template_sha256=print_of_template, filling=filling, sha256=ctx.files.put(content), size=len(content),
            made_at=ctx.now, made_by=ctx.person_id,
            replaces_id=None if before is None else before.id,
        )
    )  # fmt: skip
    told = {"kind": made.kind, "number": made.number, "sha256": made.sha256, "template": made.template_sha256,
            "about": about[1], "about_id": key}  # fmt: skip
    note = Note(audience=wanted.audience, told=told, specialty_id=wanted.specialty_id, round_id=wanted.round_id)
    if wanted.of_application:
        ctx.record("application.letter", wanted.about, note, grant=grant)
    else:
        ctx.record("document.issue", made, note, grant=grant)
    return made


def batch(ctx: Context, round_id: int) -> Batch:
    """A round as papers name it."""
    named = notice_queries.named_round(ctx.session, round_id)
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, round_id).policy_id)
    return Batch(named.cycle, named.number, named.year, policy)


def template_in_force(ctx: Context, city: str, kind: DocumentKind) -> tuple[int | None, bytes]:
    """(number of the bureau's version or None for the shipped one, its bytes)."""
    own = documents.template_of(ctx.session, city, kind)
    if own is None or own.sha256 is None:
        from specialty_eval.paper import shipped  # noqa: PLC0415 -- slow import: Word

        return None, shipped.template(kind)
    return own.id, ctx.files.get(own.sha256)


def _filled(ctx: Context, wanted: Paper, template: bytes, number: str) -> bytes:
    from specialty_eval.paper import templates  # noqa: PLC0415 -- slow import: Word

    today = ctx.today
    everywhere = {
        "bureau": documents.bureau_at(ctx.session, wanted.city), "number": number, "year": str(today.year),
        "date": f"{today.year}年{today.month}月{today.day}日",
    }  # fmt: skip
    told = {**everywhere, **wanted.told}
    if wrong := disagreements(wanted.kind, told):
        raise AssertionError(f"fields of a paper that its kind does not have, or lacks: {', '.join(wrong)}")
    return templates.render(template, told)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest(wanted: Paper) -> str:
    """Of what is filled in, without number and date: made again on another day it is the same paper."""
    told = {**wanted.told, "title": wanted.title}
    return _sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode())
