"""Many statuses in one answer, put together from ready bytes: some by their codes, or all as lines or a table."""

import csv
import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from operator import itemgetter
from typing import Any

from starlette.responses import Response

from .status_bytes import CACHE_CONTROL, LONGEST_HEADER, Ready

MOST = 1000
"""Codes that one question may name."""
AT_ONCE = 1024
"""Statuses sent in one piece."""
PACKED_FROM = 8 << 10
"""Bytes of an answer to a question by codes from which packing pays: less is sent as quickly as it is packed."""
NDJSON, CSV, PARQUET = "application/x-ndjson", "text/csv; charset=utf-8", "application/vnd.apache.parquet"
MEDIA_TYPES = {"/v1/status.ndjson": NDJSON, "/v1/status.csv": CSV, "/v1/status.parquet": PARQUET}
ENDINGS = {NDJSON: "ndjson", CSV: "csv", PARQUET: "parquet"}
BEFORE, AFTER = itemgetter(0), itemgetter(1)
"""What of a status stands before the moment, and after it."""
NOTHING_ELSE = b'],"moved":{},"unknown":[]}'
COLUMNS = (
    "code", "name", "school", "rating", "rating_year", "reasons", "document_number", "valid_from", "provisional",
    "under", "standing", "quota", "closed_on", "valid_at", "known_at", "sequence",
)  # fmt: skip


def asked(codes: Sequence[str], known: Mapping[str, Ready | str], moment: bytes) -> bytes:
    """The statuses in the order asked; which codes are others now; which nobody ever had."""
    found, rest = list(map(known.get, codes)), NOTHING_ELSE
    if set(map(type, found)) != {tuple}:
        moved: dict[str, str] = {}
        unknown: list[str] = []
        for code, one in zip(codes, found, strict=True):
            if one is None:
                unknown.append(code)
            elif isinstance(one, str):
                moved[code] = one
        found = [known[one] if isinstance(one, str) else one for one in found if one is not None]
        rest = f'],"moved":{_json(moved)},"unknown":{_json(unknown)}}}'.encode()
    parts = _parts(found, moment, b",")  # type: ignore[arg-type]  # a present code is never superseded
    parts[-1:] = [rest]  # behind the last there is no comma
    return b"".join((b'{"statuses":[', *parts))


def _parts(statuses: Sequence[Ready], moment: bytes, behind: bytes) -> list[bytes]:
    """What is to be put together, with something behind each status: by columns, which is what costs least, and
    without a look at what is not told.
    """
    parts = [behind] * (4 * len(statuses))
    parts[::4], parts[1::4], parts[2::4] = map(BEFORE, statuses), [moment] * len(statuses), map(AFTER, statuses)
    return parts


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def lines(every: Iterable[Ready], moment: bytes) -> Iterator[bytes]:
    """One status a line."""
    left = iter(every)
    while some := list(islice(left, AT_ONCE)):
        yield b"".join(_parts(some, moment, b"\n"))


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


def columns(every: Iterable[Ready], moment: bytes) -> Iterator[bytes]:
    """The same as Parquet, dates as dates, lists as lists, a quota as a map: one piece, the same bytes each time."""
    import pyarrow as pa  # noqa: PLC0415 -- slow import: for those alone who ask for this
    from pyarrow import parquet  # noqa: PLC0415 -- with it

    left, schema, batches = iter(every), _schema(pa), []
    while some := list(islice(left, AT_ONCE)):
        rows = [_typed(json.loads(before + moment + after)) for before, after, _, _ in some]
        batches.append(pa.RecordBatch.from_pylist(rows, schema))
    made = io.BytesIO()
    parquet.write_table(pa.Table.from_batches(batches, schema), made, compression="zstd")
    yield made.getvalue()


def _schema(pa: Any) -> Any:
    text, day, several = pa.string(), pa.date32(), pa.list_(pa.string())
    types = {
        "rating_year": pa.int32(), "reasons": several, "valid_from": day, "under": several,
        "quota": pa.map_(pa.int32(), pa.int32()), "closed_on": day, "valid_at": day,
        "known_at": pa.timestamp("us", "UTC"), "sequence": pa.int64(),
    }  # fmt: skip
    return pa.schema([(name, types.get(name, text)) for name in COLUMNS])


