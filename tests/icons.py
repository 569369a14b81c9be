"""Draw the icons of the installed app from the favicon: `python -m tests.icons`."""

from django.conf import settings
from playwright.sync_api import sync_playwright

from tests import chromium

# By file: the size, and how much of it the favicon covers. The edges of a maskable icon
# are cut off, so its colour fills them.
ICONS = {
    "icon-192.png": (192, 1.0, "transparent"),
    "icon-512.png": (512, 1.0, "transparent"),
    "icon-maskable.png": (512, 0.75, "#17684e"),
}


def main() -> None:
    """Write the PNG files beside the favicon."""
    folder = settings.BASE_DIR / "static" / "img"
    shape = (folder / "favicon.svg").read_text("utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find())
        for name, (size, share, colour) in ICONS.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(
                f"<style>body {{ display: grid; place-items: center; margin: 0;"
                f" block-size: 100vh; background: {colour} }}"
                f" svg {{ inline-size: {share:.0%} }}</style>{shape}"
            )
            page.screenshot(path=folder / name, omit_background=True)
        browser.close()


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    main()
