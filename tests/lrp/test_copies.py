"""Rearrangements, selections, sums and pooling: where a value comes from is where its relevance goes."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from biox import lrp

from .twins import EXACT, assert_conserves, assert_like_twin, between, random

INDEX = torch.tensor([2, 0, 2, 3])
GRID = random(1, 3, 3, 2, seed=70).tanh()
MASK = torch.tensor([[1, 0, 1, 1, 0], [0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 1, 0, 1]]).bool()
FIXED = random(1, 4, 5, seed=71)


def image(h):
    """Four channels of 6 x 6."""
    return h.reshape(len(h), 4, 6, 6)


# Each is linear in its input, or picks values, so its twin is the operation itself.
COPIES = {
    "cat": lambda h: torch.cat([h[:, :1], h, FIXED.expand(len(h), 4, 5)], dim=1),
    "cat keyword": lambda h: torch.cat(tensors=(h, h.flip(1)), dim=-1),
    "stack": lambda h: torch.stack(h.unbind(1)).transpose(0, 1),
    "split": lambda h: sum(h.split([2, 1, 2], dim=-1)[::2]),
    "chunk": lambda h: torch.cat(h.chunk(2, 1)[::-1], 1),
    "tensor_split": lambda h: torch.cat(torch.tensor_split(h, 3, dim=2)[::-1], 2),
    "index": lambda h: h[:, INDEX, 1:4],
    "mask": lambda h: h[:, MASK],
    "ellipsis": lambda h: h[..., None, ::2].squeeze(-2),
    "index_select": lambda h: h.index_select(1, INDEX),
    "gather": lambda h: h.gather(2, INDEX.expand(len(h), 4, 4)),
    "take_along_dim": lambda h: torch.take_along_dim(h, h.argsort(-1), -1),
    "iteration": lambda h: torch.stack([row.flip(0) for one in h for row in one]).reshape(len(h), 4, 5),
    "roll": lambda h: h.roll((1, -2), (1, 2)),
    "repeat": lambda h: h.repeat(1, 2, 1),
    "repeat_interleave": lambda h: h.repeat_interleave(2, dim=2),
    "expand": lambda h: h.unsqueeze(1).expand(-1, 3, -1, -1),
    "as views": lambda h: h.permute(0, 2, 1).contiguous().view(len(h), -1).unflatten(1, (2, 10)),
    "movedim": lambda h: h.movedim(2, 1).swapaxes(1, 2).mT,
    "diagonal": lambda h: torch.cat([h.diagonal(dim1=1, dim2=2), h[..., :4].tril().flatten(1)], 1),
    "diag_embed": lambda h: torch.diag_embed(h[:, 0]),
    "masked_fill": lambda h: h.masked_fill(MASK, 0.5),
    "masked_select": lambda h: h.masked_select(MASK).reshape(len(h), -1),
    "masked_scatter": lambda h: FIXED.expand(len(h), 4, 5).masked_scatter(MASK, h),
    "where": lambda h: torch.where(h > 0, h, h.flip(1)),
    "where of a constant": lambda h: torch.where(MASK, h, FIXED),
    "times a mask": lambda h: h * (h > 0),
    "index_copy": lambda h: h.index_copy(1, INDEX[:2], h[:, 2:]),
    "index_put": lambda h: h.index_put((torch.tensor([0]), torch.tensor([1])), h[1, 2]),
    "scatter": lambda h: h.scatter(2, INDEX[1:3].expand(len(h), 4, 2), h[..., 3:]),
    "select_scatter": lambda h: h.select_scatter(h[:, 1], 1, 2),
    "slice_scatter": lambda h: h.slice_scatter(h[:, :2], dim=1, start=2),
    "block_diag": lambda h: torch.stack([torch.block_diag(*one) for one in h]),
    "broadcast_tensors": lambda h: torch.cat(torch.broadcast_tensors(h, h[:, :1]), 1),
    "max": lambda h: h.max(dim=1).values,
    "amax": lambda h: h.amax((1, 2), keepdim=True).flatten(1),
    "max of all": lambda h: torch.stack([one.max() for one in h]).unsqueeze(1),
    "min": lambda h: torch.min(h, 2)[0],
    "maxout": lambda h: torch.maximum(h[:, :2], h[:, 2:]),
    "fmax": lambda h: torch.fmax(h, FIXED),
    "median": lambda h: h.median(-1).values,
    "kthvalue": lambda h: h.kthvalue(2, dim=-1).values,
    "sort": lambda h: h.sort(-1, descending=True)[0],
    "topk": lambda h: h.topk(2, dim=1).values,
    "aminmax": lambda h: torch.cat(torch.aminmax(h, dim=1), -1),
    "cummax": lambda h: h.cummax(1).values,
    "to": lambda h: h.to(torch.float64).to(h).clone().type_as(h),
    "+x": lambda h: +h,
    "zero_": lambda h: _zeroed(h),
    "as_strided": lambda h: h.contiguous().as_strided((len(h), 4, 3), (20, 5, 1)),
    "one slice in place": lambda h: _written(h),
    "index_add_": lambda h: torch.zeros_like(h).index_add_(1, INDEX, h),
}
LINEAR = {
    "mean": lambda h: torch.stack([one.mean() for one in h]).unsqueeze(1),
    "mean of dims": lambda h: h.mean(dim=(1, 2), keepdim=True).flatten(1),
    "sum": lambda h: torch.sum(h, dim=-1),
    "cumsum": lambda h: h.cumsum(-1),
    "diff": lambda h: torch.diff(h, dim=1),
    "quantile": lambda h: h.quantile(0.3, dim=-1),
    "scatter_add": lambda h: h.new_zeros(len(h), 4, 4).scatter_add(2, INDEX[[0, 1, 2, 3, 0]].expand(len(h), 4, 5), h),
    "scatter_add onto signals": lambda h: h.scatter_add(1, INDEX[:, None].expand(len(h), 4, 5), h.flip(1)),
    "index_add": lambda h: h.index_add(1, INDEX, h, alpha=0.5),
    "scatter_reduce": lambda h: h.scatter_reduce(1, INDEX[:, None].expand(len(h), 4, 5), h.flip(2), reduce="mean"),
    "+ - * /": lambda h: (h + h.flip(1)) * 3 - h / 2 - (-h.flip(2)),
    "add alpha": lambda h: torch.add(h, other=h.flip(1), alpha=-0.3).sub(h.roll(1, 1), alpha=2),
    "broadcast sum": lambda h: h + h.mean(1, keepdim=True),
    "a constant": lambda h: FIXED - h + 1.5,
    "sum of a list": lambda h: sum([h, h.flip(1), h.flip(2)]),
}
IMAGES = {
    "zero padding": lambda h: functional.pad(h, (1, 2, 0, 1)),
    "constant padding": lambda h: functional.pad(h, (1, 1), value=-0.7),
    "reflect": lambda h: functional.pad(h, (2, 1, 1, 0), mode="reflect"),
    "replicate": nn.ReplicationPad2d(2),
    "circular": nn.CircularPad2d((1, 1, 2, 0)),
    "pixel_shuffle": nn.PixelShuffle(2),
    "pixel_unshuffle": nn.PixelUnshuffle(3),
    "channel_shuffle": nn.ChannelShuffle(2),
    "unfold": lambda h: functional.unfold(h, 3, stride=2),
    "Tensor.unfold": lambda h: h.unfold(2, 3, 2),
    "fold": lambda h: functional.fold(functional.unfold(h, 3, padding=1), (6, 6), 3, padding=1),
    "max_pool": lambda h: functional.max_pool2d(h, 3, stride=2, padding=1),
    "max_pool with indices": lambda h: functional.max_pool2d(h, 2, return_indices=True)[0],
    "adaptive_max_pool": nn.AdaptiveMaxPool2d((2, 3)),
    "max_unpool": lambda h: functional.max_unpool2d(*functional.max_pool2d(h, 2, return_indices=True), 2),
    "avg_pool": lambda h: functional.avg_pool2d(h, 3, stride=2, padding=1, count_include_pad=False),
    "adaptive_avg_pool": nn.AdaptiveAvgPool2d((2, None)),
    "avg_pool3d": lambda h: functional.avg_pool3d(h, 2),
    "nearest": lambda h: functional.interpolate(h, scale_factor=2),
    "nearest-exact": lambda h: functional.interpolate(h, size=(4, 9), mode="nearest-exact"),
    "bilinear": nn.Upsample(scale_factor=1.5, mode="bilinear"),
    "bicubic": lambda h: functional.interpolate(h, (9, 4), mode="bicubic", align_corners=True),
    "area": lambda h: functional.interpolate(h, size=4, mode="area"),
    "antialias": lambda h: functional.interpolate(h, (3, 4), mode="bilinear", antialias=True),
    "grid_sample": lambda h: functional.grid_sample(h, GRID.expand(len(h), 3, 3, 2), align_corners=False),
    "transformer of places": lambda h: functional.grid_sample(
        h, functional.affine_grid(h[:, 0, :2, :3].detach(), [len(h), 4, 3, 3], align_corners=False), mode="bicubic"
    ),
    "windows": lambda h: h.view(len(h), 4, 2, 3, 2, 3).permute(0, 2, 4, 3, 5, 1).reshape(len(h), 4, 9, 4).mean(2),
    "dropout": lambda h: functional.dropout2d(torch.dropout(h, 0.5, train=False), training=False),
    "alpha dropout": lambda h: functional.alpha_dropout(nn.AlphaDropout(0.3).eval()(h)),
}


def _zeroed(h):
    kept, h = h.flip(1), h.clone()
    h.zero_()
    h += kept
    return h


def _written(h):
    out = torch.zeros_like(h)
    out[:, 1:3] = h[:, :2]
    out[:, 1:3] += h[:, 2:]
    return out


@pytest.mark.parametrize("name", COPIES | LINEAR)
def test_relevance_follows_the_values(name):
    operation = (COPIES | LINEAR)[name]
    assert_like_twin(operation, operation, (4, 5))


@pytest.mark.parametrize("name", IMAGES)
def test_relevance_follows_the_pixels(name):
    operation = IMAGES[name]
    assert_like_twin(lambda h: operation(image(h)), lambda h: operation(image(h)), (144,))
    if name not in ("constant padding",):
        assert_conserves(lambda h: operation(image(h)), (144,))


def test_where_a_network_looks_is_a_gate():
    localise = random(144, 6, seed=72) / 50

    def sampled(h, theta):
        grid = functional.affine_grid(theta.reshape(len(h), 2, 3), [len(h), 4, 3, 3], align_corners=False)
        return functional.grid_sample(image(h), grid, align_corners=False)

    assert_like_twin(lambda h: sampled(h, h @ localise), lambda h: sampled(h, (h @ localise).detach()), (144,))


def test_overshooting_interpolation_is_not_taken_for_positive():
    """Rules take shortcuts for inputs that are known to be positive."""
    conv, x = nn.Conv2d(1, 2, 3).double(), (random(2, 1, 4, 4) > 0.3).double()
    enlarged = functional.interpolate(x, size=8, mode="bicubic")
    assert float(enlarged.min()) < 0
    exact = lrp.composite("zplus", stabiliser=0.0)

    def sharpened(x):
        return conv(functional.interpolate(x, size=8, mode="bicubic")).flatten(1)

    upper = lrp.relevance(lambda x: conv(x).flatten(1), enlarged, 3, exact)
    share = torch.where(enlarged == 0, 0, upper / enlarged)
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(functional.interpolate(leaf, size=8, mode="bicubic"), leaf, share)
    torch.testing.assert_close(lrp.relevance(sharpened, x, 3, exact), gradient * x)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", ["cat", "index", "topk", "mean", "cumsum", "broadcast sum", "a constant"])
def test_half_precision_follows_double_precision(name, dtype):
    model, x = between((COPIES | LINEAR)[name], (4, 5)), random(3, 6)
    first = nn.Linear(6, 6).double()

    def half(x):
        return model(first(x).to(dtype).double())

    found = lrp.relevance(half, x.to(dtype).double(), 1, EXACT)
    expected = lrp.relevance(lambda x: model(first(x)), x, 1, EXACT)
    assert float((found - expected).norm() / expected.norm()) < 0.1
