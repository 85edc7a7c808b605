"""Reports: asked for by whoever may, made by the worker for the eyes that were named, read by these.

What stands in them is the reader's to see, whoever asked: a report is the same for everybody who reads it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine import notices, report_supervision, report_year
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.frozen import Inputs
from specialty_eval.engine.notices import day, last_day
from specialty_eval.engine.permissions import FILLS_IN, READ, Role, Scope, Thing, at_office, may, reach
from specialty_eval.engine.report import MONTHS, Format, Period, Reader, ReportKind
from specialty_eval.engine.report import Report as Contents
from specialty_eval.engine.report_supervision import Happened, LateNow, Supervised
from specialty_eval.engine.report_year import CityYear, OwnSpecialty, SchoolYear, Sheet
from specialty_eval.engine.roles import roles
from specialty_eval.engine.withholding import by_specialty, hides_score, withhold
from specialty_eval.store import bundle_queries, cycles, documents, plan_queries, report_queries, reports
from specialty_eval.store.applications import Application
from specialty_eval.store.overdue_queries import SUBJECTS, Owed
from specialty_eval.store.registry import School
from specialty_eval.store.report_queries import Rated
from specialty_eval.store.reports import Report

from . import overdue
from .context import LOCAL, Context, Note
from .overdue import Late
from .paging import Page

ASKS: Mapping[ReportKind, frozenset[Role]] = {
    ReportKind.ANNUAL: roles(Role.SECRETARY, Role.BUREAU_APPROVER),
    ReportKind.SCHOOL: roles(Role.SECRETARY, Role.BUREAU_APPROVER, Role.SCHOOL_EDITOR, Role.SCHOOL_HEAD),
    ReportKind.SUPERVISION: roles(
        Role.SECRETARY, Role.BUREAU_APPROVER, Role.BUREAU_VERIFIER, Role.COUNTY_VERIFIER
    ),
}  # fmt: skip
FIRST_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which report: of which year and part of it, of a school, and for whose eyes."""

    kind: ReportKind
    reader: Reader
    year: int
    period: Period = Period.YEAR
    school: str | None = None


# --- asking ----------------------------------------------------------------------------------------------------------


def ask(ctx: Context, wanted: Wanted) -> Report:
    """Have a report made: the worker does it within a minute or two. The same while it waits is the one that waits."""
    _check(ctx, wanted)
    row = Report(kind=wanted.kind.value, reader=wanted.reader.value, year=wanted.year, period=wanted.period.value,
                 asked_at=ctx.now, asked_by=ctx.person_id, reviews=[], jurisdiction_code="")  # fmt: skip
    scope = _place(ctx, wanted, row)
    grant = ctx.permit(ASKS[wanted.kind], scope, where="report")
    if wanted.reader is Reader.OFFICE and not at_office(ctx.actor, ASKS[wanted.kind], scope, ctx.today):
        raise NotYou(Problem("role-missing", "reader", {"roles": sorted(r.value for r in READ[Thing.SUPERVISION])}))
    if (same := reports.same_waiting(ctx.session, row)) is not None:
        return same
    made = ctx.saved(row)
    told = {"kind": made.kind, "reader": made.reader, "year": made.year, "period": made.period}
    ctx.record("report.ask", made, Note(told=told), grant=grant)
    return made


def _check(ctx: Context, wanted: Wanted) -> None:
    problems = []
    if not FIRST_YEAR <= wanted.year <= ctx.today.year:
        problems.append(Problem("request-field-wrong", "year", {"expected": f"{FIRST_YEAR}..{ctx.today.year}"}))
    if (wanted.kind is ReportKind.SCHOOL) != (wanted.school is not None):
        problems.append(Problem("report-school", "school"))
    if wanted.period is not Period.YEAR and wanted.kind is not ReportKind.SUPERVISION:
        problems.append(Problem("report-period", "period"))
    fits = {ReportKind.ANNUAL: {Reader.PUBLIC, Reader.OFFICE}, ReportKind.SUPERVISION: {Reader.OFFICE}}
    if wanted.reader not in fits.get(wanted.kind, set(Reader)):
        problems.append(Problem("report-reader", "reader", {"kind": wanted.kind.value}))
    if problems:
        raise Invalid(*problems)


