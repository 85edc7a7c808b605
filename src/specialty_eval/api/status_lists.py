"""Many statuses in one answer, put together from ready bytes: some by their codes, or all as lines or a table."""

import csv
import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from starlette.responses import Response

from .status_bytes import CACHE_CONTROL, Ready, is_known

MOST = 1000
"""Codes that one question may name."""
AT_ONCE = 1024
"""Statuses sent in one piece."""
NDJSON, CSV = "application/x-ndjson", "text/csv; charset=utf-8"
MEDIA_TYPES = {"/v1/status.ndjson": NDJSON, "/v1/status.csv": CSV}
COLUMNS = (
    "code", "name", "school", "rating", "rating_year", "reasons", "document_number", "valid_from", "provisional",
    "under", "standing", "quota", "closed_on", "valid_at", "known_at", "sequence",
)  # fmt: skip


def asked(codes: Sequence[str], known: Mapping[str, Ready | str], moment: bytes) -> bytes:
    """The statuses in the order asked; which codes are others now; which nobody ever had."""
    parts: list[bytes] = []
    moved: dict[str, str] = {}
    unknown: list[str] = []
    for code in codes:
        found = known.get(code)
        if isinstance(found, str):
            moved[code] = found
            found = known[found]
        if found is None:
            unknown.append(code)
        else:
            parts += (b",", found[0], moment, found[1])  # type: ignore[arg-type]  # a present code is never superseded
    rest = f'],"moved":{_json(moved)},"unknown":{_json(unknown)}}}'.encode()
    return b"".join((b'{"statuses":[', *parts[1:], rest))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def lines(every: Iterable[Ready], moment: bytes) -> Iterator[bytes]:
    """One status a line."""
    left = iter(every)
    while some := list(islice(left, AT_ONCE)):
        yield b"".join([part for before, after, _, _ in some for part in (before, moment, after, b"\n")])


def table(every: Iterable[Ready], moment: bytes) -> Iterator[bytes]:
    """One status a row (RFC 4180); what is a list in JSON stands with `;` between, a quota as `2026=120`."""
    yield (",".join(COLUMNS) + "\r\n").encode()
    left = iter(every)
    while some := list(islice(left, AT_ONCE)):
        written = io.StringIO()
        rows = csv.writer(written)
        for before, after, _, _ in some:
            status = json.loads(before + moment + after)
            rows.writerow([_cell(status[name]) for name in COLUMNS])
        yield written.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return ";".join(f"{year}={quota}" for year, quota in value.items())
    return ";".join(value) if isinstance(value, list) else value


WRITTEN = {NDJSON: lines, CSV: table}


def tag_of(media_type: str, every: Iterable[Ready]) -> str:
    """The ETag of a list: it changes with any status in it, and leaves the moment out as theirs do."""
    sha = hashlib.sha256(media_type.encode())
    for _, _, tag, _ in every:
        sha.update(tag)
    return f'"{sha.hexdigest()[:32]}"'


def packed(pieces: Iterable[bytes]) -> bytes:
    """The pieces together, as gzip: a tenth of their size, and the same bytes each time."""
    made = zlib.compressobj(6, wbits=31)
    return b"".join([*map(made.compress, pieces), made.flush()])


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the caller can read it."""
    for one in accept_encoding.lower().split(","):
        name, _, rest = one.partition(";")
        if name.strip() in {"gzip", "x-gzip"}:
            return rest.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def is_kept(tag: str, if_none_match: str | None) -> bool:
    """Whether the caller has this list already, packed or not."""
    return is_known(tag, if_none_match) or is_known(of_packed(tag), if_none_match)


def of_packed(tag: str) -> str:
    """The tag of the same list as gzip: other bytes."""
    return f'{tag[:-1]}-gzip"'


def answer(media_type: str, every: Sequence[Ready], moment: bytes, known: str | None, accept_encoding: str) -> Response:
    """The whole list as one answer, for the routes; `status_many` sends the same piece by piece."""
    tag, is_packed = tag_of(media_type, every), takes_gzip(accept_encoding)
    headers = {"ETag": of_packed(tag) if is_packed else tag, "Cache-Control": CACHE_CONTROL, "Vary": "accept-encoding"}
    if is_kept(tag, known):
        return Response(status_code=304, headers=headers)
    pieces = WRITTEN[media_type](every, moment)
    if is_packed:
        return Response(packed(pieces), headers=headers | {"Content-Encoding": "gzip"}, media_type=media_type)
    return Response(b"".join(pieces), headers=headers, media_type=media_type)


def length_of(every: Sequence[Ready]) -> int:
    """How many bytes `lines` gives, without the moment in each."""
    return sum(len(before) + len(after) for before, after, _, _ in every) + len(every)
