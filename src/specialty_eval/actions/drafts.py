"""What is a city's office's own until it is out, a list or a plan: found by who may know of it."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from specialty_eval.engine.errors import NotFound, Problem
from specialty_eval.engine.permissions import Scope, Thing

from .context import Context


class Draft(Protocol):
    """A row of a city."""

    __tablename__: Any
    jurisdiction_code: Any


D = TypeVar("D", bound=Draft)


def found(
    ctx: Context, model: type[D], key: int, thing: Thing, is_public: Callable[[D], bool], *, where: str
) -> tuple[D, Scope]:
    """The row and its city; one that never was public is NotFound for whoever may not read such drafts."""
    row = ctx.session.get(model, key)
    if row is None:
        raise NotFound(Problem("not-found", where, {"kind": model.__tablename__, "id": key}))
    scope = Scope(city=row.jurisdiction_code)
    if not is_public(row):
        ctx.permit_read(thing, scope, where=where)
    return row, scope
