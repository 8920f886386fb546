"""Deleted objects stay on a SeaweedFS volume until it is vacuumed. This does it for the embedded server."""

import subprocess
import sysconfig
import time
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import StoreUnavailable
from core.settings import Settings
from infra.local.servers import LOOPBACK, S3Server

#: The server marks the bytes of a deleted object as garbage a second or so after it has said that it is deleted.
SETTLING_S = 4.0
SCRIPT = "lock\nvolume.vacuum -garbageThreshold 0.0001\nunlock\nexit\n"


def embedded_server(settings: Settings) -> S3Server | None:
    """The embedded SeaweedFS, when that is the one the settings name."""
    if settings.objects.local != "seaweedfs":
        return None
    server = S3Server.of(settings)
    is_here = urlsplit(settings.objects.credentials[0]).hostname == LOOPBACK and (server.directory / "data").is_dir()
    return server if is_here else None


def vacuum(server: S3Server) -> None:
    """Rewrite every volume that holds deleted bytes. Raise StoreUnavailable unless the server did it."""
    time.sleep(SETTLING_S)
    master = f"{LOOPBACK}:{server.port + 2}.{server.port + 3}"
    command = [str(Path(sysconfig.get_path("scripts")) / "weed"), "shell", f"-master={master}"]
    # In its directory, where the certificates lie that the server asks for.
    command += [f"-filer={LOOPBACK}:{server.port + 6}.{server.port + 7}"]
    try:
        done = subprocess.run(
            command, input=SCRIPT, cwd=server.directory, capture_output=True, text=True, timeout=300, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise StoreUnavailable("the embedded object store did not finish vacuuming in 300 s") from error
    output = done.stdout + done.stderr
    if done.returncode or "error" in output.lower():
        raise StoreUnavailable(f"the embedded object store was not vacuumed: {output[-500:]}")
