"""What is shipped: the built wheel, unpacked away from the source, has everything the program needs."""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = PROJECT / "src" / "specialty_eval"
NOT_SHIPPED = {"__pycache__"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without the network: the build backend is pinned with everything else."""
    target = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, PROJECT)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel in it and nothing else."""
    target = tmp_path_factory.mktemp("installed")
    install = ("install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index")
    _run(sys.executable, "-m", "pip", *install, "--target", target, wheel)
    return target


def test_every_file_of_the_package_travels(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        shipped = {name for name in opened.namelist() if name.startswith("specialty_eval/")}

    source = {f"specialty_eval/{path.relative_to(PACKAGE)}" for path in _files(PACKAGE)}
    migrations = {f"specialty_eval/{path.relative_to(PROJECT)}" for path in _files(PROJECT / "migrations")}
    assert shipped == source | migrations


def test_the_installed_package_is_imported_and_finds_what_came_with_it(installed: Path) -> None:
    found = _python(
        installed,
        """
        import json, specialty_eval
        from importlib.metadata import version
        from importlib.resources import files
        from specialty_eval.store import schema
        package = files(specialty_eval)
        print(json.dumps({
            "file": specialty_eval.__file__,
            "version": version("specialty-eval"),
            "migrations": str(schema.scripts()),
            "policies": sorted(each.name for each in (package / "policies").iterdir() if each.name.endswith(".yaml")),
            "problems": sorted(each.name for each in (package / "locale" / "problems").iterdir()),
        }))
        """,
    )

    package = installed / "specialty_eval"
    assert json.loads(found) == {
        "file": str(package / "__init__.py"),
        "version": tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"],
        "migrations": str(package / "migrations"),
        "policies": sorted(path.name for path in (PACKAGE / "policies").glob("*.yaml")),
        "problems": sorted(path.name for path in (PACKAGE / "locale" / "problems").iterdir()),
    }


def test_the_installed_package_migrates_an_empty_database(installed: Path, fresh_database: str) -> None:
    found = _python(
        installed,
        f"""
        import sqlalchemy as sa
        from specialty_eval.store import schema
        from specialty_eval.store.metadata import METADATA
        url = {fresh_database!r}
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
        schema.migrate(url)
        with engine.connect() as connection:
            found = set(sa.inspect(connection).get_table_names())
            print(found == {{*METADATA.tables, "alembic_version"}})
        """,
    )

    assert found.splitlines()[-1] == "True"


def test_the_installed_package_shows_its_pages(installed: Path) -> None:
    found = _python(
        installed,
        """
        import re
        from pathlib import Path
        from starlette.testclient import TestClient
        from specialty_eval.app import create_app
        with TestClient(create_app("postgresql+psycopg://nowhere/none", Path("."))) as client:
            page = client.get("/api")
            style = client.get(re.search(r'/static/site[.]\\w+[.]css', page.text)[0])
            print(page.status_code, style.status_code, "/v1/sign-in" in page.text, len(style.content) > 1000)
        """,
    )

    assert found.splitlines()[-1] == "200 200 True True"


def test_the_installed_command_scores_with_a_shipped_policy(installed: Path) -> None:
    """The console script itself, the source out of the way: what operators call."""
    command, policy = (
        installed / "bin" / "specialty-eval",
        installed / "specialty_eval" / "policies" / "us-ge-2014.yaml",
    )
    evidence = PROJECT / "tests" / "golden" / "us-ge-2014" / "programs.csv"
    expected = (PROJECT / "tests" / "golden" / "us-ge-2014" / "programs-results.csv").read_text(encoding="utf-8")
    path = {"PYTHONPATH": str(installed)}

    checked = _run(command, "policy", "check", policy, cwd=installed, environment=path)
    scored = _run(command, "policy", "score", policy, "--evidence", evidence, cwd=installed, environment=path)

    assert ("us-ge-2014" in checked, scored) == (True, expected)


def test_what_is_not_python_travels_too(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        shipped = {name.removeprefix("specialty_eval/") for name in opened.namelist()}

    needed = {"py.typed", "locale/labels.toml", "locale/phrases.toml", "policies/dezhou.yaml",
              "reference/catalogue.csv", "reference/jurisdictions.csv", "migrations/env.py",
              "migrations/script.py.mako"}  # fmt: skip
    kinds = ("locale/problems/", "web/templates/", "web/static/", "migrations/versions/")
    assert needed - shipped == set()
    assert [kind for kind in kinds if not any(name.startswith(kind) for name in shipped)] == []


def test_the_runtime_pins_cover_all_that_the_wheel_requires(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        (metadata,) = (opened.read(name).decode() for name in opened.namelist() if name.endswith("/METADATA"))
    required = set(re.findall(r"^Requires-Dist: ([\w.-]+)", metadata, re.M))
    pinned = set(re.findall(r"^([\w.-]+)(?:\[.*?\])?==", (PROJECT / "requirements" / "runtime.txt").read_text(), re.M))

    assert (bool(required), required - pinned) == (True, set())


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not NOT_SHIPPED & set(path.parts))


def _python(installed: Path, program: str) -> str:
    """What `program` prints, run away from the source with the installed wheel before the editable one."""
    return _run(sys.executable, "-c", dedent(program), cwd=installed, environment={"PYTHONPATH": str(installed)})


def _run(*command: str | Path, cwd: Path | None = None, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | (environment or {}), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
