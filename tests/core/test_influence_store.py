"""Influences on disk come back as they were given, by rows and by targets, all of them or the strongest."""

import numpy as np
import pandas as pd
import pytest

from biox.core import graph_store, influence_store
from biox.core.errors import InputError
from biox.core.graph_settings import Graph

PROTEINS = tuple(f"P{i}" for i in range(7))
EXACT, HALF = Graph(precision="float32"), Graph(precision="float16")


def influences(samples, proteins=7, seed=0):
    values = np.random.default_rng(seed).standard_normal((samples, proteins, proteins)).astype(np.float32)
    values[:, np.arange(proteins), np.arange(proteins)] = 0
    return values


def table(names):
    return pd.DataFrame({"sample": list(names), "masks": 3, "error": 0.05})


def write(shard, values, storage, *, pieces=2, variant="main", first=0):
    names = [f"s{first + i}" for i in range(len(values))]
    proteins = tuple(f"P{i}" for i in range(values.shape[1]))
    head = graph_store.InfluenceHead(variant, "lrp", {"gamma": 0.1}, len(values), proteins)
    with graph_store.influence_writer(shard, head, storage) as take:
        for rows in np.array_split(np.arange(len(values)), pieces):
            take(values[rows], table([names[i] for i in rows]))


def read(*shards):
    return graph_store.load_influences(shards)["main"]


def test_dense_influences_come_back_bit_by_bit_by_rows_and_by_targets(tmp_path, monkeypatch):
    monkeypatch.setattr(influence_store, "FILE_BYTES", 3 * 4 * 49)  # three samples a file
    monkeypatch.setattr(influence_store, "CHUNK_BYTES", 3 * 4 * 7 * 2)  # two targets a chunk
    values = influences(11)
    write(tmp_path / "0", values[:8], EXACT, pieces=5)
    write(tmp_path / "1", values[8:], EXACT, pieces=1, first=8)
    found = read(tmp_path / "0", tmp_path / "1")
    assert found.values.shape == (11, 7, 7)
    assert found.samples["sample"].tolist() == [f"s{i}" for i in range(11)]
    assert (found.method, found.settings, found.proteins) == ("lrp", {"gamma": 0.1}, PROTEINS)
    mask = np.arange(11) % 3 == 0
    for rows in (4, -1, slice(6, 10), slice(None), slice(9, 2, -2), [10, 0, 0, 7], mask, np.array([], int)):
        np.testing.assert_array_equal(found.values[rows], values[rows])
        assert found.values[rows].dtype == np.float32
    for start, stop in ((0, 7), (3, 4), (5, 99)):
        np.testing.assert_array_equal(found.values.targets(start, stop), values[:, :, start:stop])


@pytest.mark.parametrize("storage", [EXACT, HALF, Graph(precision="float32", top=3), Graph(top=3)])
def test_a_block_of_sources_and_targets_is_that_of_the_whole(tmp_path, storage):
    values = influences(9)
    values[4, 2], values[4, :, 2] = np.nan, np.nan
    write(tmp_path / "0", values[:5], storage)
    write(tmp_path / "1", values[5:], storage, first=5)
    found = read(tmp_path / "0", tmp_path / "1").values
    for sources, targets in (((0, 7), (3, 4)), ((1, 4), (0, 2)), ((2, 3), (1, 7)), ((5, 99), (4, 99))):
        block = found.block(slice(*sources), slice(*targets))
        np.testing.assert_array_equal(block, found[:][:, slice(*sources), slice(*targets)])


@pytest.mark.parametrize("size", [1e-30, 1e-9, 1.0, 1e9, 1e30])
def test_sixteen_bits_keep_three_digits_of_every_target_whatever_its_size(tmp_path, size):
    values = influences(6).astype(np.float64) * 10.0 ** np.linspace(-3, 3, 7) * size
    write(tmp_path, values.astype(np.float32), HALF)
    found = read(tmp_path).values[:]
    np.testing.assert_allclose(found, values, rtol=2.0**-11 * 1.01, atol=0)


def test_sixteen_bits_lose_nothing_but_digits_over_nine_orders_within_a_target(tmp_path):
    values = np.zeros((1, 7, 7), np.float32)
    values[0, :6, 6] = [1, -1e-2, 1e-4, -1e-6, 1e-8, 1e-9]
    write(tmp_path, values, HALF, pieces=1)
    np.testing.assert_allclose(read(tmp_path).values[0], values[0], rtol=2.0**-10, atol=0)


