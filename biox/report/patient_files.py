"""The strongest edges of every patient as small scripts beside the page, so that the page itself stays small.

A browser that opens a page from disk may load scripts, but not read data files. So each file is one call that hands its
numbers to the page: ``bioxPatients(2, [[source, target, weight, percentile, ...], ...])``.
"""

from itertools import chain
from pathlib import Path

import pandas as pd

from biox.core.files import write_text
from biox.core.graph_types import Graphs
from biox.report.graph_view import person_edges
from biox.report.script_data import script_safe

EACH = 150
"""Patients in one file."""

INDEX = "patients.js"
FOLDER = "patients"


def write_patient_files(graphs: Graphs, samples: pd.DataFrame, folder: Path) -> None:
    """Write what the page of a graph study loads when a patient is chosen: ``patients.js`` and ``patients/000.js`` ...

    folder: the new folder ``viewer``, which goes beside the page. samples: the cohort's table; samples without edges
    are left out. In a file, each patient is one flat list: place of the source and of the target in the order of
    ``graphs.nodes``, signed weight, percentile; then the next edge.
    """
    place = {str(name): k for k, name in enumerate(graphs.nodes["protein"])}
    edges = {str(name): rows for name, rows in graphs.patients.groupby("sample", sort=False)}
    known = samples[samples["sample"].astype(str).isin(edges)]
    types = sorted({str(label) for label in known["label"]})
    rows = zip(known["sample"].astype(str), known["subject"].astype(str), known["label"].astype(str), strict=True)
    listed = [[name if name == person else f"{name} ({person})", types.index(label)] for name, person, label in rows]
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    index = {"each": EACH, "types": types, "people": listed}
    write_text(folder / INDEX, f"bioxPatients(-1,{script_safe(index)});\n")
    names = [str(name) for name in known["sample"]]
    for number, start in enumerate(range(0, len(names), EACH)):
        people = [list(chain(*person_edges(edges[name], place))) for name in names[start : start + EACH]]
        write_text(folder / FOLDER / f"{number:03d}.js", f"bioxPatients({number},{script_safe(people)});\n")
