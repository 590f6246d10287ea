"""Logistic regression: the baseline that every network has to beat."""

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

PICTURE = 3  # feature axes: colour, height, width


class Colours(nn.Module):
    """What is left of a picture without its pattern: mean and standard deviation of each colour."""

    def forward(self, x: Float[Tensor, "sample colour *place"]) -> Float[Tensor, "sample feature"]:
        """The means, then the standard deviations over all places (and all tiles of a bag)."""
        values = x.flatten(2)
        return torch.cat([values.mean(2), values.std(2, correction=0)], dim=1)


class Logistic(nn.Module):
    """A linear layer fitted by logistic regression on standardised values; the standardisation is folded into it.

    ``view`` makes the values of a sample; ``solve`` takes what it made, so that samples may come batch by batch.
    """

    def __init__(
        self, features: int, classes: int, penalty: float, standardise: bool, view: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.view = nn.Flatten() if view is None else view
        self.linear = nn.Linear(features, classes)
        self.penalty = penalty
        self.standardise = standardise

    def summary(self, x: Float[Tensor, "sample *feature"]) -> Float[Tensor, "sample feature"]:
        """The values of each sample that are weighed."""
        return self.view(x)

    def forward(self, x: Float[Tensor, "sample *feature"]) -> Float[Tensor, "sample class"]:
        """Log-odds of each class, up to a constant a sample."""
        return self.linear(self.view(x))

    def solve(self, x: Float[Tensor, "sample *feature"], y: Int[Tensor, " sample"], seed: int) -> None:
        """Fit to the summaries of the training samples; the solution is unique, so ``seed`` plays no part."""
        from sklearn.linear_model import LogisticRegression  # here, so that a saved fit is explained without it

        values = x.flatten(1).double().cpu().numpy()
        mean, spread = values.mean(0), values.std(0)
        spread = np.where((spread > 0) & self.standardise, spread, 1.0)
        solver = LogisticRegression(C=self.penalty, max_iter=1000).fit((values - mean) / spread, y.cpu().numpy())
        weight, bias = solver.coef_ / spread, solver.intercept_ - solver.coef_ @ (mean / spread)
        if len(weight) == 1:
            weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(weight))
            self.linear.bias.copy_(torch.from_numpy(bias))


def logistic(shape: tuple[int, ...], classes: int, *, penalty: float = 0.01, standardise: bool = True) -> nn.Module:
    """Each class's log-odds are a weighted sum of the input values; of pictures, of their mean colours and spreads.

    Takes (sample, *shape), gives logits (sample, classes). Samples of three axes or more (colour first) are pictures:
    what six numbers a tile can tell, a network must beat. L2 regularisation; ``penalty`` is scikit-learn's C.
    ``standardise`` gives every value the same sd first, so that the penalty is the same for all of them.
    """
    if len(shape) >= PICTURE:
        return Logistic(2 * shape[0], classes, penalty, standardise, Colours())
    return Logistic(math.prod(shape), classes, penalty, standardise)
