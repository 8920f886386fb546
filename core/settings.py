"""Every setting of every process, typed, with one prefix; the only place that reads the environment."""

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.comparison import Policy
from core.errors import SettingsInvalid

CHECKOUT = Path(__file__).parent.parent
T = TypeVar("T")
CommaSeparated = Annotated[tuple[str, ...], NoDecode]


def default_home() -> Path:
    """Where local state lives: `.likeness` beside a checkout, or in the user's home for an installed package."""
    if "LIKENESS_HOME" in os.environ:
        return Path(os.environ["LIKENESS_HOME"]).expanduser().resolve()
    base = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.home()
    return base / ".likeness"


class Settings(BaseSettings):
    """Read from the environment (`LIKENESS_...`), then `.env`, then the running local stack's `stack.env`."""

    model_config = SettingsConfigDict(env_prefix="LIKENESS_", extra="ignore", frozen=True, env_ignore_empty=True)

    home: Path = Field(default_factory=default_home, description="Local state: packs, servers' data, secrets")

    redis_url: SecretStr | None = Field(None, description="Redis-protocol server, e.g. redis://:password@host:6379")
    s3_endpoint: str | None = Field(None, description="S3 endpoint, e.g. http://host:9000")
    s3_access_key: SecretStr | None = Field(None, description="S3 access key")
    s3_secret_key: SecretStr | None = Field(None, description="S3 secret key")
    s3_region: str = Field("us-east-1", description="S3 region, as the server expects it in signatures")
    s3_bucket: str = Field("likeness", description="Bucket for images, data sets and reports")

    api_url: str = Field("http://127.0.0.1:8000", description="Where clients find the API")
    api_bind: str = Field("127.0.0.1:8000", description="Where gunicorn listens; a local stack sets it from the URL")
    api_processes: int = Field(1, ge=1, description="Processes gunicorn starts")
    api_threads: int = Field(64, ge=2, description="Requests an API process serves at a time; waiting ones included")
    max_image_bytes: int = Field(10 * 2**20, ge=1024, description="Largest image accepted, in bytes")
    max_image_pixels: int = Field(40_000_000, ge=1024, description="Largest image accepted, in declared pixels")
    max_wait_s: float = Field(60.0, ge=0, description="Longest time a request may wait for its job")
    job_retention_s: int = Field(7 * 86400, ge=60, description="How long a finished job can be read")
    image_retention_s: int = Field(0, ge=0, description="How long images stay after their job ends; 0 deletes at once")
    max_attempts: int = Field(3, ge=1, description="Starts of one job before it fails as `worker_lost`")

    packs: CommaSeparated = Field(("opencv-zoo",), description="Packs a worker loads, comma-separated")
    default_pack: str = Field("opencv-zoo", description="Pack of a comparison that names none")
    default_policy: Policy = Field(Policy.LARGEST, description="Face selection of a comparison that names none")
    packs_dir: Path | None = Field(None, description="Where packs lie; default: `packs` in the home")
    pack_mirror: str | None = Field(None, description="Base URL or directory with <pack>/<file>, tried before all else")
    accept_licences: CommaSeparated = Field(
        (), description="Packs whose non-commercial licence you accept, comma-separated"
    )

    provider: Literal["auto", "cpu", "cuda", "tensorrt"] = Field(
        "auto", description="Execution provider; one asked for by name and not got stops the worker"
    )
    detection_size: int = Field(640, ge=32, le=2048, multiple_of=32, description="Detector input, pixels a side")
    detection_threshold: float = Field(0.5, gt=0, lt=1, description="Smallest detector score that counts as a face")
    min_face_px: int = Field(24, ge=1, description="Smallest usable face: its box's shorter side, in pixels")
    worker_threads: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, description="Comparisons a worker runs at a time"
    )
    intra_op_threads: int = Field(1, ge=1, description="Threads onnxruntime uses inside one inference")
    visibility_timeout_s: int = Field(60, ge=5, description="After this long, a dead worker's message runs again")
    run_patience_s: int = Field(120, ge=10, description="Silence after which an evaluation run is taken up again")
    shutdown_grace_s: float = Field(5.0, ge=0, description="Time running jobs get before they are handed back")

    flower_writable: bool = Field(False, description="Whether the local Flower may stop workers and revoke tasks")
    flower_url: str | None = Field(None, description="Where Flower answers, where it runs")
    log_json: bool = Field(True, description="Log lines as JSON (true) or as text (false)")
    log_level: str = Field("INFO", description="Smallest level that is logged")

    @field_validator("packs", "accept_licences", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @cached_property
    def packs_path(self) -> Path:
        """The directory that holds one directory per pack."""
        return self.packs_dir or self.home / "packs"

    def redis(self, database: int) -> str:
        """URL of one of the Redis databases: 0 broker, 1 task results, 2 jobs."""
        return f"{_required(self.redis_url, 'REDIS_URL').get_secret_value().rstrip('/')}/{database}"

    @property
    def s3_credentials(self) -> tuple[str, str, str]:
        """Endpoint, access key, secret key."""
        return (
            _required(self.s3_endpoint, "S3_ENDPOINT"),
            _required(self.s3_access_key, "S3_ACCESS_KEY").get_secret_value(),
            _required(self.s3_secret_key, "S3_SECRET_KEY").get_secret_value(),
        )


def load_settings() -> Settings:
    """Raise SettingsInvalid with a sentence per wrong setting."""
    home = default_home()
    try:
        return Settings(_env_file=(home / "stack.env", ".env"))
    except ValidationError as error:
        lines = [f"LIKENESS_{str(e['loc'][0]).upper()}: {e['msg']}; found {e['input']!r}" for e in error.errors()]
        raise SettingsInvalid("; ".join(lines)) from None


def _required(value: T | None, name: str) -> T:
    if value is None:
        raise SettingsInvalid(
            f"LIKENESS_{name} is not set and no local stack is running: start one with `make up`, or set it"
        )
    return value
