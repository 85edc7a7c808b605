"""A round's bundle, made from real runs: what follows, what follows by decision, and what the public does not get."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_deliberation import Sitting, close_item, convene, decide, publicise, serve
from factories_scored import make_computed
from remembered import remembered
from small_policy import POLICY
from specialty_eval.actions import bundles, challenges, decisions, objections, ratings, scoring
from specialty_eval.engine.bundle import Bundle, files_of, read_bundle
from specialty_eval.engine.bundle_checks import without_digest
from specialty_eval.engine.commitments import digest_of
from specialty_eval.engine.errors import Invalid, NotFound, NotNow
from specialty_eval.engine.frozen import Inputs
from specialty_eval.engine.recompute import check
from specialty_eval.engine.withholding import Why
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Objector, RatingInForce
from specialty_eval.store.reviews import ScoreRun

CODE = "cycle-2026-1"
COUNTED = "employed: {label: {zh: 就业人数}, type: integer, min: 0, supplier: school"
HIDING = POLICY.replace(COUNTED, f"{COUNTED}, publish: restricted")


COHORT = "graduates: {label: {zh: 毕业生数}, type: integer, "
SUMMED = HIDING.replace(COHORT, f"{COHORT}unit: person, ").replace(
    f"  {COUNTED[:9]}", "  city_graduates: {label: {zh: 全市}, type: integer, unit: person, supplier: computed}\n"
    f"  {COUNTED[:9]}"
)  # fmt: skip
BANDED = HIDING + "publication: {restricted: banded}\n"


def made(sitting: Sitting, *, whole: bool = False) -> Bundle:
    """The bundle, through the files it is given as."""
    return read_bundle(files_of(bundles.make(sitting.city.clock(), CODE, whole=whole)))


def answers(bundle: Bundle) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(v.rating, v.answer.value, v.without) for v in check(bundle)]


def lodged(sitting: Sitting, publication: int, short: str) -> int:
    """An admitted objection to a review on a list: its number."""
    about = objections.NewObjection(sitting.reviews[short], "示例张三", "示例-0534-0000000", "示例：人数不实")
    key = objections.lodge(sitting.city.nobody(), publication, about).id
    code = sitting.session.get_one(Objector, key).confirmation_code
    objections.confirm_contact(sitting.city.nobody(), key, code)
    return objections.admit(sitting.as_("secretary"), key).id


@remembered
def publicised(session: Session, policy: str = POLICY) -> Sitting:
    sitting = serve(decide(make_computed(session, {"one-a": "90", "two-a": "10"}, policy=policy)))
    publicise(sitting)
    return sitting


def test_what_was_computed_and_decided_alike_follows(session: Session) -> None:
    assert answers(made(publicised(session))) == [("green", "follows", ()), ("red", "follows", ())]


def test_what_the_committee_decided_otherwise_follows_by_decision_with_its_reason(session: Session) -> None:
    sitting = convene(make_computed(session, {"one-a": "70"}))
    sitting.vote("one-a", dict.fromkeys(sitting.members.keys() & {
        "industry-1", "industry-2", "enterprise-1", "enterprise-2", "research-1", "research-2", "chair", "deputy-chair",
    }, "green"), reason="实训条件已经改善")  # fmt: skip
    close_item(sitting.as_("secretary"), sitting.items["one-a"], reason="实训条件已经改善")
    publicise(serve(sitting))

    (verdict,) = check(made(sitting))

    assert (verdict.rating, verdict.answer, verdict.reason) == ("green", "follows_by_decision", "实训条件已经改善")


def test_a_restricted_figure_is_left_out_listed_and_named_as_what_is_missing(session: Session) -> None:
    bundle = made(publicised(session, HIDING))

    assert answers(bundle) == [
        ("green", "cannot_be_checked", ("employed",)),
        ("red", "cannot_be_checked", ("employed",)),
    ]
    assert {(cell.measure, cell.why) for cell in bundle.withheld} == {("employed", Why.RESTRICTED)}
    assert {rating.total for rating in bundle.ratings} == {"hidden"}
    assert all(b",90," not in content for content in files_of(bundle).values())


def test_whoever_has_every_figure_checks_every_rating(session: Session) -> None:
    sitting = publicised(session, HIDING)

    assert [answer for _, answer, _ in answers(made(sitting, whole=True))] == ["follows", "follows"]


def test_the_whole_bundle_is_for_those_who_may_read_every_figure(session: Session) -> None:
    sitting = publicised(session, HIDING)

    for who in ("nobody", "head-one", "expert-1"):
        with pytest.raises(NotFound):
            bundles.make(sitting.as_(who), CODE, whole=True)
    assert bundles.make(sitting.as_("auditor"), CODE, whole=True).withheld == ()
    assert bundles.make(sitting.city.nobody(), CODE).withheld != ()


def test_nothing_is_given_out_before_anything_is_public(session: Session) -> None:
    sitting = serve(decide(make_computed(session, {"one-a": "90"})))

    with pytest.raises(NotNow) as refused:
        bundles.make(sitting.city.nobody(), CODE)
    assert [p.code for p in refused.value.problems] == ["nothing-public-yet"]
    with pytest.raises(NotFound):
        bundles.make(sitting.city.nobody(), "cycle-2026-9")


def test_a_review_without_a_public_rating_cannot_be_computed_from_its_figures(session: Session) -> None:
    sitting = convene(make_computed(session, {"one-a": "90", "two-a": "10"}), together=["one-a"])
    votes = {sitting.members[login]: "agree" for login in sitting.members if not login.startswith("substitute")}
    decisions.agree(sitting.as_("secretary"), sitting.meeting, votes)
    publicise(serve(sitting))

    bundle = made(sitting)

    hidden = {(cell.specialty, cell.measure) for cell in bundle.withheld if cell.why is Why.NOT_PUBLISHED}
    assert hidden == {(sitting.city.codes["two-a"], m) for m in ("graduates", "employed", "posts")}
    assert answers(bundle) == [("green", "follows", ())]


def test_a_review_scored_again_follows_from_its_own_figures_and_earlier_ratings(session: Session) -> None:
    sitting = serve(decide(make_computed(session, {"one-a": "70", "two-a": "70"})))
    key = lodged(sitting, publicise(sitting), "one-a")
    session.add(RatingInForce(specialty_id=sitting.city.specialties["one-a"], review_id=None, rating="yellow",
                              year=2023, reasons=[], document_number="示例〔2023〕1号", source="示例",
                              valid_from=date(2024, 1, 1), valid_to=None, known_from=sitting.city.now))  # fmt: skip
    objections.uphold(sitting.as_("secretary"), key, "示例", evidence_was_wrong=True, corrections={"employed": "71"})
    scoring.rescore(sitting.as_("secretary"), sitting.reviews["one-a"])
    sitting.city.wait(60)
    publicise(serve(decide(sitting)))

    bundle = made(sitting)

    assert [run.history.count("2023,yellow") for run in bundle.runs] == [0, 1]
    assert answers(bundle) == [("red", "follows", ()), ("yellow", "follows", ())]


def test_a_single_rescore_does_not_tell_the_sum_that_a_small_cohort_is_hidden_in(session: Session) -> None:
    """one-a and two-a teach the same: with one's hundred and their sum, anybody would know the other's seven."""
    cohorts = {"one-a": "100", "two-a": "7"}
    sitting = make_computed(session, {"one-a": "90", "two-a": "5"}, policy=SUMMED, graduates=cohorts)
    key = lodged(sitting, publicise(serve(decide(sitting))), "one-a")
    objections.uphold(sitting.as_("secretary"), key, "示例", evidence_was_wrong=True, corrections={"employed": "91"})
    scoring.rescore(sitting.as_("secretary"), sitting.reviews["one-a"])
    sitting.city.wait(60)
    publicise(serve(decide(sitting)))

    bundle = made(sitting)

    assert [run.kind for run in bundle.runs] == ["round", "single"]
    assert "107" not in "".join(run.evidence for run in bundle.runs)
    single = [cell for cell in bundle.withheld if cell.specialty == sitting.city.codes["one-a"]]
    assert {(cell.measure, cell.why) for cell in single} == {
        ("employed", Why.RESTRICTED), ("city_graduates", Why.SUM),
    }  # fmt: skip


def one_publicised_and_scored_again(session: Session) -> Sitting:
    """Of two one is public, scored again alone; nothing of the policy is restricted, the other is not public yet."""
    sitting = convene(make_computed(session, {"one-a": "90", "two-a": "37"}), together=["one-a"])
    votes = {sitting.members[login]: "agree" for login in sitting.members if not login.startswith("substitute")}
    decisions.agree(sitting.as_("secretary"), sitting.meeting, votes)
    key = lodged(sitting, publicise(serve(sitting)), "one-a")
    objections.uphold(sitting.as_("secretary"), key, "示例", evidence_was_wrong=True, corrections={"employed": "91"})
    scoring.rescore(sitting.as_("secretary"), sitting.reviews["one-a"])
    sitting.city.wait(60)
    convene(sitting, together=["one-a"], reviews=[sitting.reviews["one-a"]])
    decisions.agree(sitting.as_("secretary"), sitting.meeting, votes)
    publicise(serve(sitting))
    return sitting


def test_figures_that_are_not_public_cannot_be_tried_against_a_digest(session: Session) -> None:
    """With the true figures filled in, no digest that anybody or a school is told can be found."""
    sitting = one_publicised_and_scored_again(session)
    sheet = challenges.open_sheet(sitting.as_("head-one"), sitting.reviews["one-a"])
    events = session.scalars(sa.select(Event).where(Event.audience.in_(["school", "public"]))).all()
    bundle = made(sitting)
    kept = session.execute(sa.select(ScoreRun.number, ScoreRun.inputs, ScoreRun.inputs_digest)).all()

    told = {str(fact) for event in events for fact in event.facts.values()} | {sheet["run"]["inputs"]}
    told |= {run.inputs_digest for run in bundle.runs}
    assert {digest for _, _, digest in kept} <= told  # each run's, as anybody compares it
    secrets = {opened.salt for run in bundle.runs for opened in run.opened} | {""}
    for number, inputs, _ in kept:
        true = Inputs.unpacked(inputs)
        guesses = {digest_of(true, bytes.fromhex(salt)) for salt in secrets}
        run = next(run for run in bundle.runs if run.number == number)
        own = true if run.within is None else true.own(run.rated[0])
        assert not told & (guesses | {true.digest, own.digest})
    hidden = {(o.specialty, o.column): o for run in bundle.runs for o in run.opened if o.commitment}
    assert hidden.keys() == {(sitting.city.codes["two-a"], m) for m in ("graduates", "employed", "posts")}
    assert all(not opened.salt for opened in hidden.values())
    assert [answer for _, answer, _ in answers(bundle)] == ["follows"]


def test_every_figure_shown_is_tied_to_the_runs_digest_though_others_are_hidden(session: Session) -> None:
    bundle = made(publicised(session, HIDING))
    (run,) = bundle.runs
    changed = replace(bundle, runs=(replace(run, evidence=run.evidence.replace(",50", ",51", 1)),))
    filled = replace(bundle, runs=(replace(run, evidence=run.evidence.replace("100,,", "100,95,", 1)),))

    for forged in (changed, filled):
        with pytest.raises(Invalid) as refused:
            check(read_bundle(files_of(forged)))
        assert [p.code for p in refused.value.problems] == ["bundle-inputs-differ"]


def test_a_run_from_before_digests_were_salted_is_checked_where_all_is_shown_and_else_not_told(
    session: Session,
) -> None:
    sitting = make_computed(session, {"one-a": "90", "two-a": "10"}, policy=HIDING)
    digest = Inputs.unpacked(session.scalars(sa.select(ScoreRun.inputs)).one()).digest
    session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    session.execute(sa.update(ScoreRun).values(secret=None, inputs_digest=digest))
    session.execute(sa.text("SET LOCAL session_replication_role = origin"))
    publicise(serve(decide(sitting)))

    public, whole = made(sitting), made(sitting, whole=True)

    assert ([run.inputs_digest for run in public.runs], without_digest(public.runs)) == ([""], [1])
    assert [answer for _, answer, _ in answers(public)] == ["cannot_be_checked"] * 2
    assert [answer for _, answer, _ in answers(whole)] == ["follows"] * 2
    assert challenges.open_sheet(sitting.as_("head-one"), sitting.reviews["one-a"])["run"]["inputs"] == ""
    with pytest.raises(Invalid):
        check(replace(whole, runs=(replace(whole.runs[0], evidence=whole.runs[0].evidence.replace("90", "91")),)))


def test_a_confirmed_rating_is_the_one_in_force(session: Session) -> None:
    sitting = serve(decide(make_computed(session, {"one-a": "90"})))
    listed = publicise(sitting)
    sitting.city.wait(14)
    ratings.confirm(sitting.as_("bureau-approver"), listed, "示例评〔2026〕1号")

    bundle = made(sitting)

    (rating,) = bundle.ratings
    assert (rating.state, rating.in_force, rating.document_number) == ("confirmed", "green", "示例评〔2026〕1号")
    assert answers(bundle) == [("green", "follows", ())]


def test_a_policy_with_bands_tells_between_which_points_a_restricted_figure_lies(session: Session) -> None:
    sitting = publicised(session, BANDED)
    bundle = made(sitting)

    codes = sitting.city.codes
    assert {(band.specialty, band.indicator, band.points) for band in bundle.bands} == {
        (codes["one-a"], "rate", "80-100"), (codes["two-a"], "rate", "0-20"),
    }  # fmt: skip
    assert {rating.total for rating in bundle.ratings} == {"hidden"}
    assert [answer for _, answer, _ in answers(bundle)] == ["cannot_be_checked", "follows"]
    assert made(sitting, whole=True).bands == ()


def test_a_bundle_without_bands_has_no_file_of_them(session: Session) -> None:
    assert "bands.csv" not in files_of(bundles.make(publicised(session, HIDING).city.clock(), CODE))
