"""Set turngraph up, test it, show it.

    python setup.py                    set up: make .venv, install, say what was found
    python setup.py test [ARGUMENT..]  set up and run the tests; arguments go to pytest
    python setup.py demo [NAME]        set up and run a demo (conversation_memory)
    python setup.py list               name the demos
    python setup.py --help             show this

Nothing but Python is needed; setting up twice is quick.
"""
# A build back end runs this file too; for it this is the map from folders to `turngraph.*` (see `build`).
# It has to parse on an older Python, so that it can say that the Python is too old.

from __future__ import annotations

import ast
import contextlib
import difflib
import hashlib
import importlib.util
import json
import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

FLOORS = ("engine", "services", "models", "nodes", "workflows", "interfaces", "demos")
KEYS = ("ANTHROPIC_API_KEY", "IOAI_API_KEY", "Z_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY")
OLDEST = (3, 11)
DEFAULT_DEMO = "conversation_memory"

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "turngraph-setup.json"  # what the finished set-up was made from
UNFINISHED = ROOT / "build" / "setup.unfinished"  # a set-up is at work, or was killed
LOCK = ROOT / "build" / "setup.lock"
ENV_FILE = ROOT / ".env"


class SetupFailed(Exception):
    """The set-up cannot go on; the text says why and what mends it."""


# --- for the build back end


def build() -> None:
    """Tells setuptools which folder is which package."""
    import shutil

    from setuptools import find_namespace_packages, setup

    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)  # else deleted modules are shipped
    inside = [f"{floor}{tail}" for floor in FLOORS for tail in ("", ".*")]
    found = find_namespace_packages(include=inside, exclude=["*__pycache__*"])
    setup(
        script_name="setup.py",  # so that the wheel leaves this file out
        package_dir={"turngraph": "."},
        packages=["turngraph", *(f"turngraph.{name}" for name in found)],
    )


# --- setting up


def set_up(*extras: str) -> None:
    """Makes .venv ready for the extras; does nothing where it is."""
    lay_links()
    if is_ready(extras):
        return
    require_modules()
    with alone():
        if not is_ready(extras):
            install(extras)


def is_ready(extras: tuple[str, ...]) -> bool:
    stamp = read_stamp()
    return (
        not UNFINISHED.exists()
        and PYTHON.exists()
        and stamp.get("made_for") == made_for()
        and stamp.get("files") == fingerprint()
        and set(extras) <= set(stamp.get("extras", ()))
    )


def read_stamp() -> dict:
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def made_for() -> str:
    """The Python and the folder: scripts in .venv hold both, so that another one needs a new .venv."""
    return f"{sys.version} in {ROOT}"


def fingerprint() -> str:
    files = (ROOT / "pyproject.toml", ROOT / "setup.py")
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def install(extras: tuple[str, ...]) -> None:
    everything = sorted({*extras, *read_stamp().get("extras", ())})
    clear = ["--clear"] if must_start_anew() else []
    base_python = getattr(sys, "_base_executable", sys.executable)  # --clear would remove .venv's own
    what = f".[{','.join(everything)}]" if everything else "."
    pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]

    UNFINISHED.touch()
    step("Making .venv", [base_python, "-P", "-m", "venv", *clear, str(VENV)])
    step("Installing turngraph (a minute or two the first time)", [str(PYTHON), "-P", *pip, "-e", what])
    stamp = {"made_for": made_for(), "files": fingerprint(), "extras": everything}
    STAMP.write_text(json.dumps(stamp, indent=2), encoding="utf-8")
    UNFINISHED.unlink()
    write_env_template()


def must_start_anew() -> bool:
    """A killed set-up leaves half-installed packages, which pip takes for whole ones."""
    moved = read_stamp().get("made_for", made_for()) != made_for()
    return UNFINISHED.exists() or moved or (VENV.exists() and not is_of_this_python())


def is_of_this_python() -> bool:
    try:
        lines = (VENV / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    settings = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}
    version = settings.get("version", settings.get("version_info", ""))
    return PYTHON.exists() and version.startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")


def step(title: str, command: list[str]) -> None:
    """Runs one command of the set-up; its output is shown only if it fails."""
    begun = time.monotonic()
    say(f"{title} ...", end=" ")
    pipe = subprocess.PIPE
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT)
    if done.returncode == 0:
        say(f"{time.monotonic() - begun:.0f} s")
        return
    if done.returncode > 0:  # ended by itself: nothing is half installed
        UNFINISHED.unlink()
    say(f"failed ({done.returncode}): {shlex.join(command)}\n{done.stdout.decode(errors='replace')}")
    raise SetupFailed(f"{title.partition(' (')[0]} failed, for the reason above. Mend it and run this again.")


@contextlib.contextmanager
def alone():
    """Lets one set-up work at a time; SQLite's lock works on every system and dies with its process."""
    import sqlite3

    lock = sqlite3.connect(str(LOCK), timeout=0, isolation_level=None)
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            say("Another set-up is at work here; waiting for it.")
            lock.execute("PRAGMA busy_timeout = 900000")
            lock.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        lock.close()


def require_modules() -> None:
    for name in ("venv", "ensurepip", "sqlite3"):
        if importlib.util.find_spec(name) is None:
            raise SetupFailed(
                f"This Python ({sys.executable}) comes without the module {name}. On Debian and Ubuntu "
                "`apt install python3-venv` brings it; elsewhere install Python from python.org."
            )


