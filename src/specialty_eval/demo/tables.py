"""The city as the files that an installation loads: registry, people, opening balance, yearly figures. Text alone."""

import csv
import io
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from specialty_eval import reference
from specialty_eval.engine.roles import Role

from .city import CITY, City, Specialty
from .figures import Year
from .people import Somebody, everybody, sign_ins
from .story import YEARS

SINCE = "2023-12-01"
TERM = ("2023-12-01", "2026-11-30")
OPENING_SOURCE = "示例：启用前台账"


def _file(columns: Collection[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def catalogue() -> bytes:
    """The national catalogue, as it travels with the package; a K (state-controlled) is no part of a code."""
    return reference.table("catalogue").replace(b"K,", b",")


def renumbered(code: str, new: str) -> bytes:
    """Of the catalogue one entry alone, under another code, as a later edition has it."""
    lines = catalogue().decode("utf-8-sig").splitlines(keepends=True)
    line = next(line for line in lines if f",{code}," in line)
    return (lines[0] + line.replace(f",{code},", f",{new},")).encode()


def organisations(city: City) -> bytes:
    """The counties' bureaus, the departments and the third party."""
    rows = [("county", code, f"示例{name}教育局", code) for code, name in city.counties.items()]
    rows += [
        ("department", "hrss", "示例市人力资源和社会保障局", CITY),
        ("department", "iit", "示例市工业和信息化局", CITY),
    ]
    rows += [("third_party", "survey", "示例用人单位调查机构", CITY)]
    columns = ("kind", "code", "name", "jurisdiction_code")
    return _file(columns, (dict(zip(columns, row, strict=True)) for row in rows))


def schools(city: City) -> bytes:
    """The schools."""
    columns = ("code", "scheme", "name", "kind", "run_by", "jurisdiction_code")
    return _file(columns, ({"code": s.code, "scheme": s.scheme, "name": s.name, "kind": s.kind, "run_by": s.run_by,
                            "jurisdiction_code": s.county} for s in city.schools))  # fmt: skip


def specialties(city: City) -> bytes:
    """What the schools teach; only the off-catalogue one says its name, level and class itself."""
    columns = ("school_code", "catalogue_code", "name", "level", "class_code", "class_name", "partner", "opened_on")
    rows = []
    for s in city.specialties:
        row = {"school_code": s.school, "catalogue_code": s.catalogue_code, "opened_on": s.opened_on.isoformat()}
        if s.partner:
            row |= {"name": s.name, "level": s.level, "class_code": s.class_code, "class_name": s.class_name,
                    "partner": s.partner}  # fmt: skip
        rows.append(row)
    return _file(columns, rows)


def people(city: City) -> bytes:
    """Everybody with their roles and seats; a password for those who can sign in."""
    columns = ("login", "name", "password", "employer_name", "role", "organisation_kind", "organisation_code",
               "valid_from", "valid_to", "deputy", "sector", "substitute", "term_from", "term_to", "expert_fields",
               "expert_at_most")  # fmt: skip
    passwords = sign_ins(city)
    return _file(columns, (row for who in everybody(city) for row in _of(who, passwords.get(who.login, ""))))


def _of(who: Somebody, password: str) -> Iterable[dict[str, str]]:
    """A line a role; the seat and the password stand on the first."""
    for n, (role, kind, code) in enumerate(who.roles):
        row = {"login": who.login, "name": who.name, "employer_name": who.employer, "role": role.value,
               "organisation_kind": kind, "organisation_code": code, "valid_from": SINCE,
               "deputy": "true" if who.deputy else "false"}  # fmt: skip
        if role == Role.EXPERT:
            row |= {"expert_fields": "*", "expert_at_most": "60"}
        if n == 0:
            row["password"] = password
        if n == 0 and who.sector:
            row |= {"sector": who.sector, "substitute": "true" if who.substitute else "false",
                    "term_from": TERM[0], "term_to": TERM[1]}  # fmt: skip
        yield row


# --- the opening balance ---

STANDINGS = {"green": "supported", "yellow": "restricted", "red": "phasing_out"}


def _rated(city: City) -> Iterable[tuple[Specialty, date]]:
    """Who was rated in the cycle before, each with the day from which that holds: the June after the scored year."""
    for s in city.specialties:
        if s.earlier and s.opened_on.year <= s.earlier_year - 3:
            yield s, date(s.earlier_year + 1, 6, 20)


def _named(s: Specialty) -> dict[str, str]:
    return {"school_code": s.school, "catalogue_code": s.catalogue_code}


def ratings(city: City) -> bytes:
    """The ratings of the cycle before."""
    columns = ("school_code", "catalogue_code", "rating", "year", "valid_from", "document_number", "source")
    return _file(columns, (
        {**_named(s), "rating": s.earlier, "year": str(s.earlier_year), "valid_from": day.isoformat(),
         "document_number": f"示例职评〔{day.year}〕1号", "source": OPENING_SOURCE}
        for s, day in _rated(city)
    ))  # fmt: skip


def standings(city: City) -> bytes:
    """What those ratings led to."""
    columns = ("school_code", "catalogue_code", "standing", "since", "academic_year", "quota_before", "steps_taken",
               "source")  # fmt: skip
    return _file(columns, (
        {**_named(s), "standing": STANDINGS[s.earlier], "since": f"{day.year}-09-01", "academic_year": str(day.year),
         "quota_before": str(s.quota_in(YEARS[0] - 2)) if s.earlier == "red" else "",
         "steps_taken": "1" if s.earlier == "red" else "0", "source": OPENING_SOURCE}
        for s, day in _rated(city)
    ))  # fmt: skip


def quotas(city: City) -> bytes:
    """The places of the last academic years before the installation, and the capacities on record.

    Of most the last one; of those rated red then also the one before, which their steps are measured against.
    """
    columns = ("school_code", "catalogue_code", "academic_year", "quota", "capacity", "source")
    last = YEARS[0] - 1
    return _file(columns, (
        {**_named(s), "academic_year": str(year), "quota": str(s.quota_in(year)), "capacity": str(s.capacity),
         "source": OPENING_SOURCE}
        for s in city.specialties for year in ((last - 1, last) if s.earlier == "red" else (last,))
    ))  # fmt: skip


# --- yearly figures ---


def figures(
    city: City, year: int, known: Year, measures: Collection[str], codes: Collection[str], source: str
) -> bytes:
    """These measures of these specialties in a year, one row a specialty."""
    columns = ("school_code", "catalogue_code", "year", "source", *measures)
    return _file(columns, (
        {**_named(s), "year": str(year), "source": source, **{m: known[s.code][m] for m in measures}}
        for s in city.specialties if s.code in codes and s.code in known
    ))  # fmt: skip


def few_figures(of: Specialty, direction: str, year: int, values: Mapping[str, str]) -> bytes:
    """What is known in a year of a direction that was split off."""
    columns = ("school_code", "catalogue_code", "direction", "year", "source", *values)
    row = {**_named(of), "direction": direction, "year": str(year), "source": f"{year}年度台账", **values}
    return _file(columns, [row])
