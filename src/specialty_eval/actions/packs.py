"""The committee's paper of one item: its material as `meeting_views` gives it to this reader, or their refusal."""

from specialty_eval.engine.notices import day
from specialty_eval.engine.report_pack import pack as pack_of
from specialty_eval.store import cycles, documents
from specialty_eval.store.reviews import Review

from . import meeting_views
from .context import LOCAL, Context


def pack(ctx: Context, item_id: int) -> tuple[str, bytes]:
    """(file name, Word document). The recused, and those who have not declared, get what `material` answers them."""
    material = meeting_views.material(ctx, item_id)
    row = ctx.session.get_one(Review, material["review_id"])
    made = cycles.round_of(ctx.session, row.round_id)
    policy = cycles.policy_of(ctx.session, made.policy_id)
    about = [
        ("办法版本", f"{policy.id}@{policy.version}"), ("办法校验码（SHA-256）", policy.digest),
        ("领取人编号", str(ctx.person_id)), ("领取时间", f"{ctx.now.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}（北京时间）"),
    ]  # fmt: skip
    from specialty_eval.paper import word  # noqa: PLC0415 -- slow import: Word

    bureau = documents.bureau_at(ctx.session, made.city)
    contents = pack_of(policy, bureau, day(ctx.today), material, about)
    return f"审议材料-{material['code']}.docx", word.document(contents)
