"""Pages for people: the public results, figures sent as files by those signed in, and the API's reference; without a
foreign address, and but for the two readers of OpenAPI (`vendor`) without a script.
"""

from fastapi import FastAPI

from specialty_eval.rooms import Room

from . import pages

ROOMS = (
    Room(f"{__name__}.assets", ("/static/*",)),
    Room(f"{__name__}.results", ("/",)),
    Room(f"{__name__}.specialties", ("/specialties/*",)),
    Room(f"{__name__}.rounds", ("/rounds/*",)),
    Room(f"{__name__}.lists", ("/lists",)),
    Room(f"{__name__}.policies", ("/policies/*/*",)),
    Room(f"{__name__}.staging", ("/evidence-files/**",)),
    Room(f"{__name__}.developers", ("/developers",)),
    Room(f"{__name__}.vendor", ("/vendor/*", "/api/redoc", "/api/try")),
    Room(f"{__name__}.reference", ("/api", "/api/problems")),
)
"""In the order in which they are asked."""


def install(app: FastAPI) -> None:
    """The pages that say what went wrong."""
    pages.install(app)


__all__ = ["ROOMS", "install"]
