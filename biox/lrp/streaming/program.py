"""One compiled program for the whole pass - the model forwards, the rules backwards - on inputs of one shape.

The pass is traced once without values (``make_fx`` on fake tensors), so that nothing that depends on values can be
frozen into it: code that asks for a value (``if x.sum() > 0``) cannot be traced, and such a model runs uncompiled.
Weights are arguments of the program, read anew at every call.
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from biox.lrp.capture import Capture
from biox.lrp.composites import Composite
from biox.lrp.operations import handlers_for
from biox.lrp.passes import backwards, output_of
from biox.lrp.targets import Scores

Program = Callable[..., Any]
# A difference is rounding if it is at most so many times what the last digit of the input changes.
_ROUNDINGS = 30


class Case(NamedTuple):
    """What a program is made for, besides the model.

    target: weights of the scores, an argument of the program, or a function of the output, a part of it.
    """

    chosen: Composite
    x: Tensor
    target: Tensor | Scores
    bounds: tuple[Tensor, Tensor] | None
    positive: bool


def program_for(model: nn.Module, case: Case, expected: Tensor) -> Program | None:
    """The compiled pass, if it can be made and gives what is expected; else None and a warning that says why."""
    arguments = arguments_of(model, case)
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


def _traced(model: nn.Module, case: Case) -> torch.fx.GraphModule:
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
        return make_fx(flat, tracing_mode="fake")(*arguments_of(model, case))


class _Whole(nn.Module):
    """Forward and back as one module, so that its weights can be arguments."""

    def __init__(self, model: nn.Module, case: Case):
        super().__init__()
        self.model, self.case = model, case
        self.training = model.training

    def forward(self, x: Tensor, *rest: Tensor) -> Tensor:
        bounds = None if self.case.bounds is None else (rest[0], rest[1])
        target = rest[-1] if isinstance(self.case.target, Tensor) else self.case.target
        return _pass(self.model, self.case._replace(x=x, target=target, bounds=bounds))


def _pass(model: nn.Module, case: Case) -> Tensor:
    """``relevance`` without the questions about values, which the case has answered."""
    capture = Capture(case.chosen, model, handlers_for(case.chosen))
    leaf = capture.start(case.x, case.bounds, case.positive)
    output = output_of(capture, model, leaf)
    return backwards(capture, output, leaf, case.target).relevance


def arguments_of(model: nn.Module, case: Case) -> list[Tensor]:
    """What a program is called with: the input, its bounds, the target's weights, and the model's state by now."""
    weights = (case.target,) if isinstance(case.target, Tensor) else ()
    state = (*dict(model.named_parameters()).values(), *dict(model.named_buffers()).values())
    return [case.x, *(case.bounds or ()), *weights, *(value.detach() for value in state)]


def _distance(found: Tensor, expected: Tensor) -> float:
    """How far apart, as a share of all relevance."""
    return float((found.double() - expected.double()).abs().sum() / expected.double().abs().sum().clamp(min=1e-300))


def _rounding(model: nn.Module, case: Case, expected: Tensor) -> float:
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
        stacklevel=5,
    )
