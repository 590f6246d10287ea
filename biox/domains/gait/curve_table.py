"""Curves as rows of one long table, and masks as stretches of points."""

import numpy as np
import pandas as pd


def curve(
    quantity: str,
    group: str,
    channel: str,
    value: np.ndarray,
    band: tuple[np.ndarray, np.ndarray] | None = None,
    method: str = "",
) -> pd.DataFrame:
    """One curve as rows of the table ``curves``; no band is NaN."""
    low, high = band if band is not None else (np.nan, np.nan)
    return pd.DataFrame(
        {
            "quantity": quantity,
            "group": group,
            "channel": channel,
            "point": np.arange(len(value)),
            "value": np.asarray(value, float),
            "low": low,
            "high": high,
            "method": method,
        }
    )


def stretches(mask: np.ndarray, sign: np.ndarray | None = None) -> list[np.ndarray]:
    """The runs of neighbouring points (of one sign) inside a mask, each as its positions."""
    place = np.flatnonzero(mask)
    if not len(place):
        return []
    same = np.ones(len(mask)) if sign is None else sign
    breaks = (np.diff(place) > 1) | (np.diff(same[place]) != 0)
    return np.split(place, np.flatnonzero(breaks) + 1)
