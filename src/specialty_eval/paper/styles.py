"""How an office's papers look: page, fonts and lines as GB/T 9704-2012 has them, as styles of a Word document.

The named fonts are those of Chinese offices; where one is missing, Word takes its nearest. Nothing is embedded.
"""

from docx import Document
from docx.document import Document as Paper
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

SONG, FANG, HEI, KAI, TITLE = "宋体", "仿宋_GB2312", "黑体", "楷体_GB2312", "方正小标宋简体"
LATIN = "Times New Roman"
SIZE = Pt(16)
"""三号: 22 lines of 28 characters on a page of 156 mm by 225 mm."""
LINE = Pt(29)
RED = RGBColor(0xFF, 0x00, 0x00)

BODY, HEADING, SUBHEADING, HEAD, NUMBER, TO, NAME, SIGN, NOTE, ATTACHED, CELL, CELL_HEAD, TABLE_NAME, CHART = (
    "公文正文", "公文一级标题", "公文二级标题", "发文机关标志", "发文字号", "主送机关", "公文标题", "署名与日期",
    "公文附注", "附件标识", "公文表格", "公文表头", "表名", "图",
)  # fmt: skip


def paper(*, landscape: bool = False) -> Paper:
    """An empty paper: A4, margins 37, 35, 28 and 26 mm, page numbers on the outer side, and the styles below."""
    document = Document()
    section = document.sections[0]
    width, height = Mm(210), Mm(297)
    section.page_width, section.page_height = (height, width) if landscape else (width, height)
    if landscape:
        section.orientation = WD_ORIENT.LANDSCAPE
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25)
    _styles(document)
    _page_numbers(document)
    properties = document.core_properties
    properties.author, properties.comments, properties.title, properties.language = "", "", "", "zh-CN"
    return document


def _styles(document: Paper) -> None:
    normal = document.styles["Normal"]
    assert isinstance(normal, ParagraphStyle)  # noqa: S101 -- it always is; this tells the type checker
    _font(normal, FANG, SIZE)
    _set(normal, indent=False)
    _made(document, BODY, FANG)
    for style, font in ((HEADING, HEI), (SUBHEADING, KAI)):
        _made(document, style, font).paragraph_format.keep_with_next = True
    _made(document, ATTACHED, HEI, indent=False)
    head = _made(document, HEAD, TITLE, size=Pt(48), align=WD_ALIGN_PARAGRAPH.CENTER, indent=False)
    head.font.color.rgb = RED
    head.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    _made(document, NUMBER, FANG, align=WD_ALIGN_PARAGRAPH.CENTER, indent=False)
    name = _made(document, NAME, TITLE, size=Pt(22), align=WD_ALIGN_PARAGRAPH.CENTER, indent=False)
    name.paragraph_format.line_spacing, name.paragraph_format.space_before = Pt(36), LINE
    name.paragraph_format.space_after = LINE
    _made(document, TO, FANG, indent=False)
    sign = _made(document, SIGN, FANG, align=WD_ALIGN_PARAGRAPH.RIGHT, indent=False)
    sign.paragraph_format.right_indent = SIZE * 4
    _made(
        document, NOTE, FANG, size=Pt(12), align=WD_ALIGN_PARAGRAPH.LEFT, indent=False
    ).paragraph_format.line_spacing = Pt(20)
    named = _made(document, TABLE_NAME, HEI, size=Pt(12), align=WD_ALIGN_PARAGRAPH.CENTER, indent=False)
    named.paragraph_format.keep_with_next, named.paragraph_format.space_before = True, Pt(8)
    chart = _made(document, CHART, FANG, align=WD_ALIGN_PARAGRAPH.CENTER, indent=False)
    chart.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    chart.paragraph_format.space_before = chart.paragraph_format.space_after = Pt(6)
    for style, font in ((CELL, FANG), (CELL_HEAD, HEI)):
        cell = _made(document, style, font, size=Pt(10.5), align=WD_ALIGN_PARAGRAPH.LEFT, indent=False)
        cell.paragraph_format.line_spacing = Pt(16)


def _made(
    document: Paper, name: str, font: str, *, size: Pt = SIZE,
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.JUSTIFY, indent: bool = True,
) -> ParagraphStyle:  # fmt: skip
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    assert isinstance(style, ParagraphStyle)  # noqa: S101 -- what was asked for; this tells the type checker
    style.base_style = document.styles["Normal"]
    _font(style, font, size)
    _set(style, indent=indent)
    style.paragraph_format.alignment = align
    return style


def _font(style: ParagraphStyle, font: str, size: Pt) -> None:
    style.font.name, style.font.size = LATIN, size
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.set(qn("w:eastAsia"), font)
    fonts.set(qn("w:hAnsi"), LATIN)
    fonts.set(qn("w:hint"), "eastAsia")


def _set(style: ParagraphStyle, *, indent: bool) -> None:
    form = style.paragraph_format
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, LINE
    form.space_before = form.space_after = Pt(0)
    form.widow_control = False
    if indent:
        properties = style.element.get_or_add_pPr()
        indents = properties.find(qn("w:ind"))
        if indents is None:
            indents = OxmlElement("w:ind")
            properties.append(indents)
        indents.set(qn("w:firstLineChars"), "200")
        indents.set(qn("w:firstLine"), "640")


def _page_numbers(document: Paper) -> None:
    """— 1 — in four-size Song, right on odd pages and left on even ones, a character from the edge."""
    document.settings.odd_and_even_pages_header_footer = True
    section = document.sections[0]
    for footer, align in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
    ):
        line = footer.paragraphs[0]
        line.alignment = align
        line.paragraph_format.left_indent = line.paragraph_format.right_indent = Pt(14)
        for part in ("— ", None, " —"):
            run = line.add_run(part or "")
            run.font.size, run.font.name = Pt(14), SONG
            run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), SONG)
            if part is None:
                _page_field(run._element)


def _page_field(run: object) -> None:
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        if kind is None:
            word = OxmlElement("w:instrText")
            word.text = text
        else:
            word = OxmlElement("w:fldChar")
            word.set(qn("w:fldCharType"), kind)
        run.append(word)  # type: ignore[attr-defined]  # python-docx gives its elements no types


def red_line(paragraph: Paragraph) -> None:
    """The red line under the number of a paper, as wide as its text."""
    _border(paragraph, "FF0000", "18")


def _border(paragraph: Paragraph, colour: str, eighths: str) -> None:
    borders = OxmlElement("w:pBdr")
    bottom = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", eighths), ("space", "11"), ("color", colour)):
        bottom.set(qn(f"w:{name}"), value)
    borders.append(bottom)
    properties = paragraph._element.get_or_add_pPr()
    properties.append(borders)
