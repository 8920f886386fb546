"""How many comparisons a key may submit a day."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from api.door.caller import caller
from api.door.rates import Allowance, exceeded
from api.door.services import services
from core.errors import RecordsUnavailable


def left() -> Allowance | None:
    """What is left of the key's day; None where any number may be submitted."""
    key, per_day = caller().key, _per_day()
    return services().rates.comparisons_left(key.owner, per_day) if key and per_day else None


@contextmanager
def counted(comparisons: int = 1) -> Iterator[None]:
    """Count comparisons against their key's day. What is not accepted in the end does not count."""
    key, rates, per_day = caller().key, services().rates, _per_day()
    if key is None or not per_day:
        yield
        return
    granted, allowance = rates.count_comparisons(key.owner, per_day, comparisons)
    caller().allowances.append(allowance)
    if not granted:
        asked = f"; {comparisons} were asked for, and {allowance.remaining} are left" if comparisons > 1 else ""
        raise exceeded("quota_exceeded", f"this key may submit {per_day} comparisons a day{asked}", allowance)
    try:
        yield
    except BaseException:
        with suppress(RecordsUnavailable):  # then one comparison was counted for nothing
            rates.return_comparisons(key.owner, per_day, comparisons)
        raise


def _per_day() -> int:
    """0: any number."""
    key = caller().key
    own = key.comparisons_per_day if key else 0
    return services().settings.limits.key_comparisons_per_day if own is None else own
