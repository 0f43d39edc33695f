"""The drawing behind scripts/picture: builds the site, opens the status page, keeps its top."""

import io
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from browsing import served
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from trueup.docs import Docs

TOP = Path(__file__).parent.parent
WIDTH, HEIGHT, SHARPNESS = 1240, 640, 1.5
COLOURS = 255
MOST_BYTES = 150_000


def main(browser: str, output: Path) -> None:
    """Builds the site and writes the picture of its status page."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        docs = Docs.load(TOP, now, now.date(), Path(folder) / "site")
        docs.build()
        with served(docs.site) as address, sync_playwright() as playwright:
            # Chromium's own sandbox does not start as root.
            arguments = ["--no-sandbox", "--disable-background-networking"]
            opened = playwright.chromium.launch(executable_path=browser, args=arguments)
            shot = taken(opened, f"{address}/status/")
            opened.close()
    write(shot, output)


def write(shot: bytes, output: Path) -> None:
    """Writes a picture in few colours; ends with 1 when it would be too big for a README."""
    # An octree keeps the few dots of a colour that means something; a median cut does not.
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    image = image.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    drawn = io.BytesIO()
    image.save(drawn, "PNG", optimize=True)
    if (size := len(drawn.getvalue())) > MOST_BYTES:
        sys.exit(f"{output}: {size} bytes; at most {MOST_BYTES} were expected. Lower COLOURS.")
    output.write_bytes(drawn.getvalue())
    print(f"{output}: {image.width} × {image.height}, {size} bytes")


def taken(browser: Browser, address: str) -> bytes:
    """What a browser shows of a page before anybody scrolls, as PNG."""
    page = browser.new_page(
        viewport={"width": WIDTH, "height": HEIGHT},
        device_scale_factor=SHARPNESS,
        color_scheme="light",
        reduced_motion="reduce",
        locale="en",
    )
    try:
        page.goto(address, wait_until="networkidle")
        return page.screenshot()
    finally:
        page.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
