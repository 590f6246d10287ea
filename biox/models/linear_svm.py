"""The linear support vector machine, as a network of one linear layer so that it can be explained like any other."""

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class LinearSVM(nn.Module):
    """A linear layer whose weights come from a support vector machine instead of gradient descent."""

    def __init__(self, features: int, classes: int, penalty: float) -> None:
        super().__init__()
        self.linear = nn.Linear(features, classes)
        self.penalty = penalty

    def forward(self, x: Float[Tensor, "sample *feature"]) -> Float[Tensor, "sample class"]:
        """The margin of each class; for two classes the one is the negative of the other."""
        return self.linear(x.flatten(1))

    def solve(self, x: Float[Tensor, "sample *feature"], y: Int[Tensor, " sample"], seed: int) -> None:
        """Fit to the training samples; several classes are each set against the rest."""
        from sklearn.svm import LinearSVC  # here, so that a saved machine is explained without it

        solver = LinearSVC(C=self.penalty, random_state=seed % 2**32)
        solver.fit(x.flatten(1).double().cpu().numpy(), y.cpu().numpy())
        weight, bias = solver.coef_, solver.intercept_
        if len(weight) == 1:
            weight, bias = np.concatenate([-weight, weight]), np.concatenate([-bias, bias])
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(weight))
            self.linear.bias.copy_(torch.from_numpy(bias))


def linear_svm(shape: tuple[int, ...], classes: int, *, penalty: float = 0.1) -> nn.Module:
    """A straight boundary that keeps the classes as far apart as possible.

    Takes (sample, *shape), gives margins (sample, classes). L2 regularisation, squared hinge loss, ``penalty`` is C;
    two classes give W = [-w, w], b = [-b, b] (Slijepcevic et al. 2021). Margins are not log-probabilities.
    """
    return LinearSVM(math.prod(shape), classes, penalty)
