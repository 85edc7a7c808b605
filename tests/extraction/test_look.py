"""Looking through files for names: where each is found, what is said to be unread, and that no file can hold us up."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from time import monotonic
from typing import Any

import docx
import openpyxl
import pypdf
import pytest
from PIL import Image, PngImagePlugin
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, StreamObject

from specialty_eval import extraction
from specialty_eval.engine.anonymity import Checked, Looked, names_of

NAMES = names_of("示例市示例第一职业学校", ["3637000001"], ["示例市"], ["王示例"])
WHOLE = "示例市示例第一职业学校"


def look(content: bytes, name: str = "材料") -> Looked:
    return extraction.look(name, content, NAMES)


def where(found: Looked) -> list[str]:
    return [f"{one.where} {one.name}" for one in found.finds]


def saved(write: Callable[[Any], object]) -> bytes:
    held = io.BytesIO()
    write(held)
    return held.getvalue()


def word(text: str = "实训条件良好", **properties: str) -> bytes:
    made = docx.Document()
    made.add_paragraph(text)
    made.core_properties.author = ""
    for name, value in properties.items():
        setattr(made.core_properties, name, value)
    return without_thumbnail(saved(made.save))


def without_thumbnail(content: bytes) -> bytes:
    """The template's preview picture, which nobody can read, taken out."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as read, zipfile.ZipFile(held, "w") as written:
        for entry in read.infolist():
            if "thumbnail" not in entry.filename:
                written.writestr(entry, read.read(entry))
    return held.getvalue()


def pdf(text: bytes = b"Training rooms", **properties: str) -> bytes:
    made = pypdf.PdfWriter()
    page = made.add_blank_page(200, 200)
    font = DictionaryObject({NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
                             NameObject("/BaseFont"): NameObject("/Helvetica")})  # fmt: skip
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): made._add_object(font)})}
    )
    drawn = DecodedStreamObject()
    drawn.set_data(b"BT /F1 12 Tf 10 100 Td (" + text + b") Tj ET")
    page[NameObject("/Contents")] = made._add_object(drawn)
    made.add_metadata({f"/{name}": value for name, value in properties.items()})
    return saved(made.write)


def test_nothing_is_found_in_what_names_nobody() -> None:
    for content in (word(), pdf()):
        assert look(content) == Looked()
        assert look(content).says == Checked.CLEAR


def test_the_files_name_is_looked_at_first() -> None:
    assert where(look(pdf(), "示例第一职校 实训.pdf")) == ["示例第一职校 实训.pdf: name 示例第一职校"]


def test_properties_and_text_of_a_word_document_are_found_also_where_marks_cut_them() -> None:
    assert where(look(word(author="王示例"))) == ["材料 > docProps/core.xml 王示例"]
    made = docx.Document()
    paragraph = made.add_paragraph("示例市示例")
    paragraph.add_run("第一 职业").bold = True
    paragraph.add_run("学校")
    found = look(without_thumbnail(saved(made.save)))
    assert where(found) == [f"材料 > word/document.xml {WHOLE}"]


def test_a_workbooks_cells_are_looked_at() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "3637000001"  # type: ignore[index]

    assert where(look(saved(book.save))) == ["材料 > xl/worksheets/sheet1.xml 3637000001"]


def test_properties_text_and_files_within_a_pdf_are_found() -> None:
    made = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(b"No. 3637000001", Author="王示例")))
    made.add_attachment("名单.docx", word(WHOLE))

    found = where(look(saved(made.write)))

    held = f"材料 > 名单.docx > word/document.xml {WHOLE}"
    assert {"材料: /Author 王示例", "材料: page 1 3637000001", held} <= set(found)


def test_a_pictures_properties_are_found_and_what_it_shows_is_unread() -> None:
    picture, exif = Image.new("RGB", (8, 8)), Image.Exif()
    exif[0x013B] = "示例第一职校".encode()
    exif.get_ifd(0x8825)[1] = "N"
    found = look(saved(lambda held: picture.save(held, "JPEG", exif=exif)))
    assert {"材料: Artist 示例第一职校", "材料: GPS GPS"} <= set(where(found))
    assert [(one.where, one.why) for one in found.unread] == [("材料", "picture")]
    said = PngImagePlugin.PngInfo()
    said.add_text("Author", WHOLE)
    assert f"材料: Author {WHOLE}" in where(look(saved(lambda held: picture.save(held, "PNG", pnginfo=said))))


def test_what_cannot_be_read_is_said_and_not_passed() -> None:
    locked = pypdf.PdfWriter(clone_from=io.BytesIO(pdf()))
    locked.encrypt("secret")
    scanned = pypdf.PdfWriter(clone_from=io.BytesIO(saved(lambda held: Image.new("1", (8, 8)).save(held, "PDF"))))
    for content, why in (
        (saved(locked.write), "locked"), (saved(scanned.write), "picture"), (b"%PDF-1.7 broken", "broken"),
        (b"PK\x03\x04 broken", "broken"), (b"\xff\xd8\xff broken", "broken"), (b"plain words", "format"),
    ):  # fmt: skip
        found = look(content)
        assert found.says == Checked.UNCHECKED
        assert why in {one.why for one in found.unread}


def bomb(name: str) -> bytes:
    """A hundred and twenty-eight megabytes of nothing."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed, packed.open(name, "w", force_zip64=True) as entry:
        for _ in range(128):
            entry.write(bytes(1 << 20))
    return held.getvalue()


def pdf_bomb() -> bytes:
    made = pypdf.PdfWriter(clone_from=io.BytesIO(pdf()))
    drawn = StreamObject()
    drawn._data = zlib.compress(bytes(128 << 20))
    drawn[NameObject("/Filter")] = NameObject("/FlateDecode")
    made.pages[0][NameObject("/Contents")] = made._add_object(drawn)
    return saved(made.write)


def huge_picture() -> bytes:
    """A PNG that says it is 100,000 × 100,000."""

    def chunk(kind: bytes, held: bytes) -> bytes:
        return struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held))

    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def nested(depth: int) -> bytes:
    content = word(WHOLE)
    for _ in range(depth):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as packed:
            packed.writestr("in.zip", content)
        content = held.getvalue()
    return content


@pytest.mark.parametrize(
    ("content", "why"),
    [(bomb("word/document.xml"), "too-large"), (bomb("media.bin"), "too-large"), (pdf_bomb(), None),
     (huge_picture(), None), (nested(6), "too-deep"), (b"PK\x03\x04" + b"<" * (8 << 20), "broken")],
)  # fmt: skip
def test_a_file_that_is_made_to_hurt_is_said_to_be_unread(content: bytes, why: str | None) -> None:
    began = monotonic()

    found = look(content)

    assert found.says == Checked.UNCHECKED
    assert why is None or why in {one.why for one in found.unread}
    assert monotonic() - began < extraction.SECONDS + 5


def test_a_file_that_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "SECONDS", 0)

    assert [one.why for one in look(pdf()).unread] == ["too-slow"]
