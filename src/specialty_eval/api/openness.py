"""What is open to whoever shows no credentials; elsewhere they are asked to sign in before anything is looked at."""

ANYBODYS = frozenset({
    "POST /v1/sign-in",
    "POST /v1/sign-out",
    "POST /v1/password",
    "POST /v1/status/query",
    "POST /v1/publications/{publication_id}/objections",
    "POST /v1/objections/{objection_id}/confirm-contact",
})  # fmt: skip
"""The writes (and one long question) that need nobody's credentials."""

CLOSED = frozenset({
    "/v1/allotments/{allotment_id}",
    "/v1/appeals/{appeal_id}",
    "/v1/applications/{application_id}/attachments/{attachment_id}",
    "/v1/closing-appeals/{closing_appeal_id}",
    "/v1/documents/{document_id}",
    "/v1/documents/{document_id}/file",
    "/v1/enrolment-plans/{plan_id}/breaches",
    "/v1/items/{item_id}",
    "/v1/items/{item_id}/ballots",
    "/v1/items/{item_id}/declarations",
    "/v1/items/{item_id}/pack",
    "/v1/letter-batches/{batch_id}",
    "/v1/letter-batches/{batch_id}/file",
    "/v1/meetings/{meeting_id}",
    "/v1/meetings/{meeting_id}/items",
    "/v1/meetings/{meeting_id}/minutes/{minutes_id}",
    "/v1/objections/{objection_id}",
    "/v1/objections/{objection_id}/contact",
    "/v1/publications/{publication_id}/objections",
    "/v1/rectifications/{rectification_id}",
    "/v1/reviews/{review_id}",
    "/v1/reviews/{review_id}/attachments/{attachment_id}",
    "/v1/reviews/{review_id}/challenges",
    "/v1/reviews/{review_id}/corrections",
    "/v1/reviews/{review_id}/decision",
    "/v1/reviews/{review_id}/events",
    "/v1/reviews/{review_id}/evidence",
    "/v1/reviews/{review_id}/experts",
    "/v1/reviews/{review_id}/material",
    "/v1/reviews/{review_id}/scores",
    "/v1/reviews/{review_id}/sheet",
    "/v1/reviews/{review_id}/site-visit",
    "/v1/rounds/{round_id}/spread-alerts",
    "/v1/rounds/{round_id}/strictness",
    "/v1/score-runs/{run_id}",
    "/v1/simulations/{simulation_id}",
    "/v1/simulations/{simulation_id}/rows",
    "/v1/specialties/{code}/teach-out",
    "/v1/staged-files/{file_id}",
    "/v1/staged-files/{file_id}/difference",
    "/v1/staged-files/{file_id}/remarks",
    "/v1/staged-files/{file_id}/workbook",
    "/v1/webhooks/{webhook_id}",
    "/v1/webhooks/{webhook_id}/messages",
})  # fmt: skip
"""The reads at which the public finds nothing, whatever is asked for: it is not told what there is (404), nor is it."""


def needs_credentials(method: str, path: str) -> bool:
    """Whether this operation, by its path as it is described, is closed to whoever shows none."""
    return path in CLOSED if method in {"GET", "HEAD"} else f"{method} {path}" not in ANYBODYS
