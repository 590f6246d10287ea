"""Where new people stand among the people of a cohort: each fold's model compares them with people it did not learn."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import norm

from biox.core.types import Cohort, Fit

FEW = 3


def margins(logits: np.ndarray) -> np.ndarray:
    """How far each class's score lies above the best other one, shape (sample, class)."""
    others = np.stack([np.delete(logits, i, axis=1).max(axis=1) for i in range(logits.shape[1])], axis=1)
    return logits - others


def out_of_fold(cohort: Cohort, fits: Mapping[int, Fit]) -> pd.DataFrame:
    """The margins of the cohort's people by the models that did not learn from them; one row a person, label and class.

    Columns: ``subject``, ``label``, ``fold``, ``part`` ("test", or "validation": the model was only stopped by these
    people), ``class``, ``margin`` (mean over the person's samples, in the model's own units) and ``standing``: the
    margin in standard deviations from the mean of all people of that fold and part, so that people of different folds
    can be drawn on one scale.
    """
    people = cohort.samples.set_index("sample")[["subject", "label"]]
    tables = []
    for fold, fit in fits.items():
        for part in ("test", "validation"):
            rows = people.loc[fit.scores.loc[fit.scores["part"] == part, "sample"].to_numpy()]
            for name, values in zip(fit.classes, margins(fit.logits(part)).T, strict=True):
                table = rows.assign(margin=values).groupby(["subject", "label"], as_index=False)["margin"].mean()
                middle, spread = scale(table["margin"])
                named = {"fold": fold, "part": part, "class": name}
                tables.append(table.assign(standing=(table["margin"] - middle) / spread, **named))
    return pd.concat(tables, ignore_index=True)


def places(subjects: pd.Series, logits: Mapping[int, np.ndarray], known: pd.DataFrame, fit: Fit) -> pd.DataFrame:
    """Where each new person stands among the people who have a class's label; one row a person and class.

    Margins are only compared within one model: each fold's model ranks the person among the people of the class whom
    that fold tested, as a normal score. The mean of the scores over the folds scatters less than each of them, the less
    the models agree; left so, everybody would come to lie near the middle. It is therefore divided by the spread that
    the agreement of the models (``steadiness``) lets expect. ``place`` is the share of the class's people below: for
    new people from the cohort's population, places are spread evenly between 0 and 1.

    logits: by fold, shape (sample, class); known: of ``out_of_fold``; fit: any of the fits, for its classes. Further
    columns: ``score`` (mean margin over folds and samples), one ``standing:<fold>`` a fold. ``place`` is NaN where the
    cohort has nobody of the class.
    """
    own = {fold: pd.DataFrame(margins(values)).groupby(subjects.to_numpy()).mean() for fold, values in logits.items()}
    rows = []
    for i, name in enumerate(fit.classes):
        of_class = known[known["class"] == name]
        steady = steadiness(of_class)
        for subject in dict.fromkeys(subjects):
            scores = {fold: float(table.at[subject, i]) for fold, table in own.items()}
            placed = _placed(scores, of_class[of_class["part"] == "test"], name, steady)
            rows.append({"subject": subject, "class": name, **placed})
    return pd.DataFrame(rows)


def steadiness(known: pd.DataFrame) -> float:
    """How far two models agree on who scores high among people of one label: 0 not at all, 1 fully.

    The correlation, within folds and labels, of the margins of people who were tested by one model and validated
    another. With fewer than three such people it cannot be told and is taken as 1.
    """
    alike = known.groupby(["fold", "part", "label"])["margin"]
    spread = alike.transform("std", ddof=0)
    known = known.assign(z=(known["margin"] - alike.transform("mean")) / spread.where(spread > 0, 1.0))
    tested, validated = (known[known["part"] == part] for part in ("test", "validation"))
    both = tested.merge(validated, on=["subject", "label"])
    size = np.sqrt((both["z_x"] ** 2).sum() * (both["z_y"] ** 2).sum())
    if len(both) < FEW or not size > 0:
        return 1.0
    return float(np.clip((both["z_x"] * both["z_y"]).sum() / size, 0, 1))


def scale(values: pd.Series) -> tuple[float, float]:
    """Mean and standard deviation; a deviation of zero counts as one."""
    spread = float(values.std(ddof=0)) if len(values) else 0.0
    return (float(values.mean()) if len(values) else np.nan), spread if spread > 0 else 1.0


def _placed(scores: dict[int, float], tested: pd.DataFrame, name: str, steady: float) -> dict[str, float]:
    ranks, standings = [], {}
    for fold, score in scores.items():
        there = tested[tested["fold"] == fold]
        rivals = there.loc[there["label"] == name, "margin"].to_numpy()
        ranks += [normal_score(int((rivals < score).sum()), len(rivals))] if len(rivals) else []
        middle, spread = scale(there["margin"])
        standings[f"standing:{fold}"] = (score - middle) / spread
    # The standard deviation of a mean of equally correlated models, in units of that of one model.
    shrunk = np.sqrt((1 + (len(ranks) - 1) * steady) / max(len(ranks), 1))
    place = float(norm.cdf(np.mean(ranks) / shrunk)) if ranks else np.nan
    return {"score": float(np.mean(list(scores.values()))), "place": place, **standings}


def normal_score(lower: int, count: int) -> float:
    """The normal score of one who has ``lower`` of ``count`` others below; of variance 1 if every rank is as likely."""
    every = norm.ppf((np.arange(count + 1) + 0.5) / (count + 1))
    return float(every[lower] / every.std())
