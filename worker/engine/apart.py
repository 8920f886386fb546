"""Decoding apart, in processes that an image may end: the worker's side of `worker.engine.decoder`."""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from multiprocessing.connection import Connection

import numpy as np

from core.comparisons.images import ImageHeader
from core.errors import ImageUndecodable
from worker.engine.contract import Image

#: What the process is told of our environment: nothing that a secret could stand in.
_TOLD = (
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "COVERAGE_PROCESS_CONFIG",
    "COVERAGE_PROCESS_START",
)


class DecoderProcess:
    """One process, which decodes one image at a time."""

    def __init__(self) -> None:
        told = {name: os.environ[name] for name in _TOLD if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "worker.engine.decoder"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**told, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests = Connection(os.dup(self._process.stdin.fileno()), readable=False)
        self._answers = Connection(os.dup(self._process.stdout.fileno()), writable=False)
        self._process.stdin.close()
        self._process.stdout.close()
        self._answers.recv_bytes()

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def decode(self, body: bytes, header: ImageHeader, scale: int, profile: bytes | None) -> Image:
        """BGR, upright. Raise ImageUndecodable; the process may not be `alive` afterwards."""
        request = {"format": header.format, "width": header.width, "height": header.height, "scale": scale}
        try:
            for part in (json.dumps(request).encode(), profile or b"", body):
                self._requests.send_bytes(part)
            answer = json.loads(self._answers.recv_bytes())
            if "refused" in answer:
                raise ImageUndecodable(f"the {header.format.label} cannot be decoded: {answer['refused']}")
            pixels = np.empty(answer["shape"], np.uint8)
            self._answers.recv_bytes_into(pixels.data.cast("B"))
        except (EOFError, OSError):
            raise ImageUndecodable(self._end(header)) from None
        return pixels

    def close(self) -> None:
        """End it."""
        self._requests.close()
        self._answers.close()
        self._process.kill()
        self._process.wait()

    def _end(self, header: ImageHeader) -> str:
        self.close()
        if self._process.returncode == -signal.SIGPROF:
            size = f"{header.width}x{header.height}"
            return f"the {header.format.label} takes longer to decode than its {size} pixels allow for"
        return f"the {header.format.label} is damaged: its decoder ended over it"


class Apart:
    """As many processes as are needed at a time, which is the number of threads that decode; idle ones are kept."""

    def __init__(self) -> None:
        self._idle: list[DecoderProcess] = []
        self._lock = threading.Lock()

    def decode(self, body: bytes, header: ImageHeader, *, scale: int = 1, profile: bytes | None = None) -> Image:
        """8-bit BGR: in sRGB, opaque, upright, whole. Raise ImageUndecodable.

        `profile` stands for the one that the image has.
        """
        process = self._taken()
        try:
            pixels = process.decode(body, header, scale, profile)
        except ImageUndecodable:
            self._put_back(process)
            raise
        except BaseException:
            process.close()  # who knows what it would answer next
            raise
        self._put_back(process)
        return pixels

    def close(self) -> None:
        """End all that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.close()

    def _taken(self) -> DecoderProcess:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.alive:
                    return process
                process.close()
        return DecoderProcess()

    def _put_back(self, process: DecoderProcess) -> None:
        if process.alive:
            with self._lock:
                self._idle.append(process)


APART = Apart()
atexit.register(APART.close)
