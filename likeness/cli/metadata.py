"""Metadata as people give it: NAME=VALUE."""

from collections.abc import Iterable

import click


def named_values(given: Iterable[str], option: str = "--metadata") -> dict[str, str]:
    """By name. Raise click.BadParameter for one without a value.

    >>> named_values(["case=42", "of=a=b"])
    {'case': '42', 'of': 'a=b'}
    """
    pairs = [item.partition("=") for item in given]
    for name, equals, _ in pairs:
        if not equals:
            raise click.BadParameter(f"{name!r} has no value: write NAME=VALUE", param_hint=option)
    return {name: value for name, _, value in pairs}
