"""Does an installed turngraph hold what it should, and nothing else?"""

from __future__ import annotations

import email.message
import email.parser
import runpy
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = runpy.run_path(str(ROOT / "setup.py"))["FLOORS"]
SHIPPED = (".py", ".yaml", ".mako", ".html", ".css", ".js", "_vocab.txt")
VERSION = "0.1.0"


def files_of_the_project() -> list[Path]:
    """What a clean clone would hold, files not yet committed included."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
        names = subprocess.check_output(command, cwd=ROOT, text=True).split("\0")
        return [Path(name) for name in names if name and (ROOT / name).is_file()]
    made = {".venv", "build", "dist", "__pycache__", ".env", "turngraph.egg-info"}
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [path for path in paths if not made & set(path.parts)]


def expected_names() -> set[str]:
    floors = {
        path for path in files_of_the_project() if path.parts[0] in FLOORS and path.name.endswith(SHIPPED)
    }
    face = {Path(name) for name in ("__init__.py", "__main__.py", "py.typed")}
    return {f"turngraph/{path.as_posix()}" for path in floors | face}


def build(source: Path, target: Path, *kinds: str) -> None:
    command = [sys.executable, "-P", "-m", "build", "--no-isolation", *kinds, "-o", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, the sdist, and below from-sdist/ the wheel that the sdist gives."""
    base = tmp_path_factory.mktemp("packaging")
    for path in files_of_the_project():
        (base / "clone" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, base / "clone" / path)
    stale = base / "clone" / "build" / "lib" / "turngraph" / "engine" / "deleted_long_ago.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    build(base / "clone", base, "--wheel", "--sdist")
    with tarfile.open(base / f"turngraph-{VERSION}.tar.gz") as sdist:
        sdist.extractall(base / "unpacked", filter="data")
    build(base / "unpacked" / f"turngraph-{VERSION}", base / "from-sdist", "--wheel")
    return base


def wheel_of(folder: Path) -> Path:
    (wheel,) = folder.glob("*.whl")
    return wheel


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def metadata_of(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"turngraph-{VERSION}.dist-info/METADATA").decode()
    return email.parser.HeaderParser().parsestr(text)


def test_the_wheel_holds_the_floors_and_nothing_else(built: Path) -> None:
    inside = {name for name in names_in(wheel_of(built)) if ".dist-info/" not in name}
    assert inside == expected_names()


def test_wheel_and_sdist_agree(built: Path) -> None:
    assert names_in(wheel_of(built)) == names_in(wheel_of(built / "from-sdist"))


def test_the_sdist_holds_the_tests_and_no_rubbish(built: Path) -> None:
    with tarfile.open(built / f"turngraph-{VERSION}.tar.gz") as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"setup.py", "pyproject.toml", "LICENSE", "README.md", "tests/test_packaging.py"} <= names
    assert not [name for name in names if name.startswith((".venv", "build")) or name.endswith(".pyc")]


def test_the_metadata_names_the_licence_and_the_python(built: Path) -> None:
    metadata = metadata_of(wheel_of(built))
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Version"] == VERSION
    assert f"turngraph-{VERSION}.dist-info/licenses/LICENSE" in names_in(wheel_of(built))


def test_the_wheel_installs_into_a_fresh_environment(built: Path, tmp_path: Path) -> None:
    home = tmp_path / "fresh"
    venv.create(home, with_pip=False)
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = [sys.executable, "-P", "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel_of(built))], check=True)
    ask = (
        "import importlib.metadata, importlib.util, turngraph, turngraph.demos\n"
        "print(turngraph.__version__, importlib.metadata.version('turngraph'))\n"
        f"print([name for name in {FLOORS} if importlib.util.find_spec(name)])"
    )
    answer = subprocess.check_output([str(python), "-P", "-c", ask], text=True, cwd=tmp_path)
    assert answer.splitlines() == [f"{VERSION} {VERSION}", "[]"]
