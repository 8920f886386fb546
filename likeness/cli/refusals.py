"""How a command that comes to nothing ends: a sentence on stderr that begins with `likeness:`, and an exit status."""

import sys
from typing import IO, Any, NoReturn

import click
from click.exceptions import NoArgsIsHelpError

_WORDS = {"is not a valid float": "is no number", "is not a valid integer": "is no whole number"}


class Refused(click.ClickException):
    """What another command line than ours would show in a form of its own, Celery's say."""

    def show(self, file: IO[Any] | None = None) -> None:
        """As ours does."""
        _say(self.message)


def failed(why: str, status: int = 1) -> NoReturn:
    """Say why, and end."""
    _say(why)
    sys.exit(status)


def refused(error: click.ClickException) -> NoReturn:
    """Say what was wrong with the call (status 2), or with what it was given (1), and end."""
    if isinstance(error, NoArgsIsHelpError):
        error.show()
        sys.exit(error.exit_code)
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
        click.echo(f"Try '{error.ctx.command_path} --help' for help.\n", err=True)
    failed(_as_ours(error.format_message()), error.exit_code)


def _as_ours(message: str) -> str:
    """In our form: without the capital and the full stop of a sentence by Click, and its words for programmers.

    >>> _as_ours("No such option '--hep'. Did you mean '--help'?")
    "no such option '--hep'. Did you mean '--help'?"
    >>> _as_ours("LIKENESS_HOME is not set")
    'LIKENESS_HOME is not set'
    """
    message = message.rstrip().removesuffix(".")
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    return message if message[1:2].isupper() else message[:1].lower() + message[1:]


def _say(why: str) -> None:
    click.echo(f"likeness: {why}", err=True)
