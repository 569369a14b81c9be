"""The tables and charts of docs/performance.md come from the recorded figures."""

from xml.etree import ElementTree

import pytest

from tests.benchmarks import chart, document, figures, growth

SVG = "{http://www.w3.org/2000/svg}"
FIGURES = {
    "postgresql": {
        "ratios": [
            {
                "kind": "get",
                "side": "ownlist",
                "median": 0.5,
                "lowest": 0.4,
                "highest": 0.65,
                "gate": 0.7,
                "aim": 0.4,
                "verdict": "PASS",
                "instructions": None,
            }
        ],
        "calls": {
            "get": {
                "median": {
                    "ownlist": {
                        **{"rate": 500, "p50": 1, "p95": 2, "p99": 3},
                        **{"cpu": 0.8, "database_cpu": 0.2, "errors": []},
                    },
                    "fastapi async": {
                        **{"rate": 300, "p50": 2, "p95": 4, "p99": 6},
                        **{"cpu": 1.5, "database_cpu": 0.5, "errors": []},
                    },
                }
            }
        },
    },
    "growth postgresql": growth.records_of(
        "list", {"10,000": [2.0, 4.0, 4.0], "1,000,000": [2.2, 5.2, 4.0]}
    ),
}


def texts_of(drawing):
    tree = ElementTree.fromstring(drawing)  # noqa: S314 - drawn here
    return [text.text for text in tree.iter(f"{SVG}text")]


def test_the_charts_are_well_formed_svg_with_every_value():
    drawn = document.charts(FIGURES)

    assert {"get", "1.00", "2.00"} <= set(texts_of(drawn["performance-cpu.svg"]))
    assert {"list", "1.10"} <= set(texts_of(drawn["performance-growth.svg"]))


def test_a_chart_escapes_its_texts():
    drawing = chart.bars({"a < b": {"x & y": 1.0}}, title="<&>", unit="", limit=2.0)

    assert {"a < b", "x & y", "<&>"} <= set(texts_of(drawing))


def test_growth_compares_each_round_with_the_smallest():
    small, large = FIGURES["growth postgresql"]

    assert (small["milliseconds"], small["ratio"], small["holds"]) == (4.0, 1.0, True)
    assert (large["milliseconds"], large["holds"]) == (4.0, True)
    assert large["ratio"] == pytest.approx(1.1)


def test_todays_page_must_be_fast_as_well():
    [record] = growth.records_of("today page", {"account 10,000": [51.0]})

    assert record["ratio"] == 1.0
    assert not record["holds"]


def test_the_marked_sections_are_replaced():
    text = "before\n<!-- figures: ratios -->\nold\n<!-- end of figures -->\nafter\n"

    written = document.with_figures(text, FIGURES)

    assert "| get | ownlist | 0.50 | 0.40 to 0.65 | n/a | 0.7 | 0.4 | PASS |" in written
    assert "old" not in written
    assert written.startswith("before\n")
    assert written.endswith("after\n")


def test_the_document_shows_the_recorded_figures():
    recorded = figures.read(document.STORED)
    text = document.DOCUMENT.read_text("utf-8")

    assert document.with_figures(text, recorded) == text
    for name, drawing in document.charts(recorded).items():
        assert (document.DOCS / name).read_text("utf-8") == drawing


def test_a_later_measurement_of_a_part_replaces_it(tmp_path):
    file = tmp_path / "var" / "figures.json"

    figures.add_to(file, "sqlite", {"errors": 1})
    figures.add_to(file, "growth", [])
    figures.add_to(file, "sqlite", {"errors": 0})

    assert figures.read(file) == {"growth": [], "sqlite": {"errors": 0}}
