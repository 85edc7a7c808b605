"""`specialty-eval tidy`: answers kept for repeated requests are forgotten once nobody can be waiting for them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.cli import run
from specialty_eval.store.accounts import IdempotentReply
from specialty_eval.store.base import make_engine


def test_only_what_is_older_than_two_days_is_forgotten(
    tmp_path: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", fresh_database)
    engine = make_engine(fresh_database, pool_size=1)
    now = datetime.now(UTC)
    with Session(engine) as session:
        for key, hours in (("old", 49), ("new", 47)):
            at = now - timedelta(hours=hours)
            session.add(
                IdempotentReply(caller="person:1", key=key, request_digest="x", status=200, headers={}, body=b"", at=at)
            )
        session.commit()

    assert run(["tidy"]) == 0

    with Session(engine) as session:
        assert session.scalars(sa.select(IdempotentReply.key)).all() == ["new"]
    engine.dispose()
    assert "1 kept answers are forgotten" in capsys.readouterr().out
