"""Layers with weights: a linear layer, the BatchNorm and the ReLU after it are one block with one way back."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from biox.lrp.capture import Capture
from biox.lrp.composites import Place
from biox.lrp.errors import UnhandledOperation, place_in_user_code
from biox.lrp.handlers.products import multilinear
from biox.lrp.layers import Dense, Layer, Scaling, Site, folded
from biox.lrp.propagate import Kept, propagate, taken_by_bias
from biox.lrp.rules import Rule
from biox.lrp.silence import Silent
from biox.lrp.tags import Bare, Tag
from biox.lrp.values import holds


def linear(capture: Capture, func: Any, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Any:
    """A dense layer with constant weights."""
    if capture.tag(bias) is None and (capture.tag(input) is None or capture.tag(weight) or weight.ndim != 2):
        product = multilinear(capture, func, input, weight)
        return product if bias is None else capture.decomposed(torch.add, product, bias)
    if capture.tag(bias):
        return capture.unhandled(func, (input, weight, bias), {})
    layer = Layer("linear", capture.name_of(weight), Dense(), weight, bias)
    return layer_output(capture, layer, input, func(input, weight, bias))


def matmul(capture: Capture, func: Any, input: Tensor, other: Tensor) -> Any:
    """``x @ W`` with a constant matrix W, or ``W @ x`` with a parameter W, is a dense layer; all else is a product."""
    if capture.tag(input) is None and capture.name_of(input) and input.ndim == 2 and other.ndim >= 2:
        return capture.decomposed(lambda x: (x.mT @ input.t()).mT, other)
    if capture.tag(input) is None or capture.tag(other) or other.ndim != 2:
        return multilinear(capture, func, input, other)
    layer = Layer("linear", capture.name_of(other), Dense(), other.t(), None)
    return layer_output(capture, layer, input, func(input, other))


def batch_norm(  # noqa: PLR0913 - the arguments of torch's batch_norm
    capture: Capture,
    func: Any,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """BatchNorm with running statistics joins the linear layer before it, or else is a layer of its own."""
    if training or running_mean is None or running_var is None:
        raise UnhandledOperation(
            f"BatchNorm at {place_in_user_code()} uses the statistics of the batch, so one sample's explanation would "
            "depend on the others. Call model.eval(), and train with track_running_stats=True."
        )
    value = func(input, running_mean, running_var, weight, bias, False, momentum, eps)
    scale = torch.rsqrt(running_var + eps) * (1 if weight is None else weight.detach())
    shift = -running_mean * scale if bias is None else bias.detach() - running_mean * scale
    tag = dependent_tag(capture, input)
    bare = tag.layer if capture.composite.fold_batchnorm else None
    if bare is not None and bare.layer.operator.channel_dim % value.ndim == 1:
        return layer_output(capture, folded(bare.layer, scale, shift), bare.input, value, rank=bare.rank)
    return layer_output(capture, Layer("batch_norm", capture.name_of(weight), Scaling(), scale, shift), input, value)


def relu(capture: Capture, func: Any, input: Tensor) -> Any:
    """Relevance passes unchanged; a linear layer before it takes it in."""
    value, tag = torch.relu(input), dependent_tag(capture, input)
    if tag.layer is not None:
        bare = tag.layer
        return layer_output(capture, bare.layer, bare.input, value, before_relu=input, rank=bare.rank)
    return capture.link(value, (input,), lambda relevance: (relevance,), Tag(capture, raw=tag.raw, positive=True))


def layer_output(
    capture: Capture,
    layer: Layer,
    input: Tensor,
    value: Tensor,
    *,
    before_relu: Tensor | None = None,
    rank: int | None = None,
) -> Tensor:
    """Link the value of a layer (after its BatchNorm and ReLU, if any) to the layer's input by the composite's rule.

    rank: the place of a layer in the order of the run, where it has one already because a BatchNorm or ReLU joins it.
    """
    tag = dependent_tag(capture, input)
    if capture.composite.blocks(layer.kind, layer.name, tag.raw):  # all that is made of it alone is constant too
        return value.detach()
    if rank is None:
        rank = capture.layers = capture.layers + 1
    line = place_in_user_code() if capture.composite.needs_bounds and tag.bounds is None else ""
    rectified = before_relu is not None and capture.composite.keeps_zeros
    output = value if before_relu is None or rectified else before_relu
    seen = Site(layer, input.detach(), output.detach(), rectified, tag.positive, _common(tag.bounds))

    kept: dict[Rule, Kept] = {}
    bare, silent = (Bare(layer, input, rank) if before_relu is None else None), Silent()

    def back(relevance: Tensor) -> tuple[Tensor | None]:
        # Only now is it known which layer was the last, and whether relevance reached zeros on its way.
        rule = capture.composite.rule_for(Place(layer.kind, layer.name, tag.raw, last=rank == capture.last))
        site = _before_relu(seen) if seen.rectified and silent.reached else seen
        if rule.needs_bounds and line:
            raise ValueError(
                "The box rule needs the bounds of its layer's input, which are known only where a layer reads the "
                f"model's input; the layer {layer.name!r} at {line} does not. Use Entry(box(), first=True)."
            )
        relevance = relevance if capture.watch is None else capture.watch.arrives(rank, relevance)
        _noted(capture, rank, rule, site, relevance)
        sums = kept.setdefault(rule, {}) if capture.keeps and site is seen else None
        return (None if rule.blocks else propagate(rule, site, relevance, sums),)

    known = Tag(capture, positive=before_relu is not None, layer=bare, silent=(silent,) if rectified else ())
    linked = capture.link(value, (input,), back, known)
    if capture.watch is not None:
        capture.watch.passes(rank, layer.name, linked, layer.operator.channel_dim)
    if capture.journal is not None:
        capture.journal.layer(rank)
    return linked


def _before_relu(site: Site) -> Site:
    """The same with the output before the ReLU, computed again: where that was negative, relevance has arrived."""
    layer = site.layer
    weight, bias = (None if one is None else one.detach().to(site.output.dtype) for one in (layer.weight, layer.bias))
    assert weight is not None
    output = layer.operator.forward(site.input.to(site.output.dtype), weight, bias)
    return replace(site, output=output, rectified=False)


def _noted(capture: Capture, rank: int, rule: Rule, site: Site, relevance: Tensor) -> None:
    """Tell whoever asks by which rule relevance passes a layer, and what of it the layer's biases keep."""
    if capture.journal is None and (capture.watch is None or not capture.watch.biases):
        return
    bias = None if site.layer.bias is None else taken_by_bias(rule, site, relevance)
    if capture.watch is not None and bias is not None:
        capture.watch.bias(rank, site.layer.name, bias)
    if capture.journal is not None:
        taken = None if bias is None else float(bias.sum())
        capture.journal.note(layer=site.layer.name, rule=rule.name, bias=taken)


def dependent_tag(capture: Capture, tensor: Tensor) -> Tag:
    """The tag of an operation's first argument; refuses a call where only another argument depends on the input."""
    tag = capture.tag(tensor)
    if tag is None:
        raise UnhandledOperation(
            f"At {place_in_user_code()} a parameter of an operation depends on the input, but not its first argument."
        )
    return tag


def _common(bounds: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor] | None:
    """The bounds with one row where they are the same for all samples, so that their passes cost one sample's."""
    if bounds is None:
        return None
    same = all(end.stride(0) == 0 or holds((end == end[:1]).all(), otherwise=False) for end in bounds)
    return (bounds[0][:1], bounds[1][:1]) if same else bounds
