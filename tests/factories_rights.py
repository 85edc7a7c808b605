"""A prepared world for questions of rights: every kind of caller, and a review of one school in every state.

The school "two" is the one it is about; "one" is another county's, "elsewhere" another city's. Times are those at
which each state was reached; nothing is committed.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import CITY, City, make_cycle, make_organisation, make_person, make_school, open_round
from factories_applications import TWO, closing_decided, off_catalogue
from factories_consequences import BITES
from factories_deliberation import Sitting, convene, decide, employ, make_scored, publicise, serve
from remembered import remembered
from specialty_eval.actions import (
    accounts,
    allotments,
    amendments,
    appeals,
    application_papers,
    applications,
    attachments,
    challenges,
    closing_appeals,
    closings,
    cycles,
    designations,
    evidence,
    experts,
    groups,
    letter_batches,
    lists,
    notices,
    objections,
    panel,
    paper_votes,
    plans,
    previews,
    publications,
    ratings,
    rectifications,
    reports,
    site_visits,
    staging,
    successions,
    superseding,
    verification,
    webhooks,
)
from specialty_eval.actions.context import Context
from specialty_eval.actions.successions import NewSuccession
from specialty_eval.engine.designation import DesignationKind
from specialty_eval.engine.lists import ListKind
from specialty_eval.engine.permissions import Role
from specialty_eval.engine.report import Reader, ReportKind
from specialty_eval.engine.simulation import summary
from specialty_eval.engine.succession import Act, Subject, Wanted
from specialty_eval.engine.webhooks import Algorithm
from specialty_eval.store.accounts import ApiKey, RoleGrant, SignIn
from specialty_eval.store.closings import ClosingProposal
from specialty_eval.store.cycles import Cycle
from specialty_eval.store.material import MaterialCheck
from specialty_eval.store.outcomes import Rectification
from specialty_eval.store.registry import Jurisdiction
from specialty_eval.store.reviews import Review, ScoreRun
from specialty_eval.store.simulations import Simulation
from specialty_eval.store.supports import SupportGrant

ELSEWHERE = "371500"
OFFICES = (
    Role.BUREAU_VERIFIER, Role.SECRETARY, Role.BUREAU_APPROVER, Role.PLANNER, Role.AUDITOR, Role.ADMINISTRATOR,
    Role.POLICY_EDITOR, Role.CHAIR, Role.EXPERT, Role.COMMITTEE_MEMBER, Role.APPEAL_PANEL_MEMBER,
)  # fmt: skip
CHECKED_BY_COUNTIES = BITES.replace("county_check: false", "county_check: true").replace('version: "1"', 'version: "2"')
STATES = ("scored", "listed", "decided", "previewed", "publicised", "confirmed", "appealed", "lapsed")
BEFORE = ("scored", "listed", "decided", "previewed")
"""Of the next cycle these specialties stand at `open`, `submitted`, `checked` and `verified`."""
CALLERS = (
    "public", "expired", "key-one", "key-two", "editor-two", "head-two", "head-one", "county-two", "county-one",
    "bureau-verifier", "hrss", "survey", "expert-1", "expert-2", "site-visitor", "research-1", "recused-member",
    "chair", "secretary", "recused-secretary", "appeal-1", "appeal-2", "bureau-approver", "planner", "auditor",
    "administrator", "policy-editor", "ended-secretary", "nobody", "stranger", "head-elsewhere",
)  # fmt: skip
"""Everybody who asks; the two keys are machines at the schools "one" and "two"."""


def other_city(city: City) -> Context:
    """A bureau, a county and a school elsewhere; somebody ("stranger") who holds every role of that bureau acts."""
    session = city.session
    session.add(Jurisdiction(code=ELSEWHERE, name="示例别市", kind="city", parent_code="370000"))
    session.flush()
    bureau = make_organisation(session, kind="bureau", code=ELSEWHERE, name="示例别市教育局", area=ELSEWHERE)
    city.organisations[f"bureau:{ELSEWHERE}"] = bureau
    city.schools["elsewhere"] = make_school(session, code="3637150001", name="示例别市职校", area=ELSEWHERE)
    session.execute(sa.text("UPDATE school SET city_code = :c WHERE id = :i"),
                    {"c": ELSEWHERE, "i": city.schools["elsewhere"]})  # fmt: skip
    city.people["stranger"] = make_person(session, login="stranger", roles=dict.fromkeys(OFFICES, bureau))
    head = {Role.SCHOOL_HEAD: city.schools["elsewhere"]}
    city.people["head-elsewhere"] = make_person(session, login="head-elsewhere", roles=head)
    return city.as_("stranger")


def serves_elsewhere(city: City, who: str) -> None:
    """All that somebody was at the city's bureau they are at that of `other_city` now, and nothing here."""
    moved = "UPDATE role_grant SET organisation_id = :there WHERE person_id = :who AND organisation_id = :here"
    here, there = (city.organisations[f"bureau:{code}"] for code in (CITY, ELSEWHERE))
    city.session.execute(sa.text(moved), {"who": city.people[who], "here": here, "there": there})
    city.session.expire_all()


