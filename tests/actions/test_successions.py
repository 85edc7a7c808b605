"""What was merged, split, renamed, moved or mapped: codes lead on, the worse rating stays, and two people say so."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import CITY, OTHER_COUNTY, make_cycle, make_specialty, open_round
from factories_consequences import (
    add_other_city,
    appeal_heard,
    approved,
    events,
    lines,
    make_confirmed,
    on,
    overturn,
    standings,
)
from factories_deliberation import REGULAR, Sitting, close_item, convene, publicise, refused, serve
from racing import Act as Act_
from racing import at_once
from specialty_eval.actions import (
    intake,
    plans,
    publications,
    ratings,
    registry,
    status,
    statuses,
    successions,
    superseding,
)
from specialty_eval.actions import standings as years
from specialty_eval.actions.context import SETTLES, Context
from specialty_eval.actions.paging import Page
from specialty_eval.actions.successions import NewSuccession
from specialty_eval.actions.superseding import Corrected
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Refusal
from specialty_eval.engine.succession import Act, Subject, Wanted
from specialty_eval.store import simulations
from specialty_eval.store.base import make_engine
from specialty_eval.store.outcomes import RatingInForce, Rectification
from specialty_eval.store.registry import CatalogueEdition, CatalogueEntry, Specialty, SpecialtyCode
from specialty_eval.store.reviews import Review
from specialty_eval.store.successions import Succession

DOCUMENT = "示例教〔2026〕30号"
ROBOTS, MECHANICS = "机器人", "机电"


@pytest.fixture
def s(session: Session) -> Sitting:
    """one-a is green, two-a yellow, city-a red, one-b unrated; 100 places and 110 rooms each; early summer of 2026."""
    return make_confirmed(session)


def code(s: Sitting, short: str) -> str:
    """Its present code."""
    found = sa.select(SpecialtyCode.code).where(
        SpecialtyCode.specialty_id == s.city.specialties[short], SpecialtyCode.valid_to.is_(None)
    )
    return s.session.scalars(found).one()


def new(
    s: Sitting, subject: Subject, act: Act, *wanted: Wanted, keeps: str = "", day: date | None = None
) -> NewSuccession:
    return NewSuccession(subject, act, day or s.as_("auditor").today, "示例：专业布局调整", DOCUMENT, wanted, keeps)


def specialties(s: Sitting, act: Act, *wanted: Wanted, keeps: str = "", day: date | None = None) -> NewSuccession:
    return new(s, Subject.SPECIALTY, act, *wanted, keeps=keeps, day=day)


def recorded(s: Sitting, proposal: NewSuccession) -> Succession:
    made = successions.propose(s.as_("secretary"), proposal)
    return successions.record(s.as_("bureau-approver"), made.id)


def merged(s: Sitting, short: str, into: str, keeps: str = "") -> Succession:
    return recorded(s, specialties(s, Act.MERGED, Wanted(code(s, short), into=code(s, into)), keeps=keeps))


def codes(act: Callable[[], object], kind: type[Refusal] = NotNow) -> list[str]:
    return [found for found, _ in refused(kind, act)]


def leads(s: Sitting, of: str) -> str:
    return status.present(s.city.nobody(), of).code


# --- codes lead on ---------------------------------------------------------------------------------------------------


def test_a_renamed_one_is_the_same_and_every_code_it_had_leads_to_the_last(s: Sitting) -> None:
    first = code(s, "one-a")
    recorded(s, specialties(s, Act.RENAMED, Wanted(first, direction=ROBOTS)))
    second = code(s, "one-a")
    s.city.wait(30)
    recorded(s, specialties(s, Act.RENAMED, Wanted(second, direction=MECHANICS, name="示例机电技术")))

    third = code(s, "one-a")
    assert (second, third) == (f"{first}-{ROBOTS}", f"{first}-{MECHANICS}")
    assert [leads(s, one) for one in (first, second, third)] == [third] * 3
    told = status.of(s.city.nobody(), first)
    assert (told.rating, told.name, told.code) == ("green", "示例机电技术", third)
    assert [line.line.to_code for line in successions.history(s.city.nobody(), first)[1]] == [second, third]
    row, known = registry.specialty(s.city.nobody(), first)
    assert [one.code for one in known] == [third, second, first]
    assert row.direction == MECHANICS
    [_, event] = events(s, "specialty.succeed")
    assert (event.audience, event.specialty_id, event.facts["document_number"]) == (
        "public", s.city.specialties["one-a"], DOCUMENT,
    )  # fmt: skip


def test_a_moved_one_is_its_new_schools_in_the_same_second(s: Sitting) -> None:
    recorded(s, specialties(s, Act.MOVED, Wanted(code(s, "one-b"), school="3637000002")))

    assert code(s, "one-b") == "3637000002-660103"
    key = s.reviews["one-b"]
    with pytest.raises((NotYou, NotFound)):
        ratings.receive(s.as_("head-one"), key)
    assert ratings.receive(s.as_("head-two"), key).served_at == s.city.now


def test_a_code_that_somebody_has_or_had_is_not_given_again(s: Sitting) -> None:
    first = code(s, "one-a")
    move = specialties(s, Act.MOVED, Wanted(code(s, "two-a"), school="3637000001"))
    assert codes(lambda: successions.propose(s.as_("secretary"), move)) == ["code-in-use"]
    recorded(s, specialties(s, Act.RENAMED, Wanted(first, direction=ROBOTS)))
    back = specialties(s, Act.RENAMED, Wanted(code(s, "one-a"), direction=""))
    assert codes(lambda: successions.propose(s.as_("secretary"), back)) == ["code-in-use"]


# --- mergers ---------------------------------------------------------------------------------------------------------


def test_after_a_merger_the_worse_rating_stays_with_its_standing_its_mending_and_both_places(s: Sitting) -> None:
    on(s, 2026, 9, 2)
    years.begin_year(s.as_("planner"), 2026)
    two, before = code(s, "two-a"), s.city.now
    assert standings(s)["one-a"] == "supported"
    s.city.wait(1)
    made = merged(s, "two-a", "one-a")

    now, then = (status.of(s.city.nobody(), two, known_at=at) for at in (None, before))
    assert (now.code, now.rating, now.rating_year, now.standing) == (code(s, "one-a"), "yellow", 2025, "restricted")
    assert (then.rating, now.valid_from) == ("green", made.effective_on)
    day_before = made.effective_on - timedelta(days=1)
    own = status.of(s.city.nobody(), two, valid_at=day_before)
    assert (own.code, own.name, own.rating, own.closed_on) == (two, own.name, "yellow", made.effective_on)
    assert own.rating_year == 2025
    named = status.present(s.city.nobody(), two, day_before)
    assert (named.code, named.part_of, named.is_closed) == (two, code(s, "one-a"), False)
    assert next(row.rating for row in ratings.history(s.city.nobody(), named.id)) == "yellow"
    assert status.of(s.city.nobody(), two, valid_at=made.effective_on).code == code(s, "one-a")
    assert status.of(s.city.nobody(), code(s, "one-a"), valid_at=day_before).rating == "green"
    assert standings(s)["two-a"] == "closed"
    both = statuses.of_ids(s.city.nobody(), [s.city.specialties[short] for short in ("one-a", "two-a")])
    assert [told.status.quota[2025] for told in both] == [200, 0]  # whoever adds up the list counts no place twice
    [mending] = s.session.scalars(sa.select(Rectification).where(Rectification.rating == "yellow"))
    assert (mending.specialty_id, mending.state, mending.review_id) == (
        s.city.specialties["one-a"], "due", s.reviews["two-a"],
    )  # fmt: skip
    [line] = successions.lines(s.city.nobody(), [made])[made.id]
    assert (line.carried, line.quota, line.quota_year) == ("yellow", 200, 2025)
    [place] = simulations.last_quotas(s.session, [code(s, "one-a")], 2027)
    assert (place.quota, place.capacity) == (200, 220)
    on(s, 2027, 4, 1)
    found = lines(s, plans.draft(s.as_("planner"), 2027).id)
    assert "two-a" not in found
    assert (found["one-a"].base, found["one-a"].quota, found["one-a"].capacity) == (200, 140, 220)


def test_the_history_is_read_from_both_sides(s: Sitting) -> None:
    was = code(s, "two-a")
    merged(s, "two-a", "one-a")

    for asked in (was, code(s, "one-a")):
        [told] = successions.history(s.city.nobody(), asked)[1]
        assert (told.line.from_code, told.line.to_code, told.line.act) == (was, code(s, "one-a"), "merged")
        assert [(r.rating.value, r.year) for r in told.ratings] == [("yellow", 2025)]


def test_a_chain_of_mergers_leads_to_its_end(s: Sitting) -> None:
    first, second = code(s, "two-a"), code(s, "one-a")
    merged(s, "two-a", "one-a")
    s.city.wait(40)
    merged(s, "one-a", "city-a")

    assert {leads(s, one) for one in (first, second)} == {code(s, "city-a")}
    assert status.of(s.city.nobody(), first).rating == "red"
    assert len(successions.history(s.city.nobody(), first)[1]) == 2


def test_between_two_mergers_a_code_names_what_it_was_part_of_then(s: Sitting) -> None:
    shorts = ("one-b", "one-a", "two-a")  # unrated, green, yellow
    first, second, last = (code(s, short) for short in shorts)
    s.city.wait(1)
    days = [merged(s, "one-b", "one-a").effective_on]
    s.city.wait(40)
    days.append(merged(s, "one-a", "two-a").effective_on)

    one = timedelta(days=1)
    for day, names, part_of in (
        (days[0] - one, first, last), (days[0], second, last), (days[1] - one, second, last), (days[1], last, None),
    ):  # fmt: skip
        present = status.present(s.city.nobody(), first, day)
        assert (present.code, present.part_of) == (names, part_of)
        rating = {first: "unrated", second: "green", last: "yellow"}[names]
        assert status.of(s.city.nobody(), first, valid_at=day).rating == rating
    assert status.present(s.city.nobody(), second, days[0]).code == second
    assert leads(s, first) == last


def test_the_committee_may_keep_another_of_their_ratings(s: Sitting) -> None:
    wanted = Wanted(code(s, "city-a"), into=code(s, "one-a"))
    odd = specialties(s, Act.MERGED, wanted, keeps="yellow")
    assert codes(lambda: successions.propose(s.as_("secretary"), odd)) == ["rating-of-no-part"]
    merged(s, "city-a", "one-a", keeps="green")

    told = status.of(s.city.nobody(), code(s, "one-a"))
    assert told.rating == "green"
    [gone] = s.session.scalars(sa.select(Rectification).where(Rectification.rating == "red"))
    assert gone.state == "superseded"


def test_a_red_ones_steps_go_on_where_they_were(s: Sitting) -> None:
    """A year after its rating the red one is at its second step; merging makes it no first again."""
    approved(s, 2026)
    on(s, 2026, 9, 2)
    years.begin_year(s.as_("planner"), 2026)
    assert standings(s)["city-a"] == "phasing_out"
    on(s, 2027, 3, 1)
    merged(s, "city-a", "one-a")
    assert standings(s)["one-a"] == "phasing_out"

    line = lines(s, plans.draft(s.as_("planner"), 2027).id)["one-a"]
    assert (line.step, line.quota, line.standing) == (2, 0, "suspended")
    on(s, 2027, 9, 2)
    years.begin_year(s.as_("planner"), 2027)
    assert standings(s)["one-a"] == "suspended"


def test_the_next_review_takes_the_place_of_what_went_over(s: Sitting) -> None:
    s.city.wait(1)
    merged(s, "two-a", "one-a")
    key = s.city.specialties["one-a"]
    held = [r for r in ratings.history(s.city.nobody(), s.city.specialties["one-a"]) if r.known_to is None]
    assert [(r.rating.value, r.review_id, r.valid_to is None) for r in held] == [
        ("green", s.reviews["one-a"], False), ("yellow", s.reviews["two-a"], True),
    ]  # fmt: skip
    opened = open_round(s.city, make_cycle_without(s, {"two-a"}, 2027))
    assert opened["one-a"]
    assert s.session.scalars(sa.select(Review.specialty_id).where(Review.id == opened["one-a"])).one() == key


def make_cycle_without(s: Sitting, gone: set[str], year: int) -> int:
    for short in gone:
        del s.city.specialties[short], s.city.codes[short]
    return make_cycle(s.city, year=year)


# --- splitting, schools, the catalogue -------------------------------------------------------------------------------


def test_a_part_that_is_split_off_is_as_old_and_as_red_as_what_it_came_out_of(s: Sitting) -> None:
    of = code(s, "city-a")
    recorded(s, specialties(s, Act.SPLIT, Wanted(of, direction=ROBOTS), Wanted(of, direction=MECHANICS)))

    for direction in (ROBOTS, MECHANICS):
        told = status.of(s.city.nobody(), f"{of}-{direction}")
        assert (told.rating, told.document_number) == ("red", "示例评〔2026〕1号")
        [line] = successions.history(s.city.nobody(), f"{of}-{direction}")[1]
        assert (line.line.from_code, line.line.carried) == (of, "red")
    opened = s.session.scalars(sa.select(Specialty.opened_on).where(Specialty.direction.in_([ROBOTS, MECHANICS])))
    assert set(opened) == {s.session.get_one(Specialty, s.city.specialties["city-a"]).opened_on}
    assert leads(s, of) == of
    assert len(successions.history(s.city.nobody(), of)[1]) == 2


def test_a_school_with_another_code_takes_its_specialties_along(s: Sitting) -> None:
    before = [code(s, short) for short in ("one-a", "one-b")]
    recorded(s, new(s, Subject.SCHOOL, Act.RENAMED, Wanted("3637000001", code="3637000009", name="示例职教中心")))

    assert [leads(s, one) for one in before] == ["3637000009-710201", "3637000009-660103"]
    assert registry.school(s.city.nobody(), "3637000001").name == "示例职教中心"
    assert status.of(s.city.nobody(), before[0]).school == "示例职教中心"
    again = new(s, Subject.SCHOOL, Act.RENAMED, Wanted("3637000002", code="3637000001"))
    assert codes(lambda: successions.propose(s.as_("secretary"), again)) == ["code-in-use"] * 2


OPENS = date(2027, 9, 1)


def registered_for_later(s: Sitting, school: str, entry: str, short: str) -> int:
    """A specialty on record that opens next September, as an application or a file puts it there."""
    taught = s.session.scalars(sa.select(CatalogueEntry).where(CatalogueEntry.code == entry)).one()
    key, made = make_specialty(s.session, school_id=s.city.schools[school], entry=taught, opened_on=OPENS)
    s.city.specialties[short], s.city.codes[short] = key, made
    return key


def spans(s: Sitting, key: int) -> list[tuple[str, date, date | None]]:
    found = sa.select(SpecialtyCode).where(SpecialtyCode.specialty_id == key).order_by(SpecialtyCode.valid_to)
    return [(row.code, row.valid_from, row.valid_to) for row in s.session.scalars(found)]


def test_what_is_registered_for_later_goes_along_with_its_school(s: Sitting) -> None:
    """One opens next September, one closes then: neither holds a new name up, and the papers' code leads on."""
    key = registered_for_later(s, "two", "660103", "new")
    closing = s.session.get_one(Specialty, s.city.specialties["two-a"])
    closing.closed_on = OPENS
    recorded(s, new(s, Subject.SCHOOL, Act.RENAMED, Wanted("3637000002", code="3637000009", name="示例职教中心")))

    now, was = "3637000009-660103", "3637000002-660103"
    assert spans(s, key) == [(was, OPENS, OPENS), (now, OPENS, None)]
    assert leads(s, was) == now
    assert (code(s, "two-a"), closing.closed_on) == ("3637000009-710201", OPENS)
    s.city.wait(1)
    recorded(s, specialties(s, Act.SPLIT, Wanted(now, direction=ROBOTS)))  # what is split off opens then too
    [(opened, given)] = s.session.execute(
        sa.select(Specialty.opened_on, SpecialtyCode.valid_from)
        .join(SpecialtyCode)
        .where(Specialty.direction == ROBOTS)
    )
    assert (opened, given) == (OPENS, OPENS)


