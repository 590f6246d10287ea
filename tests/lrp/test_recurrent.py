"""LSTM, GRU and plain recurrent networks against the same written step by step, with constant gates."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from biox import lrp

from .twins import EXACT, activated, assert_same_output, gradient_times_input, random

STEPS, INPUTS, WIDTH = 5, 4, 3


def made(kind, **options) -> nn.Module:
    torch.manual_seed(60)
    return kind(INPUTS, WIDTH, **options).double().eval()


def scores(sequence):
    flat = sequence.flatten(1)
    return flat @ random(flat.shape[1], 3, seed=61)


def lstm_step(from_input, from_hidden, hidden, cell):
    enter, forget, candidate, leave = (from_input + from_hidden).chunk(4, -1)
    cell = forget.sigmoid().detach() * cell + enter.sigmoid().detach() * activated(torch.tanh, candidate)
    return leave.sigmoid().detach() * activated(torch.tanh, cell), cell


def gru_step(from_input, from_hidden, hidden):
    (r_x, z_x, n_x), (r_h, z_h, n_h) = from_input.chunk(3, -1), from_hidden.chunk(3, -1)
    keep = (z_x + z_h).sigmoid().detach()
    candidate = activated(torch.tanh, n_x + (r_x + r_h).sigmoid().detach() * n_h)
    return ((1 - keep) * candidate + keep * hidden,)


def plain_step(activation):
    return lambda from_input, from_hidden, hidden: (activated(activation, from_input + from_hidden),)


def twin_of(layer, step, x, state=None):
    """Textbook: layer by layer, direction by direction, step by step; batch first."""
    size = layer.hidden_size
    states, finals = 2 if isinstance(layer, nn.LSTM) else 1, []
    for number in range(layer.num_layers):
        outputs = []
        for direction in range(1 + layer.bidirectional):
            suffix = f"_l{number}" + "_reverse" * direction
            w = [getattr(layer, f"{name}{suffix}", None) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
            w_hr = getattr(layer, f"weight_hr{suffix}", None)
            place = number * (1 + layer.bidirectional) + direction
            widths = (size if w_hr is None else w_hr.shape[0], size)[:states]
            begin = [x.new_zeros(len(x), width) for width in widths] if state is None else [one[place] for one in state]
            found = {}
            for t in range(x.shape[1])[:: -1 if direction else 1]:
                begin = step(functional.linear(x[:, t], w[0], w[2]), functional.linear(begin[0], w[1], w[3]), *begin)
                begin = begin if w_hr is None else (begin[0] @ w_hr.T, *begin[1:])
                found[t] = begin[0]
            outputs.append(torch.stack([found[t] for t in range(x.shape[1])], 1))
            finals.append(begin)
        x = torch.cat(outputs, -1)
    return x, [torch.stack([final[i] for final in finals]) for i in range(states)]


def assert_like(model, twin, x):
    torch.testing.assert_close(model(x), twin(x), rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(lrp.relevance(model, x, 1, EXACT), gradient_times_input(twin, x), rtol=1e-9, atol=1e-10)
    assert_same_output(model, x)


KINDS = {
    "lstm": (nn.LSTM, {}, lstm_step),
    "gru": (nn.GRU, {}, gru_step),
    "rnn tanh": (nn.RNN, {}, plain_step(torch.tanh)),
    "rnn relu": (nn.RNN, {"nonlinearity": "relu"}, plain_step(torch.relu)),
}
SHAPES = {
    "one layer": {},
    "two layers": {"num_layers": 2},
    "both directions": {"bidirectional": True},
    "two layers, both directions": {"num_layers": 2, "bidirectional": True, "dropout": 0.3},
    "without biases": {"bias": False},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", KINDS)
def test_a_recurrent_network_is_its_steps(name, shape):
    kind, options, step = KINDS[name]
    layer = made(kind, **options, **SHAPES[shape])
    twin = made(kind, **options, **SHAPES[shape], batch_first=True)
    x = random(2, STEPS, INPUTS)
    assert_like(lambda x: scores(twin(x)[0]), lambda x: scores(twin_of(twin, step, x)[0]), x)
    time_first = lrp.relevance(lambda x: scores(layer(x.transpose(0, 1))[0].transpose(0, 1)), x, 1, EXACT)
    torch.testing.assert_close(time_first, lrp.relevance(lambda x: scores(twin(x)[0]), x, 1, EXACT))


def test_an_lstm_that_projects_its_hidden_state():
    layer = made(nn.LSTM, proj_size=2, num_layers=2, bidirectional=True, batch_first=True)
    x = random(2, STEPS, INPUTS)
    assert_like(lambda x: scores(layer(x)[0]), lambda x: scores(twin_of(layer, lstm_step, x)[0]), x)


@pytest.mark.parametrize("name", KINDS)
def test_the_final_state_is_explained(name):
    kind, options, step = KINDS[name]
    layer = made(kind, **options, num_layers=2, batch_first=True)

    def final(state):
        parts = state if isinstance(state, tuple | list) else (state,)
        return scores(torch.cat([one.transpose(0, 1) for one in parts], -1))

    x = random(2, STEPS, INPUTS)
    assert_like(lambda x: final(layer(x)[1]), lambda x: final(twin_of(layer, step, x)[1]), x)


@pytest.mark.parametrize("dependent", [True, False])
@pytest.mark.parametrize("name", ["lstm", "gru", "rnn tanh"])
def test_a_given_state_takes_its_share(name, dependent):
    kind, options, step = KINDS[name]
    layer = made(kind, **options, batch_first=True)
    states = 2 if kind is nn.LSTM else 1
    fixed = random(2, states, 1, 2, WIDTH, seed=62)[0]

    def begin(x):
        return [fixed[i] * (x[:, 0, :WIDTH] if dependent else 1) for i in range(states)]

    def own(x):
        state = tuple(begin(x))
        return scores(layer(x, state if states == 2 else state[0])[0])

    assert_like(own, lambda x: scores(twin_of(layer, step, x, begin(x))[0]), random(2, STEPS, INPUTS))


CELLS = {
    "lstm": (nn.LSTMCell, lstm_step),
    "gru": (nn.GRUCell, gru_step),
    "tanh": (nn.RNNCell, plain_step(torch.tanh)),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_in_a_loop(name):
    kind, step = CELLS[name]
    cell, x = made(kind), random(2, STEPS, INPUTS)

    def own(x):
        state = None
        for t in range(STEPS):
            state = cell(x[:, t], state)
        return scores(state[0] if isinstance(state, tuple) else state)

    def twin(x):
        state = [x.new_zeros(2, WIDTH)] * (2 if name == "lstm" else 1)
        for t in range(STEPS):
            from_input = functional.linear(x[:, t], cell.weight_ih, cell.bias_ih)
            state = step(from_input, functional.linear(state[0], cell.weight_hh, cell.bias_hh), *state)
        return scores(state[0])

    assert_like(own, twin, x)


@pytest.mark.parametrize("name", ["lstm", "rnn tanh", "rnn relu", "gru"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_without_biases_nothing_is_lost(name, bidirectional):
    kind, options, _ = KINDS[name]
    layer = made(kind, **options, bias=False, num_layers=2, bidirectional=bidirectional, batch_first=True)
    x = random(6, STEPS, INPUTS)
    found = lrp.relevance(lambda x: scores(layer(x)[0]), x, 1, EXACT)
    error = lrp.conservation_error(lrp.score(lambda x: scores(layer(x)[0]), x, 1), found)
    assert float(error.abs().max()) < 1e-10


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("name", KINDS)
def test_sequences_of_unlike_length_are_explained_one_by_one(name, ordered):
    kind, options, _ = KINDS[name]
    layer = made(kind, **options, bidirectional=True, num_layers=2, batch_first=True)
    lengths = torch.tensor([5, 3, 2] if ordered else [2, 5, 3])
    x = random(3, STEPS, INPUTS)

    def packed(x):
        out, state = layer(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=ordered))
        final = state[0] if isinstance(state, tuple) else state
        pooled = pad_packed_sequence(out, batch_first=True)[0].sum(1)
        return pooled @ random(6, 3, seed=63) + final.sum(0) @ random(3, 3, seed=64)

    def alone(x):
        out, state = layer(x)
        final = state[0] if isinstance(state, tuple) else state
        return out.sum(1) @ random(6, 3, seed=63) + final.sum(0) @ random(3, 3, seed=64)

    found = lrp.relevance(packed, x, 1, EXACT)
    assert_same_output(packed, x)
    for row, length in enumerate(lengths.tolist()):
        expected = lrp.relevance(alone, x[row : row + 1, :length], 1, EXACT)
        torch.testing.assert_close(found[row : row + 1, :length], expected, rtol=1e-9, atol=1e-10)
        assert float(found[row, length:].abs().sum()) == 0


def test_dropout_between_layers_is_refused_in_training_mode():
    layer = made(nn.LSTM, num_layers=2, dropout=0.5).train()
    with pytest.raises(lrp.UnhandledOperation, match=r"model\.eval\(\)"):
        lrp.relevance(lambda x: scores(layer(x)[0]), random(2, STEPS, INPUTS), 1)
