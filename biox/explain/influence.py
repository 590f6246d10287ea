"""How much each protein raised or lowered the prediction of each other one in a sample, over random masks.

A mask hides some proteins and shows the others; what it hides is predicted, and explained all at once, by LRP
(``biox.explain.all_targets``) or by expected gradients (``biox.explain.influence_gradients``). Masks come in rounds:
the proteins are dealt into equal blocks at random and each mask of the round hides one block, so that every protein is
hidden once a round. The influence of i on t is the mean relevance of i for t over the masks that showed i and hid t
(Keyl et al. 2022, 2023). A sample gets further rounds until the standard error of its edges is small beside their
spread, or the upper end is reached.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

FEWEST = 8
BATCH_BYTES = 2**24

Explain = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""Relevance (row, target, source) from values (row, protein), the proteins shown (row, source), which of these were
measured (row, source), and those hidden, which are explained (row, target).
"""


@dataclass(frozen=True)
class Masks:
    """Which masks a sample gets.

    most: the upper end of their number. error: the bound of the standard error of the edges, as a share of their spread
    over the sample's graph. blocks: into how many parts a round deals the proteins; each mask hides one.
    """

    most: int
    error: float
    blocks: int = 2


@dataclass(frozen=True)
class Found:
    """Influences of some samples.

    values: (sample, source, target), in units of the prediction; 0 on the diagonal, NaN where source or target was not
    measured. masks: how many each sample got; error: the standard error reached, as a share of the spread, infinite
    after a single round, which cannot tell.
    """

    values: Float[np.ndarray, "sample source target"]
    masks: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class Seen:
    """What a network saw of some samples.

    values: standardised levels, anything where ``measured`` is False. numbers: one of its own for each sample, from
    which its masks are drawn, so that they do not depend on which samples are explained together.
    """

    values: Float[Tensor, "sample protein"]
    measured: Bool[Tensor, "sample protein"]
    numbers: Int[np.ndarray, " sample"]


def influence(explain: Explain, seen: Seen, masks: Masks, units: int, seed: int) -> Iterator[Found]:
    """Influences in the samples' order, a few samples at a time: BATCH_BYTES of relevance in a layer of ``units``."""
    proteins = seen.values.shape[1]
    size = batch_size(proteins, units, masks)
    values, measured, numbers = seen.values, seen.measured, seen.numbers
    for start in range(0, len(values), size):
        rows = slice(start, start + size)
        yield _batch(explain, values[rows], measured[rows], masks, rounds(numbers[rows], proteins, masks, seed))


