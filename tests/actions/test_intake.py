"""Files that are loaded: every problem at once, all of it or nothing, the same file twice as once."""

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import CITY, City, make_city, make_cycle, open_round
from small_policy import POLICY
from specialty_eval import reference
from specialty_eval.actions import cycles, intake, verification
from specialty_eval.actions.intake import CSV, Imported
from specialty_eval.engine.errors import Invalid, NotFound, NotYou, Refusal, TooLarge
from specialty_eval.store.accounts import CommitteeMember, Person, RoleGrant
from specialty_eval.store.base import Base
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcome_queries import ratings_of
from specialty_eval.store.outcomes import OpeningQuota, RatingInForce, Standing
from specialty_eval.store.registry import (
    CatalogueEntry,
    Intake,
    Jurisdiction,
    Organisation,
    School,
    Specialty,
    SpecialtyCode,
)
from specialty_eval.store.reviews import Figure
from specialty_eval.store.status_queries import rating_at

KEY = "school_code,catalogue_code,direction"
ONE_A = "3637000001,710201,"


@pytest.fixture
def city(session: Session) -> City:
    return make_city(session)


def load(city: City, kind: str, text: str | bytes, *, who: str = "administrator", **given: object) -> Imported:
    content = text.encode() if isinstance(text, str) else text
    return intake.load(city.as_(who), kind, content, CSV, **given)  # type: ignore[arg-type]


def refused(city: City, kind: str, text: str | bytes, **given: object) -> list[tuple[str, int, str]]:
    """(code, row, column) of every problem of a file that is refused; nothing is written."""
    before = counts(city.session)
    with pytest.raises(Invalid) as refusal:
        load(city, kind, text, **given)  # type: ignore[arg-type]
    assert counts(city.session) == before
    return told(refusal.value)


def told(refusal: Refusal) -> list[tuple[str, int, str]]:
    return [(p.code, p.facts["row"], p.facts["column"]) for p in refusal.problems]  # type: ignore[misc]


def counts(session: Session) -> dict[str, int]:
    models: tuple[type[Base], ...] = (
        Jurisdiction, Organisation, School, Specialty, SpecialtyCode, CatalogueEntry, Person, RoleGrant,
        CommitteeMember, RatingInForce, Standing, OpeningQuota, Figure, Intake, Event,
    )  # fmt: skip
    return {m.__tablename__: session.scalar(sa.select(sa.func.count()).select_from(m)) or 0 for m in models}


# --- reference data --------------------------------------------------------------------------------------------------


def test_the_catalogue_that_is_shipped_loads_whole_and_a_second_time_changes_nothing(city: City) -> None:
    content = reference.table("catalogue")
    assert load(city, "catalogue", content, edition="2025") == Imported("catalogue", 1490, 1490, 0, 0, False)
    before = counts(city.session)
    assert load(city, "catalogue", content, edition="2025") == Imported("catalogue", 1490, 0, 0, 1490, False)
    assert counts(city.session) == before


def test_an_entry_that_is_mended_is_changed_and_a_dry_run_changes_nothing(city: City) -> None:
    content = reference.table("catalogue")
    load(city, "catalogue", content, edition="2025")
    mended = content.decode("utf-8-sig").replace("种子生产技术", "种子生产与经营技术", 1)
    before = counts(city.session)
    assert load(city, "catalogue", mended, edition="2025", dry_run=True) == Imported(
        "catalogue", 1490, 0, 1, 1489, True
    )
    assert counts(city.session) == before
    assert load(city, "catalogue", mended, edition="2025").changed == 1
    names = city.session.scalars(sa.select(CatalogueEntry.name).where(CatalogueEntry.code == "610101")).all()
    assert names == ["种子生产与经营技术"]


