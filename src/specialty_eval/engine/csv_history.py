"""HISTORY.csv → each specialty's earlier ratings, every wrong cell and every row that is not earlier noted."""

from .csv_columns import Read, read_table
from .csv_evidence import NO_YEAR, Evidence, add_twice, read_specialty, read_year, text_of, year_of
from .csv_records import Findings
from .errors import Invalid, Problem
from .evidence import Value
from .vocabulary import Rating

HISTORY = "history"


def _rating(text: str) -> Value:
    if text not in tuple(Rating):
        raise Invalid(Problem("not-one-of", "", {"expected": tuple(Rating)}))
    return text


def read_history(content: bytes, evidence: Evidence | None, findings: Findings) -> dict[str, list[str]]:
    """Each specialty's earlier ratings in the order of their years; specialties without evidence are ignored."""
    readers: dict[str, Read] = {"specialty": read_specialty, "year": read_year, "rating": _rating}
    table = read_table(content, HISTORY, readers, list(readers), findings)
    if table is None or len(table.columns) < len(readers):
        return {}
    specialties = [text_of(cell) for cell in table.columns["specialty"].cells()]
    known = set(specialties) if evidence is None else {"", *evidence.specialties}
    table.note_bad("specialty", findings)
    for column in ("year", "rating"):
        table.note_bad(column, findings, lambda index: specialties[index] in known)
    years = [year_of(cell) for cell in table.columns["year"].cells()]
    first: dict[tuple[str, int], int] = {}
    lines: dict[str, list[tuple[int, str]]] = {}
    for index, (specialty, year) in enumerate(zip(specialties, years, strict=True)):
        if not specialty or specialty not in known or year == NO_YEAR:
            continue
        other = first.setdefault((specialty, year), index)
        if other != index:
            add_twice(table, index, other, (specialty, year), findings)
        if evidence is not None and evidence.dated and year >= evidence.scored > NO_YEAR:
            rule, facts = f"integer ..{evidence.scored - 1}", {"scored": evidence.scored}
            findings.add("not-earlier", HISTORY, table.rows[index], "year", str(year), rule, facts)
        lines.setdefault(specialty, []).append((year, text_of(table.columns["rating"][index])))
    return {specialty: [rating for _, rating in sorted(line)] for specialty, line in lines.items()}
