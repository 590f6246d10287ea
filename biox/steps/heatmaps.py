"""Heatmaps: the relevance of tiles becomes heatmaps of whole slides, files for QuPath and pictures for the report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from biox.core.errors import InputError, listed
from biox.core.file_names import file_name
from biox.core.sections import section
from biox.core.study import Study
from biox.core.subjects import subject
from biox.core.types import Cohort, Relevance
from biox.domains.histology.heat_files import names_of_files, write_listing
from biox.domains.histology.heat_slide import Maps, Marked, marked_slides, write_maps
from biox.domains.histology.relevance_colours import limits
from biox.domains.histology.slide_relevance import SlideRelevance, by_slide
from biox.domains.histology.slide_settings import Slides

LEVELS = 14
MOST_SHOWN = 24
"""A report's viewer holds at most so many slides, evenly chosen; the files of the others are written all the same."""


def slides_of(study: Study) -> dict[str, Marked]:
    """The slides of a study by their names, with their annotations; empty where its data are no slides."""
    settings = [value for value in section(study, "data").values() if isinstance(value, Slides)]
    return marked_slides(settings[0]) if settings else {}


def heatmaps(
    cohort: Cohort,
    relevances: Mapping[int, Relevance],
    against: Mapping[int, Relevance] | None,
    marked: Mapping[str, Marked],
    folder: Path,
    models: Mapping[str, str] | None = None,
) -> int:
    """Write the heatmaps of all slides of a cohort into a new folder; returns the number of slides.

    relevances: of one method and variant, by fold; each slide is shown by the model that never saw its patient.
    against: relevance for another class by the same models: then the difference of the two is written as well
        (NAME-difference...), which shows what speaks for the first class rather than for the other.
    marked: the file of every slide by its name, and its annotations.
    models: by slide, which models explain it, as the files say it; without it, models that never saw its patient.
    Files: NAME.ome.tif, NAME-values.ome.tif, NAME.png and NAME.geojson for each slide, and ``viewer/`` with
    ``viewer.json`` for the report. A cohort of tiles without slides gives an empty ``viewer.json`` and 0.
    """
    folder.mkdir()
    found = by_slide(cohort, relevances) if marked else {}
    if not found:
        write_listing([], folder / "viewer")  # a report asks for it, also where there is nothing to show
        return 0
    others = by_slide(cohort, against) if against is not None else {}
    _refuse_names(list(found), marked, bool(others))
    scale = _limits(found)
    other_scale = _limits(others) if others else scale
    shown = _evenly(list(found))
    unseen = f"models that never saw this {subject(cohort).one}"
    entries: list[Mapping[str, Any]] = []
    for name, own in tqdm(found.items(), desc="heatmaps", unit="slide", disable=None):
        wide = tuple(max(pair) for pair in zip(scale, other_scale, strict=True))
        maps = Maps(own, others.get(name), scale, wide, (models or {}).get(name, unseen))
        entry = write_maps(marked[name], maps, folder, name in shown)
        entries += [entry] if entry else []
    write_listing(entries, folder / "viewer")
    return len(found)


def _refuse_names(names: list[str], marked: Mapping[str, Marked], differences: bool) -> None:
    """Slides without a file, or one of whose files would have the name of another's, are an InputError."""
    unknown = sorted(set(names) - set(marked))
    if unknown:
        raise InputError(f"There is no file of the slide {listed(unknown)}; there are files of {listed(marked)}.")
    whose: dict[str, list[str]] = {}
    for name in names:
        for file in names_of_files(file_name(name), differences):
            whose.setdefault(file.casefold(), []).append(name)  # on Windows and macOS, A.png is a.png
    for file, alike in whose.items():
        if len(alike) > 1:
            raise InputError(f"The slides {listed(sorted(alike))} would have files of one name ({file}); rename one.")


def _evenly(names: list[str]) -> frozenset[str]:
    """At most MOST_SHOWN of the names, from the first to the last at equal distances."""
    places = np.linspace(0, len(names) - 1, min(len(names), MOST_SHOWN)).round().astype(int)
    return frozenset(names[place] for place in places)


def _limits(found: Mapping[str, SlideRelevance]) -> tuple[float, ...]:
    """The colour scale of every zoom, one for all slides, so that a colour means the same on each."""
    slides = list(found.values())
    ends = np.cumsum([len(slide.tiles) for slide in slides])

    def read(rows: np.ndarray) -> np.ndarray:
        of = np.searchsorted(ends, rows, "right")
        first = np.concatenate([[0], ends])
        return np.concatenate([slides[k].read(rows[of == k] - first[k]) for k in np.unique(of)])

    return limits(read, int(ends[-1]), LEVELS)
