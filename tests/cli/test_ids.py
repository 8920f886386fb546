"""Beginnings of ids in place of ids, and lists that cut none."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.storage.lifecycle import new_id
from likeness.cli.ids import IdAmbiguous, whole
from likeness.cli.terminal import table
from tests.support.command import likeness
from tests.support.servers import Servers
from tests.support.stack import Stack


def test_a_beginning_that_several_ids_have_lists_them() -> None:
    ids = [f"cmp_0{number:02}" for number in range(14)]
    with pytest.raises(
        IdAmbiguous, match=r"14 ids begin with 'cmp_0'; give more of one:\n  cmp_000\n(.*\n)+  and 4 more"
    ):
        whole("cmp_0", ids)
    assert whole("cmp_013", ids) == "cmp_013"
    assert whole("cmp_9", ids) == "cmp_9"


def test_an_id_that_is_the_beginning_of_another_is_itself() -> None:
    assert whole("mine", ["mine-2", "mine"]) == "mine"


def test_a_whole_id_is_not_looked_up() -> None:
    def ids() -> Iterator[str]:
        raise AssertionError("nobody asks")
        yield

    given = new_id("cmp")
    assert whole(given, ids()) == given


@pytest.mark.parametrize("columns", ["20", "80", "400"])
def test_through_a_pipe_no_width_of_a_terminal_breaks_or_cuts_a_row(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    rows = table("id", "url")
    rows.add_row(new_id("evt"), f"https://example.com/{'x' * 2000}")
    rows.add_row("[red]", "is no colour")
    rows.show()
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "url"]
    assert (len(first.split()[0]), len(first.split()[1])) == (36, 2020)
    assert second.split()[0] == "[red]"


def test_keys_are_revoked_by_a_beginning(redis_server: Servers) -> None:
    keys = KeyStore(redis_server.settings.redis)
    made = [keys.create(name, [Scope.READ])[0].id for name in ("one", "two")]
    done = likeness("keys", "revoke", "", **redis_server.where)
    assert done.returncode == 1
    shortest = next(made[0][:n] for n in range(1, 13) if not made[1].startswith(made[0][:n]))
    done = likeness("keys", "revoke", shortest, **redis_server.where)
    assert done.stdout == f"{made[0]} is revoked\n"
    assert likeness("keys", "revoke", "nobody", **redis_server.where).returncode == 1


def test_a_job_is_shown_filtered_cancelled_and_erased_by_a_beginning(stack: Stack, samples: dict[str, Path]) -> None:
    image = samples["obama.jpg"].read_bytes()
    with stack.client() as client:
        one, two = (client.submit(image, image, metadata=json.dumps({"try": name})) for name in ("one", "two"))
        client.wait(one.id)
        client.wait(two.id)
    beginning = next(one.id[:n] for n in range(5, 37) if not two.id.startswith(one.id[:n]))
    shown = stack.likeness("jobs", "show", beginning)
    assert shown.returncode == 0
    assert f"job        {one.id} (succeeded)" in shown.stdout
    assert "metadata   try=one" in shown.stdout
    assert json.loads(stack.likeness("jobs", "show", one.id, "--json").stdout)["id"] == one.id
    ambiguous = stack.likeness("jobs", "show", "cmp_")
    assert ambiguous.returncode == 1
    assert one.id in ambiguous.stderr or "more" in ambiguous.stderr

    def listed(*options: str) -> list[str]:
        said = stack.likeness("jobs", "list", "--json", *options).stdout
        return [json.loads(line)["id"] for line in said.splitlines()]

    assert listed("--metadata", "try=two", "--since", "10m") == [two.id]
    assert two.id in listed("--decision", "match", "--outcome", "compared", "--pack", "opencv-zoo")
    assert two.id not in listed("--decision", "non_match")
    assert two.id not in listed("--reason", "no_face")
    assert two.id not in listed("--until", "10m")
    assert listed("--since", "2100-01-01") == []
    assert stack.likeness("jobs", "cancel", one.id).returncode == 1
    assert stack.likeness("jobs", "erase", beginning).stdout == f"{one.id} is erased\n"
    assert stack.likeness("jobs", "show", one.id).returncode == 1


def test_an_option_before_the_verb_is_not_silently_dropped() -> None:
    done = likeness("jobs", "--status", "failed", "list")
    assert done.returncode == 2
    assert "--status stands behind list" in done.stderr


@pytest.mark.parametrize("wrong", [("--since", "soon"), ("--metadata", "name"), ("--decision", "maybe")])
def test_a_filter_that_cannot_be_is_refused(wrong: tuple[str, str]) -> None:
    done = likeness("jobs", "list", *wrong)
    assert done.returncode == 2
    assert wrong[0] in done.stderr
