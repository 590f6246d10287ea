"""The table of truth tells true maps from blind and wrong ones, and judges no network that has not learnt."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import truth
import truth_methods
import truth_models as models
import truth_page
from truth_domains import proteomics, shown
from truth_measures import chances, measured
from truth_methods import controls
from truth_page import page
from truth_summary import summary
from truth_tasks import TASKS, Case, picture_only

from biox.explain import Background, explain
from biox.quality.truth import World, addition, linear, scenes

LINEAR = next(task for task in TASKS if task.name == "linear model")


@pytest.fixture(scope="module")
def evidence():
    inside = torch.zeros(40, 1, 12, 12, dtype=torch.bool)
    for k in range(40):
        inside[k, 0, k % 9 : k % 9 + 4, 2:6] = True
    return inside


def test_the_evidence_itself_is_the_best_map_and_its_reverse_the_worst(evidence):
    assert set(measured(evidence.float(), evidence).values()) == {1.0}
    worst = measured((~evidence).float(), evidence)
    assert set(worst.values()) == {0.0}


def test_a_flipped_sign_is_seen_by_the_signed_measure_alone(evidence):
    r = torch.rand(evidence.shape, generator=torch.Generator().manual_seed(0)) + evidence
    one, flipped = measured(r, evidence), measured(-r, evidence)
    for name in one:
        if name == "AUROC R":
            assert flipped[name] == pytest.approx(1 - one[name])
            assert one[name] > 0.95
        else:
            assert flipped[name] == one[name]


def test_random_maps_are_at_chance_in_every_measure(evidence):
    random = torch.Generator().manual_seed(1)
    share = torch.where(evidence, torch.randn(evidence.shape, generator=random), torch.tensor(0.0))
    for truth_of in (evidence, share):
        found = [measured(torch.randn(evidence.shape, generator=random), truth_of) for _ in range(60)]
        for name, chance in chances(truth_of).items():
            values = np.array([one[name] for one in found])
            assert abs(values.mean() - chance) < 4 * values.std() / 60**0.5 + 1e-3, name


def test_a_blank_map_counts_as_chance(evidence):
    assert measured(torch.zeros(evidence.shape), evidence) == pytest.approx(chances(evidence))


def test_known_shares_are_found_again_up_to_their_unit():
    truth_of = torch.tensor([[1.0, -2.0, 0.0, 0.5], [0.3, 0.0, -1.0, 2.0]])
    found = measured(3 * truth_of, truth_of)
    assert found["correlation"] == pytest.approx(1)
    assert found["rank correlation"] == pytest.approx(1)
    assert measured(-truth_of, truth_of)["correlation"] == pytest.approx(-1)
    assert "AUROC R" not in found  # evidence against the value is evidence too


def record(seed: int, good: float, learnt: float = 1.0) -> dict:
    """A world in which one method finds the evidence, one follows the input, and one knows nothing."""
    rng = np.random.default_rng(seed)
    names = ("RMA", "RRA", "pointing", "AUROC |R|", "AUROC R")

    def about(level: float, sign: float | None = None) -> dict[str, float]:
        values = {name: level + rng.normal(0, 0.01) for name in names}
        return values if sign is None else values | {"AUROC R": sign + rng.normal(0, 0.01)}

    return {
        "task": "gait",
        "seed": seed,
        "learnt": learnt,
        "chance": dict.fromkeys(names, 0.2),
        "methods": {"good": about(good), "like the input": about(0.4), "poor": about(0.2), "mirrored": about(0.9, 0.1)},
        "controls": {
            "random map": about(0.2),
            "size of the input": about(0.45),
            "lrp, untrained network": about(0.3),
            "lrp, moved": about(0.05),
        },
        "refused": {"picky": "it needs a convolution"},
        "warned": {},
        "seconds of method": {"good": 0.01, "like the input": 0.01, "poor": 0.01, "mirrored": 0.1},
    }


def test_methods_stand_where_they_belong():
    task = summary([record(seed, 0.8) for seed in range(10)])["tasks"]["gait"]
    stands = {name: one["stands"] for name, one in (task["methods"] | task["controls"]).items()}
    assert stands == {
        "good": "above every blind map",
        "like the input": "above chance",
        "poor": "at chance",
        "mirrored": "right place, wrong sign",
        "random map": "at chance",
        "size of the input": "above chance",
        "lrp, untrained network": "above chance",
        "lrp, moved": "below chance",
    }
    assert set(task["best blind map"].values()) == {"size of the input"}
    mean, low, high = task["methods"]["good"]["RMA"]
    assert low < mean < high
    assert mean == pytest.approx(0.8, abs=0.01)


def test_a_network_that_has_not_learnt_is_counted_but_not_explained():
    rows = [record(seed, 0.8) for seed in range(4)]
    rows += [{"task": "gait", "seed": 9, "learnt": 0.5}]
    task = summary(rows)["tasks"]["gait"]
    assert (task["seeds"], len(task["learnt"])) == (4, 5)
    none = summary(rows[-1:])
    assert "methods" not in none["tasks"]["gait"]
    hopeless = replace(LINEAR, enough=1.1)
    assert "methods" not in truth.of_world(LINEAR.make(0), hopeless, 0, {})


def test_the_page_names_every_map_and_every_refusal(monkeypatch):
    monkeypatch.setattr(truth_page, "reading", lambda found: "")
    text = page(summary([record(seed, 0.8) for seed in range(10)]) | {"torch": "2", "samples": 40})
    for word in ("good", "poor", "mirrored", "*lrp, moved*", "picky: it needs a convolution.", "10 of 10"):
        assert word in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)
    assert "| good | **yes** |" in text
    assert "| picky |  |" in text


def test_the_page_in_the_documents_is_that_of_the_results():
    found = json.loads(truth.RESULTS.read_text(encoding="utf-8"))
    assert truth.PAGE.read_text(encoding="utf-8") == page(found)
    assert "[[" not in truth.PAGE.read_text(encoding="utf-8")


def test_a_later_run_asks_only_new_methods(tmp_path, monkeypatch):
    made, heard = [], []

    def make(seed: int) -> Case:
        made.append(seed)
        return LINEAR.make(seed)

    def methods() -> list[str]:
        return ["gradient", "lrp"] if len(made) < 3 else ["gradient", "lrp", "sensitivity"]

    def told(*how: object) -> truth_methods.Told:
        heard.append(str(how[1]))
        return tell(*how)

    tell = truth_methods._told
    monkeypatch.setattr(truth_methods, "COMPOSITES", ())
    monkeypatch.setattr(truth_methods, "method_names", methods)
    monkeypatch.setattr(truth_methods, "_told", told)
    task = replace(LINEAR, make=make)
    truth.gathered([task], range(1), tmp_path)
    found = truth.gathered([task], range(2), tmp_path)
    again = truth.gathered([task], range(2), tmp_path)
    assert heard == ["gradient", "lrp", "gradient", "lrp", "sensitivity", "sensitivity"]
    assert set(again[0]["methods"]) == {"gradient", "lrp", "sensitivity"}
    assert again[0]["methods"]["lrp"] == found[0]["methods"]["lrp"]


def test_on_a_linear_model_the_true_shares_are_found_and_wrong_maps_are_not_believed():
    found = truth.of_world(LINEAR.make(3), LINEAR, 3, {})
    assert found["methods"]["lrp"]["correlation"] > 0.99
    assert found["methods"]["gradient_x_input"]["correlation"] > 0.99
    assert found["controls"]["lrp, sign flipped"]["correlation"] < -0.99
    assert abs(found["controls"]["lrp, moved"]["correlation"]) < 0.5
    assert {"grad_cam", "prediction_difference"} <= found["refused"].keys()


def test_controls_know_nothing_of_the_trained_network():
    case = LINEAR.make(0)
    lrp = explain(case.model, case.world.x, case.target)
    found = controls(case, seed=0)
    assert torch.equal(found["lrp, sign flipped"], -lrp)
    assert torch.equal(found["lrp, moved"].sort(1).values, lrp.sort(1).values)
    assert not torch.equal(found["lrp, moved"], lrp)
    assert torch.equal(found["size of the input"], case.world.x.abs())


def test_only_the_picture_of_a_scene_is_judged():
    r = torch.zeros(1, 3, 40, 36)
    r[:, :, 36:] = 5
    r[0, :, 0, 0] = 1
    found = picture_only(r)
    assert found.shape == (1, 1, 36, 36)
    assert found.sum() == 3


def test_a_dense_network_learns_a_weighted_sum_and_least_squares_is_exact():
    world = linear(1200, 0, noise=0.0)
    known, new = world.of(slice(1000)), world.of(slice(1000, None))
    assert models.explained_share(models.answers(models.solved(known), new.x)[:, 0], new.target) > 0.9999
    state = torch.get_rng_state()
    net = torch.nn.Sequential(torch.nn.Linear(20, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    state = torch.get_rng_state()
    models.trained(net, known, epochs=20, rate=1e-2, seed=0)
    assert torch.equal(torch.get_rng_state(), state)
    assert models.explained_share(models.answers(net, new.x)[:, 0], new.target) > 0.9
    assert not net.training


def test_the_networks_take_their_worlds():
    assert models.answers(models.Adder(8).eval(), addition(3, 0).x).shape == (3, 1)
    assert models.answers(models.Looker().eval(), scenes(3, 0).x).shape == (3, 5)


def test_a_hidden_protein_is_never_shown():
    _, new, levels = proteomics(0)
    rows = torch.arange(len(new.x))
    assert not new.x[rows, :, new.target].any()
    assert not new.evidence[rows, :, new.target].any()
    assert new.evidence.flatten(1).any(1).all()
    assert len(levels) == len(new.x)
    seen = shown(torch.tensor([[2.0, 3.0]]), torch.tensor([[True, False]]))
    assert seen.tolist() == [[[0.0, 3.0], [0.0, 1.0]]]


def test_the_difference_is_the_right_class_less_the_mean_of_the_others():
    weights = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]])
    model = torch.nn.Linear(2, 3)
    with torch.no_grad():
        model.weight.copy_(weights)
        model.bias.zero_()
    x = torch.tensor([[1.0, 1.0], [2.0, -1.0]])
    world = World(x, torch.tensor([1, 0]), torch.ones(2, 2, dtype=torch.bool), ("a", "b"))
    case = Case(model, model, world, world.target, 1.0, Background(), lambda r: r)
    target = truth_methods._of_difference(case).target
    score = (model(x) * target).sum(1)
    assert score.tolist() == pytest.approx([2 - (1 + 0) / 2, 2 - (-2 - 3) / 2])
