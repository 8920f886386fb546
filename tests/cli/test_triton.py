"""A Triton server from a terminal: its model repository is written, and the doctor asks it."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.command import likeness
from tests.support.kserve import serving

pytestmark = pytest.mark.skipif(find_spec("tritonclient") is None, reason="tritonclient is not installed")


def provider(**environment: str) -> dict[str, str]:
    said = likeness("doctor", "--json", **environment)
    (found,) = (one for one in json.loads(said.stdout) if one["part"] == "provider")
    return dict(found)


def test_the_doctor_says_whether_the_server_serves_what_was_written_for_it(tmp_path: Path, zoo_directory: Path) -> None:
    home, repository = tmp_path / "home", tmp_path / "repository"
    environment = {"LIKENESS_HOME": str(home), "LIKENESS_PACKS_DIR": str(zoo_directory.parent)}
    written = likeness("packs", "triton", str(repository), **environment)
    assert written.returncode == 0, written.stderr
    models = ("opencv-zoo-detection", "opencv-zoo-recognition")
    assert written.stdout == "".join(f"opencv-zoo: {repository / model}\n" for model in models)
    assert (repository / models[0] / "config.pbtxt").read_text().startswith(f'name: "{models[0]}"\n')
    environment["LIKENESS_PROVIDER"] = "triton"
    assert "set LIKENESS_TRITON_URL" in provider(**environment)["found"]
    with serving(repository) as server:
        environment["LIKENESS_TRITON_URL"] = server.url
        found = provider(**environment)
        assert (found["verdict"], found["found"]) == (
            "ok",
            f"`triton` is of the tests 1 at {server.url}, and serves opencv-zoo",
        )
        lacking = provider(**environment, LIKENESS_PACKS="opencv-zoo,buffalo_s")
        assert "does not serve 'buffalo_s-detection'" in lacking["found"]
    away = provider(**environment)
    assert (away["verdict"], away["remedy"]) == (
        "fail",
        "start it, or correct LIKENESS_TRITON_URL; jobs wait meanwhile",
    )
