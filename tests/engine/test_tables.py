"""EVIDENCE.csv and HISTORY.csv: every problem of both files at once, or the results."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.policy_texts import SMALL
from specialty_eval.engine import Invalid, Policy, Problem, Refusal, TooLarge, load_policy, score_files
from specialty_eval.engine.csv_evidence import read_evidence
from specialty_eval.engine.csv_records import MOST_COLUMNS, Findings

POLICY = load_policy(SMALL)
HEADING = "specialty,year,level,years_open,defaulted,graduates,employed,share,accident,award"


def refused(evidence: str | bytes, history: str | bytes | None = None, policy: Policy = POLICY) -> tuple[Problem, ...]:
    def as_bytes(content: str | bytes) -> bytes:
        return content.encode() if isinstance(content, str) else content

    with pytest.raises(Invalid) as refusal:
        score_files(policy, as_bytes(evidence), None if history is None else as_bytes(history))
    return refusal.value.problems


def said(evidence: str | bytes, history: str | bytes | None = None) -> list[tuple[object, ...]]:
    """Code, file, row, column and value of every problem."""
    return [(p.code, *(p.facts[key] for key in ("file", "row", "column", "value"))) for p in refused(evidence, history)]


def test_results_come_in_the_order_of_first_appearance() -> None:
    evidence = "specialty,graduates,employed\nB,100,95\nA,100,60\nC,,\n"
    assert score_files(POLICY, evidence.encode()) == (
        "specialty,total,dimension:outcomes,rating,reasons\n"
        "B,100.00,100.00,green,high\n"
        "A,0.00,0.00,red,low\n"
        "C,0.00,0.00,red,low\n"
    )


def test_names_with_commas_quotes_and_line_feeds_come_through() -> None:
    name = '"示例,""一""\n号"'
    results = score_files(POLICY, f"specialty,graduates,employed\n{name},100,95\n".encode())
    assert results.splitlines(keepends=True)[1:] == ['"示例,""一""\n', '号",100.00,100.00,green,high\n']


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_and_any_line_end_are_read(mark: bytes, end: str) -> None:
    evidence = mark + f"specialty,graduates,employed{end}A,100,95{end}".encode()
    assert score_files(POLICY, evidence).splitlines()[1] == "A,100.00,100.00,green,high"


def test_the_scored_year_is_the_latest_of_the_file() -> None:
    evidence = "specialty,year,graduates,employed\nA,2024,100,60\nA,2025,100,95\n"
    assert score_files(POLICY, evidence.encode()).splitlines()[1] == "A,100.00,100.00,green,high"


def test_every_problem_of_both_files_is_said_at_once() -> None:
    evidence = "\n".join([
        HEADING,
        "A,2025,中职,3,false,1e3,１２,0.001,yes,galaxy",
        "B,2025,中职,NaN,maybe,10,11,,,",
        "B,2025,中职,3,,10,10,,,",
        ",2025,中职,3,,10,10,,,",
        "C,20 25,中职,3,,10,10,,,",
        "D,2024,中职,x,,10,10,,,",
        "E,2025,中职,3",
        "F,2025,中职,3,,-1,0.0,,,",
    ])  # fmt: skip
    history = "specialty,year,rating\nA,2025,red\nA,2024,blue\nA,2023,red\nA,2023,green\nX,2030,blue\n"
    assert said(evidence, history) == [
        ("not-a-number", "evidence", 2, "graduates", "1e3"),
        ("not-a-number", "evidence", 2, "employed", "１２"),
        ("too-many-places", "evidence", 2, "share", "0.001"),
        ("not-true-or-false", "evidence", 2, "accident", "yes"),
        ("not-one-of", "evidence", 2, "award", "galaxy"),
        ("not-a-number", "evidence", 3, "years_open", "NaN"),
        ("not-true-or-false", "evidence", 3, "defaulted", "maybe"),
        ("row-twice", "evidence", 4, "specialty", "B"),
        ("specialty-missing", "evidence", 5, "specialty", ""),
        ("not-a-year", "evidence", 6, "year", "20 25"),
        ("scored-year-missing", "evidence", 7, "year", "D"),
        ("row-length", "evidence", 8, "", 4),
        ("out-of-range", "evidence", 9, "graduates", "-1"),
        ("not-an-integer", "evidence", 9, "employed", "0.0"),
        ("not-earlier", "history", 2, "year", "2025"),
        ("not-one-of", "history", 3, "rating", "blue"),
        ("row-twice", "history", 5, "specialty", "A"),
    ]


def test_every_problem_says_its_file_row_column_value_and_rule() -> None:
    (problem,) = refused("specialty,graduates\nA,x\n")
    assert problem.where == "evidence: row 2, column graduates"
    assert dict(problem.facts) == {
        "file": "evidence",
        "row": 2,
        "column": "graduates",
        "value": "x",
        "rule": "integer 0..",
        "expected": "integer 0..",
    }


def test_a_check_that_holds_is_an_error_with_its_row_and_its_words() -> None:
    (problem,) = refused("specialty,year,graduates,employed\nA,2024,10,11\nA,2025,10,10\n")
    assert (problem.code, problem.facts["row"], problem.facts["rule"]) == ("check-holds", 2, "too-many")
    assert (problem.facts["column"], problem.facts["value"]) == ("employed, graduates", "employed=11, graduates=10")
    assert problem.facts["zh"] == "就业人数不能多于毕业生数"


def test_checks_are_asked_of_the_rows_that_are_in_order_also_when_others_are_not() -> None:
    evidence = "specialty,graduates,employed\nA,10,11\nB,x,11\nC,10,12\n"
    assert [(p.code, p.facts["row"]) for p in refused(evidence)] == [
        ("check-holds", 2),
        ("not-a-number", 3),
        ("check-holds", 4),
    ]


def test_attributes_of_other_years_are_ignored_whatever_they_say() -> None:
    evidence = "specialty,year,years_open,defaulted,graduates,employed\nA,2024,1e3,maybe,10,9\nA,2025,3,,10,9\n"
    assert score_files(POLICY, evidence.encode()).splitlines()[1].startswith("A,")


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("graduates", ("missing-column", "evidence", 1, "specialty", "")),
        ("specialty,colour", ("unknown-column", "evidence", 1, "colour", "colour")),
        ("specialty,graduates,graduates", ("column-twice", "evidence", 1, "graduates", "graduates")),
        ("specialty,", ("unknown-column", "evidence", 1, "", "")),
        ("specialty, graduates", ("unknown-column", "evidence", 1, " graduates", " graduates")),
    ],
)
def test_the_heading_names_known_columns_once(heading: str, expected: tuple[object, ...]) -> None:
    cells = ",".join(["1"] * len(heading.split(",")))
    assert said(f"{heading}\n{cells}\n") == [expected]


def test_the_nearest_column_is_offered() -> None:
    (problem,) = refused("specialty,graduate\nA,1\n")
    assert problem.facts["nearest"] == "graduates"


def test_history_has_its_three_columns() -> None:
    assert said("specialty\nA\n", "specialty,rating,note\nA,red,x\n") == [
        ("missing-column", "history", 1, "year", ""),
        ("unknown-column", "history", 1, "note", "note"),
    ]


def test_without_a_year_in_the_evidence_all_ratings_are_earlier() -> None:
    policy = load_policy(f"{SMALL}  history: [{STEP}]\n")
    results = score_files(policy, b"specialty,graduates,employed\nA,10,9\n", b"specialty,year,rating\nA,2999,green\n")
    assert results.splitlines()[1] == "A,85.71,85.71,yellow,high;step"


STEP = "{code: step, now: green, becomes: yellow, when: {previous: {of_last: 1, at_least: 1, one_of: [green]}}}"


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    assert said('specialty,graduates\n"A\n1",1\n\nB,x\n') == [("not-a-number", "evidence", 4, "graduates", "x")]


@pytest.mark.parametrize(
    ("content", "code", "row"),
    [
        (b"", "file-empty", 0),
        (b"\n\n", "file-empty", 0),
        (b"specialty,graduates\n", "no-rows", 0),
        (b"specialty,graduates\nA,\xff\n", "not-utf-8", 2),
        (b"PK\x03\x04\x00\x00", "nul-in-file", 1),
        (b'specialty,graduates\n"A"x,1\n', "not-csv", 2),
        (b'specialty,graduates\nA,1\n"B,1\n', "not-csv", 3),
    ],
)
def test_a_file_that_is_no_table_says_why(content: bytes, code: str, row: int) -> None:
    assert [(p.code, p.facts["row"]) for p in refused(content)] == [(code, row)]


def test_broken_text_in_one_file_does_not_hide_the_other() -> None:
    assert [(p.code, p.facts["file"]) for p in refused(b"\xff", b"specialty,year\nA,2025\n")] == [
        ("not-utf-8", "evidence"),
        ("missing-column", "history"),
    ]


def test_a_million_columns_are_refused() -> None:
    assert [p.code for p in refused("specialty" + "," * 999_990)] == ["too-many-columns"]
    assert [p.code for p in refused("specialty" + "," * 2_000_000)] == ["line-too-long"]
    assert [p.code for p in refused("specialty" + ",a" * MOST_COLUMNS)] == ["too-many-columns"]


def test_a_file_beyond_the_limit_is_not_read() -> None:
    with pytest.raises(TooLarge) as refusal:
        score_files(POLICY, b"specialty\nA\n", limit=5)
    assert [p.code for p in refusal.value.problems] == ["file-too-large"]


def test_of_many_problems_the_first_thousand_are_said_and_all_are_counted() -> None:
    rows = "".join(f"S{n},x,1e3\n" for n in range(30_000))
    *first, last = refused(f"specialty,graduates,employed\n{rows}")
    assert [(p.facts["row"], p.facts["column"]) for p in first] == [
        (n, column) for n in range(2, 502) for column in ("graduates", "employed")
    ]
    assert (last.code, last.facts["value"], last.facts["totals"]) == ("more-problems", 60_000, {"not-a-number": 60_000})


def test_a_row_is_what_its_cells_say() -> None:
    content = f"{HEADING}\nA,2025,中职,3,true,10,9,0.50,false,city\n".encode()
    evidence, _ = read_evidence(POLICY, content, Findings())
    assert evidence is not None
    row = evidence.row(POLICY, 0)
    assert (row.specialty, row.year) == ("A", 2025)
    assert row.attributes == {"level": "中职", "years_open": Decimal(3), "defaulted": "true"}
    assert row.values == {
        "graduates": Decimal(10),
        "employed": Decimal(9),
        "share": Decimal("0.5"),
        "accident": False,
        "award": "city",
    }


def test_numbers_beyond_any_machine_word_are_scored() -> None:
    evidence = f"specialty,graduates,employed\nA,{10**29},{95 * 10**27}\n"
    assert score_files(POLICY, evidence.encode()).splitlines()[1] == "A,100.00,100.00,green,high"


def answered(evidence: bytes, history: bytes | None) -> str | tuple[Problem, ...]:
    try:
        return score_files(POLICY, evidence, history)
    except Refusal as refusal:
        return refusal.problems


@given(st.text(alphabet='specialty,year\n\r"gradut12.-, ', max_size=200) | st.binary(max_size=200))
def test_nothing_but_a_refusal_or_results_comes_of_any_file(content: str | bytes) -> None:
    raw = content.encode() if isinstance(content, str) else content
    for evidence, history in ((raw, None), (b"specialty,year\nA,2025\n", raw), (b"specialty\n" + raw, raw)):
        answer = answered(evidence, history)
        if isinstance(answer, str):
            assert answer.startswith("specialty,total,")
        else:
            assert all({"file", "row", "column", "value", "rule"} <= problem.facts.keys() for problem in answer)
