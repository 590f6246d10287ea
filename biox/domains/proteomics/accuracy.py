"""How well each protein can be predicted from the others, in patients that the network never saw.

The correlation is taken within each fold and then joined over the folds (``biox.graphs.predicted``), in the cohort as
in every resample of its patients.
"""

import numpy as np

from biox.core.types import Evidence, claims_table
from biox.domains.proteomics.found import Found, fold_of, standardised
from biox.domains.proteomics.graph_scores import around
from biox.graphs.predicted import joined
from biox.stats.bootstrap import Resample, resample

COLUMNS = ["protein", "r", "low", "high", "p", "q", "n", "predicted"]


def accuracy(found: Found, *, draws: int, seed: int) -> Evidence:
    """The held-out correlation of every protein, as the graphs have it, with an interval over patients.

    n: the patients in whom the protein was measured.
    """
    nodes = found.graphs.nodes.set_index("protein").loc[list(found.graphs.proteins)].reset_index()
    truth, guess = standardised(found), _predictions(found)
    rows = fold_of(found) >= 0
    subject = found.cohort.samples["subject"].to_numpy()[rows]
    truth, guess = truth[rows], guess[rows]
    drawn = resample(subject, draws=draws, seed=seed)
    again = _redrawn(truth, guess, fold_of(found)[rows], drawn)
    known = np.isfinite(truth) & np.isfinite(guess)
    n = [len(np.unique(subject[column])) for column in known.T]
    ends = [around(r, again[:, i], n[i], low=-1.0) for i, r in enumerate(nodes["r"])]
    table = nodes[["protein", "r", "p", "q", "predicted"]].assign(
        low=[low for low, _ in ends], high=[high for _, high in ends], n=n
    )[COLUMNS]
    patients = len(np.unique(subject))
    middle = np.nanmedian(again, axis=1)
    value = float(table["r"].median())
    low, high = around(value, middle, patients, low=-1.0)
    how = (
        "within each fold, joined over folds; the protein is hidden, nine tenths of the others are shown, and the "
        "network has not seen the patients"
    )
    claims = [
        {
            "claim": "held-out correlation, median protein",
            "value": value,
            "low": low,
            "high": high,
            "n": patients,
            "method": f"{how}; interval: patients drawn again",
        },
        {
            "claim": "predicted proteins",
            "value": int(table["predicted"].sum()),
            "n": len(table),
            "unit": "proteins",
            "method": f"{how}; correlation above 0, one-sided, Holm over proteins; others get no edges",
        },
    ]
    return Evidence(claims_table(claims), {"proteins": table})


def _predictions(found: Found) -> np.ndarray:
    """What the network of each sample's test fold predicts, standardised, shape (sample, protein)."""
    place = {name: i for i, name in enumerate(found.cohort.samples["sample"])}
    guess = np.full((len(place), len(found.graphs.proteins)), np.nan)
    for fits in found.fits.values():
        table = fits["main"].predictions
        guess[[place[name] for name in table["sample"]]] = table[list(found.graphs.proteins)].to_numpy(float)
    return guess


def _redrawn(truth: np.ndarray, guess: np.ndarray, fold: np.ndarray, drawn: Resample) -> np.ndarray:
    """The joined correlation of every protein in every draw of the patients, shape (draw, protein)."""
    known = np.isfinite(truth) & np.isfinite(guess)
    r, people = [], []
    for k in np.unique(fold):
        own = fold == k
        r.append(_correlations(truth[own], guess[own], drawn.counts[:, drawn.index[own]].astype(float)))
        people.append([len(np.unique(drawn.index[own][column])) for column in known[own].T])
    return joined(np.array(r), np.array(people)[:, None, :])[0]


def _correlations(a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Pearson's correlation of every column under every weighting, shape (weighting, column); missing ones left out."""
    known = np.isfinite(a) & np.isfinite(b)
    a, b = np.where(known, a, 0.0), np.where(known, b, 0.0)
    n = weight @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_a, mean_b = (weight @ a) / n, (weight @ b) / n
        both = (weight @ (a * b)) / n - mean_a * mean_b
        spread = ((weight @ a**2) / n - mean_a**2) * ((weight @ b**2) / n - mean_b**2)
        return np.where(spread > 1e-18, both / np.sqrt(np.maximum(spread, 1e-18)), np.nan)
