"""`/evidence-files`: yearly figures by file: the template, the upload, how far it is, every remark at its cell, the
difference, the yes and what came of it.
"""

from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile

from specialty_eval.actions import accounts, cycles, staging, staging_files, staging_views
from specialty_eval.actions.context import Context, Credentials
from specialty_eval.actions.paging import Page
from specialty_eval.actions.staging_files import CSV, FILE, XLSX
from specialty_eval.engine.errors import Invalid, NotFound, Problem
from specialty_eval.staged_later import AT_ONCE, ROWS_AT_ONCE, annotating, checking, said, writing
from specialty_eval.text import advice, message

from . import pages
from .pages import Shown
from .signed import HOME, SESSION, SIGN_IN, Sent, Then, act, view
from .words import Words

ROWS = 100
ROWS_ANNOTATED = 5_000
"""So many rows are annotated while somebody waits (`staging_annotated.ROWS_AT_ONCE`, which loads NumPy)."""
KINDS: dict[str, staging_views.Difference] = {"new": "new", "changed": "changed", "gone": "gone"}
OF_DRAFTS: dict[str, staging_views.Difference] = {"conflict": "conflict"}
"""What a confirmed file of drafts left out."""
PARTS = {"waiting": (0, 0), "reading": (5, 50), "checking": (50, 55), "laying": (55, 95), "comparing": (95, 100)}
"""Stage → where on the bar it begins and ends."""
MEDIA = {".xlsx": XLSX, ".csv": CSV}


# --- signing in ------------------------------------------------------------------------------------------------------


def show_sign_in(_: Context, __: Request) -> Shown:
    """Login and password."""
    return Shown("evidence_sign_in.html")


def sign_in(ctx: Context, _: Request, form: FormData) -> Then:
    """A cookie of these pages alone that holds the token."""
    token, _ends = accounts.sign_in(ctx, text(form, "login"), text(form, "password"))
    return Then(HOME, token)


def sign_out(ctx: Context, request: Request, _: FormData) -> Then:
    """End it here and on the server."""
    accounts.sign_out(ctx, Credentials(request.cookies.get(SESSION, "")))
    return Then(SIGN_IN, "")


# --- all files -------------------------------------------------------------------------------------------------------


def show(ctx: Context, request: Request) -> Shown:
    """The template, the upload, and one's own files."""
    staging_files.permitted(ctx)
    rows, cursor = staging_views.listing(ctx, Page.of(ROWS, request.query_params.get("after")))
    known = [(f"{row.policy_id}@{row.policy_version}", row.title) for row in cycles.policies(ctx)]
    years = range(ctx.today.year, ctx.today.year - 5, -1)
    files = [(row, staging_views.progress(ctx, row)) for row in rows]
    rounds = staging_files.rounds_to_fill(ctx)
    return Shown("evidence.html", {"files": files, "next": cursor, "policies": known, "years": years, "rounds": rounds,
                                   "usual": staging_files.usual_policy(ctx, rounds)})  # fmt: skip


def upload(ctx: Context, _: Request, form: FormData) -> Then:
    """Take a file in; a small one is checked before the answer."""
    given = form.get("file")
    if not isinstance(given, UploadFile) or not given.filename:
        raise Invalid(Problem("file-not-chosen", FILE))
    name = given.filename
    kind = next((kind for end, kind in MEDIA.items() if name.lower().endswith(end)), "")
    if not kind:
        raise Invalid(Problem("file-kind-unknown", FILE, {"value": name[:200], "known": sorted(MEDIA)}))
    if kind == CSV and text(form, "charset"):
        kind = f"{CSV}; charset={text(form, 'charset')}"
    content = given.file.read()
    policy, round_id = text(form, "policy"), None
    if into := text(form, "round"):
        round_id, policy = asked_by(ctx, number(into, "round"))
    sent = staging.Received(content, kind, name, round_id)
    row = staging.receive(ctx, sent, policy, whole="whole" in form)
    if len(content) > AT_ONCE:
        return Then(f"{HOME}/{row.id}", work=checking(row.id))
    staging.check(ctx, row.id)
    return Then(f"{HOME}/{row.id}")


def asked_by(ctx: Context, round_id: int) -> tuple[int, str]:
    """A round that asks the caller's school for something, and the policy that it pins; NotFound."""
    for row, policy in staging_files.rounds_to_fill(ctx):
        if row.id == round_id:
            return row.id, f"{policy.id}@{policy.version}"
    raise NotFound(Problem("not-found", "round", {"kind": "round", "id": round_id}))


def send_template(ctx: Context, request: Request) -> Sent:
    """A workbook to fill in."""
    from specialty_eval.actions import staging_templates  # noqa: PLC0415 -- slow import: NumPy

    identity, _at, version = request.query_params.get("policy", "").rpartition("@")
    year, mine = request.query_params.get("year", ""), request.query_params.get("supplier", "")
    made = staging_templates.make(ctx, (identity, version), year=number(year, "year") if year else None, supplier=mine)
    return Sent(made, XLSX, f"evidence-{year or 'template'}.xlsx")


# --- one file --------------------------------------------------------------------------------------------------------


