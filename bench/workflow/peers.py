"""The peers: Django's ORM with two FSM libraries, on our own tables, doing what our action does in one transaction.

Who calls and with which roles, the review under a lock with whose it is, the right, the guard, the new state and
version, one event, commit. Their rows have fewer columns than ours, which is to their advantage.
"""

import enum
import hashlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django
from django.conf import settings

KEY, REASON = "key_bench", "因故免于参评"


def configure(host: str, port: str, user: str, name: str) -> None:
    """Point Django at the same server."""
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": name, "USER": user, "HOST": host, "PORT": port,
                "CONN_MAX_AGE": None}  # fmt: skip
    settings.configure(DATABASES={"default": database}, USE_TZ=True, INSTALLED_APPS=["django_fsm"],
                       DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")  # fmt: skip
    django.setup()


def tables(state: Any, **more: Any) -> dict[str, Any]:
    """Models over our tables; `state` is the review's state field, `more` goes into its class."""
    from django.db import models

    def model(name: str, table: str, **fields: Any) -> Any:
        meta = type("Meta", (), {"app_label": "bench", "managed": False, "db_table": table})
        return type(name, (models.Model,), {"__module__": __name__, "Meta": meta, **fields})

    def to(target: Any, column: str) -> Any:
        return models.ForeignKey(target, models.DO_NOTHING, db_column=column, null=True)

    text, number, moment, day = models.TextField, models.BigIntegerField, models.DateTimeField, models.DateField
    key = model("ApiKey", "api_key", secret_hash=text(), valid_from=day(), valid_to=day(null=True))
    organisation = model("Organisation", "organisation", kind=text(), code=text(), jurisdiction_code=text())
    school = model("School", "school", jurisdiction_code=text(), city_code=text(), run_by=text())
    specialty = model("Specialty", "specialty", school=to(school, "school_id"))
    return {
        "grant": model("RoleGrant", "role_grant", api_key=to(key, "api_key_id"), role=text(),
                       organisation=to(organisation, "organisation_id"), valid_from=day(), valid_to=day(null=True),
                       deputy=models.BooleanField()),
        "review": model("Review", "review", state=state, version=models.IntegerField(), updated_at=moment(),
                        round_id=number(), specialty=to(specialty, "specialty_id"), **more),
        "event": model("Event", "event", seq=models.BigAutoField(primary_key=True), at=moment(), kind=text(),
                       subject_kind=text(), subject_id=number(), specialty_id=number(), round_id=number(),
                       source=text(), target=text(), actor_key_id=number(), acting_for_id=number(), reason=text(),
                       audience=text(), facts=models.JSONField()),
    }  # fmt: skip


def action(made: dict[str, Any], exempt: Callable[[Any], None]) -> Callable[[int], None]:
    """One request's work; `exempt` is the FSM library's step on a row."""
    from django.core.exceptions import PermissionDenied
    from django.db import transaction

    def move(number: int) -> None:
        with transaction.atomic():
            now = datetime.now(UTC)
            shown = hashlib.sha256(KEY.encode()).hexdigest()
            grants = made["grant"].objects.filter(api_key__secret_hash=shown, valid_from__lte=now.date())
            held = list(grants.select_related("api_key", "organisation"))
            rows = made["review"].objects.select_for_update(of=("self",)).select_related("specialty__school")
            row = rows.get(pk=number)
            city = row.specialty.school.city_code
            mine = [g for g in held if g.role == "secretary" and g.organisation.jurisdiction_code == city]
            if not mine:
                raise PermissionDenied
            source = row.state
            exempt(row)
            row.version += 1
            row.updated_at = now
            row.save(update_fields=["state", "version", "updated_at"])
            made["event"].objects.create(
                at=now, kind="review.exempt", subject_kind="review", subject_id=row.pk, specialty_id=row.specialty_id,
                round_id=row.round_id, source=source, target=row.state, actor_key_id=mine[0].api_key_id,
                acting_for_id=mine[0].organisation_id, reason=REASON, audience="school", facts={},
            )  # fmt: skip

    return move


def fsm2() -> Callable[[int], None]:
    """django-fsm-2 on Django's ORM."""
    from django_fsm import FSMField, transition

    state = FSMField(default="planned")

    def exempt(self: Any) -> None:
        """Take it out of its round."""

    step = transition(field=state, source=["planned", "open"], target="exempted", conditions=[lambda _: bool(REASON)])
    return action(tables(state, exempt=step(exempt)), lambda row: row.exempt())


def viewflow() -> Callable[[int], None]:
    """viewflow.fsm on Django's ORM."""
    from django.db import models
    from viewflow.fsm import State

    known = enum.Enum("known", {s: s for s in ("planned", "open", "exempted")})

    class Flow:
        state = State(known, default=known.planned)

        def __init__(self, row: Any) -> None:
            self.row = row

        @state.setter()
        def _set(self, value: enum.Enum) -> None:
            self.row.state = value.value

        @state.getter()
        def _get(self) -> enum.Enum:
            return known[self.row.state]

        @state.transition([known.planned, known.open], known.exempted, conditions=[lambda _: bool(REASON)])
        def exempt(self) -> None:
            """Take it out of its round."""

    return action(tables(models.TextField()), lambda row: Flow(row).exempt())


PEERS = {"django-fsm-2": fsm2, "viewflow.fsm": viewflow}

if __name__ == "__main__":
    sys.exit("run bench/workflow/run.py")
