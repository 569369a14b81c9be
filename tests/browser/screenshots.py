"""Draw every page in every state: `make screenshots`.

`var/screenshots/index.html` shows the pictures side by side. With README=1
the pictures of the README are drawn as well, with the data of the demo account.
"""

import base64
import os
from contextlib import closing
from html import escape
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.models import User
from tests.browser import registry
from tests.browser.registry import DESK, Visit
from todos.models import Task, TaskList

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "var/screenshots"
README_FOLDER = ROOT / "docs/images"
WIDTHS = {320: 640, 768: 1024, 1440: 900}
LONG = 3  # viewports; only the first one of longer pages is drawn
SCHEMES = ("light", "dark")
HEAD = """<!doctype html><meta charset="utf-8"><title>Ownlist: all states</title>
<style>
  body { font: 1rem sans-serif; margin: 1rem; }
  div { display: flex; gap: 1rem; overflow: auto; align-items: start; }
  img { block-size: 30rem; border: 1px solid gray; }
</style>
"""


def draw(state, site, browser):
    """Draw a state at each width in each colour scheme; return the pictures."""
    still = {"viewport": state.viewport, "reduced_motion": "reduce"}
    with closing(browser.new_context(**still)) as context:
        page = context.new_page()
        state.open(Visit(page, site))
        widths = WIDTHS if state.viewport == DESK else {320: WIDTHS[320]}
        for width, height in widths.items():
            page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                path = FOLDER / state.area / f"{state.name}-{width}-{scheme}.png"
                # What sticks to the viewport would be in the middle of a long page.
                length = page.evaluate("document.documentElement.scrollHeight")
                page.screenshot(path=path, full_page=length < LONG * height)
                yield path.relative_to(FOLDER)


@pytest.mark.parametrize("area", registry.areas())
def test_draws_the_states(browser, live_server, area):
    sections = []
    for state in registry.states_of(area):
        pictures = "".join(
            f'<img loading="lazy" src="{path}" alt="{path.stem}">'
            for path in draw(state, live_server.url, browser)
        )
        sections.append(f"<h2>{escape(state.name)}</h2><div>{pictures}</div>")
    (FOLDER / f"{area}.part").write_text(f"<h1>{area}</h1>" + "".join(sections))
    parts = sorted(FOLDER.glob("*.part"))
    (FOLDER / "index.html").write_text(HEAD + "".join(p.read_text() for p in parts))


@pytest.mark.skipif(not os.environ.get("README"), reason="only with README=1")
def test_draws_the_pictures_of_the_readme(browser, live_server):
    call_command("demo")
    demo = User.objects.get(email="demo@ownlist.example")
    home = TaskList.objects.owned_by(demo).get(name="Home")
    task = Task.objects.owned_by(demo).get(title__startswith="Shopping for")
    a_list = reverse("todos:list-detail", args=[home.pk])
    for name, path, scheme, width, height in (
        ("light", "/", "light", 1280, 800),
        ("dark", "/upcoming/", "dark", 1280, 800),
        ("phone", "/", "light", 390, 800),
        ("details", f"{a_list}?task={task.pk}", "light", 1440, 800),
    ):
        options = {
            "viewport": {"width": width, "height": height},
            "color_scheme": scheme,
            "reduced_motion": "reduce",
        }
        with closing(browser.new_context(**options)) as context:
            visit = Visit(context.new_page(), live_server.url)
            visit.sign_in(demo)
            visit.go(path)
            _save(visit.page, README_FOLDER / f"{name}.webp")


def _save(page, path):
    """Save the viewport as WebP, which Playwright itself can't write."""
    page.wait_for_load_state("networkidle")
    picture = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot", {"format": "webp", "quality": 80}
    )
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(base64.b64decode(picture["data"]))
