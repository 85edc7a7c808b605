"""Which catalogue entries a policy names: shapes of conditions, unknown counts, what is shown, what is refused."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from engine.policy_texts import SMALL, changed
from specialty_eval.engine import load_policy
from specialty_eval.engine.entry_counts import Counting, Site, counted, untaught
from specialty_eval.engine.lists import (
    Entry,
    Listed,
    ListKind,
    as_kept,
    evaluate,
    is_listed,
    may_be_shown,
    uncountable,
)

ENTRY = Entry("secondary", "710205", "示例专业", {"level": "secondary", "years_open": "7"},
              {"schools": Decimal(3), "share_of_schools": Decimal("40.00")})  # fmt: skip


def named(when: str, entry: Entry = ENTRY) -> bool:
    policy = load_policy(f"{SMALL}lists: {{negative: {{rules: [{{code: rule, when: {when}}}]}}}}\n")
    return [found.reasons for found in evaluate(policy.lists["negative"], [entry])] == [("rule",)]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{count: schools, at_least: 3}", True),
        ("{count: schools, above: 3}", False),
        ("{count: schools, at_most: 3, above: 2.5}", True),
        ("{count: schools, below: 3}", False),
        ("{count: schools, equals: 3.0}", True),
        ("{count: schools, one_of: [1, 3]}", True),
        ("{count: share_of_schools, above: 39.99}", True),
        ("{count: share_red, at_least: 0}", False),
        ("{not: {count: share_red, at_least: 0}}", True),
        ("{count: share_red, reported: false}", True),
        ("{count: schools, reported: true}", True),
        ("{attribute: level, equals: secondary}", True),
        ("{attribute: level, one_of: [associate]}", False),
        ("{attribute: years_open, below: 8}", True),
        ("{attribute: years_open, above: 7}", False),
        ("{attribute: defaulted, equals: true}", False),
        ("{any: [{count: schools, equals: 4}, {count: schools, equals: 3}]}", True),
        ("{all: [{count: schools, equals: 4}, {count: schools, equals: 3}]}", False),
        ("{at_least_of: 2, conditions: [{count: schools, equals: 3}, {count: intake, above: 1}]}", False),
        ("{at_least_of: 1, conditions: [{count: schools, equals: 3}, {count: intake, above: 1}]}", True),
    ],
)
def test_a_rule_holds_as_the_format_says(when: str, *, expected: bool) -> None:
    assert named(when) is expected


def test_an_attribute_of_a_specialty_is_none_of_an_entry() -> None:
    assert not named("{attribute: years_open, at_least: 0}", Entry("secondary", "710205"))
    assert named("{attribute: years_open, reported: false}", Entry("secondary", "710205"))


def test_defaulted_is_text_however_its_truth_is_written() -> None:
    assert named("{attribute: defaulted, equals: true}", Entry("secondary", "1", attributes={"defaulted": "true"}))


def test_the_order_is_that_of_the_codes_whatever_comes_first() -> None:
    policy = load_policy(f"{SMALL}lists: {{urgent: {{rules: [{{code: r, when: {{count: schools, above: 0}}}}]}}}}\n")
    keys = [("secondary", "730301"), ("associate", "710205"), ("secondary", "710205")]
    entries = [Entry(level, code, counts={"schools": Decimal(1)}) for level, code in keys]
    found = [(each.entry.level, each.entry.code) for each in evaluate(policy.lists["urgent"], entries)]
    assert found == [("associate", "710205"), ("secondary", "710205"), ("secondary", "730301")]


AT = Counting(date(2026, 12, 31), 2026)


def site(opened: str = "2010-09-01", closed: str | None = None, school: str = "示例一校", **figures: int) -> Site:
    known = {2026: {measure: Decimal(value) for measure, value in figures.items()}} if figures else {}
    return Site(school, "secondary", "710205", date.fromisoformat(opened), None if closed is None else
                date.fromisoformat(closed), figures=known)  # fmt: skip


def counts(*sites: Site) -> dict[str, Decimal]:
    return counted(sites, AT)["secondary", "710205"]


def test_what_is_counted_of_an_entry() -> None:
    found = counts(
        site("2026-09-01", intake=10, students=30, midlevel_teachers=2),
        site(school="示例二校", intake=15, students=25, midlevel_teachers=1),
    )
    assert found == {
        "schools": 2, "share_of_schools": Decimal("100.00"), "specialties": 2, "net_openings_of_year": 1, "intake": 25,
        "years_small_intake": 1, "years_without_intake": 0, "students_per_specialty": Decimal("27.50"),
        "midlevel_teachers": 3,
    }  # fmt: skip


def test_a_figure_somebody_owes_is_not_taken_for_nothing() -> None:
    assert "intake" not in counts(site(intake=10), site(school="示例二校"))
    assert counts(site(intake=10), site("2027-09-01", school="示例二校"))["intake"] == 10


def test_a_site_that_closed_in_the_year_owes_nothing_and_counts_what_it_said() -> None:
    found = counts(site(intake=10), site(closed="2026-07-01", intake=5), site(closed="2026-07-01"))
    assert [found[count] for count in ("intake", "specialties", "net_openings_of_year")] == [15, 1, -2]


def test_a_day_is_the_first_on_which_a_closed_site_is_closed() -> None:
    assert counts(site(closed="2026-12-31"))["specialties"] == 0
    assert counts(site(closed="2027-01-01"))["specialties"] == 1
    assert counts(site("2026-12-31"))["specialties"] == 1


def test_an_entry_nobody_teaches_has_no_sites_and_no_shares_of_ratings() -> None:
    assert untaught() == {"schools": 0, "specialties": 0, "net_openings_of_year": 0, "share_of_schools": 0}


URGENT = "lists: {urgent: {rules: [{code: short, when: {count: posts_per_graduate, at_least: 2}}]}}\n"


def test_a_list_the_policy_does_not_describe_cannot_be_built() -> None:
    policy = load_policy(SMALL + URGENT)
    assert [p.code for p in uncountable(policy, ListKind.NEGATIVE)] == ["list-not-in-policy"]


def test_a_count_no_measure_reports_keeps_the_list_from_being_built() -> None:
    (problem,) = uncountable(load_policy(SMALL + URGENT), ListKind.URGENT)
    assert (problem.code, problem.where) == ("list-count-without-measure", "lists.urgent.short")
    assert problem.facts == {"count": "posts_per_graduate", "measures": ["city_posts"]}


FIGURES = {"posts_per_graduate": "4.50", "graduates": "9", "schools": "2", "years_small_intake": "3"}
POSTS = (
    "measures:\n",
    "publication: {suppress_below: 10, restricted: withheld}\nmeasures:\n  city_posts: {type: integer}\n",
)


def test_few_people_are_not_shown_nor_what_would_give_them_away() -> None:
    shown = may_be_shown(load_policy(changed(POSTS)), FIGURES)
    assert shown == {"posts_per_graduate": None, "graduates": None, "schools": "2", "years_small_intake": "3"}
    ten = {**FIGURES, "graduates": "10"}
    assert may_be_shown(load_policy(changed(POSTS)), ten, "10")["posts_per_graduate"] == "4.50"
    assert may_be_shown(load_policy(changed(POSTS)), {"graduates": "0"}) == {"graduates": "0"}


def test_a_sum_over_a_site_with_few_people_is_not_shown_since_the_others_would_tell_them() -> None:
    policy, figures = load_policy(changed(POSTS)), {"posts_per_graduate": "2.50", "graduates": "117", "schools": "2"}

    hidden = {"posts_per_graduate": None, "graduates": None, "schools": "2"}
    assert may_be_shown(policy, figures, "7") == hidden
    assert may_be_shown(policy, figures, "10") == figures
    assert may_be_shown(policy, figures) == hidden  # built before the smallest part was kept


def test_beside_a_sum_of_graduates_its_smallest_part_is_kept() -> None:
    urgent = load_policy(f"{SMALL}{URGENT}").lists["urgent"]
    sites = (site(graduates=110, city_posts=300), site(school="示例二校", graduates=7, city_posts=300),
             site(school="示例三校", graduates=0, city_posts=300))  # fmt: skip
    (found,) = evaluate(urgent, [replace(ENTRY, counts=counts(*sites))])

    assert as_kept(found) == {"posts_per_graduate": "2.56", "graduates": "117", "fewest_graduates": "7"}


def test_what_rests_on_a_measure_that_is_not_public_is_not_shown() -> None:
    graduates = ("  graduates: {type: integer, min: 0}", "  graduates: {type: integer, min: 0, publish: restricted}")
    shown = may_be_shown(load_policy(changed(POSTS, graduates)), {**FIGURES, "graduates": "500"})
    assert shown == {"posts_per_graduate": None, "graduates": None, "schools": "2", "years_small_intake": "3"}


LINES = (
    Listed("secondary", "710205", 2027, ("too-dense",), document_number="示例〔2026〕9号"),
    Listed("secondary", "730301", 2027, ("too-dense",), is_exempt=True),
)


def test_an_application_meets_the_line_of_its_entry_level_and_year() -> None:
    assert is_listed("secondary", "710205", 2027, LINES) == LINES[0]
    assert is_listed("associate", "710205", 2027, LINES) is None
    assert is_listed("secondary", "710205", 2028, LINES) is None


def test_an_exempt_entry_is_not_refused() -> None:
    assert is_listed("secondary", "730301", 2027, LINES) is None
