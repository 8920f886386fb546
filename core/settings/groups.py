"""Every setting there is, with its default and its limits, in the groups that are handed to what needs them."""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from core.errors import SettingsInvalid
from core.liveness import LivenessRule, LivenessSides
from core.quality import QualityRule
from core.settings import rabbit, sentinels
from core.settings.secret_files import SecretFiles
from core.vocabulary import ImageFormat, Policy

PREFIX = "LIKENESS_"
CHECKOUT = Path(__file__).parents[2]
T = TypeVar("T")
CommaSeparated = Annotated[tuple[str, ...], NoDecode]
Seconds = Annotated[tuple[float, ...], NoDecode]
Ports = Annotated[tuple[int, ...], NoDecode]
Formats = Annotated[tuple[ImageFormat, ...], NoDecode]


def default_home() -> Path:
    """Where local state lives: `.likeness` beside a checkout, or in the user's home for an installed package."""
    if "LIKENESS_HOME" in os.environ:
        return Path(os.environ["LIKENESS_HOME"]).expanduser().resolve()
    base = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.home()
    return base / ".likeness"


def _named(prefix: str = PREFIX) -> SettingsConfigDict:
    return SettingsConfigDict(
        env_prefix=prefix, extra="ignore", frozen=True, env_ignore_empty=True, populate_by_name=True
    )


def _setting(variable: str, default: Any, **constraints: Any) -> Any:
    """A field whose variable is not the group's prefix and the field's name."""
    return Field(default, validation_alias=f"{PREFIX}{variable}", **constraints)


class Group(BaseSettings):
    """Settings that belong together: read from the environment (`LIKENESS_...`), then from files.

    A secret may also be named by the file it stands in, `LIKENESS_..._FILE`, as container engines hand them over.
    """

    model_config = _named()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource, **named: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, the environment, the files that it names, then `.env`."""
        return named["init_settings"], named["env_settings"], SecretFiles(settings_cls), named["dotenv_settings"]


class HomeSettings(Group):
    """Where this machine's state lies."""

    home: Path = Field(default_factory=default_home, description="Local state: packs, servers' data, secrets")


class RedisSettings(Group):
    """The Redis-protocol server."""

    model_config = _named("LIKENESS_REDIS_")

    url: SecretStr | None = Field(
        None, description=f"Redis-protocol server, e.g. redis://:password@host:6379 or {sentinels.FORM}"
    )
    password: SecretStr | None = Field(None, description="Its password, where the URL names none")
    fsync: Literal["always", "everysec"] = Field(
        "always", description="When the embedded Redis-protocol server writes through to the disk"
    )

    @field_validator("url")
    @classmethod
    def _is_usable(cls, value: SecretStr | None) -> SecretStr | None:
        return value and SecretStr(sentinels.checked(value.get_secret_value()))

    @property
    def sentinels(self) -> sentinels.Sentinels | None:
        """Who says where the server is; None when the URL does."""
        return sentinels.Sentinels.of(self._url)

    def database(self, number: int) -> str:
        """URL of one of the databases: 0 broker, 1 task results, 2 records. Not for clients where sentinels are."""
        return sentinels.of_database(self._url, number)

    @property
    def hosts(self) -> tuple[str | None, ...]:
        """Those that the URL names."""
        return tuple(host for host, _ in self.sentinels.nodes) if self.sentinels else (urlsplit(self._url).hostname,)

    @property
    def _url(self) -> str:
        url = _required(self.url, "REDIS_URL").get_secret_value()
        return sentinels.with_password(url, self.password.get_secret_value()) if self.password else url


