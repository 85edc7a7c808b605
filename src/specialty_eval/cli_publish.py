"""`rounds`, `publish bundle`, `verify`: what was rated, in one open file, and whether anybody finds the same."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from specialty_eval import cli_policy
from specialty_eval.cli_options import Data, configured

if TYPE_CHECKING:
    from specialty_eval.engine.bundle import Bundle
    from specialty_eval.engine.recompute import Verdict

publish = typer.Typer(help="公开的文件 · Files for the public", no_args_is_help=True)


def bundle(
    round_: Annotated[str, typer.Argument(metavar="ROUND", help="批次代码，见 rounds · The round's code, see rounds")],
    output: Annotated[Path, typer.Option(metavar="FILE.zip", help="写到哪里 · Where to write it")],
    whole: Annotated[
        bool, typer.Option("--whole", help="含不公开的数据，只给有权查阅者 · With withheld figures: not for the public")
    ] = False,
    data: Data = None,
) -> None:
    """把一个批次的评定连同依据写成一个文件，任何人都能复算 · Write what a round's ratings follow from, for anybody."""
    from specialty_eval import installation  # noqa: PLC0415 -- slow import: the whole application
    from specialty_eval.engine.bundle import files_of  # noqa: PLC0415 -- with it
    from specialty_eval.engine.bundle_archive import packed  # noqa: PLC0415 -- with it

    known = configured(data)
    made = installation.bundle(known.url, known.folder, round_, whole=whole)
    cli_policy.write_whole(output, packed(files_of(made)))
    typer.echo(f"{output}：{len(made.ratings)} 个评定 ratings，{len(made.runs)} 次计分 score runs，"
               f"{len(made.withheld)} 个数据未公开 figures withheld")  # fmt: skip


publish.command("bundle")(bundle)


def rounds(
    as_json: Annotated[bool, typer.Option("--json", help="供程序读取 · For programs")] = False, data: Data = None
) -> None:
    """列出各批次的代码、状态和数量 · List the rounds with code, state and counts."""
    from specialty_eval import installation  # noqa: PLC0415 -- slow import: the whole application

    known = configured(data)
    found = installation.rounds(known.url, known.folder)
    if as_json:
        typer.echo(json.dumps([
            {"code": r.round.code, "cycle": r.round.cycle, "number": r.round.number, "year": r.round.year,
             "state": r.round.state, "policy": {"id": r.round.policy_id, "version": r.round.policy_version},
             "reviews": {"all": sum(r.reviews.values()), **r.reviews}}
            for r in found
        ], ensure_ascii=False, indent=1))  # fmt: skip
        return
    for r in found:
        counts = "，".join(f"{state} {number}" for state, number in r.reviews.items())
        typer.echo(f"{r.round.code}\t{r.round.state}\t{r.round.policy_id} {r.round.policy_version}\t{counts}")
    if not found:
        typer.echo("还没有批次 · No rounds yet")


