"""The client's own distribution: built, unpacked away from the source, and imported with httpx and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import httpx

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "specialty_eval_client"


def test_the_wheel_is_whole_and_needs_httpx_alone(tmp_path: Path) -> None:
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(PACKAGE))
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("specialty_eval_client-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        shipped = {name for name in opened.namelist() if ".dist-info/" not in name}
        (about,) = (opened.read(name).decode() for name in opened.namelist() if name.endswith("/METADATA"))
    source = [*PACKAGE.glob("*.py"), PACKAGE / "py.typed"]
    assert shipped == {f"specialty_eval_client/{path.name}" for path in source}
    required = [line for line in about.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line]
    assert required == ["Requires-Dist: httpx"]

    libraries = Path(httpx.__file__).parents[1]
    code = (
        f"import sys; sys.path[:0] = [{str(wheel)!r}]; sys.path.append({str(libraries)!r})\n"
        "import specialty_eval_client as client, specialty_eval_client.cli, specialty_eval_client.webhooks\n"
        "heavy = {'specialty_eval', 'fastapi', 'pydantic', 'sqlalchemy', 'typer', 'cryptography', 'numpy'}\n"
        "print(client.__file__, sorted(heavy & set(sys.modules)))\n"
    )
    said = subprocess.run(
        (sys.executable, "-I", "-S", "-c", code), check=True, capture_output=True, text=True, timeout=60
    )
    assert said.stdout.strip() == f"{wheel}/specialty_eval_client/__init__.py []"
