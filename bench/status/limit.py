"""The limit: one function that looks bytes up and sends them, on the same server. The same bytes, never changing."""

import json
import os
from pathlib import Path

LINES = Path(os.environ["LINES_FILE"]).read_bytes()
BODY = {json.loads(line)["code"]: line for line in LINES.splitlines()}
TYPE = (b"content-type", b"application/json")


async def app(scope, _, send):
    """A status, or the whole list at once."""
    if scope["type"] != "http":
        return
    path = scope["path"]
    body = LINES if path == "/v1/status.ndjson" else BODY.get(path[16:-7], b"{}")
    headers = [TYPE, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
