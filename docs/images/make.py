"""Makes the pictures of the README and the documentation: uv run python docs/images/make.py

Needs Chromium (Debian: chromium). The pages take Inter where it is installed (Debian: fonts-inter), else the
system's own sans serif.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from nutation.case import build_case, document
from nutation.record.reading import read_record
from nutation.report import html

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parents[1] / "examples" / "classic-degenerative" / "events.yaml"
WIDTH_PX = 1280
MOST_BYTES = 400_000


def main() -> None:
    """Writes case.png (the top of the page of the classic patient) and worklist.png (that of the demonstration)."""
    chromium = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
    if chromium is None:
        sys.exit("Chromium is not installed; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        case(browser)
        worklist(browser)
        browser.close()
    for picture in sorted(HERE.glob("*.png")):
        size = picture.stat().st_size
        if size > MOST_BYTES:
            sys.exit(f"{picture} has {size} bytes, more than {MOST_BYTES}")
        print(f"{picture.relative_to(HERE.parents[1])}: {size} bytes")


def case(browser: Browser) -> None:
    """The case page, down to the steps of the probability."""
    page_text = html.render(document(build_case(read_record(EXAMPLE), as_of=date(2026, 9, 1))))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "case.html"
        file.write_text(page_text, encoding="utf-8")
        page = browser.new_page(viewport={"width": WIDTH_PX, "height": 1000}, color_scheme="light")
        page.goto(file.as_uri())
        box = page.locator(".ladder").first.bounding_box()
        assert box is not None
        clip = {"x": 0, "y": 0, "width": WIDTH_PX, "height": box["y"] + box["height"] + 14}
        page.screenshot(path=HERE / "case.png", full_page=True, clip=clip)


def worklist(browser: Browser) -> None:
    """The worklist of the demonstration, as its surgeon sees it first."""
    command = [sys.executable, "-m", "nutation", "demo", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            link = next(found[0] for line in process.stdout if (found := re.search(r"http://\S+/enter/\S+", line)))
            page = browser.new_page(viewport={"width": WIDTH_PX, "height": 900}, color_scheme="light")
            page.goto(link)
            page.screenshot(path=HERE / "worklist.png")
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
