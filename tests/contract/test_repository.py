"""Nothing in the repository depends on, or tells of, the machine it was written on."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MADE = {"var", "dist", "build", "__pycache__"}
HIDDEN_OURS = {".ci", ".dockerignore", ".gitignore"}

HOSTS = {"127.0.0.1", "json-schema.org", "schemas.openxmlformats.org", "www.w3.org"}
"""Every host an address in the repository may name: this machine, and names of formats that nobody calls."""


def texts() -> Iterator[tuple[str, str]]:
    """(name, content) of every file that belongs to the project."""
    for top in sorted(ROOT.iterdir()):
        if top.name in MADE or (top.name.startswith(".") and top.name not in HIDDEN_OURS):
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and not MADE & set(path.parts) and not path.name.endswith(".egg-info"):
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8", errors="replace")


def test_no_address_leads_out() -> None:
    address = re.compile(r"https?://([A-Za-z0-9.-]+)")
    found = [(name, host) for name, content in texts() for host in address.findall(content)]
    assert [(name, host) for name, host in found if not allowed(host)] == []


def allowed(host: str) -> bool:
    return host in HOSTS or host.endswith((".invalid", ".example")) or host in {"nowhere", "localhost"}


def test_requirements_name_versions_and_hashes_alone() -> None:
    line = re.compile(r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==[^\s;@]+( ; [^@:]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|")
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        content = path.read_text(encoding="utf-8").splitlines()
        assert [each for each in content if not line.fullmatch(each)] == []


def test_no_path_of_somebodys_machine() -> None:
    somebodys = re.compile(r"(?<![\w.}])/(?:work|home|Users|mnt|opt/conda)/[\w.]+|[A-Z]:\\\\Users")
    found = [(name, path) for name, content in texts() for path in somebodys.findall(content)]
    assert found == []
