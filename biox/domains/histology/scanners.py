"""Colours of simulated slides: two stains that absorb light, and scanners that see it each in its own way."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

# The two stains' amounts are drawn on these ranges; a picture is looked up in a table of LEVELS x LEVELS colours.
LEVELS = 256
MOST_H, MOST_E = 2.4, 1.6


@dataclass(frozen=True)
class Stain:
    """What haematoxylin (nuclei, blue) and eosin (the rest, pink) take from red, green and blue light, as densities."""

    haematoxylin: tuple[float, float, float] = (0.80, 1.12, 0.56)
    eosin: tuple[float, float, float] = (0.12, 0.80, 0.44)


@dataclass(frozen=True)
class Scanner:
    """How a scanner sees: white point, mixing of the colours (rows sum to 1), gamma and blur (micrometres, sd)."""

    white: tuple[float, float, float]
    mixing: tuple[tuple[float, float, float], ...]
    gamma: float
    blur_um: float


SCANNERS = {
    "A": Scanner((244, 244, 243), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), 1.0, 0.25),
    "B": Scanner((238, 236, 246), ((0.95, 0.05, 0.0), (0.03, 0.92, 0.05), (0.0, 0.10, 0.90)), 1.12, 0.55),
    "C": Scanner((250, 246, 236), ((1.06, -0.06, 0.0), (-0.04, 1.04, 0.0), (0.0, -0.08, 1.08)), 0.90, 0.40),
    "D": Scanner((232, 240, 236), ((0.92, 0.08, 0.0), (0.06, 0.94, 0.0), (0.04, 0.04, 0.92)), 1.0, 0.75),
}


def varied(stain: Stain, rng: np.random.Generator, spread: float = 0.06) -> Stain:
    """The stain of one slide: a little stronger or weaker, a little bluer or redder than the laboratory's."""
    strong = np.exp(spread * rng.standard_normal(2))
    hue = 1 + spread / 2 * rng.standard_normal((2, 3))
    h, e = (np.asarray([stain.haematoxylin, stain.eosin]) * strong[:, None] * hue).round(4).tolist()
    return replace(stain, haematoxylin=tuple(h), eosin=tuple(e))


def colours(stain: Stain, scanner: Scanner) -> Int[np.ndarray, " levels"]:
    """The colour of every pair of stain amounts, packed as red, green, blue and 255 in one 32-bit number.

    Amount pair (h, e) stands at ``round(h / MOST_H * 255) * 256 + round(e / MOST_E * 255)``.
    """
    h, e = np.linspace(0, MOST_H, LEVELS), np.linspace(0, MOST_E, LEVELS)
    h, e = h[:, None] * np.asarray(stain.haematoxylin), e[:, None] * np.asarray(stain.eosin)
    seen = np.exp(-h)[:, None, :] * np.exp(-e)[None, :, :] @ np.asarray(scanner.mixing).T
    light = np.clip(seen, 0, 1)
    if scanner.gamma != 1:
        light **= scanner.gamma
    packed = np.full((LEVELS, LEVELS, 4), 255, np.uint8)
    packed[..., :3] = np.clip(light * np.asarray(scanner.white), 0, 255).round()
    return packed.view(np.uint32).reshape(-1)


def blur_taps(scanner: Scanner, mpp: float) -> Float[np.ndarray, " tap"]:
    """Half of a symmetric kernel (centre first) for the scanner's blur at this resolution; the whole sums to 1."""
    sd = scanner.blur_um / mpp
    reach = int(np.ceil(2.5 * sd)) if sd > 0.2 else 0
    taps = np.exp(-0.5 * (np.arange(reach + 1) / max(sd, 0.2)) ** 2)
    return (taps / (taps[0] + 2 * taps[1:].sum())).astype(np.float32)
