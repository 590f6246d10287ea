"""The quickest use of a trained network: its features as they are, weighed by logistic regression."""

from pathlib import Path
from typing import Any

from torch import nn

from biox.models._encoder import AUTO, encoder_of
from biox.models.logistic import Logistic


def linear_head(  # noqa: PLR0913 - the options of a study file
    shape: tuple[int, ...],
    classes: int,
    *,
    make: str,
    arguments: dict[str, Any] | None = None,
    weights: Path | None = None,
    head: str = AUTO,
    penalty: float = 0.01,
) -> nn.Module:
    """A network that was trained elsewhere is taken as it is, and only the weights of its features are fitted.

    Takes (sample, *shape), gives logits (sample, classes). Every sample is seen once and the solution is unique, so it
    takes seconds; but there is no augmentation. ``penalty`` is scikit-learn's C for standardised features; the other
    options and errors are those of ``pretrained``, which with ``frozen`` trains the same model by descent.
    """
    encoder, features = encoder_of(make, arguments, weights, head, True, shape)
    return Logistic(features, classes, penalty, standardise=True, view=encoder)
