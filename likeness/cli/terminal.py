"""Output for people, in a terminal or through a pipe."""

import sys

from rich.console import Console


def wide_console() -> Console:
    """Standard output; through a pipe nothing is cut to the width of a terminal that is not there."""
    return Console(width=None if sys.stdout.isatty() else 240, highlight=False)
