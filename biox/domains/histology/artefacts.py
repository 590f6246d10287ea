"""What gets onto tiles that is no tissue: a coloured corner, a stroke of ink, another stain. Made here to be found.

Each artefact takes tiles and one seed a tile, so that a tile looks the same in whatever batch it is read. The colours
of the stains are those of Ruifrok and Johnston (2001), as scikit-image has them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int, UInt8
from skimage.color import hed_from_rgb, rgb_from_hed

Artefact = Literal["corner", "pen", "stain"]
Tiles = UInt8[np.ndarray, "tile 3 height width"]
Seeds = Int[np.ndarray, " tile"]

CORNER_COLOUR = (30, 170, 230)  # a blue that neither haematoxylin nor eosin gives
CORNER_SHARE, CORNER_LEAST = 0.09, 3  # of the tile's side; pixels
INKS = ((20, 120, 60), (35, 60, 160), (30, 30, 35))  # green, blue, black
PEN_SHARE, PEN_LEAST = 0.05, 1.5  # half a stroke's width, of the tile's side; pixels
PEN_OPACITY = 0.75
STAIN_GAIN = (0.75, 1.35, 1.0)  # of haematoxylin, eosin and the rest, in optical density
STAIN_JITTER = 0.03  # sd of the gain from tile to tile


@dataclass(frozen=True)
class Marked:
    """Tiles with an artefact, and which of their pixels it changed: ``mask`` (tile, height, width)."""

    pixels: Tiles
    mask: Bool[np.ndarray, "tile height width"]


def corner(pixels: Tiles, seeds: Seeds) -> Marked:
    """A small coloured square in the top left corner, the same in every tile (as in Haegele et al. 2020)."""
    side = max(CORNER_LEAST, round(CORNER_SHARE * pixels.shape[2]))
    changed = pixels.copy()
    changed[:, :, :side, :side] = np.array(CORNER_COLOUR, np.uint8)[:, None, None]
    mask = np.zeros((len(pixels), *pixels.shape[2:]), bool)
    mask[:, :side, :side] = True
    return Marked(changed, mask)


def pen(pixels: Tiles, seeds: Seeds) -> Marked:
    """A bent stroke of translucent ink across the tile; its place and its ink differ from tile to tile."""
    height, width = pixels.shape[2:]
    drawn = [np.random.default_rng(seed).uniform(size=6) for seed in seeds]
    u = np.reshape(drawn, (-1, 6))[:, :, None, None]
    y, x = (np.mgrid[:height, :width] + 0.5) / np.array([height, width])[:, None, None] - 0.5
    angle, offset, bend = 2 * np.pi * u[:, 0], 0.5 * (u[:, 1] - 0.5), 0.8 * (u[:, 2] - 0.5)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    half = max(PEN_SHARE, PEN_LEAST / max(height, width)) * (0.8 + 0.4 * u[:, 3])
    cover = np.clip((half - np.abs(across - offset - bend * along**2)) * max(height, width) + 0.5, 0, 1)
    ink = np.array(INKS)[(u[:, 4, 0, 0] * len(INKS)).astype(int)][:, :, None, None]
    opacity = (PEN_OPACITY * cover)[:, None]
    changed = np.round(pixels * (1 - opacity) + ink * opacity).astype(np.uint8)
    return Marked(changed, cover > 0)


def stain(pixels: Tiles, seeds: Seeds) -> Marked:
    """The tile as another laboratory would have stained it: less haematoxylin, more eosin; white stays white."""
    jitter = [np.random.default_rng(seed).normal(size=3) for seed in seeds]
    gain = np.array(STAIN_GAIN) * (1 + STAIN_JITTER * np.reshape(jitter, (-1, 3)))
    matrix = np.einsum("ij,nj,jk->nik", hed_from_rgb, gain, rgb_from_hed)
    density = -np.log((pixels.astype(np.float32) + 1) / 256)
    shifted = np.einsum("nihw,nij->njhw", density, matrix.astype(np.float32), optimize=True)
    changed = np.clip(np.round(256 * np.exp(-shifted) - 1), 0, 255).astype(np.uint8)
    return Marked(changed, (changed != pixels).any(1))


ARTEFACTS: dict[str, Callable[[Tiles, Seeds], Marked]] = {"corner": corner, "pen": pen, "stain": stain}


def mark(artefact: Artefact, pixels: Tiles, seeds: Seeds) -> Marked:
    """Put an artefact on every tile: ``pixels`` (tile, 3, height, width), one seed a tile."""
    return ARTEFACTS[artefact](pixels, seeds)