@dataclass
class World:
    """What can be asked about, by the name of a path's parameter, and the secret each caller shows."""

    sitting: Sitting
    reviews: dict[str, int]
    named: dict[str, object] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def city(self) -> City:
        return self.sitting.city

    def as_(self, who: str) -> Context:
        return self.city.as_(who)

    def stage(self, *states: str) -> Sitting:
        """The committee with these reviews alone."""
        return replace(self.sitting, reviews={state: self.reviews[state] for state in states})


@remembered
def make_world(session: Session) -> World:
    """Every state, every case and every caller of `CALLERS`."""
    sitting = make_scored(session, dict.fromkeys(("one-a", "two-a", *STATES), "red"), policy=BITES)
    world = World(sitting, sitting.reviews)
    other_city(sitting.city)
    _lapsed(world)
    _confirmed(world)
    _publicised(world)
    _decided(world)
    _corrected(world)
    _people(world)
    _meeting(world)
    _challenge(world)
    _next_cycle(world)
    plan = plans.draft(world.as_("planner"), 2026)
    world.named["list_id"] = lists.build(world.as_("secretary"), world.sitting.round_id, ListKind.NEGATIVE).id
    _designations(world)
    asked = reports.Wanted(ReportKind.ANNUAL, Reader.OFFICE, 2026)
    world.named["report_id"] = reports.ask(world.as_("secretary"), asked).id
    world.named["batch_id"] = letter_batches.ask(world.as_("secretary"), world.sitting.round_id).id
    world.named["document_id"] = notices.of_rating(world.as_("secretary"), world.reviews["confirmed"]).id
    applied = applications.lodge(world.as_("head-two"), off_catalogue(school=TWO, department="hrss"))
    world.named["application_id"] = applied.id
    kept = application_papers.attach(world.as_("head-two"), applied.id, "示例.pdf", b"%PDF-x")
    world.named["application_attachment_id"] = kept.id
    _closing_appealed(world)
    world.named["support_id"] = _supported(world)
    world.named |= {"plan_id": plan.id, "code": world.city.codes["scored"]}
    moved = NewSuccession(Subject.SCHOOL, Act.RENAMED, world.as_("secretary").today + timedelta(days=30), "示例：迁址",
                          "示例教〔2026〕2号", (Wanted("3637000003", name="示例新校名"),))  # fmt: skip
    world.named["succession_id"] = successions.propose(world.as_("secretary"), moved).id
    _sign_in(world)
    _webhook(world)
    return world


