"""What `pip install .` brings to a user: the client, and nothing of the server."""

import subprocess
import sys
import tomllib
from pathlib import Path

from core.settings import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))

#: Refuses every import of what a user has not installed.
ALONE = """
import sys
OURS = {"api", "worker", "courier", "evaluator", "core", "infra", "bench"}
SERVERS = {"celery", "kombu", "redis", "minio", "flask", "pydantic", "structlog", "click", "rich", "numpy"}
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in OURS | SERVERS:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from likeness import ApiError, ApiRefused, ApiUnreachable, AsyncClient, Client, ComparisonJob, Webhook
Webhook("whsec_c2VjcmV0")
with Client("http://127.0.0.1:1") as client:
    try:
        client.packs()
    except ApiUnreachable as error:
        print(error.code, error.retryable)
"""


def test_one_package_is_installed_typed_and_it_asks_for_httpx_alone() -> None:
    assert PROJECT["tool"]["setuptools"]["packages"] == ["likeness"]
    assert PROJECT["tool"]["setuptools"]["package-data"] == {"likeness": ["py.typed"]}
    assert (CHECKOUT / "likeness" / "py.typed").is_file()
    assert [name.partition(">")[0] for name in PROJECT["project"]["dependencies"]] == ["httpx"]
    assert not {"scripts", "entry-points", "optional-dependencies"} & PROJECT["project"].keys()


def test_the_client_works_where_nothing_of_the_server_is_installed(tmp_path: Path) -> None:
    called = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (called.returncode, called.stdout, called.stderr) == (0, "api_unreachable True\n", "")