def test_a_load_is_one_event_with_counts_and_the_hash_of_its_file(city: City) -> None:
    load(city, "organisations", "kind,code,name,jurisdiction_code\ndepartment,sport,示例体育局,371400\n")
    row = city.session.scalars(sa.select(Intake)).one()
    event = city.session.scalars(sa.select(Event).where(Event.kind == "intake.organisations")).one()
    assert (row.rows, row.new, row.changed, row.unchanged) == (1, 1, 0, 0)
    assert event.facts == {"rows": 1, "new": 1, "changed": 0, "unchanged": 0, "digest": row.digest, "of": ""}
    assert (event.subject_id, event.audience, event.actor_person_id) == (row.id, "office", city.people["administrator"])


def test_the_file_is_kept_under_its_hash(city: City) -> None:
    text = "kind,code,name,jurisdiction_code\ndepartment,sport,示例体育局,371400\n"
    load(city, "organisations", text)
    assert city.files.get(city.session.scalars(sa.select(Intake.digest)).one()) == text.encode()


def test_jurisdictions_load_in_any_order_and_their_tree_is_checked(city: City) -> None:
    head = "code,name,kind,parent_code\n"
    text = head + "371491,示例开发区,zone,371400\n380000,示例二省,province,\n380100,示例二市,city,380000\n"
    assert load(city, "jurisdictions", text).new == 3
    assert refused(
        city,
        "jurisdictions",
        "code,name,kind,parent_code\n381000,示例三市,city,371400\n390000,示例三省,province,370000\n371402,示例一区,zone,371400\n",
    ) == [
        ("parent-not-of-kind", 2, "parent_code"),
        ("parent-not-of-kind", 3, "parent_code"),
        ("row-conflicts", 4, "kind"),
    ]


def test_a_school_comes_with_the_organisation_its_people_belong_to(city: City) -> None:
    text = (
        "code,scheme,name,kind,run_by,jurisdiction_code\nJX0001,human_resources,示例技工学校,technician,city,371402\n"
    )
    assert load(city, "schools", text).new == 1
    row = city.session.scalars(sa.select(School).where(School.code == "JX0001")).one()
    assert (row.city_code, row.name) == (CITY, "示例技工学校")
    assert city.session.get_one(Organisation, row.id).kind == "school"
    assert load(city, "schools", text.replace("示例技工学校", "示例高级技工学校")).changed == 1
    assert city.session.get_one(Organisation, row.id).name == "示例高级技工学校"


def test_every_problem_of_a_file_is_told_at_once(city: City) -> None:
    text = (
        "code,scheme,name,kind,run_by,jurisdiction_code\n"
        "36370000011,education,示例学校,secondary,county,371402\n"
        "3637000009,school,=cmd,secondary,county,371499\n"
        "3637000008,education,,secondary,province,371402\n"
        "3637000007,education,示例,secondary,county,371402,more\n"
        "3637000006,education,示例,secondary,county,371402\n"
        "3637000006,education,示例,secondary,county,371402\n"
        "3637000001,education,示例,secondary,county,371403\n"
    )
    assert refused(city, "schools", text) == [
        ("not-this-shape", 2, "code"),
        ("not-one-of", 3, "scheme"),
        ("text-like-a-formula", 3, "name"),
        ("cell-empty", 4, "name"),
        ("not-one-of", 4, "run_by"),
        ("row-length", 5, ""),
        ("row-repeated", 7, "code"),
        ("row-conflicts", 8, "jurisdiction_code"),
    ]


def test_a_heading_says_which_columns_are_wrong_and_which_was_meant(city: City) -> None:
    with pytest.raises(Invalid) as refusal:
        load(city, "schools", "code,scheme,name,kind,run_bi,jurisdiction_code,name\n1,2,3,4,5,6,7\n")
    assert {(p.code, p.facts["column"], p.facts.get("nearest")) for p in refusal.value.problems} >= {
        ("unknown-column", "run_bi", "run_by"),
        ("missing-column", "run_by", None),
        ("column-twice", "name", None),
    }