def _place(ctx: Context, wanted: Wanted, row: Report) -> Scope:
    """Whose the report is: a school's, a county's where a county asks, else the caller's city's."""
    if wanted.school is not None:
        school = ctx.session.scalar(sa.select(School).where(School.code == wanted.school))
        if school is None:
            raise NotFound(Problem("not-found", "school", {"kind": "school", "id": wanted.school}))
        row.jurisdiction_code, row.school_id = school.city_code, school.id
        return Scope(school_id=str(school.id), county=school.jurisdiction_code, city=school.city_code,
                     run_by_city=school.run_by == "city")  # fmt: skip
    near = reach(ctx.actor, ASKS[wanted.kind], ctx.today)
    if near.cities:
        row.jurisdiction_code = min(near.cities)
        return Scope(city=row.jurisdiction_code)
    if near.counties:
        row.county_code = min(near.counties)
        row.jurisdiction_code = report_queries.city_of(ctx.session, row.county_code)
        return Scope(county=row.county_code)
    raise NotYou(Problem("role-missing", "report", {"roles": sorted(r.value for r in ASKS[wanted.kind])}))


# --- making ----------------------------------------------------------------------------------------------------------


def make(ctx: Context, report_id: int) -> None:
    """Make a report that waits, in its three files; the clock's own act. Made once: again it changes nothing."""
    row = ctx.locked(Report, report_id, where="report")
    if row.made_at is not None:
        return
    contents = MAKES[ReportKind(row.kind)](ctx, row)
    kept = {form: ctx.files.put(content) for form, content in _files(contents).items()}
    row.title, row.made_at = contents.title, ctx.now
    row.docx, row.html, row.xlsx = kept[Format.DOCX], kept[Format.HTML], kept[Format.XLSX]
    ctx.saved(row)
    ctx.record("report.make", row, Note(told={form.value: sha for form, sha in kept.items()}))


def _files(contents: Contents) -> dict[Format, bytes]:
    from specialty_eval.paper import html, sheets, word  # noqa: PLC0415 -- slow import: Word, workbooks

    return {
        Format.DOCX: word.document(contents), Format.HTML: html.page(contents), Format.XLSX: sheets.tables(contents),
    }  # fmt: skip


def _today(ctx: Context) -> str:
    return day(ctx.today)


def _ends(ctx: Context, year: int) -> tuple[date, date]:
    """The last days of the year before and of the year; today in a year that goes on."""
    return date(year - 1, 12, 31), min(date(year, 12, 31), ctx.today)


def _until(ctx: Context, year: int) -> str:
    """The day for which a report of this year speaks; empty once the year's last day is over."""
    return _today(ctx) if ctx.today <= date(year, 12, 31) else ""


def _about(ctx: Context, rated: Sequence[Rated]) -> list[tuple[str, str]]:
    """What it rests on: the rounds with their policies, as of when."""
    told = []
    for policy_id in sorted({one.policy_id for one in rated}):
        policy = cycles.policy_of(ctx.session, policy_id)
        told += [("办法版本", f"{policy.id}@{policy.version}"), ("办法校验码（SHA-256）", policy.digest)]
    return [*told, ("数据截至", f"{ctx.now.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}（北京时间）")]


def _sheet(ctx: Context, one: Rated, total: bool = True) -> Sheet:
    policy = cycles.policy_of(ctx.session, one.policy_id)
    return Sheet(one.code, one.name, policy, one.rating, one.reasons, one.total if total else None, one.indicators)


def _hidden(ctx: Context, rated: Sequence[Rated]) -> dict[str, frozenset[str]]:
    """Code → the measures that nobody outside sees of it: restricted, the school's own, or of a small cohort."""
    hidden: dict[str, frozenset[str]] = {}
    policies = {one.run_id: one.policy_id for one in rated}
    for run in bundle_queries.runs(ctx.session, set(policies)):
        policy = cycles.policy_of(ctx.session, policies[run.id])
        for code, measures in by_specialty(withhold(policy, Inputs.unpacked(run.inputs).evidence).withheld).items():
            hidden[code] = hidden.get(code, frozenset()) | measures
    return hidden