class BrokerSettings(Group):
    """The broker of the messages, where that is not the Redis-protocol server itself."""

    model_config = _named("LIKENESS_BROKER_")

    url: SecretStr | None = Field(
        None, description=f"RabbitMQ in place of Redis as the broker, e.g. {rabbit.FORM} or amqps://... with TLS"
    )

    @field_validator("url")
    @classmethod
    def _is_usable(cls, value: SecretStr | None) -> SecretStr | None:
        return value and SecretStr(rabbit.checked(value.get_secret_value()))

    @property
    def hosts(self) -> tuple[str | None, ...]:
        """That which the URL names."""
        return (urlsplit(self.url.get_secret_value()).hostname,) if self.url else ()


class ObjectSettings(Group):
    """The object store."""

    model_config = _named("LIKENESS_S3_")

    endpoint: str | None = Field(None, description="S3 endpoint, e.g. http://host:9000")
    access_key: SecretStr | None = Field(None, description="S3 access key")
    secret_key: SecretStr | None = Field(None, description="S3 secret key")
    region: str = Field("us-east-1", description="S3 region, as the server expects it in signatures")
    bucket: str = Field("likeness", description="Bucket for images, data sets and reports")
    local: Literal["seaweedfs", "rclone"] = _setting(
        "LOCAL_STORE",
        "seaweedfs",
        description="The embedded object store, where no endpoint is set; `rclone` costs less and promises less",
    )

    @property
    def credentials(self) -> tuple[str, str, str]:
        """Endpoint, access key, secret key."""
        return (
            _required(self.endpoint, "S3_ENDPOINT"),
            _required(self.access_key, "S3_ACCESS_KEY").get_secret_value(),
            _required(self.secret_key, "S3_SECRET_KEY").get_secret_value(),
        )


