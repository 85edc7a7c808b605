"""Reviews that experts can be asked about, and a pool of them."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from factories import CITY, City, make_city, make_cycle, make_person, open_round
from remembered import remembered
from small_policy import POLICY
from specialty_eval.actions import evidence, experts
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.permissions import Role
from specialty_eval.store.reviews import Review

HANDED_IN = {"one-a": "head-one", "one-b": "head-one", "two-a": "head-two", "city-a": "head-city"}
GOOD = Figures({"graduates": "100", "employed": "90"}, {})


@remembered
def make_pool(session: Session, fields: Mapping[str, str], *, policy: str = POLICY) -> City:
    """Four reviews handed in (three of class 71, `one-b` of 66), and experts of the pool, each of these fields."""
    city = make_city(session)
    city.reviews |= open_round(city, make_cycle(city, policy=policy))
    for short, head in HANDED_IN.items():
        evidence.save(city.as_(head), city.reviews[short], GOOD, "", version=None)
        evidence.submit(city.as_(head), city.reviews[short])
    for login, of in fields.items():
        add_expert(city, login, of)
    return city


def add_expert(city: City, login: str, fields: str, *, at_most: int | None = None) -> int:
    """Somebody in the pool, with the role; their place's number."""
    if login not in city.people:
        bureau = city.organisations[f"bureau:{CITY}"]
        city.people[login] = make_person(city.session, login=login, roles={Role.EXPERT: bureau})
    secretary = city.as_("secretary")
    new = experts.NewExpert(city.people[login], fields.split(), secretary.today, at_most=at_most)
    return experts.add(secretary, new).id


def round_of(city: City) -> int:
    """The round of the reviews."""
    return city.session.get_one(Review, city.reviews["one-a"]).round_id
