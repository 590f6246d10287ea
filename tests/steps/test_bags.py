"""Slides as bags of tiles, through training and explanation as a study runs them."""

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import save_file

from biox.core.store import load_fit, save_fit
from biox.core.study import Study
from biox.core.types import Axis, Cohort
from biox.models import build
from biox.steps.attribute import attribute
from biox.steps.train import train

TILES, SIDE = 4, 16
ENCODER = {"widths": [[8], [16]], "hidden": []}


def slides(count: int = 90, seed: int = 0) -> tuple[Cohort, np.ndarray]:
    """Every other slide has one tile with a bright square; also which tile."""
    rng = np.random.default_rng(seed)
    x = rng.integers(60, 130, (count, 3, TILES, SIDE, SIDE)).astype(np.uint8)
    planted = rng.integers(TILES, size=count)
    for k in range(1, count, 2):
        row, column = rng.integers(0, SIDE - 6, 2)
        x[k, :, planted[k], row : row + 6, column : column + 6] = 220
    names = [f"slide {k}" for k in range(count)]
    label = np.where(np.arange(count) % 2, "tumour", "none")
    samples = pd.DataFrame({"sample": names, "subject": names, "label": label, "slide": names})
    places = [Axis(name, tuple(map(str, range(SIDE))), "px") for name in ("y", "x")]
    axes = (Axis("colour", ("red", "green", "blue")), Axis("tile", tuple(map(str, range(TILES)))), *places)
    cohort = Cohort(x, samples, axes, "8-bit intensity", ("none", "tumour"), "subject", bounds=(0.0, 255.0))
    return cohort, planted


def study(model: dict[str, object]) -> Study:
    settings = {
        "name": "bags",
        "title": "t",
        "question": "q",
        "domain": "histology",
        "data": {"source": "slides"},
        "folds": {"count": 3},
        "model": {"name": "attention_mil", "hidden": 8, **model},
        "training": {"epochs": 30, "batch": 10, "learning_rate": 5e-3, "turn": True, "stain": 0.02, "shift": 2},
        "methods": {"lrp": {"composite": "epsilon-gamma-box", "target": "tumour - none", "samples": "test"}},
        "compute": {"device": "cpu"},
    }
    return Study.model_validate(settings)


@pytest.mark.slow
@pytest.mark.parametrize("frozen", [False, True])
def test_a_study_of_slides_finds_the_tile_that_was_planted(tmp_path, frozen):
    (cohort, planted), model = slides(), {"encoder": "vgg", "arguments": ENCODER}
    if frozen:
        # A random encoder stands for one that was trained elsewhere: even its features tell bright squares from noise.
        save_file(build("vgg", (3, SIDE, SIDE), 2, ENCODER, seed=3).state_dict(), tmp_path / "encoder.safetensors")
        model |= {"weights": str(tmp_path / "encoder.safetensors"), "frozen": True}
    fits = train(cohort, study(model), 0)
    save_fit(fits["main"], tmp_path / "fit")
    (tmp_path / "encoder.safetensors").unlink(missing_ok=True)
    test = (fits["main"].scores["part"] == "test").to_numpy()
    assert (fits["main"].logits("test").argmax(1) == cohort.y[test]).mean() > 0.9
    # The baseline sees mean and spread of the colours over the whole bag.
    assert fits["logistic"].weights["linear.weight"].shape == (2, 6)
    found = attribute(cohort, {"main": load_fit(tmp_path / "fit")}, "lrp", study(model))["main"]
    assert found.values.shape == (test.sum(), TILES, SIDE, SIDE)
    ill = cohort.y[test] == 1
    assert (found.values[ill].sum((2, 3)).argmax(1) == planted[test][ill]).mean() > 0.9
