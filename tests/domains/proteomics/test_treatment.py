import numpy as np
import pytest

from biox.core.errors import InputError
from biox.domains.proteomics.levels import Levels
from biox.domains.proteomics.sheet import Sheet
from biox.domains.proteomics.treatment import Treatment, cohort_of

from .made_tables import PROTEINS, levels, sheet


def made(values=None) -> Levels:
    values = levels().to_numpy() if values is None else values
    return Levels(values, sheet(), PROTEINS, "intensity", "levels.csv")


def treated(values=None, usual="none", **options):
    return cohort_of(made(values), Sheet(), Treatment.model_validate(options), usual)


@pytest.mark.parametrize(("log", "function"), [("log2", np.log2), ("log10", np.log10), ("log1p", np.log1p)])
def test_logarithms_are_taken_and_named_in_the_unit(log, function):
    cohort = treated(log=log)
    np.testing.assert_allclose(cohort.x, function(levels().to_numpy()), rtol=1e-6)
    assert cohort.unit == f"{log} intensity"


def test_a_format_has_its_usual_logarithm_unless_the_settings_say_otherwise():
    assert treated(usual="log2").unit == "log2 intensity"
    assert treated(usual="log2", centre="batch").unit == "log2 intensity, centred"
    assert treated(usual="log2", log="none").unit == "intensity"


@pytest.mark.parametrize(
    ("log", "value", "way_out"), [("log2", -1.5, "log: none"), ("log2", 0.0, "zero: not measured")]
)
def test_a_level_without_a_logarithm_is_named(log, value, way_out):
    values = levels().to_numpy()
    values[7, 2] = value
    with pytest.raises(InputError) as error:
        treated(values, log=log)
    for word in ("'S07'", "'14-3-3_beta'", f"{value:g}", "no log2", way_out):
        assert word in str(error.value)


def test_zero_has_a_log1p_but_negative_levels_do_not():
    values = levels().to_numpy()
    values[7, 2] = 0
    assert treated(values, log="log1p").x[7, 2] == 0
    values[7, 2] = -0.1
    with pytest.raises(InputError, match=r"level -0\.1, which has no log1p"):
        treated(values, log="log1p")


def test_zeros_are_gaps_where_that_is_said():
    values = levels().to_numpy()
    values[7, 2] = 0
    cohort = treated(values, log="log2", zero="not measured")
    assert np.isnan(cohort.x[7, 2])
    assert "1 levels of 0 were taken as not measured." in cohort.notes


@pytest.mark.parametrize("centre", ["batch", "type"])
def test_levels_are_centred_within_a_column(centre):
    column = sheet()[centre]
    means = [treated(centre=centre).x[(column == value).to_numpy()].mean(axis=0) for value in set(column)]
    np.testing.assert_allclose(means, 0, atol=1e-5)


def test_centring_by_a_column_that_tells_all_samples_apart_leaves_nothing():
    with pytest.raises(InputError, match="same level in all samples"):
        treated(centre="age_years")


def test_samples_in_tiny_groups_are_counted_when_levels_are_centred():
    rows = sheet().assign(plate=["lonely", "pair", "pair", *["large"] * (len(sheet()) - 3)])
    small = Levels(levels().to_numpy(), rows, PROTEINS, "intensity", "levels.csv")
    notes = cohort_of(small, Sheet(), Treatment(centre="plate")).notes
    assert any(note.endswith("3 samples are in groups of fewer than 5.") for note in notes)
    assert not any("fewer than" in note for note in treated(centre="batch").notes)


def test_levels_are_centred_by_protein():
    np.testing.assert_allclose(treated(centre="protein").x.mean(axis=0), 0, atol=1e-5)


def test_centring_cannot_hide_a_constant_protein():
    values = levels().to_numpy()
    values[:, 1] = 0.1 + 0.2
    for centre in ("none", "protein", "batch"):
        with pytest.raises(InputError, match="'TP53' has the same level"):
            treated(values, centre=centre)


def test_a_single_protein_is_too_few():
    with pytest.raises(InputError, match="1 protein is left"):
        treated(without=PROTEINS[1:])


def test_everything_that_was_done_is_said():
    values = levels().to_numpy()
    values[:, 3], values[2, 2] = 0, 0
    notes = treated(values, log="log2", zero="not measured", least_measured=0.5, centre="batch", fill="mean").notes
    for word in ("of 0", "Left out", "centred", "filled"):
        assert any(word in note for note in notes)
