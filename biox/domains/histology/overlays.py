"""A heatmap laid over a picture of its slide, with the scale of its colours and a scale bar: one PNG to look at."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from biox.domains.histology.relevance_colours import STEPS, overlay, steps

INK, SOFT, PAPER = (27, 33, 38), (87, 97, 106), (255, 255, 255)
FOOT = 74
FADED = 0.45


@dataclass(frozen=True)
class Legend:
    """What stands below the picture.

    title: which slide and which target; limit: the value of the strongest colours (class score per tile pixel);
    um: micrometres per pixel of the picture.
    """

    title: str
    limit: float
    um: float


def overlay_png(
    picture: UInt8[np.ndarray, "row column 3"], values: Float[np.ndarray, "low narrow"], share: float, legend: Legend
) -> bytes:
    """The slide in grey, the relevance over it in blue (against) and red (for), and a legend, as PNG bytes.

    share: heatmap pixels along one side of a pixel of the picture; both have their left top corner in one place. The
    slide is grey because red on pink cannot be seen.
    """
    high, wide = picture.shape[:2]
    base = Image.fromarray(picture).convert("L").point([round(255 - FADED * (255 - v)) for v in range(256)])
    colours = Image.fromarray(overlay()[steps(values, legend.limit)], "RGBA")
    box = (0, 0, min(wide * share, colours.width), min(high * share, colours.height))
    over = colours.resize((round(box[2] / share), round(box[3] / share)), Image.Resampling.BILINEAR, box=box)
    sheet = Image.new("RGB", (max(wide, 300), high + FOOT), PAPER)
    laid = base.convert("RGBA")
    laid.alpha_composite(over)
    sheet.paste(laid.convert("RGB"), (0, 0))
    _foot(sheet, high, legend)
    stream = io.BytesIO()
    sheet.save(stream, "PNG", compress_level=4)
    return stream.getvalue()


def scale_bar(um: float, pixels: float) -> tuple[float, float]:
    """The longest round length (1, 2 or 5 times a power of ten) that fits: micrometres, and pixels of the picture."""
    longest = um * pixels
    power = 10 ** np.floor(np.log10(longest))
    length = max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9))
    return float(length), float(length / um)


def length_words(um: float) -> str:
    """A length as it is written beside its bar: ``200 µm``, ``2 mm``."""
    return f"{um / 1000:g} mm" if um >= 1000 else f"{um:g} µm"


def _foot(sheet: Image.Image, top: int, legend: Legend) -> None:
    draw = ImageDraw.Draw(sheet)
    text, small = ImageFont.load_default(14), ImageFont.load_default(12)
    draw.text((10, top + 7), legend.title, INK, text)
    bar = min(180, sheet.width // 2 - 20)
    table = overlay().astype(float)
    for k in range(bar):
        *colour, alpha = table[1 + round(2 * STEPS * k / (bar - 1))]
        mixed = tuple(round(255 + (c - 255) * alpha / 255) for c in colour)
        draw.line([(10 + k, top + 32), (10 + k, top + 42)], mixed)
    for place, words, anchor in ((10, f"-{legend.limit:.2g}", "la"), (10 + bar // 2, "0", "ma")):
        draw.text((place, top + 45), words, SOFT, small, anchor)
    draw.text((10 + bar, top + 45), f"{legend.limit:.2g}", SOFT, small, "ra")
    draw.text((10, top + 58), "against   relevance   for", SOFT, ImageFont.load_default(11))
    length, pixels = scale_bar(legend.um, sheet.width / 4)
    right = sheet.width - 12
    draw.line([(right - pixels, top + 40), (right, top + 40)], INK, 3)
    _length(draw, (right, top + 47), length, small)


def _length(draw: ImageDraw.ImageDraw, place: tuple[float, float], um: float, font: Any) -> None:
    """Write a length, right-aligned; the font that comes with Pillow has no µ, so a u gets its stem."""
    right, top = place
    number, unit = length_words(um).split(" ")
    draw.text(place, unit.replace("µ", "u"), INK, font, "ra")
    left = right - draw.textlength(unit.replace("µ", "u"), font)
    if unit == "µm":
        draw.line([(left + 1, top + 6), (left + 1, top + 15)], INK, 1)
    draw.text((left - 4, top), number, INK, font, "ra")