def test_one_that_never_opened_becomes_part_of_another_and_one_to_open_opens_with_what_comes(s: Sitting) -> None:
    taken = registered_for_later(s, "two", "660103", "new")  # one-b is open at the first school
    today = s.as_("auditor").today
    recorded(s, new(s, Subject.SCHOOL, Act.MERGED, Wanted("3637000001", into="3637000002")))
    opened = s.session.get_one(Specialty, taken, populate_existing=True)
    assert (opened.opened_on, spans(s, taken)) == (today, [("3637000002-660103", today, None)])
    assert leads(s, s.city.codes["one-b"]) == "3637000002-660103"

    never = registered_for_later(s, "city", "660103", "never")
    s.city.wait(1)
    recorded(s, new(s, Subject.SCHOOL, Act.MERGED, Wanted("3637000003", into="3637000002")))
    assert s.session.get_one(Specialty, never, populate_existing=True).closed_on == OPENS
    assert leads(s, s.city.codes["never"]) == "3637000002-660103"
    [told] = statuses.of_ids(s.city.nobody(), [never])
    assert (told.part_of, told.status.standing) == ("3637000002-660103", "closed")


def test_nothing_becomes_part_of_what_closes_and_nothing_is_split_off_it(s: Sitting) -> None:
    s.session.get_one(Specialty, s.city.specialties["one-a"]).closed_on = OPENS
    s.session.flush()
    one, two = code(s, "one-a"), code(s, "two-a")
    for proposal in (
        specialties(s, Act.MERGED, Wanted(two, into=one)),
        specialties(s, Act.SPLIT, Wanted(one, direction=ROBOTS)),
    ):
        assert codes(lambda p=proposal: successions.propose(s.as_("secretary"), p)) == ["succession-of-a-closed-one"]  # type: ignore[misc]  # bound now


