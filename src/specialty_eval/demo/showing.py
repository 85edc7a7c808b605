"""The demo as a command: play with a progress bar, print what came out, serve it on this machine alone."""

from collections import Counter
from pathlib import Path

import sqlalchemy as sa
import uvicorn
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy.orm import Session

from specialty_eval.app import create_app
from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.engine.vocabulary import COLOURS
from specialty_eval.store.accounts import Person
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.files import Files
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Appeal, Objection, RatingInForce
from specialty_eval.store.registry import Jurisdiction, School, Specialty
from specialty_eval.store.schema import migrate
from specialty_eval.store.server import opened

from . import city as cities
from . import play, world
from .people import sign_ins


def show(data: Path, database_url: str | None, *, seed: int, serve: bool, host: str, port: int) -> int:
    """What `demo.run` promises. Invalid for a database that holds something else."""
    console = Console()
    with opened(database_url, data) as url:
        migrate(url)
        engine = make_engine(url, pool_size=2)
        sessions = make_sessions(engine)
        with sessions() as session:
            refuse_strangers(session)
        city = cities.make(seed)
        played = world.World(city, sessions, Files(data / "files"), world.policy())
        steps = list(play.steps(city))
        with Progress(console=console) as progress:
            bar = progress.add_task("三年周期 · three years", total=len(steps))

            def told(step: world.Step) -> None:
                progress.update(bar, advance=1, description=step.name)

            world.play(played, steps, told)
        with sessions() as session:
            tell(console, session)
        engine.dispose()
        for login, password in sign_ins(city).items():
            console.print(f"  {login}  {password}")
        if serve:
            console.print(f"http://{host}:{port}/v1/openapi.json")
            uvicorn.run(create_app(url, data / "files"), host=host, port=port, log_level="warning", access_log=False)
    return 0


def refuse_strangers(session: Session) -> None:
    """Never play into a database that somebody works in: it is empty, or the demo's own."""
    is_used = session.scalar(sa.select(Person.id).limit(1)) is not None
    is_ours = session.scalar(sa.select(Event.seq).where(Event.kind.like("demo.%")).limit(1)) is not None
    if is_used and not is_ours:
        raise Invalid(Problem("demo-not-alone", "database"))


def tell(console: Console, session: Session) -> None:
    """Ratings by county and by class, and how much is contested."""
    for title, column in (
        ("各县（市、区） · by county", Jurisdiction.name),
        ("各专业大类 · by class", Specialty.class_name),
    ):
        console.print(ratings_by(session, title, column))
    going = [
        session.scalar(sa.select(sa.func.count()).select_from(kind).where(kind.state.in_(states))) or 0
        for kind, states in ((Objection, ("received", "contact_confirmed", "admitted")),
                             (Appeal, ("received", "admitted", "heard")))
    ]  # fmt: skip
    console.print(f"未结异议 objections open: {going[0]}；未结申诉 appeals open: {going[1]}")


def ratings_by(session: Session, title: str, column: sa.orm.InstrumentedAttribute[str]) -> Table:
    """A table of the ratings in force now."""
    found = (
        sa.select(column, RatingInForce.rating, sa.func.count())
        .select_from(RatingInForce)
        .join(Specialty, Specialty.id == RatingInForce.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(Jurisdiction, Jurisdiction.code == School.jurisdiction_code)
        .where(RatingInForce.valid_to.is_(None), RatingInForce.known_to.is_(None))
        .group_by(column, RatingInForce.rating)
        .order_by(column)
    )
    counts: dict[str, Counter[str]] = {}
    for name, rating, number in session.execute(found):
        counts.setdefault(name, Counter())[rating] += number
    table = Table(title=title)
    for heading in ("", "绿牌 green", "黄牌 yellow", "红牌 red"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, of in counts.items():
        table.add_row(name, *(str(of[colour.value]) for colour in COLOURS))
    return table