def _designations(world: World) -> None:
    """A group of the school, and one of its specialties proposed."""
    codes = [world.city.codes[state] for state in ("scored", "listed")]
    built = groups.Members(codes[0], codes, world.as_("secretary").today)
    made = groups.create(world.as_("secretary"), "示例专业群", built)
    new = designations.Proposal(DesignationKind.DEMONSTRATION, "示例理由", code=codes[0])
    world.named |= {"group_id": made.id, "designation_id": designations.propose(world.as_("head-two"), new).id}
    world.named["other_code"] = codes[1]


def _supported(world: World) -> int:
    """What the school's specialty was granted, as if it were green."""
    now = world.city.now
    row = SupportGrant(specialty_id=world.city.specialties["scored"], academic_year=2025, support="medal",
                       what="示例", document_number="示例1号", valid_from=now.date(), state="granted",
                       granted_by=world.city.people["bureau-approver"], granted_at=now, updated_at=now)  # fmt: skip
    world.sitting.session.add(row)
    world.sitting.session.flush()
    return row.id


def _closing_appealed(world: World) -> None:
    """Closing what lapsed was decided, and its school appeals."""
    key, head = int(str(world.named["proposal_id"])), world.as_("head-two")
    closings.receive(head, key)
    closing_decided(world.sitting, key)
    world.named["closing_appeal_id"] = closing_appeals.lodge(head, key, "示例理由").id


def _lapsed(world: World) -> None:
    """A red one whose school handed in no plan in time: closing is proposed."""
    _confirm(world, "lapsed")
    world.city.wait(45)
    rectifications.act_on_due(world.as_("secretary"))
    world.named["proposal_id"] = world.sitting.session.scalars(sa.select(ClosingProposal.id)).one()


def _confirm(world: World, *states: str) -> int:
    """Decided, publicised and confirmed, on a list of its own; its number."""
    number = publicise(serve(decide(world.stage(*states))))
    world.city.wait(30)
    publications.close(world.as_("secretary"), number)
    ratings.confirm(world.as_("bureau-approver"), number, f"示例〔2026〕{number}号")
    return number


def _confirmed(world: World) -> None:
    """Two confirmed ratings: against one an appeal is to be admitted, against the other one is being heard."""
    world.named["closed_publication"] = _confirm(world, "confirmed", "appealed")
    mended = sa.select(Rectification.id).where(Rectification.review_id == world.reviews["confirmed"])
    world.named["rectification_id"] = world.sitting.session.scalars(mended).one()
    begun = sa.select(Rectification.id).where(Rectification.review_id == world.reviews["appealed"])
    key = world.named["begun_rectification"] = world.sitting.session.scalars(begun).one()
    head = world.as_("head-two")
    promised = rectifications.Milestone("示例", head.today + timedelta(days=60))
    rectifications.hand_in(head, key, "示例方案", [promised])
    rectifications.start(world.as_("bureau-verifier"), key)
    for state in ("confirmed", "appealed"):
        ratings.receive(world.as_("head-two"), world.reviews[state])
        world.named[f"{state}_appeal"] = appeals.lodge(world.as_("head-two"), world.reviews[state], "示例理由").id
    heard = world.named["appealed_appeal"]
    appeals.admit(world.as_("bureau-approver"), int(str(heard)), [world.city.people["appeal-1"]])
    world.named["appeal_id"] = heard


def _publicised(world: World) -> None:
    number = publicise(serve(decide(world.stage("publicised"))))
    new = objections.NewObjection(world.reviews["publicised"], "示例", "示例@example.com", "示例理由")
    world.named |= {"publication_id": number, "objection_id": objections.lodge(world.city.nobody(), number, new).id}


def _corrected(world: World) -> None:
    """A confirmed one that the bureau corrects."""
    anew = superseding.Corrected("示例：录入有误", "verified")
    opened = superseding.correct(world.as_("bureau-approver"), world.reviews["lapsed"], anew)
    world.named["correction_id"] = opened.id


