"""The style sheet and the icon, under names that carry their hash: kept for ever, and never stale."""

import hashlib
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, HTTPException, Request, Response

TYPES = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


@cache
def contents() -> dict[str, bytes]:
    """Hashed name → bytes."""
    found = {}
    for file in files("specialty_eval").joinpath("web/static").iterdir():
        stem, _, kind = file.name.rpartition(".")
        if kind in TYPES:
            body = file.read_bytes()
            found[f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{kind}"] = body
    return found


@cache
def address(name: str) -> str:
    """Where the file of this name (`site.css`) is served now."""
    stem, _, kind = name.rpartition(".")
    return next(f"/static/{n}" for n in contents() if n.startswith(f"{stem}.") and n.endswith(f".{kind}"))


def serve(request: Request) -> Response:
    """The file of this name, if there is one now."""
    name = request.path_params["name"]
    body = contents().get(name)
    if body is None:
        raise HTTPException(404)
    headers = {"Cache-Control": FOR_EVER, "X-Content-Type-Options": "nosniff"}
    return Response(body, headers=headers, media_type=TYPES[name.rpartition(".")[2]])


router = APIRouter()
router.add_route("/static/{name}", serve, methods=["GET", "HEAD"], include_in_schema=False)