WORDS = {
    "follows": "依数据和办法得出 · follows",
    "follows_by_decision": "依委员会决定 · follows by decision",
    "cannot_be_checked": "缺少数据，无法核对 · cannot be checked without",
    "does_not_follow": "得不出这个评定 · does not follow",
}


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="publish bundle 写出的文件 · What bundle wrote")],
    as_json: Annotated[bool, typer.Option("--json", help="供程序读取 · For programs")] = False,
    digest: Annotated[
        list[str] | None,
        typer.Option(metavar="SHA256", help="公告所印的名单摘要 · A list's digest, as its notice has it"),
    ] = None,
    head: Annotated[
        list[str] | None, typer.Option(metavar="SHA256", help="公告所印的事件校验值 · The log's head in the notice")
    ] = None,
) -> None:
    """不用数据库，重新计算文件里的每个评定 · Compute every rating in a bundle anew, without a database."""
    from specialty_eval.engine import bundle_archive, bundle_checks, recompute  # noqa: PLC0415 -- slow import: NumPy
    from specialty_eval.engine.bundle import read_bundle  # noqa: PLC0415 -- with it
    from specialty_eval.engine.errors import Invalid  # noqa: PLC0415 -- with it

    with cli_policy.explaining({"bundle": file}):
        (content,) = cli_policy.contents([file], bundle_archive.MOST_BYTES)
        found = read_bundle(bundle_archive.unpacked(content))
        if problems := bundle_checks.not_as_published(found, digest or (), head or ()):
            raise Invalid(*problems)
        verdicts = recompute.check(found)
    counts = recompute.counted(verdicts)
    if as_json:
        typer.echo(json.dumps({
            "round": dict(found.round), "counts": counts, "ratings": [_as_json(v) for v in verdicts],
            "lists": [
                {"number": one.number, "edition": one.edition, "state": one.state, "digest": one.digest,
                 "head": one.seal_head, "counts": bundle_checks.counts(one)}
                for one in found.lists
            ],
            "without_rating": [asdict(one) for one in bundle_checks.unrated(found)],
            "left_out": [asdict(one) for one in bundle_checks.left_out(found)],
            "decided_again": [asdict(one) for one in bundle_checks.decided_again(found)],
            "runs_without_digest": bundle_checks.without_digest(found.runs), "renamed": dict(found.renamed),
        }, ensure_ascii=False))  # fmt: skip
    else:
        _tell(verdicts)
        for answer, number in counts.items():
            typer.echo(f"{number:6}  {WORDS[answer]}")
        _tell_around(found)
    if counts["does_not_follow"] or bundle_checks.left_out(found):
        raise typer.Exit(1)


def _tell_around(found: "Bundle") -> None:
    """What ties the file to what was published, and what it says nothing of."""
    from specialty_eval.engine import bundle_checks  # noqa: PLC0415 -- slow import: NumPy

    for left in bundle_checks.unrated(found):
        lists = "、".join(str(number) for number in left.lists)
        on = f"；曾列入第 {lists} 号名单 was on list {lists}" if lists else ""
        typer.echo(f"{left.specialty}\t文件里没有它的评定 has no rating in the file{on}")
    if lacking := bundle_checks.left_out(found):
        typer.echo(f"{len(lacking):6}  名单上公布过、文件里没有的评定：文件不完整 · published, and cut out of the file")
    if again := bundle_checks.decided_again(found):
        typer.echo(f"{len(again):6}  名单上公布过、文件写明正在重新评定的，请与公开网页核对 · "
                   "published, and being decided again as the file says: compare the public page")  # fmt: skip
    for number in bundle_checks.without_digest(found.runs):
        typer.echo(f"第 {number} 次计分的数据没有可核对的校验值 · nothing ties the inputs of run {number}")
    for was, now in found.renamed.items():
        typer.echo(f"名单上的 {was} 即计分时的 {now} · {was} on a list is {now} in its run")
    typer.echo(
        "请与公示公告比较，或用 --digest、--head 给出 · Compare with the notices, or give them by --digest, --head:"
    )
    for one in found.lists:
        numbers = "，".join(f"{rating} {number}" for rating, number in bundle_checks.counts(one).items())
        typer.echo(f"  第 {one.number} 号名单 list {one.number}（{numbers}）\n    摘要 digest {one.digest}\n"
                   f"    事件校验值 head {one.seal_head}")  # fmt: skip
    typer.echo(
        "文号、状态和现行评定不在摘要里，请与公开网页核对 · "
        "Document numbers, states and ratings in force are in no digest: compare the public page"
    )


def _as_json(verdict: "Verdict") -> dict[str, object]:
    return {
        "review": verdict.review, "specialty": verdict.specialty, "rating": verdict.rating,
        "answer": verdict.answer.value, "without": list(verdict.without), "step": verdict.step,
        "expected": verdict.expected, "found": verdict.found, "reason": verdict.reason,
    }  # fmt: skip


def _tell(verdicts: Sequence["Verdict"]) -> None:
    for v in verdicts:
        more = "、".join(v.without)
        if v.step:
            more = f"{v.step}：应为 expected {v.expected or '—'}，写的是 found {v.found or '—'}"
        typer.echo("\t".join(filter(None, (v.specialty, v.rating, WORDS[v.answer.value], more, v.reason))))