def test_only_the_administrator_of_the_city_loads_reference_data(city: City) -> None:
    text = "code,scheme,name,kind,run_by,jurisdiction_code\n3637000009,education,示例,secondary,county,381001\n"
    for who in ("secretary", "head-one", "planner", "auditor", "nobody"):
        with pytest.raises(NotYou):
            load(city, "schools", text, who=who)
    with pytest.raises(NotFound):
        load(city, "teachers", text)
    for area in ("380000,示例二省,province,", "380100,示例二市,city,380000", "380101,示例三区,county,380100"):
        load(city, "jurisdictions", f"code,name,kind,parent_code\n{area}\n")
    assert refused(city, "schools", text.replace("381001", "380101")) == [("outside-your-city", 2, "jurisdiction_code")]


# --- specialties -----------------------------------------------------------------------------------------------------

SPECIALTY = "school_code,catalogue_code,direction,name,level,class_code,class_name,partner,opened_on,closed_on\n"


def test_a_specialty_gets_its_readable_code_and_its_words_from_the_catalogue(city: City) -> None:
    load(city, "specialties", SPECIALTY + "3637000002,660103,航空,,,,,,2020-09-01,\n")
    row = city.session.scalars(sa.select(Specialty).where(Specialty.direction == "航空")).one()
    assert (row.name, row.level, row.class_name) == ("数控技术应用", "secondary", "装备制造大类")
    assert city.session.get_one(SpecialtyCode, "3637000002-660103-航空").specialty_id == row.id


def test_what_a_file_leaves_out_it_says_nothing_of(city: City) -> None:
    head = "school_code,catalogue_code,opened_on,length,campus\n"
    assert load(city, "specialties", head + "3637000001,710201,2015-09-01,3+2,示例校区\n").changed == 1
    without = "school_code,catalogue_code,opened_on\n3637000001,710201,2015-09-02\n"
    assert load(city, "specialties", without).changed == 1
    row = city.session.get_one(Specialty, city.specialties["one-a"])
    assert (row.length, row.campus, row.opened_on) == ("3+2", "示例校区", date(2015, 9, 2))
    assert refused(city, "specialties", head + "3637000001,710201,2015-09-02,三年,\n") == [
        ("not-this-shape", 2, "length")
    ]


def test_what_decides_a_rating_or_a_recusal_is_not_changed_under_a_review_that_has_begun(city: City) -> None:
    specialty = "school_code,catalogue_code,opened_on,partner,campus\n3637000002,710201,{},{},示例校区\n"
    school = "code,scheme,name,kind,run_by,jurisdiction_code\n3637000002,education,{},{},{},371403\n"
    round_id = make_cycle(city, policy=POLICY)
    assert load(city, "specialties", specialty.format("2026-01-01", "示例公司")).changed == 1  # planned: not begun
    reviews = open_round(city, round_id)

    key = reviews["two-a"]
    with pytest.raises(Invalid) as caught:
        load(city, "specialties", specialty.format("2015-09-01", "示例乙公司"))
    assert told(caught.value) == [("under-review", 2, "partner"), ("under-review", 2, "opened_on")]
    assert [(p.facts["expected"], p.facts["review"]) for p in caught.value.problems] == [
        ("示例公司", key), ("2026-01-01", key),
    ]  # fmt: skip
    assert refused(city, "schools", school.format("示例学校", "technician", "city")) == [
        ("under-review", 2, "name"), ("under-review", 2, "kind"), ("under-review", 2, "run_by"),
    ]  # fmt: skip
    assert (
        load(city, "specialties", specialty.format("2026-01-01", "示例公司").replace("示例校区", "东校区")).changed == 1
    )

    verification.exempt(city.as_("secretary"), key, "示例：登记有误")
    assert load(city, "specialties", specialty.format("2015-09-01", "示例乙公司")).changed == 1
    assert load(city, "schools", school.format("示例学校", "technician", "city")).changed == 1
    events = city.session.scalars(sa.select(Event).where(Event.kind == "specialty.change").order_by(Event.seq)).all()
    assert {e.specialty_id for e in events} == {city.specialties["two-a"]}
    assert [e.facts for e in events] == [
        {"partner": {"from": "", "to": "示例公司"}, "opened_on": {"from": "2015-09-01", "to": "2026-01-01"}},
        {"partner": {"from": "示例公司", "to": "示例乙公司"}, "opened_on": {"from": "2026-01-01", "to": "2015-09-01"}},
        {"name": {"from": "示例职业学校two", "to": "示例学校"}, "kind": {"from": "secondary", "to": "technician"},
         "run_by": {"from": "county", "to": "city"}},
    ]  # fmt: skip


