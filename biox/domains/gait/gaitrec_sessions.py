"""GaitRec's ``GRF_metadata.csv``: who came when, in which shoes, how fast, and which side is affected.

Codes as published (Horsak et al. 2020): AFFECTED_SIDE 0 left, 1 right, 2 both, empty for healthy people; SHOD_CONDITION
0 barefoot or socks, 1 normal shoe, 2 orthopaedic shoe; SPEED 1 slow, 2 self-selected, 3 fast; SESSION_TYPE 1 initial,
2 control, 3 initial after readmission; SEX 0 female, 1 male.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.domains.gait.files import as_numbers, as_whole_numbers, read_table, require_columns, row_name, shown

CLASSES = {"HC": "healthy", "H": "hip", "K": "knee", "A": "ankle", "C": "calcaneus"}
CODES: Mapping[str, Mapping[int, str]] = {
    "SEX": {0: "female", 1: "male"},
    "SHOD_CONDITION": {0: "barefoot", 1: "shoe", 2: "orthopaedic shoe"},
    "SPEED": {1: "slow", 2: "self-selected", 3: "fast"},
    "SESSION_TYPE": {1: "initial", 2: "control", 3: "readmission"},
}
SIDES = {0: "left", 1: "right", 2: "both"}
SPLITS = ("TRAIN", "TRAIN_BALANCED", "TEST")
NUMBERS = ("SUBJECT_ID", "SESSION_ID", *CODES, *SPLITS)
COLUMNS = ("CLASS_LABEL", "AGE", "HEIGHT", "BODY_WEIGHT", "BODY_MASS", "AFFECTED_SIDE", *NUMBERS)
GRAVITY = 9.81


def sessions(file: Path) -> pd.DataFrame:
    """One row a session, indexed by its number, with words for codes and units in the names.

    Columns: subject, label, affected (left, right, both or none), sex, footwear, speed, session_type, age_years,
    height_m, mass_kg, and the official splits train, train_balanced, test (0 or 1). Raises InputError for missing
    columns, unknown codes or labels, a patient without a side, a session that stands twice, and a weight that does not
    fit the mass; the message names the row.
    """
    raw = read_table(file, ("CLASS_LABEL",))
    require_columns(raw, COLUMNS, file)
    whole = pd.DataFrame({name: as_whole_numbers(raw[name], file) for name in NUMBERS})
    for name, words in (*CODES.items(), *((split, {0: "no", 1: "yes"}) for split in SPLITS)):
        _refuse(~whole[name].isin(list(words)).to_numpy(), raw, name, f"expected {listed(words)}", file)
    _refuse(
        ~raw["CLASS_LABEL"].isin(list(CLASSES)).to_numpy(), raw, "CLASS_LABEL", f"known are {listed(CLASSES)}", file
    )
    _refuse(whole["SESSION_ID"].duplicated().to_numpy(), raw, "SESSION_ID", "a session may stand there once", file)
    mass, weight = as_numbers(raw["BODY_MASS"], file), as_numbers(raw["BODY_WEIGHT"], file)
    odd = np.abs(weight / mass / GRAVITY - 1) > 0.02
    _refuse(odd, raw, "BODY_WEIGHT", "expected newton, 9.81 times BODY_MASS in kg", file)
    table = pd.DataFrame(
        {
            "subject": [f"G{number:04d}" for number in whole["SUBJECT_ID"]],
            "label": raw["CLASS_LABEL"].map(CLASSES).astype(object),
            "affected": _affected(raw, file),
            "sex": whole["SEX"].map(CODES["SEX"]),
            "footwear": whole["SHOD_CONDITION"].map(CODES["SHOD_CONDITION"]),
            "speed": whole["SPEED"].map(CODES["SPEED"]),
            "session_type": whole["SESSION_TYPE"].map(CODES["SESSION_TYPE"]),
            "age_years": as_numbers(raw["AGE"], file),
            "height_m": pd.to_numeric(raw["HEIGHT"], errors="coerce") / 100,
            "mass_kg": mass,
        }
    ).assign(**{split.lower(): whole[split] for split in SPLITS})
    return table.set_index(pd.Index(whole["SESSION_ID"], name="session"))


def first_side(table: pd.DataFrame, seed: int) -> pd.Series:
    """The side, left or right, whose channels are called affected, for every session.

    It is the affected side where there is one. Healthy people and those affected on both sides get a side drawn once a
    person; the draw depends on the seed and the person only, not on the sessions that a study selects.
    """
    numbers = table["subject"].str[1:].astype(int).to_numpy()
    drawn = {n: ("left", "right")[np.random.default_rng([seed, n]).integers(2)] for n in np.unique(numbers)}
    given = table["affected"].isin(("left", "right"))
    return table["affected"].where(given, pd.Series([drawn[n] for n in numbers], index=table.index))


def _affected(raw: pd.DataFrame, file: Path) -> pd.Series:
    side = pd.to_numeric(raw["AFFECTED_SIDE"], errors="coerce")
    unknown = raw["AFFECTED_SIDE"].notna() & ~side.isin(list(SIDES))
    _refuse(unknown.to_numpy(), raw, "AFFECTED_SIDE", "expected 0 (left), 1 (right), 2 (both) or nothing", file)
    patient = side.isna() & (raw["CLASS_LABEL"] != "HC")
    _refuse(patient.to_numpy(), raw, "AFFECTED_SIDE", "a patient needs 0 (left), 1 (right) or 2 (both)", file)
    return side.map(SIDES).astype(object).where(side.notna(), "none")


def _refuse(bad: np.ndarray, raw: pd.DataFrame, name: str, expected: str, file: Path) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        found = raw[name].iloc[row]
        what = "is empty (NaN)" if pd.isna(found) else f"holds {shown(found)}"
        more = f" ({int(bad.sum())} such rows)" if bad.sum() > 1 else ""
        raise InputError(f"{row_name(file, row)}: column {name!r} {what}; {expected}{more}.")
