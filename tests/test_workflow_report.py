"""Snakemake's own report of a finished workflow: pages, figures and tables with their captions, without a network."""

import zipfile

import pytest

from tests.workflow_runs import finished_once, said, snakemake, spoilable


@pytest.mark.slow
def test_snakemakes_report_holds_pages_figures_and_tables_with_captions(tmp_path_factory, tmp_path):
    folder = spoilable(finished_once(tmp_path_factory, "tiny"), tmp_path)
    done = snakemake(folder, "--report", "report.zip")
    assert done.returncode == 0, said(done)
    with zipfile.ZipFile(folder / "report.zip") as archive:
        names = archive.namelist()
        words = " ".join(archive.read(name).decode("utf-8") for name in names if name.endswith((".html", ".js")))
    for caption in ("for patients, clinicians and developers", "A figure of the study", "A table of the evidence"):
        assert caption in words
    for category in ("tiny_subjects", "tiny_trials"):
        assert category in words
    for ending in ("index.html", "performance.svg", "claims.csv"):
        assert any(name.endswith(ending) for name in names), ending
    assert "https://cdn" not in words
