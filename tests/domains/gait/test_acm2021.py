from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from biox.core.errors import InputError
from biox.domains.gait.acm2021 import NOTE_CHANNELS, Acm2021Settings, acm2021

KNEE = "2021_acm_small_dataset_v3_aff-unaff-nonorm_1-3_.mat"


def arrays(trials: int = 4) -> dict[str, np.ndarray]:
    """A tiny archive in the published layout: two people, healthy and knee."""
    half = trials // 2
    rng = np.random.default_rng(0)
    return {
        "X": rng.uniform(-0.4, 0.4, (trials, 6, 101)),
        "class_index": np.repeat([0, 2], half),
        "subject": np.repeat([3, 7], half),
        "fold": np.repeat([0, 1], half),
    }


def matlab(trials: int = 4) -> dict[str, np.ndarray]:
    published = arrays(trials)
    return {
        "Feature": published["X"],
        "Target_Injury": np.eye(4, dtype=np.uint8)[published["class_index"]],
        "Target_Subject": np.eye(194, dtype=np.uint8)[published["subject"]],
    }


def read(file: Path, **more: Path):
    return acm2021(Acm2021Settings(file=file, **more))


def save(tmp_path: Path, **changed: np.ndarray) -> Path:
    file = tmp_path / "forces.npz"
    np.savez(file, **(arrays() | changed))
    return file


def test_tiny_archive_is_read_as_it_stands(tmp_path):
    cohort = read(save(tmp_path))
    assert np.array_equal(cohort.x, arrays()["X"])
    assert list(cohort.samples["sample"]) == ["S003-1", "S003-2", "S007-1", "S007-2"]
    assert list(cohort.samples["fold"]) == [0, 0, 1, 1]
    assert cohort.classes == ("healthy", "knee")
    assert NOTE_CHANNELS in cohort.notes


def test_matlab_and_archive_give_the_same_cohort(tmp_path):
    savemat(tmp_path / "forces.mat", matlab())
    from_matlab, from_archive = read(tmp_path / "forces.mat"), read(save(tmp_path))
    assert np.array_equal(from_matlab.x, from_archive.x)
    pd.testing.assert_frame_equal(from_matlab.samples, from_archive.samples.drop(columns="fold"))


def test_wrong_number_of_points_is_said(tmp_path):
    with pytest.raises(
        InputError, match=r"forces.npz: the forces have shape \(4, 6, 97\), expected \(trials, 6, 101\)"
    ):
        read(save(tmp_path, X=np.zeros((4, 6, 97))))


def test_gap_is_named_by_trial_channel_and_percent(tmp_path):
    x = arrays()["X"]
    x[2, 4, 50] = np.nan
    with pytest.raises(InputError, match=r"trial 'S007-1', channel 'unaffected AP' is nan at 50 %"):
        read(save(tmp_path, X=x))


def test_forces_in_newton_are_refused(tmp_path):
    x = arrays()["X"]
    x[1] *= 2000
    with pytest.raises(InputError, match=r"trial 'S003-2' peaks at \d+.*looks like newton.*units are mixed"):
        read(save(tmp_path, X=x))


@pytest.mark.parametrize("scaled", [lambda x: x - x.min(), lambda x: x / x.max(), lambda x: x / x.std()])
def test_normalised_version_of_the_file_is_refused(tmp_path, scaled):
    with pytest.raises(InputError, match="seems to be normalised: take the one called 'nonorm'"):
        read(save(tmp_path, X=scaled(arrays()["X"])))


def test_matlab_file_that_merges_classes_is_refused(tmp_path):
    content = matlab()
    savemat(tmp_path / "forces.mat", content | {"Target_Injury": content["Target_Injury"][:, [0, 2]]})
    with pytest.raises(InputError, match=r"Target_Injury: expected 4 columns, found shape \(4, 2\)"):
        read(tmp_path / "forces.mat")


