"""One form for everything that a command refuses, whoever found it wrong: ours, Click, a server, Celery's command."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from core.errors import SettingsInvalid
from likeness.cli.evaluate.group import evaluate
from likeness.cli.refusals import Refused
from tests.cli.test_failures import AWAY, LEAVES
from tests.support.command import likeness


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_a_wrong_call_is_told_with_the_usage_in_the_form_of_all_refusals(path: tuple[str, ...]) -> None:
    done = likeness(*path, "--no-such-option")
    assert (done.returncode, done.stdout) == (2, "")
    first, *_, last = done.stderr.splitlines()
    assert first.startswith(f"Usage: likeness {' '.join(path)} ")
    assert last.startswith("likeness: no such option '--no-such-option'")


def test_an_argument_that_is_missing_and_a_file_that_is_no_list_are_told_likewise(tmp_path: Path) -> None:
    assert likeness("compare").stderr.endswith("likeness: missing argument 'REFERENCE'\n")
    file = tmp_path / "one.jpg"
    file.touch()
    for timeout in ("soon", "-1"):
        done = likeness("compare", str(file), str(file), "--timeout", timeout)
        assert done.returncode == 2
        assert "likeness: invalid value for '--timeout': " in done.stderr
    (tmp_path / "empty.csv").touch()
    done = likeness("batch", str(tmp_path / "empty.csv"), LIKENESS_HOME=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"likeness: {tmp_path}/empty.csv is no list of pairs")


@pytest.mark.parametrize(
    ("where", "why"), [("127.0.0.1:9", "Connection refused"), ("nobody.invalid", "no machine has that name")]
)
def test_a_server_that_is_away_is_told_in_the_systems_words_with_the_setting_that_names_it(
    where: str, why: str, tmp_path: Path
) -> None:
    away = AWAY | {"LIKENESS_REDIS_URL": f"redis://{where}", "LIKENESS_S3_ENDPOINT": f"http://{where}"}
    for command, setting in (("keys list", "LIKENESS_REDIS_URL"), ("evaluate datasets", "LIKENESS_S3_ENDPOINT")):
        done = likeness(*command.split(), **away, LIKENESS_HOME=str(tmp_path))
        assert done.returncode == 1
        assert f" did not answer: {why}; {setting} names it" in done.stderr
        assert not {"Errno", "Error", "MaxRetry"} & {*done.stderr.split()}


def test_celerys_command_tells_it_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    done = CliRunner().invoke(evaluate, ["show", "run_x"], env={"LIKENESS_HOME": "/proc/nowhere"})
    assert done.exit_code == 1
    assert done.stderr.startswith("likeness: LIKENESS_")
    Refused(str(SettingsInvalid("LIKENESS_X is not set"))).show()
    assert capsys.readouterr().err == "likeness: LIKENESS_X is not set\n"
