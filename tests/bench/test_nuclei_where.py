"""The measures behind bench/nuclei_where.py, on heatmaps and models whose truth is known."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

pytest.importorskip("captum")
BENCH = Path(__file__).parent.parent.parent / "bench"
sys.path.insert(0, str(BENCH))

import nuclei_methods as methods  # noqa: E402
import nuclei_where as bench  # noqa: E402


@pytest.fixture(scope="module")
def asked():
    """A network without biases, whose convolutions end in ReLU, and tiles."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 256, 2, bias=False)
    )
    bounds = (torch.full((3, 1, 1), end) for end in (-2.0, 2.0))
    return methods.Asked(model.eval(), *bounds), torch.rand(4, 3, 16, 16) - 0.5


def test_every_explanation_is_a_map_of_the_tile(asked):
    of, x = asked
    for settings in methods.families(of).values():
        for explain in settings.values():
            found = explain(x.clone().requires_grad_())
            assert found.shape[0] == 4
            assert found.shape[1] in (1, 3)
            assert found.shape[2:] == (16, 16)


def test_integrated_gradients_account_for_the_difference_to_their_baseline(asked):
    of, x = asked
    score = methods.Margin(of.model)
    whites = {"from the mean colour": torch.zeros_like(x), "from white": of.high.expand_as(x)}
    for name, baseline in whites.items():
        r = methods.families(of)["integrated gradients"][name](x)
        assert torch.allclose(r.sum((1, 2, 3)), score(x) - score(baseline), atol=0.05)


def test_epsilon_is_gradient_x_input_in_a_network_of_relus(asked):
    of, x = asked
    found = methods.families(of)
    ours, theirs = found["LRP"]["epsilon"](x), found["gradient x input"][""](x.clone().requires_grad_())
    assert (ours - theirs).norm() / theirs.norm() < 0.01


def test_the_setting_is_chosen_on_validation_though_another_is_better_on_test():
    rng = np.random.default_rng(0)
    rows = []
    for part in ("validation", "test"):
        for method, setting in (("LRP", "a"), ("LRP", "b"), ("gradient", "")):
            good = (setting == "a") == (part == "validation")
            level = 0.2 if method == "gradient" else 0.9 if good else 0.5
            value = level + rng.normal(0, 0.01, 40)
            names = {"fold": 0, "part": part, "method": method, "setting": setting, "colours": "sum"}
            tiles = {"row": np.arange(40), "image": np.repeat(np.arange(10), 4).astype(str)}
            values = {"RMA": value, "RRA": value, "chance": np.full(40, 0.2), "blank": False}
            rows.append(pd.DataFrame({**names, **tiles, **values}))
    found = bench.compared(pd.concat(rows))["test"]["all"]
    lrp, gradient = (found["methods"][name] for name in ("LRP", "gradient"))
    assert lrp["RMA"][0] == pytest.approx(0.5, abs=0.01)
    assert gradient["LRP minus it, RMA"][1] > 0.28
    assert gradient["above chance, RMA"][1] < 0 < gradient["above chance, RMA"][2]
    assert found["images"] == 10


def test_a_blank_heatmap_counts_as_chance():
    masks = np.zeros((2, 8, 8), bool)
    masks[:, :2] = True
    blank = bench._scored(torch.zeros_like, torch.rand(2, 3, 8, 8), masks)["sum"]
    assert blank["RMA"].tolist() == blank["RRA"].tolist() == [0.25, 0.25]
    assert blank["blank"].all()
