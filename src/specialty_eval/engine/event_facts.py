"""What the facts of each kind of event are: these names, of these types, and no others.

A name with `?` may be missing; a type with `?` may be null. `day` is a local date, `sha` a SHA-256 in hex, `texts` a
list of words. What is in no table has no facts.
"""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_VALUE: Json = {"type": ["string", "boolean", "null"]}
_TYPES: Mapping[str, Json] = {
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "text": _TEXT,
    "day": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": "a local day"},
    "sha": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 in hex"},
    "texts": {"type": "array", "items": _TEXT},
    "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
    "words": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
    "targets": {"type": "array", "items": {
        "type": "object", "properties": {"kind": _TEXT, "tier": _TEXT, "target": {"type": "integer"}},
        "required": ["kind", "tier", "target"], "additionalProperties": False}},
    "change": {"type": "object", "properties": {"from": _VALUE, "to": _VALUE}, "required": ["from", "to"],
               "additionalProperties": False, "description": "what it was and is"},
}  # fmt: skip
_LOADED = "rows:int new:int changed:int unchanged:int digest:sha of:text"
_SUCCESSION = "subject:text act:text effective_on:day document_number:text keeps:text"
_VERSIONS = "policy:text from:text to:text digest:sha simulation:int?"
_REMIND = "what:text until:day days_left:int whose?:text text?:text"
_LATE = "what:text due:day owner:text superior:text"
_PAPER = "by?:text minutes?:sha"
_RUN = "run?:int within?:int inputs?:sha"

