"""A report as one HTML file that needs nothing else: no script, no fetched font or picture; charts as inline SVG.

For screens from a phone's up, and for print.
"""

from html import escape

from specialty_eval.engine.report import Chart, Report, Table

from .charts import said

_STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0;background:#f4f4f2;color:#1a1a1a;font:16px/1.8 "Noto Serif CJK SC","Source Han Serif SC",SimSun,serif}
main{max-width:62rem;margin:0 auto;padding:2rem 1.25rem 3rem;background:#fff}
h1{font-size:1.6rem;line-height:1.4;text-align:center;margin:1rem 0 .25rem}
.by{text-align:center;color:#555;margin:0 0 2rem}
h2{font:600 1.15rem/1.5 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:2rem 0 .5rem}
h2{border-bottom:2px solid #b71c1c}
p{margin:.5rem 0;text-indent:2em}
.wide{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;width:100%;font:14px/1.5 "Noto Sans CJK SC","Microsoft YaHei",sans-serif}
caption{text-align:left;font-weight:600;padding:.25rem 0}
th,td{border:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top}
th{background:#eee}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
figure{margin:1rem 0}figcaption{font:600 14px/1.5 "Noto Sans CJK SC","Microsoft YaHei",sans-serif}
svg{display:block}
svg text{font:13px "Noto Sans CJK SC","Microsoft YaHei",sans-serif;fill:#1a1a1a}
.key span{display:inline-block;width:.8em;height:.8em;margin:0 .35em 0 1em;border:1px solid #555}
.key{font:13px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif}
footer{margin-top:2.5rem;border-top:1px solid #bbb;color:#555;font-size:13px;overflow-wrap:anywhere}
footer p{text-indent:0;margin:.15rem 0}
@media(max-width:40rem){main{padding:1rem .75rem}h1{font-size:1.25rem}p{text-indent:0}}
@media print{body{background:#fff}main{max-width:none;padding:0}figure,table tr{break-inside:avoid}}
"""


def page(report: Report) -> bytes:
    """The whole report."""
    body = "".join(
        f"<section><h2>{escape(section.title)}</h2>{''.join(map(_part, section.parts))}</section>"
        for section in report.sections
    )
    about = "".join(f"<p>{escape(name)}：{escape(what)}</p>" for name, what in report.about)
    return (
        '<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head><body><main>"
        f'<h1>{escape(report.title)}</h1><p class="by">{escape(report.bureau)}　{escape(report.date)}</p>'
        f"{body}<footer>{about}</footer></main></body></html>\n"
    ).encode()


def _part(part: str | Table | Chart) -> str:
    match part:
        case str():
            return f"<p>{escape(part)}</p>"
        case Table():
            return _table(part)
        case Chart():
            return _chart(part)


def _table(table: Table) -> str:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in table.heads)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(table.title)}"><table>'
        f"<caption>{escape(table.title)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(text: str) -> str:
    kind = ' class="n"' if text.replace(".", "", 1).isdigit() else ""
    return f"<td{kind}>{escape(text)}</td>"


ROW, BAR = 44, 16
"""Pixels of a row and of its bar; lengths are in per cent, so that words keep their size on any screen."""


def _chart(chart: Chart) -> str:
    longest = max((sum(s.values[i] for s in chart.series) for i in range(len(chart.categories))), default=0) or 1
    rows = "".join(_bar(chart, place, longest) for place in range(len(chart.categories)))
    key = "".join(f'<span style="background:#{series.colour}"></span>{escape(series.name)}' for series in chart.series)
    legend = f'<p class="key">{key}</p>' if len(chart.series) > 1 else ""
    return (
        f"<figure><figcaption>{escape(chart.title)}</figcaption>"
        f'<svg width="100%" height="{ROW * len(chart.categories)}" role="img" aria-label="{escape(said(chart))}">'
        f"{rows}</svg>{legend}</figure>"
    )


def _bar(chart: Chart, place: int, longest: int) -> str:
    top, at = ROW * place, 0
    total = sum(series.values[place] for series in chart.series)
    drawn = [f'<text x="0" y="{top + 16}">{escape(chart.categories[place])}　{total}</text>']
    for series in chart.series:
        value = series.values[place]
        if value:
            drawn.append(
                f'<rect x="{_percent(at, longest)}" y="{top + 22}" width="{_percent(value, longest)}" height="{BAR}"'
                f' fill="#{series.colour}" stroke="#fff" stroke-width="1"/>'
            )
            at += value
    return "".join(drawn)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}%"
