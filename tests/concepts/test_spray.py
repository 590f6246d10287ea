"""SpRAy: groups that are there are found, none is made of noise, and no answer depends on the order of the samples."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from biox.concepts.gap_null import gap_null
from biox.concepts.neighbours import graph, nearest
from biox.concepts.spectrum import normalised_laplacian, spectrum
from biox.concepts.spray import spray
from biox.core.errors import InputError


def planted(samples: int, groups: int, strength: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Directions of noise in 60 dimensions, each sample pulled towards its group's; and the group of each."""
    rng = np.random.default_rng(seed)
    group = np.arange(samples) % groups
    x = rng.standard_normal((samples, 60)) + strength * np.eye(60)[group]
    return x / np.linalg.norm(x, axis=1, keepdims=True), group


def ring(samples: int) -> sparse.csr_array:
    """Each sample joined to the next: a graph whose spectrum is known."""
    one = np.arange(samples)
    edges = sparse.csr_array((np.ones(samples), (one, (one + 1) % samples)), shape=(samples, samples))
    return sparse.csr_array(edges + edges.T)


def test_exact_neighbours_are_those_of_a_plain_search():
    x = np.random.default_rng(0).standard_normal((300, 5)).astype(np.float32)
    far = np.linalg.norm(x[:, None].astype(float) - x[None], axis=2)
    np.fill_diagonal(far, np.inf)
    found = nearest(x, 7, seed=0)
    assert (found.index == np.argsort(far, axis=1)[:, :7]).all()
    np.testing.assert_allclose(found.distance, np.sort(far, axis=1)[:, :7], rtol=1e-6)


def test_neighbours_far_from_the_origin_are_still_told_apart():
    """|x|^2 + |y|^2 - 2 x.y alone would lose these distances in float32."""
    x = (1000 + np.random.default_rng(0).permutation(200)[:, None]).astype(np.float32)
    found = nearest(np.hstack([x, x]), 2, seed=0)
    inner = (x[:, 0] > 1000) & (x[:, 0] < 1199)
    np.testing.assert_allclose(found.distance[inner], np.sqrt(2), rtol=1e-6)


def test_graph_is_the_mean_of_both_directions():
    x = np.array([[0.0], [1.0], [3.0]])  # 0 and 1 choose each other, 2 chooses 1
    joined = graph(nearest(x, 1, seed=0)).toarray()
    np.testing.assert_array_equal(joined, [[0, 1, 0], [1, 0, 0.5], [0, 0.5, 0]])


def test_laplacian_equals_its_textbook_twin():
    affinity = graph(nearest(planted(80, 3, 2.0, seed=1)[0], 6, seed=0))
    a = affinity.toarray()
    d = np.diag(a.sum(1))
    twin = np.linalg.inv(d) ** 0.5 @ (d - a) @ np.linalg.inv(d) ** 0.5
    np.testing.assert_allclose(normalised_laplacian(affinity).toarray(), twin, atol=1e-12)


@pytest.mark.parametrize("samples", [30, 900])  # all eigenvalues of a dense matrix, and Lanczos
def test_spectrum_of_a_ring_is_the_known_one(samples):
    found = spectrum(ring(samples), 6, seed=0)
    known = 1 - np.cos(2 * np.pi * np.array([0, 1, 1, 2, 2, 3]) / samples)
    np.testing.assert_allclose(found.values, known, atol=1e-9)


@pytest.mark.parametrize("samples", [200, 1200])
def test_eigenvectors_solve_the_eigenvalue_equation(samples):
    affinity = graph(nearest(planted(samples, 4, 3.0, seed=2)[0], 8, seed=0))
    found = spectrum(affinity, 9, seed=0)
    left = normalised_laplacian(affinity) @ found.vectors
    np.testing.assert_allclose(left, found.vectors * found.values, atol=1e-6)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(9), atol=1e-6)


@pytest.mark.parametrize("size", [20, 300])
def test_every_unconnected_piece_gives_one_eigenvalue_zero(size):
    """Seven equal rings: each eigenvalue comes seven times, which plain Lanczos is known to miss."""
    pieces = sparse.csr_array(sparse.block_diag([ring(size)] * 7))
    found = spectrum(pieces, 16, seed=0)
    assert found.pieces == 7
    np.testing.assert_array_equal(found.values[:7], 0)
    np.testing.assert_allclose(found.values[7:], 1 - np.cos(2 * np.pi / size), rtol=1e-6)


def test_unconnected_groups_are_the_clusters():
    x = np.random.default_rng(0).standard_normal((600, 3)) + 100 * (np.arange(600) % 4)[:, None]
    found = spray(x, seed=0)
    assert (found.count, found.spectrum.pieces) == (4, 4)
    assert adjusted_rand_score(found.cluster, np.arange(600) % 4) == 1


