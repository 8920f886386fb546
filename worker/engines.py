"""The engines a process holds in memory: loaded once, verified before, shared by its threads."""

import os
import threading
from collections.abc import Iterable
from weakref import WeakValueDictionary

import structlog

from core.errors import LikenessError
from core.packs.catalogue import PackKind, find_pack, load_catalogue
from core.settings import Settings
from core.vocabulary import EngineFacts
from worker.engine.contract import FaceEngine
from worker.engine.engine import Engine
from worker.engine.liveness import LivenessNetworks
from worker.engine.turns import Machine
from worker.packs.verify import verify
from worker.sleeping import SleepingEngine

log = structlog.get_logger()

#: So many are kept beside those that were loaded at start: whoever starts evaluations names packs and detection sizes.
MOST_GUESTS = 2

Key = tuple[str, int]


class EngineBusyElsewhere(LikenessError):
    """The engines belong to another process: run this worker with `--pool threads`."""

    code = "wrong_pool"


class Engines:
    """Engines by pack and detection size. Those loaded at start stay.

    Another is loaded when it is asked for, in place of the one that was asked for longest ago. An engine that somebody
    works with lives on until that is done, and is given to others meanwhile: none is ever there twice.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._residents: dict[Key, FaceEngine] = {}
        #: In the order in which they were last asked for.
        self._guests: dict[Key, FaceEngine] = {}
        self._living: WeakValueDictionary[Key, FaceEngine] = WeakValueDictionary()
        self._machine = Machine.of(settings.engine.threads)
        self._liveness: LivenessNetworks | None = None
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def load(self, names: Iterable[str]) -> None:
        """Verify, load and warm each pack, first the one that judges liveness; raises what stands in the way."""
        self._liveness = self._load_liveness()
        for name in names:
            key = self._key(name)
            self._residents[key] = self.get(name)
            self._guests.pop(key, None)

    def get(self, name: str, *, detection_size: int | None = None) -> FaceEngine:
        """The engine of this pack, at the detection size of the settings or another."""
        if os.getpid() != self._pid:
            raise EngineBusyElsewhere
        key = self._key(name, detection_size)
        with self._lock:
            if key in self._residents:
                return self._residents[key]
            engine = self._guests.pop(key, None)  # held on to: forgotten for a moment, it would be loaded anew
            while len(self._guests) >= MOST_GUESTS:
                pack, size = oldest = next(iter(self._guests))
                del self._guests[oldest]
                log.info("engine_let_go", pack=pack, detection_size=size)
            engine = engine or self._living.get(key)
            if engine is None:
                engine = self._living[key] = self._load(*key)
            self._guests[key] = engine
            return engine

    @property
    def facts(self) -> tuple[EngineFacts, ...]:
        """What each engine is that is kept."""
        kept = (*list(self._residents.values()), *list(self._guests.values()))  # no lock: loading one takes seconds
        return tuple(engine.facts for engine in kept)

    def _key(self, name: str, detection_size: int | None = None) -> Key:
        return name, detection_size or self._settings.engine.detection_size

    def _load_liveness(self) -> LivenessNetworks | None:
        settings = self._settings
        if settings.packs.liveness is None or settings.engine.kind == "sleeping":
            return None
        pack = find_pack(settings.packs.liveness, load_catalogue(settings.home), PackKind.LIVENESS)
        directory = settings.packs.path / pack.name
        verify(pack, directory, settings.packs)
        return LivenessNetworks.load(
            pack,
            directory,
            threshold=settings.packs.liveness_threshold,
            intra_op_threads=settings.engine.intra_op_threads,
        )

    def _load(self, name: str, detection_size: int) -> FaceEngine:
        settings = self._settings.but(detection_size=detection_size)
        if settings.engine.kind == "sleeping":
            log.warning("engine_invents_scores", pack=name)
            return SleepingEngine.load(name, settings)
        pack = find_pack(name, load_catalogue(settings.home), PackKind.RECOGNITION)
        directory = settings.packs.path / name
        verify(pack, directory, settings.packs)
        engine = Engine.load(pack, directory, settings.engine, self._machine, self._liveness)
        warm_up_ms = engine.warm_up()
        log.info("engine_ready", pack=name, provider=engine.facts.provider, warm_up_ms=round(warm_up_ms, 1))
        return engine
