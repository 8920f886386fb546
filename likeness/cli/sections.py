"""Help pages of groups: commands by what they are for, each with its whole first sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from click.core import ParameterSource

#: No first sentence is cut: it is wrapped.
WHOLE = 400


class SectionedGroup(click.Group):
    """A group whose help has sections; what stands in none of them comes last."""

    def __init__(self, *arguments: Any, sections: Mapping[str, Sequence[str]] | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.sections = dict(sections or {})

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write them."""
        listed = [name for name in self.list_commands(ctx) if not self.commands[name].hidden]
        placed = {name for names in self.sections.values() for name in names}
        rest = [name for name in listed if name not in placed]
        for title, names in {**self.sections, "Other commands" if placed else "Commands": rest}.items():
            rows = [(name, self.commands[name].get_short_help_str(WHOLE)) for name in names if name in listed]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def verb_follows(ctx: click.Context) -> bool:
    """Whether a group that lists by itself is called with a verb. Raise click.UsageError for an option before it."""
    if (verb := ctx.invoked_subcommand) is None:
        return False
    if given := [name for name in ctx.params if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT]:
        option = next(p.opts[0] for p in ctx.command.params if p.name == given[0])
        raise click.UsageError(f"{option} stands behind {verb}, where {verb} takes it: {ctx.command_path} {verb} ...")
    return True
