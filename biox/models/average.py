"""Several networks that vote: the mean of their scores is steadier than the score of each."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from biox.core.errors import InputError, listed
from biox.core.find import bind, find


class Average(nn.Module):
    """Independent members; each is trained on its own loss, the mean of their logits is the answer."""

    def __init__(self, members: list[nn.Module], classes: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.classes = classes

    def forward(self, x: Float[Tensor, "sample *feature"]) -> Float[Tensor, "sample class"]:
        """The mean logits; only joining, reshaping and a mean, so that relevance passes exactly."""
        joined = torch.cat([member(x) for member in self.members], dim=1)
        return joined.reshape(len(x), len(self.members), self.classes).mean(dim=1)

    def each(self, x: Float[Tensor, "sample *feature"]) -> Float[Tensor, "member sample class"]:
        """The logits of every member, for training."""
        return torch.stack([member(x) for member in self.members])


def average(
    shape: tuple[int, ...], classes: int, *, members: tuple[dict[str, Any], ...] = ({"name": "mlp"},), copies: int = 5
) -> nn.Module:
    """Networks with different initial weights, and of different kinds if wished, that answer together.

    Takes (sample, *shape), gives the mean logits (sample, classes). ``members``: one ``{name: ..., options}`` a kind;
    ``copies``: how many of each kind. Members that are fitted by a solver are refused: their scores have another unit.
    """
    if copies < 1 or not members or not all("name" in member for member in members):
        raise InputError(f"average wants copies >= 1 and members that each have a 'name', got {copies} and {members}.")
    networks = []
    for member in members:
        function = find("biox.models", member["name"])
        options = {key: value for key, value in member.items() if key != "name"}
        kept = bind(function, options, f"member {member['name']!r} of the average")
        networks += [function(shape, classes, **kept) for _ in range(copies)]
    solved = [m["name"] for m in members for n in networks if hasattr(n, "solve")]
    if solved:
        raise InputError(f"average cannot hold {listed(dict.fromkeys(solved))}: only networks trained by descent.")
    return Average(networks, classes)
