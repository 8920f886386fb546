"""A small server of the KServe v2 protocol over HTTP, tensors as they lie in memory, with onnxruntime behind it.

It serves a Triton model repository as far as we ask for it; it is no Triton.
"""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

HEADER_BYTES = "Inference-Header-Content-Length"


@dataclass
class KServe:
    """What it serves, and what is wrong with it at the moment."""

    sessions: Mapping[str, Any]
    url: str = ""
    #: Of each inference, the model and its batch.
    inferred: list[tuple[str, int]] = field(default_factory=list)
    #: Every inference is answered with this status.
    refuses: int | None = None
    delay_s: float = 0.0
    #: Kept open by whoever asks.
    connections: list[socket.socket] = field(default_factory=list)


@contextmanager
def serving(repository: Path, port: int = 0) -> Iterator[KServe]:
    """The server of a model repository, on a port of its own unless one is given."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    served = KServe(
        {
            path.parent.parent.name: onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            for path in sorted(repository.glob("*/1/model.onnx"))
        }
    )
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(served))
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        for connection in served.connections:
            with suppress(OSError):  # its end was closed before
                connection.shutdown(socket.SHUT_RDWR)


def _handler(served: KServe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            served.connections.append(self.connection)

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def do_GET(self) -> None:
            *_, last = parts = self.path.strip("/").split("/")
            if parts == ["v2"]:
                self._answer(200, {"name": "of the tests", "version": "1", "extensions": ["binary_tensor_data"]})
            elif parts[:2] == ["v2", "health"]:
                self._answer(200)
            elif parts[:2] == ["v2", "models"] and last == "ready":
                self._answer(200 if parts[2] in served.sessions else 400)
            else:
                self._answer(404, {"error": "no such thing"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(served.delay_s)
            model = self.path.strip("/").split("/")[2]
            if served.refuses:
                self._answer(served.refuses, {"error": "as the test wants it"})
                return
            length = int(self.headers[HEADER_BYTES])
            asked = json.loads(body[:length])
            (wanted,) = asked["inputs"]
            values = np.frombuffer(body[length:], np.float32).reshape(wanted["shape"])
            served.inferred.append((model, len(values)))
            names = [output["name"] for output in asked["outputs"]]
            found = served.sessions[model].run(names, {wanted["name"]: values})
            outputs = [
                {
                    "name": name,
                    "datatype": "FP32",
                    "shape": list(array.shape),
                    "parameters": {"binary_data_size": array.nbytes},
                }
                for name, array in zip(names, found, strict=True)
            ]
            self._answer(200, {"model_name": model, "outputs": outputs}, b"".join(array.tobytes() for array in found))

        def _answer(self, status: int, document: Mapping[str, object] | None = None, tensors: bytes = b"") -> None:
            head = json.dumps(document).encode() if document else b""
            self.send_response(status)
            if tensors:
                self.send_header(HEADER_BYTES, str(len(head)))
            self.send_header("Content-Type", "application/octet-stream" if tensors else "application/json")
            self.send_header("Content-Length", str(len(head) + len(tensors)))
            self.end_headers()
            self.wfile.write(head + tensors)

    return Handler
