"""A recused person sees the title, and nothing from which the rest could be inferred: also the chair and the secretary.

Every test has a second review, a second person or a later row, so that what leaks would show.
"""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_deliberation import (
    Sitting,
    convene,
    decide,
    employ,
    make_convened,
    make_decided,
    make_publicised,
    make_scored,
    refused,
)
from factories_rights import other_city
from remembered import remembered_fixture
from specialty_eval.actions import (
    appeals,
    attachments,
    challenges,
    conflicts,
    feed,
    interests,
    panel,
    previews,
    publications,
    ratings,
    review_actions,
    rounds,
    scoring,
    site_visits,
    verification,
    views,
)
from specialty_eval.actions.context import Context
from specialty_eval.actions.paging import Page
from specialty_eval.engine.cases import ChallengeEvent
from specialty_eval.engine.errors import NotFound, NotYou
from specialty_eval.store import deliberation_rooms, scopes
from specialty_eval.store.accounts import Person
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Appeal
from specialty_eval.store.registry import Specialty
from specialty_eval.store.reviews import Attachment, Challenge, Review, ScoreRun

PAGE = Page(50)


@remembered_fixture
def s(session: Session) -> Sitting:
    """Two scored reviews; the secretary, the auditor and a verifier work at the first one's school."""
    s = make_scored(session, {"one-a": "red", "two-a": "green"})
    for who in ("secretary", "auditor", "bureau-verifier", "bureau-approver", "site-visitor", "county-one"):
        employ(s, who, school="one")
    return s


READS: dict[str, tuple[str, Callable[[Context, int], object]]] = {
    "review": ("auditor", lambda ctx, key: views.review_view(ctx, ctx.session.get_one(Review, key))),
    "sheet": ("bureau-verifier", challenges.read_sheet),
    "decision": ("bureau-approver", previews.decision_view),
    "challenges": ("secretary", challenges.of_review),
    "events": ("auditor", feed.of_review),
    "experts": ("secretary", panel.assignments),
}


@pytest.mark.parametrize("what", READS)
def test_the_recused_read_neither_evidence_nor_scores_nor_what_happened(s: Sitting, what: str) -> None:
    who, read = READS[what]
    decided = decide(s).reviews if what == "decision" else s.reviews

    assert [code for code, _ in refused(NotYou, lambda: read(s.as_(who), decided["one-a"]))] == ["recused"]
    assert read(s.as_(who), decided["two-a"]) is not None


ACTS: dict[str, tuple[str, Callable[[Context, int], object]]] = {
    "invite": ("secretary", lambda ctx, key: panel.invite(ctx, key, [])),
    "visit": ("site-visitor", lambda ctx, key: site_visits.report(ctx, key, site_visits.Said("示例"))),
    "exempt": ("secretary", lambda ctx, key: verification.exempt(ctx, key, "示例")),
    "return": ("bureau-verifier", lambda ctx, key: verification.return_(ctx, key, {"graduates": "示例"})),
    "claim": ("county-one", verification.claim),
    "extend": ("secretary", lambda ctx, key: rounds.extend(ctx, key, ctx.today, "示例")),
    "rescore": ("secretary", scoring.rescore),
    "preview": ("secretary", lambda ctx, key: previews.preview(ctx, _round_of(ctx, key), [key])),
    "rescind": ("secretary", lambda ctx, key: conflicts.rescind(ctx, key, "示例")),
}


def _round_of(ctx: Context, review_id: int) -> int:
    return ctx.session.get_one(Review, review_id).round_id


@pytest.mark.parametrize("what", ACTS)
def test_the_recused_take_no_step_whatever_its_state(s: Sitting, what: str) -> None:
    who, act = ACTS[what]

    assert {code for code, _ in refused(NotYou, lambda: act(s.as_(who), s.reviews["one-a"]))} == {"recused"}


def test_an_attachment_and_a_challenge_are_kept_from_the_recused(s: Sitting) -> None:
    key = s.reviews["one-a"]
    attached = Attachment(review_id=key, measure="graduates", name="示例.pdf", media_type="application/pdf", size=5,
                          sha256=s.city.files.put(b"%PDF-"), uploaded_at=s.city.now)  # fmt: skip
    row = Challenge(review_id=key, measure="graduates", stated="60", claimed="61", reason="示例", state="open",
                    version=1, updated_at=s.city.now, made_at=s.city.now, answer="", answer_due=s.city.now)  # fmt: skip
    s.session.add_all([attached, row])
    s.session.flush()

    with pytest.raises(NotYou):
        attachments.read(s.as_("auditor"), key, attached.id)
    with pytest.raises(NotYou):
        challenges.answer(s.as_("bureau-verifier"), row.id, ChallengeEvent.REJECT, "示例")


def test_what_the_recused_could_do_is_not_said(s: Sitting) -> None:
    assert review_actions.possible(s.as_("bureau-verifier"), s.review("one-a")) == []


