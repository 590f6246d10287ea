"""Always the commonest class: what can be reached without looking at the data."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class ZeroRule(nn.Module):
    """Constant logits: the log of each class's share among the training samples."""

    log_share: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("log_share", torch.zeros(classes))

    def forward(self, x: Float[Tensor, "sample *feature"]) -> Float[Tensor, "sample class"]:
        """The same logits for every sample."""
        return self.log_share.expand(len(x), -1)

    def summary(self, x: Float[Tensor, "sample *feature"]) -> Float[Tensor, "sample none"]:
        """Nothing of each sample."""
        return x.flatten(1)[:, :0]

    def solve(self, x: Float[Tensor, "sample *feature"], y: Int[Tensor, " sample"], seed: int) -> None:
        """Count the classes of the training samples; a class that is absent counts half a sample."""
        count = torch.bincount(y.cpu(), minlength=len(self.log_share)).to(self.log_share).clamp(min=0.5)
        self.log_share.copy_((count / count.sum()).log())


def zero_rule(shape: tuple[int, ...], classes: int) -> nn.Module:
    """The baseline that ignores its input: (sample, *shape) gives the same logits (sample, classes) for all."""
    return ZeroRule(classes)
