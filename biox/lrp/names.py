"""Layers go by the names of their weights."""

from torch import Tensor, nn


class Names:
    """The paths of the layers that own the parameters of a model (none for a function)."""

    def __init__(self, model: object):
        named = model.named_parameters() if isinstance(model, nn.Module) else ()
        self._names = {id(parameter): name.removesuffix(".weight") for name, parameter in named}

    def of(self, weight: Tensor | None) -> str:
        """The path of the layer that owns this weight (or view of a weight), "" if it is no parameter of the model."""
        base = None if weight is None else weight._base
        return self._names.get(id(weight if base is None else base), "")
