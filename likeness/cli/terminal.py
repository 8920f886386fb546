"""Output for people, in a terminal or through a pipe."""

from rich.console import Console


def wide_console() -> Console:
    """Standard output; nothing is cut to a terminal's width: an id that is cut can be given to no other command."""
    return Console(width=240, highlight=False)
