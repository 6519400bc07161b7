from __future__ import annotations

import threading

import pytest
import torch

from volviz.core.errors import VolvizError
from volviz.core.segmentation import VIRION_LABELS
from volviz.segment.card import Card
from volviz.segment.methods.unet import UNetPredictor
from volviz.segment.models import load
from volviz.segment.nn.deepen import deepen
from volviz.segment.nn.densenet import Dropout, dropping
from volviz.segment.nn.networks import KINDS, SIZES, build
from volviz.segment.nn.unet import ResidualUNet3D, random_weights

SMALL = {"f_maps": 8, "num_levels": 2, "num_groups": 2}


def test_sizes_are_those_that_were_published() -> None:
    def parameters(kind: str, classes: int) -> int:
        return sum(p.numel() for p in build({"kind": kind, "out_channels": classes, **SIZES[kind]}).parameters())

    assert parameters("unet3d", 4) == 4_081_366
    # The authors' has 1 551 221: which of the norms stand where is not described to the last.
    assert parameters("dense", 1) == pytest.approx(1_551_221, rel=2e-4)


def test_the_classical_unet_has_the_tensor_names_of_pytorch_3dunet() -> None:
    state = build({"kind": "unet3d", **SIZES["unet3d"]}).state_dict()
    shapes = {k: tuple(v.shape) for k, v in state.items()}
    assert shapes["encoders.0.basic_module.SingleConv1.conv.weight"] == (16, 1, 3, 3, 3)
    assert shapes["encoders.3.basic_module.SingleConv2.groupnorm.bias"] == (128,)
    assert shapes["decoders.0.basic_module.SingleConv1.conv.weight"] == (128, 384, 3, 3, 3)
    assert shapes["final_conv.weight"] == (4, 32, 1, 1, 1)
    assert len(state) == 4 * 2 * 3 + 3 * 2 * 3 + 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [2, 3, 4])
def test_every_network_keeps_the_size_and_its_parts_learn(kind: str, classes: int) -> None:
    network = build({"kind": kind, "out_channels": classes, **SMALL})
    random_weights(network, 3)
    m = network.multiple
    x = torch.randn(2, 1, 2 * m, 4 * m, 3 * m)
    with dropping((1, 2), x.device):
        logits = network(x)
    assert logits.shape == (2, classes, 2 * m, 4 * m, 3 * m)
    (logits**2).mean().backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())
    assert all(any(name.startswith(f"{head}.") for name in network.state_dict()) for head in network.head)


@pytest.mark.parametrize("kind", KINDS)
def test_every_cube_of_a_batch_is_computed_by_itself(kind: str) -> None:
    network = build({"kind": kind, **SMALL}).eval()
    random_weights(network, 3)
    x = torch.randn(2, 1, 8, 8, 8)
    with torch.no_grad():
        assert torch.allclose(network(x)[1:], network(x[1:]), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_network_is_the_same_again(kind: str, tmp_path) -> None:
    architecture = {"kind": kind, **SMALL}
    network = build(architecture)
    random_weights(network, 1)
    UNetPredictor(network, Card("n", "unet", architecture, VIRION_LABELS)).save(tmp_path / "n.safetensors")
    again = load(tmp_path / "n.safetensors")
    assert isinstance(again, UNetPredictor)
    assert type(again.network) is KINDS[kind]
    assert all(torch.equal(v, again.network.state_dict()[k]) for k, v in network.state_dict().items())


def test_sizes_that_do_not_fit_and_unknown_kinds_are_one_sentence() -> None:
    with pytest.raises(VolvizError, match="no network 'vnet'; there are: residual-unet, unet3d, dense"):
        build({"kind": "vnet"})
    with pytest.raises(VolvizError, match=r"f_maps 6.*groups must divide features"):
        build({"f_maps": 6, "num_groups": 4})
    with pytest.raises(VolvizError, match="No residual-unet has width 3"):
        build({"width": 3})


def test_what_is_dropped_is_decided_by_the_seed_of_each_cube() -> None:
    layer, x, dropped = Dropout(0.5), torch.ones(2, 4, 8, 8, 8), {}

    def drop(name: str, *seeds: int) -> None:
        with dropping(seeds, x.device):
            dropped[name] = torch.cat([layer(x[: len(seeds)]) for _ in range(20)], dim=1)

    threads = [threading.Thread(target=drop, args=given) for given in (("a", 1), ("b", 2), ("both", 1, 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert torch.equal(dropped["both"], torch.cat([dropped["a"], dropped["b"]]))
    assert not torch.equal(dropped["a"], dropped["b"])
    assert dropped["a"].mean() == pytest.approx(1, abs=0.05)
    assert torch.equal(layer.eval()(x), x)


def test_a_network_that_gets_levels_says_at_first_what_it_said() -> None:
    torch.manual_seed(0)
    shallow = ResidualUNet3D(f_maps=4, num_levels=2)
    random_weights(shallow, 1)
    cube = torch.randn(32, 32, 32)
    for levels in (3, 4):
        deeper = ResidualUNet3D(f_maps=4, num_levels=levels)
        random_weights(deeper, 2)
        with torch.no_grad():
            said = shallow(cube[None, None])
            assert not torch.allclose(deeper(cube[None, None]), said, atol=0.1)
            deepen(deeper, shallow.state_dict(), [cube])
            assert torch.allclose(deeper(cube[None, None]), said, atol=1e-3 * float(said.abs().max()))
    for _ in range(2):  # what begins at zero learns first, and then what lies below it
        gradients = torch.autograd.grad((deeper(cube[None, None]) ** 2).mean(), list(deeper.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(deeper.parameters(), gradients, strict=True):
                parameter -= 1e-3 * gradient / (gradient.norm() + 1e-9)
    names = [name for name, _ in deeper.named_parameters()]
    bottom = [g for name, g in zip(names, gradients, strict=True) if name.startswith("encoders.3.") and name.endswith("conv.weight")]
    assert bottom
    assert all(float(g.abs().max()) > 0 for g in bottom)
