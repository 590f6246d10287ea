import numpy as np
import pytest

from biox.core.graph_settings import Graph
from biox.core.influence_store import InfluenceHead, influence_writer, load_influences
from biox.domains.proteomics.strengths import blocks, by_samples, ordered, pieces, strengths, unordered

from .made_found import dense, found


@pytest.mark.parametrize("limit", [2**20, 5000])  # held in memory, and in a file
def test_blocks_hold_what_the_formula_says_in_the_cohorts_order(limit):
    one = found(proteins=9, samples=40)
    size = np.abs(dense(one))
    pairs = unordered(9)
    made = strengths(one.influences["main"], one.cohort.samples, pairs, limit=limit)
    assert isinstance(made.held, np.ndarray) == (limit == 2**20)
    table = np.concatenate([values for _, values in blocks(made, limit=limit)], axis=1)
    expected = [0.5 * (size[:, i, j] + size[:, j, i]) for i in range(9) for j in range(i + 1, 9)]
    np.testing.assert_allclose(table, np.transpose(expected), rtol=1e-6)
    np.testing.assert_allclose(np.concatenate([v for _, v in pieces(made)], axis=1), table)
    for rows, values in by_samples(made):
        np.testing.assert_allclose(values, table[rows])


def test_directed_strengths_have_the_source_first():
    one = found(proteins=5, samples=30)
    made = strengths(one.influences["main"], one.cohort.samples, ordered(5))
    _, table = next(iter(blocks(made)))
    at = np.flatnonzero((made.pairs.a == 3) & (made.pairs.b == 1))[0]
    np.testing.assert_array_equal(table[:, at], np.abs(dense(one))[:, 3, 1])
    matrix = np.arange(25).reshape(5, 5)
    assert made.pairs.of(matrix)[at] == matrix[3, 1]
    assert unordered(5).of(matrix)[0] == (matrix[0, 1] + matrix[1, 0]) / 2


def test_a_variant_of_some_samples_has_only_their_rows():
    one = found(samples=30)
    influence = one.influences["main"]
    some = type(influence)("some", "lrp", {}, influence.values[:11], influence.samples[:11], influence.proteins)
    made = strengths(some, one.cohort.samples, unordered(12))
    assert sorted(made.samples["sample"]) == sorted(influence.samples["sample"][:11])
    assert list(made.samples["sample"]) == sorted(made.samples["sample"])  # the cohort's order


def test_influences_on_disk_are_read_as_those_in_memory(tmp_path):
    one = found(proteins=9, samples=40)
    influence = one.influences["main"]
    shards = []
    for number, rows in enumerate((slice(0, 25), slice(25, 40))):
        head = InfluenceHead("main", "lrp", {}, rows.stop - rows.start, influence.proteins)
        with influence_writer(tmp_path / f"{number}", head, Graph(precision="float32")) as write:
            write(influence.values[rows], influence.samples[rows])
        shards.append(tmp_path / f"{number}")
    stored = load_influences(shards)["main"]
    for limit in (2**20, 5000):
        made = strengths(stored, one.cohort.samples, unordered(9), limit=limit)
        expected = strengths(influence, one.cohort.samples, unordered(9))
        np.testing.assert_array_equal(next(iter(blocks(made, limit=2**20)))[1], expected.held)