def test_files_use_no_former_code_of_a_school(s: Sitting) -> None:
    recorded(s, new(s, Subject.SCHOOL, Act.RENAMED, Wanted("3637000001", code="3637000009")))
    schools = "code,scheme,name,kind,run_by,jurisdiction_code\n3637000001,education,示例,secondary,county,371402\n"
    taught = "school_code,catalogue_code,opened_on\n3637000001,710201,2026-09-01\n"
    for kind, content, expected in (
        ("schools", schools, {"school-code-superseded"}),
        ("specialties", taught, {"school-unknown", "school-code-superseded"}),
    ):
        with pytest.raises(Invalid) as caught:
            intake.load(s.as_("administrator"), kind, content.encode(), intake.CSV)
        assert {p.code for p in caught.value.problems} <= expected


def test_merged_schools_merge_what_both_teach(s: Sitting) -> None:
    two, other = code(s, "two-a"), code(s, "one-b")
    recorded(s, new(s, Subject.SCHOOL, Act.MERGED, Wanted("3637000001", into="3637000002")))

    assert leads(s, other) == "3637000002-660103"
    assert leads(s, s.city.codes["one-a"]) == two
    assert status.of(s.city.nobody(), two).rating == "yellow"
    assert registry.school(s.city.nobody(), "3637000001").code == "3637000002"
    assert [row.code for row in registry.schools(s.city.nobody(), Page(9), county=None, kind=None)[0]] == [
        "3637000002", "3637000003",
    ]  # fmt: skip


