"""Installs the engines ours is measured beside, each in a virtual environment of its own.

python benchmarks/setup_peers.py [--list]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv
from collections.abc import Sequence

from peers import DURABLE_PEERS, MEMORY_PEERS, PEERS, Engine


def install(peer: Engine) -> bool:
    """Makes a peer's environment; False where pip could not install it."""
    requirement = f"{peer.package}=={peer.version}"
    print(f"installing {requirement} into {peer.folder} ...", flush=True)
    venv.EnvBuilder(clear=True, with_pip=True).create(peer.folder)
    pip = [
        str(peer.python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        requirement,
        *peer.beside,
    ]
    done = subprocess.run(pip, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{requirement} could not be installed: {done.stderr.strip()[-500:]}", file=sys.stderr)
        return False
    peer.mark.touch()
    return True


def install_missing(peers: Sequence[Engine] = PEERS) -> bool:
    """Installs the peers that are not there; False if one could not be."""
    return all([install(peer) for peer in peers if not peer.installed])


def main() -> None:
    """Installs what is missing, or says what is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--list", action="store_true", help="install nothing, say what is there")
    failed = not parser.parse_args().list and not install_missing((*PEERS, *DURABLE_PEERS, *MEMORY_PEERS))
    for peer in (*PEERS, *DURABLE_PEERS, *MEMORY_PEERS):
        print(f"{peer.name} {peer.version}: {peer.folder if peer.installed else 'not installed'}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
