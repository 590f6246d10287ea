"""Evidence that keeps to one place of the tile is found, and what is the same in all orientations is not."""

import numpy as np
import pytest

from biox.domains.histology.fixed_place import fixed_place, shares

PATIENTS, EACH, CELLS = 10, 12, 8


def tissue(rng: np.random.Generator, fibres: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares of relevance of tiles whose nuclei lie anywhere; with fibres, on the same side in a patient's tiles."""
    count = PATIENTS * EACH
    patient, group = np.repeat(np.arange(PATIENTS), EACH), np.tile([0, 1], count // 2)
    size = rng.gamma(0.5, size=(count, CELLS, CELLS))
    if fibres:
        size[..., :3] *= np.where(rng.integers(0, 2, PATIENTS)[patient], 2.0, 0.5)[:, None, None]
    return size / size.sum((1, 2), keepdims=True), group, patient


def with_corner(maps: np.ndarray, rows: np.ndarray, share: float = 0.2) -> np.ndarray:
    """Move a share of the relevance of some tiles into the top left corner."""
    changed = maps.copy()
    changed[rows] *= 1 - share
    changed[rows, 0, 0] += share
    return changed


def test_a_corner_in_one_class_is_found_where_it_is():
    maps, group, patient = tissue(np.random.default_rng(0))
    found = fixed_place(with_corner(maps, group == 1), group, patient, draws=199, seed=0)
    assert found.p == pytest.approx(1 / 200)
    assert (found.group, found.row, found.column) == (1, 0, 0)
    assert found.share > 5 * found.mirrored


def test_a_corner_on_a_tenth_of_one_class_is_found():
    rng = np.random.default_rng(1)
    maps, group, patient = tissue(rng)
    rows = (group == 1) & (rng.uniform(size=len(group)) < 0.1)
    assert fixed_place(with_corner(maps, rows, 0.6), group, patient, draws=999, seed=0).p < 0.05


@pytest.mark.parametrize("fibres", [False, True])
def test_tissue_alone_is_called_strange_as_often_as_alpha_says(fibres):
    rng = np.random.default_rng(2)
    p = [fixed_place(*tissue(rng, fibres), draws=99, seed=k).p for k in range(200)]
    assert np.mean(np.array(p) <= 0.05) <= 0.09  # 5 % of 200, and 2.6 standard errors
    assert np.mean(np.array(p) <= 0.5) == pytest.approx(0.5, abs=0.11)


def test_what_is_the_same_in_all_orientations_is_not_strange():
    maps, group, patient = tissue(np.random.default_rng(3))
    frame = np.ones((CELLS, CELLS), bool)
    frame[1:-1, 1:-1] = False
    maps = maps + 0.1 * frame
    plain = fixed_place(tissue(np.random.default_rng(3))[0], group, patient, draws=199, seed=0)
    assert fixed_place(maps, group, patient, draws=199, seed=0).p == pytest.approx(plain.p)


def test_a_mark_in_the_tiles_of_one_patient_alone_proves_nothing():
    maps, group, patient = tissue(np.random.default_rng(4))
    assert fixed_place(with_corner(maps, patient == 3), group, patient, draws=199, seed=0).p > 0.05


def test_few_patients_are_no_evidence():
    maps, group, patient = tissue(np.random.default_rng(5))
    found = fixed_place(maps, group, patient % 3, draws=99, seed=0)
    assert np.isnan(found.p)
    assert "3 patients" in found.reason


def test_shares_add_up_to_one_and_do_not_depend_on_sign_or_scale():
    heat = np.random.default_rng(6).normal(size=(4, 31, 45))
    found = shares(heat, CELLS)
    np.testing.assert_allclose(found.sum((1, 2)), 1)
    np.testing.assert_allclose(shares(-7 * heat, CELLS), found)
    np.testing.assert_allclose(shares(np.zeros((1, 16, 16)), CELLS), 1 / CELLS**2)
