"""Pages for people: the public results and the API's reference, without a script and without a foreign address."""

from fastapi import FastAPI

from . import assets, pages, policies, reference, results, rounds, specialties


def install(app: FastAPI) -> None:
    """Mount the pages."""
    pages.install(app)
    assets.install(app)
    results.install(app)
    specialties.install(app)
    rounds.install(app)
    policies.install(app)
    reference.install(app)