def _city_year(ctx: Context, row: Report) -> Contents:
    city, year = row.jurisdiction_code, row.year
    before, after = _ends(ctx, year)
    rated = report_queries.rated(ctx.session, city, year)
    changes = report_queries.changes(ctx.session, city, before, after, ctx.now)
    facts = CityYear(
        bureau=documents.bureau_at(ctx.session, city), year=year, date=_today(ctx),
        ratings=report_queries.ratings_on(ctx.session, city, after, ctx.now), changes=changes,
        cases=report_queries.cases(ctx.session, city, year), mending=report_queries.mending(ctx.session, city, year),
        standings=report_queries.standings(ctx.session, city), plan=_plan(ctx, city, year),
        schools=report_queries.schools(ctx.session, city, after), sheets=[_sheet(ctx, one) for one in rated],
        hidden=_hidden(ctx, rated) if row.reader == Reader.PUBLIC else None, about=_about(ctx, rated),
        until=_until(ctx, year),
    )  # fmt: skip
    return report_year.annual(facts)


def _plan(ctx: Context, city: str, year: int) -> list[tuple[str, int, int, int]]:
    plan = report_queries.approved_plan(ctx.session, city, year)
    if plan is None:
        return []
    sums: Mapping[str, Mapping[str, int]] = plan_queries.totals(ctx.session, plan)["county"]
    names = report_queries.names_of(ctx.session, list(sums))
    return [(names.get(code, code), one["lines"], one["before"], one["quota"]) for code, one in sums.items()]


def _school_year(ctx: Context, row: Report) -> Contents:
    if row.school_id is None:
        raise AssertionError("a school's report has its school")
    school = ctx.session.get_one(School, row.school_id)
    ends = _ends(ctx, row.year)
    rated = report_queries.rated(ctx.session, school.city_code, row.year, school.id)
    hidden = _hidden(ctx, rated) if row.reader == Reader.PUBLIC else {}
    facts = SchoolYear(
        bureau=documents.bureau_at(ctx.session, school.city_code), school=school.name, year=row.year, date=_today(ctx),
        specialties=[OwnSpecialty(*one) for one in report_queries.of_school(ctx.session, school.id, ends, ctx.now,
                                                                            row.year)],
        sheets=[_lines(ctx, one, row.reader, hidden) for one in rated],
        mending=[(name, rating, state, last_day(due, LOCAL))
                 for name, rating, state, due in report_queries.mending_of_school(ctx.session, school.id)],
        about=_about(ctx, rated), until=_until(ctx, row.year),
    )  # fmt: skip
    row.reviews = [one.review_id for one in rated]
    return report_year.of_school(facts)


def _lines(
    ctx: Context, one: Rated, reader: str, hidden: Mapping[str, frozenset[str]]
) -> tuple[Sheet, list[dict[str, str]]]:
    """A sheet with its lines as these eyes see them, without a total that would give a figure away."""
    policy = cycles.policy_of(ctx.session, one.policy_id)
    everything = frozenset(policy.measures)
    if reader == Reader.OFFICE:
        seen = everything
    elif reader == Reader.SCHOOL:
        seen = notices.seen_by_school(policy)
    else:
        seen = everything - hidden.get(one.code, frozenset()) - notices.not_public(policy)
    return _sheet(ctx, one, not hides_score(policy, seen)), notices.facts(policy, one.indicators, seen)


