"""How many comparisons a key may submit a day."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from api.door.caller import caller
from api.door.rates import exceeded
from api.door.services import services
from core.errors import RecordsUnavailable


@contextmanager
def counted(comparisons: int = 1) -> Iterator[None]:
    """Count comparisons against their key's day. What is not accepted in the end does not count."""
    key, rates = caller().key, services().rates
    own = key.comparisons_per_day if key else 0
    per_day = services().settings.limits.key_comparisons_per_day if own is None else own
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
