"""The JSON API under /v1: one room a capability, its module loaded when somebody first asks for one of its paths."""

from fastapi import FastAPI

from specialty_eval.rooms import Room

from . import problems
from .deps import Transactional

ROOMS = (
    Room(
        f"{__name__}.accounts",
        (
            "/v1/sign-in", "/v1/sign-out", "/v1/me", "/v1/password", "/v1/invitations", "/v1/people",
            "/v1/people/*/deactivate", "/v1/people/*/reactivate", "/v1/people/*/roles", "/v1/roles/**", "/v1/keys/**",
        ),
    ),
    Room(f"{__name__}.allotments", ("/v1/allotments/**", "/v1/rounds/*/allotments", "/v1/reviews/*/experts/further")),
    Room(f"{__name__}.amendments", ("/v1/amendments/**", "/v1/rounds/*/amendments")),
    Room(f"{__name__}.applications", ("/v1/applications/**",)),
    Room(f"{__name__}.calendars", ("/v1/calendar/*",)),
    Room(f"{__name__}.closing_appeals", ("/v1/closing-appeals/**", "/v1/closing-proposals/*/appeals")),
    Room(
        f"{__name__}.committee",
        (
            "/v1/committee/**", "/v1/meetings", "/v1/meetings/*", "/v1/meetings/*/items", "/v1/meetings/*/attendance",
            "/v1/meetings/*/adjourn", "/v1/meetings/*/waivers", "/v1/meetings/*/open", "/v1/meetings/*/declarations",
            "/v1/meetings/*/agree", "/v1/items/*", "/v1/items/*/declarations", "/v1/items/*/declaration",
            "/v1/items/*/take-out", "/v1/items/*/vote", "/v1/items/*/ballots", "/v1/items/*/end-vote",
            "/v1/items/*/close", "/v1/items/*/take-over", "/v1/items/*/void", "/v1/items/*/conflicts",
            "/v1/rounds/*/meetings", "/v1/reviews/*/rescind", "/v1/reviews/*/rescission-votes",
        ),
    ),
    Room(
        f"{__name__}.cycles",
        (
            "/v1/policies/**", "/v1/cycles/**", "/v1/rounds", "/v1/rounds/*", "/v1/rounds/*/reviews",
            "/v1/rounds/*/remind", "/v1/rounds/*/default", "/v1/rounds/*/extend", "/v1/rounds/*/phases/*",
        ),
    ),
    Room(
        f"{__name__}.designations",
        ("/v1/designations/**", "/v1/designation-targets", "/v1/specialty-groups/**"),
    ),
    Room(
        f"{__name__}.documents",
        (
            "/v1/documents/**", "/v1/document-templates/**", "/v1/publications/*/notice",
            "/v1/publications/*/letters", "/v1/reviews/*/letter", "/v1/objections/*/letter", "/v1/appeals/*/letter",
            "/v1/rectifications/*/notice", "/v1/meetings/*/minutes/document",
        ),
    ),
    Room(
        f"{__name__}.supports",
        (
            "/v1/supports/**", "/v1/teach-outs", "/v1/specialties/*/supports", "/v1/specialties/*/teach-out",
            "/v1/specialties/*/enrolment/*", "/v1/enrolment-plans/*/breaches",
        ),
    ),
    Room(
        f"{__name__}.enrolment",
        ("/v1/enrolment-plans/**", "/v1/academic-years/**", "/v1/specialties/*/standing"),
    ),
    Room(
        f"{__name__}.evidence",
        (
            "/v1/reviews/*", "/v1/reviews/*/evidence", "/v1/reviews/*/attachments/**", "/v1/reviews/*/submit",
            "/v1/reviews/*/recall", "/v1/reviews/*/claim", "/v1/reviews/*/take-over", "/v1/reviews/*/pass",
            "/v1/reviews/*/return", "/v1/reviews/*/accept", "/v1/reviews/*/default", "/v1/reviews/*/exempt",
            "/v1/reviews/*/extend", "/v1/specialties/*/figures/*", "/v1/specialties/*/report/*",
        ),
    ),
    Room(f"{__name__}.events", ("/v1/events", "/v1/events/*", "/v1/snapshot", "/v1/reviews/*/events")),
    Room(f"{__name__}.experts", ("/v1/experts/**", "/v1/people/*/ties", "/v1/ties/**")),
    Room(f"{__name__}.imports", ("/v1/imports/**",)),
    Room(f"{__name__}.jobs", ("/v1/jobs",)),
    Room(f"{__name__}.lists", ("/v1/lists/**", "/v1/rounds/*/lists")),
    Room(f"{__name__}.material", ("/v1/rounds/*/blind", "/v1/reviews/*/material/**")),
    Room(f"{__name__}.objections", ("/v1/objections/**", "/v1/publications/*/objections")),
    Room(f"{__name__}.operations", ("/healthz", "/readyz")),
    Room(f"{__name__}.overdue", ("/v1/overdue", "/v1/rounds/*/overdue", "/v1/rounds/*/act-on-due")),
    Room(f"{__name__}.superseding", ("/v1/corrections/**", "/v1/reviews/*/corrections")),
    Room(f"{__name__}.paper_votes", ("/v1/meetings/*/minutes/**", "/v1/items/*/paper-votes")),
    Room(
        f"{__name__}.panel_scores",
        ("/v1/reviews/*/scores", "/v1/rounds/*/spread-alerts", "/v1/rounds/*/strictness"),
    ),
    Room(
        f"{__name__}.publications",
        (
            "/v1/publications/*", "/v1/publications/*/redraft", "/v1/publications/*/approve",
            "/v1/publications/*/open", "/v1/publications/*/close", "/v1/publications/*/errata",
            "/v1/rounds/*/publications", "/v1/rounds/*/preview", "/v1/reviews/*/acknowledge",
            "/v1/reviews/*/decision",
        ),
    ),
    Room(
        f"{__name__}.ratings",
        (
            "/v1/appeals/**", "/v1/reviews/*/appeals", "/v1/reviews/*/receive", "/v1/publications/*/confirm",
            "/v1/specialties/*/ratings",
        ),
    ),
    Room(
        f"{__name__}.rectifications",
        ("/v1/rectifications/**", "/v1/closing-proposals/**", "/v1/specialties/*/close", "/v1/specialties/*/mend"),
    ),
    Room(
        f"{__name__}.registry",
        ("/v1/jurisdictions", "/v1/catalogue/**", "/v1/schools/**", "/v1/specialties", "/v1/specialties/*"),
    ),
    Room(f"{__name__}.sandbox", ("/sandbox/v1/codes", "/sandbox/v1/specialties/*/status")),
    Room(
        f"{__name__}.scoring",
        (
            "/v1/assignments/**", "/v1/score-runs/**", "/v1/challenges/**", "/v1/rounds/*/score-runs/**",
            "/v1/reviews/*/experts", "/v1/reviews/*/rescore",
            "/v1/reviews/*/sheet/**", "/v1/reviews/*/challenges",
        ),
    ),
    Room(
        f"{__name__}.site_visits",
        (
            "/v1/reviews/*/site-visit", "/v1/reviews/*/site-visitors", "/v1/rounds/*/site-visitors",
            "/v1/site-visitors/**",
        ),
    ),
    Room(
        f"{__name__}.letter_batches",
        ("/v1/letter-batches/**", "/v1/publications/*/letter-batches", "/v1/rounds/*/letter-batches"),
    ),
    Room(f"{__name__}.reports", ("/v1/reports/**", "/v1/items/*/pack")),
    Room(f"{__name__}.simulations", ("/v1/rounds/*/simulations", "/v1/simulations/**")),
    Room(f"{__name__}.staging", ("/v1/staged-files/**", "/v1/evidence-templates/*/*")),
    Room(f"{__name__}.successions", ("/v1/successions/**", "/v1/specialties/*/successions")),
    Room(
        f"{__name__}.status",
        ("/v1/specialties/*/status", "/v1/status/query", "/v1/status.ndjson", "/v1/status.csv", "/v1/status.parquet"),
    ),
    Room(f"{__name__}.webhooks", ("/v1/webhooks/**",)),
)  # fmt: skip
"""In the order in which they are asked. A route without a path here is not found (tests/api/test_rooms.py)."""


def install(app: FastAPI) -> None:
    """The problem answers, which everything gives."""
    problems.install(app)


__all__ = ["ROOMS", "Transactional", "install"]
