"""Raw force-plate recordings (CSV or C3D): filtered, cut into stance phases of 101 points, divided by body weight."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from biox.core.errors import InputError, listed
from biox.core.study import Strict
from biox.core.types import Cohort
from biox.domains.gait.curves import BODY_WEIGHT, LARGEST_IN_BODY_WEIGHT, POINTS, check_unit, stance_axes
from biox.domains.gait.feet import SIDES, affected_first, component_of, feet_of, first_sides, foot_of, vertical_of
from biox.domains.gait.forces import Contact, at_101_points, low_pass, pairs, stances
from biox.domains.gait.people import people
from biox.domains.gait.recordings import signals

UNLABELLED = "unlabelled"
NAMED = r"(?P<subject>[^_]+)_(?P<trial>\d+)\.(csv|tsv|txt|c3d)(\.gz)?"


class RawForcesSettings(Strict):
    """Where the recordings and the table of people are, what their columns mean, and how stances are found.

    folder, pattern: every file whose whole name fits the pattern is a recording; its groups ``subject`` and, if there
    is one, ``label`` say whose and of which condition. people: a CSV; people_columns: its names for subject, mass_kg or
    weight_n, label, affected_side. channels: each channel wanted ("left V", "right AP" ...; "V" alone for one foot)
    with its column in the file; "-" before that name turns the sign. Upward must be positive. rate_hz or time (a column
    of seconds): the clock of CSV files. cutoff_hz: low-pass. contact_n: a foot stands above it. min_stance_s,
    max_stance_s: plausible stances. seed: draws the side of people with none or both affected.
    """

    folder: Path
    people: Path
    channels: dict[str, str] = Field(min_length=1)
    pattern: str = NAMED
    people_columns: dict[str, str] = Field(default={})
    rate_hz: float | None = Field(default=None, gt=0)
    time: str | None = None
    skip_rows: int = Field(default=0, ge=0)
    cutoff_hz: float = Field(default=20.0, gt=0)
    contact_n: float = Field(default=25.0, gt=0)
    min_stance_s: float = Field(default=0.3, gt=0)
    max_stance_s: float = Field(default=2.0, gt=0)
    seed: int = 0

    @field_validator("channels")
    @classmethod
    def _every_foot_has_a_vertical_force(cls, channels: dict[str, str]) -> dict[str, str]:
        feet = feet_of(tuple(channels))
        parts = [{component_of(name) for name in channels if foot_of(name) == foot} for foot in feet]
        if len(feet) > 2 or any("V" not in own or own != parts[0] for own in parts):
            raise ValueError("it needs 'V' for one foot, or 'left V' and 'right V', and equal components of both feet")
        return channels

    @field_validator("pattern")
    @classmethod
    def _names_the_subject(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groupindex
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        if "subject" not in groups:
            raise ValueError("it needs a group (?P<subject>...)")
        return pattern


def raw_forces(settings: RawForcesSettings) -> Cohort:
    """Every complete stance phase in a folder of recordings, in body weight.

    x: shape (step, channel, 101). With two feet a sample is a step of one and the next step of the other; where the
    table of people says ``affected_side``, left and right become affected and unaffected. Trials are numbered through
    all recordings of a person; ``recording`` and ``start_s`` say where a step comes from. Raises InputError for missing
    files, columns or people, gaps, units that do not fit, and recordings without a step.
    """
    matches = _recordings(settings)
    table = people(settings.people, settings.people_columns, {match["subject"] for _, match in matches})
    curves, rows, dropped = [], [], Counter[str]()
    for file, match in matches:
        x, start_s = _steps(file, settings, dropped)
        person = table.loc[match["subject"]]
        curves.append(x / person["weight_n"])
        label = match.get("label") or str(person.get("label", UNLABELLED))
        rows += [{"subject": match["subject"], "label": label, "recording": file.name, "start_s": s} for s in start_s]
    if not rows:
        raise InputError(
            f"{settings.folder}: no complete stance in {len(matches)} recordings ({_reasons(dropped)}). Look at "
            "the signs in `data.channels` (upward is positive), `contact_n`, `min_stance_s`, `max_stance_s`, the rate."
        )
    samples = pd.DataFrame(rows)
    samples["trial"] = samples.groupby("subject").cumcount() + 1
    samples.insert(0, "sample", [f"{s}-{t}" for s, t in zip(samples["subject"], samples["trial"], strict=True)])
    samples = samples.join(table.drop(columns="label", errors="ignore"), on="subject")
    x, channels, side_note = _affected_first(np.concatenate(curves), samples, settings)
    check_unit(x, BODY_WEIGHT, list(samples["sample"]), str(settings.folder))
    return Cohort(
        x=x,
        samples=samples,
        axes=stance_axes(channels),
        unit=BODY_WEIGHT,
        classes=tuple(sorted(samples["label"].unique())),
        label_level="subject",
        notes=(_note(settings, len(matches), len(samples)), f"Not used: {_reasons(dropped)}.", *side_note),
    )


def _recordings(settings: RawForcesSettings) -> list[tuple[Path, dict[str, str]]]:
    if not settings.folder.is_dir():
        raise InputError(f"There is no folder {settings.folder}; expected force recordings. Correct `data.folder`.")
    names = sorted(file.name for file in settings.folder.iterdir() if file.is_file())
    found = [(settings.folder / name, re.fullmatch(settings.pattern, name)) for name in names]
    matches = [(file, match.groupdict()) for file, match in found if match]
    if not matches:
        raise InputError(
            f"{settings.folder}: no file fits data.pattern {settings.pattern!r}; it has {listed(names[:10])}."
        )
    return matches


def _steps(file: Path, settings: RawForcesSettings, dropped: Counter) -> tuple[np.ndarray, list[float]]:
    """All steps of one recording in newton, shape (step, channel, 101), and their starts; counts what is dropped."""
    channels = tuple(settings.channels)
    force, rate = signals(file, list(settings.channels.values()), (settings.rate_hz, settings.time), settings.skip_rows)
    _check_signal(file, force, rate, settings)
    force = low_pass(force, rate, settings.cutoff_hz)
    contact = Contact(settings.contact_n, settings.min_stance_s, settings.max_stance_s)
    feet = feet_of(channels)
    found = [stances(force[channels.index(vertical_of(foot))], rate, contact) for foot in feet]
    for one in found:
        dropped.update({"cut off by an end of the recording": one.cut_off})
        dropped.update({"too short": one.too_short, "too long": one.too_long})
    spans = [(span,) for span in found[0].spans] if len(feet) == 1 else pairs(found[0], found[1])
    dropped.update({"without a step of the other foot": sum(len(one.spans) for one in found) - len(feet) * len(spans)})
    x = np.empty((len(spans), len(channels), POINTS))
    for row, span_of_foot in zip(x, spans, strict=True):
        for foot, span in zip(feet, span_of_foot, strict=True):
            own = [number for number, name in enumerate(channels) if foot_of(name) == foot]
            row[own] = at_101_points(force[own], span)
    return x, [span[0][0] / rate for span in spans]


def _check_signal(file: Path, force: np.ndarray, rate: float, settings: RawForcesSettings) -> None:
    """Refuse a recording that is too short or slow to filter, upside down, or not in newton."""
    if settings.cutoff_hz >= rate / 2:
        raise InputError(f"{file}: data.cutoff_hz {settings.cutoff_hz:g} must lie below half the rate of {rate:g} Hz.")
    if force.shape[1] < rate * settings.min_stance_s:
        raise InputError(
            f"{file} lasts {force.shape[1] / rate:.2f} s, shorter than one stance ({force.shape[1]} rows)."
        )
    for name, signal in zip(settings.channels, force, strict=True):
        if component_of(name) != "V":
            continue
        high, low = float(signal.max()), float(signal.min())
        column = settings.channels[name].removeprefix("-")
        if -low > high:
            raise InputError(
                f"{file}: {name!r} (column {column!r}) goes down to {low:.4g} and up to {high:.4g}; upward must be "
                "positive. Turn the sign in data.channels (a '-' before the name, or none)."
            )
        if high <= LARGEST_IN_BODY_WEIGHT:
            raise InputError(
                f"{file}: {name!r} (column {column!r}) peaks at {high:.4g}, which looks like body weight or volt; "
                "expected newton."
            )


def _affected_first(
    x: np.ndarray, samples: pd.DataFrame, settings: RawForcesSettings
) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """Left and right as affected and unaffected, where the table of people knows; otherwise everything as it is."""
    channels = tuple(settings.channels)
    if "affected_side" not in samples or set(feet_of(channels)) != set(SIDES):
        return x, channels, ()
    samples["first_side"] = first_sides(samples, settings.seed)
    drawn = samples.loc[~samples["affected_side"].isin(SIDES), "subject"].nunique()
    note = f"Affected side drawn with seed {settings.seed} for {drawn} people who have none or both affected."
    return *affected_first(x, channels, samples["first_side"]), (note,)


def _note(settings: RawForcesSettings, recordings: int, steps: int) -> str:
    return (
        f"{steps} steps from {recordings} recordings: low-pass {settings.cutoff_hz:g} Hz (Butterworth, fourth order, "
        f"zero-lag), contact above {settings.contact_n:g} N, stance {settings.min_stance_s:g} to "
        f"{settings.max_stance_s:g} s, divided by body weight."
    )


def _reasons(dropped: Counter) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in dropped.items() if count) or "nothing"