class ApiSettings(Group):
    """The HTTP process."""

    model_config = _named("LIKENESS_API_")

    url: str = Field("http://127.0.0.1:8000", description="Where clients find the API")
    bind: str = Field("127.0.0.1:8000", description="Where gunicorn listens; a local stack sets it from the URL")
    processes: int = Field(1, ge=1, description="Processes gunicorn starts")
    threads: int = Field(64, ge=2, description="Requests an API process serves at a time; waiting ones included")
    max_wait_s: float = _setting("MAX_WAIT_S", 60.0, ge=0, description="Longest time a request may wait for its job")
    auth: Literal["auto", "on", "off"] = _setting(
        "AUTH", "auto", description="Whether calls need an API key; auto: not while the API listens on loopback only"
    )
    hosts: CommaSeparated = Field(
        (),
        description="Hosts by which the API may be called while keys are off, and whose pages may call it; beside "
        "loopback's names and the host of LIKENESS_API_URL",
    )
    key: SecretStr | None = Field(None, description="The API key our own client and commands send, lk_...")

    @field_validator("hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _parts(value)

    @field_validator("auth")
    @classmethod
    def _off_is_for_loopback(cls, value: str, info: ValidationInfo) -> str:
        bind = str(info.data.get("bind"))
        if value == "off" and not is_loopback(bind):
            raise ValueError(f"keys can be turned off on loopback only, and LIKENESS_API_BIND is {bind}")
        return value

    @property
    def auth_on(self) -> bool:
        """Whether calls need an API key."""
        return self.auth == "on" or not is_loopback(self.bind)


class ImageLimits(Group):
    """How large an image may be: at the door, and once more in the engine."""

    max_image_bytes: int = Field(10 * 2**20, ge=1024, description="Largest image accepted, in bytes")
    max_image_pixels: int = Field(40_000_000, ge=1024, description="Largest image accepted, in declared pixels")
    max_reduced_pixels: int = Field(
        200_000_000,
        ge=0,
        description="Largest baseline JPEG accepted; past LIKENESS_MAX_IMAGE_PIXELS it is decoded reduced",
    )
    image_formats: Formats = Field(
        tuple(ImageFormat), min_length=1, description="Image formats accepted, comma-separated"
    )

    @field_validator("image_formats", mode="before")
    @classmethod
    def _split_formats(cls, value: object) -> object:
        return _parts(value)


class QualityLimits(Group):
    """Past which quality measures a face gets a warning, or is refused where quality is required (docs/quality.md)."""

    quality_max_yaw_deg: float = Field(55.0, gt=0, le=180, description="Largest yaw either way; `extreme_pose`")
    quality_max_pitch_deg: float = Field(35.0, gt=0, le=90, description="Largest pitch either way; `extreme_pose`")
    quality_min_sharpness: float = Field(0.55, ge=0, description="Least sharpness; `blurred`")
    quality_min_brightness: float = Field(0.2, ge=0, le=1, description="Least mean luma; `too_dark`")
    quality_max_overexposure: float = Field(0.1, ge=0, le=1, description="Largest white share; `overexposed`")
    quality_min_eye_distance_px: float = Field(
        20.0, ge=0, description="Least distance between the eyes, seen from the front; `low_resolution`"
    )
    quality_max_cut_off: float = Field(
        0.15, ge=0, le=1, description="Largest share of the face beyond the image's edge; `face_cut_off`"
    )


class ImageSettings(ImageLimits):
    """Submitted images: how large they may be, how long they stay."""

    retention_s: int = _setting(
        "IMAGE_RETENTION_S", 0, ge=0, description="How long images stay after their job ends; 0 deletes at once"
    )
    urls: bool = _setting(
        "IMAGE_URLS", False, description="Whether images may be named by URL; the fetcher fetches them"
    )
    orphan_age_s: int = Field(3600, ge=60, description="Age at which stored images that no job names are deleted")


class JobSettings(Group):
    """The life of a job."""

    retention_s: int = _setting("JOB_RETENTION_S", 7 * 86400, ge=60, description="How long a finished job can be read")
    idempotency_s: int = Field(86400, ge=60, description="How long the answer to an `Idempotency-Key` is kept")
    max_attempts: int = Field(
        3, ge=1, description="Starts of one job before it fails as `worker_lost`; at least 2: the second one is alone"
    )
    visibility_timeout_s: int = Field(60, ge=5, description="After this long, a dead worker's message runs again")
    lease_s: float = Field(15.0, ge=1, description="A running job without a sign of its worker for this long is lost")


class LimitSettings(Group):
    """How much may be asked for."""

    key_requests_per_minute: int = Field(600, ge=0, description="Requests a minute a key may make; 0: any number")
    key_comparisons_per_day: int = Field(10_000, ge=0, description="Comparisons a day a key may submit; 0: any number")
    key_upload_bytes_per_minute: int = Field(
        256 * 2**20, ge=0, description="Bytes a minute of bodies with images that a key may send; 0: any number"
    )
    key_bytes_at_once: int = Field(
        16 * 2**20,
        ge=2**20,
        description="Bytes of one key's images that an API process stores at a time, or one body that is larger",
    )
    max_queued: int = Field(10_000, ge=1, description="Jobs that may wait; past them the API answers 503 `queue_full`")
    max_queued_per_key: int = Field(1000, ge=1, description="Jobs of one key that may wait; past them, 429")
    max_open_runs: int = Field(
        20, ge=1, description="Evaluation runs that may wait or run; past them the API answers 429 `too_many_runs`"
    )
    fair_share: int = Field(
        4, ge=0, description="Open jobs of a key up to which one more waits in the first lane, not in the second"
    )


class BatchSettings(Group):
    """Batches: many pairs in one job."""

    max_batch_pairs: int = Field(5000, ge=1, le=100_000, description="Pairs a batch may have")
    max_batch_photographs: int = Field(1000, ge=2, le=10_000, description="Photographs a batch may have")
    max_batch_bytes: int = Field(
        128 * 2**20, ge=65536, description="Largest body of a batch, in bytes: its photographs and its list of pairs"
    )
    max_batch_uploads: int = Field(
        4, ge=1, description="Batches an API process reads at a time, each in memory; past them 503 `too_many_uploads`"
    )
    max_open_batches: int = Field(100, ge=1, description="Batches that may wait or run; past them 503 `queue_full`")
    max_open_batches_per_key: int = Field(
        10, ge=1, description="Batches of one key that may wait or run; past them 429 `too_many_batches`"
    )


class UploadSettings(Group):
    """Uploads: photographs that clients put into the object store by themselves."""

    model_config = _named("LIKENESS_UPLOADS_")

    on: bool = _setting(
        "UPLOADS", False, description="Whether clients may put photographs into the object store, which they must reach"
    )
    url: str | None = Field(
        None,
        description="The object store as clients reach it, e.g. https://photographs.example; default: "
        "LIKENESS_S3_ENDPOINT",
    )
    expire_s: int = Field(900, ge=1, le=86400, description="How long an upload may be put, and then named")
    sse_c: bool = Field(
        False,
        description="Whether the store encrypts each upload with a key of its own that it does not keep (SSE-C); "
        "SeaweedFS does, others over https alone",
    )
    max_open_per_key: int = _setting(
        "MAX_OPEN_UPLOADS_PER_KEY",
        2000,
        ge=1,
        description="Uploads of one key that no submission has named yet; past them 429 `too_many_open_uploads`",
    )

    origins: CommaSeparated = Field(
        (),
        description="Origins of pages that may put uploads, e.g. https://a.example, or *: the bucket's CORS rule, set "
        "in place of any other when the local stack starts, or compose's job `bucket`; empty leaves it as it is",
    )

    @field_validator("origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _parts(value)

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            url = urlsplit(origin)
            if origin != "*" and (not url.hostname or origin != f"{url.scheme}://{url.netloc}"):
                raise ValueError(f"must be origins such as https://app.example, without a path, or *; found {origin!r}")
        return value

    @field_validator("url")
    @classmethod
    def _is_an_origin(cls, value: str | None) -> str | None:
        url = urlsplit(value or "http://host")
        if url.scheme not in ("http", "https") or not url.hostname or url.path.strip("/") or url.query:
            raise ValueError("must be http(s)://host[:port], without a path: the signature is over the store's own")
        return value


class SigningSettings(Group):
    """What signs callbacks: the courier's alone."""

    model_config = _named("LIKENESS_WEBHOOK_")

    secrets: SecretStr | None = Field(
        None,
        description="Signing secrets, whsec_... or whsk_..., comma-separated; every one signs (rotation), for a key "
        "with what is derived from it",
    )
    shared_secrets: SecretStr | None = Field(
        None,
        description="Secrets that consumers of several keys know, from before: they sign every key's events as well",
    )


class WebhookSettings(Group):
    """Calling back."""

    model_config = _named("LIKENESS_WEBHOOK_")

    accept: bool | None = Field(
        None, description="Whether the API accepts a `callback_url`; default: where it finds the signing secrets itself"
    )
    schedule_s: Seconds = Field(
        (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        description="Seconds from one failed delivery attempt to the next; after the last one the delivery is dead",
    )
    timeout_s: float = Field(15.0, gt=0, le=30, description="Longest time one delivery attempt may take")
    retention_s: int = Field(30 * 86400, ge=60, description="How long an ended delivery can be read, replayed")
    ports: Ports = Field((), description="Ports callbacks may go to beside 443, and 80 where http is allowed")
    allow_http: bool = Field(False, description="Whether callbacks may go over http, readable on the way")
    allow_private: bool = Field(False, description="Whether callbacks may go to loopback and private networks")
    max_endpoints: int = Field(5, ge=0, description="Webhook endpoints that a key may have registered at a time")
    ca_file: Path | None = Field(None, description="Certificates trusted for callbacks beside the public ones")

    @field_validator("schedule_s", "ports", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _parts(value)


class CourierSettings(Group):
    """The housekeeping process."""

    threads: int = _setting(
        "COURIER_THREADS", 32, ge=4, description="Deliveries and housekeeping a courier does at a time"
    )
    reaper_interval_s: float = Field(5.0, ge=1, description="How often lost jobs are looked for")
    reaper_patience_s: float = Field(
        30.0, ge=1, description="A queued job is looked for in the broker after this long; again after as long"
    )


class ReceiptSettings(Group):
    """Signed receipts."""

    key: SecretStr | None = _setting(
        "RECEIPT_KEY",
        None,
        description="Private Ed25519 or P-256 key that signs receipts, as PEM or JWK; none: no receipts",
    )


class PackSettings(HomeSettings):
    """Model packs: which are served, and where they lie."""

    served: CommaSeparated = _setting("PACKS", ("opencv-zoo",), description="Packs a worker loads, comma-separated")
    default: str = _setting("DEFAULT_PACK", "opencv-zoo", description="Pack of a comparison that names none")
    default_policy: Policy = Field(Policy.LARGEST, description="Face selection of a comparison that names none")
    directory: Path | None = _setting("PACKS_DIR", None, description="Where packs lie; default: `packs` in the home")
    default_quality: QualityRule = Field(
        QualityRule.REPORT,
        description="What becomes of quality warnings where a comparison does not say: `report`, `require`",
    )
    liveness: str | None = _setting(
        "LIVENESS_PACK",
        None,
        description="Pack that judges liveness, e.g. minifasnet; none: no comparison may ask for it",
    )
    default_liveness: LivenessRule = Field(
        LivenessRule.OFF, description="Liveness of a comparison that does not say: `off`, `report`, `require`"
    )
    default_liveness_sides: LivenessSides = Field(
        LivenessSides.PROBE,
        description="Images whose liveness is judged where a comparison does not say: `probe`, `both`",
    )
    liveness_threshold: float | None = Field(
        None, ge=0, le=1, description="Least liveness score that is bona fide; default: the pack's"
    )
    mirror: str | None = _setting(
        "PACK_MIRROR", None, description="Base URL or directory with <pack>/<file>, tried before all else"
    )
    accept_licences: CommaSeparated = Field(
        (), description="Packs whose non-commercial licence you accept, comma-separated"
    )

    @field_validator("served", "accept_licences", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _parts(value)

    @property
    def needed(self) -> tuple[str, ...]:
        """Packs that a worker loads, the one for liveness among them."""
        return (*self.served, self.liveness) if self.liveness else self.served

    @property
    def path(self) -> Path:
        """The directory that holds one directory per pack."""
        return self.directory or self.home / "packs"


class EngineSettings(HomeSettings, ImageLimits, QualityLimits):
    """What turns two images into a score."""

    kind: Literal["insightface", "sleeping"] = _setting(
        "ENGINE",
        "insightface",
        description="`sleeping` invents its scores, for tries of everything else; on loopback only",
    )
    sleep_ms: float = Field(50.0, ge=0, description="How long the sleeping engine takes for a comparison, on average")
    provider: Literal["auto", "cpu", "cuda", "tensorrt", "openvino", "openvino-bf16", "openvino-f32", "triton"] = Field(
        "auto",
        description="Execution provider; one asked for by name and not got stops the worker. `openvino`: in bfloat16 "
        "where the processor has it. `triton`: at LIKENESS_TRITON_URL",
    )
    triton_url: str | None = Field(
        None, description="A Triton server's HTTP address, e.g. http://triton:8000; LIKENESS_PROVIDER=triton asks it"
    )
    triton_timeout_s: float = Field(10.0, gt=0, le=300, description="How long Triton may take for an answer")
    detection_size: int = Field(640, ge=32, le=2048, multiple_of=32, description="Detector input, pixels a side")
    detection_threshold: float | None = Field(
        None, gt=0, lt=1, description="Smallest detector score that counts as a face; default: the pack's"
    )
    min_face_px: int = Field(24, ge=1, description="Smallest usable face: its box's shorter side, in pixels")
    threads: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        validation_alias="LIKENESS_ENGINE_THREADS",
        ge=1,
        description="Images decoded and detected at a time, on a CPU also embedded; default: one a core",
    )
    intra_op_threads: int = Field(1, ge=1, description="Threads onnxruntime uses inside one inference")
    batch_size: int | None = Field(
        None, ge=1, le=32, description="Most faces in one inference; default: 32 on a GPU, 1 on a CPU"
    )
    batch_wait_ms: float | None = Field(
        None, ge=0, le=100, description="Time a GPU waits for a batch to fill; default: 2 on a GPU, 0 on a CPU"
    )
    gpu_memory_mb: int | None = Field(
        None, ge=256, description="Most memory one session's arena takes of a GPU, in MiB; default: no limit"
    )


class WorkerSettings(Group):
    """A process that takes jobs."""

    threads: int = Field(
        default_factory=lambda: 2 * (os.cpu_count() or 1),
        validation_alias="LIKENESS_WORKER_THREADS",
        ge=1,
        description="Jobs a worker has in hand at a time; default: two a core, for a job also waits for the stores",
    )
    canary_interval_s: float = Field(10.0, ge=1, description="How often a worker sends itself a message")
    canary_patience_s: float = Field(
        60.0, ge=2, description="A worker that hears nothing for this long is not ready; after twice as long it exits"
    )
    shutdown_grace_s: float = Field(5.0, ge=0, description="Time running jobs get before they are handed back")


class EvaluationSettings(Group):
    """Evaluation runs."""

    run_patience_s: int = Field(120, ge=10, description="Silence after which an evaluation run is taken up again")


class FlowerSettings(Group):
    """The look into the queues."""

    model_config = _named("LIKENESS_FLOWER_")

    writable: bool = Field(False, description="Whether the local Flower may stop workers and revoke tasks")
    events: bool = Field(
        False, description="Whether the local Flower shows tasks; it has workers send three messages a job for that"
    )
    url: str | None = Field(None, description="Where Flower answers, where it runs")


class LogSettings(Group):
    """What every process writes."""

    alive_file: Path | None = _setting(
        "ALIVE_FILE", None, description="A file that a worker touches while it takes messages: for health checks"
    )

    as_json: bool = _setting("LOG_JSON", True, description="Log lines as JSON (true) or as text (false)")
    level: str = _setting("LOG_LEVEL", "INFO", description="Smallest level that is logged")
    max_bytes: int = _setting(
        "LOG_MAX_BYTES",
        10_000_000,
        ge=10_000,
        description="Size at which the local stack puts its log aside; the last five are kept",
    )


class MetricsSettings(Group):
    """What a process counts, for Prometheus."""

    model_config = _named("LIKENESS_METRICS_")

    port: int | None = Field(
        None,
        ge=1,
        le=65529,
        description="Port on which a process shows `/metrics`; none: it does not. The processes of a local stack take "
        "this one and the six after it",
    )
    host: str = Field(
        "127.0.0.1", description="Address on which it shows them: whoever reaches it reads them, without a key"
    )


class TraceSettings(Group):
    """What a request led to, for OpenTelemetry."""

    model_config = _named("LIKENESS_TRACES_")

    endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^\s]+$",
        description="Where traces are sent: an OTLP/HTTP endpoint, e.g. http://collector:4318; none: they are not",
    )


def is_loopback(bind: str) -> bool:
    """Whether only this machine reaches what listens there; several addresses are separated by commas."""
    return all(_is_loopback_host(address.strip().rpartition(":")[0].strip("[]")) for address in bind.split(","))


def _is_loopback_host(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, nothing (every interface), or a Unix socket, behind which anything may stand
        return False


def _parts(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _required(value: T | None, name: str) -> T:
    if value is None:
        raise SettingsInvalid(
            f"LIKENESS_{name} is not set and no local stack is running: start one with `make up`, or set it"
        )
    return value
