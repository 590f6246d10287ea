import numpy as np
import pytest

from biox.core.errors import InputError
from biox.domains.proteomics.duplicates import settled
from biox.domains.proteomics.levels import Levels

from .made_tables import PROTEINS, levels, sheet


def twice(types=("basal", "basal")) -> Levels:
    """24 samples, of which the first two are of one patient."""
    rows = sheet().rename(columns={"patient": "subject", "type": "label"})
    rows.loc[:1, "subject"] = "P00"
    rows.loc[:1, "label"] = types
    return Levels(levels().to_numpy(), rows, PROTEINS, "level", "levels.csv")


def test_several_samples_of_a_patient_are_refused_unless_the_settings_decide():
    with pytest.raises(InputError) as error:
        settled(twice(), "refuse")
    for word in ("'P00'", "'S00', 'S01'", "1 (2 samples)", "duplicates: keep", "average"):
        assert word in str(error.value)


def test_kept_samples_are_counted():
    found = settled(twice(), "keep")
    assert len(found.values) == 24
    assert "1 (2 samples)" in found.notes[0]


def test_averages_are_over_what_was_measured():
    before = twice()
    before.values[0, :2] = np.nan
    before.values[1, 1] = np.nan
    found = settled(before, "average")
    assert found.values.shape == (23, 5)
    assert found.values[0, 0] == before.values[1, 0]
    assert np.isnan(found.values[0, 1])
    assert found.values[0, 2] == pytest.approx(before.values[:2, 2].mean())
    np.testing.assert_array_equal(found.values[1:], before.values[2:])


def test_the_averaged_sample_is_called_like_the_patient_and_the_others_keep_their_names():
    samples = settled(twice(), "average").samples
    assert list(samples["sample"][:2]) == ["P00", "S02"]
    assert samples["batch"][0] == "b0+b1"
    assert samples["age_years"][0] == 40.5
    assert list(samples["label"][1:]) == list(sheet()["type"][2:])


def test_samples_of_two_types_are_never_averaged():
    with pytest.raises(InputError, match="'P00' has samples of the types 'basal', 'luminal'"):
        settled(twice(("basal", "luminal")), "average")


@pytest.mark.parametrize("how", ["refuse", "keep", "average"])
def test_nothing_happens_where_every_patient_has_one_sample(how):
    rows = sheet().rename(columns={"patient": "subject", "type": "label"})
    before = Levels(levels().to_numpy(), rows, PROTEINS, "level", "levels.csv")
    assert settled(before, how) is before
