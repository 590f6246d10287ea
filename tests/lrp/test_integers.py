"""Tokens, categories and pixels as input: each integer gets the relevance of what was made with it."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from biox import lrp

from .twins import EXACT, assert_same_output, random

TOKENS, WIDTH, LENGTH = 11, 4, 5
IDS = torch.tensor([[1, 4, 0, 10, 4], [3, 3, 3, 2, 9], [0, 0, 7, 5, 1]])


def table(seed: int, tokens: int = TOKENS, width: int = WIDTH) -> nn.Embedding:
    layer = nn.Embedding(tokens, width).double()
    layer.weight.data = random(tokens, width, seed=seed)
    return layer


WORDS, OTHERS, POSITIONS = table(80), table(81), table(82, LENGTH)
HEAD = random(LENGTH * WIDTH, 3, seed=83)


def upper(h):
    """What follows the embeddings."""
    return torch.tanh(h).flatten(1) @ HEAD + (h.mean(1) @ HEAD[:WIDTH])


def by_token(model_of_embeddings, embeddings):
    """Relevance of embeddings given as a float input, summed over their dimensions."""
    return lrp.relevance(model_of_embeddings, embeddings, 1, EXACT).sum(-1)


def assert_relevance(model, expected, ids=IDS):
    found = lrp.relevance(model, ids, 1, EXACT)
    assert found.shape == ids.shape
    assert float(expected.abs().max()) > 1e-3
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    assert_same_output(model, ids)


def test_a_token_gets_the_relevance_of_its_embedding():
    assert_relevance(lambda ids: upper(WORDS(ids)), by_token(upper, WORDS(IDS)))


def test_embeddings_of_positions_are_constants():
    positions = POSITIONS(torch.arange(LENGTH))
    expected = by_token(lambda h: upper(h @ torch.eye(WIDTH).double() + positions), WORDS(IDS))
    assert_relevance(lambda ids: upper(WORDS(ids) + POSITIONS(torch.arange(ids.shape[1]))), expected)


def test_several_embeddings_of_the_same_tokens_add_up():
    both = torch.cat([WORDS(IDS), OTHERS(IDS)], -1)
    expected = by_token(lambda h: upper(h[..., :WIDTH] + h[..., WIDTH:].sigmoid()), both)
    assert_relevance(lambda ids: upper(WORDS(ids) + OTHERS(ids).sigmoid()), expected)


ARRANGED = {
    "view": lambda ids: WORDS(ids.view(-1)).view(len(ids), LENGTH, WIDTH),
    "long": lambda ids: WORDS(ids.int().long().contiguous().clone().detach()),
    "transpose": lambda ids: WORDS(ids.t()).transpose(0, 1),
    "columns": lambda ids: torch.stack([WORDS(column) for column in ids.unbind(1)], 1),
    "slices": lambda ids: torch.cat([WORDS(ids[:, :2]), WORDS(ids[:, 2:])], 1),
    "split": lambda ids: torch.cat([WORDS(part) for part in ids.split([1, 4], dim=1)], 1),
    "functional": lambda ids: functional.embedding(ids, WORDS.weight, padding_idx=0),
    "table[ids]": lambda ids: WORDS.weight[ids],
    "shifted back": lambda ids: WORDS((ids + 3) - 3),
    "clamped": lambda ids: WORDS(ids.clamp(0, TOKENS - 1)),
    "one_hot": lambda ids: functional.one_hot(ids, TOKENS).double() @ WORDS.weight,
    "joined with a start": lambda ids: WORDS(torch.cat([torch.zeros(len(ids), 1).long(), ids], 1))[:, 1:],
    "padded": lambda ids: WORDS(functional.pad(ids, (1, 2), value=2))[:, 1:-2],
}


@pytest.mark.parametrize("name", ARRANGED)
def test_tokens_may_be_rearranged_before_they_are_looked_up(name):
    assert_relevance(lambda ids: upper(ARRANGED[name](ids)), by_token(upper, WORDS(IDS)))


def test_repeated_tokens_add_up():
    twice = by_token(lambda h: upper(h[:, :LENGTH] + h[:, LENGTH:]), WORDS(torch.cat([IDS, IDS], 1)))
    expected = twice[:, :LENGTH] + twice[:, LENGTH:]
    assert_relevance(lambda ids: upper(WORDS(ids.repeat(1, 2)).unflatten(1, (2, -1)).sum(1)), expected)


def test_what_is_asked_of_tokens_is_a_constant():
    mask = (IDS != 0).double().unsqueeze(-1)

    def model(ids):
        seen = (ids != 0).unsqueeze(-1)
        lengths = ids.ne(0).sum(1, keepdim=True).unsqueeze(-1)
        assert ids.max() < TOKENS
        return upper(WORDS(ids) * seen / lengths)

    assert_relevance(model, by_token(lambda h: upper(h * mask / mask.sum(1, keepdim=True)), WORDS(IDS)))


def test_a_place_found_among_tokens_is_a_constant():
    """CLIP reads its text where the highest token stands."""
    rows = torch.arange(len(IDS))
    head = random(WIDTH, 3)
    expected = by_token(lambda h: torch.tanh(h)[rows, IDS.argmax(-1)] @ head, WORDS(IDS))
    assert_relevance(lambda ids: WORDS(ids).tanh()[torch.arange(len(ids)), ids.argmax(-1)] @ head, expected)


def test_columns_of_categories_with_offsets():
    offsets = torch.tensor([0, 11, 22, 33, 44])
    wide = table(84, 55)
    assert_relevance(lambda ids: upper(wide(ids + offsets)), by_token(upper, wide(IDS + offsets)))


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_a_bag_of_embeddings(mode):
    bag = nn.EmbeddingBag(TOKENS, WIDTH, mode=mode).double()
    pool = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}[mode]
    expected = by_token(lambda h: pool(h, 1) @ HEAD[:WIDTH], bag.weight[IDS].detach())
    assert_relevance(lambda ids: bag(ids) @ HEAD[:WIDTH], expected)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = table(85)
        self.lstm = nn.LSTM(WIDTH, 3, bias=False, batch_first=True).double()

    def forward(self, ids):
        return self.lstm(self.words(ids))[0][:, -1]


def test_token_relevance_adds_up_to_the_score_of_a_text_classifier():
    """And it has the precision of the model's weights."""
    model = Classifier()
    found = lrp.relevance(model, IDS, 1, EXACT)
    assert found.dtype == torch.float64
    assert float(lrp.conservation_error(lrp.score(model, IDS, 1), found).abs().max()) < 1e-10


