"""Servers, a benchmark of plain colours, and an engine with a rule that one can hold in the head."""

import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.app import create_app
from core.evaluations.datasets import find_dataset
from core.evaluations.inquiries import InquiryStore
from core.evaluations.messages import ShardAnswer, ShardMessage
from core.evaluations.runs import Run, RunKeys, RunRequest
from core.evaluations.store import RunStore
from core.messaging.broker import Tasks
from core.packs.catalogue import Pack, directory_identity
from core.quality import Measures, QualityRule, Seen
from core.settings import Settings
from core.settings.groups import ObjectSettings
from core.storage.lifecycle import new_id
from core.storage.objects import ObjectStore
from core.vocabulary import EngineFacts, Face, Policy, Reason
from evaluator.datasets import Benchmark, Dataset, import_dataset, read_benchmark
from evaluator.runs.chords import Chords
from evaluator.runs.inquiring import Inquiries
from evaluator.runs.running import Runs
from worker.embedding import Shards
from worker.engine.contract import Acquired, Comparison, Embeddings, Unusable
from worker.engine.contract import Image as Pixels
from worker.engines import Engines
from worker.quarantine import Quarantine

COLOURS = {"red": (250, 0, 0), "rose": (250, 90, 90), "blue": (0, 0, 250), "sky": (90, 90, 250), "black": (0, 0, 0)}
PAIRS = (("red", "rose", 1), ("blue", "sky", 1), ("red", "blue", 0), ("rose", "sky", 0), ("red", "black", 0))


class Counting(ObjectStore):
    """Counts what is fetched and stored."""

    def __init__(self, settings: ObjectSettings) -> None:
        super().__init__(settings)
        self.fetched: Counter[str] = Counter()
        self.stored: Counter[str] = Counter()

    def get(self, key: str) -> bytes:
        self.fetched[key] += 1
        return super().get(key)

    def put(self, key: str, body: bytes, media_type: str = "application/octet-stream") -> None:
        self.stored[key] += 1
        super().put(key, body, media_type)


def seen_of(pixels: Pixels) -> Seen:
    """A face as bright as its blue."""
    height, width = pixels.shape[:2]
    brightness = round(float(pixels[0, 0, 2]) / 255, 3)
    return Seen(width, height, 1, (), None, Measures(30.0, 0.0, 0.0, 0.0, 0.7, brightness, 0.1, 0.0, 0.0))


@dataclass
class ColourEngine:
    """A face is a colour; its embedding is red, green and blue. Black is nobody."""

    facts: EngineFacts
    before_each: Callable[[], object] = lambda: None
    takes_insightfaces_crops: bool = True

    def warm_up(self) -> float:
        return 0.0

    def acquire(self, body: bytes, policy: Policy) -> Acquired | Unusable:
        self.before_each()
        pixels = np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))
        if not pixels.any():
            return Unusable(Reason.NO_FACE, "black")
        return Acquired(Face((0, 0, 1, 1), 1.0, 1, 320), pixels, {}, seen_of(pixels))

    def embed(self, crops: Sequence[Pixels]) -> Embeddings:
        colours = np.array([crop[0, 0] for crop in crops], np.float64).reshape(-1, 3)
        embeddings: Embeddings = (colours / np.linalg.norm(colours, axis=1, keepdims=True)).astype(np.float32)
        return embeddings

    def compare(
        self, reference: bytes, probe: bytes, policy: Policy, quality: QualityRule = QualityRule.REPORT
    ) -> Comparison:
        raise NotImplementedError


@dataclass
class Post:
    """Keeps what is sent until it is taken."""

    sent: list[ShardMessage] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)

    def send(self, run_id: str, messages: Iterable[ShardMessage]) -> None:
        self.sent += messages

    def plan_again(self, run_id: str) -> None:
        self.planned.append(run_id)

    def waiting(self) -> int:
        return len(self.sent) + len(self.planned)


@dataclass
class Bench:
    """A run's two processes in one, and what they work with; each may be called at any moment, as messages are."""

    settings: Settings
    objects: Counting
    pack: Pack
    engine: ColourEngine
    post: Post = field(default_factory=Post)
    quarantine: Quarantine = field(default_factory=lambda: Quarantine(60))
    store: RunStore = field(init=False)
    runs: Runs = field(init=False)
    shards: Shards = field(init=False)

    def __post_init__(self) -> None:
        self.store = RunStore(self.settings.redis)
        self.runs = Runs(self.store, self.objects, cast(Chords, self.post), self.settings)
        self.shards = Shards(self.store, self.objects, cast(Engines, self), self.quarantine, at_once=1)

    def get(self, name: str, *, detection_size: int | None = None) -> ColourEngine:
        """The engine of every pack."""
        return self.engine

    def request(self, dataset: str) -> Run:
        """A queued run."""
        known = find_dataset(dataset, self.objects)
        request = RunRequest(
            dataset=dataset,
            dataset_digest=known.digest,
            track=known.track,
            pack=self.pack.name,
            flip=False,
            policy=Policy.LARGEST,
            detection_size=320,
            images=known.images,
            pairs=known.pairs,
            shards=known.shards,
        )
        return self.store.create(new_id("run"), request)

    def sent(self) -> list[ShardMessage]:
        """What was asked of the workers since the last time, by way of JSON as in a chord."""
        sent, self.post.sent = self.post.sent, []
        return [ShardMessage.from_json(json.loads(json.dumps(message.to_json()))) for message in sent]

    def embedded(self, messages: Sequence[ShardMessage]) -> list[ShardAnswer]:
        """What the workers answer, by way of JSON as in a chord."""
        answers = [json.dumps(self.shards.embed(message).to_json()) for message in messages]
        return [ShardAnswer.from_json(json.loads(answer)) for answer in answers]