def test_a_school_that_moves_is_checked_by_its_new_county_and_one_that_splits_leaves_some_behind(s: Sitting) -> None:
    recorded(s, new(s, Subject.SCHOOL, Act.MOVED, Wanted("3637000001", county=OTHER_COUNTY)))
    assert registry.school(s.city.nobody(), "3637000001").jurisdiction.code == OTHER_COUNTY
    part = Wanted("3637000001", into="3637000003", specialties=(code(s, "one-b"),))
    recorded(s, new(s, Subject.SCHOOL, Act.SPLIT, part))
    assert code(s, "one-b") == "3637000003-660103"
    assert code(s, "one-a") == "3637000001-710201"


def test_a_new_catalogue_maps_an_entry_for_every_school_of_the_city(s: Sitting) -> None:
    edition = CatalogueEdition(code="2028-01", title="示例新目录", source="test", loaded_at=s.city.now)
    s.session.add(edition)
    s.session.flush()
    s.session.add(CatalogueEntry(edition_id=edition.id, code="710299", name="智能应用技术", level="secondary",
                                 class_code="71", class_name="电子与信息大类", subclass_code="7102",
                                 subclass_name="计算机类", state_controlled=True, first_in="2028"))  # fmt: skip
    s.session.flush()
    before = {short: code(s, short) for short in ("one-a", "two-a", "city-a")}
    recorded(s, new(s, Subject.CATALOGUE, Act.MAPPED, Wanted("2025-12/710201", into="2028-01/710299")))

    for short, was in before.items():
        assert leads(s, was) == code(s, short) == was.replace("710201", "710299")
    row, _ = registry.specialty(s.city.nobody(), before["one-a"])
    assert (row.name, row.catalogue_edition, row.state_controlled) == ("智能应用技术", "2028-01", True)


