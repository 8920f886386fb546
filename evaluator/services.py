"""What the evaluator's tasks work with."""

from celery import Celery
from celery.worker import WorkController

from core.evaluations.inquiries import InquiryStore
from core.evaluations.store import RunStore
from core.messaging.counting import counting
from core.messaging.heartbeat import Heartbeat
from core.messaging.presence import Presence
from core.messaging.process import Services, queues_of
from core.settings import Settings
from core.storage.objects import ObjectStore
from evaluator.runs.chords import Chords
from evaluator.runs.inquiring import Inquiries
from evaluator.runs.running import Runs


class EvaluatorServices(Services):
    """Raises SettingsInvalid for what cannot be used."""

    def __init__(self, settings: Settings, app: Celery, worker: WorkController) -> None:
        chords = Chords(app, counting(settings))
        store, objects = RunStore(settings.redis), ObjectStore(settings.objects)
        self.runs = Runs(store, objects, chords, settings)
        self.inquiries = Inquiries(InquiryStore(settings.redis), store, objects)
        presence, queues = Presence(settings.redis), queues_of(worker)
        self._heartbeat = Heartbeat(presence, name=worker.hostname, queues=queues, engines=lambda: ())

    def start(self) -> None:
        """Show that it is there."""
        self._heartbeat.start()

    def stop(self) -> None:
        """Be gone."""
        self._heartbeat.stop()
