"""GaitRec (Horsak et al. 2020): forces under both feet of 2295 people, healthy or hurt at hip, knee, ankle or heel.

Read from the published files: ``GRF_metadata.csv`` and ``GRF_F_{V,AP,ML}_PRO_{left,right}.csv`` in one folder, with
``GRF_COP_{AP,ML}_PRO_{left,right}.csv`` where the centre of pressure is wanted too.
"""

from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from biox.core.errors import InputError
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.gait.curves import BODY_WEIGHT, POINTS, stance_axes
from biox.domains.gait.gaitrec_sessions import CLASSES, first_side, sessions
from biox.domains.gait.gaitrec_waves import curves, trial_keys, wave_file

Component = Literal["ML", "AP", "V", "COP AP", "COP ML"]
FEET = ("left", "right")
CHANNEL_SIDES = ("affected", "unaffected")


class GaitrecSettings(Strict):
    """Where the files lie and which of GaitRec's sessions to use; a filter that is left out keeps all.

    affected: sessions by affected side ("none": healthy). train: which official training set stands beside the official
    test set; other sessions are left out. incomplete: what happens to a session without waveforms and to a trial that
    stands in some files only. seed: draws the side of healthy people and of those with both sides affected.
    """

    folder: Path
    metadata: Path | None = None
    components: tuple[Component, ...] = ("ML", "AP", "V")
    sessions: tuple[Literal["initial", "control", "readmission"], ...] | None = None
    footwear: tuple[Literal["barefoot", "shoe", "orthopaedic shoe"], ...] | None = None
    speeds: tuple[Literal["slow", "self-selected", "fast"], ...] | None = None
    affected: tuple[Literal["left", "right", "both", "none"], ...] | None = None
    train: Literal["TRAIN", "TRAIN_BALANCED"] = "TRAIN"
    incomplete: Literal["refuse", "leave out"] = "refuse"
    seed: int = 0


def gaitrec(settings: GaitrecSettings) -> Cohort:
    """The forces of GaitRec, affected side first.

    x: float32, shape (trial, 2 x components, 101); forces in body weight, centre of pressure as published (metres).
    Signs are those of the files. The table has covariates, ``split`` ("train" or "test", the official ones, for
    ``folds.given``), ``session`` and ``session_trial``. Raises InputError for broken files, sessions without metadata
    or waveforms, and trials that stand in some files only.
    """
    file = settings.metadata or settings.folder / "GRF_metadata.csv"
    every = sessions(file)
    every["first_side"] = first_side(every, settings.seed)
    chosen = _chosen(every, settings)
    if chosen.empty:
        raise InputError(
            f"{file}: none of its {len(every)} sessions passes the filters of this study. "
            "Loosen `data.sessions`, `footwear`, `speeds`, `affected` or `train`."
        )
    keys = trial_keys(wave_file(settings.folder, settings.components[0], FEET[0]))
    keys = keys[_known(keys, every, file).isin(chosen.index)].reset_index(drop=True)
    missing = sorted(set(chosen.index) - set(keys["SESSION_ID"]))
    if missing and settings.incomplete == "refuse":
        raise InputError(
            f"{len(missing)} of {len(chosen)} sessions in {file} have no waveforms in {settings.folder}: "
            f"{_some(missing)}. Complete the files, or set `data.incomplete: leave out`."
        )
    if keys.empty:
        raise InputError(f"{settings.folder}: the waveform files hold no trial of the {len(chosen)} sessions chosen.")
    x, complete = _filled(keys, every, settings)
    samples = _table(keys, chosen, settings)
    return Cohort(
        x=x if complete.all() else x[complete],
        samples=samples[complete].reset_index(drop=True),
        axes=stance_axes(tuple(f"{side} {part}" for side in CHANNEL_SIDES for part in settings.components)),
        unit=BODY_WEIGHT,
        classes=tuple(name for name in CLASSES.values() if name in set(samples["label"][complete])),
        label_level="subject",
        notes=_notes(samples[complete], len(missing), int((~complete).sum()), settings),
    )


def _chosen(every: pd.DataFrame, settings: GaitrecSettings) -> pd.DataFrame:
    keep = (every[settings.train.lower()] == 1) | (every["test"] == 1)
    wanted = {
        "session_type": settings.sessions,
        "footwear": settings.footwear,
        "speed": settings.speeds,
        "affected": settings.affected,
    }
    for column, values in wanted.items():
        if values is not None:
            keep &= every[column].isin(values)
    return every[keep]


