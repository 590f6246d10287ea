"""A drawing as a picture of dots, for programs that cannot place SVG: the same marks, on white, at 300 dots an inch.

Words are set in Liberation Sans, which lies beside this file: it is as wide as Arial, and the same on every machine.
Drawn by resvg (https://github.com/linebender/resvg), which runs no script and asks no network.
"""

import io
import re
from importlib.resources import files

import resvg_py
from PIL import Image

from biox.report.svg import FONT

DOTS_PER_INCH = 300
CSS_PIXELS_PER_INCH = 96
FAMILY = "Liberation Sans"
WRITABLE = re.compile(
    "[\\s -~\u00a0-\u036f\u0384-\u0513\u2010-\u2026\u2190-\u2195\u2202\u2212\u221a\u221e\u2248\u2260-\u2265]*"
)
"""What the fonts beside this file can write, among others: Latin, Greek and Cyrillic letters, and common signs."""


def png(drawing: str) -> bytes:
    """A drawing, complete with its style (``biox.report.svg.standalone``), as the bytes of a PNG file.

    Equal drawings give equal bytes. Only words in other scripts (Chinese, Arabic, ...) are written in whatever fonts
    the machine has for them, and can differ between machines.
    """
    fonts = [str(files("biox.report") / "fonts" / f"LiberationSans-{face}.ttf") for face in ("Regular", "Bold")]
    made = resvg_py.svg_to_bytes(
        svg_string=drawing.replace(FONT, FAMILY),
        background="white",
        zoom=DOTS_PER_INCH / CSS_PIXELS_PER_INCH,
        font_files=fonts,
        skip_system_fonts=WRITABLE.fullmatch(drawing) is not None,
    )
    stream = io.BytesIO()
    Image.open(io.BytesIO(made)).convert("RGB").save(stream, "PNG", dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
    return stream.getvalue()
