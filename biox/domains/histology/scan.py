"""The bias scan, run in every study: do explanations go with something that is no disease.

Four kinds of questions, corrected together (Holm) over the scan of one model's heatmaps, so that the scan of main
raises an alarm in at most ``alpha`` of cohorts without bias: do SpRAy clusters go with a covariate (site, scanner,
stain, quality flag); can a covariate be told from the heatmaps; does relevance keep to one place of the tile; does it
prefer ink. Patients are the units throughout. Class and fold may differ by right, so features are centred on them
first. Other methods and variants are scanned on their own, and may each raise an alarm by chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats.contingency import association

from biox.core.types import Cohort
from biox.domains.histology.areas import ink
from biox.domains.histology.fixed_place import Place, fixed_place
from biox.domains.histology.heat_features import apart, centred, heat_features
from biox.domains.histology.out_of_fold import Heatmaps
from biox.domains.histology.patient_rows import patients
from biox.domains.histology.strategies import Strategies, indicators
from biox.domains.histology.tie import Plan, out_of_reach
from biox.domains.histology.ties import Tie, flipped, predictable, tie
from biox.stats.multiple import holm

KNOWN = ("site", "scanner", "stain", "stain_group", "batch")
TIED = 0.2  # Cramer's V from which a covariate counts as tied to the label


@dataclass(frozen=True)
class Scanned:
    """What is scanned: heatmaps, their turned shares, their clusters, and the tiles' table in the same order.

    refused: why a class has no clusters.
    """

    maps: Heatmaps
    shares: np.ndarray
    found: list[Strategies]
    samples: pd.DataFrame
    y: np.ndarray
    classes: tuple[str, ...]
    refused: Mapping[str, str]


def covariates_of(samples: pd.DataFrame, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """The columns that are scanned: those wanted, else the known ones and quality flags; only if they ever differ."""
    names = wanted if wanted is not None else (*KNOWN, *(c for c in samples if str(c).startswith("flag_")))
    return tuple(str(name) for name in names if name in samples and samples[name].nunique() > 1)


def scan(cohort: Cohort, given: Scanned, plan: Plan) -> tuple[pd.DataFrame, Place]:
    """One row a test: value, what shuffling gives, p, q, whether it is an alarm, and the verdict in words."""
    place = fixed_place(given.shares, given.y, _subject(given), draws=plan.draws, seed=plan.seed)
    rows = [*_ties(cohort, given, plan), _place_row(place, given), _ink_row(cohort, given, plan)]
    table = _reachable(pd.DataFrame(rows), plan.alpha)
    table["q"] = holm(table["p"].to_numpy(float))
    table["alarm"] = table["q"] <= plan.alpha
    table["words"] = [_words(row, given, place) for _, row in table.iterrows()]
    return table.assign(method=given.maps.method, variant=given.maps.variant), place


def _ties(cohort: Cohort, given: Scanned, plan: Plan) -> list[dict[str, Any]]:
    subject, fold, y = _subject(given), given.maps.fold, given.y
    block = fold if _shared_folds(subject, fold) else np.zeros(len(y))
    clusters = apart(centred(indicators(given.found, len(y)), y, block), y)
    looks = apart(centred(heat_features(given.maps.values), y, block), y)
    stratum = given.samples["label"].to_numpy() if cohort.label_level == "subject" else np.zeros(len(y))
    rows = []
    for name, covariate in _asked_once(given.samples, plan.covariates).items():
        for test, features in (("cluster", clusters), ("predict", looks)):
            people = patients(features, subject, stratum, block)
            ask = tie if test == "cluster" else _predicted
            found = ask(features, people, covariate, draws=plan.draws, seed=plan.seed)
            rows.append({**_row(test, name, found), "label_tie": _label_tie(covariate, y)})
    return rows


def _asked_once(samples: pd.DataFrame, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Each covariate as text; those that divide the tiles alike (a site and its only scanner) are one question."""
    found: dict[tuple[int, ...], list[str]] = {}
    for name in names:
        found.setdefault(tuple(pd.factorize(samples[name].astype(str))[0].tolist()), []).append(name)
    return {", ".join(alike): samples[alike[0]].astype(str).to_numpy() for alike in found.values()}