def _known(keys: pd.DataFrame, every: pd.DataFrame, file: Path) -> pd.Series:
    """The session numbers of a waveform file, all of which stand in the metadata under the same subject."""
    stranger = ~keys["SESSION_ID"].isin(every.index)
    if stranger.any():
        unknown = sorted(keys["SESSION_ID"][stranger].unique())
        raise InputError(f"{len(unknown)} sessions have waveforms but no row in {file}: {_some(unknown)}.")
    subject = "G" + keys["SUBJECT_ID"].astype(str).str.zfill(4)
    expected = keys["SESSION_ID"].map(every["subject"])
    if (subject != expected).any():
        row = int(np.flatnonzero(subject != expected)[0])
        raise InputError(
            f"Session {keys['SESSION_ID'].iloc[row]} belongs to subject {int(expected.iloc[row][1:])} in {file}, but "
            f"to {keys['SUBJECT_ID'].iloc[row]} in the waveform files."
        )
    return keys["SESSION_ID"]


def _filled(keys: pd.DataFrame, every: pd.DataFrame, settings: GaitrecSettings) -> tuple[np.ndarray, np.ndarray]:
    """The curves of all trials, affected side first, and which trials stand in every file."""
    places = pd.MultiIndex.from_frame(keys[["SESSION_ID", "TRIAL_ID"]])
    side = keys["SESSION_ID"].map(every["first_side"]).to_numpy()
    x = np.zeros((len(keys), len(FEET) * len(settings.components), POINTS), np.float32)
    complete = np.ones(len(keys), bool)
    for (number, part), foot in product(enumerate(settings.components), FEET):
        file = wave_file(settings.folder, part, foot)
        complete &= _present(keys, places, file, settings)
        for piece, values in curves(file):
            rows = places.get_indexer(pd.MultiIndex.from_frame(piece[["SESSION_ID", "TRIAL_ID"]]))
            here = rows >= 0
            slot = np.where(side[rows[here]] == foot, 0, 1)
            x[rows[here], slot * len(settings.components) + number] = values[here]
    return x, complete


def _present(keys: pd.DataFrame, places: pd.MultiIndex, file: Path, settings: GaitrecSettings) -> np.ndarray:
    """Which trials stand in a file; refuses trials that stand in some files only, unless they may be left out."""
    own = trial_keys(file)
    own = own[own["SESSION_ID"].isin(keys["SESSION_ID"])]
    rows = places.get_indexer(pd.MultiIndex.from_frame(own[["SESSION_ID", "TRIAL_ID"]]))
    found = np.zeros(len(keys), bool)
    found[rows[rows >= 0]] = True
    if settings.incomplete == "refuse":
        first = wave_file(settings.folder, settings.components[0], FEET[0])
        _refuse_trials(keys[~found], first, file)
        _refuse_trials(own[rows < 0], file, first)
    return found


def _refuse_trials(rows: pd.DataFrame, present: Path, absent: Path) -> None:
    if len(rows):
        names = [f"session {s} trial {t}" for s, t in zip(rows["SESSION_ID"], rows["TRIAL_ID"], strict=True)]
        raise InputError(
            f"{len(rows)} trials stand in {present.name} but not in {absent}: {_some(names)}. "
            "Complete the files, or set `data.incomplete: leave out`."
        )


def _table(keys: pd.DataFrame, chosen: pd.DataFrame, settings: GaitrecSettings) -> pd.DataFrame:
    """One row a trial; a person's trials are numbered through all sessions."""
    table = chosen.loc[keys["SESSION_ID"]].reset_index()
    table["session_trial"] = keys["TRIAL_ID"]
    names = zip(table["subject"], table["session"], table["session_trial"], strict=True)
    table.insert(0, "sample", ["-".join(map(str, name)) for name in names])
    table["trial"] = table.groupby("subject").cumcount() + 1
    table["split"] = np.where(table["test"] == 1, "test", "train")
    return table


def _notes(
    samples: pd.DataFrame, sessions_missing: int, trials_missing: int, settings: GaitrecSettings
) -> tuple[str, ...]:
    people = samples.drop_duplicates("subject")["affected"].value_counts()
    notes = [
        f"Affected side: as recorded; drawn with seed {settings.seed} for {people.get('none', 0)} healthy people and "
        f"{people.get('both', 0)} affected on both sides.",
        f"Column 'split': GaitRec's official TEST set, and {settings.train} as training set.",
    ]
    if any(part.startswith("COP") for part in settings.components):
        notes.append("Channels named COP are the centre of pressure in metres, as published, not forces.")
    if sessions_missing or trials_missing:
        notes.append(
            f"Left out: {sessions_missing} sessions without waveforms, {trials_missing} trials not in all files."
        )
    return tuple(notes)


def _some(names: list) -> str:
    shown = ", ".join(str(name) for name in names[:10])
    return shown if len(names) <= 10 else f"{shown} and {len(names) - 10} more"
