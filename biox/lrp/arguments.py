"""What may be given to the public calls, refused in a sentence before anything runs."""

import torch
from torch import Tensor, nn

from biox.lrp.composites import Composite

Bound = float | Tensor


def check_arguments(model: object, x: object) -> None:
    """The input must be a tensor of numbers, and the model must not be random or hidden from view."""
    if not isinstance(x, Tensor):
        raise ValueError(f"x must be a torch tensor of shape (sample, *feature), got {type(x).__name__}.")
    if x.is_complex() or x.dtype == torch.bool or x.ndim < 1:
        raise ValueError(
            "x must be a float tensor of shape (sample, *feature), or integers (tokens, categories, pixels) of that "
            f"shape; got {x.dtype} of shape {tuple(x.shape)}."
        )
    random = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
    for name, module in model.named_modules() if isinstance(model, nn.Module) else ():
        if isinstance(module, torch.jit.ScriptModule):
            raise ValueError(
                f"The layer {name!r} is compiled by torch.jit, so its operations cannot be seen. Give its source."
            )
        if module.training and isinstance(module, random):
            raise ValueError(
                f"The layer {name!r} ({type(module).__name__}) is in training mode, where a sample's score is random "
                "or depends on the other samples. Call model.eval() first."
            )


def bounds_of(composite: Composite, x: Tensor, low: Bound | None, high: Bound | None) -> tuple[Tensor, Tensor] | None:
    """The lowest and highest possible input in the shape of ``x``; None where the composite does not need them."""
    if not composite.needs_bounds:
        return None
    if low is None or high is None:
        raise ValueError(
            "The box rule needs low and high: the lowest and highest possible input, broadcastable to a sample."
        )
    ends = []
    for name, bound in (("low", low), ("high", high)):
        values = torch.as_tensor(bound, dtype=x.dtype, device=x.device).detach()
        try:
            ends.append(values.broadcast_to(x.shape))
        except RuntimeError:
            shape = tuple(values.shape)
            raise ValueError(
                f"{name} has shape {shape}, which does not broadcast to a sample {tuple(x.shape[1:])}."
            ) from None
    if bool((ends[0] > ends[1]).any()):
        raise ValueError("low is above high somewhere; low must hold the lowest and high the highest possible input.")
    return ends[0], ends[1]
