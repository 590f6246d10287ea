"""Smooth noise, a planted bump, and the gait data of 194 people as subject means, for all tests of this floor."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from biox.stats.units import subject_means


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def noise():
    """Smooth curves of standard deviation 1 at every point: what movement looks like when nothing differs."""

    def draw(rng: np.random.Generator, *shape: int, width: float = 8.0) -> np.ndarray:
        cut = int(4 * width)
        wide = rng.normal(size=(*shape[:-1], shape[-1] + 2 * cut))
        smooth = gaussian_filter1d(wide, width, axis=-1)[..., cut : cut + shape[-1]]
        return smooth * np.sqrt(2 * np.sqrt(np.pi) * width)

    return draw


@pytest.fixture(scope="session")
def bump():
    """A difference planted at the middle of 101 points, height 1."""
    return np.exp(-0.5 * ((np.arange(101) - 50) / 6) ** 2)


@pytest.fixture(scope="session")
def gait(shared_data):
    path = shared_data / "gait-acm2021" / "grf_194subjects.npz"
    if not path.is_file():
        pytest.skip(f"no {path.name} in {path.parent}")
    with np.load(path) as data:
        return data["X"], data["class_index"], data["subject"]


@pytest.fixture(scope="session")
def gait_groups(gait):
    """Healthy people and people with a disorder, subject means, shape (unit, channel, point)."""
    x, label, subject = gait
    _, means = subject_means(x, subject)
    _, label = subject_means(label, subject)
    return means[label == 0], means[label > 0]