def test_unknown_class_number_is_named(tmp_path):
    with pytest.raises(InputError, match="unknown class number 9; known are 0 to 3"):
        read(save(tmp_path, class_index=np.array([0, 0, 9, 9])))


def test_arrays_of_different_length_are_refused(tmp_path):
    with pytest.raises(InputError, match="different numbers of trials"):
        read(save(tmp_path, subject=np.array([3, 3, 7])))


def test_missing_array_lists_those_found(tmp_path):
    np.savez(tmp_path / "forces.npz", X=arrays()["X"])
    with pytest.raises(InputError, match="missing 'class_index', 'subject'; it has 'X'"):
        read(tmp_path / "forces.npz")


@pytest.mark.parametrize("name", ["forces.npz", "forces.mat"])
@pytest.mark.parametrize("content", [b"", b"\x00\x17rubbish" * 40, b"PK\x03\x04 cut off"])
def test_broken_file_is_a_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        read(tmp_path / name)


@pytest.mark.parametrize("name", ["forces.npz", "forces.mat"])
def test_truncated_file_is_a_sentence(tmp_path, name):
    savemat(tmp_path / "forces.mat", matlab())
    save(tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=f"{name} cannot be read"):
        read(tmp_path / name)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There is no file .*absent.npz"):
        read(tmp_path / "absent.npz")


def test_splits_without_permutation_are_refused(tmp_path):
    savemat(tmp_path / "forces.mat", matlab())
    with pytest.raises(InputError, match="belong together"):
        read(tmp_path / "forces.mat", splits=tmp_path / "meta_splits.mat")


def test_splits_of_another_set_are_refused(tmp_path):
    savemat(tmp_path / "forces.mat", matlab())
    savemat(tmp_path / "p.mat", {"P": np.arange(970)})
    sets = np.empty(2, object)
    sets[:] = [np.arange(500), np.arange(500, 970)]
    savemat(tmp_path / "s.mat", {"S": sets})
    with pytest.raises(InputError, match="classes of 310, 215, 260, 185 trials, but the file of forces has 2, 0, 2, 0"):
        read(tmp_path / "forces.mat", splits=tmp_path / "s.mat", permutation=tmp_path / "p.mat")


def test_real_archive_has_the_published_counts(shared_data):
    cohort = read(shared_data / "gait-acm2021/grf_194subjects.npz")
    people = cohort.samples.drop_duplicates("subject")
    assert cohort.x.shape == (970, 6, 101)
    assert people["label"].value_counts().to_dict() == {"healthy": 62, "ankle": 43, "knee": 52, "hip": 37}
    assert cohort.samples["label"].value_counts().to_dict() == {"healthy": 310, "ankle": 215, "knee": 260, "hip": 185}
    assert (cohort.samples.groupby("subject")["fold"].nunique() == 1).all()
    assert sorted(cohort.samples["fold"].unique()) == list(range(10))


def test_second_channel_brakes_then_pushes_so_it_is_anteroposterior(shared_data):
    """The reason for the corrected names: only an antero-posterior force changes its sign at mid-stance."""
    cohort = read(shared_data / "gait-acm2021/grf_194subjects.npz")
    mean = cohort.x.mean(0)
    early, late = mean[:, 10:30].mean(1), mean[:, 75:92].mean(1)
    changes_sign = dict(zip(cohort.axes[0].labels, early * late < 0, strict=True))
    assert changes_sign == {name: name.endswith("AP") for name in cohort.axes[0].labels}


def test_real_matlab_file_equals_the_archive_for_healthy_and_knee(shared_data):
    folder = shared_data / "gait-acm2021"
    given = {"splits": folder / "meta_splits.mat", "permutation": folder / "meta_permutation.mat"}
    part, full = read(folder / KNEE, **given), read(folder / "grf_194subjects.npz")
    same = full.take(full.samples["label"].isin(part.classes).to_numpy())
    assert part.classes == ("healthy", "knee")
    assert np.array_equal(part.x, same.x)
    pd.testing.assert_frame_equal(part.samples, same.samples)
