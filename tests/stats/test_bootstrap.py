import numpy as np
import pytest
from scipy import stats

from biox.core.errors import InputError
from biox.stats import bootstrap, metrics


def cohort(rng, subjects=40, trials=5, people=1.0):
    """Logits of two classes; ``people`` is how far persons differ from each other."""
    subject = np.repeat(np.arange(subjects), trials)
    y = (subject % 2).astype(int)
    score = rng.normal(size=subjects * trials) + people * rng.normal(size=subjects)[subject] + 1.6 * (y - 0.5)
    return np.stack([np.zeros_like(score), score], axis=1), y, subject


def test_all_trials_of_a_person_are_drawn_together_and_class_sizes_stay(rng):
    _, y, subject = cohort(rng)
    drawn = bootstrap.resample(subject, stratum=y, draws=50, seed=0)
    assert (drawn.index == subject).all()
    assert (drawn.counts.sum(1) == 40).all()
    assert (drawn.counts[:, ::2].sum(1) == 20).all()
    assert drawn.counts.max() > 1


def test_interval_with_weights_is_the_interval_with_repeated_rows(rng):
    logits, y, subject = cohort(rng)
    drawn = bootstrap.resample(subject, draws=200, seed=0)
    fast = bootstrap.interval(lambda w: metrics.auroc(logits, y, w), drawn)
    repeated = [np.repeat(np.arange(len(y)), count[drawn.index]) for count in drawn.counts]
    np.testing.assert_allclose(fast.values, [metrics.auroc(logits[rows], y[rows]) for rows in repeated])
    tail = bootstrap.widened_tail(0.95, 39, 40)
    assert (fast.low, fast.high) == pytest.approx(tuple(np.quantile(fast.values, [tail, 1 - tail])))
    assert fast.value == pytest.approx(float(metrics.auroc(logits, y)))
    assert fast.n == 40


def test_chunks_do_not_matter(rng, monkeypatch):
    logits, y, subject = cohort(rng)
    drawn = bootstrap.resample(subject, draws=100, seed=0)
    whole = bootstrap.interval(lambda w: metrics.accuracy(logits, y, w), drawn)
    monkeypatch.setattr(bootstrap, "CHUNK_VALUES", 7 * len(y))
    np.testing.assert_array_equal(
        bootstrap.interval(lambda w: metrics.accuracy(logits, y, w), drawn).values, whole.values
    )


def test_drawing_people_is_less_sure_than_drawing_trials(rng):
    logits, y, subject = cohort(rng, people=2)
    width = {}
    for name, unit in (("people", subject), ("trials", np.arange(len(y)))):
        found = bootstrap.interval(lambda w: metrics.accuracy(logits, y, w), bootstrap.resample(unit, seed=0))
        width[name] = found.high - found.low
    assert width["people"] > 1.3 * width["trials"]


def test_draws_without_a_class_are_left_out_and_counted(rng):
    y = np.array([0] * 9 + [1])
    logits = np.stack([np.zeros(10), rng.normal(size=10)], axis=1)
    found = bootstrap.interval(lambda w: metrics.auroc(logits, y, w), bootstrap.resample(np.arange(10), seed=0))
    assert 0.55 * 2000 < found.draws < 0.75 * 2000, "one person of ten is missed in (9/10)^10 = 35 % of draws"
    assert np.isfinite([found.low, found.high]).all()


def test_a_person_in_two_strata_is_refused():
    with pytest.raises(InputError, match="Subject 7 belongs to more than one stratum"):
        bootstrap.resample(np.array([7, 7, 8]), stratum=np.array([0, 1, 1]), seed=0)


def test_the_interval_of_a_mean_of_few_people_is_about_that_of_student():
    x = np.random.default_rng(0).normal(size=12)
    found = bootstrap.interval(lambda w: w @ x / w.sum(1), bootstrap.resample(np.arange(12), draws=20_000, seed=0))
    reach = stats.t.ppf(0.975, 11) * x.std(ddof=1) / np.sqrt(12)
    assert (found.high - found.low) / 2 == pytest.approx(reach, rel=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("subjects", [12, 60])
def test_interval_holds_the_truth_in_about_95_of_100_studies(subjects):
    rng = np.random.default_rng(3)
    truth = metrics.accuracy(*cohort(rng, subjects=200_000)[:2])
    hits = 0
    for seed in range(300):
        logits, y, subject = cohort(rng, subjects=subjects)
        drawn = bootstrap.resample(subject, stratum=y, draws=400, seed=seed)
        found = bootstrap.interval(lambda w, a=logits, b=y: metrics.accuracy(a, b, w), drawn)
        hits += found.low <= truth <= found.high
    assert 0.9 <= hits / 300 <= 0.985, "99.9 % of binomial outcomes around 0.95 lie in 0.907 .. 0.983"
