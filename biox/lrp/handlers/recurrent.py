"""LSTM, GRU and plain recurrent networks as the steps they are made of; gates get nothing (Arras et al. 2017)."""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from biox.lrp.capture import Capture
from biox.lrp.handlers.copies import refuse_if_random
from biox.lrp.tags import Tag

State = tuple[Tensor, ...]  # the hidden state, and the cell of an LSTM
# One step in time, from what arrives from the input, from the hidden state, and the state.
Step = Callable[[Tensor, Tensor, State], State]


def lstm_step(from_input: Tensor, from_hidden: Tensor, state: State) -> State:
    """Hidden and cell state; relevance goes through the candidate and the cell."""
    enter, forget, candidate, leave = (from_input + from_hidden).chunk(4, -1)
    cell = forget.sigmoid() * state[1] + enter.sigmoid() * candidate.tanh()
    return leave.sigmoid() * cell.tanh(), cell


def gru_step(from_input: Tensor, from_hidden: Tensor, state: State) -> State:
    """The hidden state: a mixture of the old one and the candidate."""
    reset_x, keep_x, candidate_x = from_input.chunk(3, -1)
    reset_h, keep_h, candidate_h = from_hidden.chunk(3, -1)
    reset, keep = (reset_x + reset_h).sigmoid(), (keep_x + keep_h).sigmoid()
    candidate = (candidate_x + reset * candidate_h).tanh()
    return ((1 - keep) * candidate + keep * state[0],)


def tanh_step(from_input: Tensor, from_hidden: Tensor, state: State) -> State:
    """A plain recurrent network."""
    return ((from_input + from_hidden).tanh(),)


def relu_step(from_input: Tensor, from_hidden: Tensor, state: State) -> State:
    """A plain recurrent network with ReLU."""
    return ((from_input + from_hidden).relu(),)


def network(step: Step) -> Callable[..., Any]:
    """The handler of ``torch.lstm``, ``torch.gru`` and their like."""

    def handler(capture: Capture, func: Any, input: Tensor, second: Any, third: Any, *rest: Any) -> Any:
        # Packed: input, batch sizes, state, weights, options. Else: input, state, weights, options, batch first.
        plain = isinstance(rest[0], bool)
        given: Any = (second, third, *rest) if plain else (third, *rest, False, second.tolist())
        return _explained(capture, step, input, *given)

    return handler


def _explained(  # noqa: PLR0913 - the arguments of torch's function
    capture: Capture,
    step: Step,
    input: Tensor,
    hx: Any,
    params: Any,
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool = False,
    sizes: list[int] | None = None,
) -> tuple[Tensor, ...]:
    """Output and final state. sizes: how many samples each step in time has, where they are packed in one row."""
    refuse_if_random(train and dropout > 0 and num_layers > 1)
    directions = 2 if bidirectional else 1
    each = len(params) // (num_layers * directions)
    groups = [_weights(params[i : i + each], has_biases) for i in range(0, len(params), each)]
    begin = [_counted(capture, one) for one in (hx if isinstance(hx, tuple | list) else (hx,))]

    def steps(x: Tensor) -> tuple[Tensor, ...]:
        sequence, finals = x.transpose(0, 1) if batch_first else x, []
        for layer in range(num_layers):
            outputs = []
            for place in range(layer * directions, (layer + 1) * directions):
                state = tuple(one[place] for one in begin)
                out, final = _unrolled(step, sequence, state, groups[place], sizes, place % directions == 1)
                outputs.append(out)
                finals.append(final)
            sequence = outputs[0] if directions == 1 else torch.cat(outputs, -1)
        result = sequence.transpose(0, 1) if batch_first else sequence
        return result, *(torch.stack([final[i] for final in finals]) for i in range(len(begin)))

    return capture.decomposed(steps, input)


def cell(step: Step) -> Callable[..., Any]:
    """The handler of ``torch.lstm_cell``, ``torch.gru_cell`` and their like."""

    def handler(  # noqa: PLR0913 - the arguments of torch's function
        capture: Capture,
        func: Any,
        input: Tensor,
        hx: Any,
        w_ih: Tensor,
        w_hh: Tensor,
        b_ih: Tensor | None = None,
        b_hh: Tensor | None = None,
    ) -> Any:
        def steps(x: Tensor, *state: Tensor) -> Any:
            found: Any = step(functional.linear(x, w_ih, b_ih), functional.linear(state[0], w_hh, b_hh), state)
            return found if len(found) > 1 else found[0]

        return capture.decomposed(
            steps, input, *(_counted(capture, one) for one in (hx if isinstance(hx, tuple | list) else (hx,)))
        )

    return handler


def _counted(capture: Capture, state: Tensor) -> Tensor:
    """A constant state as a signal, so that it and not the gate takes (and keeps) the relevance of their product."""
    if capture.tag(state):
        return state
    leaf = state.detach().clone().requires_grad_()
    return capture.link(leaf.detach(), (leaf,), lambda relevance: (None,), Tag(capture))


def _unrolled(
    step: Step, sequence: Tensor, state: Any, weights: Sequence[Tensor | None], sizes: list[int] | None, turned: bool
) -> tuple[Tensor, State]:
    """All outputs of one layer in one direction, in the order of time, and its final state.

    Of a packed sequence, only the first samples still run at a step; the others keep their state.
    """
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    assert w_ih is not None
    assert w_hh is not None
    arriving = functional.linear(sequence, w_ih, b_ih)
    inputs = arriving.unbind(0) if sizes is None else arriving.split(sizes)
    outputs = []
    for from_input in reversed(inputs) if turned else inputs:
        running: Any = state if sizes is None else tuple(one[: len(from_input)] for one in state)
        new: Any = step(from_input, functional.linear(running[0], w_hh, b_hh), running)
        if w_hr is not None:
            new = (functional.linear(new[0], w_hr), *new[1:])
        outputs.append(new[0])
        if sizes is not None:
            new = tuple(torch.cat((one, old[len(one) :])) for one, old in zip(new, state, strict=True))
        state = new
    outputs = outputs[::-1] if turned else outputs
    return (torch.stack(outputs) if sizes is None else torch.cat(outputs)), state


def _weights(params: Sequence[Tensor], has_biases: bool) -> Sequence[Tensor | None]:
    """Input, hidden, both biases, and the projection of the hidden state; None where there is none."""
    biases = params[2:4] if has_biases else (None, None)
    rest = params[4 if has_biases else 2 :]
    return *params[:2], *biases, rest[0] if rest else None
