"""The engines a process holds in memory: loaded once, verified before, shared by its threads."""

import os
import threading
from collections.abc import Iterable

import structlog

from core.errors import LikenessError
from core.packs.catalogue import find_pack, load_catalogue
from core.settings import Settings
from core.vocabulary import EngineFacts
from worker.engine.contract import FaceEngine
from worker.engine.engine import Engine
from worker.engine.turns import Machine
from worker.packs.verify import verify
from worker.sleeping import SleepingEngine

log = structlog.get_logger()


class EngineBusyElsewhere(LikenessError):
    """The engines belong to another process: run this worker with `--pool threads`."""

    code = "wrong_pool"


class Engines:
    """Engines by pack and detection size. One that was not loaded at start is loaded when first asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engines: dict[tuple[str, int], FaceEngine] = {}
        self._machine = Machine.of(settings.engine.threads)
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def load(self, names: Iterable[str]) -> None:
        """Verify, load and warm each pack; raises what stands in the way."""
        for name in names:
            self.get(name)

    def get(self, name: str, *, detection_size: int | None = None) -> FaceEngine:
        """The engine of this pack, at the detection size of the settings or another."""
        if os.getpid() != self._pid:
            raise EngineBusyElsewhere
        key = name, detection_size or self._settings.engine.detection_size
        with self._lock:
            if key not in self._engines:
                self._engines[key] = self._load(*key)
            return self._engines[key]

    @property
    def facts(self) -> tuple[EngineFacts, ...]:
        """What each loaded engine is."""
        return tuple(engine.facts for engine in list(self._engines.values()))

    def _load(self, name: str, detection_size: int) -> FaceEngine:
        settings = self._settings.but(detection_size=detection_size)
        if settings.engine.kind == "sleeping":
            log.warning("engine_invents_scores", pack=name)
            return SleepingEngine.load(name, settings)
        pack = find_pack(name, load_catalogue(settings.home))
        directory = settings.packs.path / name
        verify(pack, directory, settings.packs)
        engine = Engine.load(pack, directory, settings.engine, self._machine)
        warm_up_ms = engine.warm_up()
        log.info("engine_ready", pack=name, provider=engine.facts.provider, warm_up_ms=round(warm_up_ms, 1))
        return engine
