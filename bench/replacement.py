"""Taking evidence away: features that are replaced together, and what stands in for them.

What stands in must not be evidence itself. Colours are set to the training mean. Curves are bridged by straight lines
between what is left: set to their mean, stretches would get steps that look like bumps (a random order then *raised*
the score of the networks here).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Fill = Callable[[Tensor, Tensor], Tensor]  # x, gone (both sample, channel, *place) -> x without what is gone


@dataclass(frozen=True)
class Cells:
    """Which features are replaced together, as an index of shape (channel, *place), and how."""

    index: Tensor
    fill: Fill

    @property
    def count(self) -> int:
        """The number of cells."""
        return int(self.index.max()) + 1

    def summed(self, relevance: Tensor) -> Tensor:
        """Relevance added up within cells, shape (sample, cell)."""
        index = self.index.flatten().expand(len(relevance), -1)
        return relevance.new_zeros(len(relevance), self.count).scatter_add_(1, index, relevance.flatten(1))

    def without(self, x: Tensor, chosen: Tensor) -> Tensor:
        """The samples with the chosen cells, shape (sample, cell), replaced."""
        return self.fill(x, chosen[:, self.index.flatten()].view(len(chosen), *self.index.shape))


def mean_filled(x: Tensor, gone: Tensor) -> Tensor:
    """What is gone is 0, the training mean of standardised features."""
    return x * ~gone


def bridged(x: Tensor, gone: Tensor) -> Tensor:
    """A straight line along the last dimension across what is gone; level at the ends, 0 where nothing is left."""
    place = torch.arange(x.shape[-1]).expand_as(x)
    before = torch.where(gone, -1, place).cummax(-1).values
    after = torch.where(gone, x.shape[-1], place).flip(-1).cummin(-1).values.flip(-1)
    nothing = (before < 0) & (after == x.shape[-1])
    left = torch.where(before < 0, after, before).clamp(max=x.shape[-1] - 1)
    right = torch.where(after == x.shape[-1], left, after)
    share = (place - left) / (right - left).clamp(min=1)
    line = x.gather(-1, left) * (1 - share) + x.gather(-1, right) * share
    return torch.where(gone, line.masked_fill(nothing, 0.0), x)
