"""The plain tables say of each column what the row classes say."""

import pytest
import sqlalchemy as sa

from specialty_eval.store import plain
from specialty_eval.store.metadata import METADATA

TABLES = [table for table in vars(plain).values() if isinstance(table, sa.TableClause)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_every_plain_column_is_one_of_the_table_and_of_its_type(table: sa.TableClause) -> None:
    real = METADATA.tables[table.name].c

    assert {c.name: repr(c.type) for c in table.c} == {c.name: repr(real[c.name].type) for c in table.c}


def test_there_are_plain_tables() -> None:
    assert len(TABLES) > 10
