"""Ask a specialty-eval server: `Client` and `AsyncClient`; `errors`, `feed`, `webhooks` beside them.

with Client(Options("https://pinggu.example")) as client:
    print(client.status("3637000001-710201").rating)
"""

from specialty_eval_client.asynchronous import AsyncClient
from specialty_eval_client.errors import ClientError, Problem, Refused, Unreachable, Unreadable
from specialty_eval_client.feed import FeedCache, follow, follow_async
from specialty_eval_client.models import Event, Page, Status, Statuses, Versioned
from specialty_eval_client.options import Options
from specialty_eval_client.retries import Retries
from specialty_eval_client.sync import Client

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "Event",
    "FeedCache",
    "Options",
    "Page",
    "Problem",
    "Refused",
    "Retries",
    "Status",
    "Statuses",
    "Unreachable",
    "Unreadable",
    "Versioned",
    "follow",
    "follow_async",
]
