import numpy as np
import pandas as pd
import pytest

from biox.core.graph_settings import Graph
from biox.core.influence_store import InfluenceHead, influence_writer, load_influences
from biox.graphs import averages

GROUPS = {"all": np.arange(9), "b": np.array([1, 4, 5, 8]), "none": np.array([], int)}


def influences(*, gaps):
    values = np.random.default_rng(1).standard_normal((9, 6, 6)).astype(np.float32)
    values[:, np.arange(6), np.arange(6)] = 0
    if gaps:
        for sample, protein in ((0, 2), (4, 2), (4, 3), (7, 5)):
            values[sample, protein] = values[sample, :, protein] = np.nan
        values[:, 1] = values[:, :, 1] = np.nan
    return values


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("limit", [1, 6 * 4 * 9 * 6 * 4, 2**29])
@pytest.mark.filterwarnings("ignore:All-NaN slice", "ignore:Mean of empty")
def test_averages_are_those_of_numpy_whatever_the_blocks(gaps, limit):
    values = influences(gaps=gaps)
    size = np.abs(values)
    both = (size + np.swapaxes(size, 1, 2)) / 2
    found = {
        "directed": averages.directed(values, GROUPS, limit_bytes=limit),
        "undirected": averages.undirected(values, GROUPS, limit_bytes=limit),
        "signed": averages.signed(values, GROUPS, limit_bytes=limit),
    }
    for name, rows in GROUPS.items():
        np.testing.assert_allclose(found["directed"][name], np.nanmedian(size[rows], axis=0), rtol=1e-6)
        np.testing.assert_allclose(found["undirected"][name], np.nanmedian(both[rows], axis=0), rtol=1e-6)
        np.testing.assert_allclose(found["signed"][name], np.nanmean(values[rows], axis=0), rtol=1e-5, atol=1e-7)


def test_the_undirected_average_is_not_the_mean_of_the_directed_ones():
    values = np.zeros((3, 2, 2), np.float32)
    values[:, 0, 1], values[:, 1, 0] = [1, 0, 0], [0, 1, 0]
    everyone = {"all": np.arange(3)}
    assert averages.undirected(values, everyone)["all"][0, 1] == 0.5
    assert averages.directed(values, everyone)["all"][0, 1] == 0


@pytest.mark.parametrize("top", [None, 2])
def test_stored_influences_have_the_same_averages_as_those_in_memory(tmp_path, top):
    values = influences(gaps=True)
    head = InfluenceHead("main", "lrp", {}, 9, tuple("abcdef"))
    with influence_writer(tmp_path, head, Graph(precision="float32", top=top)) as write:
        write(values, pd.DataFrame({"sample": list("123456789")}))
    stored = load_influences([tmp_path])["main"].values
    if top is not None:
        values = stored[:]
    for average in (averages.directed, averages.undirected, averages.signed):
        for limit in (1, 2**29):
            np.testing.assert_array_equal(
                average(stored, GROUPS, limit_bytes=limit)["all"], average(values, GROUPS)["all"]
            )


def test_balance_is_one_for_raising_minus_one_for_lowering_and_nothing_without_influence():
    values = np.zeros((4, 4, 4), np.float32)
    values[:, 0, 1] = 2
    values[:, 2, 1] = [-1, -2, -3, np.nan]
    values[:, 2, 3], values[:, 3, 2] = 1, -3
    found = averages.balance(values, np.arange(4), limit_bytes=1)
    np.testing.assert_array_equal(found, found.T)
    assert (found[0, 1], found[1, 2], found[2, 3]) == (1, -1, -0.5)
    assert np.isnan(found[0, 3])
