"""Help pages of groups: commands by what they are for, each with its whole first sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

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
