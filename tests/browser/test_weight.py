"""How much a browser loads from the real server, and whether the page shifts."""

import pytest

from tests.browser.registry import DESK, PHONE
from tests.browser.sample import fill
from tests.browser.watching import layout_shift
from tests.served import serving

PAGE_MAX = 60 * 1024  # bytes over the wire, headers included
SCRIPT_MAX = 35 * 1024
SMALL = 1024  # bytes that are not worth compressing


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Run the server as it is deployed, with its static files collected."""
    directory = tmp_path_factory.mktemp("weight")
    with serving(directory, DJANGO_SETTINGS_MODULE="config.settings") as running:
        yield running


@pytest.fixture(scope="module")
def sample(server):
    return fill(server)


def first_visit(new_context, server, sample, viewport):
    """Open Today with an empty cache; return the page and what it loaded."""
    site = f"http://127.0.0.1:{server.port}"
    context = new_context(base_url=site, viewport=viewport)
    name, value = sample.cookie
    context.add_cookies([{"name": name, "value": value, "url": site}])
    page = context.new_page()
    protocol = context.new_cdp_session(page)
    protocol.send("Network.enable")
    loaded, sizes = {}, {}
    protocol.on(
        "Network.responseReceived",
        lambda event: loaded.update({event["requestId"]: event["response"]}),
    )
    protocol.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.goto(sample.today, wait_until="networkidle")
    return page, [(loaded[key], size) for key, size in sizes.items()]


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_today_with_50_tasks_is_light(new_context, server, sample, viewport):
    page, files = first_visit(new_context, server, sample, viewport)
    table = "\n".join(f"{size:>7.0f} {file['url']}" for file, size in files)

    assert page.locator("[id^=task-]").count() == 50
    assert sum(size for _, size in files) <= PAGE_MAX, table
    scripts = [size for file, size in files if "javascript" in file["mimeType"]]
    assert sum(scripts) <= SCRIPT_MAX, table
    plain = [
        file["url"]
        for file, size in files
        if size > SMALL and "content-encoding" not in file["headers"]
    ]
    assert plain == []
    assert layout_shift(page) < 0.01