def test_a_list_gives_the_recused_the_title_without_state_and_no_place_in_a_filter(s: Sitting) -> None:
    auditor = s.as_("auditor")

    one, two = views.round_reviews(auditor, s.round_id, PAGE, None)[0]
    assert (one["specialty"], one["school"], one["state"], one["due"]) == ("计算机应用", "示例职业学校one", None, None)
    assert two["state"] == "scored"
    assert [row["id"] for row in views.round_reviews(auditor, s.round_id, PAGE, "scored")[0]] == [two["id"]]


def test_counts_leave_out_what_one_is_recused_from(s: Sitting) -> None:
    counted = {who: _counts(s, who) for who in ("auditor", "secretary-2", "county-two", "head-one", "nobody")}

    assert counted == {"auditor": {"scored": 1}, "secretary-2": {"scored": 2}, "county-two": {"scored": 1},
                       "head-one": {"scored": 1}, "nobody": {}}  # fmt: skip


def _counts(s: Sitting, who: str) -> dict[str, int]:
    row = rounds.read(s.as_(who), s.round_id)
    counts: dict[str, int] = views.round_view(s.as_(who), row)["reviews"]
    return counts


def test_somebody_of_the_school_itself_goes_on_seeing_it(s: Sitting) -> None:
    employ(s, "head-one", school="one")
    key = s.reviews["one-a"]

    assert views.review_view(s.as_("head-one"), s.review("one-a"))["state"] == "scored"
    assert [row["state"] for row in views.round_reviews(s.as_("head-one"), s.round_id, PAGE, "scored")[0]] == ["scored"]
    assert challenges.open_sheet(s.as_("head-one"), key)["review_id"] == key


def test_the_feed_tells_the_recused_of_other_specialties_alone(s: Sitting) -> None:
    told = {row["specialty_id"] for row in _told(s, "auditor")}
    known = {row["specialty_id"] for row in _told(s, "secretary-2")}

    assert known - told == {s.review("one-a").specialty_id}
    assert s.review("two-a").specialty_id in told


def _told(s: Sitting, who: str) -> list[dict[str, Any]]:
    """What the feed gives, whatever is still unsettled on this server."""
    query = sa.select(Event).where(feed.visible(s.as_(who)), Event.audience != "public")
    return [feed.event_view(row) for row in s.session.scalars(query)]


def test_an_office_of_another_city_is_told_nothing_of_this_one(s: Sitting) -> None:
    convene(s)
    stranger = other_city(s.city)

    told = s.session.scalars(sa.select(Event).where(feed.visible(stranger), Event.audience != "public")).all()
    assert told == []
    kinds = {row["kind"] for row in _told(s, "secretary-2")}
    assert {"meeting.create", "cycle.create"} <= kinds


def test_a_run_is_closed_to_whoever_is_recused_from_a_specialty_in_it(s: Sitting) -> None:
    aside = [{"review": s.reviews[k], "code": s.city.codes[k], "reason": "not-verified", "state": "open"}
             for k in ("one-a", "two-a")]  # fmt: skip
    notes = [{"code": s.city.codes["one-a"], "was": "red", "would_be": "green"}]
    made = ScoreRun(round_id=s.round_id, number=2, kind="round", policy_digest="0" * 64, inputs_digest="0" * 64,
                    inputs=b"", set_aside=aside, notes=notes, made_at=s.city.now)  # fmt: skip
    s.session.add(made)
    s.session.flush()

    assert refused(NotYou, lambda: scoring.read(s.as_("auditor"), made.id)) == [("recused", "score_run")]
    assert scoring.read(s.as_("secretary-2"), made.id).id == made.id
    told = scoring.told(s.as_("secretary"), made)
    assert ([row["code"] for row in told["set_aside"]], told["notes"]) == ([s.city.codes["two-a"]], [])
    assert len(scoring.told(s.as_("secretary-2"), made)["set_aside"]) == 2


def test_a_draft_list_with_a_review_one_is_recused_from_shows_neither_itself_nor_its_counts(s: Sitting) -> None:
    decide_without_recusal(s)
    made = publications.draft(s.as_("secretary-2"), s.round_id)

    assert publications.of_round(s.as_("secretary"), s.round_id) == []
    with pytest.raises(NotYou):
        publications.read(s.as_("bureau-approver"), made.id)
    assert [row.id for row in publications.of_round(s.as_("secretary-2"), s.round_id)] == [made.id]


def decide_without_recusal(s: Sitting) -> None:
    """Decided and previewed by those who have no part in the first school; then the others work there again."""
    free = ("secretary",)
    for who in free:
        s.session.get_one(Person, s.city.people[who]).employer_id = None
    s.session.flush()
    decide(s)
    previews.preview(s.as_("secretary-2"), s.round_id)
    s.city.wait(10)
    for who in free:
        employ(s, who, school="one")


def test_an_approver_confirms_the_others_and_not_the_review_one_is_recused_from(session: Session) -> None:
    s, number = make_publicised(session, {"one-a": "red", "two-a": "green"})
    publications.close(_after(s), number)
    employ(s, "bureau-approver", school="one")
    approver = s.as_("bureau-approver")

    key = s.reviews["one-a"]
    assert refused(NotYou, lambda: ratings.confirm(approver, number, "示例〔2026〕1号", [key])) == [
        ("recused", f"reviews.{key}")
    ]
    assert ratings.confirm(approver, number, "示例〔2026〕1号").confirmed == (s.reviews["two-a"],)
    assert s.review("one-a").state == "publicised"