# --- refusals --------------------------------------------------------------------------------------------------------


def test_nothing_is_succeeded_under_a_review_or_an_appeal_and_everything_is_said_at_once(s: Sitting) -> None:
    open_round(s.city, make_cycle(s.city, year=2027))
    wanted = Wanted(code(s, "two-a"), into=code(s, "one-a"))
    early = specialties(s, Act.MERGED, wanted, day=date(2010, 1, 1))
    found = refused(
        NotNow, lambda: successions.propose(s.as_("secretary"), replace(early, reason=" ", document_number=""))
    )
    assert sorted(found) == sorted([
        ("reason-missing", "reason"), ("document-number-missing", "document_number"),
        *((problem, f"specialties.{code(s, short)}") for short in ("one-a", "two-a")
          for problem in ("specialty-under-review", "succession-before-its-code")),
    ])  # fmt: skip


def test_no_merger_while_a_rating_of_either_is_under_appeal(s: Sitting) -> None:
    appeal_heard(s, "two-a")
    proposal = specialties(s, Act.MERGED, Wanted(code(s, "two-a"), into=code(s, "one-a")))
    assert codes(lambda: successions.propose(s.as_("secretary"), proposal)) == ["appeal-open"]


def test_what_a_succession_can_be_is_said_before_anything_is_looked_up(s: Sitting) -> None:
    one = code(s, "one-a")
    for proposal, expected in (
        (new(s, Subject.CATALOGUE, Act.SPLIT, Wanted("x")), ["succession-of-no-kind"]),
        (specialties(s, Act.MERGED), ["succession-lines-out-of-range"]),
        (specialties(s, Act.MERGED, Wanted(one)), ["succession-line-lacks"]),
        (specialties(s, Act.RENAMED, Wanted(one, name="x", into="y")), ["succession-line-says-too-much"]),
        (specialties(s, Act.RENAMED, Wanted(one, name="x"), Wanted(one, name="y")), ["succession-twice-of-one"]),
    ):
        assert codes(lambda p=proposal: successions.propose(s.as_("secretary"), p), Invalid) == expected  # type: ignore[misc]  # bound now
    for proposal, expected in (
        (specialties(s, Act.MERGED, Wanted(one, into=one)), ["succession-into-itself", "succession-into-what-ends"]),
        (specialties(s, Act.MERGED, Wanted("nobody", into=one)), ["not-found"]),
        (specialties(s, Act.RENAMED, Wanted(one, catalogue_code="799999")), ["catalogue-code-unknown"]),
        (specialties(s, Act.MOVED, Wanted(one, school="3637999999")), ["not-found"]),
        (specialties(s, Act.RENAMED, Wanted(one, name="x"), keeps="red"), ["rating-kept-without-a-merger"]),
        (new(s, Subject.SCHOOL, Act.MOVED, Wanted("3637000001", county="370000")), ["jurisdiction-unknown"]),
    ):
        assert codes(lambda p=proposal: successions.propose(s.as_("secretary"), p)) == expected  # type: ignore[misc]  # bound now


