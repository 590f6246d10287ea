"""A faster ``relevance`` for many batches: the whole pass as a compiled program, in parts that fit into the cache."""

from collections.abc import Callable, Hashable
from typing import NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from biox.lrp.arguments import Bound, bounds_of, check_arguments
from biox.lrp.composites import Composite
from biox.lrp.explain import relevance
from biox.lrp.presets import chosen_composite
from biox.lrp.streaming.batch_size import measured_size
from biox.lrp.streaming.program import Case, Program, arguments_of, program_for
from biox.lrp.streaming.reading import PROBE, target_rows
from biox.lrp.targets import Scores, Units, as_scores, weights_of

Explained = int | Tensor | Scores
Explain = Callable[[Tensor, Explained], Tensor]
Bounds = tuple[Tensor, Tensor] | None


class _Made(NamedTuple):
    """A program (None: this model or shape runs uncompiled) and the shape and type of the scores it explains."""

    program: Program | None
    scores: Tensor


def compiled(
    model: nn.Module,
    composite: str | Composite = "epsilon-plus",
    low: Bound | None = None,
    high: Bound | None = None,
) -> Explain:
    """A faster ``relevance`` for many batches of the same shape: a function ``explain(x, target)``.

    The first batch of each shape runs as ever while its program is made, which takes seconds to a minute and needs a
    C++ compiler (CPU) or Triton (GPU); the program must reproduce it to rounding. Where no program can be made, or it
    does not, a warning says why, and that shape runs uncompiled: slower, never wrong. On a CPU, a batch runs in parts
    of a size measured on its first samples, which stay near the processor's cache; what is left over runs uncompiled.

    Changed weights count at once. Modules put in the place of others, another mode, type or device make a new program;
    a plain attribute that the model's code branches on does not, so call ``compiled`` again after changing one.

    model, composite, low, high: as for ``relevance``; ``model`` must be an ``nn.Module`` that holds its weights as
    parameters or buffers. ``explain`` takes x and one target (a class, output weights, or a function of the output)
    and raises what ``relevance`` raises.
    """
    if not isinstance(model, nn.Module):
        raise ValueError(
            f"Only an nn.Module can be compiled, since its weights are found by name; got {type(model).__name__}. "
            "Call relevance without compiling, or put the function into a module with its weights as parameters."
        )
    chosen = chosen_composite(composite)
    part = _in_one_go(model, chosen)
    sizes: dict[Hashable, int] = {}

    def explain(x: Float[Tensor, "sample *feature"], target: Explained) -> Float[Tensor, "sample *feature"]:
        check_arguments(model, x)
        if isinstance(target, Units | list | tuple):
            raise ValueError(
                "A compiled pass explains one target: a class, output weights or a function of the output."
            )
        with torch.inference_mode(False), torch.no_grad():
            x = x.clone() if x.is_inference() else x.detach()
            bounds = bounds_of(chosen, x, low, high)

            def eager(rows: slice) -> Tensor:
                return relevance(model, x[rows], target_rows(target, rows), chosen, *_rows(bounds, rows))

            if len(x) == 0 or (isinstance(target, Tensor) and target.ndim and len(target) != len(x)):
                return eager(slice(None))  # which says what is wrong
            kind = (x.shape[1:], x.dtype, x.device)
            if x.device.type == "cpu" and kind not in sizes:
                sizes[kind] = measured_size(lambda n: eager(slice(0, n)), min(PROBE, len(x)), x.device)
            size = min(sizes.get(kind, len(x)), len(x))
            done = []
            for start in range(0, len(x), size):
                rows = slice(start, start + size)
                whole = start + size <= len(x)
                done.append(part(x, target, bounds, rows, eager) if whole else eager(rows))
            return done[0] if len(done) == 1 else torch.cat(done)

    return explain


def _in_one_go(model: nn.Module, chosen: Composite) -> Callable[..., Tensor]:
    """Explains rows of a batch by the program for their shape, which is made when they are the first."""
    made: dict[Hashable, _Made] = {}

    def part(x: Tensor, target: Explained, bounds: Bounds, rows: slice, eager: Callable[[slice], Tensor]) -> Tensor:
        x, target = x[rows], target_rows(target, rows)
        ends = None if bounds is None else (bounds[0][rows], bounds[1][rows])
        function = target if callable(target) and not isinstance(target, Tensor) else None
        positive = bool((x >= 0).all())
        key = (function, *_key(model, x, positive))

        def case(scores: Tensor) -> Case:
            return Case(chosen, x, function or weights_of(cast("int | Tensor", target), scores), ends, positive)

        if key not in made:
            expected = eager(rows)
            scores = expected if function is not None else as_scores(model(x), len(x))
            made[key] = _Made(program_for(model, case(scores), expected), scores.new_zeros(()).expand(scores.shape))
            return expected
        program, scores = made[key]
        return eager(rows) if program is None else program(*arguments_of(model, case(scores)))[0]

    return part


def _rows(bounds: Bounds, rows: slice) -> tuple[Tensor | None, Tensor | None]:
    return (None, None) if bounds is None else (bounds[0][rows], bounds[1][rows])


def _key(model: nn.Module, x: Tensor, positive: bool) -> tuple[Hashable, ...]:
    """All that a program takes for granted; it holds the modules, so that no other can take their place unnoticed."""
    modules = tuple((module, module.training) for module in model.modules())
    named = (*model.named_parameters(), *model.named_buffers())
    state = tuple((name, value.shape, value.stride(), value.dtype, value.device) for name, value in named)
    cast = torch.is_autocast_enabled(x.device.type) and torch.get_autocast_dtype(x.device.type)
    return x.shape, x.stride(), x.dtype, x.device, positive, modules, state, cast, torch.get_num_threads()
