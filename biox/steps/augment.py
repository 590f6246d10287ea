"""Small, harmless changes of training curves, so that a network learns the gait and not the trial."""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate

from biox.core.study import Training

KNOTS = 8

Curves = Float[Tensor, "sample *channel point"]


def augment(x: Curves, training: Training, rng: np.random.Generator) -> Curves:
    """A changed copy of each curve, as ``training`` asks: gain, then stretched time, then smooth noise.

    The last axis is the curve. Everything is off by default, and then ``x`` itself comes back.
    """
    if training.scale:
        x = x * (1 + training.scale * _normal((len(x), *[1] * (x.ndim - 1)), rng)).to(x)
    if training.warp:
        x = warped(x, training.warp, rng)
    if training.noise:
        x = x + training.noise * smooth_noise(tuple(x.shape), rng).to(x)
    return x


def warped(x: Curves, largest: float, rng: np.random.Generator) -> Curves:
    """Each sample's time axis stretched smoothly by at most ``largest`` points; all its channels move together."""
    points = x.shape[-1]
    knots = torch.from_numpy(rng.uniform(-largest, largest, (len(x), 1, KNOTS)))
    moved = interpolate(knots, size=points, mode="linear", align_corners=True).to(x)
    place = (torch.arange(points).to(x) + moved).clamp(0, points - 1)
    left = place.floor().clamp(max=points - 2)
    narrow = (len(x), *[1] * (x.ndim - 2), points)
    share = (place - left).reshape(narrow)
    index = left.long().reshape(narrow).expand(x.shape)
    return x.gather(-1, index) * (1 - share) + x.gather(-1, index + 1) * share


def smooth_noise(shape: tuple[int, ...], rng: np.random.Generator) -> Float[Tensor, "sample *channel point"]:
    """Noise that changes slowly along the last axis, sd 1 at its knots; independent for samples and channels."""
    knots = _normal((shape[0], math.prod(shape[1:-1]), KNOTS), rng)
    return interpolate(knots, size=shape[-1], mode="linear", align_corners=True).reshape(shape)


def mixed(x: Tensor, y: Tensor, alpha: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Mixup (Zhang et al. 2018): each sample and its label shares blended with those of another.

    The weight of each sample's own part is drawn from Beta(alpha, alpha); alpha 0 leaves all as it is.
    """
    if not alpha:
        return x, y
    weight = torch.from_numpy(rng.beta(alpha, alpha, len(x))).to(x)
    other = torch.from_numpy(rng.permutation(len(x))).to(x.device)
    own = weight.reshape(-1, *[1] * (x.ndim - 1))
    return own * x + (1 - own) * x[other], weight[:, None] * y + (1 - weight[:, None]) * y[other]


def _normal(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
