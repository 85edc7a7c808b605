"""Charts as Word draws them itself: DrawingML parts that people can edit, each with its numbers in a small workbook."""

import io
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

import xlsxwriter
from docx.document import Document as Paper
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.shared import Mm

from specialty_eval.engine.report import Chart, Series

from . import styles

_C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WP = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
WIDE, LEAST, EACH, TALLEST = 154, 38, 9, 210
"""Millimetres: how wide, how high with no bar, for each bar, and at most."""
_FONT = f'<a:latin typeface="{styles.LATIN}"/><a:ea typeface="{styles.SONG}"/>'


def add(document: Paper, chart: Chart, number: int) -> None:
    """Put the chart, the document's so manieth, in a paragraph of its own."""
    package = document.part.package
    numbers = Part(PackURI(f"/word/embeddings/chart{number}.xlsx"), CONTENT_TYPE.SML_SHEET, _workbook(chart), package)
    drawn = Part(PackURI(f"/word/charts/chart{number}.xml"), CONTENT_TYPE.DML_CHART, b"", package)
    drawn._blob = _xml(chart, drawn.relate_to(numbers, RELATIONSHIP_TYPE.PACKAGE)).encode()
    key = document.part.relate_to(drawn, RELATIONSHIP_TYPE.CHART)
    line = document.add_paragraph(style=styles.CHART)
    line.add_run()._element.append(parse_xml(_inline(chart, key, number)))


def said(chart: Chart) -> str:
    """The chart's numbers in words, for those who do not see it."""
    lines = []
    for place, name in enumerate(chart.categories):
        counts = "，".join(f"{s.name}{s.values[place]}" for s in chart.series if s.values[place])
        lines.append(f"{name}：{counts or '0'}")
    return f"{chart.title}。{'；'.join(lines)}"


def _inline(chart: Chart, key: str, number: int) -> str:
    high = min(LEAST + EACH * len(chart.categories), TALLEST)
    return (
        f'<w:drawing xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:wp="{_WP}"'
        f' xmlns:a="{_A}" xmlns:r="{_R}"><wp:inline distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent cx="{Mm(WIDE)}" cy="{Mm(high)}"/>'
        f'<wp:docPr id="{900 + number}" name={quoteattr(chart.title)} descr={quoteattr(said(chart))}/>'
        f'<a:graphic><a:graphicData uri="{_C}"><c:chart xmlns:c="{_C}" r:id="{key}"/></a:graphicData></a:graphic>'
        "</wp:inline></w:drawing>"
    )


def _xml(chart: Chart, numbers: str) -> str:
    series = "".join(_series(chart, place, one) for place, one in enumerate(chart.series))
    legend = '<c:legend><c:legendPos val="b"/><c:overlay val="0"/></c:legend>' if len(chart.series) > 1 else ""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<c:chartSpace xmlns:c="{_C}" xmlns:a="{_A}" xmlns:r="{_R}"><c:roundedCorners val="0"/><c:chart>'
        f'<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:pPr><a:defRPr sz="1050" b="0">{_FONT}</a:defRPr></a:pPr>'
        f'<a:r><a:rPr lang="zh-CN" sz="1050" b="0">{_FONT}</a:rPr><a:t>{escape(chart.title)}</a:t></a:r></a:p>'
        '</c:rich></c:tx><c:overlay val="0"/></c:title><c:autoTitleDeleted val="0"/><c:plotArea><c:layout/>'
        '<c:barChart><c:barDir val="bar"/><c:grouping val="stacked"/><c:varyColors val="0"/>'
        f'{series}<c:gapWidth val="45"/><c:overlap val="100"/><c:axId val="111"/><c:axId val="112"/></c:barChart>'
        '<c:catAx><c:axId val="111"/><c:scaling><c:orientation val="maxMin"/></c:scaling><c:delete val="0"/>'
        '<c:axPos val="l"/><c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/>'
        '<c:crossAx val="112"/><c:crosses val="autoZero"/><c:auto val="0"/><c:lblAlgn val="ctr"/>'
        '<c:lblOffset val="100"/><c:noMultiLvlLbl val="1"/></c:catAx>'
        '<c:valAx><c:axId val="112"/><c:scaling><c:orientation val="minMax"/><c:min val="0"/></c:scaling>'
        '<c:delete val="0"/><c:axPos val="b"/><c:majorGridlines><c:spPr><a:ln w="6350"><a:solidFill>'
        '<a:srgbClr val="D9D9D9"/></a:solidFill></a:ln></c:spPr></c:majorGridlines><c:numFmt formatCode="0"'
        ' sourceLinked="0"/><c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>'
        '<c:crossAx val="111"/><c:crosses val="max"/></c:valAx></c:plotArea>'
        f'{legend}<c:plotVisOnly val="1"/></c:chart><c:spPr><a:ln><a:noFill/></a:ln></c:spPr>'
        f'<c:txPr><a:bodyPr/><a:p><a:pPr><a:defRPr sz="900">{_FONT}'
        f'</a:defRPr></a:pPr><a:endParaRPr lang="zh-CN"/></a:p></c:txPr>'
        f'<c:externalData r:id="{numbers}"><c:autoUpdate val="0"/></c:externalData></c:chartSpace>'
    )


def _series(chart: Chart, place: int, one: Series) -> str:
    column, last = chr(ord("B") + place), len(chart.categories) + 1
    names = "".join(f'<c:pt idx="{i}"><c:v>{escape(name)}</c:v></c:pt>' for i, name in enumerate(chart.categories))
    values = "".join(f'<c:pt idx="{i}"><c:v>{value}</c:v></c:pt>' for i, value in enumerate(one.values))
    count = f'<c:ptCount val="{len(chart.categories)}"/>'
    return (
        f'<c:ser><c:idx val="{place}"/><c:order val="{place}"/><c:tx><c:strRef><c:f>Sheet1!${column}$1</c:f>'
        f'<c:strCache><c:ptCount val="1"/><c:pt idx="0"><c:v>{escape(one.name)}</c:v></c:pt></c:strCache></c:strRef>'
        f'</c:tx><c:spPr><a:solidFill><a:srgbClr val="{one.colour}"/></a:solidFill></c:spPr>'
        '<c:invertIfNegative val="0"/>'
        f"<c:cat><c:strRef><c:f>Sheet1!$A$2:$A${last}</c:f><c:strCache>{count}{names}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:f>Sheet1!${column}$2:${column}${last}</c:f><c:numCache><c:formatCode>0</c:formatCode>"
        f"{count}{values}</c:numCache></c:numRef></c:val></c:ser>"
    )


def _workbook(chart: Chart) -> bytes:
    """The numbers behind the chart, which Word opens to edit it."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
    sheet = book.add_worksheet("Sheet1")
    for place, one in enumerate(chart.series, 1):
        sheet.write_string(0, place, one.name)
        for row, value in enumerate(one.values, 1):
            sheet.write_number(row, place, value)
    for row, name in enumerate(chart.categories, 1):
        sheet.write_string(row, 0, name)
    book.close()
    return made.getvalue()
