"""The only place that reads the environment: each group when it is first asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from core.errors import SettingsInvalid
from core.reasons import reason_of
from core.settings.groups import (
    PREFIX,
    ApiSettings,
    BatchSettings,
    BrokerSettings,
    CourierSettings,
    EngineSettings,
    EvaluationSettings,
    FlowerSettings,
    Group,
    HomeSettings,
    ImageSettings,
    JobSettings,
    LimitSettings,
    LogSettings,
    MetricsSettings,
    ObjectSettings,
    PackSettings,
    ReceiptSettings,
    RedisSettings,
    SigningSettings,
    TraceSettings,
    UploadSettings,
    WebhookSettings,
    WorkerSettings,
    default_home,
)

G = TypeVar("G", bound=Group)


class Read(cached_property[G]):
    """A group of the settings, read when it is first asked for: a process answers for what it uses, and no more."""

    def __init__(self, model: type[G]) -> None:
        super().__init__(lambda settings: settings.read(model))
        self.model = model


class Settings:
    """Every group. What is given wins over the environment, and the environment over the files."""

    local = Read(HomeSettings)
    redis = Read(RedisSettings)
    broker = Read(BrokerSettings)
    objects = Read(ObjectSettings)
    api = Read(ApiSettings)
    limits = Read(LimitSettings)
    batches = Read(BatchSettings)
    uploads = Read(UploadSettings)
    images = Read(ImageSettings)
    jobs = Read(JobSettings)
    signing = Read(SigningSettings)
    webhooks = Read(WebhookSettings)
    receipts = Read(ReceiptSettings)
    packs = Read(PackSettings)
    engine = Read(EngineSettings)
    worker = Read(WorkerSettings)
    courier = Read(CourierSettings)
    evaluations = Read(EvaluationSettings)
    flower = Read(FlowerSettings)
    logs = Read(LogSettings)
    metrics = Read(MetricsSettings)
    traces = Read(TraceSettings)

    def __init__(self, *files: Path, **given: object) -> None:
        """`given` is named as the variables are, in small letters and without the prefix: `redis_url=...`."""
        self._files = files
        self._given = given
        if unknown := given.keys() - {variable.short for variable in variables()}:
            raise TypeError(f"there are no settings {', '.join(sorted(unknown))}")

    def but(self, **given: object) -> "Settings":
        """These settings with others in some places."""
        return Settings(*self._files, **{**self._given, **given})

    def check(self) -> None:
        """Read every group. Raise SettingsInvalid with a sentence per wrong setting."""
        if wrong := self.faults():
            raise SettingsInvalid("; ".join(wrong))

    def faults(self) -> tuple[str, ...]:
        """What is wrong with each group that cannot be read."""
        wrong = []
        for name in _reads():
            try:
                getattr(self, name)
            except SettingsInvalid as error:
                wrong.append(str(error))
        return tuple(dict.fromkeys(wrong))

    @property
    def home(self) -> Path:
        """Where this machine's state lies."""
        return self.local.home

    @property
    def accepts_callbacks(self) -> bool:
        """Whether a `callback_url` is accepted. The API asks for no secret where it is told."""
        accept = self.webhooks.accept
        return self.signing.secrets is not None if accept is None else accept

    def read(self, model: type[G]) -> G:
        """Read one group. Raise SettingsInvalid with a sentence per wrong setting."""
        known = {variable.short: variable.field for variable in _of(model)}
        mine: dict[str, Any] = {field: self._given[short] for short, field in known.items() if short in self._given}
        try:
            return model(_env_file=self._files, **mine)
        except ValidationError as error:
            raise SettingsInvalid("; ".join(_sentence(model, dict(fault)) for fault in error.errors())) from None
        except (OSError, UnicodeDecodeError) as error:
            files = " or ".join(str(file) for file in self._files)
            raise SettingsInvalid(f"{files} cannot be read as a text of settings: {reason_of(error)}") from error


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the environment, the group it belongs to and the field it sets."""

    name: str
    group: type[Group]
    field: str
    info: FieldInfo

    @property
    def short(self) -> str:
        """As it is given in code."""
        return self.name.removeprefix(PREFIX).lower()

    @property
    def is_secret(self) -> bool:
        """Whether its value must not be shown."""
        return "SecretStr" in str(self.info.annotation)


def variables() -> Iterator[Variable]:
    """Every variable once, group by group."""
    known = set()
    for group in _reads().values():
        for variable in _of(group):
            if variable.name not in known:
                known.add(variable.name)
                yield variable


def load_settings() -> Settings:
    """From the environment, then `.env`, then the running local stack's `stack.env`."""
    return Settings(default_home() / "stack.env", Path(".env"))


def _reads() -> Mapping[str, type[Group]]:
    return {name: read.model for name, read in vars(Settings).items() if isinstance(read, Read)}


def _of(group: type[Group]) -> Iterator[Variable]:
    for field, info in group.model_fields.items():
        name = info.validation_alias or f"{group.model_config['env_prefix']}{field}".upper()
        yield Variable(str(name), group, field, info)


def _sentence(group: type[Group], fault: dict[str, object]) -> str:
    where = str(fault["loc"][0])  # type: ignore[index]
    variable = next(variable for variable in _of(group) if where in (variable.field, variable.name))
    value = "a secret" if variable.is_secret else repr(fault["input"])
    return f"{variable.name}: {_expected(fault)}; found {value}"


def _expected(fault: Mapping[str, Any]) -> str:
    """What was wanted instead, in our words where there are any for that kind of fault."""
    of: Mapping[str, Any] = fault.get("ctx") or {}
    match str(fault["type"]):
        case "value_error":
            return str(of["error"])
        case "int_parsing" | "int_type" | "int_from_float":
            return "it must be a whole number"
        case "float_parsing" | "float_type":
            return "it must be a number"
        case "finite_number":
            return "it must be a finite number"
        case "bool_parsing" | "bool_type":
            return "it must be true or false"
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than" as bound:
            words = {"greater_than_equal": "at least", "greater_than": "more than"}
            words |= {"less_than_equal": "at most", "less_than": "less than"}
            return f"it must be {words[bound]} {next(iter(of.values()))}"
        case "literal_error" | "enum":
            return f"it must be {of['expected']}"
        case _:
            return str(fault["msg"])
