"""Transformers: relevance equals that of lxt, the implementation by the authors of AttnLRP, in double precision.

lxt replaces the forward pass of modules so that gradient times input is relevance (Achtibat et al. 2024). Here its
replacements are put into one copy of the model only. lxt divides by ``x + 1e-10`` in activations, hence the tolerance.
"""

import copy
import types

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from biox import lrp

from . import peers


def timm_vit() -> nn.Module:
    make = peers.module("timm").create_model
    return make("vit_tiny_patch16_224", img_size=48, depth=4, num_classes=7)


def torchvision_vit() -> nn.Module:
    vit = peers.module("torchvision.models.vision_transformer").VisionTransformer
    return vit(image_size=48, patch_size=16, num_layers=4, num_heads=3, hidden_dim=48, mlp_dim=96, num_classes=7)


def randomised(model: nn.Module) -> nn.Module:
    """Heads, class tokens and position embeddings start near 0, which would test little; norms start at 1 and 0."""
    torch.manual_seed(2)
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            nn.init.normal_(parameter, mean=float(name.endswith("weight")), std=0.2)
        else:
            nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    return model.double().eval()


MODELS = {"timm": timm_vit, "torchvision": torchvision_vit}


@pytest.fixture(params=MODELS)
def case(request) -> tuple[nn.Module, Tensor]:
    return randomised(MODELS[request.param]()), torch.randn(3, 3, 48, 48, dtype=torch.float64)


def patched(model: nn.Module) -> nn.Module:
    """A copy of the model whose norms and activations are lxt's."""
    patches, model = peers.lxt("patches"), copy.deepcopy(model)
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            module.forward = types.MethodType(patches.layer_norm_forward, module)
        elif isinstance(module, nn.GELU):
            module.original_forward = module.forward
            module.forward = types.MethodType(patches.non_linear_forward, module)
    return model


# What lxt puts around attention: it divides the gradients of query, key and value, or cuts those of query and key.
WRAPPERS = {"attnlrp": "wrap_attention_forward", "cp-lrp": "cp_wrap_attention_forward"}


def wrap_attention(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = functional.scaled_dot_product_attention
    wrapper = getattr(peers.lxt("patches"), WRAPPERS[name])
    wrapped = wrapper(lambda _, *args, **kwargs: plain(*args, **kwargs))
    monkeypatch.setattr(functional, plain.__name__, lambda *args, **kwargs: wrapped(None, *args, **kwargs))


def gradient_times_input(model: nn.Module, x: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x)[:, 2].sum(), x)
    return (gradient * x).detach()


def assert_same(ours: Tensor, theirs: Tensor, within: float = 1e-6) -> None:
    size = float(theirs.abs().max())
    assert size > 1e-3
    assert float((ours - theirs).abs().max()) <= within * size


def exact(name: str, **options: float) -> lrp.Composite:
    return lrp.composite(name, eps=0, stabiliser=0, **options)


@pytest.mark.parametrize("name", WRAPPERS)
def test_attention_equals_lxt(case, name, monkeypatch):
    model, x = case
    ours = lrp.relevance(model, x, 2, exact(name))
    wrap_attention(name, monkeypatch)
    assert_same(ours, gradient_times_input(patched(model), x))


def test_cp_lrp_equals_the_map_that_lxt_ships_for_torchvision():
    """lxt cuts queries and keys where they enter ``nn.MultiheadAttention``."""
    model, x = randomised(torchvision_vit()), torch.randn(3, 3, 48, 48, dtype=torch.float64)
    vit = peers.lxt("models.vit_torch")
    kinds = vit.cp_LRP
    assert set(kinds) == {nn.GELU, nn.LayerNorm, nn.MultiheadAttention}
    ours = lrp.relevance(model, x, 2, exact("cp-lrp"))
    theirs = patched(model)
    for module in theirs.modules():
        if isinstance(module, nn.MultiheadAttention):
            module.original_forward = module.forward
            module.forward = types.MethodType(vit.cp_multi_head_attention_forward, module)
    assert_same(ours, gradient_times_input(theirs, x))


@pytest.mark.parametrize("name", WRAPPERS)
def test_gamma_in_all_linear_layers_equals_lxt_with_zennit(name, monkeypatch):
    """lxt turns zennit's hooks into gradients; timm's layers are all modules, so that the hooks see every one."""
    z, patches = peers.zennit(), peers.lxt("zennit_patches")
    model, x = randomised(timm_vit()), torch.randn(3, 3, 48, 48, dtype=torch.float64)
    ours = lrp.relevance(model, x, 2, exact(f"{name}-gamma", gamma=0.05, conv_gamma=0.25))
    wrap_attention(name, monkeypatch)
    monkeypatch.setattr(z.core.BasicHook, "forward", patches.forward)
    monkeypatch.setattr(z.core.BasicHook, "backward", patches.backward)
    kinds = [(nn.Conv2d, z.rules.Gamma(0.25, stabilizer=0.0)), (nn.Linear, z.rules.Gamma(0.05, stabilizer=0.0))]
    with z.composites.LayerMapComposite(kinds).context(patched(model)) as changed:
        theirs = gradient_times_input(changed, x)
    assert_same(ours, theirs)