def _decided(world: World) -> None:
    """One decided; one previewed and on a draft list."""
    decide(world.stage("decided", "previewed"))
    key = world.reviews["previewed"]
    previews.preview(world.as_("secretary"), world.sitting.round_id, [key])
    world.named["draft_publication"] = publications.draft(world.as_("secretary"), world.sitting.round_id, [key]).id


def _people(world: World) -> None:
    """From now on some work at the school, and one's role has ended."""
    session, city = world.sitting.session, world.city
    bureau = city.organisations[f"bureau:{CITY}"]
    city.people["recused-member"] = city.people["industry-1"]
    for login in ("recused-secretary", "ended-secretary", "leaving-secretary"):
        city.people[login] = make_person(session, login=login, roles={Role.SECRETARY: bureau})
    city.people["editor-two"] = make_person(
        session, login="editor-two", roles={Role.SCHOOL_EDITOR: city.schools["two"]}
    )
    for login in ("recused-member", "recused-secretary"):
        employ(world.sitting, login, school="two")
    yesterday = city.as_("nobody").today - timedelta(days=1)
    session.execute(
        sa.update(RoleGrant).where(RoleGrant.person_id == city.people["ended-secretary"]).values(valid_to=yesterday)
    )


def _meeting(world: World) -> None:
    s = convene(world.stage("listed"), together={"listed"})
    s.declare("bureau-approver")
    minutes = paper_votes.attach_minutes(world.as_("secretary"), s.meeting, "示例纪要.pdf", b"%PDF-x")
    world.named |= {
        "minutes_id": minutes.id,
        "meeting_id": s.meeting,
        "item_id": s.items["listed"],
        "member_id": s.members["substitute-research"],
    }


def _challenge(world: World) -> None:
    head, key = world.as_("head-two"), world.reviews["scored"]
    # The others' days are over, so that the committee could decide them; this school still has its own.
    row = world.sitting.session.get_one(Review, key)
    row.challenge_due = head.now + timedelta(days=30)
    world.sitting.session.flush()
    challenges.open_sheet(head, key)
    attachments.attach(head, key, "graduates", "示例.pdf", b"%PDF-x")
    world.named["challenge_id"] = challenges.challenge(head, key, "graduates", "61", "示例理由").id


def _next_cycle(world: World) -> None:
    """The same specialties a year later, from `open` to `verified`, with an attachment and an expert's assignment."""
    round_id = make_cycle(world.city, policy=CHECKED_BY_COUNTIES, year=2027)
    opened = open_round(world.city, round_id)
    head = world.as_("head-two")
    states = ("open", "submitted", "checked", "verified")
    for state, short in zip(states, BEFORE, strict=True):
        key = world.reviews[state] = opened[short]
        evidence.save(head, key, evidence.Figures({"graduates": "60"}, {}), "示例自评", version=None)
        kept = attachments.attach(head, key, "graduates", "示例.pdf", b"%PDF-x")
        world.named |= {"review_id": key, "attachment_id": kept.id} if state == "open" else {}
        if state != "open":
            evidence.submit(head, key)
        if state in {"checked", "verified"}:
            verification.pass_(world.as_("county-two"), key, verification.Verdicts(None, {}))
        if state == "verified":
            verification.accept(world.as_("bureau-verifier"), key, verification.Verdicts(None, {}))
    asked = panel.invite(world.as_("secretary"), world.reviews["verified"], [world.city.people["expert-1"]])
    named = site_visits.name(world.as_("secretary"), world.reviews["verified"], [world.city.people["site-visitor"]])
    world.named["visitor_id"] = named[0].id
    other = CHECKED_BY_COUNTIES.replace('version: "2"', 'version: "3"')
    cycles.import_policy(world.as_("policy-editor"), other)
    new = amendments.NewVersion("small", "3", "示例：笔误")
    world.named["amendment_id"] = amendments.propose(world.as_("policy-editor"), round_id, new).id
    world.named |= {"assignment_id": asked[0].id, "next_round": round_id, "round_id": world.sitting.round_id}
    _pool(world, round_id)


