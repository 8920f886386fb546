"""Where a list is, one of it is shown, by the same names."""

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from core.keys.keys import Scope
from core.keys.store import KeyStore
from likeness.cli.main import likeness as group
from tests.support.command import likeness
from tests.support.servers import Servers


def groups(command: click.Group, *path: str) -> Iterator[tuple[str, click.Group]]:
    yield " ".join(path), command
    for name, inner in command.commands.items():
        if isinstance(inner, click.Group):
            yield from groups(inner, *path, name)


LISTS = {path: found for path, found in groups(group) if "list" in found.commands}


@pytest.mark.parametrize("path", LISTS)
def test_where_there_is_a_list_one_of_it_can_be_shown_in_words_and_as_json(path: str) -> None:
    assert len(LISTS) >= 7
    show = LISTS[path].commands["show"]
    assert isinstance(show.params[0], click.Argument)
    for command in (show, LISTS[path].commands["list"]):
        assert "--json" in {option for parameter in command.params for option in parameter.opts}


def test_a_pack_is_shown_with_its_licence_its_threshold_and_its_files(tmp_path: Path) -> None:
    home = {"LIKENESS_HOME": str(tmp_path)}
    said = likeness("packs", "show", "buffalo_l", **home).stdout
    assert "pack       buffalo_l (recognition)" in said
    assert "no commercial use; not accepted yet: LIKENESS_ACCEPT_LICENCES=buffalo_l" in said
    assert "here       no: `likeness packs fetch buffalo_l` fetches it" in said
    whole = json.loads(likeness("packs", "show", "buffalo_l", "--json", **home).stdout)
    assert whole in json.loads(likeness("packs", "list", "--json", **home).stdout)
    assert all(f"{name} {digest}" in said for name, digest in whole["files"].items())
    unknown = likeness("packs", "show", "buffalo", **home)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.startswith("likeness: no pack is called 'buffalo'; there are ")


def test_a_key_is_shown_by_a_beginning_without_the_key_itself(redis_server: Servers) -> None:
    keys = KeyStore(redis_server.settings.redis)
    key, token = keys.create("ada", [Scope.READ, Scope.SUBMIT], requests_per_minute=60, comparisons_per_day=0)
    said = likeness("keys", "show", key.id[:-1], **redis_server.where).stdout
    for line in (f"key        {key.id} (active)", "scopes     read, submit", f"owns       {key.owner}"):
        assert line in said.splitlines()
    assert "limits     60 requests a minute, any number of comparisons a day" in said.splitlines()
    assert str(token).rpartition("_")[2] not in said
    plain, _ = keys.create("bob", [Scope.READ])
    assert "limits     the deployment's" in likeness("keys", "show", plain.id, **redis_server.where).stdout
    (listed,) = (
        k for k in json.loads(likeness("keys", "list", "--json", **redis_server.where).stdout) if k["id"] == key.id
    )
    assert json.loads(likeness("keys", "show", key.id, "--json", **redis_server.where).stdout) == listed
    assert "no key has the id 'nobody'" in likeness("keys", "show", "nobody", **redis_server.where).stderr
