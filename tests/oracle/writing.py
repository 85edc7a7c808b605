"""Writes a policy tree as YAML in varied styles, and tables as CSV in varied styles. Meaning never varies."""

import csv
import io
import json
import re
from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import Any

from .tree import scalar

PLAIN = re.compile(r"[A-Za-z\u4e00-\u9fff][\w\u4e00-\u9fff./-]*")


class Verbatim(str):
    """YAML text that is written as it stands: an alias, a tag, a duplicate key."""


class Writer:
    """One document's style: flow or block collections, plain or quoted text, by chance."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng

    def document(self, tree: dict[str, Any]) -> str:
        head = self.rng.choice(["", "# 示例政策\n", "---\n"])
        return head + "\n".join(self.block(tree, 0)) + "\n"

    def block(self, node: Any, depth: int) -> list[str]:
        pad = "  " * depth
        lines: list[str] = []
        pairs = node.items() if isinstance(node, dict) else (("-", item) for item in node)
        for key, value in pairs:
            head = f"{pad}-" if isinstance(node, list) else f"{pad}{self.text(key)}:"
            if isinstance(value, dict | list) and value and depth < 6 and self.rng.random() < 0.8 - depth * 0.15:
                lines += [head, *self.block(value, depth + 1)]
            else:
                lines.append(f"{head} {self.flow(value)}{self.rng.choice(['', '', '', '  # 说明'])}")
        return lines

    def flow(self, node: Any) -> str:
        if isinstance(node, Verbatim):
            return str(node)
        if isinstance(node, dict):
            return "{" + ", ".join(f"{self.text(key)}: {self.flow(value)}" for key, value in node.items()) + "}"
        if isinstance(node, list):
            return "[" + ", ".join(self.flow(item) for item in node) + "]"
        if isinstance(node, bool):
            return "true" if node else "false"
        if node is None:
            return "null"
        return self.text(node) if isinstance(node, str) else number(node)

    def text(self, text: str) -> str:
        if isinstance(text, Verbatim):
            return str(text)
        safe = PLAIN.fullmatch(text) and scalar(text, quoted=False) == text
        if safe and self.rng.random() < 0.9:
            return text
        if "\n" not in text and self.rng.random() < 0.5:
            return "'" + text.replace("'", "''") + "'"
        return json.dumps(text, ensure_ascii=False)


def number(value: Decimal | int) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def csv_text(rng: Random, rows: Iterable[Iterable[str]]) -> str:
    """The table with line feeds or CRLF, quoted as needed or everywhere, perhaps behind a byte order mark."""
    out = io.StringIO()
    quote_all = rng.random() < 0.3
    ending = rng.choice(["\n", "\n", "\r\n"])
    csv.writer(out, lineterminator=ending, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL).writerows(rows)
    text = out.getvalue()
    if rng.random() < 0.2:
        text = text.removesuffix(ending)
    return rng.choice(["", "", "\ufeff"]) + text
