"""What both clients are made with."""

import os
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import httpx

from specialty_eval_client.retries import Retries

API_VERSION = "2026-11-29"
"""The date of the API that this client was written for: a server that has taken something away since refuses it."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where the server is, as whom (a key `key_…` or a sign-in's token; empty: the public), and how patiently.

    `timeout` is for one attempt, in seconds. Redirects are followed within the server only: a superseded code's.
    """

    server: str = field(default_factory=lambda: os.environ.get("SPECIALTY_EVAL_SERVER", "http://127.0.0.1:8000"))
    key: str = field(default_factory=lambda: os.environ.get("SPECIALTY_EVAL_KEY", ""), repr=False)
    retries: Retries = field(default_factory=Retries)
    timeout: float = 30.0

    def of_httpx(self) -> dict[str, Any]:
        """The keyword arguments of an httpx client."""
        headers = {"Accept": "application/json", "User-Agent": f"specialty-eval-client/{own_version()}",
                   "API-Version": API_VERSION}  # fmt: skip
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        return {"base_url": self.server, "headers": headers, "timeout": self.timeout, "follow_redirects": True}


def stays(response: httpx.Response) -> None:
    """An event hook: a redirect to another server is not followed, so that no key and no evidence goes astray."""
    asked, to = response.request.url, response.headers.get("location")
    if response.has_redirect_location and to is not None:
        there = asked.join(to)
        if (there.scheme, there.host, there.port) != (asked.scheme, asked.host, asked.port):
            raise httpx.UnsupportedProtocol(f"redirected to another server: {there.host}", request=response.request)


async def stays_async(response: httpx.Response) -> None:
    """The same for asyncio."""
    stays(response)


def own_version() -> str:
    """This package's version; `0` when it runs from the source."""
    try:
        return version("specialty-eval-client")
    except PackageNotFoundError:
        return "0"
