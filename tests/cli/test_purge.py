"""`likeness purge`, called wrongly."""

import pytest

from tests.support.command import likeness


@pytest.mark.parametrize("options", [(), ("--dry-run", "--yes")])
def test_nothing_is_erased_by_accident(options: tuple[str, ...]) -> None:
    refused = likeness("purge", *options)
    assert refused.returncode == 2
    assert "--dry-run" in refused.stderr
