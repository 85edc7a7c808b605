"""What the tests of papers share."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def documents_let_go() -> Iterator[None]:
    """A Word file in memory is a circle of few objects and many megabytes, which the collector does not count."""
    yield
    gc.collect(1)
