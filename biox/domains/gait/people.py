"""The table of people that goes with raw recordings: how heavy everyone is, and what is known of them."""

from pathlib import Path

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.domains.gait.files import read_table, require_columns, row_name, shown

GRAVITY = 9.81
PLAUSIBLE = {"mass_kg": (10.0, 260.0), "weight_n": (270.0, 2600.0)}
OTHER_UNIT = {"mass_kg": "newton", "weight_n": "kilogram"}
AFFECTED = ("left", "right", "both", "none")


def people(file: Path, columns: dict[str, str], present: set[str]) -> pd.DataFrame:
    """One row a person, indexed by ``subject``, with body weight in newton (``weight_n``) and mass in kg (``mass_kg``).

    columns: the name that the file has for each name used here (subject, mass_kg or weight_n, label, affected_side,
    covariates). present: the people who have recordings; only their rows are checked. Raises InputError for unknown
    people, two rows for one person, a missing weight, and a weight that looks like another unit; it never guesses.
    """
    raw = read_table(file, (columns.get("subject", "subject"),))
    require_columns(raw, tuple(columns.values()), file)
    table = raw.rename(columns={theirs: ours for ours, theirs in columns.items()})
    require_columns(table, ("subject",), file)
    table = table[table["subject"].isin(present)]
    unknown = sorted(present - set(table["subject"]))
    if unknown:
        raise InputError(
            f"{file} has no row for {listed(unknown[:10])} ({len(unknown)} people with recordings). Add them, "
            "or take their recordings out of the folder."
        )
    _refuse(table["subject"].duplicated(), table["subject"], "this subject stands there a second time", file)
    mass = _mass(table, file)
    if "affected_side" in table:
        side = table["affected_side"]
        _refuse(side.notna() & ~side.isin(AFFECTED), side, f"expected {listed(AFFECTED)} or nothing", file)
    return table.assign(mass_kg=mass, weight_n=mass * GRAVITY).set_index("subject")


def _mass(table: pd.DataFrame, file: Path) -> np.ndarray:
    """Body mass in kg from either column; both may be there if they agree."""
    given = [name for name in PLAUSIBLE if name in table]
    if not given:
        raise InputError(
            f"{file}: missing column 'mass_kg' (kilogram) or 'weight_n' (newton); it has {listed(table.columns)}. "
            "Name yours in `data.people_columns`."
        )
    kilogram = {name: _plausible(table, name, file) / (GRAVITY if name == "weight_n" else 1) for name in given}
    if len(given) == 2:
        differ = (kilogram["weight_n"] / kilogram["mass_kg"] - 1).abs() > 0.05
        _refuse(differ, table["weight_n"], "expected newton, 9.81 times mass_kg", file)
    return kilogram[given[0]].to_numpy(dtype=float)


def _plausible(table: pd.DataFrame, name: str, file: Path) -> pd.Series:
    numbers = pd.to_numeric(table[name], errors="coerce")
    _refuse(~numbers.abs().lt(np.inf), table[name], "expected a number", file)
    low, high = PLAUSIBLE[name]
    odd = (numbers < low) | (numbers > high)
    fit = "some people do fit: units are mixed; give all in one" if not odd.all() else "rename the column"
    _refuse(odd, table[name], f"expected {low:g} to {high:g}; is it in {OTHER_UNIT[name]}? Then {fit}", file)
    return numbers


def _refuse(bad: pd.Series, column: pd.Series, expected: str, file: Path) -> None:
    """An InputError at the first row that is bad; the index of the column counts the rows of the file."""
    rows = np.flatnonzero(bad.to_numpy())
    if len(rows):
        found = column.iloc[rows[0]]
        what = "is empty (NaN)" if pd.isna(found) else f"holds {shown(found)}"
        place = row_name(file, int(np.asarray(column.index)[rows[0]]))
        raise InputError(f"{place}: column {column.name!r} {what}; {expected} ({len(rows)} such rows).")
