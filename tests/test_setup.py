"""Does setup.py do what its help says?"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A checkout with two demos, in a folder whose name has a space and a dot."""
    folder = tmp_path / "a checkout.x"
    (folder / "demos").mkdir(parents=True)
    for name in ("setup.py", "pyproject.toml", "__init__.py"):
        shutil.copy(ROOT / name, folder)
    (folder / "demos" / "__init__.py").write_text('"""The demos."""\n')
    (folder / "demos" / "first.py").write_text('"""Shows the first thing.\n\nMore."""\nraise SystemExit(3)\n')
    (folder / "demos" / "other.py").write_text('"""Shows another."""\n')
    return folder


@pytest.fixture
def setup(house: Path) -> ModuleType:
    return load(house)


def load(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("turngraph_setup", folder / "setup.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / "setup.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def make_ready(setup: ModuleType, *extras: str) -> None:
    """Leaves what a finished set-up leaves."""
    setup.PYTHON.parent.mkdir(parents=True, exist_ok=True)
    setup.PYTHON.touch()
    setup.LOCK.parent.mkdir(exist_ok=True)
    version = ".".join(map(str, sys.version_info[:3]))
    (setup.VENV / "pyvenv.cfg").write_text(f"home = /somewhere\nversion = {version}\n")
    stamp = {"made_for": setup.made_for(), "files": setup.fingerprint(), "extras": extras}
    setup.STAMP.write_text(json.dumps(stamp))


# --- commands


def test_list_names_the_demos_without_importing_them(house: Path) -> None:
    done = call(house, "list")
    assert done.stdout.splitlines() == ["first  Shows the first thing.", "other  Shows another."]
    assert (done.returncode, done.stderr) == (0, "")
    assert not (house / ".venv").exists()


def test_help_goes_to_stdout(house: Path) -> None:
    done = call(house, "--help")
    assert done.returncode == 0
    assert "python setup.py demo" in done.stdout


@pytest.mark.parametrize("arguments", [["biuld"], ["list", "more"], ["install"], ["--version"]])
def test_an_unknown_command_ends_with_2_and_the_help(house: Path, arguments: list[str]) -> None:
    done = call(house, *arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr
    assert "python setup.py demo" in done.stderr


def test_an_unknown_demo_names_the_nearest_before_anything_is_set_up(house: Path) -> None:
    done = call(house, "demo", "frist")
    assert done.returncode == 2
    assert "Did you mean first?" in done.stderr
    assert not (house / ".venv").exists()


def test_an_older_python_gets_one_sentence(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "OLDEST", (99, 0))
    assert setup.main([]) == 1
    assert capsys.readouterr().err.startswith("turngraph needs Python 99.0 or later")


def test_a_python_without_venv_is_told_the_mend(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda name: None)
    assert setup.main([]) == 1
    assert "apt install python3-venv" in capsys.readouterr().err


def test_the_exit_status_of_the_child_is_passed_on(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "PYTHON", Path(sys.executable))
    assert setup.run(["-c", "raise SystemExit(7)"]) == 7
    assert setup.run(["-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"]) == 143


# --- the stamp


def test_a_finished_set_up_is_ready_for_its_extras_only(setup: ModuleType) -> None:
    assert not setup.is_ready(())
    make_ready(setup, "test")
    assert setup.is_ready(())
    assert setup.is_ready(("test",))
    assert not setup.is_ready(("lint",))


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.py"])
def test_a_changed_file_asks_for_a_new_install_into_the_same_venv(
    setup: ModuleType, house: Path, name: str
) -> None:
    make_ready(setup)
    with (house / name).open("a") as file:
        file.write("# changed\n")
    assert not setup.is_ready(())
    assert not setup.must_start_anew()


def test_a_moved_checkout_starts_anew(setup: ModuleType, house: Path, tmp_path: Path) -> None:
    make_ready(setup)
    moved = load(house.rename(tmp_path / "elsewhere"))
    assert not moved.is_ready(())
    assert moved.must_start_anew()


def test_a_killed_set_up_is_noticed_and_starts_anew(setup: ModuleType) -> None:
    make_ready(setup)
    setup.UNFINISHED.touch()
    assert not setup.is_ready(())
    assert setup.must_start_anew()


def test_a_venv_made_by_hand_is_kept_if_it_is_of_this_python(setup: ModuleType) -> None:
    make_ready(setup)
    setup.STAMP.unlink()
    assert not setup.is_ready(())
    assert not setup.must_start_anew()
    (setup.VENV / "pyvenv.cfg").write_text("version = 3.1.0\n")
    assert setup.must_start_anew()


def test_a_spoilt_stamp_counts_as_none(setup: ModuleType) -> None:
    make_ready(setup)
    setup.STAMP.write_text("{")
    assert not setup.is_ready(())


def test_what_was_installed_before_stays_installed(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(setup, "step", lambda title, command: commands.append(command))
    monkeypatch.setattr(setup, "write_env_template", lambda: None)
    make_ready(setup, "test")
    setup.set_up("lint")
    assert commands[1][-1] == ".[lint,test]"
    assert setup.is_ready(("lint", "test"))


@pytest.mark.parametrize(
    ("code", "starts_anew"), [("raise SystemExit(1)", False), ("import os; os.abort()", True)]
)
def test_a_step_that_fails_shows_its_output(
    setup: ModuleType, capsys: pytest.CaptureFixture[str], code: str, starts_anew: bool
) -> None:
    make_ready(setup)
    setup.UNFINISHED.touch()
    with pytest.raises(setup.SetupFailed):
        setup.step("Trying", [sys.executable, "-c", f"print('no luck', flush=True); {code}"])
    assert "no luck" in capsys.readouterr().err
    assert setup.must_start_anew() == starts_anew


def test_two_at_once_install_once(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    installs: list[tuple[str, ...]] = []

    def install(extras: tuple[str, ...]) -> None:
        installs.append(extras)
        make_ready(setup, *extras)

    monkeypatch.setattr(setup, "install", install)
    threads = [threading.Thread(target=setup.set_up, args=("test",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert installs == [("test",)]


# --- what was found


def test_the_report_says_which_keys_are_set_and_shows_none(
    setup: ModuleType, house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:secret@127.0.0.1:1/db")
    (house / ".env").write_text("# Z_API_KEY=secret\nexport IOAI_API_KEY='secret'\nOPENAI_API_KEY=\n")
    setup.report()
    text = capsys.readouterr().out
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.startswith("  ")]
    found = {line[0]: line[1] for line in lines}
    assert found["ANTHROPIC_API_KEY"] == found["IOAI_API_KEY"] == "set"
    assert found["Z_API_KEY"] == found["OPENAI_API_KEY"] == "not set"
    assert found["PostgreSQL"] == "does not answer at 127.0.0.1:1"
    assert "secret" not in text


def test_a_url_that_cannot_be_read_is_said(setup: ModuleType) -> None:
    assert setup.reach("redis://127.0.0.1:many", 6379) == "its URL cannot be read"


def test_an_env_file_is_never_overwritten(setup: ModuleType, house: Path) -> None:
    (house / ".env").write_text("MINE=1\n")
    setup.write_env_template()
    assert (house / ".env").read_text() == "MINE=1\n"


def test_the_links_for_type_checkers_survive_a_move(setup: ModuleType, house: Path, tmp_path: Path) -> None:
    setup.lay_links()
    setup.lay_links()
    moved = house.rename(tmp_path / "elsewhere")
    assert (moved / "build" / "typing" / "turngraph" / "demos" / "first.py").is_file()
