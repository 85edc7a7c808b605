"""What stands in a cell of a list's sheet: values as people read them."""

from datetime import datetime

import pytest

from specialty_eval import text
from specialty_eval.actions.context import LOCAL
from specialty_eval.api import exports
from specialty_eval.engine.calendar import last_local_day


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


@pytest.mark.parametrize(
    ("field", "at", "said"),
    [
        ("due", "2025-04-24T16:00:00Z", "2025-04-24"), ("answer_due", "2025-04-25T00:00:00+08:00", "2025-04-24"),
        ("closes_at", "2024-12-31T16:00:00Z", "2024-12-31"), ("written_until", "2025-04-24T16:00:00Z", "2025-04-24"),
        ("due", "2025-04-24T16:00:01Z", "2025-04-25 00:00:01"),
        ("made_at", "2025-04-24T16:00:00Z", "2025-04-25 00:00:00"),
    ],
)  # fmt: skip
def test_a_deadline_that_is_the_end_of_a_day_is_said_as_that_day_as_a_letter_says_it(
    field: str, at: str, said: str
) -> None:
    assert exports.said(at, {}, field) == said
    assert exports.said({field: at}, {}) == f"{text.column((field,))} {said}"
    if len(said) == 10:
        assert said == last_local_day(datetime.fromisoformat(at), LOCAL).isoformat()


def test_options_levels_and_kinds_of_school_are_said_in_words() -> None:
    assert exports.said({"contest": "nation"}, text.values_called("figures")) == "contest 国家级"
    assert exports.said("grave_breach", text.values_called("value")) == "严重违规"
    assert exports.said("secondary", text.values_called("school_kind")) == "中职"
