"""A pack's detector and recogniser, loaded through InsightFace onto the provider that was asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import structlog
from insightface.app import FaceAnalysis
from insightface.model_zoo.scrfd import SCRFD

from core.errors import EngineUnavailable, PackCorrupt, PackMissing, ProviderUnavailable, SettingsInvalid
from core.packs.catalogue import Pack, directory_identity
from core.providers import TRITON, is_openvino
from core.settings.groups import EngineSettings
from core.vocabulary import SMALL_DETECTION_SIZE
from worker.engine import providers
from worker.engine.detect import Detector
from worker.engine.embed import BUCKETS, INSIGHTFACES, Recogniser
from worker.engine.graph import without_prelu
from worker.engine.inputs import NetworkInput, tasks_of
from worker.engine.openvino import OpenVinoSession
from worker.engine.planned import PLANNED, PlannedSessions
from worker.engine.providers import Chain, Options, Provider
from worker.engine.scrfd import Scrfd
from worker.engine.triton import TritonServer, TritonSession, model_name

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Models:
    """What runs, and on what."""

    detector: Detector
    recogniser: Recogniser
    provider: Provider


def load_models(pack: Pack, directory: Path, settings: EngineSettings) -> Models:
    """Load a pack whose digests have been verified, and run each model once: some faults only show then.

    Raises ProviderUnavailable where a provider asked for by name does not run. `auto` takes cuda if it really runs,
    else cpu, and says so in the log and in the answer.
    """
    if not directory.is_dir():
        raise PackMissing(f"the pack `{pack.name}` is not in {directory}: `likeness packs fetch {pack.name}`")
    *preferred, last = providers.candidates(settings.provider)
    for provider in preferred:
        try:
            return _load(pack, directory, settings, provider)
        except ProviderUnavailable as error:
            log.warning("provider.fell_back", asked=settings.provider, tried=provider, error=str(error))
    return _load(pack, directory, settings, last)


def _load(pack: Pack, directory: Path, settings: EngineSettings, provider: Provider) -> Models:
    providers.require_offered(provider)
    cv2.setNumThreads(settings.intra_op_threads)
    size = settings.detection_size
    options = providers.session_options(settings.intra_op_threads)
    engines = settings.home / "tensorrt" / directory_identity(pack).digest
    chain = partial(providers.chain, provider, engines, settings.gpu_memory_mb)
    network_input = NetworkInput.of(tasks_of(directory).get("recognition", {}), "tasks.recognition")
    try:
        analysis = FaceAnalysis(
            name=str(directory),
            allowed_modules=["detection", "recognition"],
            providers=chain(),
            sess_options=options,
            static_shape_sessions=provider != "tensorrt",
        )
        threshold = settings.detection_threshold or pack.detection_threshold
        analysis.prepare(ctx_id=0, det_thresh=threshold, det_size=(size, size))
        detection, recognition = analysis.models["detection"], analysis.models["recognition"]
        if type(detection) is SCRFD:
            detection = Scrfd.of(detection)
        if provider == "cpu":
            _suit_to_cpu(recognition, options)
        elif is_openvino(provider):
            recognition.session = None
            recognition.session = OpenVinoSession(
                Path(recognition.model_file), provider, streams=settings.threads, threads=settings.intra_op_threads
            )
        elif provider == TRITON:
            _serve_from_triton(pack, detection, recognition, settings, network_input)
        elif provider == "cuda":
            _plan_each_batch(recognition, options, chain)
        elif provider == "tensorrt":
            suit_to_tensorrt(detection, recognition, size, options, chain, network_input)
    except (EngineUnavailable, ProviderUnavailable, SettingsInvalid):
        raise
    except Exception as error:  # InsightFace's and onnxruntime's errors have no common class
        raise _load_failure(provider, directory, error) from error
    _require_usable(pack, detection, recognition, size)
    require_as_declared(recognition, network_input, f"the recogniser of `{pack.name}`")
    detector = Detector(detection, size, trims=providers.is_on_cores(provider) and isinstance(detection, Scrfd))
    recogniser = Recogniser(recognition, batches_of(provider, settings.batch_size), network_input)
    try:
        for side in detector.sizes:
            detector.find_at(side, np.zeros((side, side, 3), np.uint8))
        recogniser.embed([np.zeros((network_input.size, network_input.size, 3), np.uint8)])
    except EngineUnavailable:
        raise
    except Exception as error:
        raise _load_failure(provider, directory, error) from error
    if provider == TRITON:
        return Models(detector, recogniser, provider)
    sessions = detector.sessions if is_openvino(provider) else (*detector.sessions, *recogniser.sessions)
    providers.require_running(provider, sessions)
    return Models(detector, recogniser, provider)


def _suit_to_cpu(recognition: Any, options: onnxruntime.SessionOptions) -> None:
    """Give it a session of the same weights in a graph that runs faster here; the pack's file stays as it is."""
    # By way of a file: of bytes, onnxruntime keeps a copy (SFace's 38 MB) for as long as the session lives.
    with TemporaryDirectory() as directory:
        path = Path(directory) / "recogniser.onnx"
        if not _save_without_prelu(recognition.model_file, path):
            return
        recognition.session = None  # the next one takes its memory over: 50 MB less in the process
        recognition.session = onnxruntime.InferenceSession(path, options, providers=[providers.NAMES["cpu"]])


