"""A site over the test's own transaction."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from web.site import Site, site


@pytest.fixture
def pages(connection: sa.Connection, tmp_path: Path) -> Iterator[Site]:
    """The pages of what this test has in its database."""
    with site(connection, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def kept_site(engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with engine.connect() as opened, opened.begin() as outer:
        with site(opened, tmp_path_factory.mktemp("still")) as made:
            yield made
        outer.rollback()


@pytest.fixture
def still(kept_site: Site) -> Site:
    """The pages where nothing is, for the tests of a file that ask for the same and change nothing: what such a page is
    made of, the description of every call, is put together once. Each test comes with another browser.
    """
    kept_site.client.cookies.clear()
    return kept_site
