"""An environment for each peer: the project's own libraries, and the few packages that only the peer needs."""

import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PIP_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class NotInstalled:
    """Why a peer cannot be measured here."""

    reason: str


def ensure_venv(name: str, home: Path) -> Path | NotInstalled:
    """The interpreter that runs the peer `name` (`sync`, `deepface`); the first call in `home` installs what it needs.

    The peer finds the project's libraries behind its own: both sides are measured on the very same builds.
    """
    requirements = HERE / f"requirements-{name}.txt"
    folder = home / "bench" / "venvs" / name
    python, stamp = folder / "bin" / "python", folder / "installed"
    libraries = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    wanted = "\n".join([sys.version, *libraries, requirements.read_text(encoding="utf-8")])
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python

    print(f"Installing what the peer `{name}` needs into {folder} ...", file=sys.stderr)
    venv.create(folder, clear=True, symlinks=True)
    if failure := _install(requirements, python):
        return NotInstalled(failure)
    own = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    (own / "project.pth").write_text("\n".join(libraries) + "\n", encoding="utf-8")
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _install(requirements: Path, python: Path) -> str | None:
    """Let the project's pip install for that interpreter; say what failed."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    command += ["--no-deps", "--only-binary", ":all:", "-r", str(requirements)]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return f"pip install -r {requirements.name}: no end after {PIP_TIMEOUT_S} s"
    if ran.returncode == 0:
        return None
    errors = [line for line in ran.stderr.splitlines() if line.startswith("ERROR:")] or ["no reason given"]
    return f"pip install -r {requirements.name}: {errors[-1]}"
