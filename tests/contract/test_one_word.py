"""One word a thing: what the glossary names has no second name in pages, commands, reports, messages and documents."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OTHER_NAMES = {
    "未评定": "暂不评定（unrated）或未参评（从未有过）",
    "从未评定": "未参评",
    "材料不全": "数据不全",
    "招生状态": "专业状态",
    "逐步停招": "逐步停止招生",
}
"""What somebody would also call it → the glossary's word."""
OF_ONES_OWN = {"src/specialty_eval/demo/telling.py": {"逐步停招"}}
"""A short name where a table has no room."""


def told() -> Iterator[tuple[str, str]]:
    """(file, its text) of everything that a reader sees."""
    for folder, kinds in (("src", (".py", ".toml", ".html", ".yaml")), ("docs", (".md",)), ("examples", (".py",))):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in kinds and "decisions" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    yield "README.md", (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("other", OTHER_NAMES)
def test_nothing_has_a_second_name(other: str) -> None:
    found = [
        f"{file}: {line.strip()}"
        for file, content in told()
        for line in content.splitlines()
        if re.search(other, line) and other not in OF_ONES_OWN.get(file, set())
    ]
    assert found == [], OTHER_NAMES[other]