def _after(s: Sitting) -> Context:
    s.city.wait(30)
    return s.as_("secretary")


def test_an_appeal_is_unknown_to_those_recused_from_its_review(s: Sitting) -> None:
    made = [Appeal(review_id=s.reviews[k], state="received", grounds="示例", answer="", follow_ups=[], version=1,
                   received_at=s.city.now, updated_at=s.city.now, answer_due=s.city.now)
            for k in ("one-a", "two-a")]  # fmt: skip
    s.session.add_all(made)
    s.session.flush()

    with pytest.raises(NotFound):
        appeals.read(s.as_("secretary"), made[0].id)
    assert [row["id"] for row in appeals.listing(s.as_("secretary"), PAGE)[0]] == [made[1].id]
    assert len(appeals.listing(s.as_("secretary-2"), PAGE)[0]) == 2


def test_an_interest_declared_recuses_outside_the_meeting_too_and_in_the_appeals_review(session: Session) -> None:
    s = make_convened(session, {"one-a": "red", "two-a": "green"})
    interests.declare(s.as_("secretary"), s.items["one-a"], True, "示例：亲属任教")
    anew = _opened_again(s)

    for key in (s.reviews["one-a"], anew.id):
        assert refused(NotYou, lambda key=key: challenges.read_sheet(s.as_("secretary"), key)) == [("recused", "sheet")]  # type: ignore[misc]  # the loop's own key
    assert challenges.read_sheet(s.as_("secretary"), s.reviews["two-a"])["rating"] == "green"


def _opened_again(s: Sitting) -> Review:
    """The review that an upheld appeal opens."""
    old = s.review("one-a")
    anew = Review(round_id=s.round_id, specialty_id=old.specialty_id, replaces_id=old.id, state="verified",
                  evidence_version_id=old.evidence_version_id, returned_fields={}, version=1,
                  updated_at=s.city.now)  # fmt: skip
    s.session.add(anew)
    s.session.flush()
    return anew


def test_whoever_decided_the_first_time_has_no_part_in_the_review_an_appeal_opens(session: Session) -> None:
    s = make_decided(session, {"one-a": "red"})
    anew = _opened_again(s)
    session.execute(sa.text("UPDATE role_grant SET role = 'auditor' WHERE person_id = :p"),
                    {"p": s.city.people["research-1"]})  # fmt: skip

    assert refused(NotYou, lambda: feed.of_review(s.as_("research-1"), anew.id)) == [("recused", "events")]
    assert feed.of_review(s.as_("auditor"), anew.id) == []


PARTNERS = (
    "示例智造公司",
    "示例甲公司、示例智造公司",
    "示例智造公司； 示例甲公司",
    "示例甲公司, 示例智造公司 ,示例乙公司",
)


@pytest.mark.parametrize("partner", PARTNERS)
def test_the_people_of_every_partner_enterprise_are_recused_by_its_name(s: Sitting, partner: str) -> None:
    specialty, key = s.review("two-a").specialty_id, s.reviews["two-a"]
    s.session.execute(sa.update(Specialty).where(Specialty.id == specialty).values(partner=partner))
    for who in ("secretary-2", "industry-1", "expert-1"):
        employ(s, who, enterprise=" 示例智造公司 ")

    assert refused(NotYou, lambda: challenges.read_sheet(s.as_("secretary-2"), key)) == [("recused", "sheet")]
    asked = [s.city.people["expert-1"], s.city.people["expert-2"]]
    assert scopes.recused_people(s.session, asked, key) == {asked[0]}
    convene(s)
    room = deliberation_rooms.room_of_item(s.session, s.items["two-a"], acting=None)
    assert room.is_recused(s.items["two-a"], s.city.people["industry-1"])
    assert not room.is_recused(s.items["two-a"], s.city.people["industry-2"])


def test_a_specialty_without_a_partner_recuses_nobody_without_an_employer(s: Sitting) -> None:
    specialty = s.review("two-a").specialty_id
    for partner in ("", "、", " ；示例甲公司"):
        s.session.execute(sa.update(Specialty).where(Specialty.id == specialty).values(partner=partner))
        assert challenges.read_sheet(s.as_("secretary-2"), s.reviews["two-a"])["total"]
        assert not scopes.recused_people(s.session, [s.city.people["expert-1"]], s.reviews["two-a"])


def test_the_chair_reads_no_sheet_or_evidence_but_as_a_meetings_material(session: Session) -> None:
    s = make_scored(session, {"one-a": "red"})

    for read in (challenges.read_sheet, challenges.of_review, previews.decision_view):
        with pytest.raises(NotFound):
            read(s.as_("chair"), s.reviews["one-a"])
    assert views.round_reviews(s.as_("chair"), s.round_id, PAGE, None)[0] == []


def test_a_list_in_publicity_is_public_also_to_the_recused(session: Session) -> None:
    s, number = make_publicised(session, {"one-a": "red"})
    employ(s, "secretary", school="one")

    assert publications.read(s.as_("secretary"), number).id == number
