"""What is written has ViRelAy's layout; where ViRelAy itself is installed, it shows the right sample and cluster."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from biox.concepts.flat_map import FlatMap
from biox.concepts.spray import spray
from biox.concepts.virelay import Analysis, Explained, Names, write
from biox.core.errors import InputError

SAMPLES = 60


@pytest.fixture(scope="module")
def explained() -> Explained:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (SAMPLES, 3, 16, 12), np.uint8)
    heatmaps = rng.standard_normal((SAMPLES, 16, 12)).astype(np.float32)
    return Explained(images, heatmaps, np.arange(SAMPLES) % 2, rng.standard_normal((SAMPLES, 2)), ("stroma", "tumour"))


@pytest.fixture(scope="module")
def analysis(explained) -> Analysis:
    rows = np.arange(1, SAMPLES, 2)
    found = spray(explained.heatmaps[rows].reshape(len(rows), -1), neighbours=5, eigenvalues=8, count=3, seed=0)
    return Analysis(rows, found, FlatMap(np.random.default_rng(1).standard_normal((len(rows), 2)), "t-SNE"))


@pytest.fixture(scope="module")
def project(explained, analysis, tmp_path_factory) -> Path:
    return write(
        tmp_path_factory.mktemp("virelay"),
        explained,
        {"tumour": analysis},
        Names("nuclei", "a small network", "tiles", "epsilon-plus"),
    )


def test_the_project_names_files_beside_it_and_what_virelay_requires(project):
    content = yaml.safe_load(project.read_text())["project"]
    assert set(content) == {"name", "model", "label_map", "dataset", "attributions", "analyses"}
    files = [content["label_map"], content["dataset"]["path"], *content["attributions"]["sources"]]
    files += content["analyses"][0]["sources"]
    assert all((project.parent / name).is_file() for name in files)
    assert (content["dataset"]["input_width"], content["dataset"]["input_height"]) == (12, 16)


def test_inputs_and_attributions_are_the_ones_given(project, explained):
    with h5py.File(project.parent / "input.h5") as file:
        np.testing.assert_array_equal(file["data"], explained.images)
        np.testing.assert_array_equal(file["label"], explained.label)
    with h5py.File(project.parent / "attribution.h5") as file:
        assert file["attribution"].shape == explained.images.shape
        np.testing.assert_allclose(file["attribution"][:].sum(1), explained.heatmaps, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(file["prediction"], explained.scores, rtol=1e-6)
        np.testing.assert_array_equal(file["index"], np.arange(SAMPLES))


def test_the_analysis_holds_embeddings_clusters_and_prototypes(project, analysis):
    ids = {one["name"]: one["word_net_id"] for one in json.loads((project.parent / "label-map.json").read_text())}
    with h5py.File(project.parent / "analysis.h5") as file:
        group = file[ids["tumour"]]
        np.testing.assert_array_equal(group["index"], analysis.rows)
        np.testing.assert_allclose(group["embedding/spectral"], analysis.spray.spectrum.vectors, atol=1e-6)
        np.testing.assert_allclose(
            group["embedding/spectral"].attrs["eigenvalue"], analysis.spray.spectrum.values, atol=1e-6
        )
        np.testing.assert_allclose(group["embedding/map"], analysis.drawn.xy, rtol=1e-6)
        assert group["embedding/map"].attrs["embedding"] == "spectral"
        np.testing.assert_array_equal(group["cluster/kmeans"], analysis.spray.cluster)
        assert group["cluster/kmeans"].attrs["k"] == 3
        assert group["prototype/kmeans/average"].shape == (3, 3, 16, 12)


def test_virelay_reads_back_the_same_samples_heatmaps_and_clusters(project, explained, analysis):
    model = pytest.importorskip("virelay.model", reason="virelay is not installed: pip install virelay (AGPL)")
    opened = model.Project(str(project))
    assert [one.human_readable_name for one in opened.get_analysis_categories("SpRAy")] == ["tumour"]
    category = opened.get_analysis_categories("SpRAy")[0].name
    found = opened.get_analysis("SpRAy", category, "kmeans", "spectral")
    np.testing.assert_array_equal(found.clustering, analysis.spray.cluster)
    np.testing.assert_array_equal(found.attribution_indices, analysis.rows)
    np.testing.assert_allclose(found.eigenvalues, analysis.spray.spectrum.values, atol=1e-6)
    for row in analysis.rows[:5]:
        sample, attribution = opened.get_sample(int(row)), opened.get_attribution(int(row))
        np.testing.assert_array_equal(np.moveaxis(sample.data, 2, 0), explained.images[row])
        np.testing.assert_allclose(attribution.data.sum(2), explained.heatmaps[row], rtol=1e-5, atol=1e-6)
        assert [label.name for label in attribution.labels] == ["tumour"]
        assert attribution.render_heatmap("gray-red").shape == (16, 12, 3)
    opened.close()


def test_images_and_heatmaps_that_do_not_fit_are_refused(explained, analysis, tmp_path):
    names = Names("p", "m", "d", "e")
    wrong = Explained(explained.images, explained.heatmaps[:, :4], explained.label, explained.scores, ("a", "b"))
    with pytest.raises(InputError, match="of the same 60 samples"):
        write(tmp_path, wrong, {}, names)
    with pytest.raises(InputError, match="no slash"):
        write(tmp_path, explained, {"a/b": analysis}, names)