def lay_links() -> None:
    """Lays build/typing/turngraph/*, where type checkers look the package up by its name."""
    house = ROOT / "build" / "typing" / "turngraph"
    house.mkdir(parents=True, exist_ok=True)
    for name in (*FLOORS, "__init__.py", "__main__.py", "py.typed"):
        if (ROOT / name).exists() and not os.path.lexists(house / name):
            with contextlib.suppress(OSError):  # Windows may refuse links; only type checking needs them
                (house / name).symlink_to(Path("..", "..", "..", name))


def write_env_template() -> None:
    if ENV_FILE.exists():
        return
    ask = "from turngraph.services.settings import env_template; print(env_template(), end='')"
    python = [str(PYTHON), "-P", "-X", "utf8"]
    done = subprocess.run([*python, "-c", ask], cwd=ROOT, capture_output=True, encoding="utf-8")
    if done.returncode:
        say(f".env is not written: {(done.stderr.strip().splitlines() or ['no answer'])[-1]}")
        return
    with contextlib.suppress(FileExistsError):
        file = os.open(str(ENV_FILE), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # keys will stand in it
        with open(file, "w", encoding="utf-8") as env:
            env.write(done.stdout)


# --- what was found


def report() -> None:
    settings = {**read_env_file(), **os.environ}
    print(f"turngraph is set up in {VENV} (Python {sys.version.split()[0]}).\n\nFound:")
    for key in KEYS:
        print(f"  {key:18} {'set' if settings.get(key) else 'not set'}")
    database = settings.get("DATABASE_URL", "")
    postgres = database if database.startswith("postgres") else ""
    print(f"  {'PostgreSQL':18} {reach(postgres, 5432)}")
    print(f"  {'Redis':18} {reach(settings.get('REDIS_URL', ''), 6379)}")
    print("\nNone of them is needed: an offline model answers, and one SQLite file remembers.")
    if ENV_FILE.exists():
        print(f"Keys and other settings go into {ENV_FILE}.")
    script = shlex.quote(sys.argv[0])
    print("\nTry next:")
    print(f"  python {script} demo    a conversation that remembers")
    print(f"  python {script} list    the other demos")
    print(f"  {shlex.quote(str(PYTHON.with_name('turngraph')))} chat --user ada")


def read_env_file() -> dict[str, str]:
    """The settings of .env, as far as names and emptiness go."""
    try:
        lines = ENV_FILE.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {name.replace("export ", "").strip(): value.strip().strip("'\"") for name, _, value in pairs}


def reach(url: str, usual_port: int) -> str:
    """Whether something listens there; never shows the URL, which may hold a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "127.0.0.1", parts.port or usual_port
    except ValueError:
        return "its URL cannot be read"
    try:
        socket.create_connection((host, port), timeout=0.3).close()
    except OSError:
        return f"does not answer at {host}:{port}"
    return f"answers at {host}:{port}"


# --- tests and demos


def run(arguments: list[str], cwd: Path | None = None) -> int:
    """Runs .venv's Python; -P keeps the current folder from standing in for packages of the same name."""
    sys.stdout.flush()
    status = subprocess.call([str(PYTHON), "-P", *arguments], cwd=cwd)
    return status if status >= 0 else 128 - status


def test(arguments: list[str]) -> int:
    set_up("test")
    workers = (
        [] if any(argument.startswith(("-n", "--numprocesses")) for argument in arguments) else ["-n", "auto"]
    )
    return run(["-m", "pytest", *workers, *arguments], cwd=ROOT)


def demo(arguments: list[str]) -> int:
    name, *rest = arguments or [DEFAULT_DEMO]
    names = [known for known, _ in demos()]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        say(f"There is no demo {name!r}.{hint} The demos are: {', '.join(names) or 'none yet'}.")
        return 2
    set_up()
    return run(["-m", f"turngraph.demos.{name}", *rest])


def demos() -> list[tuple[str, str]]:
    """The demos and what each says of itself, read without importing them."""
    files = sorted((ROOT / "demos").glob("[!_]*.py"))
    return [(file.stem, first_line(file)) for file in files]


def first_line(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def list_demos() -> None:
    width = max((len(name) for name, _ in demos()), default=0)
    for name, line in demos():
        print(f"{name:{width}}  {line}")


# --- the command line


def say(text: str, end: str = "\n") -> None:
    print(text, file=sys.stderr, end=end, flush=True)


def command(arguments: list[str]) -> int:
    name, *rest = arguments or ["set-up"]
    if name == "test":
        return test(rest)
    if name == "demo":
        return demo(rest)
    if name == "list" and not rest:
        list_demos()
    elif name in ("-h", "--help", "help") and not rest:
        print(__doc__, end="")
    elif not arguments:
        set_up()
        write_env_template()
        report()
    else:
        say(f"setup.py does not know {shlex.join(arguments)!r}.\n\n{__doc__}", end="")
        return 2
    return 0


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST:
        say(f"turngraph needs Python {OLDEST[0]}.{OLDEST[1]} or later; this is {sys.version.split()[0]}.")
        return 1
    try:
        return command(arguments)
    except KeyboardInterrupt:
        say("\nInterrupted.")
        return 130
    except (SetupFailed, OSError) as error:
        say(f"setup.py: {error}")
        return 1


if __name__ == "__main__":
    if "setuptools" in sys.modules:
        build()
    else:
        sys.exit(main(sys.argv[1:]))
