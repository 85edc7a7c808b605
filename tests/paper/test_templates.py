"""A template names fields that are filled, and nothing else: every way into the program's objects is refused."""

import io
import zipfile
from collections.abc import Callable

import pytest
from docx import Document
from jinja2.exceptions import TemplateError

from specialty_eval.engine.documents import DocumentKind, sample
from specialty_eval.engine.errors import Invalid
from specialty_eval.paper import shipped, templates

NOTICE = DocumentKind.PUBLICATION_NOTICE
each_kind = pytest.mark.parametrize("kind", DocumentKind)


def written(*lines: str) -> bytes:
    """A Word file of these paragraphs."""
    document = Document()
    for line in lines:
        document.add_paragraph(line)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def words(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


def refused(content: bytes, kind: DocumentKind = NOTICE) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        templates.check(content, kind)
    return [
        (problem.code, str(problem.facts.get("field", problem.facts.get("found", ""))))
        for problem in caught.value.problems
    ]


@each_kind
def test_a_shipped_template_names_fields_that_are_filled_and_is_the_same_each_time(kind: DocumentKind) -> None:
    content = shipped.template(kind)

    templates.check(content, kind)
    assert shipped.template.__wrapped__(kind) == content
    filled = templates.render(content, sample(kind))
    assert "{" not in words(filled)
    assert "示例市教育局" in words(filled)
    assert templates.render(content, sample(kind)) == filled


def test_every_unknown_field_is_named_at_once_wherever_it_stands() -> None:
    document = Document(io.BytesIO(written("{{ bureau }}{{ phone }}", "{% for r in counts %}{{ r.rate }}{% endfor %}")))
    document.sections[0].footer.paragraphs[0].text = "{{ fax }}"
    document.core_properties.title = "{{ heading }}"
    made = io.BytesIO()
    document.save(made)

    assert refused(made.getvalue()) == [
        ("template-field-unknown", "phone"), ("template-field-unknown", "r.rate"),
        ("template-field-unknown", "fax"), ("template-field-unknown", "heading"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "reaching",
    [
        "{{ bureau.__class__ }}", "{{ ''.__class__.__mro__ }}", "{{ bureau['__class__'] }}", "{{ counts[0].rating }}",
        "{{ bureau.format(1) }}", "{{ range(9) }}", "{{ bureau | attr('x') }}", "{{ bureau * 99 }}", "{{ 9 ** 9 }}",
        "{{ self }}", "{{ loop.index }}", "{% set x = 1 %}", "{% import 'x' as y %}", "{% include 'x' %}",
        "{% macro m() %}{% endmacro %}", "{% for r in counts %}{{ loop.cycle }}{% endfor %}",
        "{% for r in counts recursive %}{% endfor %}", "{% for a, b in counts %}{% endfor %}", "{{ counts }}",
        "{% for c in bureau %}{% endfor %}", "{{ bureau is defined }}", "{{ bureau[0:1] }}", "{{ [bureau] }}",
        "{{p bureau }}", "{% for r in counts %}{{ r }}{% endfor %}",
    ],
)  # fmt: skip
def test_a_template_that_reaches_further_is_refused(reaching: str) -> None:
    assert refused(written(reaching))


@pytest.mark.parametrize(
    "reaching",
    ["{{ told.__class__ }}", "{{ told['__class__'].__mro__ }}", "{{ told.keys() }}", "{{ told.x.upper() }}"],
)
def test_the_sandbox_gives_a_template_no_object_even_when_nobody_checked_it(reaching: str) -> None:
    """What the check lets pass by mistake finds nothing all the same."""
    try:
        said = templates.Filling().from_string(reaching).render(told={"x": "示例"})
    except TemplateError:
        return
    assert said == ""


def test_conditions_loops_and_joined_texts_are_taken_and_what_is_filled_in_stays_text() -> None:
    content = written(
        "{{ bureau ~ number }}", "{% if not entries %}无{% elif total == '2' %}二{% endif %}",
        "{% for row in counts if row.number != '0' %}{{ loop.index }}{{ row.rating }}{% endfor %}",
        "{{ total if total else '无' }}{{ cycle | default('无') }}{{ entries | length }}",
    )  # fmt: skip
    templates.check(content, NOTICE)

    told = sample(NOTICE) | {"bureau": "{{ total }}<w:p/>&\x07", "counts": [{"rating": "甲", "number": "0"}]}

    assert words(templates.render(content, told)).splitlines() == [
        "{{ total }}<w:p/>&示教评〔2026〕1号", "二", "", "2示例市2026—2028年专业评价2"
    ]  # fmt: skip


@pytest.mark.parametrize("broken", ["{% for row in counts %}", "{{ bureau", "{% if %}{% endif %}", "{% endfor %}"])
def test_a_template_that_cannot_be_filled_is_refused(broken: str) -> None:
    assert [code for code, _ in refused(written(broken))] == ["template-breaks"]


def test_a_loop_across_paragraphs_that_tears_them_apart_is_refused() -> None:
    assert [code for code, _ in refused(written("甲{% if bureau %}乙", "丙"))] == ["template-breaks"]


def changed(name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A Word file with one part changed, or added."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written("{{ bureau }}"))) as old, zipfile.ZipFile(made, "w") as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
        if name not in old.namelist():
            new.writestr(name, change(b""))
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "template-not-word"), (b"PK\x03\x04 no", "template-not-word"),
        (changed("word/vbaProject.bin", lambda _: b"x"), "template-unsafe"),
        (changed("word/embeddings/a.xlsx", lambda _: b"x"), "template-unsafe"),
        (changed("word/document.xml", lambda x: x.replace(b"<w:document", b"<!DOCTYPE a><w:document", 1)),
         "template-unsafe"),
        (changed("word/_rels/document.xml.rels", lambda x: x.replace(
            b"</Relationships>", b'<Relationship Id="r9" Type="urn:x/attachedTemplate" Target="file:///a.dotm"'
            b' TargetMode="External"/></Relationships>')), "template-unsafe"),
        (changed("word/document.xml", lambda x: x.replace(
            b"<w:sectPr", b'<w:p><w:r><w:instrText>DDEAUTO c</w:instrText></w:r></w:p><w:sectPr', 1)),
         "template-unsafe"),
    ],
    ids=["empty", "no archive", "macro", "embedded", "doctype", "fetched", "field that runs"],
)  # fmt: skip
def test_what_is_no_text_or_runs_or_fetches_is_not_taken(content: bytes, code: str) -> None:
    assert {found for found, _ in refused(content)} == {code}
