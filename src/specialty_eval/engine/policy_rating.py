"""Nodes → adjustments and the six rating steps, with the reasons' codes, which are unique in a policy."""

from collections.abc import Sequence
from decimal import Decimal

from .conditions import Condition
from .policy import (
    Adjustment,
    BottomQuota,
    Cap,
    FlagStep,
    HistoryStep,
    Quota,
    RatingSteps,
    Rule,
    TopQuota,
    UnratedStep,
)
from .policy_conditions import condition, of_fields
from .policy_names import Names, adjustments_scope, rating_scope
from .policy_shape import Fields, Spot
from .vocabulary import COLOURS, Label, Rating

_SECTIONS = "labels unrated quotas caps history flags"
_SAID = "label source"
_RATES = (*COLOURS, Rating.UNRATED)
_NO_STEPS = RatingSteps(labels={}, unrated=(), rules=(), quotas=(), caps=(), history=(), flags=())


def adjustments(section: Spot | None, names: Names) -> tuple[Adjustment, ...]:
    """Points on top of the total; there is none without weights."""
    if section is None:
        return ()
    spots = section.items(at_least=0)
    if spots and not names.has_weights:
        section.refuse("needs-weights", value="adjustments")
    found = []
    for spot in spots:
        fields = spot.fields("code points when", _SAID)
        points = fields.number("points")
        when = of_fields(fields, adjustments_scope(names))
        found.append(Adjustment(_reason(fields, names), points or Decimal(0), when, *_said(fields)))
    return tuple(found)


def rating_steps(spot: Spot | None, names: Names) -> RatingSteps:
    """The rating section."""
    if spot is None:
        return _NO_STEPS
    fields = spot.fields("rules", _SECTIONS)
    unrated = tuple(_unrated(s, names) for s in fields.items("unrated", at_least=0))
    rules = _rules(fields.items("rules"), names)
    quotas = fields.items("quotas", at_least=0)
    if quotas and not names.has_weights:
        fields.found["quotas"].refuse("needs-weights", value="quotas")
    return RatingSteps(
        labels=_labels(fields.get("labels")),
        unrated=unrated,
        rules=rules,
        quotas=tuple(_quota(s, names) for s in quotas),
        caps=tuple(_cap(s, names) for s in fields.items("caps", at_least=0)),
        history=tuple(_history(s, names) for s in fields.items("history", at_least=0)),
        flags=tuple(_flag(s, names) for s in fields.items("flags", at_least=0)),
    )


def _labels(spot: Spot | None) -> dict[Rating, Label]:
    if spot is None:
        return {}
    fields = spot.fields("", " ".join(Rating))
    return {rating: fields.label(rating) for rating in Rating if rating in fields}


def _reason(fields: Fields, names: Names) -> str:
    return names.reason(fields.found["code"]) if "code" in fields else ""


def _said(fields: Fields) -> tuple[Label, str]:
    return fields.label(), fields.text("source")


def _unrated(spot: Spot, names: Names) -> UnratedStep:
    fields = spot.fields("code when", _SAID)
    return UnratedStep(_reason(fields, names), of_fields(fields, rating_scope(names, "unrated")), *_said(fields))


def _rules(spots: Sequence[Spot], names: Names) -> tuple[Rule, ...]:
    """Only the last rule has no condition, so that every specialty gets a rating."""
    found = []
    for spot in spots:
        fields = spot.fields("rate code", f"when {_SAID}")
        rate = fields.one_of("rate", _RATES, Rating.RED)
        when: Condition | None = None
        if "when" in fields:
            when = condition(fields.found["when"], rating_scope(names, "rules"))
            if spot is spots[-1]:
                fields.found["when"].refuse("last-rule-with-when")
        elif spot is not spots[-1] and spot.is_mapping:
            spot.refuse("rule-without-when", expected="when")
        found.append(Rule(_reason(fields, names), Rating(rate), when, *_said(fields)))
    return tuple(found)


def _quota(spot: Spot, names: Names) -> Quota:
    keys = f"within group_at_least {_SAID}"
    is_bottom = spot.word_under("take") == "bottom"
    fields = spot.fields("code take share becomes" if is_bottom else "code take share rate otherwise", keys)
    fields.one_of("take", ("top", "bottom"))
    share = fields.number("share", 0, 1)
    share = Decimal(0) if share is None else share
    within = names.attributes_in(fields.items("within", at_least=0))
    group_at_least = fields.integer("group_at_least", 1, default=1)
    code, (label, source) = _reason(fields, names), _said(fields)
    if is_bottom:
        return BottomQuota(code, share, _colour(fields, "becomes"), within, group_at_least, label, source)
    rate, otherwise = _colour(fields, "rate"), _colour(fields, "otherwise")
    return TopQuota(code, share, rate, otherwise, within, group_at_least, label, source)


def _colour(fields: Fields, key: str) -> Rating:
    return Rating(fields.one_of(key, COLOURS, Rating.RED))


def _cap(spot: Spot, names: Names) -> Cap:
    fields = spot.fields("code at_most when", _SAID)
    when = of_fields(fields, rating_scope(names, "caps"))
    return Cap(_reason(fields, names), _colour(fields, "at_most"), when, *_said(fields))


def _history(spot: Spot, names: Names) -> HistoryStep:
    fields = spot.fields("code now becomes when", _SAID)
    now, becomes = _now(fields), fields.one_of("becomes", COLOURS)
    if becomes and set(now) == {becomes}:
        fields.found["becomes"].refuse("history-changes-nothing", expected=tuple(c for c in COLOURS if c not in now))
    when = of_fields(fields, rating_scope(names, "history"))
    return HistoryStep(_reason(fields, names), now, Rating(becomes or Rating.RED), when, *_said(fields))


def _flag(spot: Spot, names: Names) -> FlagStep:
    fields = spot.fields("code now when", _SAID)
    when = of_fields(fields, rating_scope(names, "flags"))
    code = _reason(fields, names)
    names.flags.add(code)
    return FlagStep(code, _now(fields), when, *_said(fields))


def _now(fields: Fields) -> tuple[Rating, ...]:
    """One colour or a list of them."""
    spot = fields.get("now")
    if spot is None:
        return ()
    words = [item.one_of(COLOURS) for item in (spot.items() if spot.is_list else [spot])]
    return tuple(Rating(word) for word in words if word)
