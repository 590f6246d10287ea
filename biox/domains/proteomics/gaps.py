"""Proteins that were not measured in every sample: which stay, and what stands in the gaps (nothing, unless asked)."""

from dataclasses import replace
from typing import Literal

import numpy as np

from biox.core.errors import InputError
from biox.domains.proteomics.centred import measured_mean
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.opening import few

Fill = Literal["none", "mean", "median"]


def measured_enough(levels: Levels, least: float) -> Levels:
    """Only proteins that were measured in at least this share of the samples."""
    share = (~np.isnan(levels.values)).mean(axis=0)
    kept = share >= least
    if kept.all():
        return levels
    if not kept.any():
        raise InputError(
            f"{levels.source}: no protein was measured in {least:.0%} of the samples; the best one was "
            f"in {share.max():.0%}."
        )
    gone = [name for name, keep in zip(levels.proteins, kept, strict=True) if not keep]
    note = f"Left out, measured in less than {least:.0%} of the samples: {few(gone)}."
    return levels.of_proteins(kept).noted(note)


def filled(levels: Levels, how: Fill) -> Levels:
    """The levels with gaps filled by the mean or median of the protein over all samples, test samples among them."""
    gaps = np.isnan(levels.values)
    if how == "none" or not gaps.any():
        return levels
    middle = measured_mean(levels.values) if how == "mean" else np.nanmedian(levels.values, axis=0)
    note = (
        f"{int(gaps.sum())} missing levels ({gaps.mean():.1%}) were filled with the {how} of their protein "
        "over all samples."
    )
    return replace(levels, values=np.where(gaps, middle, levels.values)).noted(note)
