"""Every code that can be refused with is said in both languages, with what to do next."""

import ast
import tomllib
from pathlib import Path

from specialty_eval import text

SOURCES = Path(__file__).resolve().parents[2] / "src" / "specialty_eval"


def raised() -> dict[str, str]:
    """Code → one place that raises it."""
    found: dict[str, str] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem" and node.args:
                code = node.args[0]
                for option in (code.body, code.orelse) if isinstance(code, ast.IfExp) else (code,):
                    if isinstance(option, ast.Constant) and isinstance(option.value, str):
                        found.setdefault(option.value, f"{path.relative_to(SOURCES)}:{node.lineno}")
    return found


def test_every_code_has_words() -> None:
    assert {code: where for code, where in raised().items() if code not in text.codes()} == {}


def test_every_entry_is_whole_and_stands_once() -> None:
    keys, seen, wrong = {"zh", "en", "zh_next", "en_next"}, set[str](), list[str]()
    for path in sorted((SOURCES / "locale" / "problems").glob("*.toml")):
        for code, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            wrong += [f"{path.name}: {code}"] if code in seen or keys != set(entry) else []
            seen.add(code)
    assert wrong == []
