"""The simulated clinic holds what it promises: effects where they were planted, of the stated size."""

import numpy as np
import pytest

from biox.core.errors import InputError
from biox.core.find import bind
from biox.domains.gait.simulate import CHANNELS, SimulateSettings, simulate, template


def means(cohort):
    """Mean curve of every person, and the person's label; trials of a person stand together."""
    trials = int(cohort.samples["trial"].max()) + 1
    return cohort.x.reshape(-1, trials, *cohort.x.shape[1:]).mean(1), cohort.samples["label"].to_numpy()[::trials]


def hedges_g(cohort, label):
    x, labels = means(cohort)
    a, b = x[labels == label], x[labels == "healthy"]
    pooled = np.sqrt((a.var(0, ddof=1) * (len(a) - 1) + b.var(0, ddof=1) * (len(b) - 1)) / (len(a) + len(b) - 2))
    return (1 - 3 / (4 * (len(a) + len(b)) - 9)) * (a.mean(0) - b.mean(0)) / pooled


def test_effect_inside_the_windows_has_the_stated_size_and_none_lies_outside():
    inside, outside = [], []
    for seed in range(12):
        cohort = simulate(SimulateSettings(seed=seed, labels=("healthy", "knee")))
        g, truth = hedges_g(cohort, "knee"), cohort.truth[1]
        signs = np.sign([g[c][truth[c]].mean() for c in range(6)])[:, None]
        inside.append((signs * g)[truth].mean())
        outside.append(g[~truth].mean())
    assert 0.5 < np.mean(inside) < 0.8
    assert np.mean(inside) == pytest.approx(0.65, abs=0.06)
    assert abs(np.mean(outside)) < 0.04


def test_windows_cover_ten_to_twenty_percent_and_move_with_the_seed():
    truths = [simulate(SimulateSettings(seed=seed, subjects=2, trials=1)).truth for seed in range(20)]
    shares = np.array([truth[1:].mean((1, 2)) for truth in truths])
    assert shares.min() >= 0.10
    assert shares.max() <= 0.20
    assert not truths[0][0].any()
    assert len({truth.tobytes() for truth in truths}) == 20


def test_same_seed_same_people_and_leaving_a_class_out_changes_nobody():
    everyone = simulate(SimulateSettings(subjects=4, seed=3))
    two = simulate(SimulateSettings(subjects=4, seed=3, labels=("healthy", "knee")))
    again = everyone.take(everyone.samples["label"].isin(["healthy", "knee"]).to_numpy())
    np.testing.assert_array_equal(two.x, again.x)
    assert (two.samples["sample"].to_numpy() == again.samples["sample"].to_numpy()).all()


def test_curves_look_like_walking():
    curve = dict(zip(CHANNELS, template(), strict=True))
    vertical, forward = curve["affected V"], curve["affected AP"]
    assert 1.0 < vertical[15:40].max() < 1.3
    assert 1.0 < vertical[65:90].max() < 1.3
    assert 0.6 < vertical[45:58].min() < 0.95
    assert forward[10:30].min() < -0.1 < 0.1 < forward[75:95].max()
    assert abs(curve["affected ML"]).max() < 0.1


def test_trials_of_one_person_are_closer_than_people():
    cohort = simulate(SimulateSettings(subjects=40, labels=("healthy",)))
    trials = cohort.x.reshape(40, 5, 6, 101)
    assert (trials.var(axis=1, ddof=1).mean(0) < trials.mean(axis=1).var(axis=0, ddof=1)).mean() > 0.95


def test_covariates_do_not_differ_between_classes():
    samples = simulate(SimulateSettings(subjects=200, trials=1)).samples
    mean, sd = (samples.groupby("label")["speed_mps"].agg(f) for f in ("mean", "std"))
    assert np.ptp(mean) < 4 * sd.mean() / np.sqrt(200)


def test_misspelt_option_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="'subjects'"):
        bind(simulate, {"subject": 3}, "config")