def _supervised(ctx: Context, row: Report) -> Contents:
    first, last = MONTHS[Period(row.period)]
    begins = datetime.combine(date(row.year, first, 1), time(), LOCAL)
    ends = datetime.combine(date(row.year + last // 12, last % 12 + 1, 1), time(), LOCAL)
    late = [
        one for round_id in report_queries.rounds_going(ctx.session, row.jurisdiction_code)
        for one in overdue.late_of(ctx, round_id, row.county_code)
    ]  # fmt: skip
    if row.county_code is None:
        late += overdue.late_of_city(ctx, row.jurisdiction_code)
    names = report_queries.names_of(ctx.session, {one.owed.county for one in late} | {row.county_code or ""})
    found = report_queries.happened(ctx.session, row.jurisdiction_code, row.county_code, (begins, ends))
    facts = Supervised(
        bureau=documents.bureau_at(ctx.session, row.jurisdiction_code), year=row.year, period=Period(row.period),
        date=_today(ctx), county=names.get(row.county_code or "", ""),
        late=[_late(one, names) for one in late], happened=[Happened(*one) for one in found],
        about=[("统计时段", f"{day(begins.date())}至{day((ends - timedelta(days=1)).date())}"), *_about(ctx, [])],
    )  # fmt: skip
    _name(row, [one.owed for one in late])
    return report_supervision.supervision(facts)


def _name(row: Report, late: Sequence[Owed]) -> None:
    """Put on the report what it names one by one."""
    applied = {owed.subject_id for owed in late if SUBJECTS.get(owed.what) is Application}
    row.reviews = sorted({owed.review_id for owed in late if owed.review_id is not None})
    row.applications = sorted(applied)
    row.specialties = sorted(
        {owed.specialty_id for owed in late if owed.review_id is None and owed.specialty_id is not None}
    )


def _late(one: Late, names: Mapping[str, str]) -> LateNow:
    owed = one.owed
    return LateNow(owed.what, names.get(owed.county, owed.county), owed.school, owed.specialty, owed.code,
                   last_day(one.due, LOCAL), one.days)  # fmt: skip


MAKES: Mapping[ReportKind, Callable[[Context, Report], Contents]] = {
    ReportKind.ANNUAL: _city_year, ReportKind.SCHOOL: _school_year, ReportKind.SUPERVISION: _supervised,
}  # fmt: skip


# --- reading ---------------------------------------------------------------------------------------------------------


def view(row: Report) -> dict[str, Any]:
    """A report without its files."""
    return {
        "id": row.id, "kind": row.kind, "reader": row.reader, "jurisdiction": row.jurisdiction_code,
        "county": row.county_code, "school_id": row.school_id, "year": row.year, "period": row.period,
        "asked_at": row.asked_at, "made_at": row.made_at, "title": row.title,
        "files": {} if row.made_at is None else {"docx": row.docx, "html": row.html, "xlsx": row.xlsx},
    }  # fmt: skip


def read(ctx: Context, report_id: int) -> Report:
    """A report: a public one anybody's, else its school's, its county's and the offices'; NotFound for the others.

    NotYou for whoever is recused from a review, an application or a closing that it names.
    """
    row = ctx.session.get(Report, report_id, populate_existing=True)
    missing = NotFound(Problem("not-found", "report", {"kind": "report", "id": report_id}))
    if row is None:
        raise missing
    if row.reader == Reader.PUBLIC and row.made_at is not None:
        return row
    own = roles(*FILLS_IN) if row.reader == Reader.SCHOOL else frozenset[Role]()
    scope = Scope(school_id=str(row.school_id or ""), county=row.county_code or "", city=row.jurisdiction_code)
    if not may(ctx.actor, READ[Thing.SUPERVISION] | own, scope, ctx.today):
        raise missing
    is_office = at_office(ctx.actor, READ[Thing.SUPERVISION], scope, ctx.today)
    if is_office and reports.names_what_is_kept_from(ctx.session, ctx.person_id, row):
        raise NotYou(Problem("recused", "report"))
    return row


def file(ctx: Context, report_id: int, form: Format) -> tuple[Report, bytes]:
    """One of its files; NotNow before it is made."""
    row = read(ctx, report_id)
    sha = {Format.DOCX: row.docx, Format.HTML: row.html, Format.XLSX: row.xlsx}[form]
    if sha is None:
        raise NotNow(Problem("report-not-made", "report"))
    return row, ctx.files.get(sha)


def listing(
    ctx: Context, page: Page, *, kind: ReportKind | None = None, year: int | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """The reports that the caller may know of, in the order in which they were asked for."""
    near = reach(ctx.actor, READ[Thing.SUPERVISION], ctx.today)
    own = reach(ctx.actor, FILLS_IN, ctx.today)
    within = sa.or_(
        sa.and_(Report.reader == Reader.PUBLIC.value, Report.made_at.is_not(None)),
        Report.jurisdiction_code.in_(near.cities),
        Report.county_code.in_(near.counties),
        sa.and_(Report.reader == Reader.SCHOOL.value, Report.school_id.in_(map(int, own.schools | near.schools))),
    )
    query = sa.select(Report).where(within)
    if kind is not None:
        query = query.where(Report.kind == kind.value)
    if year is not None:
        query = query.where(Report.year == year)
    rows = ctx.session.scalars(page.within(query, Report.id)).all()
    shown, cursor = page.cut(rows, lambda row: (row.id,))
    return [view(row) for row in shown], cursor
