"""A bundle is the same after its files; whatever is changed in it is found, at the step where it stops to follow."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from engine.policy_texts import SMALL
from specialty_eval.engine import bundle_archive, load_policy, publicity
from specialty_eval.engine.bundle import MANIFEST, Bundle, PublicRating, PublishedList, Run, files_of, read_bundle
from specialty_eval.engine.bundle_archive import packed, unpacked
from specialty_eval.engine.errors import Invalid, Refusal
from specialty_eval.engine.frozen import Inputs
from specialty_eval.engine.recompute import check
from specialty_eval.engine.withholding import Why, Withheld

EVIDENCE = "specialty,graduates,employed\nA,100,95\nB,100,60\n"
DIGEST = load_policy(SMALL).digest
HISTORY = "specialty,year,rating\n"


def run(number: int, evidence: str, rated: tuple[str, ...], within: int | None = None, of: str = DIGEST) -> Run:
    digest = Inputs(of, evidence, HISTORY, rated).digest
    return Run(number, "round" if within is None else "single", within, digest, "2026-01-01", evidence, HISTORY, rated)


def rating(specialty: str, colour: str, total: str, reason: str, **changes: object) -> PublicRating:
    said = PublicRating(
        review=ord(specialty), specialty=specialty, run=1, total=total, dimensions={"outcomes": total}, computed=colour,
        reasons=(reason,), decided=colour, decision_reason="", state="confirmed", document_number="示例1号",
        in_force=colour,
    )  # fmt: skip
    return replace(said, **changes)  # type: ignore[arg-type]


def bundle(
    *ratings: PublicRating, runs: tuple[Run, ...] = (run(1, EVIDENCE, ("A", "B")),), policy: str = SMALL
) -> Bundle:
    said = {"id": 7, "code": "示例-1", "policy_digest": load_policy(policy).digest, "events_head": "e" * 64}
    return listed(Bundle(said, policy, runs, ratings, ()))


def listed(made: Bundle) -> Bundle:
    """With a list on which every rating stands, as it was published."""
    digests = {run.number: run.inputs_digest for run in made.runs}
    lines = tuple(
        [r.review, r.specialty, r.decided, list(r.reasons), 50 + n, r.computed, r.decision_reason, digests[r.run]]
        for n, r in enumerate(made.ratings)
    )
    days = {"opened_at": "2026-05-06", "closes_at": "2026-05-13"}
    one = PublishedList(1, 1, "closed", publicity.digest(7, 1, 1, lines), **days, seal_head="e" * 64, lines=lines)
    return replace(made, lists=(one,))


GREEN, RED = rating("A", "green", "100.00", "high"), rating("B", "red", "0.00", "low")


def test_a_bundle_is_the_same_after_its_files_and_its_archive() -> None:
    made = bundle(GREEN, RED)

    assert read_bundle(unpacked(packed(files_of(made)))) == made
    assert packed(files_of(made)) == packed(files_of(made))


def test_what_is_computed_alike_follows() -> None:
    assert [v.answer.value for v in check(bundle(GREEN, RED))] == ["follows", "follows"]


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"specialty": "C"}, "inputs"),
        ({"dimensions": {"outcomes": "99.99"}}, "dimension:outcomes"),
        ({"total": "99.99"}, "total"),
        ({"computed": "yellow", "decided": "yellow", "in_force": "yellow"}, "rating"),
        ({"reasons": ("high", "low")}, "reasons"),
        ({"decided": "yellow", "in_force": "yellow"}, "decision"),
        ({"in_force": "yellow"}, "confirmation"),
        ({"in_force": ""}, "confirmation"),
    ],
)
def test_what_was_changed_does_not_follow_at_its_step(changes: Mapping[str, object], step: str) -> None:
    changed = (replace(GREEN, **changes),)  # type: ignore[arg-type]
    (verdict,) = check(replace(bundle(GREEN), ratings=changed))

    assert (verdict.answer.value, verdict.step) == ("does_not_follow", step)


VETO = SMALL + "  caps: [{code: unsafe, at_most: red, when: {measure: accident, equals: true}}]\n"


def test_a_decision_above_a_veto_that_changed_nothing_does_not_follow() -> None:
    evidence = "specialty,graduates,employed,accident\nA,100,95,false\nB,100,60,true\nC,100,60,false\n"
    decided: dict[str, Any] = {"decided": "green", "in_force": "green", "decision_reason": "示例：委员会另行决定"}
    vetoed, open_ = replace(RED, **decided), rating("C", "red", "0.00", "low", **decided)
    policy = VETO.replace("accident: {type: boolean}", "accident: {type: boolean, publish: restricted}")
    whole = run(1, evidence, ("A", "B", "C"), of=load_policy(policy).digest)
    made = bundle(GREEN, vetoed, open_, runs=(whole,), policy=policy)

    verdicts = [(v.answer.value, v.step, v.expected, v.found) for v in check(made)]
    shown = evidence.replace("B,100,60,true", "B,100,60,")
    hidden = listed(replace(
        made, runs=(replace(whole, evidence=shown, inputs_digest=""),),
        withheld=(Withheld("B", "", "accident", Why.RESTRICTED),),
    ))  # fmt: skip

    assert verdicts == [
        ("follows", "", "", ""),
        ("does_not_follow", "decision", "red", "green"),
        ("follows_by_decision", "", "", ""),
    ]
    assert [(v.answer.value, v.without) for v in check(hidden)] == [
        ("follows", ()), ("cannot_be_checked", ("accident",)), ("follows_by_decision", ()),
    ]  # fmt: skip


def test_a_single_run_replaces_one_specialtys_rows_in_those_of_its_round() -> None:
    whole = run(1, EVIDENCE, ("A", "B"))
    own = "specialty,graduates,employed\nB,100,95\n"
    full = Inputs(DIGEST, EVIDENCE.replace("B,100,60", "B,100,95"), HISTORY, ("A", "B")).digest
    single = replace(run(2, own, ("B",), within=1), inputs_digest=full)

    verdicts = check(bundle(GREEN, rating("B", "green", "100.00", "high", run=2), runs=(whole, single)))

    assert [v.answer.value for v in verdicts] == ["follows", "follows"]


SECOND_RED = f"{SMALL}  history: [{{code: again, now: green, becomes: red, when: {{previous: {{of_last: 1, at_least: 1, one_of: [red]}}}}}}]\n"  # noqa: E501 -- as a policy is written


def test_a_single_run_is_computed_with_its_specialtys_own_history() -> None:
    digest = load_policy(SECOND_RED).digest
    evidence = "specialty,year,graduates,employed\nA,2025,100,95\nB,2025,100,95\n"
    before, after = (f"{HISTORY}A,2023,{a}\nB,2023,{b}\n" for a, b in (("red", "red"), ("red", "green")))
    whole = replace(run(1, evidence, ("A", "B")), history=before,
                    inputs_digest=Inputs(digest, evidence, before, ("A", "B")).digest)  # fmt: skip
    own = Inputs(digest, evidence, after, ("A", "B"))
    single = replace(run(2, own.own("B").evidence, ("B",), within=1), history=own.own("B").history,
                     inputs_digest=own.digest)  # fmt: skip
    ratings = (rating("A", "red", "100.00", "high", reasons=("high", "again")),
               rating("B", "green", "100.00", "high", run=2))  # fmt: skip
    made = bundle(*ratings, runs=(whole, single), policy=SECOND_RED)

    verdicts = check(read_bundle(files_of(made)))

    assert own.own("B").history == f"{HISTORY}B,2023,green\n"
    assert [v.answer.value for v in verdicts] == ["follows", "follows"]


def test_inputs_that_do_not_have_the_runs_digest_are_refused() -> None:
    changed = replace(run(1, EVIDENCE, ("A", "B")), evidence=EVIDENCE.replace("B,100,60", "B,100,61"))

    with pytest.raises(Invalid) as refused:
        check(bundle(GREEN, RED, runs=(changed,)))

    assert [p.code for p in refused.value.problems] == ["bundle-inputs-differ"]


def test_another_policy_than_the_pinned_one_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        check(replace(bundle(GREEN), policy=SMALL.replace("id: sample", "id: other")))

    assert {p.code for p in refused.value.problems} == {"bundle-policy-differs"}


def codes(files: Mapping[str, bytes]) -> set[str]:
    with pytest.raises(Invalid) as refused:
        read_bundle(files)
    return {p.code for p in refused.value.problems}


def test_every_file_that_is_missing_added_or_changed_is_named_at_once() -> None:
    files = files_of(bundle(GREEN))
    del files["withheld.csv"]
    files["more.csv"] = b"x"
    files["ratings.csv"] += b"\n"

    assert codes(files) == {"bundle-file-missing", "bundle-file-unlisted", "bundle-file-changed"}


@pytest.mark.parametrize(
    "manifest", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"schema": "specialty-eval/bundle/2", "files": 3}']
)
def test_a_manifest_that_is_none_is_refused(manifest: bytes) -> None:
    assert codes({MANIFEST: manifest}) == {"bundle-unreadable"}


def test_no_manifest_is_refused() -> None:
    assert codes({}) == {"bundle-file-missing"}


def archive(*names: str, content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            made.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "bundle-unreadable"),
        (b"PK\x03\x04 no archive", "bundle-unreadable"),
        (archive("a.csv")[:-30], "bundle-unreadable"),
        (archive(*(f"{n}.csv" for n in range(2001))), "bundle-too-large"),
    ],
    ids=["empty", "no archive", "cut off", "too many files"],
)
def test_a_hostile_archive_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        unpacked(content)

    assert [p.code for p in refused.value.problems] == [code]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_a_file_twice_is_refused() -> None:
    with pytest.raises(Invalid):
        unpacked(archive("a.csv", "a.csv"))


def test_an_archive_that_unpacks_beyond_its_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_archive, "MOST_BYTES", 10_000)

    with pytest.raises(Refusal) as refused:
        unpacked(archive("a.csv", content=b"0" * 10_001))

    assert [p.code for p in refused.value.problems] == ["bundle-too-large"]