@pytest.mark.parametrize("groups", [2, 3, 7])
def test_planted_groups_are_counted_and_found(groups):
    x, group = planted(700, groups, 5.0, seed=groups)
    found = spray(x, seed=0)
    assert found.count == groups
    assert adjusted_rand_score(found.cluster, group) > 0.97


def test_a_rare_group_is_found_beside_a_common_one():
    x, _ = planted(400, 1, 0.0, seed=0)
    rare = np.arange(400) < 24
    x[:, 7] = 2 * rare  # the others have none of it, so none of them is alike by chance
    found = spray(x / np.linalg.norm(x, axis=1, keepdims=True), seed=0)
    assert found.count == 2
    assert adjusted_rand_score(found.cluster, rare) > 0.95
    assert (found.cluster[rare] == 1).mean() > 0.95  # cluster 0 is the larger


def test_noise_is_one_cluster():
    counts = [spray(planted(300, 1, 0.0, seed)[0], seed=0).count for seed in range(20)]
    assert counts == [1] * 20


@pytest.mark.slow
def test_wide_noise_beats_the_null_of_the_eigengap_no_more_often_than_said():
    """In two dimensions even noise has gaps: here only the null tells. Exact binomial bound, 40 cohorts at 0.1."""
    rng = np.random.default_rng(5)
    p = np.array([gap_null(rng.standard_normal((150, 2)), neighbours=7, draws=19, seed=s).p for s in range(40)])
    assert (p <= 0.1).sum() <= 9  # P(more than 9 of 40 at 0.1) = 0.5 %


def test_planted_groups_beat_the_null_of_the_eigengap():
    found = gap_null(planted(300, 3, 4.0, seed=0)[0], draws=19, seed=0)
    assert found.p == 0.05


@pytest.mark.parametrize("strength", [4.0, 1.5])  # clear groups, and hardly any
def test_clusters_do_not_depend_on_the_order_of_the_samples(strength):
    x, _ = planted(500, 4, strength, seed=3)
    order = np.random.default_rng(1).permutation(500)
    a, b = spray(x, count=4, seed=0), spray(x[order], count=4, seed=9)
    assert (a.cluster[order] == b.cluster).all()
    np.testing.assert_allclose(a.spectrum.values, b.spectrum.values, atol=1e-9)


def test_clusters_do_not_depend_on_the_scale_of_the_features():
    x, _ = planted(300, 3, 2.0, seed=4)
    assert (spray(x, count=3, seed=0).cluster == spray(1e4 * x, count=3, seed=0).cluster).all()


def test_the_largest_cluster_comes_first():
    x = np.vstack([planted(60, 1, 0, 0)[0], 9 + planted(200, 1, 0, 1)[0], 20 + planted(100, 1, 0, 2)[0]])
    assert np.bincount(spray(x, seed=0).cluster).tolist() == [200, 100, 60]


@pytest.mark.slow
def test_approximate_neighbours_are_nearly_the_exact_ones_and_give_the_same_clusters():
    x, group = planted(3000, 5, 5.0, seed=0)
    exact, near = nearest(x, 10, seed=0), nearest(x, 10, exact_up_to=100, seed=0)
    assert exact.exact
    assert not near.exact
    shared = [len(np.intersect1d(a, b)) for a, b in zip(exact.index, near.index, strict=True)]
    assert np.mean(shared) > 9.5
    assert (near.index != np.arange(3000)[:, None]).all()
    found = spray(x, exact_up_to=100, seed=0)
    assert adjusted_rand_score(found.cluster, spray(x, seed=0).cluster) > 0.99
    assert adjusted_rand_score(found.cluster, group) > 0.97


@pytest.mark.slow
def test_approximate_neighbours_among_many_equal_samples_leave_the_sample_itself_out():
    x = np.repeat(np.random.default_rng(0).standard_normal((50, 8)), 40, axis=0)
    found = nearest(x, 10, exact_up_to=100, seed=0)
    assert (found.index != np.arange(len(x))[:, None]).all()
    np.testing.assert_array_equal(found.distance, 0)


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (np.ones((30, 4)), "same features"),
        (np.where(np.arange(120).reshape(30, 4) == 50, np.nan, 1.0), "Sample 12 .* missing or infinite"),
        (np.ones((1, 4)), "two samples or more"),
        (np.ones(30), "two samples or more"),
    ],
)
def test_features_that_cannot_be_compared_are_refused_in_words(features, said):
    with pytest.raises(InputError, match=said):
        spray(features, seed=0)


def test_more_clusters_than_eigenvalues_are_refused_in_words():
    with pytest.raises(InputError, match="40 clusters were asked for; with 32 eigenvalues it can be 1 to 31"):
        spray(planted(100, 2, 1.0, 0)[0], count=40, seed=0)


def test_a_graph_of_too_many_pieces_is_refused_in_words():
    x = np.repeat(np.arange(50.0), 4)[:, None] ** 2
    with pytest.raises(InputError, match="50 unconnected pieces"):
        spray(x, neighbours=3, seed=0)
