"""The oracle on rules that real governments published, with the outcomes worked out beside the rules."""

import pytest

from .reference import score
from .tree import read_policy

RATE = """
measures: {rate: {label: {zh: 去向落实率}, type: decimal, decimals: 1, min: 0, max: 100, supplier: school}}
dimensions: [{code: d, label: {zh: 就业}}]
indicators: [{code: rate, dimension: d, value: rate, decimals: 1}]
"""
LOW = "{indicator: rate, below: %s, years: {of_last: %s, at_least: %s}}"
RUNS = {
    "jiangxi": [("red", LOW % (50, 2, 2)), ("yellow", LOW % (50, 1, 1))],
    "sichuan": [("red", LOW % (50, 3, 3)), ("yellow", LOW % (50, 2, 2))],
    "anhui": [("red", LOW % (60, 3, 3))],
}


@pytest.mark.parametrize(
    ("rates", "jiangxi", "sichuan", "anhui"),
    [
        ((72, 66, 58), "green", "green", "green"),
        ((61, 55, 49), "yellow", "green", "green"),
        ((55, 48, 47), "red", "yellow", "red"),
        ((49, 48, 45), "red", "red", "red"),
        ((49, 51, 45), "yellow", "green", "red"),
        (("50.0", "50.0", "50.0"), "green", "green", "red"),
    ],
)
def test_three_provinces_answer_differently(
    rates: tuple[str, str, str], jiangxi: str, sichuan: str, anhui: str
) -> None:
    evidence = "specialty,year,rate\n" + "".join(f"X,{2021 + i},{rate}\n" for i, rate in enumerate(rates))
    found = []
    for rules in RUNS.values():
        lines = "".join(f"    - {{rate: {rate}, code: {rate}, when: {when}}}\n" for rate, when in rules)
        tree = read_policy(f"{RATE}rating:\n  rules:\n{lines}    - {{rate: green, code: none}}\n")
        found.append(score(tree, evidence, None).splitlines()[1].split(",")[-2])
    assert found == [jiangxi, sichuan, anhui]


GAINFUL = """
measures:
  payment: {label: {zh: 年还款}, type: decimal, decimals: 2, supplier: bureau}
  earnings: {label: {zh: 年收入}, type: decimal, decimals: 2, supplier: bureau}
  spare: {label: {zh: 可支配收入}, type: decimal, decimals: 2, supplier: bureau}
dimensions: [{code: d, label: {zh: 负担}}]
indicators:
  - {code: annual, dimension: d, value: {ratio: {of: payment, to: earnings, times: 100}}}
  - code: spare_rate
    dimension: d
    value: {ratio: {of: payment, to: spare, times: 100}}
    needs: {measure: spare, above: 0}
rating:
  unrated: [{code: no-rate, when: {measure: payment, reported: false}}]
  rules:
    - {rate: green, code: pass, when: {any: [{indicator: spare_rate, at_most: 20}, {indicator: annual, at_most: 8}]}}
    - rate: red
      code: fail
      when:
        all:
          - {any: [{indicator: spare_rate, above: 30}, {measure: spare, at_most: 0}]}
          - {any: [{indicator: annual, above: 12}, {measure: earnings, equals: 0}]}
    - {rate: yellow, code: zone}
  flags:
    - {code: two-of-three, now: red, when: {previous: {of_last: 2, at_least: 1, one_of: [red]}}}
    - {code: four-running, now: [yellow, red], when: {previous: {of_last: 3, at_least: 3, one_of: [yellow, red]}}}
"""


@pytest.mark.parametrize(
    ("payment", "earnings", "spare", "rating"),
    # discretionary income = earnings - 1.5 x 11,770
    [
        ("1410.64", "22000", "4345", "green"),
        ("3667.67", "30500", "12845", "yellow"),
        ("4231.92", "24000", "6345", "red"),
        ("3035.53", "27000", "9345", "yellow"),
        ("1692.77", "17000", "-655", "yellow"),
        ("1692.77", "0", "-17655", "red"),
    ],
)
def test_gainful_employment_programmes(payment: str, earnings: str, spare: str, rating: str) -> None:
    line = score(read_policy(GAINFUL), f"specialty,payment,earnings,spare\nX,{payment},{earnings},{spare}\n", None)
    assert line.splitlines()[1].split(",")[-2] == rating


@pytest.mark.parametrize(
    ("sequence", "flags"),
    [("FPF", "two-of-three"), ("FPPF", ""), ("ZZFZ", "four-running"), ("Z-ZZZ", "four-running"), ("ZPZZ", "")],
)
def test_ineligible_sequences(sequence: str, flags: str) -> None:
    figures = {"F": "4231.92,24000,6345", "Z": "3667.67,30500,12845", "P": "1410.64,22000,4345", "-": ",,"}
    words = {"F": "red", "Z": "yellow", "P": "green", "-": "unrated"}
    past = "".join(f"X,{2011 + i},{words[letter]}\n" for i, letter in enumerate(sequence[:-1]))
    evidence = f"specialty,year,payment,earnings,spare\nX,2019,{figures[sequence[-1]]}\n"
    line = score(read_policy(GAINFUL), evidence, "specialty,year,rating\n" + past).splitlines()[1]
    assert ";".join(line.split(",")[-1].split(";")[1:]) == flags
