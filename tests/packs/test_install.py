import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import DownloadFailed, LicenceNotAccepted, PackMissing
from core.packs.catalogue import Pack, PackSource, load_catalogue
from core.settings import CHECKOUT, Settings
from worker.packs.install import fetch
from worker.packs.verify import faults, verify

from .conftest import FileServer, digest

DETECTOR, RECOGNISER = b"detector" * 10_000, b"recogniser" * 10_000
FILES = {"det.onnx": DETECTOR, "rec.onnx": RECOGNISER}


@pytest.fixture
def pack(make_pack: Callable[..., Pack], server: FileServer) -> Pack:
    """Two files from two URLs."""
    server.files |= {"/det": DETECTOR, "/rec": RECOGNISER}
    urls = {"det.onnx": f"{server.url}/det", "rec.onnx": f"{server.url}/rec"}
    return make_pack("small", FILES, PackSource("url", urls))


def visible(packs: Path) -> list[str]:
    """Everything but the lock and what waits to be resumed; temporary directories included."""
    return sorted(path.name for path in packs.iterdir() if path.name not in (".lock", ".downloads"))


def test_a_fetched_pack_is_whole_and_is_not_fetched_again(pack: Pack, settings: Settings, server: FileServer) -> None:
    directory = fetch(pack, settings.packs)
    verify(pack, directory, settings.packs)
    assert directory == settings.packs.path / "small"
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == FILES
    assert visible(settings.packs.path) == ["small"]
    asked = len(server.asked)
    assert fetch(pack, settings.packs) == directory
    assert len(server.asked) == asked


def test_half_a_pack_never_exists(pack: Pack, settings: Settings, server: FileServer) -> None:
    del server.files["/rec"]
    with pytest.raises(DownloadFailed, match="404"):
        fetch(pack, settings.packs)
    assert visible(settings.packs.path) == []
    with pytest.raises(PackMissing, match="likeness packs fetch small"):
        verify(pack, settings.packs.path / "small", settings.packs)


def test_a_process_killed_in_the_middle_leaves_no_pack_and_the_next_one_resumes(
    pack: Pack, settings: Settings, server: FileServer
) -> None:
    settings.home.mkdir()
    (settings.home / "packs.toml").write_text(
        "[packs.small]\nsummary = ''\nlicence = ''\ncommercial_use = true\nembedding_dimension = 8\n"
        "threshold = 0.4\nthreshold_origin = ''\n[packs.small.files]\n"
        + "".join(f'"{file.name}" = "{file.sha256}"\n' for file in pack.files)
        + "[[packs.small.sources]]\nkind = 'url'\n"
        + "".join(f'"{name}" = "{url}"\n' for name, url in pack.sources[0].options.items())
    )
    program = (
        "from core.packs.catalogue import find_pack, load_catalogue; from core.settings import Settings;"
        "from worker.packs.install import fetch;"
        "s = Settings(); fetch(find_pack('small', load_catalogue(s.home)), s.packs)"
    )
    server.stalls_after_half = True
    environment = os.environ | {"LIKENESS_HOME": str(settings.home)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, cwd=CHECKOUT) as process:
        assert server.stalled.wait(30)
        process.send_signal(signal.SIGKILL)
    server.stalls_after_half = False
    server.released.set()
    assert not (settings.packs.path / "small").exists()

    verify(pack, fetch(pack, settings.packs), settings.packs)
    assert visible(settings.packs.path) == ["small"]
    assert server.asked[1][0] == "/det"
    assert server.asked[1][1] in (None, f"bytes={len(DETECTOR) // 2}-")


def test_sources_are_tried_in_order_and_a_failure_names_each_with_its_reason(
    pack: Pack, settings: Settings, server: FileServer, offline: None
) -> None:
    wheel = PackSource("pypi-wheel", {"requirement": "nothing==1.0", "sha256": "0" * 64})
    fetch(replace(pack, sources=(wheel, *pack.sources)), settings.packs)
    shutil.rmtree(settings.packs.path)

    server.files.clear()
    unknown = PackSource("carrier-pigeon")
    mirrored = settings.but(pack_mirror=f"{server.url}/mirror")
    with pytest.raises(DownloadFailed) as failure:
        fetch(replace(pack, sources=(wheel, *pack.sources, unknown)), mirrored.packs)
    message = str(failure.value)
    places = [f"mirror {server.url}/mirror: ", "pypi-wheel nothing==1.0: ", "url: ", "carrier-pigeon: "]
    assert [message.index(place) for place in places] == sorted(message.index(place) for place in places)
    assert message.endswith(
        "Its files from elsewhere: `likeness packs fetch small --from DIRECTORY`, or LIKENESS_PACK_MIRROR"
    )
    assert "No matching distribution" in message
    assert f"{server.url}/det: the server answered 404" in message