@pytest.mark.parametrize("storage", [EXACT, HALF, Graph(precision="float32", top=2), Graph(top=2)])
def test_missing_proteins_come_back_missing_and_nothing_else_does(tmp_path, storage):
    values = influences(5)
    values[1, 3], values[1, :, 3] = np.nan, np.nan
    values[2, 0], values[2, :, 0], values[2, 6], values[2, :, 6] = (np.nan,) * 4
    values[4] = np.nan
    write(tmp_path, values, storage)
    found = read(tmp_path).values
    np.testing.assert_array_equal(np.isnan(found[:]), np.isnan(values))
    np.testing.assert_array_equal(np.isnan(found.targets(2, 5)), np.isnan(values[:, :, 2:5]))


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_only_the_strongest_sources_of_each_target_are_kept_and_the_rest_is_zero(tmp_path, precision):
    values = influences(9)
    write(tmp_path, values, Graph(precision=precision, top=3), pieces=4)
    found = read(tmp_path).values
    place = np.argsort(np.argsort(-np.abs(values), axis=1), axis=1)
    expected = np.where(place < 3, values, 0)
    np.testing.assert_allclose(found[:], expected, rtol=0 if precision == "float32" else 2.0**-10)
    np.testing.assert_array_equal(found.targets(1, 6), found[:][:, :, 1:6])
    np.testing.assert_array_equal(found[[7, 2]], found[:][[7, 2]])


def test_the_strongest_of_many_proteins_take_a_fraction_of_the_room(tmp_path):
    values = influences(12, 120)
    write(tmp_path / "all", values, HALF)
    write(tmp_path / "top", values, Graph(top=6))
    sizes = {n: sum(f.stat().st_size for f in (tmp_path / n).rglob("*") if f.is_file()) for n in ("all", "top")}
    assert sizes["top"] < 0.2 * sizes["all"]


def test_a_shard_without_samples_adds_none(tmp_path):
    write(tmp_path / "0", influences(0), EXACT, pieces=1)
    write(tmp_path / "1", influences(2), EXACT)
    found = read(tmp_path / "0", tmp_path / "1")
    np.testing.assert_array_equal(found.values[:], influences(2))
    assert found.samples["sample"].tolist() == ["s0", "s1"]
    assert len(read(tmp_path / "0").values) == 0


def test_too_few_samples_leave_no_folder_behind(tmp_path):
    head = graph_store.InfluenceHead("main", "lrp", {}, 3, PROTEINS)
    with (
        pytest.raises(ValueError, match="3 samples were announced, but 2"),
        graph_store.influence_writer(tmp_path, head, EXACT) as take,
    ):
        take(influences(2), table("ab"))
    assert list(tmp_path.iterdir()) == []


def test_more_samples_than_announced_are_refused(tmp_path):
    head = graph_store.InfluenceHead("main", "lrp", {}, 3, PROTEINS)
    with (
        pytest.raises(ValueError, match="3 samples were announced, but more"),
        graph_store.influence_writer(tmp_path, head, EXACT) as take,
    ):
        take(influences(4), table("abcd"))


def test_influences_that_do_not_fit_their_table_or_are_infinite_or_have_single_gaps_are_refused(tmp_path):
    with pytest.raises(ValueError, match="shape"):
        write(tmp_path, influences(2)[:, :, :5], EXACT)
    wild = influences(2)
    wild[1, 2, 3] = np.inf
    with pytest.raises(InputError, match="infinite"):
        write(tmp_path, wild, HALF)
    wild[1, 2, 3] = np.nan
    with pytest.raises(ValueError, match="Single"):
        write(tmp_path, wild, Graph(top=2))


def test_a_sample_in_two_shards_or_shards_of_other_proteins_are_refused(tmp_path):
    write(tmp_path / "0", influences(2), EXACT)
    write(tmp_path / "1", influences(2), EXACT, first=1)
    write(tmp_path / "2", influences(2, 5), EXACT, first=9)
    with pytest.raises(InputError, match="'s1'"):
        read(tmp_path / "0", tmp_path / "1")
    with pytest.raises(InputError, match="proteins"):
        read(tmp_path / "0", tmp_path / "2")


def test_variants_are_joined_each_for_itself_and_main_comes_first(tmp_path):
    for fold, variant in ((0, "alone"), (0, "main"), (1, "main")):
        write(tmp_path / str(fold), influences(2 + fold), EXACT, variant=variant, first=5 * fold)
    found = graph_store.load_influences([tmp_path / "0", tmp_path / "1"])
    assert {name: len(one.values) for name, one in found.items()} == {"main": 5, "alone": 2}
    assert next(iter(found)) == "main"
