"""Draws the PNG icons from pipit.svg with Chromium; run it after a change of the drawing.

`app/.venv/bin/python app/web/icons/render.py`; needs the development tools of `make test`.
"""

import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
UNREAD_DOT = '<circle cx="384" cy="128" r="112" fill="#e5484d"/></svg>'
ROUND = ' rx="112"'  # systems cut an icon's corners themselves
SIZES = (32, 180, 192, 512)


def draw(page: Page, svg: str, size: int, name: str) -> None:
    page.set_viewport_size({"width": size, "height": size})
    page.set_content(f"<style>*{{margin:0}} svg{{display:block;width:{size}px}}</style>{svg}")
    page.screenshot(path=HERE / f"pipit-{name}.png")
    print(f"icons/pipit-{name}.png: {size} x {size}")


def main() -> None:
    svg = (HERE / "pipit.svg").read_text().replace(ROUND, "")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        for size in SIZES:
            draw(page, svg, size, str(size))
        draw(page, svg.replace("</svg>", UNREAD_DOT), 32, "32-unread")
        browser.close()


if __name__ == "__main__":
    main()