def test_it_is_recorded_by_another_person_and_not_before_its_day(s: Sitting) -> None:
    day = s.as_("auditor").today + timedelta(days=60)
    proposal = specialties(s, Act.RENAMED, Wanted(code(s, "one-a"), direction=ROBOTS), day=day)
    made = successions.propose(s.as_("secretary"), proposal)
    assert codes(lambda: successions.record(s.as_("bureau-approver"), made.id)) == ["succession-not-yet"]
    for who in ("secretary", "administrator", "planner"):
        with pytest.raises((NotYou, NotFound)):
            successions.record(s.as_(who), made.id)
    with pytest.raises(NotFound):
        successions.read(s.city.nobody(), made.id)
    s.city.wait(60)
    successions.record(s.as_("bureau-approver"), made.id)
    assert successions.read(s.city.nobody(), made.id).state == "recorded"
    assert successions.listing(s.city.nobody(), Page(9), CITY)[0] == [made]


def test_another_citys_specialties_are_not_there(s: Sitting) -> None:
    add_other_city(s)
    s.session.execute(sa.text("UPDATE school SET city_code = '371500' WHERE code = '3637000002'"))
    proposal = specialties(s, Act.MERGED, Wanted(code(s, "two-a"), into=code(s, "one-a")))
    assert codes(lambda: successions.propose(s.as_("secretary"), proposal)) == ["not-found"]