def test_an_entry_becomes_state_controlled_only_when_no_review_of_it_has_begun(city: City) -> None:
    entry = city.session.scalars(sa.select(CatalogueEntry).where(CatalogueEntry.code == "710201")).one()
    head = "code,name_zh,level_zh,class_code,class_zh,subclass_code,subclass_zh,state_controlled,first_in\n"
    line = f"710201,{entry.name},中职,71,{entry.class_name},7102,{entry.subclass_name},1,{entry.first_in}\n"
    reviews = open_round(city, make_cycle(city, policy=POLICY))
    with pytest.raises(Invalid) as caught:
        load(city, "catalogue", head + line, edition="2025-12")
    assert told(caught.value) == [("under-review", 2, "state_controlled")]
    assert caught.value.problems[0].facts["reviews"] == sorted(reviews[k] for k in ("one-a", "two-a", "city-a"))


def test_an_off_catalogue_specialty_gets_its_number_once(city: City) -> None:
    line = "3637000002,,,示例智造,secondary,66,装备制造大类,示例企业,2023-09-01,\n"
    assert load(city, "specialties", SPECIALTY + line).new == 1
    assert load(city, "specialties", SPECIALTY + line).unchanged == 1
    other = "3637000001,,,示例智造,secondary,66,装备制造大类,示例企业,2023-09-01,\n"
    assert load(city, "specialties", SPECIALTY + other).new == 1
    codes = city.session.scalars(sa.select(SpecialtyCode.code).where(SpecialtyCode.code.like("%-X%")))
    assert sorted(codes) == ["3637000001-X00002", "3637000002-X00001"]


def test_what_is_wrong_with_a_specialty_is_told(city: City) -> None:
    lines = (
        "3637000001,710201,,别的名字,,,,,2015-09-01,\n"
        "3637000009,710201,,,,,,,2020-09-01,\n"
        "3637000001,710299,,,,,,,2020-09-01,\n"
        "3637000001,,,示例,,66,,,2020-09-01,2020-01-01\n"
        "3637000002,710201,,,,,,,2015-09-01,2026-01-01\n"
    )
    assert refused(city, "specialties", SPECIALTY + lines) == [
        ("differs-from-catalogue", 2, "name"),
        ("school-unknown", 3, "school_code"),
        ("catalogue-code-unknown", 4, "catalogue_code"),
        ("off-catalogue-needs", 5, "level"),
        ("off-catalogue-needs", 5, "class_name"),
        ("off-catalogue-needs", 5, "partner"),
        ("ends-before-it-begins", 5, "closed_on"),
        ("row-conflicts", 6, "closed_on"),
    ]


def test_a_superseded_code_is_never_given_again(city: City) -> None:
    city.session.add(SpecialtyCode(code="3637000002-660103", specialty_id=city.specialties["one-a"],
                                   valid_from=date(2010, 1, 1), valid_to=date(2012, 1, 1)))  # fmt: skip
    city.session.flush()
    found = refused(city, "specialties", SPECIALTY + "3637000002,660103,,,,,,,2020-09-01,\n")
    assert found == [("code-in-use", 2, "catalogue_code")]


# --- people ----------------------------------------------------------------------------------------------------------

PEOPLE = (
    "login,name,contact,password,role,organisation_kind,organisation_code,valid_from,valid_to,deputy,"
    "sector,substitute,term_from,term_to\n"
)
MEMBER = (
    "wang,示例王,,示例密码-123456,committee_member,bureau,371400,"
    "2026-01-01,,false,industry,false,2026-01-01,2028-12-31\n"
)