def _predicted(features: np.ndarray, people: Any, covariate: np.ndarray, *, draws: int, seed: int) -> Tie:
    """Told from other patients where it is one for a patient; else by the differences within patients."""
    found = predictable(people, covariate, draws=draws, seed=seed)
    return found if not found.reason else tie(features, people, covariate, draws=draws, seed=seed)


def _place_row(place: Place, given: Scanned) -> dict[str, Any]:
    unit = "orientation of a patient's tiles"
    found = Tie(place.z, np.nan, place.p, place.patients, unit, place.least, place.reason)
    return {**_row("place", "", found), "label_tie": np.nan}


def _ink_row(cohort: Cohort, given: Scanned, plan: Plan) -> dict[str, Any]:
    mass, area = ink(cohort, given.maps)
    subject = _subject(given)
    inked = area > 0
    means = pd.DataFrame({"subject": subject[inked], "more": (mass - area)[inked]}).groupby("subject")["more"].mean()
    found = flipped(means.to_numpy()[:, None], draws=plan.draws, seed=plan.seed, upper=True)
    marked = np.where(inked, "ink", "none")
    return {**_row("ink", "ink", found), "label_tie": _label_tie(marked, given.y)}


def _row(test: str, covariate: str, found: Tie) -> dict[str, Any]:
    names = ("value", "chance", "p", "n", "unit", "least", "reason")
    return {"test": test, "covariate": covariate, **{name: getattr(found, name) for name in names}}


def _subject(given: Scanned) -> np.ndarray:
    return given.samples["subject"].astype(str).to_numpy()


def _shared_folds(subject: np.ndarray, fold: np.ndarray) -> bool:
    """Whether any fold tests several patients; where each tests one, patient and model cannot be told apart."""
    return len(np.unique(subject)) > len(np.unique(fold))


def _reachable(table: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """Without the tests that could never raise an alarm, however strong the tie; their reason says so."""
    p, least, n = (table[name].to_numpy(float) for name in ("p", "least", "n"))
    lost = out_of_reach(p, least, n, alpha)
    reason = np.array([lost.get(row, str(why)) for row, why in enumerate(table["reason"])], object)
    return table.assign(p=np.where(np.isin(np.arange(len(p)), list(lost)), np.nan, p), reason=reason)


def _label_tie(covariate: np.ndarray, y: np.ndarray) -> float:
    (levels, at), (classes, of) = (np.unique(values, return_inverse=True) for values in (covariate, y))
    counts = np.bincount(at * len(classes) + of, minlength=len(levels) * len(classes)).reshape(len(levels), -1)
    return float(association(counts, "cramer")) if min(counts.shape) > 1 else np.nan


def _words(row: pd.Series, given: Scanned, place: Place) -> str:
    what = row["covariate"]
    if row["reason"]:
        return f"Not tested: {row['reason']}."
    if row["test"] == "place":
        where = f"row {place.row + 1}, column {place.column + 1} of a grid of {place.cells}"
        found = (
            f"{place.share:.1%} of the relevance of {given.classes[place.group]} tiles lies at one place ({where}), "
        )
        found += f"{place.mirrored:.1%} at each place that mirrors it"
        why = "no turning explains it: a mark, or tissue that always lies the same way"
        return f"{found}; {why}." if row["alarm"] else f"No place stands out: {found}."
    if row["test"] == "ink":
        tied = "and so do the labels" if row["label_tie"] >= TIED else "but the labels hardly go with it"
        prefers = f"Relevance prefers ink, {tied} (Cramer's V {row['label_tie']:.2f})."
        return prefers if row["alarm"] else "Relevance does not prefer ink."
    if not row["alarm"]:
        return f"No tie between the heatmaps and {what} was found."
    shortcut = "and so do the labels: the model may use it as a shortcut"
    tied = shortcut if row["label_tie"] >= TIED else "but the labels hardly do: tissue or scanner may differ by right"
    return f"The heatmaps go with {what}, {tied} (Cramer's V {row['label_tie']:.2f})."
