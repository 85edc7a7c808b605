"""What an application has on paper: the files its school proves it with, and the letter that decides it."""

from collections.abc import Callable

from specialty_eval.engine import application_letter
from specialty_eval.engine.application import ApplicationState
from specialty_eval.engine.application_letter import Decided
from specialty_eval.engine.characters import file_name
from specialty_eval.engine.documents import LABELS, DocumentKind
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.notices import Place
from specialty_eval.engine.opening import NOTED, VISITS, ApplicationKind
from specialty_eval.engine.permissions import FILLS_IN, Role
from specialty_eval.engine.roles import roles
from specialty_eval.store import application_queries, recorded_votes, registry_queries
from specialty_eval.store.applications import Application, ApplicationAttachment
from specialty_eval.store.cycles import policy_of
from specialty_eval.store.documents import Document
from specialty_eval.store.registry import School

from . import application_checks, attachments, papers
from .context import LOCAL, Context, Note
from .papers import Paper

PROVES = FILLS_IN | roles(Role.SITE_VISITOR, Role.BUREAU_VERIFIER, Role.SECRETARY)
ISSUES = roles(Role.SECRETARY, Role.BUREAU_APPROVER)
BEFORE_THE_COMMITTEE = frozenset(
    {ApplicationState.RECEIVED, ApplicationState.CHECKED, ApplicationState.CLEAR, ApplicationState.VISIT_FIRST}
)
AT_MOST = 50
"""How many files prove one application."""


# --- attachments -----------------------------------------------------------------------------------------------------


def attach(ctx: Context, key: int, name: str, content: bytes) -> ApplicationAttachment:
    """Keep a file for an application until it is put before the committee: its school's, or of those who look at it.

    Invalid for a type or size not taken; NotNow once the committee has it.
    """
    row, scope = application_checks.locked(ctx, key)
    grant = ctx.permit(PROVES, scope, where="application")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "application"))
    if row.state not in BEFORE_THE_COMMITTEE:
        raise NotNow(Problem("step-not-open", "application", {"event": "attach", "state": row.state}))
    if len(application_queries.attachments(ctx.session, key)) >= AT_MOST:
        raise Invalid(Problem("attachments-too-many", "attachments", {"at_most": AT_MOST}))
    kept = ctx.saved(
        ApplicationAttachment(application_id=key, name=file_name(name), media_type=attachments.media_type(content),
                              size=len(content), sha256=ctx.files.put(content), uploaded_at=ctx.now,
                              uploaded_by=ctx.person_id)
    )  # fmt: skip
    note = Note(audience="school", told={"attachment": kept.id, "sha256": kept.sha256})
    ctx.record("application.attach", row, note, grant=grant)
    return kept


def read(ctx: Context, key: int, attachment_id: int) -> tuple[ApplicationAttachment, bytes]:
    """A file and its bytes, for whoever may read all that is said of the application; not for everybody once it is
    registered.
    """
    application_checks.found(ctx, key)
    kept = ctx.session.get(ApplicationAttachment, attachment_id)
    if kept is None or kept.application_id != key:
        raise NotFound(Problem("not-found", "attachments", {"kind": "attachment", "id": attachment_id}))
    return kept, ctx.files.get(kept.sha256)


# --- the letter ------------------------------------------------------------------------------------------------------


def letter(ctx: Context, key: int, say: Callable[[Problem], str]) -> Document:
    """The letter on an application that is decided; the same again gives the paper there is.

    `say` puts what the check found into words. NotNow before it is decided, and of one that its school took back.
    """
    row, scope = application_checks.found(ctx, key)
    grant = ctx.permit(ISSUES, scope, where="document")
    policy, one = policy_of(ctx.session, row.policy_id), _decided(ctx, row)
    if row.state == ApplicationState.REGISTERED:
        kind = DocumentKind.APPLICATION_APPROVAL
        begins = max(row.effective_on or one.decided_at.date(), one.decided_at.astimezone(LOCAL).date())
        told = application_letter.approval(policy, one, begins, row.changes, LOCAL)
    else:
        kind = DocumentKind.APPLICATION_REFUSAL
        told = application_letter.refusal(policy, one, _reasons(row, say), row.complain_until or one.decided_at, LOCAL)
    paper = Paper(kind, row, scope.city, f"{one.place.school}{one.place.specialty}{LABELS[kind]}", told,
                  specialty_id=row.specialty_id, audience="school", of_application=True)  # fmt: skip
    return papers.issue(ctx, paper, grant=grant)


def _decided(ctx: Context, row: Application) -> Decided:
    if row.decided_at is None:
        raise NotNow(Problem("application-undecided", "application", {"state": row.state}))
    codes = registry_queries.current_codes(ctx.session, [row.specialty_id] if row.specialty_id else [])
    called = f"{row.name}（{row.direction}）" if row.direction else row.name
    school, code = ctx.session.get_one(School, row.school_id).name, codes.get(row.specialty_id or 0, row.catalogue_code)
    place = Place(school, called, code, row.level, row.class_name)
    votes = recorded_votes.on_application(ctx.session, row.id)
    return Decided(
        row.id, ApplicationKind(row.kind), place, row.partner, row.received_at, row.decided_at, row.document_number,
        votes[-1].held_on if votes else None, votes[-1].minutes_number if votes else "",
    )  # fmt: skip


def _reasons(row: Application, say: Callable[[Problem], str]) -> list[str]:
    """What refuses it, in words: the bureau's own reason, and what the check found against it."""
    against = [p for p in application_checks.on_record(row) if p.code not in VISITS | NOTED]
    return [text.rstrip("。") for text in (row.reason, *(say(problem) for problem in against)) if text]
