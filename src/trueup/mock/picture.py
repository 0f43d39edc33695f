"""Picture: the image that a simulated reply carries. It says in itself that it is simulated."""

import io
import textwrap
import zlib
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

SIZE = (512, 256)
MARGIN = 24
NAME_HEIGHT = 130
STEPS = ((1, 24), (2, 20), (3, 16), (6, 6))
"""How many lines a name may take, and the smallest size of the letters in so many."""
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def drawn_mime(mime: str | None) -> str:
    """The mime type that is drawn for a recorded one: PNG where it is unknown or not recorded."""
    return mime if mime in FORMATS else "image/png"


@lru_cache(maxsize=64)
def draw_picture(model: str, mime: str) -> bytes:
    """An image file with the model's name and the word SIMULATED on it, the same bytes each time.

    `mime` is what `drawn_mime` gives; any other draws a PNG.
    """
    shade = zlib.crc32(model.encode())
    ground = (24 + shade % 72, 24 + (shade >> 8) % 72, 24 + (shade >> 16) % 72)
    image = Image.new("RGB", SIZE, ground)
    draw = ImageDraw.Draw(image)
    centre = SIZE[0] / 2
    draw.text((centre, 184), "SIMULATED", fill="#ffd54a", font=_font(48), anchor="mm")
    name, font = _fitting(draw, model)
    draw.multiline_text((centre, 84), name, fill="white", font=font, anchor="mm", align="center")
    file = io.BytesIO()
    image.save(file, FORMATS[drawn_mime(mime)])
    return file.getvalue()


def _fitting(draw: ImageDraw.ImageDraw, name: str) -> tuple[str, Font]:
    """The name on as few lines as fit in a size that can be read, and that size's font.

    The smallest step holds any 240 characters, so one of the steps fits.
    """
    name = "".join(mark if mark.isprintable() else "?" for mark in name)[:240]
    return next(
        (text, _font(size))
        for lines, smallest in STEPS
        for text in ["\n".join(textwrap.wrap(name, -(-len(name) // lines) or 1))]
        for size in range(56, smallest - 1, -2)
        if _fits(draw.multiline_textbbox((0, 0), text, font=_font(size)))
    )


def _fits(box: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = box
    return right - left <= SIZE[0] - 2 * MARGIN and bottom - top <= NAME_HEIGHT


@lru_cache(maxsize=64)
def _font(size: int) -> Font:
    return ImageFont.load_default(size)
