import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.errors import PackCorrupt
from tests.support.torch_files import Weights, as_pickles, as_zip, plain, some_weights, state_dict, tensor
from worker.packs import torch_weights
from worker.packs.torch_weights import read_weights

LAYOUTS = [as_zip, as_pickles]


def written(path: Path, body: bytes) -> Path:
    path.write_bytes(body)
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_tensor_comes_out_as_it_went_in(tmp_path: Path, layout: Callable[[Weights], bytes]) -> None:
    weights = some_weights()
    read = read_weights(written(tmp_path / "w.pth", layout(weights)))
    assert list(read) == list(weights)
    for name, values in weights.items():
        assert (read[name].dtype, read[name].shape) == (values.dtype, values.shape)
        np.testing.assert_array_equal(read[name], values)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_data_parallel_puts_before_a_name_is_taken_off(tmp_path: Path, layout: Callable[[Weights], bytes]) -> None:
    body = layout({"module.prob.weight": np.ones((3, 2), np.float32)})
    assert list(read_weights(written(tmp_path / "w.pth", body))) == ["prob.weight"]


def test_tensors_may_share_a_storage(tmp_path: Path) -> None:
    row = np.arange(6, dtype=np.float32)
    pickled = (
        b"\x80\x02ccollections\nOrderedDict\n)R("
        + plain("all") + tensor("0", row, shape=(2, 3))
        + plain("tail") + tensor("0", row, offset=4, shape=(2,))
        + b"u."
    )  # fmt: skip
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("x/data.pkl", pickled)
        archive.writestr("x/data/0", row.tobytes())
    read = read_weights(written(tmp_path / "w.pth", body.getvalue()))
    assert read["all"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert read["tail"].tolist() == [4, 5]


@pytest.mark.parametrize(
    "name", ["os system", "builtins eval", "torch._utils _rebuild_parameter", "torch load", "posix fork"]
)
@pytest.mark.parametrize("whole_file", [True, False])
def test_code_is_refused_and_does_not_run(tmp_path: Path, name: str, whole_file: bool) -> None:
    module, _, function = name.partition(" ")
    evil = f"c{module}\n{function}\n".encode()
    called = b"\x80\x02" + evil + b"(" + plain(f"touch {tmp_path}/pwned") + b"tR."
    body = called if whole_file else as_pickles_of(state_dict({"w": np.ones(2, np.float32)}, rebuild=evil))
    with pytest.raises(PackCorrupt, match=rf"w\.pth: it names {module}\.{function}, which no tensor needs: refused"):
        read_weights(written(tmp_path / "w.pth", body))
    assert not (tmp_path / "pwned").exists()


def as_pickles_of(state: bytes) -> bytes:
    whole = as_pickles({})
    return whole.replace(state_dict({}), state)


class Reduced:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("true",)


@pytest.mark.parametrize(
    ("body", "why"),
    [  # each in words, for its bytes are no name for a test
        (b"", "is no file of PyTorch weights, or is damaged"),
        (b"not a pickle", "is no file of PyTorch weights, or is damaged"),
        (pickle.dumps([1, 2, 3]), "is no file of PyTorch weights, or is damaged"),
        (pickle.dumps(Reduced()), "which no tensor needs: refused"),
        (pickle.dumps(1, 2) * 3 + pickle.dumps({}, 2), "begins as no file of PyTorch weights does"),
        (as_zip(some_weights())[:-40], "is no file of PyTorch weights, or is damaged"),
        (as_pickles(some_weights())[:-400], "numbers; .* are announced"),
        (as_pickles({}), "it is no state dict"),
    ],
    ids=["nothing", "text", "a list", "code", "numbers", "half a zip", "half of the pickles", "no tensor"],
)
def test_what_is_no_file_of_weights_is_refused_with_a_reason(tmp_path: Path, body: bytes, why: str) -> None:
    with pytest.raises(PackCorrupt, match=why):
        read_weights(written(tmp_path / "w.pth", body))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"shape": (1 << 40,)}, "reaches beyond its 2 numbers"),
        ({"offset": 1}, "reaches beyond its 2 numbers"),
        ({"offset": -1}, "it counts with -1"),
        ({"shape": (1 << 20, 2), "stride": (0, 1)}, "does not lie in one piece"),
        ({"shape": (2, 1), "stride": (1,)}, "does not lie in one piece"),
    ],
)
def test_a_tensor_cannot_be_larger_than_its_numbers(tmp_path: Path, wrong: dict[str, object], why: str) -> None:
    values = np.ones(2, np.float32)
    state = b"\x80\x02}(" + plain("w") + tensor("0", values, **wrong) + b"u."  # type: ignore[arg-type]
    with pytest.raises(PackCorrupt, match=why):
        read_weights(written(tmp_path / "w.pth", as_pickles_of(state)))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    with path.open("wb") as file:
        file.truncate(torch_weights.MAX_BYTES + 1)
    with pytest.raises(PackCorrupt, match="at most 67108864"):
        read_weights(path)


def test_a_zip_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", state_dict({}))
        archive.writestr("x/data/0", bytes(torch_weights.MAX_BYTES))
    assert (tmp_path / "w.pth").stat().st_size < 100_000
    with pytest.raises(PackCorrupt, match="unpacked it would have more than"):
        read_weights(tmp_path / "w.pth")
