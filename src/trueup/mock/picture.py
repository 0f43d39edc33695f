"""Picture: the image that a simulated reply carries. It says in itself that it is simulated."""

import io
import zlib
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

SIZE = (512, 256)
NAME_WIDTH = 450
"""A margin of 31 pixels remains on both sides."""
NAME_SIZE = 56
"""Letters of any size up to this fit above the word SIMULATED."""
LONGEST_NAME = 40
"""More letters would be too small to read; no name of a model has as many."""
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}


def drawn_mime(mime: str | None) -> str:
    """Return the mime type to draw for a recorded one: PNG where it is unknown or not recorded."""
    return mime if mime in FORMATS else "image/png"


@lru_cache(maxsize=64)
def draw_picture(model: str, mime: str) -> bytes:
    """Return an image file with the model's name and the word SIMULATED on it.

    Its bytes are the same each time. `mime` is a result of `drawn_mime`; any other draws a PNG.
    """
    shade = zlib.crc32(model.encode())
    ground = (24 + shade % 72, 24 + (shade >> 8) % 72, 24 + (shade >> 16) % 72)
    image = Image.new("RGB", SIZE, ground)
    draw = ImageDraw.Draw(image)
    centre = SIZE[0] / 2
    draw.text(
        (centre, 184), "SIMULATED", fill="#ffd54a", font=ImageFont.load_default(48), anchor="mm"
    )
    name = "".join(letter if letter.isprintable() else "?" for letter in model)[:LONGEST_NAME]
    width = draw.textlength(name, ImageFont.load_default(NAME_SIZE))
    font = ImageFont.load_default(NAME_SIZE * min(1, NAME_WIDTH / max(width, 1)))
    draw.text((centre, 84), name, fill="white", font=font, anchor="mm")
    file = io.BytesIO()
    image.save(file, FORMATS[drawn_mime(mime)])
    return file.getvalue()
