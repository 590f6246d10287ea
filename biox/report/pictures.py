"""Tiles and heatmaps as small pictures inside a drawing: pixels become bytes that the page itself carries.

Colours of relevance are fixed here, unlike those of the drawings: a picture cannot follow the theme of the page, so its
scale is drawn beside it in the same fixed colours.
"""

import base64
import io

import numpy as np
from jaxtyping import Float, Shaped, UInt8
from markupsafe import escape
from PIL import Image

from biox.report import svg
from biox.report.colour import STEPS, light

LARGEST = 192
"""Longest side of an embedded tile in pixels; larger ones are averaged down."""

LOSSLESS = 96
"""Pictures up to this side are PNG (exact pixels); larger ones JPEG, a tenth of the bytes."""

SATURATED = 99.5
"""Percentile of the absolute relevance at which the colours of a heatmap end: a single pixel does not set the scale."""


def rgb(pixels: Shaped[np.ndarray, "colour y x"]) -> UInt8[np.ndarray, "y x colour"]:
    """A tile of a cohort (colour first) as a picture (colour last)."""
    return np.ascontiguousarray(np.moveaxis(np.asarray(pixels), 0, -1).clip(0, 255).astype(np.uint8))


def reduced(picture: Shaped[np.ndarray, "y x *colour"], largest: int = LARGEST) -> np.ndarray:
    """The picture, or heatmap, with at most ``largest`` pixels a side, each the mean of a whole block of pixels."""
    step = -(-max(picture.shape[:2]) // largest)
    if step == 1:
        return np.asarray(picture)
    height, width = (side // step * step for side in picture.shape[:2])
    blocks = np.asarray(picture[:height, :width], dtype=np.float32)
    blocks = blocks.reshape(height // step, step, width // step, step, *picture.shape[2:]).mean(axis=(1, 3))
    return blocks if np.issubdtype(picture.dtype, np.floating) else np.rint(blocks).astype(picture.dtype)


def scale_end(relevance: Float[np.ndarray, "y x"]) -> float:
    """The absolute relevance that takes the strongest colour: nearly the largest of the map."""
    known = np.abs(relevance[np.isfinite(relevance)])
    return float(np.percentile(known, SATURATED)) if known.size else 0.0


def coloured(relevance: Float[np.ndarray, "y x"], limit: float) -> UInt8[np.ndarray, "y x colour"]:
    """A heatmap in the diverging colours of the page on white: blue against, grey none, red for."""
    shares = np.nan_to_num(relevance / limit).clip(-1, 1) if limit > 0 else np.zeros(relevance.shape)
    return _ramp()[np.rint(shares * STEPS).astype(int) + STEPS]


def overlay(
    tile: UInt8[np.ndarray, "y x colour"], relevance: Float[np.ndarray, "y x"], limit: float
) -> UInt8[np.ndarray, "y x colour"]:
    """A heatmap over the grey tile: the more a pixel counts, the more it is covered by its colour."""
    grey = np.asarray(tile, dtype=float) @ np.array([0.299, 0.587, 0.114])
    shares = np.nan_to_num(relevance / limit).clip(-1, 1) if limit > 0 else np.zeros(relevance.shape)
    ends = np.where((shares > 0)[..., None], _ramp()[-1].astype(float), _ramp()[0].astype(float))
    cover = np.sqrt(np.abs(shares))[..., None]
    mixed = (1 - cover) * (0.55 * grey + 110)[..., None].repeat(3, axis=-1) + cover * ends
    return np.rint(mixed).clip(0, 255).astype(np.uint8)


def embedded(picture: UInt8[np.ndarray, "y x colour"]) -> str:
    """The picture as a ``data:`` address that a page carries in itself; the same pixels give the same bytes."""
    store, image = io.BytesIO(), Image.fromarray(picture)
    if max(picture.shape[:2]) <= LOSSLESS:
        image.save(store, "PNG", optimize=True)
        return _address(store.getvalue(), "png")
    image.save(store, "JPEG", quality=85, optimize=True)
    return _address(store.getvalue(), "jpeg")


def stored(content: bytes) -> str:
    """The ``data:`` address of a picture that was saved as PNG or JPEG."""
    return _address(content, "png" if content.startswith(b"\x89PNG") else "jpeg")


def image(box: tuple[float, float, float, float], address: str, words: str, sharp: bool = False) -> str:
    """A picture at left, top, width, height of a drawing; ``sharp`` keeps the edges of its pixels."""
    left, top, width, height = box
    place = {"x": left, "y": top, "width": width, "height": height, "preserveAspectRatio": "none"}
    style = {"style": "image-rendering: pixelated"} if sharp else {}
    label = str(svg.element("title", {}, str(escape(words)))) if words else ""
    return svg.element("image", {**place, "href": address, **style}, label)


def relevance_bar(left: float, top: float, words: tuple[str, str]) -> str:
    """The fixed colour scale of heatmaps, with what its two ends mean."""
    colours, width = light(), 5.0
    steps = range(-STEPS, STEPS + 1)
    boxes = [
        {"x": left + width * k, "y": top, "width": width + 0.3, "height": 8.0, "fill": colours[f"r{step}"]}
        for k, step in enumerate(steps)
    ]
    end = left + width * len(steps)
    parts = [svg.element("rect", box) for box in boxes]
    return "".join([*parts, svg.text(end + 7, top + 8, f"blue: {words[0]}, red: {words[1]}", "tick")])


def _ramp() -> UInt8[np.ndarray, "step colour"]:
    colours = light()
    steps = [colours[f"r{step}"] for step in range(-STEPS, STEPS + 1)]
    return np.array([[int(colour[k : k + 2], 16) for k in (1, 3, 5)] for colour in steps], dtype=np.uint8)


def _address(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
