"""A policy's forms and conditions in words: what the text says, said so that a school office can follow it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from specialty_eval.engine.conditions import (
    All,
    AnyOf,
    AtLeastOf,
    Comparison,
    Condition,
    MeasureRef,
    Not,
    Op,
    Previous,
    Subject,
    Test,
    Years,
)
from specialty_eval.engine.consequences import Consequence, Duration
from specialty_eval.engine.forms import (
    Change,
    ChoicePoints,
    Difference,
    FlagPoints,
    Linear,
    Over,
    Plain,
    PointsForm,
    Ratio,
    Steps,
    ValueForm,
)
from specialty_eval.engine.policy import BottomQuota, Label, Policy, Publish, Quota, Rating

from .words import Words


@dataclass(frozen=True, slots=True)
class PolicyWords:
    """One policy in one language."""

    policy: Policy
    w: Words

    def number(self, value: Decimal, *, signed: bool = False) -> str:
        """A number without idle zeros."""
        text = f"{value:+f}" if signed else f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    # --- names ---

    @property
    def hidden(self) -> list[str]:
        """The measures whose values are not public."""
        return [self.measure(m.code) for m in self.policy.measures.values() if m.publish is not Publish.PUBLIC]

    def measure(self, code: str) -> str:
        """What a measure is called."""
        found = self.policy.measures.get(code)
        return code if found is None else self.w.of(found.label, code)

    def unit(self, unit: str) -> str:
        """A unit; one without a word here stays as the policy writes it."""
        return self.w.known("unit", unit)

    def rating(self, rating: Rating) -> str:
        """What the policy calls a rating."""
        return self.w.of(self.policy.rating.labels.get(rating, {})) or self.w.say(f"rating.{rating}")

    def ratings(self, ratings: Iterable[Rating]) -> str:
        """Several of them."""
        return self.listed(self.rating(rating) for rating in ratings)

    def listed(self, texts: Iterable[str]) -> str:
        """Texts one after the other."""
        return self.w.say("words.and").join(texts)

    def _said(self, subject: Subject, code: str, said: str) -> str:
        policy = self.policy
        labels: Mapping[Subject, Mapping[str, Label]] = {
            Subject.INDICATOR: {i.code: i.label for i in policy.indicators},
            Subject.POINTS: {i.code: i.label for i in policy.indicators},
            Subject.DIMENSION: {d.code: d.label for d in policy.dimensions},
            Subject.ATTRIBUTE: {a.code: a.label for a in policy.attributes.values()},
            Subject.MEASURE: {m.code: m.label for m in policy.measures.values()},
        }
        name = self.w.of(labels.get(subject, {}).get(code, {}), code)
        return self.w.say(f"words.subject_{subject.value}", name=name, said=said)

    # --- conditions ---

    def condition(self, condition: Condition, *, inner: bool = False) -> str:
        """A condition as one sentence without its stop; in brackets inside another."""
        match condition:
            case All(conditions) | AnyOf(conditions):
                key = "words.all" if isinstance(condition, All) else "words.any"
                parts = [self.condition(each, inner=True) for each in conditions]
                text = self.w.say(key).join(parts)
                return self.w.say("words.brackets", text=text) if inner and len(parts) > 1 else text
            case Not(held):
                return self.w.say("words.not", text=self.condition(held))
            case AtLeastOf(least, conditions):
                parts = [self.condition(each, inner=True) for each in conditions]
                return self.w.say("words.at_least_of", n=least, text=self.w.say("words.or_list").join(parts))
            case Previous(last, least, ratings):
                named = self.ratings(Rating(rating) for rating in ratings)
                return self.w.say("words.previous", last=last, n=least, ratings=named)
            case Comparison(subject, code, tests, years):
                said = self.w.say("words.both").join(self._test(subject, test) for test in tests)
                return self._years(years) + self._said(subject, code, said)

    def _years(self, years: Years | None) -> str:
        if years is None:
            return ""
        key = "words.years_reported" if years.reported_only else "words.years"
        return self.w.say(key, last=years.of_last, n=years.at_least)

    def _test(self, subject: Subject, test: Test) -> str:
        if test.op is Op.REPORTED:
            return self.w.say("words.reported" if test.right is True else "words.not_reported")
        right = test.right if isinstance(test.right, tuple) else (test.right,)
        values = self.listed(self._value(subject, each) for each in right)
        return self.w.say(f"words.{test.op.value}", value=values)

    def _value(self, subject: Subject, value: Decimal | str | bool | MeasureRef) -> str:
        match value:
            case MeasureRef(code):
                return self.measure(code)
            case bool():
                return self.w.say("words.yes" if value else "words.no")
            case Decimal():
                return self.number(value)
            case _:
                return self.rating(Rating(value)) if subject is Subject.PROPOSED else self.option(value)

    def option(self, value: str) -> str:
        """A choice or an attribute's value; one without a word here stays as the policy writes it."""
        return self.w.known("option", value)

    # --- values and points ---

    def value(self, form: ValueForm) -> str:
        """How measures become the indicator's value."""
        match form:
            case Plain(code):
                return self.measure(code)
            case Ratio(of, to, times):
                text = self.w.say("words.ratio", of=self._sum(of), to=self._sum(to))
                return text if times == 1 else f"{text} × {self.number(times)}"
            case Difference(plus, minus):
                return f"{self.measure(plus)} − {self.measure(minus)}"
            case Change(now, before):
                return self.w.say("words.change", now=self.measure(now), before=self.measure(before))

    def _sum(self, codes: tuple[str, ...]) -> str:
        text = " + ".join(self.measure(code) for code in codes)
        return text if len(codes) == 1 else self.w.say("words.brackets", text=text)

    def over(self, over: Over) -> str:
        """Over which years; empty for the scored year alone."""
        return "" if over.years == 1 else self.w.say(f"words.over_{over.kind.value}", n=over.years)

    def points(self, form: PointsForm | None) -> str:
        """How the value becomes points."""
        match form:
            case None:
                return self.w.say("words.no_points")
            case Linear(points):
                return self.w.say("words.linear", points=self._curve(points))
            case Steps(points):
                return self.w.say("words.steps", points=self._curve(points))
            case FlagPoints(is_true, is_false):
                return self.w.say("words.flag", yes=self.number(is_true), no=self.number(is_false))
            case ChoicePoints(options):
                return self.listed(f"{self.option(code)} {self.number(points)}" for code, points in options.items())
            case _:
                return self.w.say("words.rank_high" if form.best_high else "words.rank_low")

    def _curve(self, points: tuple[tuple[Decimal, Decimal], ...]) -> str:
        return self.listed(f"{self.number(x)} → {self.number(y)}" for x, y in points)

    # --- what follows ---

    def quota(self, quota: Quota) -> str:
        """A quota's rule in words."""
        share = self.number(quota.share * 100)
        if isinstance(quota, BottomQuota):
            return self.w.say("words.quota_bottom", share=share, becomes=self.rating(quota.becomes))
        rate, otherwise = self.rating(quota.rate), self.rating(quota.otherwise)
        return self.w.say("words.quota_top", share=share, rate=rate, otherwise=otherwise)

    def duration(self, days: Duration) -> str:
        """Days, working or not."""
        return self.w.say("words.working_days" if days.working else "words.days", n=days.days)

    def consequence(self, c: Consequence) -> list[str]:
        """What a rating does to enrolment, one sentence each."""
        said = [self.w.state("standing", c.standing)]
        if c.change_percent is not None:
            said.append(self.w.say("words.quota_change", percent=self.number(c.change_percent, signed=True)))
        if c.steps_percent:
            steps = self.listed(f"{self.number(step, signed=True)}%" for step in c.steps_percent)
            said.append(self.w.say("words.quota_steps", steps=steps))
        if c.then is not None:
            said.append(self.w.say("words.quota_then", standing=self.w.state("standing", c.then)))
        if c.at_most_capacity:
            said.append(self.w.say("words.at_most_capacity"))
        if c.rectification is not None:
            due = self.duration(c.rectification.plan_due)
            said.append(self.w.say("words.rectify", due=due, months=c.rectification.recheck_after_months))
        return said
