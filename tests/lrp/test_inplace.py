"""In-place statements and views mean what they mean without the capture, or are refused."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from biox import lrp

from .networks import batch, linear


class ViewsOfFeatures(nn.Module):
    """Asks for views that a convolution's result allows only where its channels are not last in memory."""

    def __init__(self, overwrites: bool) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(2, 4, 3), nn.Linear(36, 2)
        self.overwrites = overwrites

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.conv(x)
        flat = h.view(len(x), -1)
        if self.overwrites:
            flat.relu_()
        return self.head(h.flatten(1) if self.overwrites else flat)


def test_a_view_of_a_convolution_stays_possible():
    model, x = ViewsOfFeatures(overwrites=False), batch(2, 5, 5).float()
    found = lrp.relevance(model, x, 1, "epsilon").double()
    exact = lrp.relevance(model.double(), x.double(), 1, "epsilon")
    torch.testing.assert_close(found, exact, rtol=1e-4, atol=1e-5)


def test_a_view_that_is_overwritten_outdates_the_convolution_it_shows():
    """In single precision the view is a copy here; taking it for one would explain another model than the user's."""
    model, x = ViewsOfFeatures(overwrites=True), batch(2, 5, 5)
    for dtype in (torch.float64, torch.float32):
        with pytest.raises(lrp.UnhandledOperation, match="another view of its memory was overwritten"):
            lrp.relevance(model.to(dtype), x.to(dtype), 1, "epsilon")


IN_PLACE = {
    "relu_": (lambda h: torch.relu_(h), lambda h: torch.relu(h)),
    "add_": (lambda h: h.add_(h.flip(1)), lambda h: h + h.flip(1)),
    "+=": (lambda h: _augmented(h), lambda h: h + h.flip(1) * 2),
    "*=": (lambda h: h.mul_(3.0), lambda h: h * 3.0),
    "item": (lambda h: _item(h), lambda h: torch.cat([torch.relu(h[:, :2]), h[:, 2:]], 1)),
    "item +=": (lambda h: _item_augmented(h), lambda h: torch.cat([h[:, :2] + h[:, 2:4], h[:, 2:]], 1)),
    "buffer": (lambda h: _buffer(h), lambda h: torch.cat([h[:, 2:], h[:, :2]], 1)),
    "copy_": (lambda h: torch.zeros_like(h).copy_(h), lambda h: h),
    "view then relu_": (lambda h: torch.relu_(h.view(h.shape)), lambda h: torch.relu(h)),
    "dropout_": (lambda h: functional.dropout(h, 0.5, False, True), lambda h: h),
}


def _augmented(h):
    h += h.flip(1) * 2
    return h


def _item(h):
    h[:, :2] = torch.relu(h[:, :2])
    return h


def _item_augmented(h):
    h[:, :2] += h[:, 2:4]
    return h


def _buffer(h):
    out = h.new_zeros(h.shape)
    out[:, :3] = h[:, 2:]
    out[:, 3:] = h[:, :2]
    return out


@pytest.mark.parametrize("name", IN_PLACE)
def test_statements_in_place_mean_the_same_as_written_out(name):
    first, second, x = linear(6, 5), linear(5, 3), batch(6)
    inplace, written_out = (lrp.relevance(lambda x, f=f: second(f(first(x))), x, 1, "epsilon") for f in IN_PLACE[name])
    torch.testing.assert_close(inplace, written_out, rtol=1e-12, atol=1e-14)


def test_the_name_of_an_overwritten_tensor_means_its_new_value():
    first, second, x = linear(6, 5), linear(5, 5), batch(6)

    def in_place(x):
        h = first(x)
        kept = h
        torch.relu_(h)
        return second(h) + kept

    def written_out(x):
        h = torch.relu(first(x))
        return second(h) + h

    expected = lrp.relevance(written_out, x, 1, "epsilon")
    assert torch.equal(lrp.relevance(in_place, x, 1, "epsilon"), expected)


def test_a_tensor_that_an_overwritten_view_made_outdated_is_refused():
    first, second = linear(6, 5), linear(5, 3)

    def model(x):
        h = first(x)
        torch.relu_(h[:, :2])
        return second(h)

    with pytest.raises(lrp.UnhandledOperation, match=r"overwritten.*out of place"):
        lrp.relevance(model, batch(6), 1)


def test_writing_into_a_view_of_a_constant_is_refused():
    first = linear(6, 5)

    def model(x):
        out = torch.zeros(4, 8, dtype=x.dtype)
        left = out[:, :5]
        left += first(x)
        return out

    with pytest.raises(lrp.UnhandledOperation, match="view of a constant"):
        lrp.relevance(model, batch(6), 1)


def test_a_model_that_overwrites_its_input_leaves_the_callers_tensor_alone():
    first, x = linear(6, 3), batch(6)
    kept = x.clone()

    def model(x):
        x *= 2
        x[:, 0] = 0
        torch.relu_(x)
        return first(x)

    def written_out(x):
        return first(torch.relu(torch.cat([torch.zeros_like(x[:, :1]), (x * 2)[:, 1:]], 1)))

    expected = lrp.relevance(written_out, x, 1, "epsilon")
    assert torch.equal(lrp.relevance(model, x, 1, "epsilon"), expected)
    assert torch.equal(x, kept)


def test_replacing_the_data_of_a_tensor_is_refused():
    first, second = linear(6, 5), linear(5, 3)

    def model(x):
        h = first(x)
        h.data = torch.zeros(4, 5, dtype=x.dtype)
        return second(h)

    with pytest.raises(lrp.UnhandledOperation, match=r"\.data is replaced"):
        lrp.relevance(model, batch(6), 1)
