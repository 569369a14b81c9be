"""Charts as SVG, drawn on the server. Their colours are classes of charts.css."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from django.utils.safestring import SafeString, mark_safe

LEVELS = 4  # of a heat map, besides nothing at all


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of a chart: what it is called, in full and below its bar, and its value."""

    name: str
    short: str
    value: int
    is_now: bool = False

    @property
    def text(self) -> str:
        return f"{self.name}: {self.value}"


def bars(title: str, days: Sequence[Bar]) -> SafeString:
    """Return a bar for each day. The highest has at least the value 4."""
    width, height, gap, foot = 30, 40, 8, 16
    chart = _chart("bars", title, width * len(days), height + foot)
    most = max([4, *(day.value for day in days)])
    for place, day in enumerate(days):
        size = height * day.value / most if day.value else 2
        group = _add(chart, "g", {"class": "now"} if day.is_now else {})
        left = place * width
        bar = _box(left + gap / 2, height - size, width - gap, size)
        _add(group, "rect", {"class": "bar" if day.value else "bar none", **bar})
        _add(group, "title").text = day.text
        middle = {"x": str(left + width / 2), "text-anchor": "middle"}
        _add(group, "text", {**middle, "y": str(height + 12)}).text = day.short
    return _drawn(chart)


def heat_map(title: str, weeks: Sequence[Sequence[Bar | None]]) -> SafeString:
    """Return a column for each week with a cell for each day; None is not a cell.

    The darkest of the five steps is the highest value, or 4 if that is higher.
    """
    cell = 12
    chart = _chart("heat-map", title, cell * len(weeks), cell * 7)
    most = max([4, *(day.value for week in weeks for day in week if day)])
    for column, week in enumerate(weeks):
        for row, day in enumerate(week):
            if day is None:
                continue
            level = -(-LEVELS * day.value // most)  # rounded up
            name = f"cell level-{level}" + (" now" if day.is_now else "")
            place = _box(column * cell + 1, row * cell + 1, cell - 2, cell - 2)
            rect = _add(chart, "rect", {"class": name, "rx": "2", **place})
            _add(rect, "title").text = day.text
    return _drawn(chart)


def sparkline(title: str, values: Sequence[int]) -> SafeString:
    """Return a line through the values, which begins at zero."""
    step, height = 12, 48
    chart = _chart("sparkline", title, step * len(values), height + 4)
    most = max([1, *values])
    points = [
        (step * place + step / 2, 2 + height - height * value / most)
        for place, value in enumerate(values)
    ]
    line = _pairs(points)
    ends = _pairs([(points[-1][0], height + 2), (points[0][0], height + 2)])
    _add(chart, "polygon", {"class": "area", "points": f"{line} {ends}"})
    _add(chart, "polyline", {"class": "line", "points": line})
    return _drawn(chart)


def _pairs(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:.4g}" for x, y in points)


def _chart(name: str, title: str, width: float, height: float) -> ET.Element:
    """Return an empty chart, which is an image with a name for screen readers."""
    attributes = {
        "class": f"chart {name}",
        "viewBox": f"0 0 {width:g} {height:g}",
        "role": "img",
        "aria-labelledby": f"{name}-title",
    }
    chart = ET.Element("svg", attributes)
    _add(chart, "title", {"id": f"{name}-title"}).text = title
    return chart


def _add(
    parent: ET.Element, tag: str, attributes: dict[str, str] | None = None
) -> ET.Element:
    return ET.SubElement(parent, tag, attributes or {})


def _box(x: float, y: float, width: float, height: float) -> dict[str, str]:
    sizes = {"x": x, "y": y, "width": width, "height": height}
    return {name: f"{size:.4g}" for name, size in sizes.items()}


def _drawn(chart: ET.Element) -> SafeString:
    # ElementTree escapes all texts and attributes.
    return mark_safe(ET.tostring(chart, encoding="unicode"))  # noqa: S308
