"""Grad-CAM: where the last convolution saw what speaks for the score (Selvaraju et al. 2017), by captum."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate

from biox.core.strict import Strict
from biox.explain.background import Background
from biox.explain.batches import rows_at_once
from biox.explain.score import Score

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


class GradCam(Strict):
    """layer: a layer of the model by its name there, such as ``layer4``; the last convolution when None."""

    layer: str | None = None


def grad_cam(score: Score, x: Tensor, background: Background, settings: GradCam) -> Tensor:
    """Which places the layer used for the score: a coarse map, never negative.

    The map is enlarged linearly to the places of the sample. All channels of a place get the same, namely the map's
    value divided by the number of channels, so that a place's sum is the map. Only its order and proportions mean
    something: it is activations times slopes, not a share of the score.

    Raises ValueError for models without a convolution, for a layer that runs more than once, and where the model's
    first convolution sees neither the places of the sample nor all of its values one after the other.
    """
    from captum.attr import LayerGradCam  # here, so that a study is checked without it; it brings matplotlib

    model = score.model
    if not isinstance(model, nn.Module):
        raise ValueError("Grad-CAM looks into a layer, so the model must be an nn.Module.")
    layer = _layer(model, settings.layer)
    places = _places(model, layer, x)

    def total(points: Tensor, rows: Tensor) -> Tensor:
        # captum takes one derivative for each row of the output; those of the sum are the same in one go.
        return score(points, rows).sum().view(1)

    found = torch.empty_like(x)
    for rows in torch.arange(len(x), device=x.device).split(rows_at_once(score, x)):
        with torch.enable_grad():
            coarse = LayerGradCam(total, layer).attribute(
                x[rows].detach().requires_grad_(), additional_forward_args=(rows,), relu_attributions=True
            )
        assert isinstance(coarse, Tensor)
        found[rows] = _enlarged(coarse.detach(), places, x[rows])
    return found


def _layer(model: nn.Module, name: str | None) -> nn.Module:
    layers = dict(model.named_modules())
    if name is not None:
        if name not in layers:
            known = ", ".join(known for known in layers if known)
            raise ValueError(f"The model has no layer {name!r}; it has {known}.")
        return layers[name]
    convolutions = [layer for layer in layers.values() if isinstance(layer, CONVOLUTIONS)]
    if not convolutions:
        raise ValueError(
            "Grad-CAM needs a convolution, and the model has none. Choose a method for any model, such as lrp, "
            "integrated_gradients or occlusion."
        )
    return convolutions[-1]


def _places(model: nn.Module, layer: nn.Module, x: Tensor) -> tuple[int, ...]:
    """The place axes that the model's first convolution sees, from a run with one sample."""
    seen: list[tuple[int, ...]] = []
    uses: list[int] = []
    handles = [
        module.register_forward_pre_hook(lambda module, given: seen.append(tuple(given[0].shape[2:])))
        for module in model.modules()
        if isinstance(module, CONVOLUTIONS)
    ]
    handles.append(layer.register_forward_hook(lambda module, given, output: uses.append(getattr(output, "ndim", 0))))
    try:
        model(x[:1])
    finally:
        for handle in handles:
            handle.remove()
    if len(uses) != 1 or uses[0] < 3:
        raise ValueError(
            "Grad-CAM needs a layer that runs once and gives a map of channels and places; the chosen one ran "
            f"{len(uses)} times{f' and gave {uses[0]} axes' if uses else ''}. Name another by `layer`."
        )
    return seen[0] if seen else tuple(x.shape[2:])


def _enlarged(coarse: Float[Tensor, "sample one *place"], places: tuple[int, ...], x: Tensor) -> Tensor:
    """The map at every value of the sample."""
    axes = coarse.ndim - 2
    if (
        axes != len(places)
        or axes not in LINEAR
        or (places != tuple(x.shape[2:]) and math.prod(places) != x[0].numel())
    ):
        raise ValueError(
            f"The map has {axes} axes of places and the model's first convolution sees places of shape {places}; "
            f"neither fits a sample of shape {tuple(x.shape[1:])}."
        )
    fine = interpolate(coarse, size=places, mode=LINEAR[axes], align_corners=False)
    return (fine / x.shape[1]).expand_as(x) if places == tuple(x.shape[2:]) else fine.view(x.shape)
