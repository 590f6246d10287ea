"""Is a heatmap true? Where it looks, whether the score follows it, whether it holds still, how simple it is.

Every measure is a plain function that gives one value a sample, shape (sample,), so that intervals can be drawn over
samples. ``DIRECTION`` says for each which way is better.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from replacement import Cells
from torch import Tensor

from biox.stats.localisation import localise

Score = Callable[[Tensor], Tensor]  # x -> (sample,)
Explain = Callable[[Tensor], Tensor]  # x -> relevance in the shape of x
FLIPPED = tuple(np.linspace(0.05, 0.5, 10))  # shares of the cells that are replaced

DIRECTION = {
    "mu": "higher",
    "weighted mu": "higher",
    "RMA": "higher",
    "RRA": "higher",
    "flipping": "higher",
    "faithfulness correlation": "higher",
    "average sensitivity": "lower",
    "maximum sensitivity": "lower",
    "entropy": "lower",
    "sparseness": "higher",
}


@dataclass(frozen=True)
class Probes:
    """Random sets of cells and by how much the score fell when each was replaced; shared by all heatmaps of a model.

    sets: (probe, cell), True where replaced. drops: (sample, probe), in the unit of the score.
    """

    sets: Tensor
    drops: Tensor


def where(relevance: Tensor, mask: np.ndarray) -> dict[str, np.ndarray]:
    """Does relevance lie on the evidence? Higher is better; chance is the mask's share of places, 1 for weighted mu.

    mu: share of the positive relevance inside the mask (Kohlbrenner et al. 2020); weighted mu: mu / the mask's share.
    RMA: share of |R| inside; RRA: share of the K most relevant places (by |R|) inside, K = size of the mask (Arras et
    al. 2022). If the mask has no channels, relevance is first added up over them. NaN without positive relevance.
    """
    r = relevance.double().numpy()
    r = r.sum(1) if mask.ndim == r.ndim - 1 else r
    raising, all_of_it = localise(np.maximum(r, 0), mask), localise(r, mask)
    return {"mu": raising.mass, "weighted mu": raising.mass_ratio, "RMA": all_of_it.mass, "RRA": all_of_it.rank}


def flipping(score: Score, x: Tensor, relevance: Tensor, cells: Cells) -> np.ndarray:
    """Mean fall of the score as 5, 10 ... 50 % of the cells are replaced, most relevant first.

    Higher is better; unit of the score; chance is that of a random order (after Samek et al. 2017).
    """
    rank = cells.summed(relevance).argsort(1, descending=True).argsort(1)
    falls = [score(x) - score(cells.without(x, rank < round(share * cells.count))) for share in FLIPPED]
    return torch.stack(falls).mean(0).double().numpy()


def probes(score: Score, x: Tensor, cells: Cells, *, count: int = 64, share: float = 0.2, seed: int) -> Probes:
    """Replace ``count`` random sets of ``share`` of the cells and note how far the score falls."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.rand(count, cells.count, generator=generator).argsort(1)
    sets = order < round(share * cells.count)
    before = score(x)
    drops = [before - score(cells.without(x, one.expand(len(x), -1))) for one in sets]
    return Probes(sets, torch.stack(drops, 1))


def faithfulness_correlation(relevance: Tensor, cells: Cells, made: Probes) -> np.ndarray:
    """Correlation, over random sets of cells, of the relevance taken away and the fall of the score (Bhatt 2020).

    -1 to 1, higher is better, chance is 0.
    """
    removed = cells.summed(relevance).double() @ made.sets.double().T
    a, b = (v - v.mean(1, keepdim=True) for v in (removed, made.drops.double()))
    return ((a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))).numpy()


def sensitivity(
    explain: Explain, x: Tensor, relevance: Tensor, *, radius: float, draws: int, seed: int
) -> dict[str, np.ndarray]:
    """How far the heatmap moves under small uniform noise in the input: |R(x + d) - R(x)| / |R(x)|, average and maximum
    over draws; 0 is a heatmap that holds still, lower is better; it has no chance level (Yeh et al. 2019).

    radius: greatest change of a value, in standard deviations of the training data.
    """
    generator = torch.Generator().manual_seed(seed)
    moved = []
    for _ in range(draws):
        noise = (2 * torch.rand(x.shape, generator=generator) - 1) * radius
        moved.append((explain(x + noise) - relevance).flatten(1).norm(dim=1) / relevance.flatten(1).norm(dim=1))
    ratios = torch.stack(moved).double()
    return {"average sensitivity": ratios.mean(0).numpy(), "maximum sensitivity": ratios.amax(0).numpy()}


def complexity(relevance: Tensor) -> dict[str, np.ndarray]:
    """Is the heatmap about few places? Neither value says whether they are the right ones.

    entropy: of the shares of |R|, over its greatest possible value: 0 one value alone, 1 all alike; lower is simpler
    (Bhatt et al. 2020). sparseness: Gini index of |R|: 0 all alike, towards 1 few values (Chalasani et al. 2020).
    """
    r = relevance.double().abs().flatten(1)
    n = r.shape[1]
    share = r / r.sum(1, keepdim=True)
    entropy = -torch.xlogy(share, share).sum(1) / np.log(n)
    place = 2 * torch.arange(1, n + 1) - n - 1
    gini = (share.sort(1).values * place).sum(1) / n
    return {"entropy": entropy.numpy(), "sparseness": gini.numpy()}
