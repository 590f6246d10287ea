"""Random masked networks and the rows that they explain."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from biox.models.masked_mlp import MaskedMLP, masked_mlp


@dataclass(frozen=True)
class Rows:
    """What ``relevance_of_targets`` takes: values, the proteins shown, which of these were measured, the targets."""

    values: Tensor
    shown: Tensor
    seen: Tensor
    targets: Tensor

    def mask(self) -> Tensor:
        """Which proteins the network sees, shape (row, protein)."""
        return torch.zeros(self.values.shape, dtype=torch.bool).scatter_(1, self.shown, self.seen)


def network(proteins: int, *, layers: int = 3, seed: int = 0, width: float = 3.0) -> MaskedMLP:
    """A float64 network with weights and biases of both signs, large enough that outputs of both signs occur."""
    torch.manual_seed(seed)
    model = masked_mlp((proteins,), proteins, width=width, layers=layers).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.6)
    return model.eval()


def rows(proteins: int, *, count: int = 6, shown: int | None = None, seed: int = 0, missing: float = 0.3) -> Rows:
    """Rows that show ``shown`` proteins each and explain the others, with some values not measured."""
    random = torch.Generator().manual_seed(seed)
    order = torch.rand((count, proteins), generator=random).argsort(1)
    cut = proteins // 2 if shown is None else shown
    seen = torch.rand((count, cut), generator=random) >= missing
    values = torch.randn((count, proteins), generator=random, dtype=torch.float64)
    return Rows(values, order[:, :cut], seen, order[:, cut:])


class Fixed(nn.Module):
    """The network as a function of the two halves of its input, as an engine that knows nothing of masks sees it."""

    def __init__(self, model: MaskedMLP) -> None:
        super().__init__()
        self.layers = model.layers

    def forward(self, doubled: Tensor) -> Tensor:
        *hidden, last = self.layers
        for layer in hidden:
            doubled = torch.relu(layer(doubled))
        return last(doubled)
