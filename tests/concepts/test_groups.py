"""Figures of clusters rise and fall with what they claim to measure."""

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from biox.concepts.flat_map import flat_map
from biox.concepts.groups import described, exemplars
from biox.concepts.spray import spray


def three(strength: float, seed: int = 0) -> np.ndarray:
    """Groups of 150, 90 and 60 samples."""
    rng = np.random.default_rng(seed)
    group = np.repeat([0, 1, 2], [150, 90, 60])
    return rng.standard_normal((300, 20)) + strength * np.eye(20)[group]


def test_sharper_groups_have_fewer_edges_outwards_and_are_further_apart():
    weak, strong = (described(spray(x, count=3, seed=0), x) for x in (three(3), three(8)))
    assert (strong["leaving"] < weak["leaving"]).all()
    assert (strong["silhouette"] > weak["silhouette"]).all()
    assert (strong["fisher"] > weak["fisher"]).all()
    assert (strong["leaving"] < 0.02).all()
    assert strong["size"].tolist() == [150, 90, 60]
    assert strong["share"].sum() == pytest.approx(1)


def test_arbitrary_groups_leave_as_often_as_chance():
    x = three(3)
    found = spray(x, count=3, seed=0)
    arbitrary = type(found)(
        found.neighbours, found.affinity, found.spectrum, np.random.default_rng(0).permutation(found.cluster), 3
    )
    table = described(arbitrary, x)
    np.testing.assert_allclose(table["leaving"], table["leaving_chance"], atol=0.08)
    assert (table["silhouette"] < 0.05).all()
    assert (table["fisher"] < 0.05).all()


def test_silhouette_goes_with_the_one_of_all_pairs():
    x = three(8)
    found = spray(x, count=3, seed=0)
    mine = np.average(described(found, x)["silhouette"], weights=np.bincount(found.cluster))
    assert mine == pytest.approx(silhouette_score(x, found.cluster), abs=0.15)


def test_fisher_is_the_share_of_variance_along_the_best_line():
    """Its textbook twin: R2 of a least-squares line through the cluster's membership."""
    x = three(3)
    found = spray(x, count=3, seed=0)
    member = (found.cluster == 1).astype(float)
    design = np.hstack([found.rows, np.ones((300, 1))])
    rest = member - design @ np.linalg.lstsq(design, member, rcond=None)[0]
    assert described(found, x)["fisher"][1] == pytest.approx(1 - rest.var() / member.var(), rel=1e-4)


def test_one_cluster_has_no_figures_of_separation():
    x = np.random.default_rng(0).standard_normal((100, 50))
    table = described(spray(x, count=1, seed=0), x)
    assert table["size"].tolist() == [100]
    assert table[["leaving", "silhouette", "fisher"]].isna().all(axis=None)


def test_exemplars_are_members_near_the_centre_each_once():
    x = three(6)
    found = spray(x, count=3, seed=0)
    table = exemplars(found, x, each=4)
    assert table["cluster"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert (found.cluster[table["row"]] == table["cluster"]).all()
    assert not table["row"].duplicated().any()
    for c in range(3):
        members = found.rows[found.cluster == c]
        far = np.linalg.norm(found.rows - members.mean(0), axis=1)
        chosen = table["row"][table["cluster"] == c]
        assert far[chosen].max() <= np.quantile(far[found.cluster == c], 0.25)


def test_exemplars_of_a_piece_that_is_one_point_in_the_spectrum_are_its_most_ordinary():
    x = three(60)
    found = spray(x, seed=0)
    assert found.spectrum.pieces == 3
    plain = np.linalg.norm(x[:150] - x[:150].mean(0), axis=1)
    assert exemplars(found, x, each=3)["row"][:3].tolist() == np.argsort(plain)[:3].tolist()


def test_the_map_keeps_groups_together_and_is_the_same_for_the_same_seed():
    x = three(8)
    found = spray(x, seed=0)
    drawn = flat_map(found, seed=1)
    assert drawn.method == "t-SNE"
    assert drawn.xy.shape == (300, 2)
    assert silhouette_score(drawn.xy, found.cluster) > 0.5
    np.testing.assert_array_equal(drawn.xy, flat_map(found, seed=1).xy)


@pytest.mark.slow
def test_the_map_of_many_samples_keeps_groups_together_too():
    x = np.vstack([three(8, seed) for seed in range(8)])
    found = spray(x, count=3, seed=0)
    drawn = flat_map(found, seed=1)
    assert drawn.method == "UMAP"
    assert silhouette_score(drawn.xy, found.cluster) > 0.3
    np.testing.assert_array_equal(drawn.xy, flat_map(found, seed=1).xy)
