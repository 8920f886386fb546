"""Files of weights as PyTorch writes them, written without it: every opcode by hand."""

import io
import pickle
import zipfile
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Weights = Mapping[str, npt.NDArray[Any]]

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
STORAGES = {"float32": "FloatStorage", "int64": "LongStorage", "float16": "HalfStorage"}


def as_zip(weights: Weights, *, prefix: str = "archive") -> bytes:
    """As `torch.save` does since 1.6."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr(f"{prefix}/data.pkl", state_dict(weights))
        archive.writestr(f"{prefix}/byteorder", "little")
        for number, values in enumerate(weights.values()):
            archive.writestr(f"{prefix}/data/{number}", values.tobytes())
    return body.getvalue()


def as_pickles(weights: Weights) -> bytes:
    """As `torch.save` did before, and as Minivision's files are."""
    system = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    head = b"".join(pickle.dumps(part, 2) for part in (MAGIC, PROTOCOL, system))
    keys = pickle.dumps([str(number) for number in range(len(weights))], 2)
    numbers = b"".join(values.size.to_bytes(8, "little") + values.tobytes() for values in weights.values())
    return head + state_dict(weights) + keys + numbers


def state_dict(weights: Weights, *, rebuild: bytes = b"ctorch._utils\n_rebuild_tensor_v2\n") -> bytes:
    """The pickle: an OrderedDict of tensors, each of a storage of its own."""
    entries = (
        plain(name) + tensor(str(number), values, rebuild=rebuild)
        for number, (name, values) in enumerate(weights.items())
    )
    return b"\x80\x02ccollections\nOrderedDict\n)R(" + b"".join(entries) + b"u."


def tensor(
    key: str,
    values: npt.NDArray[Any],
    *,
    rebuild: bytes = b"ctorch._utils\n_rebuild_tensor_v2\n",
    offset: int = 0,
    shape: tuple[int, ...] | None = None,
    stride: tuple[int, ...] | None = None,
) -> bytes:
    """What is called to make one tensor."""
    shape = values.shape if shape is None else shape
    stride = tuple(prod(shape[i + 1 :]) for i in range(len(shape))) if stride is None else stride
    kind = b"ctorch\n" + STORAGES[str(values.dtype)].encode() + b"\n"
    storage = b"(" + plain("storage") + kind + plain(key) + plain("cpu") + plain(values.size) + b"tQ"
    hooks = b"ccollections\nOrderedDict\n)R"
    return rebuild + b"(" + storage + plain(offset) + plain(shape) + plain(stride) + plain(False) + hooks + b"tR"


def plain(value: object) -> bytes:
    """What puts a value on the stack."""
    return pickle.dumps(value, 2)[2:-1]


def some_weights() -> dict[str, npt.NDArray[Any]]:
    """A few tensors of several kinds."""
    random = np.random.default_rng(7)
    return {
        "conv.weight": random.normal(size=(4, 3, 3, 3)).astype(np.float32),
        "conv.half": random.normal(size=(2, 5)).astype(np.float16),
        "bn.num_batches_tracked": np.array(12, np.int64),
        "empty": np.zeros((0, 3), np.float32),
    }
