"""What a library says of garbage does not reach whoever gave it: what was found is told in our words."""

import io
import json
import tarfile
import tomllib
from pathlib import Path

import pytest

from core.errors import SettingsInvalid
from core.reasons import reason_of
from core.settings import Settings


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ('{"a": "b', "it breaks off in line 1, column 7"),
        ('{\n"a": 1', "it breaks off in line 2, column 7"),
        ("text", "line 1, column 1 is not as JSON has it"),
        ("[1]]", "line 1, column 4 is not as JSON has it"),
        ("[" * 200_000, "it is nested too deeply"),
        ("1" * 5000, "a number in it has too many digits"),
    ],
)
def test_what_is_no_json_is_told_by_its_place(text: str, says: str) -> None:
    with pytest.raises((ValueError, RecursionError)) as refused:
        json.loads(text)
    assert reason_of(refused.value) == says


def test_what_is_no_text_no_toml_and_no_archive_is_told_as_that() -> None:
    with pytest.raises(ValueError, match="codec") as refused:
        b"abc\xff".decode()
    assert reason_of(refused.value).startswith("it is not UTF-8 text: byte 3 ")
    with pytest.raises(tomllib.TOMLDecodeError) as no_toml:
        tomllib.loads("a = 1\nb")
    assert reason_of(no_toml.value).endswith("is not as TOML has it")
    with pytest.raises(tarfile.ReadError) as no_tar:
        tarfile.open(fileobj=io.BytesIO(b"no archive")).close()
    assert reason_of(no_tar.value) == "it is no tar, plain or compressed, and no zip"
    with pytest.raises(OSError, match="Errno") as nothing:
        Path("/proc/nowhere").read_bytes()
    assert reason_of(nothing.value) == "No such file or directory"
    assert reason_of(ValueError("in words of ours.")) == "in words of ours"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("detection_size", "many", "it must be a whole number; found 'many'"),
        ("api_threads", "1", "it must be at least 2; found '1'"),
        ("auth", "maybe", "it must be 'auto', 'on' or 'off'; found 'maybe'"),
        ("webhook_allow_http", "perhaps", "it must be true or false; found 'perhaps'"),
        ("redis_url", "http://x", "it must begin with redis://"),
        ("sleep_ms", "soon", "it must be a number; found 'soon'"),
    ],
)
def test_a_setting_is_refused_in_the_words_of_the_house(name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        Settings(**{name: value}).check()
    assert f"LIKENESS_{name.upper()}: {says}" in str(refused.value)
    assert not [word for word in ("Input should", "Value error", "Errno") if word in str(refused.value)]
