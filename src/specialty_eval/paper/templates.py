"""A bureau's Word template: which of its fields nobody fills, and the paper it makes of those that are filled.

A template reads texts and goes through lists. It calls nothing, and reaches into no object of the program: what it
may hold is a list of allowed constructs (checked when it is uploaded), and the sandbox that fills it knows no others.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateError
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment
from lxml import etree

from specialty_eval.engine.documents import FIELDS as OF_KIND
from specialty_eval.engine.documents import DocumentKind, Field, Told, sample
from specialty_eval.engine.errors import Invalid, Problem

from .package import opened, settled

WORDS_OF_A_LOOP = frozenset({"index", "first", "last", "length"})
FILTERS = frozenset({"default", "length"})
_TAKEN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.For, nodes.If,
    nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.Not, nodes.And, nodes.Or, nodes.Const, nodes.Filter,
    nodes.Concat,
)  # fmt: skip
_TAG = re.compile(r"<[^>]*>")
_RICH = re.compile(r"\{\{\s*(?:p|r|tr|tc)\s")
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff￾￿]")


class Filling(SandboxedEnvironment):
    """Fills in texts: a dot is the field of a row, never an attribute of an object, and nothing can be called."""

    def __init__(self) -> None:
        super().__init__(autoescape=True)
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in FILTERS}
        self.tests.clear()

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A row's field, or what a loop says of itself."""
        if isinstance(obj, LoopContext) and attribute in WORDS_OF_A_LOOP:
            return getattr(obj, attribute)
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The same in brackets."""
        return self.getattr(obj, argument) if isinstance(argument, str) else self.undefined(name=str(argument))

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002 -- the library's own signature
        """Nothing is."""
        return False


@dataclass(frozen=True, slots=True)
class _Row:
    """A name that stands for a row of a list."""

    fields: Mapping[str, Field]


Known = Mapping[str, "Field | _Row | None"]
"""The names in reach and what each is: a field of the kind, a row of a list, or (None) the loop's own words."""


def check(content: bytes, kind: DocumentKind) -> None:
    """Pass if this is a template of the kind; Invalid with every unknown field and construct, or how it breaks."""
    opened(content)
    document = _read(content)
    found = {(p.code, p.where): p for text in _texts(document) for p in _problems(text, kind)}
    if rich := _RICH.search(_TAG.sub("", document.get_xml())):  # a text in a place of its own is lost without a word
        found["template-construct", rich[0]] = Problem("template-construct", "template", {"found": rich[0].strip()})
    if found:
        raise Invalid(*found.values())
    filled = dict(sample(kind))
    try:
        etree.fromstring(document.build_xml(filled, Filling()).encode())
        _read(render(content, filled))
    except (TemplateError, etree.XMLSyntaxError, KeyError, ValueError) as error:
        raise Invalid(Problem("template-breaks", "template", {"detail": str(error)[:200]})) from None


def _read(content: bytes) -> DocxTemplate:
    document = DocxTemplate(io.BytesIO(content))
    try:
        document.init_docx()
    except (KeyError, ValueError, etree.XMLSyntaxError) as error:
        raise Invalid(Problem("template-not-word", "template", {"detail": str(error)[:200]})) from None
    return document


def _texts(document: DocxTemplate) -> Iterator[str]:
    """Every part with words, as the templating reads it."""
    yield document.patch_xml(document.get_xml())
    for uri in (document.HEADER_URI, document.FOOTER_URI):
        for _, part in document.get_headers_footers(uri):
            yield document.patch_xml(document.get_part_xml(part))
    for part in document.docx.part.package.iter_parts():
        if str(part.partname).endswith("footnotes.xml"):
            yield document.patch_xml(part.blob.decode("utf-8"))
    properties = document.docx.core_properties
    for name in ("author", "comments", "identifier", "language", "subject", "title"):
        yield str(getattr(properties, name))


def _problems(text: str, kind: DocumentKind) -> Iterator[Problem]:
    try:
        tree = Filling().parse(text)
    except TemplateSyntaxError as error:
        yield Problem("template-breaks", "template", {"detail": (error.message or "")[:200]})
        return
    yield from _walk(tree, {field.name: field for field in OF_KIND[kind]})


