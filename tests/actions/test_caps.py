"""Caps and votes: what a cap forbids no vote allows, whether or not it changed the computed rating."""

from sqlalchemy.orm import Session

from factories_deliberation import POLICY, REGULAR, close_item, convene, make_convened, refused
from factories_scored import make_computed
from small_policy import POLICY as COMPUTED
from specialty_eval.actions import ballots, conflicts, meeting_views, packs
from specialty_eval.engine.errors import Invalid
from specialty_eval.store.reviews import ScoreSheet
from word_read import words

EVERYBODY = [login for login, _ in REGULAR]
VETO = COMPUTED.replace(
    "  history:", "    - {code: few-posts, at_most: red, when: {measure: posts, below: 60}}\n  history:"
)
"""Everybody has fifty posts: the veto holds for all, whatever they are rated."""
YELLOW_AT_MOST = POLICY.replace("at_most: red", "at_most: yellow")


def test_a_veto_that_changed_nothing_protects_the_rating_all_the_same(session: Session) -> None:
    s = convene(make_computed(session, {"one-a": "90", "two-a": "10"}, policy=VETO))
    sheets = [session.get_one(ScoreSheet, s.review(short).sheet_id) for short in ("one-a", "two-a")]
    assert [(sheet.rating, sheet.reasons, sheet.caps) for sheet in sheets] == [
        ("red", ["good", "few-posts"], ["few-posts"]),
        ("red", ["poor"], ["few-posts"]),
    ]

    for short, computed in (("one-a", ["good", "few-posts"]), ("two-a", ["poor"])):
        item = s.items[short]
        found = meeting_views.material(s.as_("chair"), item)
        assert [one["code"] for one in found["reasons"]] == computed
        assert (found["caps"], found["at_most"]) == ([{"code": "few-posts", "label": {}, "at_most": "red"}], "red")
        assert found["choices"] == ("red",)
        printed = words(packs.pack(s.as_("chair"), item)[1])
        assert "成立的封顶条件：few-posts（最高红牌）。表决不得高于红牌。" in printed
        assert "选票可以写：红牌，或者弃权。" in printed
        s.vote(short, dict.fromkeys(EVERYBODY, "red"))
        for better in ("green", "yellow", "unrated"):
            act = lambda item=item, better=better: ballots.cast(s.as_("chair"), item, better)  # noqa: E731
            assert refused(Invalid, act) == [("choice-not-open", "choice")]
        made = close_item(s.as_("secretary"), item)
        assert (made.rating, made.tally["at_most"]) == ("red", "red")


def test_under_a_cap_the_committee_may_decide_what_the_cap_allows(session: Session) -> None:
    s = make_convened(session, {"one-a": "red"}, policy=YELLOW_AT_MOST, reasons={"one-a": ["low", "accident"]})
    assert meeting_views.material(s.as_("chair"), s.items["one-a"])["choices"] == ("red", "yellow")
    s.vote("one-a", dict.fromkeys(EVERYBODY, "yellow"))

    made = close_item(s.as_("secretary"), s.items["one-a"], reason="示例：已整改")

    assert (made.rating, made.computed) == ("yellow", "red")
    found = conflicts.conflict(s.as_("secretary"), s.items["one-a"], s.members["chair"], "示例：亲属任教")
    assert (found.item_void, found.review_state) == (False, "decided")
