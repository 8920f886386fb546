"""What the courier's tasks work with."""

from core.comparisons.orphans import Orphans
from core.comparisons.store import JobStore
from core.messaging.process import Services
from core.settings import Settings
from core.storage.objects import ObjectStore
from courier.dispatch import Dispatch
from courier.lost_jobs import LostJobs


class CourierServices(Services):
    """Made when the worker starts. Raises SettingsInvalid for what cannot be used."""

    def __init__(self, settings: Settings) -> None:
        self.jobs = JobStore.of(settings)
        self.objects = ObjectStore(settings.objects)
        self.lost = LostJobs.of(settings)
        self.orphans = Orphans(settings.redis, settings.images, self.objects)
        self.dispatch = Dispatch(settings)
