"""`specialty-eval calendar`: the operator enters a year's days for every city."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from specialty_eval.cli import run
from specialty_eval.store.base import make_engine
from specialty_eval.store.calendars import CalendarYear


def test_a_year_is_entered_or_refused_with_why(
    tmp_path: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", fresh_database)

    assert run(["calendar", "2099", "--off", "2099-10-01", "--workday", "2099-10-03", "--reason", "示例文号"]) == 0
    assert "2099 is entered; 0 deadlines end later" in capsys.readouterr().out
    assert run(["calendar", "2099", "--off", "2098-10-01", "--reason", " "]) == 1
    refused = capsys.readouterr().err
    assert "2098-10-01 is not a day of 2099" in refused
    assert run(["calendar", "2099", "--off", "1 October", "--reason", "示例"]) == 1

    engine = make_engine(fresh_database, pool_size=1)
    with engine.connect() as connection:
        kept = connection.execute(sa.select(CalendarYear.days_off, CalendarYear.workdays)).all()
    engine.dispose()
    assert kept == [(["2099-10-01"], ["2099-10-03"])]
