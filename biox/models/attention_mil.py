"""A slide as a bag of tiles: a network looks at each tile, and attention weighs what the tiles say.

Ilse et al. 2018: of tile features h_k, the bag is z = sum_k a_k h_k with
a_k = softmax_k(w' (tanh(V h_k) * sigmoid(U h_k))); a linear layer scores z.
"""

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from biox.core.errors import InputError
from biox.models._encoder import AUTO, Encoder, encoder_of

AXES = 4  # of a bag: colour, tile, height, width


class GatedAttention(nn.Module):
    """How much each tile of a bag counts, from its features alone."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.signal = nn.Linear(features, hidden)
        self.gate = nn.Linear(features, hidden)
        self.score = nn.Linear(hidden, 1)

    def forward(self, features: Float[Tensor, "bag tile feature"]) -> Float[Tensor, "bag tile"]:
        """Weights from 0 to 1 that add to 1 over the tiles of a bag."""
        seen = torch.tanh(self.signal(features)) * torch.sigmoid(self.gate(features))
        # The limits change nothing. They say to biox.lrp what these values are for: they weigh others, as a gate does,
        # so that in their product all relevance goes to the tiles that were weighed.
        return self.score(seen).squeeze(-1).softmax(1).clamp(0, 1)


class AttentionMIL(nn.Module):
    """An encoder of tiles, gated attention over the tiles of a bag, and a linear head."""

    def __init__(self, encoder: Encoder, features: int, classes: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.attend = GatedAttention(features, hidden)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features, classes)

    def features(self, x: Float[Tensor, "bag colour tile y x"]) -> Float[Tensor, "bag tile feature"]:
        """What the encoder sees in each tile."""
        tiles = x.movedim(2, 1).flatten(0, 1)
        return self.dropout(self.encoder(tiles)).unflatten(0, (len(x), x.shape[2]))

    def attention(self, x: Float[Tensor, "bag colour tile y x"]) -> Float[Tensor, "bag tile"]:
        """The weight of each tile in its bag: where the model looked, which is not yet for which class it spoke."""
        return self.attend(self.features(x))

    def forward(self, x: Float[Tensor, "bag colour tile y x"]) -> Float[Tensor, "bag class"]:
        """Logits of each bag."""
        features = self.features(x)
        # A product and a sum, not a matrix product: so weight and weighed are told apart when it is explained.
        weighed = self.attend(features).unsqueeze(-1) * features
        return self.head(weighed.sum(1))


def attention_mil(  # noqa: PLR0913 - the options of a study file
    shape: tuple[int, ...],
    classes: int,
    *,
    encoder: str = "vgg",
    arguments: dict[str, Any] | None = None,
    weights: Path | None = None,
    head: str = AUTO,
    frozen: bool = False,
    hidden: int = 64,
    dropout: float = 0.0,
) -> nn.Module:
    """One answer for a whole slide from many of its tiles; the model learns which tiles matter.

    Takes bags (bag, colour, tile, height, width), gives logits (bag, classes). ``encoder``: a model of biox or
    ``module:callable`` without its last layer, with ``arguments``, local ``weights`` and ``head`` as in ``pretrained``;
    ``frozen``: it stays as it is, and attention and head learn. ``hidden``: units of the gated attention (Ilse et al.
    2018). Explained by biox.lrp, attention counts as constant weights: relevance summed over a tile's pixels is what
    the tile said for the class. Samples that are no bags, or an encoder that does not fit, are an InputError.
    """
    if len(shape) != AXES:
        raise InputError(f"attention_mil wants bags of shape (colour, tile, height, width), got shape {shape}.")
    network, features = encoder_of(encoder, arguments, weights, head, frozen, (shape[0], *shape[2:]))
    return AttentionMIL(network, features, classes, hidden, dropout)