def test_a_closed_one_and_one_of_another_level_are_succeeded_no_more(s: Sitting) -> None:
    entry = s.session.scalars(sa.select(CatalogueEntry).where(CatalogueEntry.code == "660103")).one()
    key, other = make_specialty(s.session, school_id=s.city.schools["two"], entry=entry)
    s.session.execute(sa.update(Specialty).where(Specialty.id == key).values(level="associate"))
    s.session.execute(
        sa.update(Specialty).where(Specialty.id == s.city.specialties["city-a"]).values(closed_on=date(2026, 1, 1))
    )
    for short, expected in ((other, "succession-other-level"), (code(s, "city-a"), "succession-of-a-closed-one")):
        proposal = specialties(s, Act.MERGED, Wanted(short, into=code(s, "one-a")))
        assert codes(lambda p=proposal: successions.propose(s.as_("secretary"), p)) == [expected]  # type: ignore[misc]  # bound now


def test_an_overturned_rating_is_overturned_where_it_went_too(s: Sitting) -> None:
    s.city.wait(1)
    merged(s, "two-a", "one-a")
    overturn(s, "two-a", "green")

    told = status.of(s.city.nobody(), s.city.codes["two-a"])
    assert (told.code, told.rating, told.document_number) == (code(s, "one-a"), "green", "示例评〔2026〕1号")
    assert s.session.scalars(sa.select(Rectification.state).where(Rectification.rating == "yellow")).all() == [
        "superseded"
    ]
    assert events(s, "specialty.succeed")[-1].specialty_id == s.city.specialties["one-a"]


