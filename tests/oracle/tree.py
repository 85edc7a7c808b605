"""A valid policy's YAML text as plain dicts and lists: numbers as exact decimals, quoted text as text.

Assumes a valid document; nothing here reports a problem.
"""

import re
from decimal import Decimal
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Tree = dict[str, Any]
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
CONSTANTS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
CONSTANTS_OF_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def read_policy(text: str) -> Tree:
    """The document as YAML 1.2 core reads it."""
    tree = plain(YAML(typ="safe", pure=True).compose(text))
    assert isinstance(tree, dict)
    return tree


def plain(node: Node) -> Any:
    if isinstance(node, MappingNode):
        return {plain(key): plain(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.value]
    assert isinstance(node, ScalarNode)
    return scalar(node.value, quoted=node.style is not None)


def scalar(text: str, *, quoted: bool) -> Any:
    if quoted:
        return text
    if text in CONSTANTS:
        return None
    if text in CONSTANTS_OF_TRUTH:
        return CONSTANTS_OF_TRUTH[text]
    return Decimal(text) if NUMBER.fullmatch(text) else text
