"""Every kind of event, and what somebody must be allowed to read to be told of one that is the offices' alone."""

from collections.abc import Iterable, Iterator, Mapping

from .machines import MACHINES
from .overdue import OF_THE_COUNTY
from .permissions import Thing

_ACTS: Mapping[str, str] = {
    "allotment": "ask",
    "amendment": "propose",
    "appeal": "correct decide_follow_up escalate extend follow_ups lodge remind",
    "application": "attach escalate extend letter opine receive remind serve",
    "assignment": "conflict extend remind",
    "calendar": "enter",
    "challenge": "escalate extend lodge remind",
    "closing": "decide escalate extend propose receive remind vote",
    "correction": "decide_follow_up follow_ups open",
    "closing_appeal": "escalate extend lodge remind",
    "cycle": "create place",
    "demo": "begin done refuse step",
    "designation": "propose target",
    "document": "issue number upload withdraw",
    "evidence": "attach save",
    "expert": "add change declare end lift",
    "figures": "record",
    "group": "create revise",
    "installation": "begin",
    "letter_batch": "ask make",
    "intake": "catalogue committee figures jurisdictions organisations people quotas ratings schools specialties "
    "standings",
    "item": "cast conflict declare end_vote take_out",
    "key": "create end",
    "list": "build",
    "material": "check release",
    "meeting": "attend create declare list minutes waive",
    "member": "appoint end",
    "objection": "escalate extend receive remind",
    "person": "create deactivate invite reactivate set_password",
    "plan": "adjust cap draft",
    "policy": "import",
    "publication": "draft erratum extend remind",
    "rectification": "begin carry escalate extend prove remind",
    "report": "ask make",
    "review": "acknowledge claim deem_served escalate extend invite_experts name_visitors open_again receive remind "
    "spread take_over visit vote_to_rescind withdraw_visitor",
    "role": "end grant",
    "round": "blind extend remind score_run simulate",
    "sheet": "open",
    "specialty": "change escalate succeed",
    "succession": "propose",
    "support": "grant",
    "teach_out": "count",
    "webhook": "change create disable enable end rotate test",
}  # fmt: skip

ACTS = frozenset(f"{subject}.{act}" for subject, acts in _ACTS.items() for act in acts.split())
"""What is recorded beside the moves of the machines; docs/events.md tells each."""
KINDS = ACTS | {f"{name}.{event}" for name, machine in MACHINES.items() for event in machine.events}
"""Every kind there is."""

_SUBJECTS = frozenset(kind.partition(".")[0] for kind in KINDS)


def unknown_kinds(types: Iterable[str]) -> list[str]:
    """What is neither a kind nor, as `review.*`, every kind of a subject."""
    return sorted({said for said in types if said not in KINDS and not (said[-2:] == ".*" and said[:-2] in _SUBJECTS)})


def kinds_of(types: Iterable[str]) -> frozenset[str]:
    """The kinds meant: `review.*` means all that there are of reviews, those of later versions too."""
    wanted = frozenset(types)
    return frozenset(kind for kind in KINDS if {kind, f"{kind.partition('.')[0]}.*"} & wanted)


_NEEDS = {
    "allotment": Thing.POOL,
    "appeal": Thing.APPEALS,
    "assignment": Thing.EXPERTS,
    "challenge": Thing.CHALLENGES,
    "expert": Thing.POOL,
    "closing_appeal": Thing.APPEALS,
    "item.cast": Thing.BALLOTS,
    "material": Thing.MATERIAL_CHECKS,
    "objection": Thing.OBJECTIONS,
    "plan": Thing.DRAFT_PLANS,
    "publication": Thing.DRAFT_LISTS,
    "review.invite_experts": Thing.EXPERTS,
    "review.spread": Thing.PANEL_SCORES,
}


def _needing() -> Iterator[tuple[Thing, frozenset[str]]]:
    for thing in sorted(set(_NEEDS.values())):
        names = {name for name, needed in _NEEDS.items() if needed == thing}
        yield thing, frozenset(kind for kind in KINDS if {kind, kind.partition(".")[0]} & names)


NEEDING: Mapping[Thing, frozenset[str]] = dict(_needing())
"""Thing → the kinds of events that, told to offices, tell of it: only who may read it is told of them."""

TO_A_COUNTY: Mapping[str, frozenset[str]] = dict.fromkeys(
    ("review.escalate", "review.remind"), frozenset(what.value for what in OF_THE_COUNTY)
)
"""What the offices' events tell a county too: its schools' deadlines and its own. Kind → `what` in its facts."""
