"""Pages for people. For now the public result page and the API's reference."""

from fastapi import FastAPI


def install(app: FastAPI) -> None:
    """Mount the pages."""