@pytest.fixture
def bench(stores: Settings, zoo: Pack) -> Bench:
    settings = stores
    facts = EngineFacts(
        directory_identity(zoo),
        "colours",
        320,
        settings.engine.detection_threshold or zoo.detection_threshold,
        settings.engine.min_face_px,
        zoo.clear_detection_score,
    )
    return Bench(settings, Counting(settings.objects), zoo, ColourEngine(facts))


@pytest.fixture
def benchmark(tmp_path: Path) -> Benchmark:
    """Five colours and five pairs."""
    for name, colour in COLOURS.items():
        Image.new("RGB", (16, 16), colour).save(tmp_path / f"{name}.png")
    lines = [f"{reference}.png,{probe}.png,{mated}" for reference, probe, mated in PAIRS]
    (tmp_path / "pairs.csv").write_text("\n".join(["reference,probe,mated", *lines]))
    return read_benchmark("csv", tmp_path / "pairs.csv", tmp_path)


@pytest.fixture
def dataset(bench: Bench, benchmark: Benchmark) -> Dataset:
    """In three shards: black and blue, red and rose, sky."""
    dataset = import_dataset(bench.objects, "colours", benchmark, images_per_shard=2)
    bench.objects.fetched.clear()
    bench.objects.stored.clear()
    return dataset


RUNS = "/v1/evaluations"
HUES = 24
#: The size of the detector that a run of the bench has: comparisons here are scored so, too.
SIZE = {"detection_size": 320}


@pytest.fixture
def pair(bench: Bench, tmp_path: Path) -> tuple[Run, Run]:
    """Two runs that have succeeded, on 24 mated and 276 non-mated pairs."""
    for hue in range(HUES):
        for shade in (100, 250):
            angle = hue * 10
            colour = (shade, shade * angle // 250, shade * (250 - angle) // 250)
            Image.new("RGB", (16, 16), colour).save(tmp_path / f"{hue}-{shade}.png")
    rows = [f"{hue}-100.png,{hue}-250.png,1" for hue in range(HUES)]
    rows += [f"{one}-100.png,{two}-250.png,0" for one in range(HUES) for two in range(one)]
    (tmp_path / "pairs.csv").write_text("\n".join(["reference,probe,mated", *rows]))
    import_dataset(bench.objects, "hues", read_benchmark("csv", tmp_path / "pairs.csv", tmp_path))
    first = succeeded(bench, "hues")
    return first, twin(bench, first)


def succeeded(bench: Bench, dataset: str) -> Run:
    run = bench.request(dataset)
    bench.runs.launch(run.id)
    if bench.store.get(run.id).ended_at is None:
        bench.runs.assemble(run.id, bench.embedded(bench.sent()))
    return bench.store.get(run.id)


def twin(bench: Bench, run: Run) -> Run:
    """Another run that has found the same, which is not worked out once more."""
    other = bench.request(run.request.dataset)
    bench.store.start(other.id)
    report = json.loads(bench.objects.get(RunKeys(run.id).report))
    bench.objects.put(RunKeys(other.id).report, json.dumps(report | {"run_id": other.id}).encode())
    bench.objects.put(RunKeys(other.id).scores, bench.objects.get(RunKeys(run.id).scores))
    return bench.store.succeed(other.id, run.summary or {})


@pytest.fixture
def evaluator(bench: Bench) -> Inquiries:
    return Inquiries(InquiryStore(bench.settings.redis), bench.store, bench.objects)


def api(settings: Settings, sent: Callable[[str], object]) -> FlaskClient:
    """An API that tells `sent` the digest of what it asks the evaluator."""
    app = create_app(settings)

    def enqueue(task: str, *args: str, **_: Any) -> None:
        assert task == Tasks.ANSWER_INQUIRY
        sent(*args)

    app.extensions["likeness"] = replace(app.extensions["likeness"], enqueue=enqueue)
    return app.test_client()


@pytest.fixture
def asked(bench: Bench, evaluator: Inquiries) -> FlaskClient:
    """An API whose evaluator answers before it is asked again."""
    return api(bench.settings.but(**SIZE), evaluator.answer)
