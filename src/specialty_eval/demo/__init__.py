"""A fictional city's three years, played through the actions, told, and served."""

from pathlib import Path


def run(data: Path, database_url: str | None, *, seed: int | None, serve: bool, host: str, port: int) -> int:
    """Play what is not on record yet, print what came out, and serve it; the exit status."""
    from .showing import show  # noqa: PLC0415 -- slow import: the whole application

    return show(data, database_url, seed=seed, serve=serve, host=host, port=port)
