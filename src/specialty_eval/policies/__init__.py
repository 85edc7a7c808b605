"""The policies shipped with the program, as text. Reading and checking one is the engine's work."""

from importlib import resources

_SUFFIX = ".yaml"


def names() -> list[str]:
    """The names of the shipped policies, in alphabetical order."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX))


def text(name: str) -> str:
    """The YAML of one shipped policy; `KeyError` for a name that `names` does not list."""
    if name not in names():
        raise KeyError(name)
    return resources.files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8")
