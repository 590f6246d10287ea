"""Products of two dependent tensors halve, constants on either side take nothing."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from biox import lrp

from .twins import EXACT, assert_conserves, assert_like_twin, halved, random

LEFT, RIGHT, STACK = random(3, 4, seed=30), random(5, 3, seed=31), random(2, 5, 3, seed=32)
SPARSE = (LEFT * (LEFT > 0)).to_sparse()
BILINEAR = nn.Bilinear(4, 4, 3, bias=False).double()

CONSTANT = {
    "x @ W": lambda h: h @ RIGHT,
    "W @ x": lambda h: LEFT @ h,
    "matmul keyword": lambda h: torch.matmul(h, other=RIGHT),
    "rmatmul": lambda h: h.__rmatmul__(LEFT),
    "mm": lambda h: torch.mm(h[:, 0], RIGHT),
    "bmm": lambda h: torch.bmm(h, RIGHT.expand(len(h), 5, 3)),
    "bmm from the left": lambda h: torch.bmm(LEFT.expand(len(h), 3, 4), h),
    "einsum": lambda h: torch.einsum("bij,jk->bik", h, RIGHT),
    "einsum from the left": lambda h: torch.einsum("ki,bij->bkj", LEFT, h),
    "tensordot": lambda h: torch.tensordot(h, RIGHT, dims=1),
    "stack of matrices": lambda h: h.unsqueeze(1) @ STACK,
    "baddbmm": lambda h: torch.baddbmm(torch.zeros(()).double(), h, RIGHT.expand(len(h), 5, 3), alpha=2.0, beta=0.5),
    "addmm": lambda h: torch.addmm(torch.ones(3).double(), h[:, 0], RIGHT),
    "addcmul": lambda h: torch.addcmul(h, h, torch.full((5,), 0.3).double(), value=2.0),
    "addcdiv": lambda h: torch.addcdiv(h, h, torch.full((5,), 0.3).double()),
    "lerp": lambda h: torch.lerp(h, h.flip(1), 0.3),
    "sparse @ x": lambda h: torch.stack([SPARSE @ one for one in h]),
    "sparse.mm": lambda h: torch.stack([torch.sparse.mm(SPARSE, one) for one in h]),
    "kron": lambda h: torch.stack([torch.kron(one[0], LEFT) for one in h]),
    "multi_dot": lambda h: torch.stack([torch.linalg.multi_dot([LEFT, one, RIGHT]) for one in h]),
    "convolution without a batch": lambda h: torch.stack([functional.conv1d(one, STACK[:, :4]) for one in h]),
    "matrix-vector": lambda h: h @ RIGHT[:, 0],
    "mv": lambda h: torch.stack([torch.mv(one, RIGHT[:, 0]) for one in h]),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_a_product_with_a_constant_is_linear(name):
    assert_like_twin(CONSTANT[name], CONSTANT[name], (4, 5))


PRODUCTS = {
    "matmul": lambda a, b: a @ b.mT,
    "bmm": lambda a, b: torch.bmm(a, b.transpose(1, 2)),
    "einsum": lambda a, b: torch.einsum("bij,bkj->bik", a, b),
    "einsum to a scalar": lambda a, b: torch.einsum("bij,bij->b", a, b).unsqueeze(1),
    "mul": lambda a, b: a * b,
    "mul with broadcast": lambda a, b: a.mean(1, keepdim=True) * b,
    "outer": lambda a, b: a.unsqueeze(-1) * b.unsqueeze(-2),
    "inner by sum": lambda a, b: (a * b).sum(-1),
    "vecdot": lambda a, b: torch.linalg.vecdot(a, b),
    "cross": lambda a, b: torch.linalg.cross(a[..., :3], b[..., 2:]),
    "convolution": lambda a, b: torch.cat(
        [functional.conv1d(one[None], two[None, :, :3], padding=1) for one, two in zip(a, b, strict=True)]
    ),
    "bilinear": lambda a, b: BILINEAR(a.mT, b.mT),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_of_two_signals_halves(name):
    f = PRODUCTS[name]
    assert_like_twin(lambda h: f(h, h.flip(1)), lambda h: halved(h, h.flip(1), f), (4, 5))
    assert_conserves(lambda h: f(h, h.flip(1)), (4, 5))


def test_a_matrix_times_its_own_transpose_halves():
    assert_like_twin(lambda h: h @ h.mT, lambda h: halved(h, h, lambda a, b: a @ b.mT), (4, 5))
    assert_like_twin(lambda h: torch.einsum("bij,bij->bj", h, h), lambda h: halved(h, h).sum(1), (4, 5))


def test_three_signals_get_a_third_each():
    x = random(3, 4)
    found = lrp.relevance(lambda x: torch.einsum("bi,bi,bi->b", x, x, x).unsqueeze(1), x, 0, EXACT)
    torch.testing.assert_close(found, x**3)
    product = lrp.relevance(lambda x: x.prod(1), x, 0, EXACT)
    torch.testing.assert_close(product, x.prod(1, keepdim=True).expand(3, 4) / 4)


def test_a_gate_in_a_matrix_product_gets_nothing():
    assert_like_twin(lambda h: h.sigmoid() @ h.mT, lambda h: h.sigmoid().detach() @ h.mT, (4, 5))


def test_cosine_similarity_scales_by_constant_lengths():
    def twin(h):
        one, two = h[:, 0], h[:, 1]
        return halved(one, two).sum(1, keepdim=True) / (one.norm(dim=1) * two.norm(dim=1)).detach().unsqueeze(1)

    assert_like_twin(lambda h: functional.cosine_similarity(h[:, 0], h[:, 1]).unsqueeze(1), twin, (4, 5))


class LeftHanded(nn.Module):
    """A dense layer over the second last dimension."""

    def __init__(self):
        super().__init__()
        self.matrix = nn.Parameter(random(3, 4))
        self.head = nn.Linear(15, 2).double()

    def forward(self, x):
        return self.head((self.matrix @ x).relu().flatten(1))


def test_a_parameter_on_the_left_is_a_layer_with_its_own_rule():
    model, x = LeftHanded(), random(2, 4, 5)
    composite = lrp.Composite((lrp.Entry(lrp.rules.zplus(), name="matrix"), lrp.Entry(lrp.rules.epsilon())))

    def right_handed(x):
        return model.head(functional.linear(x.mT, model.matrix).mT.relu().flatten(1))

    plain = lrp.Composite((lrp.Entry(lrp.rules.zplus(), first=True), lrp.Entry(lrp.rules.epsilon())))
    torch.testing.assert_close(lrp.relevance(model, x, 1, composite), lrp.relevance(right_handed, x, 1, plain))
