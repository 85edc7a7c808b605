"""Tables that are mapped in one thread while another's queries need those that are: a room opens, somebody asks."""

import subprocess
import sys

RACE = """
import sys
from threading import Event, Thread
from sqlalchemy.orm import Mapped, configure_mappers
from specialty_eval.store.base import Base, identity

sys.setswitchinterval(1e-6)
broken, ended = [], Event()

def mapping():
    for n in range(80):
        row = {"__tablename__": f"t{n}", "__annotations__": {"id": Mapped[int]}, "id": identity()}
        type(f"T{n}", (Base,), row)
    ended.set()

def asking():
    while not ended.is_set() and not broken:
        try:
            list(Base.registry._mappers_to_configure())  # what configuring begins with, as often as can be
            configure_mappers()
        except RuntimeError as error:
            broken.append(repr(error))

threads = [Thread(target=mapping), *(Thread(target=asking) for _ in range(2))]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(*broken)
"""


def test_whoever_asks_while_tables_are_mapped_is_answered() -> None:
    """Without a copy to walk through SQLAlchemy fails in most runs of this."""
    ended = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, check=True, timeout=120)
    assert ended.stdout.strip() == ""
