"""What stands in a cell of a list's sheet: values as people read them."""

import pytest

from specialty_eval.api import exports


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, None), ("", None), (True, "是"), (False, "否"), (7, 7), ("007", "007"), ("92.50", "92.50"),
        ("2026-09-01", "2026-09-01"), ("2026-09-01T16:00:00Z", "2026-09-02 00:00:00"),
        ("2026-09-01T16:00:00.25+08:00", "2026-09-01 16:00:00"), (["甲", "乙"], "甲；乙"),
        ({"zh": "绿牌", "en": "Green"}, "绿牌"), ([{"code": "low", "label": {"zh": "总分低于60"}}], "总分低于60"),
        ([{"code": "low", "label": {}}], "low"), ({"total": 2}, "总数 2"),
    ],
)  # fmt: skip
def test_a_value_is_said_as_people_read_it(value: object, said: str | int | None) -> None:
    assert exports.said(value, {}) == said
