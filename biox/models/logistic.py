"""Logistic regression: the baseline that every network has to beat."""

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn


class Logistic(nn.Module):
    """A linear layer fitted by logistic regression on standardised values; the standardisation is folded into it."""

    def __init__(self, features: int, classes: int, penalty: float, standardise: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(features, classes)
        self.penalty = penalty
        self.standardise = standardise

    def forward(self, x: Float[Tensor, "sample *feature"]) -> Float[Tensor, "sample class"]:
        """Log-odds of each class, up to a constant a sample."""
        return self.linear(x.flatten(1))

    def solve(self, x: Float[Tensor, "sample *feature"], y: Int[Tensor, " sample"], seed: int) -> None:
        """Fit to the training samples; the solution is unique, so ``seed`` plays no part."""
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
    """Each class's log-odds are a weighted sum of the input values.

    Takes (sample, *shape), gives logits (sample, classes). L2 regularisation; ``penalty`` is scikit-learn's C.
    ``standardise`` gives every value the same sd first, so that the penalty is the same for all of them.
    """
    return Logistic(math.prod(shape), classes, penalty, standardise)
