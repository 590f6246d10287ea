"""What tests of models share."""

import pytest
import torch


@pytest.fixture(scope="session")
def torchvision_declared() -> None:
    """Torchvision's compiled part need not fit the installed torch: nothing here runs it, so it is declared."""
    try:
        torch.ops.torchvision.nms  # noqa: B018 - asks whether it exists
    except (AttributeError, RuntimeError):
        torch.library.define("torchvision::nms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        torch.library.define("torchvision::qnms", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
