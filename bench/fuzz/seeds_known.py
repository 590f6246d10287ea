"""Small known graphs of proteins."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from bench.fuzz.targets import Case, Target

PROTEINS = ("AKT1", "TP53", "HER2")
SAMPLES = pd.DataFrame({"sample": ["S1", "S2"], "label": "luminal"})


def _write_known(folder: Path) -> None:
    (folder / "edges.tsv").write_text("source\ttarget\tgroup\nAKT1\tTP53\t\nTP53\tHER2\tluminal\n")
    (folder / "matrix.csv").write_text(",AKT1,TP53,HER2\nAKT1,0,1,0\nTP53,1,0,0\nHER2,0,0,0\n")
    (folder / "blocks.tsv").write_text("protein\tblock\tgroup\nAKT1\t1\t\nTP53\t1\tluminal\nHER2\t2\t\n")
    (folder / "mapped.tsv").write_text("regulator\ttarget\nA\tB\nB\tC\n")
    (folder / "mapping.tsv").write_text("theirs\tours\nA\tAKT1|AKT2\nB\tTP53\nC\tHER2\n")


def _read_known(form: str, name: str, mapping: str | None = None) -> Callable[[Path], object]:
    from biox.domains.proteomics.known import Reference, known, matrices, present

    def read(folder: Path) -> object:
        given = {"file": folder / name, "form": form, "mapping": folder / mapping if mapping else None}
        found = present(known("mine", Reference.model_validate(given), PROTEINS), SAMPLES)
        return matrices(found, PROTEINS, ["luminal"])

    return read


TARGETS = (
    Target(
        "known",
        (
            Case(_write_known, _read_known("edges", "edges.tsv"), ("edges.tsv",)),
            Case(_write_known, _read_known("matrix", "matrix.csv"), ("matrix.csv",)),
            Case(_write_known, _read_known("blocks", "blocks.tsv"), ("blocks.tsv",)),
            Case(_write_known, _read_known("edges", "mapped.tsv", "mapping.tsv"), ("mapped.tsv", "mapping.tsv")),
        ),
    ),
)
