"""``nn.MultiheadAttention`` and ``nn.Transformer`` layers against the same written out by hand."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from biox import lrp

from .test_attention import attention
from .test_norms import standardised
from .twins import EXACT, activated, assert_same_output, gradient_times_input, halved, random

WIDTH, HEADS = 8, 2


def shuffled(module: nn.Module) -> nn.Module:
    """Random parameters, biases included, in evaluation mode."""
    for number, parameter in enumerate(module.parameters()):
        parameter.data = random(*parameter.shape, seed=50 + number) / 3
    return module.double().eval()


def projected(layer, q, k, v):
    """Query, key and value by head: (sample, head, position, feature)."""
    if layer.in_proj_weight is None:
        weights = layer.q_proj_weight, layer.k_proj_weight, layer.v_proj_weight
    else:
        weights = layer.in_proj_weight.chunk(3)
    biases = (None,) * 3 if layer.in_proj_bias is None else layer.in_proj_bias.chunk(3)
    made = [functional.linear(*given) for given in zip((q, k, v), weights, biases, strict=True)]
    return [one.unflatten(-1, (HEADS, -1)).transpose(1, 2) for one in made]


def multi_head(layer, q, k, v, mask=None):
    """The textbook, batch first."""
    seen = attention(*projected(layer, q, k, v), mask=mask)
    return layer.out_proj(seen.transpose(1, 2).flatten(2))


def assert_like(model, twin, x):
    torch.testing.assert_close(model(x), twin(x), rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(lrp.relevance(model, x, 1, EXACT), gradient_times_input(twin, x), rtol=1e-8, atol=1e-9)
    assert_same_output(model, x)


FIRST = shuffled(nn.Linear(6, 5 * WIDTH))
HEAD = random(5 * WIDTH, 3, seed=45)


def model_of(operation, batch_first=True):
    """Five positions of width 8, the operation, and scores."""

    def model(x):
        h = FIRST(x).reshape(len(x), 5, WIDTH)
        h = operation(h) if batch_first else operation(h.transpose(0, 1)).transpose(0, 1)
        return h.flatten(1) @ HEAD

    return model


PADDING = torch.tensor([[0, 0, 0, 0, 1], [0, 0, 0, 1, 1], [0, 0, 0, 0, 0]]).bool()
SQUARE = torch.tensor([[0, 1, 0, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 0, 0], [1, 0, 0, 0, 1], [0, 0, 0, 1, 0]]).bool()
FLOAT = random(5, 5, seed=46)
BY_HEAD = random(3 * HEADS, 5, 5, seed=47)
CASES = {
    "plain": ({}, None),
    "without weights": ({"need_weights": False}, None),
    "weights by head": ({"average_attn_weights": False}, None),
    "mask": ({"attn_mask": SQUARE}, ~SQUARE),
    "added mask": ({"attn_mask": FLOAT, "need_weights": False}, FLOAT),
    "mask by head": ({"attn_mask": BY_HEAD}, BY_HEAD.unflatten(0, (3, HEADS))),
    "padding": ({"key_padding_mask": PADDING}, ~PADDING[:, None, None]),
    "both": ({"key_padding_mask": PADDING, "attn_mask": SQUARE}, ~(PADDING[:, None, None] | SQUARE)),
    "causal": (
        {"attn_mask": torch.ones(5, 5).triu(1).bool(), "is_causal": True, "need_weights": False},
        torch.ones(5, 5).tril().bool(),
    ),
}


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_multi_head_attention(name, batch_first):
    given, mask = CASES[name]
    layer = shuffled(nn.MultiheadAttention(WIDTH, HEADS, batch_first=batch_first))
    own = model_of(lambda h: layer(h, h, h, **given)[0], batch_first)
    assert_like(own, model_of(lambda h: multi_head(layer, h, h, h, mask)), random(3, 6))


@pytest.mark.parametrize("bias", [True, False])
def test_keys_and_values_of_other_widths(bias):
    layer = shuffled(nn.MultiheadAttention(WIDTH, HEADS, kdim=3, vdim=5, bias=bias, batch_first=True))
    own = model_of(lambda h: layer(h, h[..., :3], h[..., 3:])[0])
    assert_like(own, model_of(lambda h: multi_head(layer, h, h[..., :3], h[..., 3:])), random(3, 6))


def test_a_learned_query_is_a_constant():
    layer, query = shuffled(nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)), random(1, 5, WIDTH, seed=48)

    def twin(h):
        q, k, v = projected(layer, query.expand(len(h), -1, -1), h, h)
        weights = (q.detach() @ k.mT / math.sqrt(q.shape[-1])).softmax(-1)
        return layer.out_proj(halved(weights, v, torch.matmul).transpose(1, 2).flatten(2))

    own = model_of(lambda h: layer(query.expand(len(h), -1, -1), h, h)[0])
    assert_like(own, model_of(twin), random(3, 6))


def test_a_sample_without_batch():
    layer = shuffled(nn.MultiheadAttention(WIDTH, HEADS))
    own = model_of(lambda h: torch.stack([layer(one, one, one, attn_mask=FLOAT)[0] for one in h]))
    assert_like(own, model_of(lambda h: multi_head(layer, h, h, h, FLOAT)), random(3, 6))


def test_the_weights_that_attention_returns_carry_relevance_too():
    """Rollout and pooling heads use them."""
    layer = shuffled(nn.MultiheadAttention(WIDTH, HEADS, batch_first=True))

    def twin(h):
        q, k, _ = projected(layer, h, h, h)
        weights = (halved(q, k, lambda a, b: a @ b.mT) / math.sqrt(q.shape[-1])).softmax(-1)
        return halved(weights.mean(1), h, torch.matmul)

    assert_like(model_of(lambda h: layer(h, h, h)[1] @ h), model_of(twin), random(3, 6))


def norm(layer, h):
    return standardised(h, -1, layer.eps) * layer.weight + layer.bias


def feed_forward(layer, h, activation):
    return layer.linear2(activated(activation, layer.linear1(h)))


def encoded(layer, h, activation, mask=None):
    attend = layer.self_attn
    if layer.norm_first:
        given = norm(layer.norm1, h)
        h = h + multi_head(attend, given, given, given, mask)
        return h + feed_forward(layer, norm(layer.norm2, h), activation)
    h = norm(layer.norm1, h + multi_head(attend, h, h, h, mask))
    return norm(layer.norm2, h + feed_forward(layer, h, activation))


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", [functional.relu, functional.gelu])
def test_an_encoder_layer(activation, norm_first, batch_first):
    """torch has a fused path for these in evaluation mode, which the capture must not enter."""
    layer = nn.TransformerEncoderLayer(
        WIDTH, HEADS, 12, activation=activation, norm_first=norm_first, batch_first=batch_first
    )
    shuffled(layer)
    own = model_of(lambda h: layer(h), batch_first)
    assert_like(own, model_of(lambda h: encoded(layer, h, activation)), random(3, 6))


def test_a_stack_of_encoder_layers_with_a_causal_mask():
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 12, batch_first=True, norm_first=True)
    stack = shuffled(nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(WIDTH), enable_nested_tensor=False))
    causal = nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64)

    def twin(h):
        for one in stack.layers:
            h = encoded(one, h, functional.relu, causal)
        return norm(stack.norm, h)

    assert_like(model_of(lambda h: stack(h, causal)), model_of(twin), random(3, 6))


def test_a_stack_with_padding_takes_no_fused_path():
    """The fused path (nested tensors) gives 0 at padded positions; elsewhere the values are the same."""
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 12, batch_first=True)
    stack = shuffled(nn.TransformerEncoder(layer, 2))

    def twin(h):
        for one in stack.layers:
            h = encoded(one, h, functional.relu, ~PADDING[:, None, None])
        return h.masked_fill(PADDING.unsqueeze(-1), 0)

    own = model_of(lambda h: stack(h, src_key_padding_mask=PADDING).masked_fill(PADDING.unsqueeze(-1), 0))
    assert_like(own, model_of(twin), random(3, 6))


def test_a_decoder_layer_looks_at_a_dependent_memory():
    layer = shuffled(nn.TransformerDecoderLayer(WIDTH, HEADS, 12, batch_first=True))

    def twin(h):
        memory = h.flip(1)
        h = norm(layer.norm1, h + multi_head(layer.self_attn, h, h, h))
        h = norm(layer.norm2, h + multi_head(layer.multihead_attn, h, memory, memory))
        return norm(layer.norm3, h + feed_forward(layer, h, functional.relu))

    assert_like(model_of(lambda h: layer(h, h.flip(1))), model_of(twin), random(3, 6))


@pytest.mark.parametrize("options", [{"add_bias_kv": True}, {"add_zero_attn": True}])
def test_added_keys_and_values_are_refused(options):
    layer = shuffled(nn.MultiheadAttention(WIDTH, HEADS, batch_first=True, **options))
    with pytest.raises(lrp.UnhandledOperation, match=r"add_bias_kv.*scaled_dot_product_attention"):
        lrp.relevance(model_of(lambda h: layer(h, h, h)[0]), random(3, 6), 1)
