import numpy as np
import pytest

from biox.core.errors import InputError
from biox.domains.gait.speed_grf import SpeedGrfSettings, speed_grf

TRIALS = 6


def write(folder, **changed):
    """A tiny copy of spm1d's folder: ten people, six trials."""
    arrays = {f"ex_grf_subj{person:03d}": np.full((TRIALS, 101), 1.0 + person) for person in range(10)}
    arrays["ex_grf_speeds"] = np.arange(TRIALS * 10).reshape(TRIALS, 10) / 10
    arrays["ex_grf_speeds_cond"] = np.tile([[1], [2], [3], [1], [2], [3]], (1, 10))
    for name, values in (arrays | changed).items():
        np.save(folder / f"{name}.npy", values)
    return SpeedGrfSettings(folder=folder)


def test_measured_set_is_complete_and_ordered_by_speed():
    cohort = speed_grf(SpeedGrfSettings())
    assert cohort.x.shape == (600, 1, 101)
    assert cohort.label_level == "trial"
    assert (cohort.samples.groupby(["subject", "label"]).size() == 20).all()
    speed = cohort.samples.groupby(["subject", "label"])["speed_mps"].mean().unstack()
    assert ((speed["slow"] < speed["normal"]) & (speed["normal"] < speed["fast"])).all()
    assert cohort.samples["speed_mps"].between(0.5, 2.5).all()


def test_forces_are_not_called_body_weight_as_they_exceed_what_walking_allows():
    cohort = speed_grf(SpeedGrfSettings())
    person = cohort.samples["subject"].to_numpy()
    means = [cohort.x[person == name].mean() for name in np.unique(person)]
    assert min(means) > 1.05
    assert cohort.unit == "body weight, uncalibrated"


def test_each_trial_keeps_its_own_person_speed_and_label(tmp_path):
    cohort = speed_grf(write(tmp_path))
    row = cohort.samples.set_index("sample").loc["P03-4"]
    assert (row["label"], row["speed_mps"]) == ("slow", 3.2)
    assert (cohort.x[cohort.samples["sample"] == "P03-4"] == 3.0).all()


def test_array_of_another_length_is_named(tmp_path):
    settings = write(tmp_path, ex_grf_subj004=np.ones((TRIALS, 97)))
    with pytest.raises(InputError, match=r"ex_grf_subj004.npy: the array has shape \(6, 97\), expected \(6, 101\)"):
        speed_grf(settings)


def test_unknown_condition_is_refused(tmp_path):
    settings = write(tmp_path, ex_grf_speeds_cond=np.full((TRIALS, 10), 4))
    with pytest.raises(InputError, match="expected only the conditions 1, 2 and 3"):
        speed_grf(settings)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY rubbish", b"text"])
def test_broken_array_is_a_sentence(tmp_path, content):
    settings = write(tmp_path)
    (tmp_path / "ex_grf_speeds.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"ex_grf_speeds.npy"):
        speed_grf(settings)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There is no file .*nowhere"):
        speed_grf(SpeedGrfSettings(folder=tmp_path / "nowhere"))
