"""Which channel belongs to which foot, and left and right turned into affected and unaffected."""

import zlib

import numpy as np
import pandas as pd
from jaxtyping import Float

SIDES = ("left", "right")


def foot_of(channel: str) -> str:
    """The foot that a channel belongs to: ``"left"`` of ``"left V"``; "" where only one foot was measured."""
    return channel.rpartition(" ")[0]


def component_of(channel: str) -> str:
    """The direction of a channel: ``"V"`` of ``"left V"``."""
    return channel.rpartition(" ")[2]


def feet_of(channels: tuple[str, ...]) -> tuple[str, ...]:
    """The feet of some channels, each once, in their order."""
    return tuple(dict.fromkeys(foot_of(name) for name in channels))


def vertical_of(foot: str) -> str:
    """The name of a foot's vertical channel."""
    return f"{foot} V".strip()


def first_sides(samples: pd.DataFrame, seed: int) -> pd.Series:
    """The affected side of every sample; drawn once a person where none or both sides are affected."""
    known = samples["affected_side"].isin(SIDES)
    drawn = [
        SIDES[int(np.random.default_rng([seed, zlib.crc32(str(who).encode())]).integers(2))]
        for who in samples["subject"]
    ]
    return samples["affected_side"].astype(object).where(known, pd.Series(drawn, index=samples.index, dtype=object))


def affected_first(
    x: Float[np.ndarray, "sample channel point"], channels: tuple[str, ...], first: pd.Series
) -> tuple[Float[np.ndarray, "sample channel point"], tuple[str, ...]]:
    """The curves with the channels of the ``first`` side (left or right) called affected, and the channels' new names.

    first: one side a sample. Both feet must have the same components.
    """
    components = list(dict.fromkeys(component_of(name) for name in channels))
    place = {side: [channels.index(f"{side} {part}") for part in components] for side in SIDES}
    left_first = (first == "left").to_numpy()[:, None, None]
    ordered = np.where(left_first, x[:, place["left"] + place["right"]], x[:, place["right"] + place["left"]])
    return ordered, tuple(f"{side} {part}" for side in ("affected", "unaffected") for part in components)
