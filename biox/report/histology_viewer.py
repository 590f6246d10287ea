"""The slides themselves, to be zoomed, with their heatmaps over them."""

from biox.report.blocks import Section, section
from biox.report.given import Given, first_method
from biox.report.viewer import viewer


def slide_viewer(given: Given) -> Section | None:
    """The viewer of the study's slides; None for a study of tiles alone."""
    target = given.study.methods[first_method(given)].target
    caption = (
        f"Relevance for “{target}”, each slide by the model that never saw its patient: red speaks for it, blue against "
        "it. Zoom with the wheel, with two fingers, or with + and −; the slider fades the heatmap. "
        "The same heatmaps lie in the results folder as OME-TIFF and GeoJSON files that QuPath opens."
    )
    return section("slides", "The slides and their heatmaps", [viewer(given.slides, caption)])