def _serve_from_triton(
    pack: Pack, detection: Any, recognition: Any, settings: EngineSettings, network_input: NetworkInput
) -> None:
    """Give each a session on the server, once what is served there has given what the pack's own graphs do."""
    server, crop = TritonServer.of(settings), network_input.size
    if not isinstance(detection, Scrfd):
        raise ProviderUnavailable(f"the detector of `{pack.name}` is no SCRFD: Triton cannot run it for us")
    view = min(detection.input_size) if detection.static_input_size else SMALL_DETECTION_SIZE
    for model, task, side in ((detection, "detection", view), (recognition, "recognition", crop)):
        name = model_name(pack.name, task)
        model.session = TritonSession.in_place_of(model.session, server, name, (1, 3, side, side))
    detection.has_one_session = True


def batches_of(provider: Provider, largest: int | None) -> tuple[int, ...]:
    """The sizes that batches are filled up to, smallest first; none where any will do. `largest`: of the settings."""
    if providers.is_on_cores(provider):
        return ()
    sizes = PLANNED if provider == "cuda" else BUCKETS
    largest = largest or sizes[-1]
    return (*(size for size in sizes if size < largest), largest)


def _plan_each_batch(recognition: Any, options: onnxruntime.SessionOptions, chain: Callable[[], Chain]) -> None:
    """Give it a session for each batch size."""

    def another() -> onnxruntime.InferenceSession:
        session = onnxruntime.InferenceSession(recognition.model_file, options, providers=chain())
        providers.require_running("cuda", [session])
        return session

    recognition.session = PlannedSessions(recognition.session, another)


def suit_to_tensorrt(
    detection: Any,
    recognition: Any,
    size: int,
    options: onnxruntime.SessionOptions,
    chain: Callable[[Options], Chain],
    network_input: NetworkInput = INSIGHTFACES,
) -> None:
    """Give each a session with one engine for every shape that will come.

    InsightFace's own, one for each size of the detector, cannot be had here: it hands on the options a session
    reports, which TensorRT's provider does not take back, and their engines would share a name in the cache.
    """
    batches = (1,) if Recogniser(recognition, (), network_input).runs_one_by_one else BUCKETS
    crop = network_input.size
    for model, shapes in (
        (detection, [(1, 3, side, side) for side in Detector(detection, size).sizes]),
        (recognition, [(batch, 3, crop, crop) for batch in batches]),
    ):
        if len(shapes) > 1:  # else it has its engine, or the first run builds the only one
            shared = chain(providers.one_engine_for(model.input_name, shapes))
            model.session = onnxruntime.InferenceSession(model.model_file, options, providers=shared)


def _save_without_prelu(original: str, path: Path) -> bool:
    model = onnx.load(original)
    if is_changed := without_prelu(model):
        onnx.save(model, path)
    return is_changed


def _load_failure(provider: Provider, directory: Path, error: Exception) -> PackCorrupt | ProviderUnavailable:
    message = f"{directory} cannot be loaded as a pack on `{provider}`: {error!r}"
    return PackCorrupt(message) if provider == "cpu" else ProviderUnavailable(message)


def _require_usable(pack: Pack, detection: Any, recognition: Any, size: int) -> None:
    if detection.input_sizes != [(size, size)]:
        raise SettingsInvalid(
            f"LIKENESS_DETECTION_SIZE is {size}; the detector of `{pack.name}` runs at {detection.input_size} only"
        )
    if not detection.use_kps:
        raise PackCorrupt(
            f"the detector of `{pack.name}` must give five keypoints a face, to align it by; it gives boxes alone"
        )
    if recognition.output_shape[-1] != pack.embedding_dimension:
        raise PackCorrupt(
            f"the pack list gives `{pack.name}` {pack.embedding_dimension} dimensions; "
            f"its recogniser returns {recognition.output_shape[-1]}"
        )


def require_as_declared(recognition: Any, declared: NetworkInput, who: str) -> None:
    """Raise PackCorrupt where a recogniser's graph does not take what its pack declares, or InsightFace's crops."""
    shape, size = recognition.input_shape, declared.size
    fits = len(shape) == 4 and all(not isinstance(side, int) or side == size for side in shape[2:])
    if not fits or shape[1] != 3 or (isinstance(shape[0], int) and shape[0] != 1):
        raise PackCorrupt(
            f"{who} must take {size}x{size} faces; it takes {shape}. Where that is as it should be, say so in "
            f"`tasks.recognition.input_size` of the pack's manifest (docs/packs.md)"
        )
    if declared.takes_batches and isinstance(shape[0], int):
        raise PackCorrupt(
            f'{who} is declared to take any batch; its graph takes {shape[0]} at a time: declare `"batch": 1`'
        )
    recognition.input_size = (size, size)
