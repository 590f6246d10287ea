"""Colours of the pages and figures: one named set for light and one for dark, so that a figure never names a colour.

Classes take the Okabe-Ito palette, which people with the common colour blindnesses can tell apart. Signed relevance
takes a diverging ramp of even steps in Oklab, a space in which equal distances look equally far apart (Ottosson 2020).
"""

import math

STEPS = 10
"""Levels of relevance on each side of zero."""

OKABE_ITO = ("#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#0072B2", "#D55E00", "#F0E442")
PAPER = {
    "paper": "#ffffff",
    "card": "#ffffff",
    "wash": "#f5f6f7",
    "line": "#d9dde1",
    "ink": "#1b2126",
    "soft": "#57616a",
}
NIGHT = {
    "paper": "#14181c",
    "card": "#1a1f24",
    "wash": "#20262c",
    "line": "#39424b",
    "ink": "#e6eaed",
    "soft": "#a2adb7",
}
AGAINST_HUE, FOR_HUE = 252.0, 22.0


def light() -> dict[str, str]:
    """Every colour by name on white paper: ``ink``, ``c0`` (first class) ..., ``r-10`` (against) ... ``r10`` (for)."""
    named = {**PAPER, "accent": "#0b5c7a", "shade": "#e3e8ee", "mark": "#7a4b00", "warn": "#8a2f1d"}
    return {**named, **_classes(OKABE_ITO), **_ramp(0.86, 0.47)}


def dark() -> dict[str, str]:
    """The same names on a dark screen; the zero of relevance is dark there and the extremes are bright."""
    named = {**NIGHT, "accent": "#7cc4de", "shade": "#2c353e", "mark": "#e8b968", "warn": "#f0937f"}
    return {**named, **_classes(OKABE_ITO), **_ramp(0.40, 0.76)}


def declarations(colours: dict[str, str]) -> str:
    """The colours as CSS custom properties."""
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


def level(value: float, limit: float) -> int:
    """The step of the ramp, -10 to 10, for a relevance on a scale from -limit to limit; zero where it is unknown."""
    if not math.isfinite(value) or not limit > 0:
        return 0
    return round(max(-1.0, min(1.0, value / limit)) * STEPS)


def _classes(colours: tuple[str, ...]) -> dict[str, str]:
    return {f"c{k}": colour for k, colour in enumerate(colours)}


def _ramp(middle: float, end: float) -> dict[str, str]:
    """Even steps of lightness and of chroma from the neutral middle to either end."""
    ramp = {}
    for step in range(-STEPS, STEPS + 1):
        share = abs(step) / STEPS
        hue = AGAINST_HUE if step < 0 else FOR_HUE
        ramp[f"r{step}"] = _oklch(middle + (end - middle) * share, 0.15 * share, hue)
    return ramp


def _oklch(lightness: float, chroma: float, hue_degrees: float) -> str:
    """An sRGB colour from Oklab lightness, chroma and hue; what lies outside the gamut is clipped."""
    a, b = (chroma * f(math.radians(hue_degrees)) for f in (math.cos, math.sin))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _gamma(min(1.0, max(0.0, value)))):02x}" for value in linear)


def _gamma(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
