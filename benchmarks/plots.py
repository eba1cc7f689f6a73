"""Pictures of what was measured, as small SVG files beside the page that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "plots"
MOST_POINTS = 100
"""Points of a line that are drawn, or somewhat more."""


@dataclass(frozen=True)
class Panel:
    """One picture of several: LINES by their names over the same X. LEVEL: where a dashed line stands."""

    title: str
    x: Sequence[float]
    lines: dict[str, Sequence[float]]
    x_title: str
    level: float | None = None
    marks: bool = False
    """Whether each point is marked: there are few."""


def draw(path: Path, panels: Sequence[Panel], columns: int = 1) -> None:
    """Draw PANELS from zero up, COLUMNS beside each other, into the SVG file PATH."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "goflow", "svg.fonttype": "none", "font.size": 8, "path.simplify": True}
    from matplotlib import pyplot

    rows = -(-len(panels) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(4.2 * columns, 2.1 * rows), squeeze=False)
    for place, axis in enumerate(axes.flat):
        if place >= len(panels):
            axis.set_visible(False)
            continue
        panel = panels[place]
        step = max(1, len(panel.x) // MOST_POINTS)
        for name, values in panel.lines.items():
            axis.plot(
                panel.x[::step],
                values[::step],
                linewidth=1,
                marker="o" if panel.marks else None,
                markersize=3,
                label=name,
            )
        if panel.level is not None:
            axis.axhline(panel.level, linestyle="--", linewidth=0.8, color="grey")
        if len(panel.lines) > 1:
            axis.legend(frameon=False)
        axis.set(title=panel.title, xlabel=panel.x_title)
        axis.set_ylim(bottom=0)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")
