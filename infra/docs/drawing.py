"""`docs/likeness-way.svg`, the drawing on the README: `python -m infra.docs.drawing`.

The two scores are those of the README's pairs, on the axis of the cosine; no photograph of anybody is shown.
"""

from dataclasses import dataclass
from html import escape

from core.settings import CHECKOUT

DRAWING = CHECKOUT / "docs" / "likeness-way.svg"
WIDTH, HEIGHT = 880, 330
THRESHOLD = 0.363
SCORES = ((0.1464, "non-match"), (0.7314, "match"))
#: Of the axis: -0.2 to 1.
LEFT, RIGHT, AXIS_Y, LEAST = 90.0, 790.0, 270.0, -0.2
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #24292f } .small { font-size: 12px; fill: #57606a }
.box { fill: #eef6f5; stroke: #00796b; stroke-width: 1.5 } .line { stroke: #57606a; stroke-width: 1.5; fill: none }
.match { fill: #00796b } .non { fill: #b26a00 } .zone { fill: #00796b; opacity: .12 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .small { fill: #9aa4ad } .box { fill: #10302c } .line { stroke: #9aa4ad }
  .match { fill: #4db6ac } .non { fill: #ffb74d }
}
"""


@dataclass(frozen=True, slots=True)
class Box:
    """A part, and what it does."""

    x: int
    name: str
    does: str

    @property
    def svg(self) -> str:
        """Drawn."""
        middle = self.x + 65
        return (
            f'<rect class="box" x="{self.x}" y="40" width="130" height="62" rx="8"/>'
            f'<text x="{middle}" y="66" text-anchor="middle" font-weight="bold">{escape(self.name)}</text>'
            f'<text class="small" x="{middle}" y="88" text-anchor="middle">{escape(self.does)}</text>'
        )


BOXES = (
    Box(20, "your service", "two photographs"),
    Box(258, "API", "202, at once"),
    Box(496, "queue", "Celery on Redis"),
    Box(734, "worker", "one face a side"),
)


def arrow(x1: float, x2: float, y: float, says: str = "") -> str:
    """From one part to another."""
    text = f'<text class="small" x="{(x1 + x2) / 2}" y="{y - 8}" text-anchor="middle">{escape(says)}</text>'
    return f'<path class="line" marker-end="url(#tip)" d="M{x1} {y}H{x2}"/>{text}'


def at(score: float) -> float:
    """Where on the axis."""
    return LEFT + (score - LEAST) / (1 - LEAST) * (RIGHT - LEFT)


def axis() -> str:
    """Scores, the threshold between them, and what it decides."""
    edge = at(THRESHOLD)
    drawn = [
        f'<rect class="zone" x="{edge:.1f}" y="{AXIS_Y - 46}" width="{RIGHT - edge:.1f}" height="46"/>',
        f'<path class="line" d="M{LEFT} {AXIS_Y}H{RIGHT}"/>',
        f'<path class="line" stroke-dasharray="5 4" d="M{edge:.1f} {AXIS_Y - 56}V{AXIS_Y + 8}"/>',
        f'<text class="small" x="{edge:.1f}" y="{AXIS_Y + 26}" text-anchor="middle">threshold {THRESHOLD}</text>',
        f'<text class="small" x="{LEFT}" y="{AXIS_Y + 26}">less alike</text>',
        f'<text class="small" x="{RIGHT}" y="{AXIS_Y + 26}" text-anchor="end">more alike</text>',
    ]
    for score, decision in SCORES:
        kind = "match" if decision == "match" else "non"
        drawn.append(f'<circle class="{kind}" cx="{at(score):.1f}" cy="{AXIS_Y}" r="7"/>')
        drawn.append(f'<text x="{at(score):.1f}" y="{AXIS_Y - 18}" text-anchor="middle">{decision}, {score}</text>')
    return "".join(drawn)


def svg() -> str:
    """The whole drawing."""
    parts = [box.svg for box in BOXES]
    parts += [arrow(152, 254, 62, "submit"), arrow(390, 492, 71), arrow(628, 730, 71)]
    back = '<path class="line" marker-end="url(#tip)" d="M799 104V150H85V108"/>'
    says = "score, decision, and what it rests on: by signed webhook, or when you ask"
    parts += [back, f'<text class="small" x="442" y="142" text-anchor="middle">{says}</text>', axis()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t">'
        '<title id="t">Two photographs go to the API, wait in a queue, are compared by a worker; a score at or above '
        "the threshold is a match</title>"
        f"<style>{STYLE}</style>"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path class="line" d="M1 1L7 4L1 7"/></marker></defs>{"".join(parts)}</svg>\n'
    )


if __name__ == "__main__":
    DRAWING.write_text(svg(), encoding="utf-8")
