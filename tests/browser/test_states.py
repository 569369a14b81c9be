"""Every page in every state: accessible, within its bounds, and quiet."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.browser import registry, watching
from tests.browser.registry import DESK, PHONE, Visit
from tests.plugins.browser import PATIENCE_MS

AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
ZOOMED = {"width": 640, "height": 400}  # a small laptop at 200 %
SHIFT_MAX = 0.01
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
# Colours that change slowly have the right contrast at the end only.
RUN_AXE = """
(rules) => Promise.all(
  document.getAnimations()
    .filter(({ effect }) => effect.getComputedTiming().endTime < Infinity)
    .map(({ finished }) => finished.catch(() => {})),
).then(() => axe.run({
  resultTypes: ["violations"],
  preload: false,  // the policy refuses the copies of style sheets that it would make
  runOnly: rules
    ? { type: "rule", values: rules }
    : { type: "tag", values: [
        "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa",
        "best-practice",
      ] },
})).then(({ violations }) => violations.flatMap(
  ({ id, nodes }) => nodes.slice(0, 3).map(({ target }) => `${id}: ${target}`),
))
"""


@pytest.fixture(scope="module")
def axe():
    """The source of axe-core."""
    if not AXE.is_file():
        pytest.fail("axe-core is not installed: make node-modules")
    return AXE.read_text(encoding="utf-8")


def faults_of(state, site, browser, axe):
    """Open the state, show it at each size, and yield what is wrong."""
    still = {"viewport": state.viewport, "reduced_motion": "reduce"}
    with closing(browser.new_context(**still)) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        watch = watching.Watch(page, site=site, allowed=state.statuses)
        state.open(Visit(page, site))
        if (shift := watching.layout_shift(page)) > SHIFT_MAX:
            yield f"shifts by {shift:.3f}"
        page.evaluate(axe)
        for size in (DESK, ZOOMED, PHONE) if state.viewport == DESK else (PHONE,):
            page.set_viewport_size(size)
            for fault in page.evaluate(RUN_AXE):
                yield f"at {size['width']}: {fault}"
            if beyond := watching.overflow(page):
                yield f"at {size['width']}: {beyond} px too wide"
        page.emulate_media(color_scheme="dark")
        for fault in page.evaluate(RUN_AXE, COLOUR_RULES):
            yield f"dark: {fault}"
        yield from watch.complaints


@pytest.mark.parametrize("area", registry.areas())
def test_has_no_fault(browser, live_server, axe, area):
    found = [
        f"{state.name} {fault}"
        for state in registry.states_of(area)
        for fault in faults_of(state, live_server.url, browser, axe)
    ]

    assert not found, "\n".join(found)
