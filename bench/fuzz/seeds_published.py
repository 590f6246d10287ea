"""Small valid files in the form of published gait data, and experts' ratings."""

from pathlib import Path

import numpy as np
import pandas as pd

from bench.fuzz.targets import Case, Target

POINTS = 101
FEET = ("left", "right")
TRIALS_OF_PAPER = 970


def _curves(trials: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.4, 0.4, (trials, 6, POINTS))


def _write_gaitrec(folder: Path) -> None:
    table = pd.DataFrame(
        {
            "SUBJECT_ID": [1, 2, 3],
            "SESSION_ID": [11, 22, 33],
            "CLASS_LABEL": ["HC", "K", "H"],
            "AFFECTED_SIDE": [np.nan, 0, 2],
            "SHOD_CONDITION": [0, 1, 2],
            "SPEED": [1, 2, 3],
            "SESSION_TYPE": [1, 2, 3],
            "SEX": [0, 1, 0],
            "AGE": [30, 40, 50],
            "HEIGHT": [170.0, np.nan, 160],
            "BODY_WEIGHT": [588.6, 686.7, 784.8],
            "BODY_MASS": [60.0, 70, 80],
            "TRAIN": [1, 1, 0],
            "TRAIN_BALANCED": [1, 0, 0],
            "TEST": [0, 0, 1],
        }
    )
    table.to_csv(folder / "GRF_metadata.csv", index=False)
    keys = table[["SUBJECT_ID", "SESSION_ID"]].assign(TRIAL_ID=1)
    for foot in FEET:
        values = {f"F_V_PRO_{point}": keys["SESSION_ID"] / 50 for point in range(1, POINTS + 1)}
        pd.concat([keys, pd.DataFrame(values)], axis=1).to_csv(folder / f"GRF_F_V_PRO_{foot}.csv", index=False)


def _read_gaitrec(incomplete: str) -> object:
    from biox.domains.gait.gaitrec import GaitrecSettings, gaitrec

    return lambda folder: gaitrec(
        GaitrecSettings.model_validate({"folder": folder, "components": ["V"], "incomplete": incomplete})
    )


def _write_archive(folder: Path) -> None:
    rows = {"class_index": np.repeat([0, 2], 2), "subject": np.repeat([3, 7], 2), "fold": np.repeat([0, 1], 2)}
    np.savez(folder / "forces.npz", X=_curves(4), **rows)


def _write_matlab(folder: Path) -> None:
    from scipy.io import savemat

    injury = np.eye(4, dtype=np.uint8)[np.repeat([0, 2], 2)]
    subject = np.eye(8, dtype=np.uint8)[np.repeat([3, 7], 2)]
    savemat(folder / "forces.mat", {"Feature": _curves(4), "Target_Injury": injury, "Target_Subject": subject})


def _write_folds(folder: Path) -> None:
    """Forces of all healthy people, with the folds of the full set."""
    from scipy.io import savemat

    injury = np.eye(4, dtype=np.uint8)[np.zeros(310, int)]
    subject = np.eye(62, dtype=np.uint8)[np.repeat(np.arange(62), 5)]
    savemat(folder / "forces.mat", {"Feature": _curves(310), "Target_Injury": injury, "Target_Subject": subject})
    sets = np.empty(10, dtype=object)
    sets[:] = np.array_split(np.arange(TRIALS_OF_PAPER), 10)
    savemat(folder / "splits.mat", {"S": sets})
    savemat(folder / "permutation.mat", {"P": np.random.default_rng(0).permutation(TRIALS_OF_PAPER)})


def _read_acm(name: str, folds: bool) -> object:
    from biox.domains.gait.acm2021 import Acm2021Settings, acm2021

    def read(folder: Path) -> object:
        more = {"splits": folder / "splits.mat", "permutation": folder / "permutation.mat"} if folds else {}
        return acm2021(Acm2021Settings(file=folder / name, **more))

    return read


def _write_speeds(folder: Path) -> None:
    rng = np.random.default_rng(0)
    np.save(folder / "ex_grf_speeds.npy", rng.uniform(1, 2, (3, 10)))
    np.save(folder / "ex_grf_speeds_cond.npy", np.tile([[1], [2], [3]], 10))
    for person in range(10):
        np.save(folder / f"ex_grf_subj{person:03d}.npy", rng.uniform(0, 1, (3, POINTS)))


def _read_speeds(folder: Path) -> object:
    from biox.domains.gait.speed_grf import SpeedGrfSettings, speed_grf

    return speed_grf(SpeedGrfSettings(folder=folder))


CLASSES = ("healthy", "knee")
CHANNELS = ("affected AP", "affected V")


def _sheets() -> list:
    from biox.domains.gait.groups import Groups
    from biox.domains.gait.rating_sheets import drawn_sheets

    rng = np.random.default_rng(0)
    names = tuple(np.array([f"{c}-{i}" for i in range(4)]) for c in CLASSES)
    curves, maps = (tuple(rng.standard_normal((4, 2, POINTS)) for _ in CLASSES) for _ in range(2))
    return drawn_sheets(Groups(curves, names, CLASSES, False), Groups(maps, names, CLASSES, False), 6, seed=0)


def _write_ratings(folder: Path) -> None:
    from biox.domains.gait.rating_sheets import questions

    for rater in ("anna", "ben"):
        rows = []
        for sheet in _sheets():
            asked = [q for q in questions(CLASSES) if sheet.form in q.forms]
            rows += [(rater, sheet.code, q.name, q.answers[len(rows) % len(q.answers)]) for q in asked]
            rows.append((rater, sheet.code, "region", "affected V 20-39"))
        pd.DataFrame(rows, columns=["rater", "sheet", "question", "answer"]).to_csv(
            folder / f"{rater}.csv", index=False
        )


def _read_ratings(folder: Path) -> object:
    from biox.domains.gait.ratings import rated, read_ratings

    return rated(read_ratings(folder), _sheets(), CHANNELS, CLASSES)


TARGETS = (
    Target(
        "gaitrec", (Case(_write_gaitrec, _read_gaitrec("refuse")), Case(_write_gaitrec, _read_gaitrec("leave out")))
    ),
    Target(
        "acm2021",
        (
            Case(_write_archive, _read_acm("forces.npz", False)),
            Case(_write_matlab, _read_acm("forces.mat", False)),
            Case(_write_folds, _read_acm("forces.mat", True), ("splits.mat", "permutation.mat")),
        ),
    ),
    Target("speed_grf", (Case(_write_speeds, _read_speeds),)),
    Target("ratings", (Case(_write_ratings, _read_ratings),)),
)
