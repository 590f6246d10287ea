"""The slides themselves, to be zoomed, with their heatmaps over them."""

from biox.report.blocks import Section, section
from biox.report.given import Given, first_method
from biox.report.viewer import viewer


def slide_viewer(given: Given) -> Section | None:
    """The viewer of the study's slides; None for a study of tiles alone."""
    remark = (
        f"Explained is “{given.study.methods[first_method(given)].target}”. The same heatmaps lie in the results folder as "
        "OME-TIFF and GeoJSON files, which QuPath opens."
    )
    return section("slides", "The slides and their heatmaps", [viewer(given.slides, remark)])
