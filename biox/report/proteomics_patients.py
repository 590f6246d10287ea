"""Single patients: the strongest edges of one or two of them, at the same places, with how unusual each is."""

from biox.report.blocks import Section, Terms, Text, section
from biox.report.given import Given
from biox.report.graph_view import people_view
from biox.report.words import count

FOLDER = "viewer"
TERMS = (
    ("Influence", "how much the one protein raised (red) or lowered (blue, dashed) the prediction of the other, here."),
    (
        "Percentile",
        "the share of the cohort in which this edge is weaker, whatever its sign; 99 % is an edge that hardly anyone "
        "else has so strongly.",
    ),
)
CAPTION = (
    "Arrows lead from the protein relied on to the protein predicted; width is the size of the influence, on one scale "
    "for both patients. Bold rows stand among the shown edges of both."
)


def patients(given: Given) -> Section | None:
    """Two patients side by side; their edges lie in the folder ``viewer`` beside the page."""
    graphs = given.graphs
    view = None if graphs is None else people_view(graphs, FOLDER, CAPTION)
    if graphs is None or view is None:
        return None
    people, most = graphs.patients["sample"].nunique(), int(graphs.patients["rank"].max())
    words = (
        f"For each of {count(people)} samples the {count(most)} strongest edges are kept, by the network that never "
        "saw the patient. A single patient's edges are far less certain than the average graph: read them beside their "
        "percentile, and beside a second patient. Choose patients by typing a part of their name."
    )
    return section("patients", "Patients, one by one", [Terms(TERMS), Text(words), view])