@pytest.mark.parametrize("name", ["buffalo_l", "buffalo_s"])
def test_a_non_commercial_pack_is_refused_until_its_licence_is_accepted(settings: Settings, name: str) -> None:
    pack = load_catalogue()[name]
    with pytest.raises(LicenceNotAccepted, match=f"LIKENESS_ACCEPT_LICENCES={name}"):
        fetch(pack, settings.packs)
    assert not settings.packs.path.exists()
    with pytest.raises(LicenceNotAccepted):
        verify(pack, settings.packs.path / name, settings.packs)
    with pytest.raises(PackMissing):
        verify(pack, settings.packs.path / name, settings.but(accept_licences=(name,)).packs)


def test_the_message_keeps_the_licences_that_were_accepted_before(settings: Settings) -> None:
    with pytest.raises(LicenceNotAccepted, match="LIKENESS_ACCEPT_LICENCES=mine,buffalo_l"):
        fetch(load_catalogue()["buffalo_l"], settings.but(accept_licences=("mine",)).packs)


def test_insightfaces_release_is_unpacked_without_the_models_nobody_needs(
    make_pack: Callable[..., Pack],
    settings: Settings,
    server: FileServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = tmp_path / "small.zip"
    with zipfile.ZipFile(archive, "w") as members:
        for name, body in {**FILES, "1k3d68.onnx": b"landmarks", "genderage.onnx": b"attributes"}.items():
            members.writestr(name, body)
    server.files["/release/small.zip"] = archive.read_bytes()
    monkeypatch.setattr("insightface.utils.storage.MODEL_ZOO_RELEASE_DOWNLOAD_URL", f"{server.url}/release/")
    source = PackSource("insightface", {"archive": "small.zip", "sha256": digest(archive.read_bytes())})
    directory = fetch(make_pack("small", FILES, source), settings.packs)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == FILES
    assert list((settings.packs.path / ".downloads").iterdir()) == []


@pytest.mark.usefixtures("offline")
def test_an_air_gapped_machine_takes_the_pack_from_a_directory(
    zoo: Pack, zoo_directory: Path, settings: Settings, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    shutil.copytree(zoo_directory, mirror / "opencv-zoo")
    no_internet = replace(zoo, sources=zoo.sources[:1])
    mirrored = settings.but(pack_mirror=str(mirror))
    verify(zoo, fetch(no_internet, mirrored.packs), mirrored.packs)

    shutil.rmtree(settings.packs.path)
    (mirror / "opencv-zoo" / "sface_2021dec.onnx").write_bytes(b"not the model")
    with pytest.raises(DownloadFailed, match=r"mirror .*sface_2021dec\.onnx has SHA-256"):
        fetch(no_internet, mirrored.packs)
    assert visible(settings.packs.path) == []


def test_a_mirror_may_be_a_url_and_is_asked_first(pack: Pack, settings: Settings, server: FileServer) -> None:
    server.files |= {f"/mirror/small/{name}": body for name, body in FILES.items()}
    fetch(pack, settings.but(pack_mirror=f"{server.url}/mirror/").packs)
    assert [path for path, _ in server.asked] == ["/mirror/small/det.onnx", "/mirror/small/rec.onnx"]


def test_a_damaged_pack_is_repaired_by_fetching_it_again(pack: Pack, settings: Settings, server: FileServer) -> None:
    directory = fetch(pack, settings.packs)
    (directory / "rec.onnx").write_bytes(b"damaged")
    verify(pack, fetch(pack, settings.packs), settings.packs)
    assert visible(settings.packs.path) == ["small"]


def test_surplus_models_are_dropped_without_the_network(pack: Pack, settings: Settings, server: FileServer) -> None:
    directory = fetch(pack, settings.packs)
    (directory / "genderage.onnx").write_bytes(b"would be loaded")
    assert faults(pack, directory) == ["genderage.onnx is not in the list"]
    asked = len(server.asked)
    verify(pack, fetch(pack, settings.packs), settings.packs)
    assert len(server.asked) == asked


def test_a_pack_without_sources_says_so(make_pack: Callable[..., Pack], settings: Settings) -> None:
    with pytest.raises(DownloadFailed, match="no source is listed"):
        fetch(make_pack("small", FILES), settings.packs)


def test_four_threads_that_fetch_at_once_do_the_work_once(pack: Pack, settings: Settings, server: FileServer) -> None:
    with ThreadPoolExecutor(4) as pool:
        directories = set(pool.map(lambda _: fetch(pack, settings.packs), range(4)))
    assert directories == {settings.packs.path / "small"}
    assert len(server.asked) == len(FILES)