def show_file(ctx: Context, request: Request) -> Shown:
    """How far it is; once checked every remark and the difference; once confirmed what came of it."""
    row, lang = asked(ctx, request), pages.language(request)
    after, kind = request.query_params.get("after"), request.query_params.get("kind", "")
    kinds = ("problem", "notice", *KINDS, *(OF_DRAFTS if row.round_id else ()))
    kind = kind if kind in kinds else first_kind(row)
    remarks, differs, cursor = lines(ctx, row, kind, Page.of(ROWS, after), lang)
    progress = staging_views.progress(ctx, row)
    policy = staging_files.policy_of(ctx, row)
    words = Words(lang)
    return Shown("evidence_file.html", {
        "file": row, "progress": progress, "percent": percent(progress), "kind": kind, "remarks": remarks,
        "differs": differs, "after": after, "next": cursor, "is_short": row.counts.get("rows", 0) <= ROWS_ANNOTATED,
        "kinds": [(one, count(row, one)) for one in kinds], "is_counted": count(row, kind) > 0,
        "counted": ("rows", "values", *KINDS, "unchanged", *(("conflicts",) if row.counts.get("conflicts") else ())),
        "round": staging_files.round_of(ctx, row),
        "names": {code: words.of(measure.label, code) for code, measure in policy.measures.items()},
        "refused_before": [told(Problem(one["code"], one["where"], one["facts"]), lang) for one in row.refused],
    })  # fmt: skip


def lines(
    ctx: Context, row: Any, kind: str, page: Page, lang: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str | None]:
    """A page of remarks, or of the difference; nothing of a file that is not checked."""
    if row.checked_at is None:
        return [], [], None
    if kind in KINDS or kind in OF_DRAFTS:
        differs, cursor = staging_views.difference(ctx, row.id, (KINDS | OF_DRAFTS)[kind], page)
        return [], differs, cursor
    found, cursor = staging_views.remarks(ctx, row.id, kind, page)
    said_ = [(one["cell"], *told(Problem(one["code"], "", one["facts"]), lang)) for one in found]
    return [{"cell": cell, "wrong": wrong, "next": next_} for cell, wrong, next_ in said_], [], cursor


def told(problem: Problem, lang: str) -> tuple[str, str]:
    """What is wrong and what to do."""
    return message(problem, lang), advice(problem, lang)


def count(row: Any, kind: str) -> int:
    """How many of a kind there are."""
    known = {"problem": row.problems, "notice": row.notices, "conflict": row.counts.get("conflicts", 0)}
    return int(known.get(kind, row.counts.get(kind, 0)))


def percent(progress: dict[str, Any]) -> int | None:
    """How much of the work is done, as far as anybody can tell: each stage has its part of the bar."""
    if progress["stage"] not in PARTS:
        return None
    begin, end = PARTS[progress["stage"]]
    of, done = progress["stage_of"] or 1, progress["stage_done"] or 0
    return begin + int((end - begin) * min(done / of, 1)) if progress["stage_of"] else begin


def first_kind(row: Any) -> str:
    """What is shown of a file unasked: what is wrong, else what it changes, else what is new."""
    if row.problems:
        return "problem"
    if row.counts.get("conflicts"):
        return "conflict"
    return next((kind for kind in ("changed", "gone") if row.counts.get(kind)), "new")


def send_workbook(ctx: Context, request: Request) -> Sent:
    """The file with every remark at its cell."""
    from specialty_eval.actions import staging_annotated  # noqa: PLC0415 -- slow import: NumPy

    row = asked(ctx, request)
    return Sent(staging_annotated.annotated(ctx, row.id, said), XLSX, f"evidence-{row.id}.xlsx")


def confirm(ctx: Context, request: Request, form: FormData) -> Then:
    """Put on record exactly the difference that was shown; a large one by a job."""
    row, shown = asked(ctx, request), text(form, "difference")
    if row.counts.get("rows", 0) <= ROWS_AT_ONCE:
        staging.confirm(ctx, row.id, shown)
        return Then(f"{HOME}/{row.id}")
    staging.ask(ctx, row.id, shown)
    return Then(f"{HOME}/{row.id}", work=[writing(row.id)])


def compare(ctx: Context, request: Request, _: FormData) -> Then:
    """Compare again with what is on record by now."""
    return Then(f"{HOME}/{staging.compare_again(ctx, asked(ctx, request).id).id}")


def annotate(ctx: Context, request: Request, _: FormData) -> Then:
    """Have the workbook of a large file made."""
    row = asked(ctx, request)
    return Then(f"{HOME}/{row.id}", work=[annotating(row.id)])


def discard(ctx: Context, request: Request, _: FormData) -> Then:
    """Forget a file that is not confirmed."""
    staging.discard(ctx, asked(ctx, request).id)
    return Then(HOME)


def asked(ctx: Context, request: Request) -> Any:
    """The caller's own file that the address names."""
    return staging_files.own(ctx, number(request.path_params["number"], "staged_file"))


def number(said_: str, kind: str) -> int:
    """A number as an address names it; NotFound for anything that can be none."""
    if not (said_.isascii() and said_.isdigit() and len(said_) < 16):
        raise NotFound(Problem("not-found", kind, {"kind": kind, "id": said_[:20]}))
    return int(said_)


def text(form: FormData, name: str) -> str:
    """A field's text."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


router = APIRouter()
view(router, SIGN_IN, show_sign_in)
act(router, SIGN_IN, sign_in, show_sign_in)
act(router, f"{HOME}/sign-out", sign_out, show_sign_in)
view(router, f"{HOME}/template", send_template)
view(router, HOME, show)
act(router, HOME, upload, show)
view(router, f"{HOME}/{{number}}", show_file)
view(router, f"{HOME}/{{number}}/workbook", send_workbook)
for step, does in (("confirm", confirm), ("compare", compare), ("workbook", annotate), ("discard", discard)):
    act(router, f"{HOME}/{{number}}/{step}", does, show_file)
