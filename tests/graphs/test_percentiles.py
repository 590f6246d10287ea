import numpy as np
import pytest

from biox.graphs.percentiles import share_weaker, strongest

NAMES = [f"P{i}" for i in range(5)]


def influences(samples=8, seed=0):
    values = np.random.default_rng(seed).standard_normal((samples, 5, 5)).astype(np.float32)
    values[:, np.arange(5), np.arange(5)] = 0
    return values


def found(values, count=3, limit=2**29, names=NAMES):
    return strongest(values, [f"s{i}" for i in range(len(values))], names, count=count, limit_bytes=limit)


@pytest.mark.parametrize("limit", [1, 4 * 4 * 8 * 5 * 2, 2**29])
def test_the_strongest_edges_of_each_sample_come_in_order_with_their_place_in_the_cohort(limit):
    values = influences()
    table = found(values, limit=limit)
    assert len(table) == 8 * 3
    for sample in range(8):
        own = table[table["sample"] == f"s{sample}"]
        assert own["rank"].tolist() == [1, 2, 3]
        order = np.argsort(-np.abs(values[sample]), axis=None)[:3]
        expected = [divmod(int(o), 5) for o in order]
        assert [(NAMES.index(a), NAMES.index(b)) for a, b in zip(own["source"], own["target"], strict=True)] == expected
        for (a, b), weight, share in zip(expected, own["weight"], own["percentile"], strict=True):
            assert weight == values[sample, a, b]
            assert share == (np.abs(values[:, a, b]) < abs(weight)).sum() / 7


def test_few_proteins_give_all_their_edges_and_edges_of_nothing_are_not_listed():
    values = influences(3)
    values[1, 0, 1] = 0
    table = found(values, count=40)
    assert table.groupby("sample").size().tolist() == [20, 19, 20]


def test_a_protein_without_a_name_has_no_edges():
    table = found(influences(), count=40, names=["P0", "", "P2", "P3", "P4"])
    assert table.groupby("sample").size().unique().tolist() == [12]
    assert "" not in {*table["source"], *table["target"]}


def test_what_was_not_measured_is_neither_listed_nor_counted():
    values = influences()
    values[2, 3] = values[2, :, 3] = np.nan
    table = found(values, count=40)
    assert table.groupby("sample").size().to_dict()["s2"] == 12
    largest = np.nanargmax(np.abs(values[:, 3, 0]))
    row = table[(table["sample"] == f"s{largest}") & (table["source"] == "P3") & (table["target"] == "P0")]
    assert row["percentile"].tolist() == [1]


def test_share_weaker_counts_the_others_only_and_ties_are_not_weaker():
    edge = np.array([0.0, 1.0, 1.0, 3.0, np.nan], np.float32)
    np.testing.assert_array_equal(share_weaker(edge, np.array([0, 1, 3], np.float32)), [0, 1 / 3, 1])
    assert np.isnan(share_weaker(edge[3:], edge[3:4])).all()


def test_nothing_predicted_gives_an_empty_table_with_its_columns():
    table = found(influences(), names=[""] * 5)
    assert table.empty
    assert list(table) == ["sample", "rank", "source", "target", "weight", "percentile"]
