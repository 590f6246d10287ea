"""The histology study's own sections: slides, heatmaps one by one, groups of heatmaps, the bias scan, the remedies."""

from biox.report.given import Drawn, Given
from biox.report.histology_across import across
from biox.report.histology_bias import bias
from biox.report.histology_cohort import cohort
from biox.report.histology_gallery import gallery
from biox.report.histology_places import places
from biox.report.histology_remedies import remedies
from biox.report.histology_slides import slide_results
from biox.report.histology_spray import spray
from biox.report.histology_viewer import slide_viewer
from biox.report.histology_views import views


def histology(given: Given) -> Drawn:
    """What a histology study shows of its own; what has no evidence is left out."""
    made = (views, slide_viewer, gallery, places, bias, spray, remedies, across, slide_results)
    sections = tuple(found for part in made if (found := part(given)) is not None)
    return Drawn(None, (), None, cohort(given), sections)
