import pytest
import torch

from biox.core.device import device
from biox.core.errors import InputError


def test_auto_takes_a_device_that_is_there():
    assert torch.zeros(1, device=device("auto")).shape == (1,)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a graphics card")
def test_a_device_that_is_not_there_is_refused_rather_than_replaced():
    with pytest.raises(InputError, match="cuda"):
        device("cuda")


def test_an_unknown_device_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="auto, cpu, cuda, mps"):
        device("tpu")