def test_a_person_comes_with_role_and_seat_and_can_sign_in(city: City) -> None:
    from specialty_eval.actions import accounts  # noqa: PLC0415 -- beside its use

    second = "wang,示例王,,,expert,bureau,371400,2026-01-01,2026-12-31,true,,,,\n"
    assert load(city, "people", PEOPLE + MEMBER + second) == Imported("people", 2, 2, 0, 0, False)
    person = city.session.scalars(sa.select(Person).where(Person.login == "wang")).one()
    grants = city.session.execute(
        sa.select(RoleGrant.role, RoleGrant.valid_to, RoleGrant.deputy).where(RoleGrant.person_id == person.id)
    ).all()
    seat = city.session.scalars(sa.select(CommitteeMember).where(CommitteeMember.person_id == person.id)).one()
    assert sorted(map(tuple, grants)) == [("committee_member", None, False), ("expert", date(2026, 12, 31), True)]
    assert (seat.sector, seat.term_to) == ("industry", date(2028, 12, 31))
    assert accounts.sign_in(city.nobody(), "wang", "示例密码-123456")[0].startswith("tok_")


def test_the_same_people_twice_change_nothing_and_a_role_may_get_its_end(city: City) -> None:
    load(city, "people", PEOPLE + MEMBER)
    assert load(city, "people", PEOPLE + MEMBER) == Imported("people", 1, 0, 0, 1, False)
    ended = MEMBER.replace("2026-01-01,,false", "2026-01-01,2026-06-30,false")
    assert load(city, "people", PEOPLE + ended).changed == 1


def test_a_password_is_neither_changed_by_a_file_nor_ever_shown(city: City) -> None:
    load(city, "people", PEOPLE + MEMBER)
    with pytest.raises(Invalid) as refusal:
        load(city, "people", PEOPLE + MEMBER.replace("示例密码-123456", "别的密码-567890"))
    assert [p.code for p in refusal.value.problems] == ["password-not-changed-here"]
    assert "别的密码" not in repr(refusal.value.problems)
    with pytest.raises(Invalid) as refusal:
        load(city, "people", PEOPLE + MEMBER.replace("wang", "lili").replace("示例密码-123456", "短"))
    assert [p.code for p in refusal.value.problems] == ["password-too-short"]
    assert "短" not in repr(refusal.value.problems)


def test_what_is_wrong_with_people_is_told(city: City) -> None:
    lines = (
        "zhao,示例赵,,,school_editor,bureau,371400,2026-01-01,,,,,,\n"
        "qian,示例钱,,,expert,bureau,371499,2026-01-01,,,,,,\n"
        "sun,示例孙,,,expert,bureau,371400,2026-02-30,,,,,,\n"
        "zhou,示例周,,,system,bureau,371400,2026-01-01,,,,,,\n"
        "wuu,示例吴,,,expert,bureau,371400,2026-01-01,2025-01-01,,industry,,,\n"
        "zheng,示例郑,,,committee_member,bureau,371400,2026-01-01,,,,,,\n"
        "zheng,示例正,,,chair,bureau,371400,2026-01-01,,,,,,\n"
    )
    assert refused(city, "people", PEOPLE + lines) == [
        ("role-not-held-here", 2, "role"),
        ("organisation-unknown", 3, "organisation_code"),
        ("not-a-date", 4, "valid_from"),
        ("not-one-of", 5, "role"),
        ("ends-before-it-begins", 6, "valid_to"),
        ("seat-without-role", 6, "sector"),
        ("seat-not-whole", 6, "term_from"),
        ("seat-not-whole", 6, "term_to"),
        ("person-said-otherwise", 8, "name"),
    ]


def test_seats_load_for_people_who_are_known(city: City) -> None:
    head = "login,sector,substitute,term_from,term_to\n"
    assert load(city, "committee", head + "expert-1,research,true,2026-01-01,2028-12-31\n").new == 1
    assert load(city, "committee", head + "expert-1,research,true,2026-01-01,2028-12-31\n").unchanged == 1
    assert refused(city, "committee", head + "stranger,research,,2026-01-01,2025-12-31\n") == [
        ("login-unknown", 2, "login"),
        ("ends-before-it-begins", 2, "term_to"),
    ]


