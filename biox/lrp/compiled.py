"""The whole pass of relevance - the model forwards, the rules backwards - as one compiled program for one input shape.

The pass is traced once without values (``make_fx`` on fake tensors), so that nothing that depends on values can be
frozen into it: code that asks for a value (``if x.sum() > 0``) cannot be traced, and such a model runs uncompiled.
Weights are arguments of the program, read anew at every call.
"""

import warnings
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from biox.lrp.arguments import Bound, bounds_of, check_arguments
from biox.lrp.capture import Capture
from biox.lrp.composites import Composite
from biox.lrp.explain import _backwards, relevance
from biox.lrp.operations import handlers_for
from biox.lrp.presets import composite as composite_named
from biox.lrp.targets import Scores, Units, as_scores, weights_of

Explained = int | Tensor | Scores
Explain = Callable[[Tensor, Explained], Tensor]
Program = Callable[..., Any]
# A difference is rounding if it is at most so many times what the last digit of the input changes.
_ROUNDINGS = 30


class _Case(NamedTuple):
    """What a program is made for, besides the model.

    target: weights of the scores, an argument of the program, or a function of the output, a part of it.
    """

    chosen: Composite
    x: Tensor
    target: Tensor | Scores
    bounds: tuple[Tensor, Tensor] | None
    positive: bool


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
    does not, a warning says why, and that shape runs uncompiled: slower, never wrong.

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
    chosen = composite_named(composite) if isinstance(composite, str) else composite
    made: dict[Hashable, _Made] = {}

    def explain(x: Float[Tensor, "sample *feature"], target: Explained) -> Float[Tensor, "sample *feature"]:
        check_arguments(model, x)
        if isinstance(target, Units | list | tuple):
            raise ValueError(
                "A compiled pass explains one target: a class, output weights or a function of the output."
            )
        if not x.is_floating_point():  # integers are looked up rather than computed with
            return relevance(model, x, target, chosen, low, high)
        function = target if callable(target) and not isinstance(target, Tensor) else None
        with torch.inference_mode(False), torch.no_grad():
            x = x.clone() if x.is_inference() else x.detach()
            positive = bool((x >= 0).all())
            key = (function, *_key(model, x, positive))

            def case(scores: Tensor) -> _Case:
                weights = function or weights_of(cast("int | Tensor", target), scores)
                return _Case(chosen, x, weights, bounds_of(chosen, x, low, high), positive)

            if key not in made:
                expected = relevance(model, x, target, chosen, low, high)
                scores = expected if function is not None else as_scores(model(x), len(x))
                made[key] = _Made(_program(model, case(scores), expected), scores.new_zeros(()).expand(scores.shape))
                return expected
            program, scores = made[key]
            if program is None:
                return relevance(model, x, target, chosen, low, high)
            return program(*_arguments(model, case(scores)))[0]

    return explain


def _program(model: nn.Module, case: _Case, expected: Tensor) -> Program | None:
    """The compiled pass, if it can be made and gives what is expected; else None and a warning that says why."""
    arguments = _arguments(model, case)
    try:
        traced = _traced(model, case)
        program: Any = torch._inductor.compile(traced, list[Any](arguments))
        found = program(*arguments)[0]
    except Exception as error:  # whatever torch's tracer, its code generator or the compiler may raise
        reason = str(error).strip().splitlines() or [""]
        _warn(f"{type(error).__name__}: {reason[0]}")
        return None
    difference, rounding = _distance(found, expected), _rounding(model, case, expected)
    if not difference <= _ROUNDINGS * rounding:
        _warn(f"it differed by {difference:.1e} from the uncompiled pass, where rounding explains {rounding:.1e}")
        return None
    return program


def _traced(model: nn.Module, case: _Case) -> torch.fx.GraphModule:
    """The operations of the pass on plain tensors; raises where the model asks for a value."""
    from torch.fx.experimental.proxy_tensor import make_fx

    whole = _Whole(model, case)
    names = [*dict(whole.named_parameters()), *dict(whole.named_buffers())]

    def flat(*arguments: Tensor) -> list[Tensor]:
        split = len(arguments) - len(names)
        state = dict(zip(names, arguments[split:], strict=True))
        return [torch.func.functional_call(whole, state, arguments[:split])]

    # In one thread, so that the way back is traced as well.
    with torch.autograd.set_multithreading_enabled(False):
        return make_fx(flat, tracing_mode="fake")(*_arguments(model, case))


class _Whole(nn.Module):
    """Forward and back as one module, so that its weights can be arguments."""

    def __init__(self, model: nn.Module, case: _Case):
        super().__init__()
        self.model, self.case = model, case
        self.training = model.training

    def forward(self, x: Tensor, *rest: Tensor) -> Tensor:
        bounds = None if self.case.bounds is None else (rest[0], rest[1])
        target = rest[-1] if isinstance(self.case.target, Tensor) else self.case.target
        return _pass(self.model, self.case._replace(x=x, target=target, bounds=bounds))


def _pass(model: nn.Module, case: _Case) -> Tensor:
    """``relevance`` without the questions about values, which the case has answered."""
    capture = Capture(case.chosen, model, handlers_for(case.chosen))
    leaf = capture.start(case.x, case.bounds, case.positive)
    with capture:
        output = model(leaf)
    return _backwards(capture, output, leaf, case.target).relevance


def _arguments(model: nn.Module, case: _Case) -> list[Tensor]:
    weights = (case.target,) if isinstance(case.target, Tensor) else ()
    state = (*dict(model.named_parameters()).values(), *dict(model.named_buffers()).values())
    return [case.x, *(case.bounds or ()), *weights, *(value.detach() for value in state)]


def _key(model: nn.Module, x: Tensor, positive: bool) -> tuple[Hashable, ...]:
    """All that a program takes for granted."""
    modules = tuple((id(module), type(module), module.training) for module in model.modules())
    named = (*model.named_parameters(), *model.named_buffers())
    state = tuple((name, value.shape, value.stride(), value.dtype, value.device) for name, value in named)
    cast = torch.is_autocast_enabled(x.device.type) and torch.get_autocast_dtype(x.device.type)
    return x.shape, x.stride(), x.dtype, x.device, positive, modules, state, cast, torch.get_num_threads()


def _distance(found: Tensor, expected: Tensor) -> float:
    """How far apart, as a share of all relevance."""
    return float((found.double() - expected.double()).abs().sum() / expected.double().abs().sum().clamp(min=1e-300))


def _rounding(model: nn.Module, case: _Case, expected: Tensor) -> float:
    """How much relevance changes when the last digit of every input does: up and down in turns.

    Some rules divide by sums close to 0, so that this may be far more than the last digit of relevance.
    """
    device = case.x.device.type
    computed = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else case.x.dtype
    digit = torch.finfo(computed).eps
    turns = 1 - 2 * (torch.arange(case.x.numel(), device=case.x.device) % 2).reshape(case.x.shape)
    moved = case.x * (1 + digit * turns).to(case.x.dtype)
    again = _pass(model, case._replace(x=moved))
    return max(_distance(again, expected), digit)


def _warn(why: str) -> None:
    warnings.warn(
        f"The pass could not be compiled, so it runs uncompiled: slower, with the same result. The reason: {why}",
        stacklevel=4,
    )
