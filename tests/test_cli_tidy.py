"""`specialty-eval tidy`: answers kept for repeated requests are forgotten once nobody can be waiting for them."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import keeping
from specialty_eval import serving
from specialty_eval.app import create_app
from specialty_eval.cli import run
from specialty_eval.store.accounts import IdempotentReply
from specialty_eval.store.base import make_engine


def keep(url: str) -> None:
    """Two kept answers, one older than two days."""
    engine = make_engine(url, pool_size=1)
    now = datetime.now(UTC)
    with Session(engine) as session:
        for key, hours in (("old", 49), ("new", 47)):
            at = now - timedelta(hours=hours)
            session.add(
                IdempotentReply(caller="person:1", key=key, request_digest="x", status=200, headers={}, body=b"", at=at)
            )
        session.commit()
    engine.dispose()


def kept(url: str) -> list[str]:
    engine = make_engine(url, pool_size=1)
    with Session(engine) as session:
        found = list(session.scalars(sa.select(IdempotentReply.key)))
    engine.dispose()
    return found


def test_only_what_is_older_than_two_days_is_forgotten(
    tmp_path: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", fresh_database)
    keep(fresh_database)

    assert run(["tidy"]) == 0

    assert kept(fresh_database) == ["new"]
    assert "1 kept answers are forgotten" in capsys.readouterr().out


def test_a_server_that_has_started_forgets_them_and_opens_what_nobody_asked_for(
    tmp_path: Path, fresh_database: str
) -> None:
    keep(fresh_database)
    app = create_app(fresh_database, tmp_path)

    with ExitStack() as until:
        serving.settle(app, fresh_database, tmp_path, until)
        keeping.until(lambda: app.front.is_full, "the statuses are in memory")

    assert kept(fresh_database) == ["new"]
    assert app.state.rooms.closed == ()
