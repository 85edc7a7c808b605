"""A policy as a page: every shipped one can be read, with each of its rules, in both languages."""

import re

import pytest
from sqlalchemy.orm import Session

from factories import make_city
from specialty_eval import policies
from specialty_eval.actions import cycles
from specialty_eval.engine.policy_load import load_policy
from specialty_eval.web.policy_words import PolicyWords
from specialty_eval.web.words import Words
from web.site import Site, text_of

SHIPPED = ("anhui-2022", "dezhou", "fujian-2023", "guangxi-2023", "jiangxi-2022", "sichuan-2023", "us-ge-2014")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_policy_is_readable_with_each_of_its_rules(
    session: Session, pages: Site, name: str, lang: str
) -> None:
    city = make_city(session)
    # Wherever it comes from, it is pinned by the one city there is here.
    text = re.sub(r"(?m)^jurisdiction: .*$", 'jurisdiction: "371400"', policies.text(name))
    policy = load_policy(text)
    cycles.import_policy(city.as_("policy-editor"), text)

    html = pages.get(f"/policies/{policy.id}/{policy.version}?lang={lang}").text

    steps = policy.rating
    for part in (policy.indicators, steps.unrated, steps.rules, steps.quotas, steps.caps, steps.history, steps.flags):
        assert {step.code for step in part} <= set(re.findall(r"<code>([^<]+)</code>", html))


def test_conditions_read_like_sentences() -> None:
    policy = load_policy(policies.text("dezhou"))
    words = PolicyWords(policy, Words("zh"))

    rules = {rule.code: words.condition(rule.when) for rule in policy.rating.rules if rule.when is not None}
    said = [*rules.values(), *(words.condition(cap.when) for cap in policy.rating.caps)]

    assert rules["score-green"] == "总分不低于80"
    assert all(not re.search(r"[{}]|Decimal|Comparison", text) for text in said)


def test_figures_that_are_not_public_are_named_and_not_shown(session: Session, pages: Site) -> None:
    city = make_city(session)
    cycles.import_policy(city.as_("policy-editor"), policies.text("dezhou"))

    said = text_of(pages.get("/policies/dezhou/2026.1").text)

    assert re.search("不对外公开的数据：.*对口就业人数", said)


@pytest.mark.parametrize("path", ["/policies/nosuch/1", "/policies/%00/1", "/policies/dezhou/9"])
def test_a_policy_that_is_not_on_record_is_not_found(pages: Site, path: str) -> None:
    assert "返回评估结果" in pages.read(path, 404)
