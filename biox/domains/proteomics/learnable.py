"""What no network can learn from is refused before anything is trained."""

import numpy as np

from biox.core.errors import InputError
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.opening import few

FEWEST_SAMPLES = 20
FEWEST_PROTEINS = 2
# A spread that is this small beside the size of the levels is rounding.
ROUNDING = 1e-7


def refuse_few(levels: Levels) -> None:
    """Fewer than 20 samples or fewer than 2 proteins are an InputError."""
    samples, proteins = levels.values.shape
    if samples < FEWEST_SAMPLES:
        raise InputError(
            f"{levels.source}: {samples} samples are too few to learn from; expected at least {FEWEST_SAMPLES}. "
            "For new patients of a saved study say `levels: {purpose: new patients}`."
        )
    if proteins < FEWEST_PROTEINS:
        raise InputError(f"{levels.source}: {proteins} protein is left; expected at least {FEWEST_PROTEINS}.")


def refuse_unlearnable(levels: Levels, size: np.ndarray) -> None:
    """Proteins that are missing everywhere or constant, and samples without any level, are an InputError.

    size: the largest absolute level of each protein before centring, shape (protein,), by which a spread is judged.
    """
    there = ~np.isnan(levels.values)
    missing = _names(levels, ~np.asarray(there.any(axis=0)))
    if missing:
        raise InputError(
            f"{levels.source}: the protein {few(missing)} was measured in no sample. Leave such proteins out with "
            "`levels: {least_measured: 0.1}`."
        )
    spread = np.nanmax(levels.values, axis=0) - np.nanmin(levels.values, axis=0)
    constant = _names(levels, np.asarray(spread <= ROUNDING * size))
    if constant:
        raise InputError(
            f"{levels.source}: the protein {few(constant)} has the same level in all samples in which it was measured."
            " Leave it out with `levels: {without: [NAME]}`, or rarely measured ones with "
            "`levels: {least_measured: 0.1}`."
        )
    empty = list(levels.samples["sample"][~np.asarray(there.any(axis=1))])
    if empty:
        raise InputError(f"{levels.source}: nothing was measured in the sample {few(empty)}. Remove such samples.")


def _names(levels: Levels, chosen: np.ndarray) -> list[str]:
    return [name for name, is_chosen in zip(levels.proteins, chosen, strict=True) if is_chosen]
