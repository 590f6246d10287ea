"""Any gait lab's own curves: a tidy table with one row a value, and a short YAML file that says what it means."""

from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field, ValidationInfo, field_validator

from biox.core.errors import InputError, listed
from biox.core.find import checked
from biox.core.reading import reading
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.core.yaml_files import load_plain
from biox.domains.gait.curves import BODY_WEIGHT, check_unit, sample_names, stance_axes
from biox.domains.gait.files import as_numbers, as_whole_numbers, read_table, require_columns, row_name, shown
from biox.domains.gait.tidy import curves_of

NEEDED = ("subject", "trial", "channel", "percent", "value")
UNLABELLED = "unlabelled"
TEXT = ("subject", "channel", "label")


class About(Strict):
    """What the YAML file beside a table may say; each key may be left out.

    unit: the unit of ``value``. channels: the channels in their order, or each name in the table with the name to use.
    labels: the same for labels. columns: each name this reader needs with the name that the table has for it.
    """

    unit: str = BODY_WEIGHT
    channels: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    columns: dict[str, str] = Field(default={})

    @field_validator("channels", "labels", mode="before")
    @classmethod
    def _list_keeps_names(cls, value: object) -> object:
        return {str(name): str(name) for name in value} if isinstance(value, list) else value


class TableSettings(Strict):
    """Which table, what describes it, and whether curves of another length are brought to 101 points.

    about: the YAML file; left out, it is the one of the same name beside the table (forces.csv, forces.yaml), if any.
    """

    file: Path
    about: Path | None = Field(default=None, validate_default=True)
    resample: bool = False

    @field_validator("about")
    @classmethod
    def _beside_the_table(cls, about: Path | None, info: ValidationInfo) -> Path | None:
        # Settled here and not while reading, so that the file counts among the inputs of the study.
        beside = info.data["file"].with_suffix(".yaml") if "file" in info.data else None
        return beside if about is None and beside is not None and beside.is_file() else about


def table(settings: TableSettings) -> Cohort:
    """The curves in a tidy table: columns subject, trial, channel, percent, value, and any of label and covariates.

    x: shape (trial, channel, 101), in the unit that the YAML file names (body weight unless said). A table without a
    column ``label`` gives every trial the label "unlabelled", for use with a saved model. Further columns become
    covariates and must be constant within a trial. Raises InputError for missing or unknown channels, wrong lengths,
    empty or non-numeric cells, mixed units, duplicate trials, unknown labels; the message names file and row.
    """
    about = _about(settings.about)
    rows = _rows(settings.file, about)
    channels = _channels(rows, about, settings.file)
    keys = ["subject", "trial", "label"]
    trial = rows.groupby(keys, sort=False).ngroup().to_numpy()
    samples = _samples(rows, trial, keys, settings.file)
    names = list(samples["sample"])
    channel = pd.Categorical(rows["channel"], categories=channels).codes.astype(int)
    x, note = curves_of(rows, trial, channel, (names, channels), (settings.file, settings.resample))
    check_unit(x, about.unit, names, str(settings.file))
    return Cohort(
        x=x,
        samples=samples,
        axes=stance_axes(channels),
        unit=about.unit,
        classes=_classes(samples, about),
        label_level="subject",
        notes=note,
    )


def _about(file: Path | None) -> About:
    if file is None:
        return About()
    with reading(file, "a YAML file with unit, channels, labels"):
        content = load_plain(file.read_text(encoding="utf-8"), file)
    if not isinstance(content, dict):
        raise InputError(f"{file} holds no settings; expected lines such as 'unit: body weight'.")
    return checked(About, content, str(file))


def _rows(file: Path, about: About) -> pd.DataFrame:
    """The table under the names used here, with its cells checked, labels renamed and a label in every row."""
    text = tuple(about.columns.get(name, name) for name in TEXT)
    raw = read_table(file, text)
    require_columns(raw, tuple(about.columns.get(name, name) for name in NEEDED), file)
    rows = raw.rename(columns={theirs: ours for ours, theirs in about.columns.items()})
    require_columns(rows, NEEDED, file)
    if not rows.columns.is_unique:
        twice = listed(rows.columns[rows.columns.duplicated()])
        raise InputError(f"{file}: with the names of {about.columns}, the column {twice} is there more than once.")
    for name in [name for name in TEXT if name in rows]:
        empty = np.flatnonzero(rows[name].isna())
        if len(empty):
            raise InputError(f"{row_name(file, int(empty[0]))}: column {name!r} is empty; expected a name.")
    rows["trial"] = as_whole_numbers(rows["trial"], file)
    for name in ("percent", "value"):
        rows[name] = as_numbers(rows[name], file)
    if "label" not in rows:
        return rows.assign(label=UNLABELLED)
    return rows.assign(label=_renamed(rows["label"], about.labels, file, "label"))


def _channels(rows: pd.DataFrame, about: About, file: Path) -> tuple[str, ...]:
    """The channel names in their order; renames the column in place of the caller's fresh table."""
    rows["channel"] = _renamed(rows["channel"], about.channels, file, "channel")
    return tuple(about.channels.values()) if about.channels else tuple(rows["channel"].unique())


def _renamed(column: pd.Series, names: dict[str, str] | None, file: Path, what: str) -> pd.Series:
    if names is None:
        return column
    unknown = np.flatnonzero(~column.isin(list(names)))
    if len(unknown):
        place = row_name(file, int(unknown[0]))
        raise InputError(f"{place}: unknown {what} {column.iloc[unknown[0]]!r}; known are {listed(names)}.")
    return column.map(names)


def _samples(rows: pd.DataFrame, trial: np.ndarray, keys: list[str], file: Path) -> pd.DataFrame:
    """One row a trial: who, which, label, and every further column that the table has."""
    further = [name for name in rows if name not in (*NEEDED, *keys, "sample")]
    first_rows = np.unique(trial, return_index=True)[1]
    for name in further:
        value = pd.factorize(rows[name])[0]
        differs = np.flatnonzero(value != value[first_rows][trial])
        if len(differs):
            row, start = int(differs[0]), int(first_rows[trial[differs[0]]])
            raise InputError(
                f"{row_name(file, row)}: column {name!r} changes within the trial: {shown(rows[name].iloc[row])}, but "
                f"{shown(rows[name].iloc[start])} at its start ({row_name(file, start)}); a covariate has one value a "
                "trial."
            )
    samples = rows.iloc[first_rows][[*keys, *further]].reset_index(drop=True)
    samples.insert(0, "sample", sample_names(samples))
    return samples


def _classes(samples: pd.DataFrame, about: About) -> tuple[str, ...]:
    present = set(samples["label"])
    if about.labels and present != {UNLABELLED}:
        return tuple(dict.fromkeys(name for name in about.labels.values() if name in present))
    return tuple(samples["label"].unique())