# --- the opening balance ---------------------------------------------------------------------------------------------

RATING = f"{KEY},rating,year,valid_from,document_number,source\n"


def rating(year: int, colour: str, since: str, key: str = ONE_A) -> str:
    return f"{key},{colour},{year},{since},示例〔{year}〕1号,示例台账\n"


def test_earlier_ratings_follow_each_other_and_the_last_one_is_in_force(city: City) -> None:
    text = RATING + rating(2024, "yellow", "2025-06-20") + rating(2021, "green", "2022-06-20")
    assert load(city, "ratings", text, who="secretary").new == 2
    spans = [(r.rating, r.valid_from, r.valid_to) for r in ratings_of(city.session, city.specialties["one-a"])]
    assert sorted(spans, key=lambda span: span[1]) == [
        ("green", date(2022, 6, 20), date(2025, 6, 20)),
        ("yellow", date(2025, 6, 20), None),
    ]
    assert load(city, "ratings", text, who="secretary") == Imported("ratings", 2, 0, 0, 2, False)


def test_a_rating_loaded_later_takes_its_days_and_what_was_known_before_stays_readable(city: City) -> None:
    load(city, "ratings", RATING + rating(2021, "green", "2022-06-20"), who="secretary")
    known_then, key = city.now, city.specialties["one-a"]
    city.wait(1)
    load(city, "ratings", RATING + rating(2023, "red", "2024-06-20"), who="secretary")
    day = date(2025, 1, 1)
    now, then = rating_at(city.session, key, day, city.now), rating_at(city.session, key, day, known_then)
    assert now is not None
    assert then is not None
    assert (now.rating, then.rating) == ("red", "green")


def test_a_rating_on_record_is_not_changed_by_a_file(city: City) -> None:
    load(city, "ratings", RATING + rating(2021, "green", "2022-06-20"), who="secretary")
    lines = (
        rating(2021, "red", "2022-06-20") + rating(2030, "red", "2030-06-20") + rating(2022, "incomplete", "2023-02-29")
    )
    assert refused(city, "ratings", RATING + lines, who="secretary") == [
        ("rating-on-record", 2, "year"),
        ("year-ahead", 3, "year"),
        ("day-ahead", 3, "valid_from"),
        ("not-one-of", 4, "rating"),
        ("not-a-date", 4, "valid_from"),
    ]


def test_only_the_secretary_loads_the_opening_balance(city: City) -> None:
    for who in ("administrator", "bureau-approver", "head-one", "nobody"):
        with pytest.raises(NotYou):
            load(city, "ratings", RATING + rating(2021, "green", "2022-06-20"), who=who)


def test_standings_are_loaded_once_and_then_move_by_their_machine(city: City) -> None:
    head = f"{KEY},standing,since,academic_year,quota_before,steps_taken,source\n"
    text = head + f"{ONE_A},phasing_out,2025-09-01,2025,80,1,示例台账\n"
    assert load(city, "standings", text, who="secretary").new == 1
    row = city.session.scalars(sa.select(Standing)).one()
    assert (row.state, row.since, row.academic_year, row.quota_before, row.steps_taken) == (
        "phasing_out", date(2025, 9, 1), 2025, 80, 1)  # fmt: skip
    assert load(city, "standings", text, who="secretary").unchanged == 1
    assert refused(city, "standings", text.replace("phasing_out", "normal"), who="secretary") == [
        ("row-conflicts", 2, "state")
    ]
    assert refused(city, "standings", text.replace("phasing_out", "closed"), who="secretary") == [
        ("not-one-of", 2, "standing")
    ]


