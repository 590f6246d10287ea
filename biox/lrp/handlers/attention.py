"""Attention: half of the relevance to what was seen (value), half to why it was looked at (query and key)."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from biox.lrp.capture import Capture
from biox.lrp.errors import UnhandledOperation, place_in_user_code
from biox.lrp.propagate import divided
from biox.lrp.tags import Tag


def scaled_dot_product(  # noqa: PLR0913 - the arguments of torch's function
    capture: Capture,
    func: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """Attention in one pass backwards: as softmax and two products would hand relevance down, without their divisions.

    The weights are computed again on the way back, as torch does for the gradient, so none are stored.
    """
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    if dropout_p > 0 or enable_gqa or capture.tag(attn_mask):
        return capture.decomposed(_steps, query, key, value, attn_mask, dropout_p, is_causal, factor)
    output = func(query, key, value, attn_mask, dropout_p, is_causal, scale=scale)
    parts = tuple(tensor.detach() for tensor in (query, key, value))
    depends = tuple(bool(capture.tag(tensor)) for tensor in (query, key, value))
    blocked, eps = capture.blocks("softmax"), capture.composite.stabiliser
    through_weights = (depends[0] or depends[1]) and not blocked
    result = output.detach()

    def back(relevance: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v = parts
        weights = _weights(_masked(q @ k.mT * factor, attn_mask, is_causal), attn_mask)
        quotient = divided(relevance, result, eps)
        half = 0.5 if through_weights and depends[2] else 1.0
        to_value = (v * (weights.mT @ quotient)).mul_(half).sum_to_size(v.shape) if depends[2] else None
        if not through_weights:
            return _given(depends, None, None, to_value)
        seen = (quotient @ v.mT).mul_(weights)
        change = (seen - weights * seen.sum(-1, keepdim=True)).mul_(factor * half * (0.5 if all(depends[:2]) else 1.0))
        to_query = (q * (change @ k)).sum_to_size(q.shape) if depends[0] else None
        to_key = (k * (change.mT @ q)).sum_to_size(k.shape) if depends[1] else None
        return _given(depends, to_query, to_key, to_value)

    inputs = tuple(tensor for tensor, one in zip((query, key, value), depends, strict=True) if one)
    return capture.link(output, inputs, back, Tag(capture))


def multi_head(  # noqa: PLR0913 - the arguments of torch's function
    capture: Capture,
    func: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> Any:
    """``nn.MultiheadAttention``, written as projections and scaled dot-product attention."""
    if any(one is not None for one in (bias_k, bias_v, static_k, static_v)) or add_zero_attn:
        raise UnhandledOperation(
            f"nn.MultiheadAttention at {place_in_user_code()} adds keys or values of its own (add_bias_kv, "
            "add_zero_attn), for which there is no rule. Write the attention with scaled_dot_product_attention."
        )
    separate = (q_proj_weight, k_proj_weight, v_proj_weight)
    weights: Any = separate if in_proj_weight is None or use_separate_proj_weight else in_proj_weight.chunk(3)
    biases: Any = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
    mask = _joined(attn_mask, key_padding_mask, num_heads, query)

    def steps(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor | None]:
        batched = q.ndim == 3
        tensors = [one if batched else one.unsqueeze(1) for one in (q, k, v)]
        projected = [functional.linear(*given) for given in zip(tensors, weights, biases, strict=True)]
        heads = [one.unflatten(-1, (num_heads, -1)).permute(1, 2, 0, 3) for one in projected]
        rate = dropout_p if training else 0.0
        seen = functional.scaled_dot_product_attention(heads[0], heads[1], heads[2], mask, rate)
        out = functional.linear(seen.permute(2, 0, 1, 3).flatten(-2), out_proj_weight, out_proj_bias)
        looked = None
        if need_weights:
            logits = heads[0] @ heads[1].mT / math.sqrt(heads[0].shape[-1])
            looked = _weights(_masked(logits, mask, False), mask)
            looked = looked.mean(1) if average_attn_weights else looked
            looked = looked if batched else looked.squeeze(0)
        return out if batched else out.squeeze(1), looked

    return capture.decomposed(steps, query, key, value)


def _steps(  # noqa: PLR0913 - the arguments of attention
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    dropout: float,
    causal: bool,
    factor: float,
) -> Tensor:
    """Attention operation by operation, for what the short way does not cover."""
    if key.shape[-3] != query.shape[-3]:  # grouped queries: several heads share a key
        repeats = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(repeats, -3), value.repeat_interleave(repeats, -3)
    logits = _masked(query @ key.mT * factor, mask, causal)
    return functional.dropout(_weights(logits, mask), dropout) @ value


def _masked(logits: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
    if causal:
        lower = torch.ones(logits.shape[-2:], dtype=torch.bool, device=logits.device).tril()
        logits = logits.masked_fill(~lower, -math.inf)
    if mask is None:
        return logits
    return logits.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else logits + mask


def _weights(logits: Tensor, mask: Tensor | None) -> Tensor:
    """The softmax; 0 for a position that the mask lets look at nothing, as torch has it."""
    weights = logits.softmax(-1)
    if mask is None:
        return weights
    return weights.masked_fill((logits.detach() == -math.inf).all(-1, keepdim=True), 0.0)


def _joined(mask: Tensor | None, padding: Tensor | None, heads: int, query: Tensor) -> Tensor | None:
    """The masks of ``nn.MultiheadAttention`` (True: not looked at) as one that is added to the logits."""
    added = None
    for one, is_padding in ((mask, False), (padding, True)):
        if one is None:
            continue
        values = (
            torch.zeros_like(one, dtype=query.dtype).masked_fill(one, -math.inf) if one.dtype == torch.bool else one
        )
        if is_padding:
            values = values.reshape(-1, 1, 1, values.shape[-1])
        elif values.ndim == 3:
            values = values.unflatten(0, (-1, heads))
        added = values if added is None else added + values
    return added


def _given(depends: tuple[bool, ...], *found: Tensor | None) -> tuple[Tensor | None, ...]:
    return tuple(one for one, does in zip(found, depends, strict=True) if does)
