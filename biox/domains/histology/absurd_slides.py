"""Slides that announce what no scanner writes, refused before their pixels are asked for."""

from collections.abc import Mapping
from pathlib import Path

from biox.core.errors import InputError

# 15 x 10 cm at 0.18 micrometres per pixel; and a square of 8192 x 8192.
MOST_PIXELS, MOST_BLOCK = 5 * 10**11, 2**26


def refuse_absurd(file: Path, size: tuple[int, int], properties: Mapping[str, str]) -> None:
    """Refuse a slide that announces more pixels than a glass slide has, or squares that no memory holds."""
    if size[0] * size[1] > MOST_PIXELS:
        raise InputError(
            f"{file} announces {size[0]} x {size[1]} pixels; the largest glass slides have {MOST_PIXELS:.0e}. The "
            "file is damaged, or made to fill the memory."
        )
    blocks = [
        int(properties.get(f"openslide.level[{level}].tile-width", 0))
        * int(properties.get(f"openslide.level[{level}].tile-height", 0))
        for level in range(int(properties.get("openslide.level-count", 0)))
    ]
    if max(blocks, default=0) > MOST_BLOCK:
        raise InputError(
            f"{file} is cut into squares of {max(blocks)} pixels, of which each is read as a whole; expected at most "
            f"{MOST_BLOCK}. Write it again with tiles of 256 x 256 pixels."
        )
