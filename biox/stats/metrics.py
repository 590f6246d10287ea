"""How good are the predictions? Every metric takes logits of shape (sample, class) and true class indices y of shape
(sample,).

``weight`` says how often each sample counts: shape (*draw, sample), and the result has shape (*draw,). With none,
every sample counts once and the result is one number. Thousands of bootstrap draws are thus one call
(``biox.stats.bootstrap``).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import log_softmax, softmax
from sklearn.metrics import confusion_matrix

from biox.core.errors import InputError


@dataclass(frozen=True)
class Votes:
    """One prediction a person: the mean probability over the person's trials. ``logits`` (subject, class) are its
    logarithm.
    """

    subject: np.ndarray
    y: np.ndarray
    logits: np.ndarray


def accuracy(logits: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """The share of samples named correctly, 0 to 1; higher is better."""
    return _mean(logits.argmax(1) == y, _weights(weight, y))


def balanced_accuracy(logits: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """The share named correctly, averaged over the true classes that occur, so that a rare class counts as much;
    higher is better.
    """
    weight, right = _weights(weight, y), (logits.argmax(1) == y).astype(float)
    totals = np.stack([weight @ (y == c) for c in np.unique(y)])
    hits = np.stack([weight @ (right * (y == c)) for c in np.unique(y)])
    return np.nanmean(np.divide(hits, totals, out=np.full(hits.shape, np.nan), where=totals > 0), axis=0)


def auroc(logits: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """How often does a sample of a class score higher for it than one of another class? 0.5 by chance, 1 is best.

    More than two classes: the mean over classes of one against the rest, by probability. NaN where a class does not
    occur.
    """
    weight = _weights(weight, y)
    if logits.shape[1] == 2:
        return _auroc(logits[:, 1] - logits[:, 0], y == 1, weight)
    p = softmax(logits, axis=1)
    return np.mean([_auroc(p[:, c], y == c, weight) for c in range(logits.shape[1])], axis=0)


def brier(logits: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Mean squared error of the probabilities; 0 is best. Two classes: of one of them (0 to 1); more: summed over
    them (0 to 2).
    """
    error = ((softmax(logits, axis=1) - np.eye(logits.shape[1])[y]) ** 2).sum(1)
    return _mean(error / 2 if logits.shape[1] == 2 else error, _weights(weight, y))


def calibration_error(logits: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """How far is the stated confidence from the share that is right? Expected calibration error, ten equal bins; 0 is
    best.

    Confidence is the probability of the named class (Guo et al. 2017).
    """
    weight = _weights(weight, y)
    confidence, right = _named(logits, y)
    bins = np.eye(10)[_bin(confidence, 10)]  # (sample, bin)
    return np.abs(weight @ (bins * (right - confidence)[:, None])).sum(-1) / weight.sum(-1)


def calibration_table(logits: np.ndarray, y: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """Stated confidence against the share that is right: one row a bin of confidence; columns low, high, n,
    confidence, accuracy.
    """
    confidence, right = _named(logits, y)
    table = pd.DataFrame({"bin": _bin(confidence, bins), "confidence": confidence, "accuracy": right})
    grouped = table.groupby("bin").agg(
        n=("accuracy", "size"), confidence=("confidence", "mean"), accuracy=("accuracy", "mean")
    )
    grouped = grouped.reindex(range(bins)).fillna({"n": 0}).astype({"n": int})
    edges = np.linspace(0, 1, bins + 1)
    return grouped.reset_index(drop=True).assign(low=edges[:-1], high=edges[1:])[
        ["low", "high", "n", "confidence", "accuracy"]
    ]


def confusion(logits: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How many samples of each class (row) were named as each class (column), shape (class, class)."""
    return confusion_matrix(y, logits.argmax(1), labels=range(logits.shape[1]))


def subject_vote(logits: np.ndarray, y: np.ndarray, subject: np.ndarray) -> Votes:
    """One prediction a person: the mean of the probabilities over the person's trials. All metrics take its
    ``logits`` and ``y``.

    Only where the label belongs to the person: two labels of one person are an InputError.
    """
    subjects, index = np.unique(np.asarray(subject), return_inverse=True)
    label = np.zeros(len(subjects), dtype=np.int64)
    label[index] = y
    if (label[index] != y).any():
        who = subjects[index[np.flatnonzero(label[index] != y)[0]]]
        raise InputError(
            f"Subject {who} has trials of more than one class; a vote by subject needs one label a subject."
        )
    log_p = log_softmax(np.asarray(logits, float), axis=1)
    total = np.zeros((len(subjects), log_p.shape[1]))
    np.add.at(total, index, np.exp(log_p))
    return Votes(subjects, label, np.log(np.maximum(total / np.bincount(index)[:, None], 1e-300)))


def _weights(weight: np.ndarray | None, y: np.ndarray) -> np.ndarray:
    return np.ones(len(y)) if weight is None else np.asarray(weight, float)


def _mean(value: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return weight @ value.astype(float) / weight.sum(-1)


def _named(logits: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probability of the named class, and whether it is right."""
    return softmax(logits, axis=1).max(1), (logits.argmax(1) == y).astype(float)


def _bin(confidence: np.ndarray, bins: int) -> np.ndarray:
    """Bins (low, high]: the borders are the same for the error and for the table."""
    return np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)


def _auroc(score: np.ndarray, positive: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Area under the ROC curve for every row of weights: equal scores count half."""
    _, level = np.unique(score, return_inverse=True)
    order = np.argsort(level, kind="stable")
    starts = np.flatnonzero(np.diff(level[order], prepend=-1))
    up, down = (np.add.reduceat((weight * side)[..., order], starts, axis=-1) for side in (positive, ~positive))
    wins = (up * (np.cumsum(down, axis=-1) - down / 2)).sum(-1)
    pairs = up.sum(-1) * down.sum(-1)
    return np.divide(wins, pairs, out=np.full(np.shape(wins), np.nan), where=pairs > 0)
