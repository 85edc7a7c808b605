"""Every list leaves as a workbook (`format=xlsx`): each of its columns is named in Chinese in `locale/columns.toml`."""

from pathlib import Path

from specialty_eval import rooms, text
from specialty_eval.api import exports
from specialty_eval.api.description import models_of
from specialty_eval.app import create_app


def test_every_column_of_every_list_has_a_chinese_name_and_no_name_is_left_over() -> None:
    app = create_app("postgresql+psycopg://nowhere/none", Path("."))
    rooms.open_all(app)
    paths = {f.path for at, model in models_of(app).values() for f in exports.columns_of(exports.rows_of(model, at))}

    parts = {part for path in paths for part in path} | {".".join(path) for path in paths}
    missing = {path for path in paths if ".".join(path) not in text.columns() and set(path) - text.columns()}
    assert missing == set(), "name them in locale/columns.toml"
    assert text.columns() - parts - IN_CELLS == set(), "no list has these columns any more"


IN_CELLS = frozenset({"specialties", "total"})
"""Names of what stands within a cell."""
