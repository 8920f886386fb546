"""Every setting there is, with its default and its limits, in the groups that are handed to what needs them."""

from core.settings.groups.api import ApiSettings, is_loopback
from core.settings.groups.batches import BatchSettings
from core.settings.groups.broker import BrokerSettings
from core.settings.groups.courier import CourierSettings
from core.settings.groups.engine import EngineSettings
from core.settings.groups.evaluations import EvaluationSettings
from core.settings.groups.flower import FlowerSettings
from core.settings.groups.group import PREFIX, Group
from core.settings.groups.home import CHECKOUT, HomeSettings, default_home
from core.settings.groups.images import ImageLimits, ImageSettings
from core.settings.groups.jobs import JobSettings
from core.settings.groups.limits import LimitSettings
from core.settings.groups.logs import LogSettings
from core.settings.groups.metrics import MetricsSettings
from core.settings.groups.objects import ObjectSettings
from core.settings.groups.packs import PackSettings
from core.settings.groups.quality import QualityLimits
from core.settings.groups.receipts import ReceiptSettings
from core.settings.groups.redis import RedisSettings
from core.settings.groups.traces import TraceSettings
from core.settings.groups.uploads import UploadSettings
from core.settings.groups.webhooks import SigningSettings, WebhookSettings
from core.settings.groups.worker import WorkerSettings

__all__ = [
    "CHECKOUT",
    "PREFIX",
    "ApiSettings",
    "BatchSettings",
    "BrokerSettings",
    "CourierSettings",
    "EngineSettings",
    "EvaluationSettings",
    "FlowerSettings",
    "Group",
    "HomeSettings",
    "ImageLimits",
    "ImageSettings",
    "JobSettings",
    "LimitSettings",
    "LogSettings",
    "MetricsSettings",
    "ObjectSettings",
    "PackSettings",
    "QualityLimits",
    "ReceiptSettings",
    "RedisSettings",
    "SigningSettings",
    "TraceSettings",
    "UploadSettings",
    "WebhookSettings",
    "WorkerSettings",
    "default_home",
    "is_loopback",
]
