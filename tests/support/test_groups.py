"""Tests that run side by side stay with what they share."""

import pytest

from tests.support.groups import group_of


def test_pytest_xdist_keeps_a_group_together(request: pytest.FixtureRequest) -> None:
    """It silently does not with pytest 9.2: each stack is started in both processes, and promises run side by side."""
    marks = [mark.args for mark in request.node.iter_markers("xdist_group")]
    assert marks == [("tests/support/test_groups.py",)]
    if request.config.getoption("loadgroup", False):  # xdist reads the group off the end of a test's id
        assert request.node.nodeid.endswith(f"@{marks[0][0]}")
    else:
        assert group_of(request.node) == marks[0][0]
