"""The measures behind docs/canonisation.md, on heatmaps and models whose truth is known."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

BENCH = Path(__file__).parent.parent.parent / "bench"
sys.path.insert(0, str(BENCH))

import canonisation_page  # noqa: E402
import evidence  # noqa: E402
import evidence_nets as nets  # noqa: E402
import gamma_search  # noqa: E402
import heatmap_metrics as metrics  # noqa: E402
from replacement import Cells, bridged, inpainted, mean_filled  # noqa: E402

from biox import lrp  # noqa: E402


@pytest.fixture
def linear():
    """Samples of a linear score, and its exact relevance."""
    generator = torch.Generator().manual_seed(0)
    x, w = torch.randn(30, 2, 20, generator=generator), torch.randn(2, 20, generator=generator)
    cells = Cells(torch.arange(2)[:, None] * 10 + torch.arange(20) // 2, mean_filled)
    return x, x * w, cells, lambda x: (x * w).flatten(1).sum(1)


def test_a_straight_line_is_bridged_exactly():
    line = torch.linspace(-3, 4, 20).expand(5, 2, 20)
    gone = torch.rand(5, 2, 20, generator=torch.Generator().manual_seed(1)) < 0.6
    gone[..., [0, -1]] = False
    assert gone.any()
    assert torch.allclose(bridged(line, gone), line, atol=1e-6)


def test_a_bridge_is_level_at_the_ends_and_zero_where_nothing_is_left():
    x = torch.arange(1.0, 6.0).expand(1, 3, 5)
    gone = torch.tensor([[[1, 1, 0, 0, 0], [0, 0, 0, 1, 1], [1, 1, 1, 1, 1]]]).bool()
    assert bridged(x, gone)[0].tolist() == [[3, 3, 3, 4, 5], [1, 2, 3, 3, 3], [0, 0, 0, 0, 0]]


def test_inpainting_keeps_a_plain_colour_and_removes_a_spot_that_is_taken_away():
    plain = torch.tensor([1.0, -2.0, 0.5])[:, None, None].expand(1, 3, 32, 32)
    gone = (torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(3)) < 0.7).expand(1, 3, 8, 8)
    gone = gone.repeat_interleave(4, 2).repeat_interleave(4, 3)
    assert gone.any()
    assert torch.allclose(inpainted(plain, gone, cell=4), plain, atol=1e-5)
    spot = torch.zeros(1, 3, 32, 32, dtype=torch.bool)
    spot[:, :, 8:24, 8:24] = True
    assert torch.allclose(inpainted(torch.where(spot, 9.0, plain), spot, cell=4), plain, atol=1e-5)
    assert (inpainted(plain, torch.ones_like(gone), cell=4) == 0).all()


def test_a_heatmap_on_the_evidence_alone_is_perfect_and_one_beside_it_worthless():
    mask = np.zeros((3, 8, 8), bool)
    mask[:, 2:4, 2:6] = True
    inside = torch.from_numpy(mask).float()[:, None].expand(-1, 2, -1, -1)
    perfect, worthless = metrics.where(inside, mask), metrics.where(1 - inside, mask)
    assert [set(perfect[name]) for name in ("mu", "weighted mu", "RMA", "RRA")] == [{1.0}, {8.0}, {1.0}, {1.0}]
    assert [set(worthless[name]) for name in ("mu", "weighted mu", "RMA", "RRA")] == [{0.0}] * 4


def test_mu_forgives_negative_relevance_beside_the_evidence_and_rma_does_not():
    mask = np.array([[True, False]])
    found = metrics.where(torch.tensor([[1.0, -3.0]]), mask)
    assert (found["mu"][0], found["RMA"][0]) == (1.0, 0.25)


def test_true_ranking_flips_faster_than_a_random_one_and_that_faster_than_the_reverse(linear):
    x, relevance, cells, score = linear
    random = torch.randn(x.shape, generator=torch.Generator().manual_seed(2))
    areas = [metrics.flipping(score, x, r, cells) for r in (relevance, random, -relevance)]
    assert (areas[0] > areas[1]).all()
    assert (areas[1] > areas[2]).all()


def test_the_relevance_of_a_linear_score_correlates_fully_with_its_falls(linear):
    x, relevance, cells, score = linear
    made = metrics.probes(score, x, cells, seed=0)
    assert metrics.faithfulness_correlation(relevance, cells, made) == pytest.approx(1)
    assert abs(metrics.faithfulness_correlation(torch.randn_like(x), cells, made).mean()) < 0.1


def test_only_a_heatmap_that_moves_is_sensitive(linear):
    x, relevance, _, _ = linear
    still = metrics.sensitivity(lambda _: relevance, x, relevance, radius=0.1, draws=3, seed=0)
    moving = metrics.sensitivity(lambda x: x, x, x, radius=0.1, draws=200, seed=0)
    assert still["maximum sensitivity"].max() == 0
    expected = 0.1 * math.sqrt(40 / 3) / x.flatten(1).norm(dim=1).numpy()  # root mean square of uniform noise
    assert moving["average sensitivity"] == pytest.approx(expected, rel=0.05)
    assert (moving["maximum sensitivity"] > moving["average sensitivity"]).all()


def test_one_value_is_simple_and_equal_values_are_not():
    found = metrics.complexity(torch.stack([torch.eye(10)[3], -torch.ones(10)]))
    assert found["entropy"] == pytest.approx([0, 1])
    assert found["sparseness"] == pytest.approx([0.9, 0])


def test_coordinate_search_finds_the_best_of_a_separable_objective(monkeypatch):
    monkeypatch.setattr(gamma_search, "grouped", lambda gammas: gammas)
    best = (0.0, 4.0, math.inf, 0.1)
    found = gamma_search.search(lambda gammas: sum(a == b for a, b in zip(gammas, best, strict=True)))
    assert (found.gammas, found.objective, found.start) == (best, 4, 0)
    assert found.tried < len(gamma_search.VALUES) ** 4


@pytest.mark.parametrize(("make", "shape"), [(nets.vgg_like, (3, 64, 64)), (nets.curve_cnn, (6, 101))])
def test_each_group_of_gammas_changes_the_heatmap(make, shape):
    torch.manual_seed(0)
    model, x = make().eval(), torch.randn(2, *shape)
    before = lrp.relevance(model, x, torch.ones(2, 1), gamma_search.grouped((0.0, 0.0, 0.0, 0.0)))
    for group in range(4):
        gammas = tuple(1.0 if i == group else 0.0 for i in range(4))
        after = lrp.relevance(model, x, torch.ones(2, 1), gamma_search.grouped(gammas))
        assert not torch.allclose(before, after, rtol=1e-3)


def test_every_ill_person_has_one_evidence_window_and_no_healthy_one_has_any():
    task = evidence.windows(people=80)
    windows, ill = task.mask.reshape(80, -1).sum(1), task.y.numpy() == 1
    assert set(windows[ill]) == {2 * evidence.HALF + 1}
    assert set(windows[~ill]) == {0}
    places = {(np.flatnonzero(m.any(1))[0], int(np.flatnonzero(m.any(0)).mean())) for m in task.mask[ill]}
    assert places == set(evidence.EVIDENCE)


def test_a_tile_keeps_its_pixels_and_its_mask_together():
    field = np.arange(2 * 128 * 192).reshape(2, 128, 192)
    tiles = evidence._tiles(field)
    assert tiles.shape == (12, 64, 64)
    assert (tiles[3] == field[0, 64:, :64]).all()
    assert (evidence._tiles(np.stack([field, -field], 3))[7, ..., 1] == -tiles[7]).all()


def test_absent_images_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("BIOX_SHARED_DATA", str(tmp_path))
    with pytest.raises(evidence.InputError, match="BIOX_SHARED_DATA"):
        evidence.nuclei()


@pytest.mark.slow
def test_no_field_of_tissue_is_in_two_parts_and_nuclei_are_stained(monkeypatch, shared_data):
    monkeypatch.setenv("BIOX_SHARED_DATA", str(shared_data))
    task = evidence.nuclei()
    assert all(len(set(task.part[task.unit == field])) == 1 for field in set(task.unit))
    ink, mask = task.x.mean(1).numpy(), task.mask
    inside, outside = ink[mask].mean(), ink[~mask].mean()
    assert inside < outside - 0.5  # nuclei absorb light: masks lie where the image is dark
    assert ((task.mask.mean((1, 2)) > 0) == (task.y.numpy() == 1)).all()


@pytest.mark.parametrize(
    ("metric", "mean", "low", "seeds", "said"),
    [
        ("RMA", 0.2, 0.1, (0.1, 0.3), "better"),
        ("entropy", 0.2, 0.1, (0.1, 0.3), "worse"),
        ("RMA", 0.2, -0.1, (0.1, 0.3), "open"),
        ("RMA", 0.2, 0.1, (-0.1, 0.5), "open"),
        ("RMA", 0.0002, 0.0001, (0.0001, 0.0003), "open"),
    ],
)
def test_a_difference_is_claimed_only_if_samples_and_networks_agree(metric, mean, low, seeds, said):
    found = {"mean": mean, "low": low, "high": 2 * mean, "by seed": list(seeds)}
    assert canonisation_page.verdict(metric, found) == said


def test_a_cell_goes_as_a_whole():
    cells = Cells(torch.tensor([[0, 0, 1], [2, 2, 2]]), mean_filled)
    gone = cells.without(torch.ones(1, 2, 3), torch.tensor([[True, False, True]]))
    assert gone[0].tolist() == [[0, 0, 1], [0, 0, 0]]
    assert cells.summed(torch.ones(1, 2, 3)).tolist() == [[2, 1, 3]]


@pytest.mark.slow
def test_training_gives_a_model_in_evaluation_mode_that_names_planted_windows():
    task = evidence.windows()
    model = nets.trained(nets.curve_cnn, task, 12, 0)
    assert not any(isinstance(module, nn.Module) and module.training for module in model.modules())
    rows = task.rows("test")
    right = (nets.scores(model, task.x[rows]) > 0) == (task.y[rows] > 0)
    assert right.float().mean() > 0.9
