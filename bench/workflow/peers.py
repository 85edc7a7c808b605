"""The peers: Django's ORM with two FSM libraries doing the same durable transition, one transaction each.

Per transition: read the row locked, guard, new state and version, an audit row and an outbox row, commit (fsync on).
"""

import sys
from collections.abc import Callable

import django
from django.conf import settings


def configure(host: str, port: str, user: str, name: str) -> None:
    """Point Django at the same server."""
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": name, "USER": user, "HOST": host, "PORT": port,
                "CONN_MAX_AGE": None}  # fmt: skip
    settings.configure(DATABASES={"default": database}, USE_TZ=True, INSTALLED_APPS=["django_fsm"],
                       DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")  # fmt: skip
    django.setup()


def fsm2() -> Callable[[int], None]:
    """django-fsm-2 on Django's ORM."""
    from django.db import models, transaction
    from django.utils import timezone
    from django_fsm import FSMField, transition

    class Review(models.Model):
        id = models.BigIntegerField(primary_key=True)
        state = FSMField(default="planned")
        version = models.IntegerField()
        updated_at = models.DateTimeField()

        class Meta:
            app_label, managed, db_table = "bench", False, "peer_review"

        @transition(field=state, source="planned", target="exempted", conditions=[lambda self: self.version > 0])
        def exempt(self) -> None:
            """Take it out of its round."""

    audit, outbox = records(models)

    def move(number: int) -> None:
        with transaction.atomic():
            row = Review.objects.select_for_update().get(pk=number)
            source = row.state
            row.exempt()
            row.version += 1
            row.updated_at = timezone.now()
            row.save(update_fields=["state", "version", "updated_at"])
            write(audit, outbox, number, source, row.state)

    return move


def viewflow() -> Callable[[int], None]:
    """viewflow.fsm on Django's ORM."""
    import enum

    from django.db import models, transaction
    from django.utils import timezone
    from viewflow.fsm import State

    class Review(models.Model):
        id = models.BigIntegerField(primary_key=True)
        state = models.TextField()
        version = models.IntegerField()
        updated_at = models.DateTimeField()

        class Meta:
            app_label, managed, db_table = "bench", False, "peer_review"

    known = enum.Enum("known", {s: s for s in ("planned", "exempted")})

    class Flow:
        state = State(known, default=known.planned)

        def __init__(self, row: Review) -> None:
            self.row = row

        @state.setter()
        def _set(self, value: enum.Enum) -> None:
            self.row.state = value.value

        @state.getter()
        def _get(self) -> enum.Enum:
            return known[self.row.state]

        @state.transition(known.planned, known.exempted, conditions=[lambda self: self.row.version > 0])
        def exempt(self) -> None:
            """Take it out of its round."""

    audit, outbox = records(models)

    def move(number: int) -> None:
        with transaction.atomic():
            row = Review.objects.select_for_update().get(pk=number)
            source = row.state
            Flow(row).exempt()
            row.version += 1
            row.updated_at = timezone.now()
            row.save(update_fields=["state", "version", "updated_at"])
            write(audit, outbox, number, source, row.state)

    return move


def records(models: object) -> tuple[type, type]:
    """The audit and outbox tables."""

    class Audit(models.Model):  # type: ignore[name-defined]
        review_id = models.BigIntegerField()
        from_state = models.TextField()
        to_state = models.TextField()
        event = models.TextField()
        actor = models.TextField()
        reason = models.TextField()
        at = models.DateTimeField(auto_now_add=True)

        class Meta:
            app_label, managed, db_table = "bench", False, "peer_audit"

    class Outbox(models.Model):  # type: ignore[name-defined]
        topic = models.TextField()
        payload = models.JSONField()
        created_at = models.DateTimeField(auto_now_add=True)

        class Meta:
            app_label, managed, db_table = "bench", False, "peer_outbox"

    return Audit, Outbox


def write(audit: type, outbox: type, number: int, source: str, target: str) -> None:
    """What every transition leaves."""
    audit.objects.create(review_id=number, from_state=source, to_state=target, event="exempt", actor="1",
                         reason="因故免于参评")  # fmt: skip
    outbox.objects.create(topic="review", payload={"review": number, "state": target})


PEERS = {"django-fsm-2": fsm2, "viewflow.fsm": viewflow}

if __name__ == "__main__":
    sys.exit("run bench/workflow/run.py")
