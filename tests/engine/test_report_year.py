"""What a report sums up: of figures that its reader may see alone, of few none, and ranks that are real values."""

from decimal import Decimal

import pytest

from small_policy import POLICY
from specialty_eval.engine import load_policy
from specialty_eval.engine.overdue import OFFICES, Awaited
from specialty_eval.engine.report import Table, by_rating, numbered
from specialty_eval.engine.report_supervision import OWED, OWNERS
from specialty_eval.engine.report_year import FEW, Sheet, indicators, quartile

RATED = load_policy(POLICY)


def sheets(*rates: str) -> list[Sheet]:
    """A sheet for each rate, under the codes s1, s2, …"""
    return [
        Sheet(f"s{place}", "示例", RATED, "green", ["good"], Decimal(80),
              [{"code": "rate", "value": rate, "points": rate}])
        for place, rate in enumerate(rates, 1)
    ]  # fmt: skip


def rows(parts: list[object]) -> tuple[tuple[str, ...], ...]:
    return parts[0].rows if parts and isinstance(parts[0], Table) else ()


def test_an_indicator_is_summed_up_over_what_its_reader_sees_and_of_few_it_says_nothing() -> None:
    found = sheets("60.00", "70.00", "80.00", "90.00")

    assert rows([*indicators(found, None)]) == (("就业率", "4", "60.00", "60.00", "70.00", "80.00"),)
    one_hidden = {"s4": frozenset({"graduates"})}
    assert rows([*indicators(found, one_hidden)]) == (("就业率", "3", "60.00", "60.00", "70.00", "80.00"),)
    two_hidden = one_hidden | {"s1": frozenset({"employed"})}
    assert rows([*indicators(found, two_hidden)]) == (("就业率", "—", FEW, "", "", ""),)
    everybody = {sheet.code: frozenset({"employed"}) for sheet in found}
    assert indicators(found, everybody) == []


@pytest.mark.parametrize(
    ("count", "parts"), [(1, (1, 1, 1)), (2, (1, 1, 2)), (3, (1, 2, 3)), (4, (1, 2, 3)), (5, (2, 3, 4))]
)
def test_a_quartile_is_one_of_the_values(count: int, parts: tuple[int, int, int]) -> None:
    values = [Decimal(number) for number in range(1, count + 1)]

    assert tuple(quartile(values, part) for part in (1, 2, 3)) == tuple(map(Decimal, parts))


def test_counts_by_colour_keep_their_order_and_sections_without_anything_are_left_out() -> None:
    names = {"green": "绿牌", "yellow": "黄牌", "red": "红牌", "none": "其他"}
    table, chart = by_rating("县", names, [("乙县", "red", 2), ("甲县", "unrated", 1), ("乙县", "green", 3)])

    assert isinstance(table, Table)
    assert table.rows == (("乙县", "3", "0", "2", "0", "5"), ("甲县", "0", "0", "0", "1", "1"))
    assert [section.title for section in numbered([("甲", []), ("乙", ["示例"]), ("丙", [chart])])] == [
        "一、乙",
        "二、丙",
    ]


def test_the_supervision_report_has_a_word_for_whatever_can_be_late_and_for_whoever_owes_it() -> None:
    """A kind added to the one table would otherwise break the report, or leave its owner out."""
    assert set(OWED) == set(Awaited)
    assert {office.owner for office in OFFICES.values()} <= set(OWNERS)
