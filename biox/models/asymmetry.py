"""Logistic regression that also sees how unlike the two legs are: a limp counts, whichever side it is on."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import conv2d, relu

from biox.core.errors import InputError
from biox.models.logistic import Logistic


class Asymmetry(nn.Module):
    """The curves, and the size of each difference between the sides, weighted together; only the weights are fitted."""

    def __init__(self, shape: tuple[int, int], classes: int, rises: tuple[int, ...], penalty: float) -> None:
        super().__init__()
        channels, points = shape
        self.pairs, self.rises = channels // 2, rises
        # Fixed, so no part of the saved weights.
        self.register_buffer("value", torch.tensor([[[[1.0], [-1.0]]]]), persistent=False)
        self.register_buffer("rise", torch.tensor([[[[-1.0, 1.0], [1.0, -1.0]]]]), persistent=False)
        features = channels * points + sum(self.pairs * (points - rise) for rise in (0, *rises))
        self.logistic = Logistic(features, classes, penalty, standardise=False)

    def features(self, x: Float[Tensor, "sample channel point"]) -> Float[Tensor, "sample feature"]:
        """All values, then |side minus side| of the values and of their rises; |d| is relu(d) + relu(-d), for LRP."""
        picture = x.reshape(len(x), 1, *x.shape[1:])
        found = [x.flatten(1), self._apart(picture, self.get_buffer("value"), 1)]
        found += [self._apart(picture, self.get_buffer("rise"), rise) for rise in self.rises]
        return torch.cat(found, dim=1)

    def _apart(self, picture: Tensor, contrast: Tensor, rise: int) -> Float[Tensor, "sample feature"]:
        # Dilated, the contrast touches only what it compares: a rule that shares evenly reaches no other channel.
        steps = (self.pairs, rise)
        sizes = relu(conv2d(picture, contrast, dilation=steps)) + relu(conv2d(picture, -contrast, dilation=steps))
        return sizes.flatten(1)

    def forward(self, x: Float[Tensor, "sample channel point"]) -> Float[Tensor, "sample class"]:
        """Log-odds of each class, up to a constant a sample."""
        return self.logistic(self.features(x))

    def solve(self, x: Float[Tensor, "sample channel point"], y: Int[Tensor, " sample"], seed: int) -> None:
        """Fit to the training samples; the solution is unique, so ``seed`` plays no part."""
        self.logistic.solve(self.features(x), y, seed)


def asymmetry(
    shape: tuple[int, ...], classes: int, *, rises: tuple[int, ...] = (5, 10, 20), penalty: float = 1.5
) -> nn.Module:
    """Each class's log-odds are a weighted sum of the curves and of how far the two sides of the body lie apart.

    Takes (sample, channel, point), gives logits (sample, classes). The first half of the channels is one side, the
    second half the other, in the same order (the canonical order of gait cohorts) and on scales that compare, as after
    min-max. Besides each value the model sees |side - side| at each point, and the same of the rise over ``rises``
    points each. L2 regularisation; ``penalty`` is scikit-learn's C. An odd number of channels, samples that are not
    curves, or a rise that is not between 1 and the curve's length is an InputError.
    """
    fits = len(shape) == 2 and shape[0] % 2 == 0
    if not fits or len(set(rises)) < len(rises) or not all(0 < rise < shape[-1] for rise in rises):
        raise InputError(
            "asymmetry wants samples of shape (channel, point) with the channels of one side, then those of the other, "
            f"and different rises from 1 to less than the number of points; got shape {shape} and rises {rises}."
        )
    return Asymmetry((shape[0], shape[1]), classes, tuple(rises), penalty)
