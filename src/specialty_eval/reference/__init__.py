"""Reference data that travels in the package: the national catalogue (December 2025) and Dezhou's GB/T 2260 codes."""

from importlib.resources import files


def table(name: str) -> bytes:
    """The bytes of a shipped CSV table: `catalogue` or `jurisdictions`."""
    return files(__name__).joinpath(f"{name}.csv").read_bytes()
