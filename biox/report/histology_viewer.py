"""The slides themselves, to be zoomed, with their heatmaps over them."""

from biox.core.subjects import subject
from biox.report.blocks import Section, section
from biox.report.given import Given, first_method
from biox.report.viewer import viewer

PLANTED = "What was planted on tiles is drawn into the slides, as the model saw it."
FILES = "The same heatmaps lie in the results folder as OME-TIFF and GeoJSON files, which QuPath opens."
OWN = {"label": "each tile's own label", "dominant": "the class that the model names"}


def slide_viewer(given: Given) -> Section | None:
    """The viewer of the study's slides; None for a study of tiles alone."""
    target = given.study.methods[first_method(given)].target
    explained = f"Explained is the score for {OWN.get(target, f'“{target}”')}."
    planted = [PLANTED] if "planted" in given.cohort.samples else []
    by = f"A slide is shown by the model that never saw its {subject(given.cohort).one}."
    shown = viewer(given.slides, " ".join([by, explained, *planted, FILES]))
    return section("slides", "The slides and their heatmaps", [shown])
