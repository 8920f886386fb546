"""The written table of answers, row by row, and the schedule."""

import random
import re

import pytest

from core.settings import CHECKOUT, Settings
from courier.schedule import MOST_RETRY_AFTER_S, Verdict, asked_for_s, retry_in_s, verdict_on

PAGE = (CHECKOUT / "docs" / "webhooks.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([^|]+?) \| (delivered|retry|dead|disable)\b", PAGE, flags=re.MULTILINE)


def statuses(cell: str) -> list[int]:
    """`408, 425, 429` and `200 to 299` as the numbers they stand for."""
    if span := re.fullmatch(r"(\d{3}) to (\d{3})", cell):
        return list(range(int(span[1]), int(span[2]) + 1))
    return [int(number) for number in re.findall(r"\d{3}", cell)]


def test_the_table_covers_every_status_once() -> None:
    named = [status for cell, _ in ROWS for status in statuses(cell) if "other" not in cell]
    assert len(named) == len(set(named))
    assert {*range(200, 400), *range(500, 600)} <= set(named)
    assert len(ROWS) == 8


@pytest.mark.parametrize(("cell", "verdict"), ROWS)
def test_each_row_of_the_table_holds(cell: str, verdict: str) -> None:
    if cell.startswith("no answer"):
        assert verdict_on(None) is Verdict(verdict)
    elif cell.startswith("refused by the guard"):
        assert verdict_on(None, refused=True) is Verdict(verdict)
    elif cell == "any other 400 to 499":
        others = set(range(400, 500)) - {s for c, _ in ROWS if c != cell for s in statuses(c)}
        assert {verdict_on(status) for status in others} == {Verdict(verdict)}
    else:
        assert {verdict_on(status) for status in statuses(cell)} == {Verdict(verdict)}


def test_the_default_schedule_is_about_three_days() -> None:
    schedule = Settings().webhooks.schedule_s
    assert len(schedule) == 9
    assert 3 <= sum(schedule) / 86400 <= 3.5


def test_a_delay_is_jittered_by_a_tenth() -> None:
    delays = {retry_in_s((100, 1000), 2, None) for _ in range(200)}
    assert len(delays) > 100
    assert all(900 <= delay <= 1100 for delay in delays if delay is not None)


def test_after_the_last_delay_comes_nothing() -> None:
    assert retry_in_s((1, 1), 2, None) is not None
    assert retry_in_s((1, 1), 3, None) is None


def test_retry_after_is_waited_for_up_to_a_day() -> None:
    assert retry_in_s((1,), 1, 600) == 600
    assert retry_in_s((1,), 1, 10 * MOST_RETRY_AFTER_S) == MOST_RETRY_AFTER_S
    later = retry_in_s((1000,), 1, 5)
    assert later is not None
    assert later >= 900, "the schedule's own delay is the longer one"


#: What consumers may put together for a `Retry-After`.
WORDS = (
    *("Mon,", "01", "Jan", "2026", "00:00:00", "GMT", "+0000", "-", "99999999999999999999", "1e9", ":", "::", "-1"),
    *("+", "1:", "2026-01", "Z", "EST", "00:00", "24:61:61", "(c)", "\xa0", "0", "2147483648", "4294967296", "\xb2"),
)


@pytest.mark.parametrize(
    "value",
    [
        "Mon, 99999999999999999999 Jan 2026 00:00:00 GMT",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2026 99999999999999999999:00:00 GMT",
        "Mon, 01 Jan 2026 00:00:00 +99999999999999999999",
        "Mon, 01 Jan 2026 00:00:00 +9999",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "\xb2",
    ],
)
def test_a_retry_after_that_is_no_time_is_as_none(value: str) -> None:
    assert asked_for_s(value) in (None, 0.0)


def test_no_retry_after_breaks_what_reads_it() -> None:
    chance = random.Random(1)
    read = [asked_for_s(" ".join(chance.choices(WORDS, k=chance.randint(1, 7)))) for _ in range(20_000)]
    assert {0.0, None} < set(read), "some of them are times"
    assert all(seconds is None or seconds >= 0 for seconds in read)
    assert asked_for_s("9" * 5000) == 999_999_999_999.0
