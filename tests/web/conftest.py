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