_FACTS: Mapping[str, str] = {
    "allotment.ask": "per_review:int at_most:int",
    "allotment.carry_out": "added:int dropped:int reviews:int",
    "allotment.propose": "added:int dropped:int short:int",
    "amendment.propose": _VERSIONS,
    "amendment.record": _VERSIONS,
    "amendment.withdraw": _VERSIONS,
    "appeal.add_panelists": "panel:int",
    "appeal.admit": "panel:int",
    "appeal.correct": "measures:texts",
    "appeal.decide_follow_up": "key:text decision:text",
    "appeal.escalate": _LATE,
    "appeal.follow_ups": "follow_ups:int",
    "appeal.remind": _REMIND,
    "appeal.uphold": "new_review:int",
    "application.attach": "attachment:int sha256:sha",
    "application.check": "findings:texts",
    "application.conclude": "findings:texts",
    "application.escalate": _LATE,
    "application.letter": "kind:text number:text sha256:sha template:sha about:text about_id:int",
    "application.opine": "party:text agrees:bool document_number:text",
    "application.receive": "kind:text code:text?",
    "application.refuse": "barred:texts",
    "application.register": "kind:text name:text document_number:text code?:text opened_on?:day round?:int? "
    "changes?:words closed_on?:day",
    "application.remind": _REMIND,
    "application.vote": "approved:bool minutes_number:text",
    "assignment.extend": "what:text until:day",
    "assignment.remind": _REMIND,
    "calendar.enter": "year:int days_off:texts workdays:texts",
    "challenge.escalate": _LATE,
    "challenge.lodge": "measure:text review:int",
    "challenge.reject": "measure:text",
    "challenge.remind": _REMIND,
    "challenge.uphold": "measure:text",
    "closing.decide": "decision:text document_number:text",
    "closing.escalate": _LATE,
    "closing.propose": "grounds:text rectification?:int years?:int through?:int",
    "closing.remind": _REMIND,
    "closing.vote": "approved:bool minutes_number:text",
    "closing_appeal.add_panelists": "panel:int",
    "closing_appeal.admit": "panel:int",
    "closing_appeal.escalate": _LATE,
    "closing_appeal.lodge": "proposal:int",
    "closing_appeal.remind": _REMIND,
    "correction.decide_follow_up": "key:text decision:text",
    "correction.follow_ups": "follow_ups:int",
    "correction.open": "new_review:int state:text measures:texts",
    "cycle.create": "rounds:int",
    "cycle.place": "specialties:int round?:int",
    "demo.begin": "seed:int city:text schools:int specialties:int",
    "demo.step": "step:text",
    "designation.grant": "kind:text document_number:text",
    "designation.keep": "kind:text document_number:text",
    "designation.propose": "kind:text",
    "designation.refuse": "kind:text",
    "designation.reinstate": "kind:text",
    "designation.reopen": "kind:text",
    "designation.review": "kind:text lost_by?:int",
    "designation.target": "edition:int targets:targets document_number:text",
    "designation.withdraw": "kind:text document_number:text",
    "document.issue": "kind:text number:text sha256:sha template:sha about:text about_id:int",
    "document.number": "kind:text form:text last?:int",
    "document.upload": "kind:text version:int sha256:sha",
    "document.withdraw": "kind:text version:int sha256:sha?",
    "evidence.attach": "attachment:int measure:text sha256:sha",
    "evidence.save": "reported:int",
    "expert.add": "fields:texts at_most:int?",
    "expert.change": "fields:texts at_most:int?",
    "expert.declare": "kind:text",
    "expert.end": "last_day:day",
    "figures.record": "year:int measures:texts",
    "group.create": "version:int lead:text specialties:texts",
    "group.revise": "version:int lead:text specialties:texts",
    "installation.begin": "city:text",
    "intake.catalogue": _LOADED,
    "intake.committee": _LOADED,
    "intake.figures": f"{_LOADED} gone?:int",
    "intake.jurisdictions": _LOADED,
    "intake.organisations": _LOADED,
    "intake.people": _LOADED,
    "intake.quotas": _LOADED,
    "intake.ratings": _LOADED,
    "intake.schools": _LOADED,
    "intake.specialties": _LOADED,
    "intake.standings": _LOADED,
    "letter_batch.ask": "letters:int",
    "letter_batch.make": "letters:int sha256:sha",
    "item.cast": "sealed:text",
    "item.close": _PAPER,
    "item.conflict": "item_void:bool review:text",
    "item.vote": _PAPER,
    "key.create": "label:text",
    "list.approve": "kind:text number:int document_number:text digest:sha",
    "list.build": "kind:text number:int looked_at:int named:int digest:sha",
    "list.exempt": "level:text code:text digest:sha",
    "list.publish": "kind:text year:int document_number:text entries:int exempt:int digest:sha",
    "list.relist": "level:text code:text digest:sha",
    "list.supersede": "by?:int kind?:text number?:int year?:int?",
    "material.check": "clear?:int found?:int unchecked?:int",
    "material.release": "attachment:int",
    "meeting.attend": "present:int",
    "meeting.create": "items:int",
    "meeting.list": "items:int",
    "meeting.minutes": "minutes:int sha256:sha",
    "meeting.waive": "sector:text",
    "member.appoint": "sector:text substitute:bool",
    "member.end": "last_day:day",
    "objection.escalate": _LATE,
    "objection.remind": _REMIND,
    "objection.uphold": "evidence_was_wrong:bool measures:texts",
    "plan.adjust": "code:text from:int to:int",
    "plan.approve": "academic_year:int number:int document_number:text students:int",
    "plan.cap": "caps:counts",
    "plan.draft": "academic_year:int number:int lines:int",
    "plan.return": "academic_year:int number:int",
    "plan.submit": "academic_year:int number:int",
    "plan.supersede": "by:int",
    "policy.import": "id:text version:text digest:sha",
    "publication.approve": "digest:sha",
    "publication.draft": "entries:int digest:sha",
    "publication.erratum": "erratum:int",
    "publication.open": "digest:sha seal_head:text entries:int",
    "publication.remind": _REMIND,
    "rectification.carry": "review:int until?:day recheck_from?:day",
    "rectification.escalate": _LATE,
    "rectification.extend": "until:day recheck_from:day",
    "rectification.plan": "version:int digest:sha milestones:int",
    "rectification.prove": "milestone:text version:int attachment?:int sha256?:sha digest?:sha",
    "rectification.remind": _REMIND,
    "report.ask": "kind:text reader:text year:int period:text",
    "report.make": "docx?:sha html?:sha xlsx?:sha",
    "review.accept": "unsupported:texts",
    "review.acknowledge": "preview_until?:day",
    "review.confirm": "rating:text cause:text publication:int document_number:text valid_from:day replaces?:int",
    "review.decide": _PAPER,
    "review.deem_served": "served_on:day",
    "review.escalate": _LATE,
    "review.extend": "until:day what?:text",
    "review.invite_experts": "experts:int",
    "review.open_again": "replaces:int state:text",
    "review.pass": "unsupported?:texts",
    "review.publicise": "publication:int",
    "review.remind": _REMIND,
    "review.reopen": "objection:int",
    "review.rescore": _RUN,
    "review.return": "fields:texts",
    "review.score": _RUN,
    "review.spread": "measure:text scores:int above:text",
    "review.submit": "version:int digest:sha county_until?:day",
    "review.name_visitors": "visitors:int until:day",
    "review.take_over": "county_had_until?:day",
    "review.visit": "version:int in_their_place:bool",
    "review.void_decision": "item:int",
    "review.vote_to_rescind": "approved:bool minutes_number:text",
    "role.end": "role:text at_once:bool last_day:day",
    "role.grant": "role:text organisation_id:int",
    "round.blind": "blind:bool",
    "round.extend": "phase:text until:day",
    "round.remind": "reviews:int what?:text until?:day days_left?:int whose?:text text?:text",
    "round.score_run": "run:int scored:int set_aside:int went_on:int inputs?:sha",
    "round.simulate": "policy:sha run:int? inputs:sha seed:int draws:int",
    "sheet.open": "challenge_until:day",
    "specialty.change": "opened_on?:change partner?:change name?:change kind?:change run_by?:change "
    "state_controlled?:change",
    "specialty.succeed": "act:text document_number:text succession?:int from?:text to?:text effective_on?:day",
    "standing.close": "cause:text students:int",
    "standing.merge": "into:text succession:int",
    "standing.rate": "academic_year:int cause:text step:int",
    "standing.restore": "cause:text rectification?:int academic_year?:int step?:int",
    "standing.step": "academic_year:int cause:text step:int",
    "succession.propose": _SUCCESSION,
    "succession.record": _SUCCESSION,
    "succession.withdraw": _SUCCESSION,
    "support.grant": "support:text academic_year:int document_number:text amount:text?",
    "teach_out.count": "number:int students:int",
    "webhook.change": "key:int",
    "webhook.create": "key:int",
    "webhook.disable": "key:int for:text",
    "webhook.enable": "key:int from_now:bool",
    "webhook.end": "key:int",
    "webhook.rotate": "key:int",
    "webhook.test": "key:int",
}  # fmt: skip


def facts_schema(kind: str) -> Json:
    """JSON Schema of what an event of this kind tells beside the rest."""
    properties, required = dict[str, Json](), list[str]()
    for part in _FACTS.get(kind, "").split():
        name, _, type_ = part.partition(":")
        properties[name.removesuffix("?")] = _typed(type_)
        required += [] if name.endswith("?") else [name]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _typed(type_: str) -> Json:
    schema = _TYPES[type_.removesuffix("?")]
    return {"anyOf": [schema, {"type": "null"}]} if type_.endswith("?") else schema


TOLD = frozenset(_FACTS)
"""The kinds that have any."""