def test_bytes_of_an_image_are_numbers():
    conv = nn.Conv2d(3, 2, 3).double()
    image = torch.randint(0, 256, (2, 3, 5, 5), dtype=torch.uint8)

    def model(image):
        return conv(image.double() / 255).flatten(1)

    for name in ("epsilon", "epsilon-plus-flat"):
        expected = lrp.relevance(model, image.double(), 1, name)
        torch.testing.assert_close(lrp.relevance(model, image, 1, name).double(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "shuffled", [lambda ids: ids.sort(1).values, lambda ids: ids.unique(dim=1), lambda ids: (ids ^ 1) % TOKENS]
)
def test_integers_of_unclear_origin_are_refused(shuffled):
    with pytest.raises(lrp.UnhandledOperation, match=r"(sort|unique|xor).*unclear which of them"):
        lrp.relevance(lambda ids: WORDS(shuffled(ids)).mean(1), IDS, 1)


def test_a_model_that_never_looks_its_tokens_up_is_refused():
    with pytest.raises(ValueError, match="does not depend on its input"):
        lrp.relevance(lambda ids: (ids != 0).double(), IDS, 1)


def test_a_dependent_table_is_indexed_by_constants():
    """Memory read at fixed places."""
    x = random(3, 6, 2)
    found = lrp.relevance(
        lambda x: torch.stack([functional.embedding(IDS[0] % 6, one) for one in x]).sum(1), x, 1, EXACT
    )
    expected = lrp.relevance(lambda x: x[:, IDS[0] % 6].sum(1), x, 1, EXACT)
    torch.testing.assert_close(found, expected)
