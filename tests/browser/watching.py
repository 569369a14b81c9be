"""What a page in a browser must never do: ask other hosts, complain, or move about."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

# Chromium reports each answer with an error status on its console.
FAILED = re.compile(r"the server responded with a status of (\d+)")
# A network interface of this machine came or went, such as that of a container.
# Chromium then aborts what it loads.
NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"

NOTE_INPUT = """
for (const type of ["pointerdown", "keydown", "input"]) {
  addEventListener(type, () => { window.firstInput ??= performance.now(); }, true);
}
"""
# Until the first input, because a change that the user asked for may move content.
LAYOUT_SHIFT = """
() => new Promise((resolve) => {
  const input = window.firstInput ?? Infinity;
  const shifts = [];
  new PerformanceObserver((list) => {
    shifts.push(...list.getEntries());
  }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(
    shifts.reduce((sum, each) => sum + (each.startTime < input ? each.value : 0), 0),
  )));
})
"""


class Watch:
    """Collects complaints about a page while it is used."""

    def __init__(self, page: Page, *, site: str, allowed: tuple[int, ...] = ()) -> None:
        self.complaints: list[str] = []
        self._allowed = allowed  # statuses of errors that belong to the page
        self._host = urlsplit(site).netloc
        page.add_init_script(NOTE_INPUT)
        page.on("request", self._note_request)
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme.startswith("http") and url.netloc != self._host:
            self.complaints.append(f"asked another host: {request.url}")

    def _note_message(self, message: ConsoleMessage) -> None:
        """Note errors and warnings, which include violations of the policy."""
        failed = FAILED.search(message.text)
        is_allowed = failed is not None and int(failed[1]) in self._allowed
        is_allowed |= NETWORK_CHANGED in message.text
        if message.type in {"error", "warning"} and not is_allowed:
            self.complaints.append(message.text)


def layout_shift(page: Page) -> float:
    """Return how much the content of the page has moved without input."""
    return float(page.evaluate(LAYOUT_SHIFT))


def overflow(page: Page) -> int:
    """Return how many pixels of the page are beyond its right edge."""
    return int(
        page.evaluate(
            "document.documentElement.scrollWidth"
            " - document.documentElement.clientWidth"
        )
    )