def test_quotas_may_be_mended(city: City) -> None:
    head = f"{KEY},academic_year,quota,capacity,source\n"
    assert load(city, "quotas", head + f"{ONE_A},2025,80,100,示例台账\n", who="secretary").new == 1
    assert load(city, "quotas", head + f"{ONE_A},2025,90,,示例台账\n", who="secretary").changed == 1
    row = city.session.scalars(sa.select(OpeningQuota)).one()
    assert (row.quota, row.capacity) == (90, None)
    assert refused(
        city, "quotas", head + f"{ONE_A},2026,1e3,１２,示例台账\n3637000009,710201,,2026,-1,NaN,台账\n", who="secretary"
    ) == [
        ("not-a-number", 2, "quota"),
        ("not-a-number", 2, "capacity"),
        ("out-of-range", 3, "quota"),
        ("not-a-number", 3, "capacity"),
    ]


# --- yearly figures --------------------------------------------------------------------------------------------------

FIGURES = f"{KEY},year,graduates,employed,posts\n"


@pytest.fixture
def policy(city: City) -> str:
    cycles.import_policy(city.as_("policy-editor"), POLICY)
    return "small@1"


def figures(city: City) -> set[tuple[str, int, str, str, str]]:
    short = {key: name for name, key in city.specialties.items()}
    found = sa.select(Figure).where(Figure.superseded_at.is_(None))
    return {(short[f.specialty_id], f.year, f.measure, f.value, f.supplier) for f in city.session.scalars(found)}


def test_a_school_loads_its_own_figures_as_they_are_written(city: City, policy: str) -> None:
    text = FIGURES + f"{ONE_A},2024,100,90,\n3637000001,660103,,2024,40,,\n"
    assert load(city, "figures", text, who="editor-one", policy=policy) == Imported("figures", 2, 3, 0, 0, False)
    assert figures(city) == {
        ("one-a", 2024, "graduates", "100", "school"),
        ("one-a", 2024, "employed", "90", "school"),
        ("one-b", 2024, "graduates", "40", "school"),
    }
    again = FIGURES + f"{ONE_A},2024,100,91,\n"
    assert load(city, "figures", again, who="editor-one", policy=policy) == Imported("figures", 1, 0, 1, 1, False)
    assert ("one-a", 2024, "employed", "91", "school") in figures(city)
    assert len(city.session.scalars(sa.select(Figure).where(Figure.superseded_at.is_not(None))).all()) == 1


def test_another_schools_rows_and_another_suppliers_values_are_told_row_by_row(city: City, policy: str) -> None:
    text = FIGURES + f"{ONE_A},2024,100,90,5\n3637000002,710201,,2024,50,40,\n3637000009,710201,,2024,50,40,\n"
    assert refused(city, "figures", text, who="editor-one", policy=policy) == [
        ("measure-not-yours", 2, "posts"),
        ("row-of-another-school", 3, "school_code"),
        ("specialty-unknown", 4, "catalogue_code"),
    ]


def test_each_supplier_loads_what_it_supplies_and_the_secretary_all(city: City, policy: str) -> None:
    posts = f"{KEY},year,posts,source\n{ONE_A},2024,12,示例统计\n"
    assert load(city, "figures", posts, who="hrss", policy=policy).new == 1
    assert refused(city, "figures", posts, who="iit", policy=policy) == [("measure-not-yours", 2, "posts")]
    whole = FIGURES + "3637000003,710201,,2023,100,90,5\n"
    assert load(city, "figures", whole, who="secretary", policy=policy).new == 3
    for who in ("planner", "auditor", "expert-1", "nobody"):
        with pytest.raises(NotYou):
            load(city, "figures", whole, who=who, policy=policy)


@pytest.mark.parametrize(
    "value", ["1e3", "１２", "NaN", "1,000", "-1", "12.0", " ", "0x10", "+5", "∞", "true", "#DIV/0!"]
)
def test_a_number_that_is_none_is_refused(city: City, policy: str, value: str) -> None:
    text = FIGURES + f'{ONE_A},2024,"{value}",,\n'
    [(_, row, column)] = refused(city, "figures", text, who="editor-one", policy=policy)
    assert (row, column) == (2, "graduates")


def test_a_check_across_cells_is_told_with_its_row(city: City, policy: str) -> None:
    text = FIGURES + f"{ONE_A},2024,100,101,\n{ONE_A}理,2024,1,1,\n"
    assert refused(city, "figures", text, who="editor-one", policy=policy) == [
        ("check-holds", 2, "employed, graduates"),
        ("specialty-unknown", 3, "catalogue_code"),
    ]


