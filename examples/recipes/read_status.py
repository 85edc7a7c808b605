"""查一个专业的现状 · Read one status. SPECIALTY_EVAL_SERVER=http://… python read_status.py CODE"""

import sys

from specialty_eval_client import Client, Refused

with Client() as client:
    try:
        found = client.status(sys.argv[1])
    except Refused as refused:
        sys.exit("\n".join(f"{p.zh} {p.next_zh}" for p in refused.problems))
may_recruit = found.standing in {"normal", "supported", "restricted"}
print(
    found.name,
    found.rating,
    found.standing,
    dict(found.quota),
    "可以招生 may recruit" if may_recruit else "停招 may not",
)
