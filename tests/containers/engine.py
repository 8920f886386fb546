"""A container engine: Docker where it runs, else Podman with runc. Both read the same compose file."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.settings import CHECKOUT

BASE = "docker.io/library/debian:bookworm-20260824-slim"
STAND_INS = Path(__file__).parent / "stand_ins"
FILES = ("docker-compose.yml", "infra/docker/seaweedfs.yml")
#: podman 4.3 does not start a container whose `--requires` chain has ended ones, which ours has: jobs come before it.
WITHOUT_REQUIRES = """#!/bin/sh
for a do shift; case $a in --requires=*) ;; *) set -- "$@" "$a";; esac; done
exec {podman} "$@"
"""
CONFIGURATION = """[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""


class Missing(Exception):
    """There is no engine here; says what would have to be installed."""


@dataclass
class Engine:
    """Runs the compose file as one project, with the secrets in a directory of its own."""

    command: str
    compose_command: tuple[str, ...]
    scratch: Path
    project: str = "likeness-trial"
    build_options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    source: Path = CHECKOUT

    @classmethod
    def here(cls, scratch: Path, build_options: Sequence[str]) -> "Engine":
        """The engine of this machine. Raise Missing."""
        if (
            shutil.which("docker")
            and not subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
        ):
            return cls("docker", ("docker", "compose"), scratch, build_options=tuple(build_options))
        podman = shutil.which("podman")
        if podman is None or shutil.which("runc") is None:
            raise Missing(
                "no Docker engine answers, and there are no podman and runc (Debian: podman buildah runc catatonit)"
            )
        if shutil.which("podman-compose") is None:
            raise Missing("podman is here, podman-compose is not (PyPI: podman-compose)")
        engine = cls("podman", ("podman-compose", "--in-pod", "false"), scratch, build_options=tuple(build_options))
        (shim := scratch / "bin").mkdir()
        (shim / "podman").write_text(WITHOUT_REQUIRES.format(podman=podman))
        (shim / "podman").chmod(0o755)
        (scratch / "containers.conf").write_text(CONFIGURATION)
        engine.environment |= {
            "PATH": f"{shim}{os.pathsep}{os.environ['PATH']}",
            "CONTAINERS_CONF": str(scratch / "containers.conf"),
        }
        return engine

    def run(self, *command: str, check: bool = True, within_s: float = 900) -> str:
        """What a command printed. Raise CalledProcessError, TimeoutExpired."""
        ran = subprocess.run(
            command,
            cwd=self.source,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=within_s,
        )
        if check and ran.returncode:
            sys.stderr.write(ran.stdout[-4000:] + ran.stderr[-4000:])
            ran.check_returncode()
        return ran.stdout

    def compose(self, *arguments: str, check: bool = True, within_s: float = 600) -> str:
        """Compose, with SeaweedFS: of both stores the one that a wheel brings."""
        own = ("infra/docker/podman.yml",) if self.command == "podman" else ()
        files = [part for name in (*FILES, *own, str(self.scratch / "trial.yml")) for part in ("-f", name)]
        return self.run(*self.compose_command, "-p", self.project, *files, *arguments, check=check, within_s=within_s)

    def build(self, image: str, dockerfile: Path, context: Path, *arguments: str) -> None:
        """Build an image."""
        builder: tuple[str, ...] = ("docker", "build")
        if self.command == "podman":
            builder = ("buildah", "bud", "--isolation=chroot", "--network", "host", "--layers", "--format", "docker")
        self.run(*builder, *self.build_options, *arguments, "-t", image, "-f", str(dockerfile), str(context))

    def has(self, image: str) -> bool:
        """Whether the image is here, or can be fetched."""
        inspected = subprocess.run(
            [self.command, "image", "inspect", image], env=self.environment, capture_output=True, check=False
        )
        if not inspected.returncode:
            return True
        try:
            self.run(self.command, "pull", "--quiet", image, within_s=120)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return False
        return True

    def sizes(self) -> Mapping[str, str]:
        """Our images and what they take."""
        listed = self.run(self.command, "images", "--format", "{{.Repository}}:{{.Tag}} {{.Size}}")
        rows = (line.partition(" ") for line in listed.splitlines())
        return {name.rpartition("/")[2]: size for name, _, size in rows if "likeness-" in name and ":latest" in name}
