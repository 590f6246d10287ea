"""Attention in all its spellings against gradient x input with halved products (AttnLRP)."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from biox import lrp

from .twins import EXACT, activated, assert_like_twin, gradient_times_input, halved, random


def attention(q, k, v, mask=None, causal=False, scale=None):
    """The textbook: two halved products with a softmax between."""
    logits = halved(q, k, lambda a, b: a @ b.mT) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    return halved(_softmax(logits, mask, causal), v, torch.matmul)


def _softmax(logits, mask, causal):
    if causal:
        mask = torch.ones(logits.shape[-2:], dtype=torch.bool).tril()
    if mask is not None and mask.dtype == torch.bool:
        logits = logits.masked_fill(~mask, -math.inf)
    elif mask is not None:
        logits = logits + mask
    return logits.softmax(-1)


def heads(h):
    """Query, key and value of 2 heads, 4 positions and 3 features each."""
    return h.reshape(len(h), 2, 4, 9).split(3, -1)


BOOL = torch.tensor([[1, 1, 0, 1], [0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 1]]).bool()
FLOAT = random(4, 4, seed=40)
MASKS = {
    "none": {},
    "bool": {"mask": BOOL},
    "float": {"mask": FLOAT},
    "one row for all": {"mask": BOOL[2:3]},
    "by head": {"mask": random(1, 2, 4, 4)},
    "causal": {"causal": True},
    "scale": {"scale": 0.3, "mask": FLOAT},
}


@pytest.mark.parametrize("name", MASKS)
def test_scaled_dot_product_attention(name):
    given = MASKS[name]
    arguments = {"attn_mask": given.get("mask"), "is_causal": "causal" in given, "scale": given.get("scale")}
    assert_like_twin(
        lambda h: functional.scaled_dot_product_attention(*heads(h), **arguments),
        lambda h: attention(*heads(h), **given),
        (72,),
    )


def test_attention_written_by_hand_is_the_same():
    def by_hand(h):
        q, k, v = heads(h)
        return (torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(3) + FLOAT).softmax(dim=-1) @ v

    assert_like_twin(by_hand, lambda h: attention(*heads(h), mask=FLOAT), (72,))


CONSTANT = random(1, 2, 5, 3, seed=41)
CROSSED = {
    "constant query": lambda f, q, k, v: f(CONSTANT, k, v),
    "constant key": lambda f, q, k, v: f(q, CONSTANT[:, :, :4], v),
    "constant value": lambda f, q, k, v: f(q, k, CONSTANT[:, :, :4]),
    "constant query and key": lambda f, q, k, v: f(CONSTANT, CONSTANT[:, :, :4], v),
    "constant query and value": lambda f, q, k, v: f(CONSTANT, k, CONSTANT[:, :, :4]),
    "one key for all heads": lambda f, q, k, v: f(q, k[:, :1], v),
    "one value for all heads": lambda f, q, k, v: f(q, k, v[:, :1]),
    "three dimensions": lambda f, q, k, v: f(q[:, 0], k[:, 0], v[:, 0]),
    "self": lambda f, q, k, v: f(q, q, q),
}


@pytest.mark.parametrize("name", CROSSED)
def test_constants_take_nothing_and_shared_heads_add_up(name):
    call = CROSSED[name]

    def with_constants(q, k, v):
        """Only a product of two dependent tensors is halved."""
        if not (q.requires_grad or k.requires_grad):
            return _softmax(q @ k.mT / math.sqrt(3), None, False) @ v
        both = q.requires_grad and k.requires_grad
        logits = halved(q, k, lambda a, b: a @ b.mT) if both else q @ k.mT
        weights = (logits / math.sqrt(3)).softmax(-1)
        return halved(weights, v, torch.matmul) if v.requires_grad else weights @ v

    assert_gradient(
        lambda h: call(functional.scaled_dot_product_attention, *heads(h)),
        lambda h: call(with_constants, *heads(h)),
    )


def assert_gradient(operation, twin):
    """As ``assert_like_twin``, for twins that ask which tensors require a gradient."""
    first, x = nn.Linear(6, 72).double(), random(3, 6)
    head = random(operation(first(x)).flatten(1).shape[1], 2, seed=42)
    found = lrp.relevance(lambda x: operation(first(x)).flatten(1) @ head, x, 1, EXACT)
    expected = gradient_times_input(lambda x: twin(first(x)).flatten(1) @ head, x)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10)


def test_grouped_queries_share_keys_and_values():
    def grouped(h):
        h = h.reshape(len(h), 8, 3, 3)
        return h[:, :4], h[:, 4:6], h[:, 6:]

    def twin(h):
        q, k, v = grouped(h)
        return attention(q, k.repeat_interleave(2, 1), v.repeat_interleave(2, 1), causal=True)

    assert_like_twin(
        lambda h: functional.scaled_dot_product_attention(*grouped(h), is_causal=True, enable_gqa=True), twin, (72,)
    )


def test_a_mask_made_from_the_input_takes_its_share():
    def split(h):
        q, k, v = h.reshape(len(h), 4, 13).split([3, 3, 7], -1)
        return q, k, v[..., :3], v[..., 3:]

    def own(h):
        q, k, v, bias = split(h)
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)

    assert_like_twin(own, lambda h: attention(*split(h)[:3], mask=split(h)[3]), (52,))


def test_a_position_that_may_look_at_nothing_spoils_nothing():
    mask = BOOL.clone()
    mask[1] = False
    first, x = nn.Linear(6, 72).double(), random(3, 6)

    def model(x, kept=slice(None)):
        q, k, v = heads(first(x))
        seen = functional.scaled_dot_product_attention(q[:, :, kept], k, v, attn_mask=mask[kept])
        return seen.sum((1, 2))

    found = lrp.relevance(model, x, 1, "attnlrp")
    assert bool(found.isfinite().all())
    without = lrp.relevance(lambda x: model(x, torch.tensor([0, 2, 3])), x, 1, "attnlrp")
    torch.testing.assert_close(found, without, rtol=1e-6, atol=1e-8)


def test_blocked_softmax_leaves_all_to_the_values():
    exact = lrp.composite("cp-lrp", eps=0.0, stabiliser=0.0)
    first, x, head = nn.Linear(6, 72).double(), random(3, 6), random(24, 2)

    def model(attend):
        return lambda x: attend(*heads(first(x))).flatten(1) @ head

    def constant(q, k, v):
        return _softmax(q @ k.mT / math.sqrt(3), None, False).detach() @ v

    expected = gradient_times_input(model(constant), x)
    for attend in (
        functional.scaled_dot_product_attention,
        lambda q, k, v: (q @ k.mT / math.sqrt(3)).softmax(-1) @ v,
        lambda q, k, v: torch.einsum("bhqk,bhkd->bhqd", functional.softmax(q @ k.mT / math.sqrt(3), -1), v),
    ):
        torch.testing.assert_close(lrp.relevance(model(attend), x, 1, exact), expected, rtol=1e-9, atol=1e-10)


def test_attention_pooling_of_instances():
    """Ilse et al. 2018: gated attention weights, then a weighted sum."""
    content, gate, weigh = nn.Linear(5, 4).double(), nn.Linear(5, 4).double(), nn.Linear(4, 1).double()

    def pool(h):
        weights = (weigh(content(h).tanh() * gate(h).sigmoid())).softmax(1)
        return (weights * h).sum(1)

    def twin(h):
        logits = weigh(activated(torch.tanh, content(h)) * gate(h).sigmoid().detach())
        return halved(logits.softmax(1), h).sum(1)

    assert_like_twin(pool, twin, (4, 5))
