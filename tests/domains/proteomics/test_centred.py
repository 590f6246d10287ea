import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biox.core.errors import InputError
from biox.core.find import bind, find
from biox.domains.proteomics.centred import centred


@given(seed=st.integers(0, 1000), groups=st.integers(1, 5))
def test_it_is_each_protein_minus_its_mean_in_the_group(seed, groups):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(30, 4))
    x[rng.random(x.shape) < 0.2] = np.nan
    samples = pd.DataFrame({"label": rng.integers(groups, size=30).astype(str)})
    expected = pd.DataFrame(x) - pd.DataFrame(x).groupby(samples["label"]).transform("mean")
    np.testing.assert_allclose(centred(x, samples), expected, atol=1e-12)


def test_what_was_not_measured_stays_so_and_the_type_stays():
    x = np.array([[1, np.nan], [3, np.nan], [5, 2]], np.float32)
    found = centred(x, pd.DataFrame({"batch": ["a", "a", "b"]}), by="batch")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[-1, np.nan], [1, np.nan], [0, 0]])
    assert x[0, 0] == 1


def test_a_shift_of_one_group_makes_no_difference():
    x = np.random.default_rng(0).normal(size=(20, 3))
    samples = pd.DataFrame({"label": ["a", "b"] * 10})
    shifted = x + (samples["label"] == "b").to_numpy()[:, None] * 7
    np.testing.assert_allclose(centred(x, samples), centred(shifted, samples), atol=1e-12)


def test_an_unknown_column_or_group_is_refused():
    samples = pd.DataFrame({"sample": ["s1", "s2"], "batch": ["a", ""]})
    with pytest.raises(InputError, match="'plate'"):
        centred(np.zeros((2, 1)), samples, by="plate")
    with pytest.raises(InputError, match="'s2' has no value"):
        centred(np.zeros((2, 1)), samples, by="batch")


def test_a_study_can_name_it_as_its_preparation():
    function = find("biox.domains.proteomics", "centred")
    assert bind(function, {"by": "batch"}, "prepare") == {"by": "batch"}
    with pytest.raises(InputError, match="unknown key 'on'"):
        bind(function, {"on": "batch"}, "prepare")
