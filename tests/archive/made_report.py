"""A small report with its results, made by hand: what a crate describes, without a workflow run."""

import argparse
import shutil
from pathlib import Path

from biox.archive.crate import NAME, crate
from biox.core import provenance
from tests.workflow_runs import ROOT

STUDY = "tiny_subjects"
STEPS = {"cohort": "ingest", "fold-0/fit": "train", "fold-0/relevance-lrp/shard-0": "attribute", "evidence": "validate"}


def made_report(folder: Path) -> Path:
    """A folder with ``config``, ``raw``, ``results`` and ``reports``, as the workflow leaves it; call it from there."""
    shutil.copytree(ROOT / "tests/tiny", folder / "config")
    (folder / "raw").mkdir()
    (folder / "raw/Miller.csv").write_text("1,2\n")
    results, inputs = Path("results") / STUDY, [Path("raw/Miller.csv")]
    for name, step in STEPS.items():
        (results / name).mkdir(parents=True)
        (results / name / "data.bin").write_text(name)
        provenance.write(results / name, provenance.provenance(step, {"seed": 1}, 1, inputs))
        inputs = [results / name]
    report = folder / "reports" / STUDY
    (report / "figures").mkdir(parents=True)
    (report / "index.html").write_text("<html>a report</html>")
    (report / "figures/a curve & more.svg").write_text("<svg/>")
    return report


def options(**words: object) -> argparse.Namespace:
    return argparse.Namespace(**{"config": Path("config"), "results": Path("results"), "study": STUDY, **words})


def make_crate(report: Path) -> Path:
    crate(options(out=report / NAME))
    return report / NAME
