"""The weights in a PyTorch file, without PyTorch: tensors by name, and nothing that such a file could run.

A `.pth` holds pickles, and a pickle may call anything. Here it may name OrderedDict, the kinds of storage, and the
rebuilding of a tensor, which only writes down where its numbers lie; every other name is refused, and never looked up.
Both layouts are read: a zip (PyTorch 1.6 and later), and pickles one after the other, numbers behind them (before).
Source of both: torch/serialization.py.
"""

import io
import pickle
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import PackCorrupt

Array = npt.NDArray[Any]

#: No network here has a tenth of it; a file that claims more is not one of ours.
MAX_BYTES = 64 * 2**20

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_BYTES_OF_LENGTH = 8
_DTYPES = {
    "HalfStorage": "<f2",
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "ByteStorage": "|u1",
    "CharStorage": "|i1",
    "ShortStorage": "<i2",
    "IntStorage": "<i4",
    "LongStorage": "<i8",
    "BoolStorage": "|b1",
}


@dataclass(frozen=True, slots=True)
class _Storage:
    """A row of numbers that tensors are cut from."""

    key: str
    dtype: np.dtype[Any]
    numbers: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Where a tensor's numbers lie: `prod(shape)` of them from `offset` on, in C order."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]


def read_weights(path: Path) -> dict[str, Array]:
    """The tensors of a state dict by name, without the `module.` that DataParallel puts before each.

    Raise PackCorrupt for a file that is anything else: code, damage, an unknown layout, more than MAX_BYTES.
    """
    if (size := path.stat().st_size) > MAX_BYTES:
        raise PackCorrupt(f"{path.name} has {size} bytes; a file of weights has at most {MAX_BYTES}")
    body = path.read_bytes()
    try:
        named, storages = _from_zip(body) if zipfile.is_zipfile(io.BytesIO(body)) else _from_pickles(body)
        return {name.removeprefix("module."): _numbers(tensor, storages) for name, tensor in named.items()}
    except PackCorrupt as error:
        raise PackCorrupt(f"{path.name}: {error}") from None
    except Exception as error:  # whatever damaged bytes make of a pickle or a zip
        raise PackCorrupt(f"{path.name} is no file of PyTorch weights, or is damaged: {error!r}") from error


class _Weights(pickle.Unpickler):
    """Knows what a state dict is made of, and no other name."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _DTYPES:
            return np.dtype(_DTYPES[name])
        raise PackCorrupt(f"it names {module}.{name}, which no tensor needs: refused, nothing of it has run")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _device, numbers = pid[:5]
        if kind != "storage" or not isinstance(dtype, np.dtype) or (len(pid) > 5 and pid[5] is not None):
            raise PackCorrupt(f"it refers to {kind!r}, which is no storage of numbers")
        return _Storage(str(key), dtype, _natural(numbers))


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, *_: Any) -> _Tensor:
    """What stands for `_rebuild_tensor_v2`. Only plain layouts: any other could make much of few numbers."""
    shape, stride = tuple(map(_natural, shape)), tuple(map(_natural, stride))
    plain = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
    is_plain = len(shape) == len(stride) and all(
        is_ == as_it_should for length, is_, as_it_should in zip(shape, stride, plain, strict=True) if length > 1
    )
    if not isinstance(storage, _Storage) or not is_plain:
        raise PackCorrupt(f"it has a tensor of shape {shape} and stride {stride}, which does not lie in one piece")
    if _natural(offset) + prod(shape) > storage.numbers:
        raise PackCorrupt(f"it has a tensor of shape {shape} that reaches beyond its {storage.numbers} numbers")
    return _Tensor(storage, offset, shape)


def _from_zip(body: bytes) -> tuple[Mapping[str, _Tensor], Callable[[_Storage], bytes]]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
            raise PackCorrupt(f"unpacked it would have more than {MAX_BYTES} bytes")
        try:
            members = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
        except (zipfile.BadZipFile, zlib.error) as error:
            raise PackCorrupt(f"it cannot be unpacked: {error}") from error
    if members.get("byteorder", b"little") != b"little":
        raise PackCorrupt("its numbers are big-endian; save it again on a little-endian machine")
    return _state_of(_Weights(io.BytesIO(members["data.pkl"])).load()), lambda storage: members[f"data/{storage.key}"]


def _from_pickles(body: bytes) -> tuple[Mapping[str, _Tensor], Callable[[_Storage], bytes]]:
    file = io.BytesIO(body)

    def load() -> Any:
        return _Weights(file).load()

    magic, protocol, system = load(), load(), load()
    if (magic, protocol) != (_MAGIC, _PROTOCOL) or not system["little_endian"]:
        raise PackCorrupt("it begins as no file of PyTorch weights does that a little-endian machine wrote")
    named = _state_of(load())
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in named.values()}
    parts = {}
    for key in load():
        count = int.from_bytes(file.read(_BYTES_OF_LENGTH), "little")
        parts[str(key)] = file.read(count * dtypes[str(key)].itemsize)
    return named, lambda storage: parts[storage.key]


def _state_of(document: Any) -> Mapping[str, _Tensor]:
    if not isinstance(document, dict) or not document or not all(isinstance(v, _Tensor) for v in document.values()):
        raise PackCorrupt("it is no state dict: a mapping from names to tensors, and nothing else")
    return document


def _numbers(tensor: _Tensor, storages: Callable[[_Storage], bytes]) -> Array:
    storage, count = tensor.storage, prod(tensor.shape)
    stored = np.frombuffer(storages(storage), storage.dtype)
    if stored.size != storage.numbers:
        raise PackCorrupt(f"storage {storage.key} has {stored.size} numbers; {storage.numbers} are announced")
    return stored[tensor.offset : tensor.offset + count].reshape(tensor.shape).copy()


def _natural(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise PackCorrupt(f"it counts with {value!r}")
    return value
