"""The graph study's own sections: proteins predicted, the graph, types, patients, comparison with what is known."""

from biox.report.given import Drawn, Given
from biox.report.proteomics_accuracy import accuracy
from biox.report.proteomics_benchmark import benchmark
from biox.report.proteomics_checks import centred, stable
from biox.report.proteomics_cohort import cohort
from biox.report.proteomics_graph import average
from biox.report.proteomics_heatmap import heatmap
from biox.report.proteomics_pathways import pathways
from biox.report.proteomics_patients import patients
from biox.report.proteomics_types import types


def proteomics(given: Given) -> Drawn:
    """What a graph study shows of its own; what has no evidence is left out."""
    made = (accuracy, average, heatmap, types, patients, benchmark, pathways, centred, stable)
    sections = tuple(found for part in made if (found := part(given)) is not None)
    return Drawn(None, (), None, cohort(given), sections)
