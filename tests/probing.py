"""schemathesis over a served world: each operation is asked with what its description allows and with what it does not.

All checks: no 500, no answer that the description does not name, headers and bodies as described, wrong values refused,
methods that there are not answered with those there are. `make probe` does it at length; see docs/api.md.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy.orm import Session

from e2e.server import running
from factories_rights import World, make_world
from specialty_eval.actions import passwords
from specialty_eval.store import embedded, place
from specialty_eval.store.base import make_engine
from specialty_eval.store.schema import migrate

PROBED = ("public", "key-two", "head-two", "county-two", "expert-1", "chair", "secretary", "bureau-approver",
          "planner", "appeal-1", "auditor", "administrator", "policy-editor")  # fmt: skip
"""Who asks when it is done at length: nobody in particular, a machine, and the roles that share the work."""

SEED = 7
KNOWN = 0.7
"""How often a part of a path is one of a thing that there is."""
ALLOWED = [200, 201, 202, 204, 304, 308, 401, 403, 404, 409, 410, 412, 413, 415, 422, 429, 503]
"""What is right for a request that the description allows: a rule of the work may still be in its way."""
WRONG = [401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 429]
"""What is right for one that it does not."""
LITERAL = ("POST /v1/rectifications/act-on-due", "PUT /v1/assignments/{assignment_id}/scores",
           "POST /v1/meetings/{meeting_id}/minutes/document")  # fmt: skip
"""Paths that another operation's path has as well, with a name in their place: a rectification called `act-on-due`."""
TEXTS = ("POST /v1/staged-files", "POST /v1/imports/{kind}")
"""Bodies that are text: whatever is sent is one."""
APART = ("POST /v1/sign-out",)
"""Ends the token that everything else is asked with."""


@dataclass(frozen=True, slots=True)
class Probed:
    """A served world, and a folder for what a run leaves."""

    base: str
    world: World
    folder: Path

    def run(
        self, who: str, *, phases: str, examples: int, seconds: int | None = None, also: Iterable[str] = ()
    ) -> tuple[int, str]:
        """One run as this caller: 0 and what was said, or 1 with each finding and how to ask it again.

        With `seconds` it goes on asking until they are over, otherwise until everything was asked once. `also`:
        further words for its command.
        """
        path = self.folder / f"{who}.toml"
        path.write_text("\n".join(self._settings(who, examples)), encoding="utf-8")
        more = [*also, *(part for name in APART for part in ("--exclude-name", name))]
        more += [] if seconds is None else ["--max-time", str(seconds)]
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(path), "run",
                   f"{self.base}/v1/openapi.json", "--phases", phases, *more]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False)
        return done.returncode, done.stdout + done.stderr

    def _settings(self, who: str, examples: int) -> Iterator[str]:
        yield from (f"seed = {SEED}", "continue-on-failure = true", "color = false", "warnings = false",
                    f'base-url = "{self.base}"')  # fmt: skip
        if who != "public":
            yield f'headers = {{ Authorization = "Bearer {self.world.secrets[who]}" }}'
        yield from ("[generation]", 'mode = "all"', "no-shrink = true", 'database = "none"', "deterministic = true",
                    f"max-examples = {examples}")  # fmt: skip
        for check, statuses in (("positive_data_acceptance", ALLOWED), ("negative_data_rejection", WRONG),
                                ("missing_required_header", WRONG)):  # fmt: skip
            yield from (f"[checks.{check}]", f"expected-statuses = {statuses}")
        known = named(self.world)
        for name, values in known.items():
            yield from (f"[dictionaries.{name}]", f"values = {json.dumps(values)}")
        yield "[parameters]"
        yield from (f'"path.{n}" = {{ dictionary = "{n}", probability = {KNOWN} }}' for n in known)
        yield from without(LITERAL, "unsupported_method", "allow_header_conformance")
        yield from without(TEXTS, "negative_data_rejection")


def without(operations: Iterable[str], *checks: str) -> Iterator[str]:
    """Operations of which a check would ask what cannot be."""
    yield from ("[[operations]]", f"include-name = {json.dumps(list(operations))}")
    yield from (f"checks.{check}.enabled = false" for check in checks)


def named(world: World) -> dict[str, list[Any]]:
    """Parameter of a path → things of that kind that there are."""
    found = {name: [value] for name, value in world.named.items() if name.endswith("_id") or name == "code"}
    for name, values in found.items():  # `confirmed_appeal` is an appeal too
        values += [v for n, v in world.named.items() if n.endswith(f"_{name.removesuffix('_id')}") and v not in values]
    return {**found, "review_id": sorted(set(world.reviews.values()))}


@contextmanager
def probed(url: str) -> Iterator[Probed]:
    """The world of the matrix of rights, served from an empty database."""
    engine = make_engine(url, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        world = make_world(session)
        session.commit()
    engine.dispose()
    with running(url, world.city.files.folder) as callers, tempfile.TemporaryDirectory() as folder:
        callers.clock.now = world.city.now
        httpx.get(
            f"{callers.base}/v1/openapi.json", timeout=120
        ).raise_for_status()  # made once: a slow machine's while
        yield Probed(callers.base, world, Path(folder))


def main() -> int:
    """Everybody in their turn, each over a database of their own; the findings of all of them."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("callers", nargs="*", default=PROBED)
    asked.add_argument("--seconds", type=int, default=120, help="for each caller")
    asked.add_argument("--examples", type=int, default=20, help="of each operation and phase")
    told = asked.parse_args()
    passwords.COST = (1, 64, 1)
    failed = 0
    for who in told.callers:
        folder = Path(tempfile.mkdtemp(prefix="specialty-eval-probe-", dir=place.RUNTIME))
        folder.chmod(0o755)  # ours; root's server runs as another user and must pass
        with embedded.start(folder, durable=False) as database:
            migrate(database.url)
            with probed(database.url) as served:
                code, said = served.run(
                    who, phases="examples,coverage,fuzzing,stateful", examples=told.examples, seconds=told.seconds
                )
        shutil.rmtree(folder)
        failed |= code
        sys.stdout.write(f"--- {who}\n{said}\n")
        sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main())
