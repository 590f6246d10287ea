"""The public call: relevance of every input value for a score of the user's own model."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from biox.lrp.capture import Capture
from biox.lrp.composites import Composite
from biox.lrp.operations import handlers_for
from biox.lrp.presets import composite as composite_named

Target = int | Tensor
Bound = float | Tensor


def relevance(
    model: nn.Module,
    x: Float[Tensor, "sample *feature"],
    target: Target,
    composite: str | Composite = "epsilon-plus",
    low: Bound | None = None,
    high: Bound | None = None,
) -> Float[Tensor, "sample *feature"]:
    """How much each input value spoke for (positive) or against (negative) the explained score.

    The values of a sample add up to its score, but for what biases and stabilisers absorb (``conservation_error``); the
    unit is that of the score. The model runs unchanged and is left as it was.

    model: any module or function of torch operations that maps ``x`` to scores, shape (sample, class). It must be in
        evaluation mode where that matters (dropout, BatchNorm).
    target: the explained class, one for all (int) or one a sample (integer tensor, shape (sample,)); or a float tensor
        of output weights, shape (sample, class), which explains the weighted sum of scores.
    composite: the rules, by name (``biox.lrp.NAMES``), made by ``biox.lrp.composite(name, eps=...)``, or your own.
    low, high: lowest and highest possible input, broadcastable to a sample; for composites with the box rule.

    What the model detaches or takes out of torch (``.item()``) counts as a constant; ``torch.no_grad`` changes nothing.
    Raises UnhandledOperation (an operation without a rule), ValueError (arguments that do not fit).
    Source: Bach et al. 2015; rules in ``biox.lrp.rules``.
    """
    chosen = composite_named(composite) if isinstance(composite, str) else composite
    with torch.inference_mode(False), torch.no_grad():
        _check(model, x)
        capture = Capture(chosen, model, handlers_for(chosen))
        leaf = capture.start(x, _bounds(chosen, x, low, high))
        with capture:
            output = model(leaf)
        scores = _scores(capture, output, len(x))
        weights = weights_of(target, scores)
        start = weights if chosen.start == "one" else scores.detach() * weights
        (found,) = torch.autograd.grad(scores, leaf, start)
    return found


def score(model: nn.Module, x: Float[Tensor, "sample *feature"], target: Target) -> Float[Tensor, " sample"]:
    """The explained score of each sample: the logit of its target, or the weighted sum of its outputs."""
    with torch.no_grad():
        output = model(x)
        scores = output.unsqueeze(1) if output.ndim == 1 else output
        return (scores * weights_of(target, scores)).flatten(1).sum(1)


def conservation_error(
    score: Float[Tensor, " sample"], relevance: Float[Tensor, "sample *feature"]
) -> Float[Tensor, " sample"]:
    """Which share of each score is missing from its relevance: (score - sum of relevance) / |score|; 0 is exact.

    What is missing was absorbed by biases and stabilisers. Infinite or NaN where the score is 0.
    """
    return (score - relevance.flatten(1).sum(1)) / score.abs()


def weights_of(target: Target, scores: Tensor) -> Tensor:
    """The target as weights of the outputs, in the shape of ``scores``."""
    if isinstance(target, Tensor) and target.is_floating_point():
        if target.shape != scores.shape:
            raise ValueError(
                f"Output weights have shape {tuple(target.shape)}, but the model's output has {tuple(scores.shape)}."
            )
        return target.to(scores)
    if scores.ndim != 2:
        raise ValueError(
            "A class as target needs scores of shape (sample, class), but the model's output has "
            f"{tuple(scores.shape)}; give a float tensor of output weights in that shape."
        )
    samples, classes = scores.shape
    chosen = torch.as_tensor(target, device=scores.device)
    if chosen.dtype.is_floating_point or chosen.dtype == torch.bool or chosen.shape not in ((), (samples,)):
        raise ValueError(
            f"The target must be a class, one integer for all or a tensor of {samples} integers, or a float tensor of "
            f"output weights of shape {(samples, classes)}; got {target!r}."
        )
    if bool(((chosen < 0) | (chosen >= classes)).any()):
        raise ValueError(f"The model has the classes 0 to {classes - 1}, but the target is {target!r}.")
    return torch.nn.functional.one_hot(chosen.long().expand(samples), classes).to(scores.dtype)


def _scores(capture: Capture, output: object, samples: int) -> Tensor:
    scores = capture.current(output) if isinstance(output, Tensor) else None
    if scores is None or capture.tag(scores) is None:
        raise ValueError(
            "The model's output does not depend on its input, as far as torch operations show. It must be one tensor, "
            f"made from the input without detaching or leaving torch; got {type(output).__name__}."
        )
    if scores.ndim == 0 or scores.shape[0] != samples:
        raise ValueError(
            f"The model's output has shape {tuple(scores.shape)}, expected one row for each of {samples} samples."
        )
    if scores.ndim == 1:
        with torch.enable_grad():
            return scores.unsqueeze(1)
    return scores


def _check(model: object, x: object) -> None:
    if not isinstance(x, Tensor):
        raise ValueError(f"x must be a torch tensor of shape (sample, *feature), got {type(x).__name__}.")
    if not x.is_floating_point() or x.ndim < 1:
        raise ValueError(
            f"x must be a float tensor of shape (sample, *feature), got {x.dtype} of shape {tuple(x.shape)}."
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


def _bounds(composite: Composite, x: Tensor, low: Bound | None, high: Bound | None) -> tuple[Tensor, Tensor] | None:
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
