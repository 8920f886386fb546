"""Each process of the local stack is told its own secrets, and no other's."""

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from infra.local.own_secrets import FLOWER, RECEIPTS, REDIS, SECRET, SIGNING, STORE
from infra.local.processes import MARK
from infra.local.stack import start_stack
from tests.support.stack import eventually

pytestmark = pytest.mark.stack

#: Who needs what, whatever the code says. Each becomes a process that sleeps for a time of its own.
NEEDS = {
    "worker": REDIS | STORE,
    "embedder": REDIS | STORE,
    "evaluator": REDIS | STORE,
    "courier": REDIS | STORE | {SIGNING},
    "beat": REDIS,
    "flower": REDIS | {FLOWER},
    "gateway": REDIS | STORE,
}
API_NEEDS = REDIS | STORE | {RECEIPTS}


@pytest.fixture
def procfile(tmp_path: Path) -> Callable[[str], Path]:
    def write(lines: str) -> Path:
        (tmp_path / "Procfile").write_text(lines)
        return tmp_path / "Procfile"

    return write


def told(home: Path, command: str) -> dict[str, str]:
    """The environment of the one process of this home with this in its command line."""
    environments: list[dict[str, str]] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(home) and command in process.cmdline():
                environments.append(process.environ())
        except psutil.Error:
            pass
    assert environments, command
    return environments[0]


def test_a_process_knows_its_own_secrets_and_no_other(
    home: Path,
    elsewhere: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    procfile: Callable[[str], Path],
) -> None:
    for name, value in {**elsewhere, "LIKENESS_API_KEY": "lk_of_whoever_starts_the_stack"}.items():
        monkeypatch.setenv(name, value)
    sleepers = {name: str(100_000 + number) for number, name in enumerate(NEEDS)}
    api = Path(__file__).parent / "tiny_api.py"
    lines = [f"{name}: exec sleep {for_s}\n" for name, for_s in sleepers.items()]
    with start_stack(procfile=procfile(f"api: exec python {shlex.quote(str(api))}\n" + "".join(lines))) as stack:
        found = {name: eventually(partial(told, home, for_s)) for name, for_s in sleepers.items()}
        found["api"] = told(home, str(api))
        values = {name: set(SECRET) & set(environment) for name, environment in found.items()}
        assert values == {**{name: set(needs) for name, needs in NEEDS.items()}, "api": set(API_NEEDS)}
        assert found["courier"][SIGNING] == stack.environment[SIGNING]
        assert found["api"]["LIKENESS_WEBHOOK_ACCEPT"] == "true"
        honcho = told(home, "infra.local.runner")
        assert not set(SECRET) & set(honcho), "nor does what starts them"
        for environment in (*(found[name] for name in NEEDS if name != "courier"), found["api"], honcho):
            assert stack.environment[SIGNING] not in environment.values(), "under whatever name"
