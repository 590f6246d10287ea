"""A large archive is planned: so many jobs as there are folds, methods and shards, and none a slide."""

import re
from pathlib import Path

import pytest

from tests.workflow_runs import ROOT, said, snakemake

pytestmark = pytest.mark.slow

SLIDES, FOLDS, SHARDS = 60, 5, 4
STUDY = f"""
name: many
title: A large archive
question: Can it be planned?
domain: histology
label_level: trial
data:
  source: slides
  sheet: slides.csv
  tiles: {{side_px: 32, mpp: 1.0, tissue: 0.6}}
folds: {{count: {FOLDS}}}
model: {{name: vgg, widths: [[4], [8]], hidden: [8], dropout: 0.1}}
methods:
  lrp: {{composite: epsilon-plus, target: tumour, samples: test}}
  lrp-normal: {{composite: epsilon-plus, target: normal, samples: test}}
compute: {{shards: {SHARDS}}}
"""


@pytest.fixture
def archive(tmp_path) -> Path:
    """Slides that are only names: to plan, none is opened."""
    (tmp_path / "config").mkdir()
    settings = (ROOT / "tests/tiny_slides/config.yaml").read_text().replace("tiny_slides", "many")
    (tmp_path / "config/config.yaml").write_text(settings)
    (tmp_path / "config/many.yaml").write_text(STUDY)
    rows = ["slide,patient,file,label"]
    for number in range(SLIDES):
        (tmp_path / f"{number}.tif").touch()
        rows.append(f"s{number},p{number // 2},{number}.tif,{'tumour' if number % 3 else 'normal'}")
    (tmp_path / "slides.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_jobs_are_counted_by_folds_methods_and_shards_and_not_by_slides(archive):
    done = snakemake(archive, "--dry-run", "--quiet", "rules")
    assert done.returncode == 0, said(done)
    counts = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", said(done), flags=re.MULTILINE)}
    assert (counts["ingest"], counts["train"], counts["trust"]) == (1, FOLDS, FOLDS)
    assert counts["attribute"] == 2 * FOLDS * SHARDS
    assert counts["validate"] == counts["heatmaps"] == counts["report"] == 1
    assert counts["total"] < SLIDES