def _pool(world: World, round_id: int) -> None:
    """One expert in the pool, another's tie to an enterprise that no specialty here has, and a proposal."""
    secretary, people = world.as_("secretary"), world.city.people
    new = experts.NewExpert(people["expert-1"], ["71"], secretary.today)
    tie = experts.NewTie("former_employer", enterprise="示例旧企业")
    world.named |= {
        "expert_id": experts.add(secretary, new).id,
        "tie_id": experts.declare(secretary, people["expert-2"], tie).id,
        "allotment_id": allotments.ask(secretary, round_id, allotments.Asked(at_most=5)).id,
    }
    checked = MaterialCheck(review_id=world.reviews["open"], attachment_id=int(str(world.named["attachment_id"])),
                            names=["示例"], says="unchecked", finds=[], unread=[["示例.pdf", "broken"]],
                            checked_at=secretary.now)  # fmt: skip
    world.sitting.session.add(checked)
    world.sitting.session.flush()


def _sign_in(world: World) -> None:
    """A session for each person, a key for each of the two machines; one session has ended."""
    session, city = world.sitting.session, world.city
    for who in (*CALLERS, "leaving-secretary"):
        if who == "public":
            continue
        secret = world.secrets[who] = f"{accounts.KEY if who.startswith('key-') else accounts.TOKEN}{who}"
        if who.startswith("key-"):
            key = ApiKey(label=who, secret_hash=accounts.digest(secret), valid_from=city.as_("nobody").today)
            session.add(key)
            session.flush()
            session.add(RoleGrant(api_key_id=key.id, role=Role.INTEGRATION.value, valid_from=key.valid_from,
                                  organisation_id=city.schools[who.removeprefix("key-")], deputy=False))  # fmt: skip
            continue
        ends = city.now + timedelta(hours=-1 if who == "expired" else 1)
        person = city.people["secretary" if who == "expired" else who]
        session.add(SignIn(person_id=person, token_hash=accounts.digest(secret), created_at=city.now,
                           expires_at=ends))  # fmt: skip
    session.flush()
    world.named |= {
        "person_id": city.people["nobody"],
        "colleague_id": city.people["planner"],
        "organisation_id": city.organisations[f"bureau:{CITY}"],
    }
    session.add(Simulation(
        round_id=world.sitting.round_id, run_id=session.scalar(sa.select(sa.func.min(ScoreRun.id))), policy_id="示例",
        policy_version="1", policy_digest="0" * 64, against_digest="0" * 64, inputs_digest="0" * 64, seed=0, draws=0,
        labels={"before": {}, "after": {}}, summary=summary([], 0), made_at=city.now,
    ))  # fmt: skip
    session.flush()
    file = staging.Received(b"school_code,catalogue_code,year\n3637000001,710201,2020\n", "text/csv")
    world.named["file_id"] = staging.receive(world.as_("secretary"), file, "small@1").id
    staging.check(world.as_("secretary"), int(str(world.named["file_id"])))
    first = {"grant_id": RoleGrant.id, "key_id": ApiKey.id, "cycle_id": Cycle.id, "run_id": ScoreRun.id,
             "simulation_id": Simulation.id}  # fmt: skip
    world.named |= {name: session.scalar(sa.select(sa.func.min(column))) for name, column in first.items()}


def _webhook(world: World) -> None:
    """An endpoint of the machine at the school "two", with a message on its way."""
    session, city = world.sitting.session, world.city
    key = session.scalars(sa.select(ApiKey.id).where(ApiKey.label == "key-two")).one()
    owner = accounts.actor_of_key(city.clock(), key)
    assert owner is not None
    ctx = Context(session, owner, city.now, city.files)
    made, _ = webhooks.create(ctx, webhooks.Wanted("https://receiver.example/"), Algorithm.HMAC)
    world.named |= {"webhook_id": made.id, "message_id": webhooks.test(ctx, made.id)["id"]}
