"""The application over a test's own transaction: asked as a browser asks, it shows what the test did."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from factories import START
from specialty_eval.actions.accounts import identify
from specialty_eval.actions.context import Context, Credentials, opened
from specialty_eval.app import create_app
from specialty_eval.store.files import Files


@dataclass
class Site:
    """A browser without a script, and what time the site believes it is."""

    client: TestClient
    connection: sa.Connection
    now: datetime = START
    statements: list[str] = field(default_factory=list)

    def get(self, path: str, expect: int = 200, **more: Any) -> httpx.Response:
        """Open a page; its status is asserted."""
        answer: httpx.Response = self.client.get(path, follow_redirects=False, **more)
        assert answer.status_code == expect, (path, answer.status_code, answer.text[:2000])
        return answer

    def read(self, path: str, expect: int = 200, **more: Any) -> str:
        """What a reader sees: the text of the page, its parts separated by single blanks."""
        return text_of(self.get(path, expect, **more).text)

    def counted(self, path: str) -> int:
        """How many statements a page takes."""
        seen: list[str] = []

        def note(_: Any, __: Any, statement: str, *___: Any) -> None:
            if not statement.startswith(("SAVEPOINT", "ROLLBACK", "RELEASE")):
                seen.append(statement)

        sa.event.listen(self.connection, "before_cursor_execute", note)
        self.get(path)
        sa.event.remove(self.connection, "before_cursor_execute", note)
        return len(seen)


@contextmanager
def site(connection: sa.Connection, folder: Path) -> Iterator[Site]:
    """The site, for as long as the block runs."""
    app = create_app(connection.engine.url.render_as_string(hide_password=False), folder, clock=lambda: made.now)

    def open_here(now: datetime, shown: Credentials) -> Context:
        session = Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        return opened(session, now, lambda opened_, at: identify(opened_, at, shown), Files(folder))

    with TestClient(app) as client:
        app.state.edge.open = open_here
        made = Site(client, connection)
        yield made


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(html: str) -> str:
    """The text of a page."""
    parser = _Text()
    parser.feed(html)
    return " ".join(" ".join(parser.parts).split())
