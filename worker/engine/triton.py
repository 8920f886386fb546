"""A Triton Inference Server in the place of onnxruntime's sessions: networks that are computed elsewhere.

It speaks the KServe v2 protocol over HTTP, with tensors as they lie in memory. Tried against a server of the tests' own
that speaks the same, not against a real Triton.
"""

import threading
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from traceback import clear_frames
from typing import Any, Self
from urllib.parse import urlsplit

import numpy as np

from core.errors import EngineUnavailable, ProviderUnavailable, SettingsInvalid
from core.settings.groups import EngineSettings

REMEDY = (
    "Install it beside the rest (pip install --no-deps -r infra/requirements/worker-triton.txt), or set "
    "LIKENESS_PROVIDER to `cpu` or `auto`."
)
#: By how much what is served may differ from the pack's own graph, of the length of an output: halves differ by 0.001.
TOLERANCE = 0.02

#: A pack has a network for each.
TASKS = ("detection", "recognition")

Array = np.ndarray[Any, Any]


def require_installed() -> None:
    """Raise ProviderUnavailable where the client is not installed; the lock files of other workers leave it out."""
    if find_spec("tritonclient") is None:
        raise ProviderUnavailable(f"`triton` was asked for, and the package tritonclient is not installed. {REMEDY}")


def model_name(pack: str, task: str) -> str:
    """What the server calls a pack's network: `opencv-zoo-detection`, `opencv-zoo-recognition`."""
    return f"{pack}-{task}"


class TritonServer:
    """One server. Any number of threads may ask it; each has a connection of its own, as the client wants it."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """Connects when first asked. Raise SettingsInvalid for a URL that is none."""
        require_installed()
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise SettingsInvalid(
                f"LIKENESS_TRITON_URL must be http://HOST:PORT or https://HOST:PORT, Triton's HTTP port; found {url!r}"
            )
        self.url = url
        self._address = f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 8000)}"
        self._is_secure = parts.scheme == "https"
        self._timeout_s = timeout_s
        self._own = threading.local()

    @classmethod
    def of(cls, settings: EngineSettings) -> Self:
        """The one that the settings name. Raise SettingsInvalid where they name none."""
        if settings.triton_url is None:
            raise SettingsInvalid("LIKENESS_PROVIDER is triton: set LIKENESS_TRITON_URL to the server's HTTP address")
        return cls(settings.triton_url, settings.triton_timeout_s)

    def version(self) -> str:
        """Its name and version. Raise EngineUnavailable unless it is ready."""
        said = self._ask("get_server_metadata")
        if not self._ask("is_server_ready"):
            raise EngineUnavailable(f"Triton at {self.url} answers, and is not ready")
        return f"{said.get('name', 'a server')} {said.get('version', '')}".strip()

    def require_served(self, model: str) -> None:
        """Raise ProviderUnavailable where it has no such model, EngineUnavailable where it does not answer."""
        if not self._ask("is_model_ready", model):
            raise ProviderUnavailable(
                f"Triton at {self.url} does not serve {model!r}: `likeness packs triton DIRECTORY` writes it into a "
                "model repository"
            )

    def infer(self, model: str, names: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
        """The outputs in the order of their names. Raise EngineUnavailable."""
        from tritonclient.http import InferInput, InferRequestedOutput

        inputs = []
        for name, values in feeds.items():
            wanted = InferInput(name, list(values.shape), "FP32")
            wanted.set_data_from_numpy(np.ascontiguousarray(values, np.float32))
            inputs.append(wanted)
        outputs = [InferRequestedOutput(name) for name in names]
        result = self._ask("infer", model, inputs, outputs=outputs)
        found = [result.as_numpy(name) for name in names]
        if any(values is None for values in found):
            raise EngineUnavailable(f"Triton at {self.url} left out an output of {model!r}")
        return [np.asarray(values) for values in found]

    def _ask(self, method: str, *arguments: Any, **named: Any) -> Any:
        try:
            return getattr(self._client(), method)(*arguments, **named)
        except Exception as error:  # sockets, gevent, the parser and the client have no common class
            self._own.client = None  # what a broken connection has left is not asked again
            # geventhttpclient keeps the error in a frame that the error's traceback holds, with it all who called it
            # and what they have open, until the garbage collector comes by.
            clear_frames(error.__traceback__)
            raise EngineUnavailable(
                f"Triton at {self.url} did not do {method}: {error or type(error).__name__}"
            ) from error

    def _client(self) -> Any:
        if getattr(self._own, "client", None) is None:
            from tritonclient.http import InferenceServerClient

            self._own.client = InferenceServerClient(
                self._address,
                ssl=self._is_secure,
                connection_timeout=self._timeout_s,
                network_timeout=self._timeout_s,
            )
        return self._own.client


class TritonSession:
    """Runs a graph as a session does, on the server."""

    def __init__(self, server: TritonServer, model: str) -> None:
        self._server = server
        self._model = model

    @classmethod
    def in_place_of(cls, session: Any, server: TritonServer, model: str, shape: Sequence[int]) -> Self:
        """Tried on one input against the pack's own graph. Raise ProviderUnavailable where the answers differ.

        So a result's pack and digest are those of what computed it, whoever filled the model repository.
        """
        server.require_served(model)
        names, feeds = [output.name for output in session.get_outputs()], {session.get_inputs()[0].name: _trial(shape)}
        made = cls(server, model)
        for name, ours, theirs in zip(names, session.run(names, feeds), made.run(names, feeds), strict=True):
            if ours.shape != theirs.shape:
                raise ProviderUnavailable(
                    f"Triton at {server.url} serves another network as {model!r}: {name!r} has the shape "
                    f"{theirs.shape} for {ours.shape}"
                )
            apart, length = (float(np.linalg.norm(values.astype(np.float64))) for values in (ours - theirs, ours))
            if not apart <= TOLERANCE * length + 1e-3:
                raise ProviderUnavailable(
                    f"Triton at {server.url} serves other weights as {model!r}: {name!r} is {apart:.3g} away from the "
                    f"pack's own, whose length is {length:.3g}. Write the repository anew: `likeness packs triton`"
                )
        return made

    def run(self, names: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
        """Every output, in the order of the names. Raise EngineUnavailable."""
        return self._server.infer(self._model, names, feeds)


def _trial(shape: Sequence[int]) -> Array:
    return np.random.default_rng(7).normal(size=shape).astype(np.float32)
