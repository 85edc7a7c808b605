"""What a succession would do to which specialty, or everything that stands in its way: on record now."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from specialty_eval.engine.errors import Problem
from specialty_eval.engine.succession import Act, Subject, Wanted, shape_problems
from specialty_eval.store import registry, registry_queries, succession_queries
from specialty_eval.store.registry import CatalogueEntry, School
from specialty_eval.store.succession_queries import Key, Taught

from .context import Context


@dataclass(frozen=True, slots=True)
class Asked:
    """A succession as it was proposed."""

    city: str
    subject: Subject
    act: Act
    effective_on: date
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Become:
    """What a specialty is to be: at which school, under which code; `entry` None: off the catalogue, as it was."""

    taught: Taught
    school_id: int
    code: str
    catalogue_code: str
    direction: str
    name: str
    entry: CatalogueEntry | None


@dataclass(frozen=True, slots=True)
class Merge:
    """A specialty that becomes part of another."""

    taught: Taught
    into: Taught


@dataclass(frozen=True, slots=True)
class SchoolChange:
    """What becomes of a school."""

    school: School
    code: str = ""
    name: str = ""
    county: str = ""
    into: School | None = None


@dataclass(slots=True)
class Changes:
    """All of it, or why not."""

    renamed: list[Become] = field(default_factory=list)
    merged: list[Merge] = field(default_factory=list)
    split: list[Become] = field(default_factory=list)
    schools: list[SchoolChange] = field(default_factory=list)
    untouched: list[Taught] = field(default_factory=list)
    """Whose school changes, and nothing of themselves."""
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, code: str, where: str, **facts: object) -> None:
        """Something stands in the way."""
        self.problems.append(Problem(code, where, facts))

    @property
    def ids(self) -> list[int]:
        """Every specialty concerned."""
        found = {b.taught.id for b in (*self.renamed, *self.split)} | {t.id for t in self.untouched}
        return sorted(found | {m.taught.id for m in self.merged} | {m.into.id for m in self.merged})


def changes(ctx: Context, asked: Asked) -> Changes:
    """What the succession does, looked at under locks: nothing of it moves until the transaction ends."""
    made = Changes(problems=shape_problems(asked.subject, asked.act, asked.wanted))
    if made.problems:
        return made
    succession_queries.one_at_a_time(ctx.session, asked.city)
    match asked.subject:
        case Subject.SPECIALTY:
            _specialties(ctx, asked, made)
        case Subject.SCHOOL:
            _schools(ctx, asked, made)
        case Subject.CATALOGUE:
            _catalogue(ctx, asked, made)
    _refuse_what_is_held(ctx, asked, made)
    return made


# --- specialties -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """Where a specialty is to stand."""

    taught: Taught
    school: School | None
    entry: CatalogueEntry | None
    direction: str
    name: str
    where: str

    @property
    def catalogue_code(self) -> str:
        """As the entry has it; off the catalogue as it was."""
        return self.taught.catalogue_code if self.entry is None else self.entry.code

    @property
    def key(self) -> Key:
        """What makes it the same."""
        school = self.taught.school_id if self.school is None else self.school.id
        return school, self.catalogue_code, self.direction

    def code(self, school_code: str) -> str:
        """Its readable code."""
        return "-".join(part for part in (school_code, self.catalogue_code, self.direction) if part)


def _specialties(ctx: Context, asked: Asked, made: Changes) -> None:
    named = {line.of for line in asked.wanted} | {line.into for line in asked.wanted}
    known = _ours(succession_queries.by_code(ctx.session, named).values(), asked.city)
    schools = _schools_named(ctx, asked, {line.school for line in asked.wanted if line.school})
    entries = registry_queries.newest_entries(ctx.session, {w.catalogue_code for w in asked.wanted if w.catalogue_code})
    targets = []
    for number, line in enumerate(asked.wanted):
        where = f"lines[{number}]"
        taught = _found(made, known, line.of, f"{where}.of")
        if asked.act == Act.MERGED:
            into = _found(made, known, line.into, f"{where}.into")
            if taught is not None and into is not None:
                made.merged.append(Merge(taught, into))
            continue
        if line.catalogue_code and line.catalogue_code not in entries:
            made.wrong("catalogue-code-unknown", f"{where}.catalogue_code", value=line.catalogue_code)
        if line.school and line.school not in schools:
            made.wrong("not-found", f"{where}.school", kind="school", id=line.school)
        if taught is not None:
            direction = taught.direction if line.direction is None else line.direction
            entry = entries.get(line.catalogue_code)
            name = line.name or (taught.name if entry is None else entry.name)
            targets.append(Target(taught, schools.get(line.school), entry, direction, name, where))
    _same_level(made)
    _place(ctx, made, targets, may_merge=False, anew=asked.act == Act.SPLIT)


def _ours(found: Iterable[Taught], city: str) -> dict[str, Taught]:
    return {taught.code: taught for taught in found if taught.city == city}


def _found(made: Changes, known: Mapping[str, Taught], code: str, where: str) -> Taught | None:
    taught = known.get(code)
    if taught is None:
        made.wrong("not-found", where, kind="specialty", id=code)
    return taught


def _same_level(made: Changes) -> None:
    for merge in made.merged:
        if merge.taught.id == merge.into.id:
            made.wrong("succession-into-itself", f"specialties.{merge.taught.code}")
        if merge.taught.level != merge.into.level:
            made.wrong("succession-other-level", f"specialties.{merge.taught.code}", level=merge.into.level)
    ends = {merge.taught.id for merge in made.merged}
    for merge in made.merged:
        if merge.into.id in ends:
            made.wrong("succession-into-what-ends", f"specialties.{merge.into.code}")


def _place(ctx: Context, made: Changes, targets: Sequence[Target], *, may_merge: bool, anew: bool = False) -> None:
    """Each where it is to stand: under a code of its own, or part of what stands there already."""
    schools = {target.key[0] for target in targets}
    standing = {taught.key: taught for taught in succession_queries.at_schools(ctx.session, schools)}
    codes = {taught.school_id: taught.school_code for taught in standing.values()}
    codes |= {target.school.id: target.school.code for target in targets if target.school is not None}
    wanted = {target: target.code(codes[target.key[0]]) for target in targets}
    taken = registry_queries.codes_taken(ctx.session, list(wanted.values()))
    for target in sorted(targets, key=lambda target: target.taught.id):
        code, there = wanted[target], standing.get(target.key)
        if target.entry is not None and target.entry.level != target.taught.level:
            made.wrong("succession-other-level", target.where, level=target.entry.level)
        is_itself = there is not None and there.id == target.taught.id and not anew
        if there is not None and not is_itself and may_merge and there.closed_on is None:
            made.merged.append(Merge(target.taught, there))
        elif (there is not None and not is_itself) or (code in taken and code != target.taught.code):
            made.wrong("code-in-use", target.where, expected=code)
        else:
            become = Become(target.taught, target.key[0], code, target.catalogue_code, target.direction, target.name,
                            target.entry)  # fmt: skip
            (made.split if anew else made.renamed).append(become)
            standing[target.key] = target.taught


# --- schools ---------------------------------------------------------------------------------------------------------


def _schools_named(ctx: Context, asked: Asked, codes: Collection[str]) -> dict[str, School]:
    found = succession_queries.school_by_code(ctx.session, codes)
    return {code: row for code, row in found.items() if row.city_code == asked.city}


def _schools(ctx: Context, asked: Asked, made: Changes) -> None:
    named = {line.of for line in asked.wanted} | {line.into for line in asked.wanted if line.into}
    schools = _schools_named(ctx, asked, named)
    for number, line in enumerate(asked.wanted):
        where = f"lines[{number}]"
        school, into = schools.get(line.of), schools.get(line.into)
        if school is None:
            made.wrong("not-found", f"{where}.of", kind="school", id=line.of)
        if line.into and (into is None or into is school):
            made.wrong("not-found", f"{where}.into", kind="school", id=line.into)
        if school is None or (line.into and into is None):
            continue
        there = succession_queries.at_schools(ctx.session, [school.id])
        taught = [t for t in there if goes_on(t, max(asked.effective_on, ctx.today))]
        if into is not None:
            chosen = taught if asked.act == Act.MERGED else _chosen(made, line, taught, where)
            _place(ctx, made, [Target(t, into, None, t.direction, t.name, f"specialties.{t.code}") for t in chosen],
                   may_merge=asked.act == Act.MERGED)  # fmt: skip
            made.schools += [SchoolChange(school, into=into)] if asked.act == Act.MERGED else []
        else:
            _changed(ctx, asked, made, line, school, taught, where)


def _chosen(made: Changes, line: Wanted, taught: Sequence[Taught], where: str) -> list[Taught]:
    for code in sorted(set(line.specialties) - {t.code for t in taught}):
        made.wrong("not-found", f"{where}.specialties", kind="specialty", id=code)
    return [t for t in taught if t.code in line.specialties]


def _changed(
    ctx: Context, asked: Asked, made: Changes, line: Wanted, school: School, taught: Sequence[Taught], where: str
) -> None:  # fmt: skip
    """The school goes on under another code or name, or in another county."""
    if line.county:
        areas = registry_queries.areas(ctx.session)
        if line.county not in areas or areas[line.county].city != asked.city:
            made.wrong("jurisdiction-unknown", f"{where}.county", value=line.county)
    if line.code:
        if not line.code.isalnum() or (school.scheme == "education" and len(line.code) != len(school.code)):
            made.wrong("not-this-shape", f"{where}.code", value=line.code, expected=school.code)
        if succession_queries.school_codes_taken(ctx.session, [line.code]):
            made.wrong("code-in-use", f"{where}.code", expected=line.code)
    made.schools.append(SchoolChange(school, line.code, line.name, line.county))
    if not line.code:
        made.untouched += taught
        return
    for t in taught:
        code = "-".join(part for part in (line.code, t.catalogue_code, t.direction) if part)
        made.renamed.append(Become(t, school.id, code, t.catalogue_code, t.direction, t.name, None))
    for code in sorted(registry_queries.codes_taken(ctx.session, [become.code for become in made.renamed])):
        made.wrong("code-in-use", where, expected=code)


# --- the catalogue ---------------------------------------------------------------------------------------------------


def _catalogue(ctx: Context, asked: Asked, made: Changes) -> None:
    named = {line.of for line in asked.wanted} | {line.into for line in asked.wanted}
    entries = succession_queries.entries(ctx.session, named)
    for number, line in enumerate(asked.wanted):
        for end in ("of", "into"):
            if getattr(line, end) not in entries:
                made.wrong("not-found", f"lines[{number}].{end}", kind="catalogue_entry", id=getattr(line, end))
    if made.problems:
        return
    new = {entries[line.of].id: entries[line.into] for line in asked.wanted}
    taught = succession_queries.of_entries(ctx.session, asked.city, list(new))
    targets = [
        Target(t, None, new[entry], t.direction, new[entry].name, f"specialties.{t.code}")
        for entry, those in sorted(taught.items())
        for t in those
    ]
    _place(ctx, made, targets, may_merge=True)


# --- what holds it up ------------------------------------------------------------------------------------------------


def goes_on(taught: Taught, day: date) -> bool:
    """Whether it is there on that day: never closed, or later; one that opens later is there to be carried. What is
    part of another by now goes nowhere else, whenever it was to open.
    """
    return taught.closed_on is None or (taught.closed_on > day and taught.part_of is None)


def _refuse_what_is_held(ctx: Context, asked: Asked, made: Changes) -> None:
    """No succession while a review that rests on it is under way; no merger while a rating is under appeal.

    What is registered for later goes along: one that opens has its new code from its opening, one that closes keeps its
    day. Only nothing becomes part of what closes, and nothing is split off it.
    """
    known = {b.taught.id: b.taught for b in (*made.renamed, *made.split)} | {t.id: t for t in made.untouched}
    known |= {t.id: t for merge in made.merged for t in (merge.taught, merge.into)}
    registry.hold(ctx.session, sorted(known))
    reviews = succession_queries.held(ctx.session, sorted(known))
    merging = {t.id for merge in made.merged for t in (merge.taught, merge.into)}
    appealed = succession_queries.appealed(ctx.session, sorted(merging))
    day = max(asked.effective_on, ctx.today)  # what was closed since the day it is to hold from is closed
    to_last = {merge.into.id for merge in made.merged} | {become.taught.id for become in made.split}
    for key, taught in sorted(known.items()):
        where = f"specialties.{taught.code}"
        if taught.closed_on is not None and (key in to_last or not goes_on(taught, day)):
            made.wrong("succession-of-a-closed-one", where, day=taught.closed_on.isoformat())
        if key in reviews:
            made.wrong("specialty-under-review", where, review=reviews[key])
        if key in appealed:
            made.wrong("appeal-open", where)
        if asked.effective_on < taught.first_day <= ctx.today:
            made.wrong("succession-before-its-code", where, day=taught.first_day.isoformat())
