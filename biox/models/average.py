"""Several networks that vote: the mean of their scores is steadier than the score of each."""

from typing import Any, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from biox.core.errors import InputError
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

    @property
    def learners(self) -> int:
        """How many members learn by descent."""
        return sum(not hasattr(member, "solve") for member in self.members)

    def each(self, x: Float[Tensor, "sample *feature"]) -> Float[Tensor, "member sample class"]:
        """The logits of every member that learns by descent, for training."""
        return torch.stack([member(x) for member in self.members if not hasattr(member, "solve")])

    def solve_members(self, x: Float[Tensor, "sample *feature"], y: Int[Tensor, " sample"], seed: int) -> None:
        """Fit the members that have a solver; descent then leaves them as they are."""
        for member in self.members:
            if hasattr(member, "solve"):
                known = cast(Any, member).summary(x) if hasattr(member, "summary") else x
                cast(Any, member).solve(known, y, seed)
                member.requires_grad_(False)


def average(
    shape: tuple[int, ...], classes: int, *, members: tuple[dict[str, Any], ...] = ({"name": "mlp", "copies": 5},)
) -> nn.Module:
    """Networks with different initial weights, and of different kinds if wished, that answer together.

    Takes (sample, *shape), gives the mean logits (sample, classes). ``members``: one ``{name: ..., copies: ...,
    options}`` a kind, 1 copy if not said. At least one member must learn by descent, and a support vector machine is
    refused: its margins have another unit than log-odds.
    """
    networks: list[nn.Module] = []
    for member in members:
        copies, name = member.get("copies", 1), member.get("name")
        if not isinstance(name, str) or not isinstance(copies, int) or copies < 1 or name == "linear_svm":
            raise InputError(f"average wants members with a 'name' (not 'linear_svm') and copies >= 1, got {member}.")
        function = find("biox.models", name)
        options = {key: value for key, value in member.items() if key not in ("name", "copies")}
        kept = bind(function, options, f"member {name!r} of the average")
        networks += [function(shape, classes, **kept) for _ in range(copies)]
    if all(hasattr(network, "solve") for network in networks):
        raise InputError("average wants at least one member that learns by descent, such as 'mlp'.")
    return Average(networks, classes)
