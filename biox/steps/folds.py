"""Who trains, who validates and who is tested: people are dealt into folds, and nobody is ever in two."""

import numpy as np
import pandas as pd
from jaxtyping import Int

from biox.core.errors import InputError, listed
from biox.core.study import Study

PARTS = ("train", "validation", "test")


def assign(samples: pd.DataFrame, study: Study) -> Int[np.ndarray, " sample"]:
    """The fold 0 .. count-1 of every sample, the same for all samples of one person.

    ``study.folds.given`` names a column of ``samples``: either fold numbers, or the words "train" and "test"; then the
    people marked "test" are fold 0 and the others are dealt into the remaining folds. Without it, people are dealt at
    random (``study.seed``): class by class where the label belongs to the person, otherwise all together. In a graph
    study, types with fewer people than folds are dealt together.
    ``study.folds.leave_out`` names a column whose values are the folds, in sorted order (leave one site out).
    Too few people, or a person in two folds, is an InputError.
    """
    column = study.folds.given or study.folds.leave_out
    if column is None:
        return _dealt(samples, study, study.folds.count)
    if column not in samples:
        key = "given" if study.folds.given else "leave_out"
        raise InputError(f"folds.{key} is {column!r}, but the sample table has only {listed(samples.columns)}.")
    if study.folds.leave_out:
        folds = _left_out(samples, study, column)
    elif set(samples[column]) <= {"train", "test"}:
        folds = _official(samples, study, column)
    else:
        folds = _numbered(samples, study, column)
    per_person = pd.Series(folds).groupby(samples["subject"].to_numpy()).nunique()
    if (per_person > 1).any():
        raise InputError(f"Subject {per_person.idxmax()!r} stands in more than one fold of column {column!r}.")
    return folds


def parts(folds: Int[np.ndarray, " sample"], fold: int, count: int) -> np.ndarray:
    """The part of every sample when ``fold`` is tested: "test", "validation" (the next fold) or "train"."""
    if not 0 <= fold < count:
        raise InputError(f"There is no fold {fold}; this study has the folds 0 to {count - 1}.")
    return np.select([folds == fold, folds == (fold + 1) % count], ["test", "validation"], "train")


def _numbered(samples: pd.DataFrame, study: Study, column: str) -> np.ndarray:
    values = pd.to_numeric(samples[column], errors="coerce")
    wanted = set(range(study.folds.count))
    if values.isna().any() or set(values) != wanted:
        raise InputError(
            f"Column {column!r} should give the folds 0 to {study.folds.count - 1} (folds.count), each at least once, "
            f"or the words 'train' and 'test'; it holds {listed(sorted(set(samples[column]), key=str)[:20])}."
        )
    return values.to_numpy(np.int64)


def _left_out(samples: pd.DataFrame, study: Study, column: str) -> np.ndarray:
    values = samples[column].astype(str)
    names = sorted(set(values))
    if samples[column].isna().any() or len(names) != study.folds.count:
        raise InputError(
            f"folds.leave_out makes each value of {column!r} a fold: set folds.count to {len(names)}; the column holds "
            f"{listed(names[:20])}{' and gaps' if samples[column].isna().any() else ''}, and folds.count is "
            f"{study.folds.count}."
        )
    return np.array([names.index(value) for value in values], np.int64)


def _official(samples: pd.DataFrame, study: Study, column: str) -> np.ndarray:
    train = (samples[column] == "train").to_numpy()
    if train.all() or not train.any():
        raise InputError(f"Column {column!r} marks all samples {samples[column].iloc[0]!r}; both parts are needed.")
    folds = np.zeros(len(samples), np.int64)
    folds[train] = 1 + _dealt(samples[train], study, study.folds.count - 1)
    return folds


def _dealt(samples: pd.DataFrame, study: Study, count: int) -> np.ndarray:
    people = samples.groupby("subject", sort=True)["label"].agg(["first", "size"])
    people["stratum"] = people["first"] if study.label_level == "subject" else ""
    if study.graph is not None:
        # Nothing is learnt of the types themselves: small ones are dealt together.
        people["stratum"] = people["stratum"].where(
            people["stratum"].map(people["stratum"].value_counts()) >= count, ""
        )
    few = people["stratum"].value_counts()
    few = few[few < count]
    # In a graph study a small stratum is filled up from the others' folds; all that counts is that no fold is empty.
    if len(few) and (study.graph is None or len(people) < count):
        whom = f"of class {few.index[0]!r} " if few.index[0] else ""
        way_out = "Add people" if few.iloc[0] < 3 else f"Set folds.count to {few.iloc[0]} at most, or add people"
        raise InputError(
            f"{count} folds need at least {count} people{' of every class' if whom else ''}; "
            f"{whom}there are {few.iloc[0]}. {way_out}."
        )
    rng = np.random.default_rng(study.seed)
    people = people.iloc[rng.permutation(len(people))].sort_values(["stratum", "size"], ascending=False, kind="stable")
    everyone, fold_of = np.zeros(count), {}
    for _, stratum in people.groupby("stratum", sort=True):
        heads, trials = np.zeros(count), np.zeros(count)
        for subject, size in stratum["size"].items():
            # Fewest people of the class first, then fewest of its trials, then the smallest fold.
            chosen = min(range(count), key=lambda k: (heads[k], trials[k], everyone[k]))
            fold_of[subject] = chosen
            heads[chosen] += 1
            trials[chosen] += size
            everyone[chosen] += size
    return samples["subject"].map(fold_of).to_numpy(np.int64)
