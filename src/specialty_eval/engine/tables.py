"""EVIDENCE.csv and HISTORY.csv → RESULTS.csv, or every problem of both files at once (docs/policy.md, last section)."""

import csv
from collections.abc import Collection
from io import StringIO

from .csv_evidence import EVIDENCE, read_evidence
from .csv_history import HISTORY, read_history
from .csv_records import MOST_BYTES, Findings, refuse_size
from .policy import Policy
from .results import Results
from .scoring import score_batch
from .table_batch import batch_of, note_checks


def rate_files(
    policy: Policy,
    evidence: bytes,
    history: bytes | None = None,
    *,
    limit: int = MOST_BYTES,
    rated: Collection[str] | None = None,
) -> Results:
    """The results of both files; `rated` limits who is rated, ranks look at everybody (see `score_batch`).

    Raises Invalid with every problem of both files (facts: `file`, which is `evidence` or `history`, `row` as a
    spreadsheet counts, `column`, `value`, `rule`), the first thousand one by one; TooLarge for a file beyond `limit`.
    """
    findings = Findings()
    refuse_size(EVIDENCE, len(evidence), limit)
    refuse_size(HISTORY, len(history or b""), limit)
    table, dirty = read_evidence(policy, evidence, findings)
    earlier = {} if history is None else read_history(history, table, findings)
    # The checks are asked of the specialties without any other problem: when there is none, of the whole batch.
    batch = None if table is None else batch_of(policy, table, without={"", *dirty})
    if table is not None and batch is not None:
        note_checks(policy, table, batch, findings)
    findings.raise_any()
    if batch is None:
        raise ValueError("no batch and no problem")
    return score_batch(policy, batch, earlier, rated=rated)


def score_files(policy: Policy, evidence: bytes, history: bytes | None = None, *, limit: int = MOST_BYTES) -> str:
    """RESULTS.csv as text; raises what `rate_files` raises."""
    results = rate_files(policy, evidence, history, limit=limit)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(results.header())
    writer.writerows(results.rows())
    return text.getvalue()