def batch_size(proteins: int, units: int, masks: Masks) -> int:
    """How many samples are explained together."""
    return max(1, BATCH_BYTES // (4 * max(units, proteins) * -(-proteins // masks.blocks)))


def rounds(numbers: np.ndarray, proteins: int, masks: Masks, seed: int) -> np.ndarray:
    """The proteins of every sample in a random order for each round, shape (sample, round, protein)."""
    count = max(1, masks.most // masks.blocks)
    drawn = [np.random.default_rng([seed, int(number)]).random((count, proteins)) for number in numbers]
    return np.stack(drawn).argsort(axis=2)


def _batch(explain: Explain, values: Tensor, measured: Tensor, masks: Masks, orders: np.ndarray) -> Found:
    samples, proteins = values.shape
    sums = _Sums.empty(samples, proteins, values)
    used, error = np.zeros(samples, np.int64), np.full(samples, np.inf)
    open_rows = np.arange(samples)
    with torch.inference_mode():
        for k in range(orders.shape[1]):
            chosen = torch.as_tensor(open_rows, device=values.device)
            order = torch.as_tensor(orders[open_rows, k], device=values.device)
            for hidden, shown in _parts(order, masks.blocks):
                seen = measured[chosen].gather(1, shown)
                found = explain(values[chosen], shown, seen, hidden)
                sums.add(chosen, found, hidden, shown, seen)
            used[open_rows] += masks.blocks
            if used[open_rows[0]] < FEWEST and k + 1 < orders.shape[1]:
                continue
            error[open_rows] = sums.error(chosen, measured[chosen]).cpu().numpy()
            open_rows = open_rows[error[open_rows] > masks.error]
            if not len(open_rows):
                break
    return Found(sums.mean(measured), used, error)


def _parts(order: Tensor, blocks: int) -> Iterator[tuple[Tensor, Tensor]]:
    """For each mask of a round the hidden proteins and the shown ones."""
    parts = order.tensor_split(blocks, dim=1)
    for k, hidden in enumerate(parts):
        yield hidden, torch.cat([*parts[:k], *parts[k + 1 :]], dim=1)


@dataclass(frozen=True)
class _Sums:
    """Sums of relevance, of its squares, and how often it was seen, each of shape (sample, target * source)."""

    first: Tensor
    second: Tensor
    count: Tensor

    @staticmethod
    def empty(samples: int, proteins: int, like: Tensor) -> "_Sums":
        return _Sums(*(like.new_zeros((samples, proteins * proteins)) for _ in range(3)))

    def add(self, rows: Tensor, found: Tensor, hidden: Tensor, shown: Tensor, seen: Tensor) -> None:
        """Add the relevance of one mask, shape (row, hidden, shown)."""
        proteins = hidden.shape[1] + shown.shape[1]
        place = (hidden.unsqueeze(2) * proteins + shown.unsqueeze(1)).flatten(1)
        flat, often = found.flatten(1), seen.to(found).unsqueeze(1).expand_as(found).flatten(1)
        whole = len(rows) == len(self.first)
        for total, part in ((self.first, flat), (self.second, flat.square()), (self.count, often)):
            if whole:
                total.scatter_add_(1, place, part)
            else:
                total[rows] = total[rows].scatter_add_(1, place, part)

    def error(self, rows: Tensor, measured: Tensor) -> Tensor:
        """Root mean square of the standard errors of a sample's edges over the standard deviation of its edges.

        An edge that was seen once takes the variance of the sample's other edges; one never seen is as wrong as the
        edges are spread. Infinite where no edge was seen twice: then nothing is known of the error.
        """
        first, second, count = (total[rows] for total in (self.first, self.second, self.count))
        edges = _edges(measured).flatten(1)
        n, seen = edges.sum(1, keepdim=True).clamp(min=1), count.clamp(min=1)
        mean = first / seen
        deviations = (second - first * mean).clamp(min=0)
        freedom = (count - 1).clamp(min=0)
        pooled = (deviations * edges).sum(1, keepdim=True) / (freedom * edges).sum(1, keepdim=True).clamp(min=1)
        centre = (mean * edges).sum(1, keepdim=True) / n
        spread = ((mean - centre).square() * edges).sum(1, keepdim=True) / n
        variance = torch.where(count < 2, pooled, deviations / freedom.clamp(min=1)) / seen
        error = (torch.where(count < 1, spread, variance) * edges).sum(1, keepdim=True) / n
        # A network that gives no relevance at all has no spread, and no error either.
        share = torch.where(error > 0, error / spread.clamp(min=torch.finfo(error.dtype).tiny), error)
        known = (freedom * edges).any(1) | ~edges.any(1)
        return torch.where(known, share.sqrt().squeeze(1), torch.inf)

    def mean(self, measured: Tensor) -> np.ndarray:
        """The mean relevance, shape (sample, source, target)."""
        proteins = measured.shape[1]
        mean = (self.first / self.count.clamp(min=1)).unflatten(1, (proteins, proteins))
        unknown = ~(measured.unsqueeze(1) & measured.unsqueeze(2))
        return mean.masked_fill_(unknown, torch.nan).transpose(1, 2).cpu().numpy()


def _edges(measured: Tensor) -> Tensor:
    """Which pairs of different proteins were both measured, shape (sample, target, source)."""
    both = measured.unsqueeze(1) & measured.unsqueeze(2)
    return both & ~torch.eye(measured.shape[1], dtype=torch.bool, device=measured.device)