def test_a_year_ahead_and_a_year_that_a_review_asks_for_are_refused(city: City) -> None:
    open_round(city, make_cycle(city, policy=POLICY, year=2026))
    text = FIGURES + f"{ONE_A},2025,100,90,\n{ONE_A},2027,100,90,\n{ONE_A},2024,100,90,\n"
    assert refused(city, "figures", text, who="editor-one", policy="small@1") == [
        ("year-under-review", 2, "year"),
        ("year-ahead", 3, "year"),
    ]
    posts = f"{KEY},year,posts\n{ONE_A},2025,12\n"
    assert load(city, "figures", posts, who="hrss", policy="small@1").new == 1


def test_figures_need_a_policy_and_nothing_else_takes_one(city: City) -> None:
    with pytest.raises(Invalid) as refusal:
        load(city, "figures", FIGURES, who="secretary")
    assert [p.code for p in refusal.value.problems] == ["policy-missing"]
    with pytest.raises(NotFound):
        load(city, "figures", FIGURES, who="secretary", policy="none@9")
    with pytest.raises(Invalid) as refusal:
        load(city, "schools", "code\n", policy="small@1", edition="2025")
    assert [p.code for p in refusal.value.problems] == ["edition-not-here", "policy-not-here"]


# --- files that are no files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (b"code,scheme,name,kind,run_by,jurisdiction_code\n", "no-rows-loaded"),
        (b"code,scheme\xff\n", "not-utf-8"),
        ("code,scheme\n德州".encode("gb18030"), "not-utf-8"),
        (b"code\0scheme\n", "nul-in-file"),
        (b'code,"scheme\n', "not-csv"),
        (b"PK\x03\x04\0\0", "nul-in-file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(city: City, content: bytes, code: str) -> None:
    assert [found[0] for found in refused(city, "schools", content)] == [code]


def test_a_mark_of_the_encoding_and_line_ends_of_any_kind_are_read(city: City) -> None:
    text = "\ufeffkind,code,name,jurisdiction_code\r\ndepartment,sport,示例体育局,371400\r\n"
    assert load(city, "organisations", text).new == 1


def test_a_file_beyond_a_limit_is_refused_unread(city: City) -> None:
    for content, code in (
        (b"x" * (intake.MOST_BYTES + 1), "file-too-large"),
        (b"a\n" * 200_001, "too-many-rows"),
    ):
        with pytest.raises(TooLarge) as refusal:
            load(city, "schools", content)
        assert [p.code for p in refusal.value.problems] == [code]
    assert [found[0] for found in refused(city, "schools", b"," * 5_000 + b"\n")] == ["too-many-columns"]
    assert [found[0] for found in refused(city, "schools", b"," * 1_100_000 + b"\n")] == ["line-too-long"]


def test_the_first_thousand_problems_are_told_and_the_others_counted(city: City) -> None:
    lines = "".join(f"363700{n:04d},education,示例,college!,county,371402\n" for n in range(1500))
    with pytest.raises(Invalid) as refusal:
        load(city, "schools", "code,scheme,name,kind,run_by,jurisdiction_code\n" + lines)
    *first, last = refusal.value.problems
    assert len(first) == 1000
    assert (last.code, last.facts["value"], last.facts["totals"]) == ("more-problems", 1500, {"not-one-of": 1500})


def test_a_media_type_that_is_neither_is_refused(city: City) -> None:
    with pytest.raises(Invalid) as refusal:
        intake.load(city.as_("administrator"), "schools", b"x", "application/json")
    assert [p.code for p in refusal.value.problems] == ["media-type-unknown"]


def test_the_operator_at_the_machine_may_load_everything(city: City) -> None:
    text = "kind,code,name,jurisdiction_code\nbureau,380100,示例二市教育局,371403\n"
    assert intake.load(city.clock(), "organisations", text.encode(), CSV).new == 1
