"""`/api/redoc` and `/api/try`: the two readers of OpenAPI that developers know, made by others, served by this server
alone under a policy of their own (ADR 0014). They show what `/api` shows.
"""

import gzip
import hashlib
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, HTTPException, Request, Response

from . import assets, pages
from .words import Words

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""Scripts are this server's files and nothing else; both readers write styles into the page, so those are let in."""
TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
READERS = {
    "/api/redoc": ("redoc", (), ("redoc.standalone.js", "start.js")),
    "/api/try": ("try", ("swagger-ui.css",), ("swagger-ui-bundle.js", "start.js")),
}
"""Path → name, style sheets, scripts."""


@cache
def packed() -> dict[str, tuple[str, bytes]]:
    """File → the name it is served under, which carries its hash, and its bytes as gzip."""
    found = {}
    for file in files("specialty_eval").joinpath("web/vendor").iterdir():
        name = file.name.removesuffix(".gz")
        stem, _, kind = name.rpartition(".")
        if kind in TYPES:
            body = file.read_bytes() if file.name.endswith(".gz") else gzip.compress(file.read_bytes(), mtime=0)
            found[name] = f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{kind}", body
    return found


def serve(request: Request) -> Response:
    """A file under its hashed name, packed for whoever takes it so."""
    name = request.path_params["name"]
    body = next((body for served, body in packed().values() if served == name), None)
    if body is None:
        raise HTTPException(404)
    headers = {"Cache-Control": assets.FOR_EVER, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        body = gzip.decompress(body)
    return Response(body, headers=headers, media_type=TYPES[name.rpartition(".")[2]])


def read(request: Request) -> Response:
    """The page of one reader."""
    reader, styles, scripts = READERS[request.url.path]
    addresses = {name: f"/vendor/{served}" for name, (served, _) in packed().items()}
    shown = pages.Shown("vendor.html", {
        "reader": reader,
        "styles": [addresses[name] for name in styles],
        "scripts": [addresses[name] for name in scripts],
    })  # fmt: skip
    answer = pages.respond(request, Words(pages.language(request)), shown)
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


router = APIRouter()
router.add_route("/vendor/{name}", serve, methods=["GET", "HEAD"], include_in_schema=False)
for path in READERS:
    router.add_route(path, read, methods=["GET", "HEAD"], include_in_schema=False)
