"""What a heatmap looks like in a few numbers: how much relevance, how sharp, how fine, and roughly where."""

import numpy as np
from jaxtyping import Float

from biox.domains.histology.fixed_place import shares

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
LAGS = (1, 2, 4, 8)  # pixels
CELLS = 4
TINY = 1e-12

Heat = Float[np.ndarray, "tile height width"]


def heat_features(relevance: Heat) -> Float[np.ndarray, "tile feature"]:
    """One row a heatmap: its total, its positive share, how unequal its values are, how fast they change from pixel to
    pixel, and the shares of a coarse grid.

    Only the heatmap speaks, never the picture: what can be predicted from these numbers is in the explanation.
    """
    size = np.abs(relevance.astype(np.float64))
    total = size.sum((1, 2))
    scaled = relevance / np.maximum(size.mean((1, 2)), TINY)[:, None, None]
    positive = np.maximum(relevance, 0).sum((1, 2)) / np.maximum(total, TINY)
    spread = np.quantile(np.abs(scaled).reshape(len(size), -1), QUANTILES, axis=1).T
    columns = [
        np.log(total + TINY)[:, None],
        positive[:, None],
        np.log(spread + 1e-3),
        np.stack([_changes(scaled, lag) for lag in LAGS if lag < min(size.shape[1:])], axis=1),
        shares(relevance, CELLS).reshape(len(size), -1),
    ]
    return np.concatenate(columns, axis=1)


def centred(features: np.ndarray, *groups: np.ndarray) -> np.ndarray:
    """The features less the mean of their group; groups are all combinations of the given columns, shape (tile,)."""
    key = np.unique(np.stack([np.unique(g, return_inverse=True)[1] for g in groups], 1), axis=0, return_inverse=True)[1]
    key = key.ravel()
    sums = np.zeros((key.max() + 1, features.shape[1]))
    np.add.at(sums, key, features)
    return features - (sums / np.bincount(key)[:, None])[key]


def apart(features: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The features of each group in columns of their own, NaN in those of the other groups: (tile, group * feature).

    What gives the label away does the opposite in the two classes (it speaks for the one and against the other), and
    would cancel in a mean over both.
    """
    names = np.unique(group)
    return np.concatenate([np.where((group == name)[:, None], features, np.nan) for name in names], axis=1)


def _changes(scaled: np.ndarray, lag: int) -> np.ndarray:
    """Mean absolute difference of two pixels ``lag`` apart, along both axes."""
    along = np.abs(scaled[:, lag:] - scaled[:, :-lag]).mean((1, 2))
    return (along + np.abs(scaled[:, :, lag:] - scaled[:, :, :-lag]).mean((1, 2))) / 2
