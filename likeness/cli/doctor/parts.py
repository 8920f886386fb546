"""What runs here: the local stack and the API."""

import fcntl
from collections.abc import Iterator

from core.deployment.finding import Finding, fail, ok, warn
from core.settings import Settings, default_home
from likeness.cli.api import api_client
from likeness.cli.readiness import ask_ready
from likeness.client import ApiError

HANGS = "it, or a proxy before it, hangs: see its log and what the machine is short of, then start it again"
START = "start it: `likeness up` on one machine, or its line in infra/local/Procfile"
REMEDIES = {
    "job_store": "see the lines on Redis above",
    "broker": "see the line on rabbitmq above",
    "object_store": "see the lines on the object store above",
    "worker": "see the lines on workers and queues; a worker that cannot load its pack says so in its log",
}


def stack_runs() -> bool:
    """Whether a local stack holds this home's lock."""
    try:
        with (default_home() / "stack.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def local_stack(settings: Settings) -> Iterator[Finding]:
    """Whether one runs here, and whether servers elsewhere are named."""
    home = default_home()
    outside = [
        name for name, given in (("Redis", settings.redis.url), ("an object store", settings.objects.endpoint)) if given
    ]
    if stack_runs():
        yield ok("stack", f"a local one runs, home {home}")
    elif (home / "stack.env").is_file():
        yield warn(
            "stack",
            f"{home / 'stack.env'} is of a local one that was killed",
            "start it again with `likeness up`, or remove the file",
        )
    elif outside:
        yield ok(
            "stack", f"none runs here; {' and '.join(outside)} elsewhere {'is' if len(outside) == 1 else 'are'} named"
        )
    else:
        yield warn(
            "stack", f"nothing runs: no local stack in {home}, and no servers are named", "`likeness up` starts one"
        )


def api(settings: Settings, *, runs: bool) -> Iterator[Finding]:
    """Whether it answers, what it says of its parts, and whether it takes our key."""
    url = settings.api.url
    said = ask_ready(url)
    if said.away:
        verdict = fail if runs else warn
        remedy = HANGS if said.hangs else f"{START}; or let LIKENESS_API_URL name where it answers"
        yield verdict("api", f"{url} {said.away}", remedy)
        return
    yield ok("api", f"{url} answers, {'with' if url.startswith('https') else 'without'} TLS")
    for name, is_ok, detail in said.checks:
        part = f"ready: {name}"
        yield ok(part, detail) if is_ok else fail(part, detail, REMEDIES.get(name, "see docs/running.md"))
    try:
        with api_client() as client:
            client.packs()
    except ApiError as error:
        key_is_set = settings.api.key is not None
        yield warn(
            "api key",
            str(error),
            "let LIKENESS_API_KEY hold one with the scope read (`likeness keys create`)"
            if not key_is_set
            else "LIKENESS_API_KEY is not one that may read: see `likeness keys list`",
        )
    else:
        yield ok("api key", "the API takes ours" if settings.api.key else "none is asked for")
