"""The public calls: relevance of every input value for a score of the user's own model."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from biox.lrp.arguments import Bound
from biox.lrp.capture import Capture
from biox.lrp.composites import Composite
from biox.lrp.operations import handlers_for
from biox.lrp.passes import Attribution, explained
from biox.lrp.presets import chosen_composite
from biox.lrp.targets import Target, Units, as_scores, plain, weights_of
from biox.lrp.watch import Mask, Watch


def relevance(
    model: nn.Module,
    x: Float[Tensor, "sample *feature"],
    target: Target | Sequence[Target],
    composite: str | Composite = "epsilon-plus",
    low: Bound | None = None,
    high: Bound | None = None,
) -> Float[Tensor, "..."]:
    """How much each input value spoke for (positive) or against (negative) the explained score.

    The values of a sample add up to its score, but for what biases and stabilisers absorb (``conservation_error``); the
    unit is that of the score. The model runs unchanged and is left as it was.

    x: numbers, or integers (tokens, categories, bytes), each of which gets the relevance of all that was made with it.
    model: any module or function of torch operations that maps ``x`` to scores, shape (sample, class). It must be in
        evaluation mode where that matters (dropout, BatchNorm).
    target: the explained class, one for all (int) or one a sample (integer tensor, shape (sample,)); a float tensor of
        output weights, shape (sample, class), which explains the weighted sum of scores; any function of the model's
        output that gives one score a sample (``difference(1, 0)``: why class 1 and not 0); or ``Units`` of a layer.
        A list of targets explains each and shares the model's run; the result then has a leading target dimension.
    composite: the rules, by name (``biox.lrp.NAMES``), made by ``biox.lrp.composite(name, eps=...)``, or your own.
        Three do not divide the score: ``excitation`` (probabilities), ``guided-backpropagation``, ``deconvolution``.
    low, high: lowest and highest possible input, broadcastable to a sample; for composites with the box rule.

    What the model detaches or takes out of torch (``.item()``) counts as a constant; ``torch.no_grad`` changes nothing.
    Raises UnhandledOperation (an operation without a rule), ValueError (arguments that do not fit).
    Source: Bach et al. 2015; rules in ``biox.lrp.rules``.
    """
    return attribute(model, x, target, composite, low=low, high=high).relevance


def attribute(  # noqa: PLR0913 - one call answers every question about one pass
    model: nn.Module,
    x: Float[Tensor, "sample *feature"],
    target: Target | Sequence[Target],
    composite: str | Composite = "epsilon-plus",
    *,
    low: Bound | None = None,
    high: Bound | None = None,
    layers: Sequence[str] = (),
    masks: Mapping[str, Mask] | None = None,
    biases: bool = False,
) -> Attribution:
    """``relevance`` with its score, the relevance of layers inside the model, and relevance that passes chosen units.

    layers: names of modules (``"features.10"``), or patterns (``"blocks.*"``), whose outputs' relevance is wanted.
    masks: for a layer's name or pattern, which of its channels relevance may pass (int or ints), or a float or bool
        tensor that multiplies the relevance of its output; the basis of concept relevance (Achtibat et al. 2023).
    biases: whether the relevance that biases keep is wanted: with it and stabilisers of 0, a network of linear layers,
        ReLUs, sums and pooling accounts for its whole score.

    All else as in ``relevance``. Names that no layer has are a ValueError that lists those of the model.
    """
    target = plain(target)
    several = isinstance(target, list)
    targets: list[Any] = target if several else [target]
    if not targets:
        raise ValueError("The list of targets is empty.")
    chosen = chosen_composite(composite)
    starts = tuple(one.layer for one in targets if isinstance(one, Units))
    watch = Watch(layers, masks or {}, starts, biases) if layers or masks or starts or biases else None
    capture = Capture(chosen, model, handlers_for(chosen), keeps=len(targets) > 1, watch=watch)
    found, _ = explained(capture, model, x, targets, (low, high))
    if not several:
        return found[0]
    return Attribution(
        torch.stack([one.relevance for one in found]),
        torch.stack([one.score for one in found]),
        _stacked([one.layers for one in found]),
        _stacked([one.biases for one in found]),
    )


def score(
    model: nn.Module, x: Float[Tensor, "sample *feature"], target: Target | Sequence[Target]
) -> Float[Tensor, "..."]:
    """The explained score of each sample: the logit of its target, the weighted sum of its outputs, or the function.

    Shape (sample,), or (target, sample) for a list of targets.
    """
    with torch.no_grad():
        output, wanted = model(x), plain(target)
        found = [_score(output, len(x), one) for one in (wanted if isinstance(wanted, list) else [wanted])]
    return torch.stack(found) if isinstance(wanted, list) else found[0]


def conservation_error(score: Float[Tensor, "..."], relevance: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Which share of each score is missing from its relevance: 1 - sum of relevance / score; 0 is exact.

    What is missing was absorbed by biases and stabilisers; below 0, relevance adds up to more than the score. Infinite
    or NaN where the score is 0. For several targets, score and relevance have a leading target dimension.
    """
    return (score - relevance.reshape(*score.shape, -1).sum(-1)) / score


def _stacked(found: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """For each name what every target has there, 0 where a target has nothing."""
    some = {name: value for one in found for name, value in one.items()}
    return {
        name: torch.stack([one.get(name, torch.zeros_like(value)) for one in found]) for name, value in some.items()
    }


def _score(output: Any, samples: int, target: Target) -> Tensor:
    if isinstance(target, Units):
        raise ValueError("The score of Units is known inside the model only; attribute(...) gives it.")
    if not isinstance(target, int | Tensor):
        return target(output)
    scores = as_scores(output, samples)
    return (scores * weights_of(target, scores)).flatten(1).sum(1)