def test_the_committee_may_decide_otherwise_also_after_the_merger(s: Sitting) -> None:
    """`after a merger the worse rating in force stays until the next review, unless the committee decides otherwise`
    (workflow.md): a decision that supersedes the one it rests on, made like any other, not a word in an office's act.
    """
    s.city.wait(1)
    merged(s, "two-a", "one-a")
    assert status.of(s.city.nobody(), code(s, "one-a")).rating == "yellow"
    before, why = s.city.now, "示例：合并后以优势专业为主"
    s.city.wait(30)
    made = superseding.correct(s.as_("bureau-approver"), s.reviews["two-a"], Corrected(why, "scored"))
    s.reviews["two-a"] = made.new_review_id
    told = status.of(s.city.nobody(), code(s, "one-a"))
    assert told.rating == "yellow"  # until the new decision is confirmed

    s.city.now += SETTLES
    convene(s, reviews=[made.new_review_id])
    s.vote("two-a", dict.fromkeys((login for login, _ in REGULAR), "green"), reason=why)
    close_item(s.as_("secretary"), s.items["two-a"], reason=why)
    number = publicise(serve(s))
    s.city.wait(30)
    publications.close(s.as_("secretary"), number)
    ratings.confirm(s.as_("bureau-approver"), number, "示例评〔2026〕8号")

    now, then = (status.of(s.city.nobody(), code(s, "one-a"), known_at=at) for at in (None, before))
    assert (now.rating, then.rating) == ("green", "yellow")
    assert events(s, "specialty.succeed")[-1].facts["act"] == "overturned"


@pytest.mark.parametrize("earlier", [None, "green", "red"])
def test_a_rating_of_the_day_of_the_merger_comes_back_when_the_worse_one_is_overturned(
    s: Sitting, earlier: str | None
) -> None:
    day = status.of(s.city.nobody(), s.city.codes["one-a"]).valid_from
    if earlier is not None:  # what its own ended that day stays ended
        s.session.add(RatingInForce(specialty_id=s.city.specialties["two-a"], rating=earlier, year=2022, reasons=[],
                                    document_number="", source="示例", valid_from=date(2023, 1, 1), valid_to=day,
                                    known_from=s.city.now))  # fmt: skip
    assert merged(s, "city-a", "two-a").effective_on == day
    overturn(s, "city-a", "green")

    told = status.of(s.city.nobody(), code(s, "two-a"))
    assert (told.rating, told.rating_year) == ("yellow", 2025)
    assert day is not None
    then = status.of(s.city.nobody(), code(s, "two-a"), valid_at=day - timedelta(days=1))
    assert then.rating == earlier
    row, _ = registry.specialty(s.city.nobody(), code(s, "two-a"))
    asked = sa.select(Rectification.rating).where(Rectification.state == "due", Rectification.specialty_id == row.id)
    assert s.session.scalars(asked).all() == ["yellow"]


def test_an_overturned_rating_that_is_worse_still_stays_where_it_went(s: Sitting) -> None:
    s.city.wait(1)
    merged(s, "two-a", "one-a")
    overturn(s, "two-a", "red")

    assert status.of(s.city.nobody(), code(s, "one-a")).rating == "red"


# --- at once ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(fresh_database: str) -> Iterator[Sitting]:
    engine = make_engine(fresh_database, pool_size=4)
    with Session(engine, expire_on_commit=False) as session:
        yield make_confirmed(session)
    engine.dispose()


def test_two_successions_of_one_at_once_happen_one_after_the_other(shared: Sitting) -> None:
    s = shared
    ways = [
        successions.propose(
            s.as_("secretary"), specialties(s, Act.MERGED, Wanted(code(s, "two-a"), into=code(s, into)))
        )
        for into in ("one-a", "city-a")
    ]
    s.session.commit()
    engine = s.session.get_bind()
    assert isinstance(engine, sa.Engine)

    def recording(made: Succession) -> tuple[Context, Act_]:
        return s.as_("bureau-approver"), lambda ctx: successions.record(ctx, made.id)

    said = at_once(engine, *map(recording, (*ways, ways[0])))

    assert said.count("done") == 1
    assert set(said) - {"done"} <= {"succession-of-a-closed-one", "step-not-open"}
    s.session.expire_all()
    closed = sa.select(sa.func.count()).where(Specialty.successor_id.is_not(None))
    assert s.session.scalar(closed) == 1
