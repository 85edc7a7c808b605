"""The two readers of OpenAPI: the very files that their packages have, and nothing asked of anybody else."""

import gzip
import hashlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from specialty_eval import web
from specialty_eval.app import create_app

VENDOR = Path(web.__file__).parent / "vendor"
PINS = tomllib.loads((VENDOR / "pins.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app("postgresql+psycopg://nowhere/none", Path())) as client:
        yield client


def test_each_file_of_others_is_pinned_and_has_its_hash_and_its_licence() -> None:
    pinned = {name: said for package in PINS.values() for name, said in package["files"].items()}
    found = {path.name.removesuffix(".gz"): path for path in VENDOR.glob("*.gz") if "LICENSE" not in path.name}
    assert pinned == {
        name: f"sha256:{hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()}" for name, path in found.items()
    }
    for package, words in (("redoc", b"MIT"), ("swagger-ui", b"Apache License")):
        assert words in gzip.decompress((VENDOR / f"{package}.LICENSE.gz").read_bytes())


@pytest.mark.parametrize("path", ["/api/redoc", "/api/try"])
def test_a_page_loads_this_servers_files_alone_under_a_strict_policy(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    loaded = re.findall(r'(?:src|href)="([^"]+\.(?:js|css)[^"]*)"', page.text)
    assert any(each.endswith(".js") for each in loaded)
    assert all(each.startswith(("/vendor/", "/static/")) for each in loaded)
    assert "<script>" not in page.text
    for each in loaded:
        assert client.get(each).status_code == 200


def test_a_file_is_the_same_packed_or_not(client: TestClient) -> None:
    (address,) = re.findall(r'src="(/vendor/redoc[^"]+)"', client.get("/api/redoc").text)
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert "immutable" in plain.headers["cache-control"]


def test_an_unknown_file_is_not_there(client: TestClient) -> None:
    assert client.get("/vendor/redoc.standalone.js").status_code == 404
    assert client.get("/vendor/pins.toml").status_code == 404