def _walk(node: nodes.Node, known: Known) -> Iterator[Problem]:
    """Every construct that is not taken, and every field that nobody fills, in the order of the text."""
    match node:
        case nodes.For(target=nodes.Name(name=name), iter=over, recursive=False):
            yield from _loop(node, name, over, known)
        case nodes.Name(ctx="load") | nodes.Getattr() | nodes.Getitem():
            found, problem = _meant(node, known)
            if problem is not None:
                yield problem
            elif not (isinstance(found, Field) and not found.rows) and found is not None:
                yield Problem("template-field-misused", _said(node), {"field": _said(node)})
        case nodes.Filter(name=name) if name not in FILTERS:
            yield Problem("template-construct", name or "", {"found": f"|{name}"})
        case nodes.Filter(name="length", node=nodes.Name() as over):
            yield from _asked(over, known)
        case nodes.If(test=test) | nodes.CondExpr(test=test):
            yield from _asked(test, known)
            for inner in node.iter_child_nodes(exclude=("test",)):
                yield from _walk(inner, known)
        case _ if not isinstance(node, _TAKEN) or isinstance(node, nodes.For):
            yield Problem("template-construct", type(node).__name__, {"found": type(node).__name__})
        case _:
            for inner in node.iter_child_nodes():
                yield from _walk(inner, known)


def _asked(node: nodes.Node, known: Known) -> Iterator[Problem]:
    """A condition: there a list may stand too, for whether it has any rows."""
    match node:
        case nodes.Name():
            problem = _meant(node, known)[1]
            if problem is not None:
                yield problem
        case nodes.Not() | nodes.And() | nodes.Or():
            for inner in node.iter_child_nodes():
                yield from _asked(inner, known)
        case _:
            yield from _walk(node, known)


def _loop(node: nodes.For, name: str, over: nodes.Node, known: Known) -> Iterator[Problem]:
    found, problem = _meant(over, known)
    if problem is not None:
        yield problem
        return
    if not isinstance(found, Field) or not found.rows:
        yield Problem("template-field-misused", _said(over), {"field": _said(over)})
        return
    inside: Known = {**known, name: _Row({row.name: row for row in found.rows}), "loop": None}
    for inner in (*node.body, *node.else_, *([] if node.test is None else [node.test])):
        yield from _walk(inner, inside)


def _meant(node: nodes.Node, known: Known) -> tuple["Field | _Row | None", Problem | None]:
    """What a name or a dotted name stands for, and what is wrong with it."""
    wrong = Problem("template-field-unknown", _said(node), {"field": _said(node)})
    match node:
        case nodes.Name(name=name) if name in known and name != "loop":
            return known[name], None
        case nodes.Getattr(node=nodes.Name(name="loop"), attr=word) if "loop" in known and word in WORDS_OF_A_LOOP:
            return None, None
        case (
            nodes.Getattr(node=nodes.Name(name=name), attr=attr)
            | nodes.Getitem(node=nodes.Name(name=name), arg=nodes.Const(value=attr))
        ):
            row = known.get(name)
            if isinstance(row, _Row) and attr in row.fields:
                return row.fields[attr], None
            return None, wrong
        case _:
            return None, wrong


def _said(node: nodes.Node) -> str:
    """The name as the template writes it."""
    match node:
        case nodes.Name(name=name):
            return name
        case nodes.Getattr(node=inner, attr=attr):
            return f"{_said(inner)}.{attr}"
        case nodes.Getitem(node=inner, arg=nodes.Const(value=value)):
            return f"{_said(inner)}.{value}"
        case _:
            return type(node).__name__


def render(content: bytes, told: Told) -> bytes:
    """The paper: the template with its fields filled. The same template and filling give the same bytes."""
    document = DocxTemplate(io.BytesIO(content))
    document.render(_fit(told), Filling(), autoescape=True)
    made = io.BytesIO()
    document.save(made)
    return settled(made.getvalue())


def _fit(told: Told) -> dict[str, Any]:
    """Plain values alone, without what no XML can hold."""

    def text(value: str) -> str:
        return _UNFIT.sub("", str(value))

    return {
        name: text(value) if isinstance(value, str) else [{k: text(v) for k, v in row.items()} for row in value]
        for name, value in told.items()
    }