def _typed(status: dict[str, Any]) -> dict[str, Any]:
    for name in ("valid_from", "closed_on", "valid_at"):
        status[name] = status[name] and date.fromisoformat(status[name])
    status["known_at"] = datetime.fromisoformat(status["known_at"])
    status["quota"] = [(int(year), quota) for year, quota in status["quota"].items()]
    return status


WRITTEN = {NDJSON: lines, CSV: table, PARQUET: columns}


def told_by(every: Iterable[Ready]) -> str:
    """What all of them tell, as one hash: another with any status in it. The moment is left out, as in their tags."""
    sha = hashlib.sha256()
    for _, _, tag, _ in every:
        sha.update(tag)
    return sha.hexdigest()[:32]


def tag_of(media_type: str, told: str, *, is_packed: bool, of_bytes: str = "") -> str:
    """The ETag of a list; of a file its own bytes are part of it, so that a part of it can be asked for."""
    return f'"{told}.{ENDINGS[media_type]}{"-gzip" if is_packed else ""}{of_bytes and "." + of_bytes}"'


def name_of(media_type: str, *, is_packed: bool) -> str:
    """What the file is called."""
    return f"status.{ENDINGS[media_type]}{'.gz' if is_packed else ''}"


def files_of(every: Sequence[Ready], moment: bytes) -> dict[str, bytes]:
    """Every list in every form, by its file's name."""
    made = {}
    for media_type, write in WRITTEN.items():
        content = b"".join(write(every, moment))
        made[name_of(media_type, is_packed=False)] = content
        if media_type != PARQUET:
            made[name_of(media_type, is_packed=True)] = packed([content])
    return made


def packed(pieces: Iterable[bytes], level: int = 6) -> bytes:
    """The pieces together, as gzip: a tenth of their size, and the same bytes each time."""
    made = zlib.compressobj(level, wbits=31)
    return b"".join([*map(made.compress, pieces), made.flush()])


def is_worth_packing(body: bytes, accept_encoding: str) -> bool:
    """Whether the answer to a question by codes goes as gzip, and is worth it."""
    return len(body) >= PACKED_FROM and takes_gzip(accept_encoding)


def packed_quickly(body: bytes) -> bytes:
    """For one caller, who waits for it: a few percent larger, in a fifth of the time."""
    return packed([body], 1)


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the caller can read it."""
    for one in accept_encoding.lower().split(","):
        name, _, rest = one.partition(";")
        if name.strip() in {"gzip", "x-gzip"}:
            return rest.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def is_kept(media_type: str, told: str, if_none_match: str | None) -> bool:
    """Whether the caller has what this list tells, packed or not, as a file or not."""
    listed = [one.strip().removeprefix("W/") for one in (if_none_match or "")[:LONGEST_HEADER].split(",")]
    return "*" in listed or any(one.startswith(f'"{told}.{ENDINGS[media_type]}') for one in listed)


def goes_packed(media_type: str, accept_encoding: str) -> bool:
    """Whether the caller gets it as gzip; Parquet is packed already."""
    return media_type != PARQUET and takes_gzip(accept_encoding)


def answer(media_type: str, every: Sequence[Ready], moment: bytes, known: str | None, accept_encoding: str) -> Response:
    """The whole list as one answer, for the routes; `status_whole` sends the same, or a file."""
    told, is_packed = told_by(every), goes_packed(media_type, accept_encoding)
    tag = tag_of(media_type, told, is_packed=is_packed)
    headers = {"ETag": tag, "Cache-Control": CACHE_CONTROL, "Vary": "accept-encoding"}
    if is_kept(media_type, told, known):
        return Response(status_code=304, headers=headers)
    pieces = WRITTEN[media_type](every, moment)
    if is_packed:
        return Response(packed(pieces), headers=headers | {"Content-Encoding": "gzip"}, media_type=media_type)
    return Response(b"".join(pieces), headers=headers, media_type=media_type)
