"""Charts of bars as SVG, in light and dark colours."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

LIGHT = ("#2563a8", "#7aa7d9", "#b45309", "#e0a458", "#6b7280")
DARK = ("#7db4ec", "#3f6f9f", "#f0a04b", "#8f5a1c", "#9ca3af")
BAR, GAP, LINE = 16, 22, 22  # pixels
LEFT, TOP, PLOT = 150, 44, 520
WIDTH = LEFT + PLOT + 70

# By group, by series, a value; each series has the same colour in every group.
Values = Mapping[str, Mapping[str, float]]


def bars(values: Values, *, title: str, unit: str, limit: float | None = None) -> str:
    """Return a chart with a group of horizontal bars for each key of `values`.

    `limit` is drawn as a line that the bars should not cross.
    """
    series = list(dict.fromkeys(name for group in values.values() for name in group))
    assert len(series) <= len(LIGHT), "each series needs a colour"
    highest = max((v for group in values.values() for v in group.values()), default=1)
    scale = PLOT / (max(highest, limit or 0) or 1)
    drawn, y = [], TOP + LINE * len(series) + GAP
    for name, group in values.items():
        middle = y + BAR * len(group) / 2 + 4
        drawn.append(_text(LEFT - 10, middle, name, "name end"))
        for label, value in group.items():
            drawn.append(_bar(y, value * scale, series.index(label)))
            shown = f"{value:.2f} {unit}".rstrip()
            drawn.append(_text(LEFT + value * scale + 6, y + 12, shown, "text"))
            y += BAR
        y += GAP
    if limit is not None:
        drawn.append(_line(LEFT + limit * scale, TOP + LINE * len(series) + 8, y))
    return _document(title, [*_legend(series), *drawn], height=y)


def _document(title: str, drawn: list[str], *, height: int) -> str:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        ' role="img" aria-labelledby="t">',
        f'<title id="t">{escape(title)}</title>',
        "<style>",
        *_colours("#ffffff", "#111827", "#374151", LIGHT),
        "  .text { font: 12px system-ui, sans-serif }",
        "  .name { font: 600 14px system-ui, sans-serif }",
        "  .end { text-anchor: end }",
        "  .limit { stroke-width: 1.5; stroke-dasharray: 5 4 }",
        "  @media (prefers-color-scheme: dark) {",
        *_colours("#15181d", "#f3f4f6", "#d1d5db", DARK),
        "  }",
        "</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        _text(20, 28, title, "name"),
        *drawn,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _colours(page: str, name: str, text: str, series: tuple[str, ...]) -> list[str]:
    fills = {"page": page, "name": name, "text": text}
    fills |= {f"s{number}": colour for number, colour in enumerate(series)}
    drawn = [f"  .{name} {{ fill: {colour} }}" for name, colour in fills.items()]
    return [*drawn, f"  .limit {{ stroke: {text} }}"]


def _legend(series: list[str]) -> list[str]:
    drawn = []
    for number, name in enumerate(series):
        y = TOP + LINE * number
        drawn.append(f'<rect class="s{number}" x="20" y="{y}" width="14" height="14"/>')
        drawn.append(_text(42, y + 12, name, "text"))
    return drawn


def _bar(y: int, width: float, number: int) -> str:
    size = f'width="{width:.1f}" height="{BAR - 2}"'
    return f'<rect class="s{number}" x="{LEFT}" y="{y}" {size}/>'


def _line(x: float, top: int, bottom: int) -> str:
    return f'<path class="limit" d="M{x:.1f} {top}V{bottom}"/>'


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
