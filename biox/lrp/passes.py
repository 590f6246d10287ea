"""The model's run under the capture, and the passes backwards that explain it."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from biox.lrp.arguments import Bound, bounds_of, check_arguments
from biox.lrp.capture import Capture
from biox.lrp.targets import Target, Units, as_scores, weights_of
from biox.lrp.transforms import scripts_as_written
from biox.lrp.watch import modules_watched


@dataclass(frozen=True)
class Attribution:
    """Relevance and what was asked for beside it. For a list of targets every tensor has a leading target dimension.

    relevance: of every input value, shape (sample, *feature), in the unit of the score. score: what was explained,
        shape (sample,).
    layers: relevance of the outputs of the layers that were asked for, by name (a layer's second use is ``name:2``).
    biases: what the biases of each layer with weights kept, by name, if it was asked for: shape (row, channel), where
        the rows are the first dimension of the layer's output (samples; time where the model puts it first).
    """

    relevance: Float[Tensor, "..."]
    score: Float[Tensor, "..."]
    layers: dict[str, Tensor] = field(default_factory=dict)
    biases: dict[str, Tensor] = field(default_factory=dict)

    @property
    def positive(self) -> Tensor:
        """The evidence for the score alone."""
        return self.relevance.clamp(min=0)

    @property
    def negative(self) -> Tensor:
        """The evidence against the score alone, as values <= 0."""
        return self.relevance.clamp(max=0)


def explained(
    capture: Capture, model: Any, x: Tensor, targets: Sequence[Target], bounds: tuple[Bound | None, Bound | None]
) -> tuple[list[Attribution], Any]:
    """The model's run under the capture and a pass backwards for each target; and the model's output."""
    with torch.inference_mode(False), torch.no_grad():
        check_arguments(model, x)
        leaf = capture.start(x, bounds_of(capture.composite, x, *bounds))
        output = output_of(capture, model, leaf)
        try:
            return [backwards(capture, output, capture.source, one) for one in targets], output
        finally:
            capture.release()


def output_of(capture: Capture, model: Any, leaf: Tensor) -> Any:
    """What the model makes of the leaf, watched."""
    seen = nullcontext() if capture.watch is None else modules_watched(capture.watch, capture, model)
    # What torch.compile has made of a model would be traced together with the capture; it runs as it was written.
    eager = torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else nullcontext()
    with scripts_as_written(), eager, seen, capture:
        output = model(leaf)
    capture.last = capture.layers
    if capture.watch is None:
        return output
    capture.watch.check([name for name, _ in model.named_modules() if name] if isinstance(model, nn.Module) else [])
    return output


def backwards(capture: Capture, output: Any, leaf: Tensor, target: Target) -> Attribution:
    """One pass backwards."""
    end, weights = _end(capture, output, len(leaf), target)
    values = end.detach() * weights
    start = weights * (end.detach() != 0) if capture.composite.start == "one" else values
    with torch.autocast(end.device.type, enabled=False):  # the rules choose their types themselves
        (found,) = torch.autograd.grad(
            end, leaf, start, retain_graph=capture.keeps, allow_unused=True, materialize_grads=True
        )
    layers: dict[str, Tensor] = {}
    biases: dict[str, Tensor] = {}
    if capture.watch is not None:
        layers, biases = capture.watch.collected()
    return Attribution(found.contiguous(), values.flatten(1).sum(1), layers, biases)


def _end(capture: Capture, output: Any, samples: int, target: Target) -> tuple[Tensor, Tensor]:
    """Where the pass backwards starts, and how much each value there counts."""
    if not (isinstance(target, int | Tensor | Units) or callable(target)):
        raise ValueError(
            f"The target must be a class, output weights, a function of the output or Units, got {target!r}."
        )
    if isinstance(target, Units):
        assert capture.watch is not None
        return capture.watch.units(target.layer, target.channels)
    if not isinstance(target, int | Tensor):
        output = capture.decomposed(target, output)
        if not isinstance(output, Tensor) or output.shape != (samples,):
            given = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise ValueError(f"A target function must give one score a sample, shape ({samples},); it gave {given}.")
    current = capture.current(output) if isinstance(output, Tensor) else output
    with capture, torch.enable_grad():
        scores = as_scores(current, samples)
    scores = capture.current(scores)
    if capture.tag(scores) is None:
        raise ValueError(
            "The model's output does not depend on its input, as far as torch operations show. It must be made from "
            "the input without detaching or leaving torch."
        )
    weights = weights_of(target, scores) if isinstance(target, int | Tensor) else torch.ones_like(scores)
    return scores, weights
