from __future__ import annotations

import pytest
import torch

from volviz.segment.nn.unet import ResidualUNet3D, random_weights


def published_layout(f: int, levels: int, classes: int) -> dict[str, tuple[int, ...]]:
    """The names and shapes of the published checkpoints, written down from their description."""
    w = [f * 2**i for i in range(levels)]
    shapes: dict[str, tuple[int, ...]] = {}

    def block(prefix: str, first: int, width: int) -> None:
        for k, channels in ((1, first), (2, width), (3, width)):
            name = f"{prefix}.basic_module.conv{k}"
            shapes[f"{name}.groupnorm.weight"] = shapes[f"{name}.groupnorm.bias"] = (channels,)
            shapes[f"{name}.conv.weight"] = (width, channels, 3, 3, 3)

    for i in range(levels):
        block(f"encoders.{i}", 1 if i == 0 else w[i - 1], w[i])
    for j in range(levels - 1):
        above, here = w[levels - 1 - j], w[levels - 2 - j]
        shapes[f"decoders.{j}.upsampling.upsample.weight"] = (above, here, 3, 3, 3)
        shapes[f"decoders.{j}.upsampling.upsample.bias"] = (here,)
        block(f"decoders.{j}", here, here)
    shapes["final_conv.weight"], shapes["final_conv.bias"] = (classes, f, 1, 1, 1), (classes,)
    return shapes


@pytest.mark.parametrize(
    ("f", "levels", "classes", "parameters"), [(4, 5, 4, 552_830), (8, 5, 4, 2_208_982), (12, 4, 4, 1_234_350), (4, 5, 1, 552_815)]
)
def test_names_and_shapes_are_those_of_published_checkpoints(f: int, levels: int, classes: int, parameters: int) -> None:
    network = ResidualUNet3D(1, classes, f, levels, 2)
    state = network.state_dict()
    assert {k: tuple(v.shape) for k, v in state.items()} == published_layout(f, levels, classes)
    assert len(state) == (91 if levels == 5 else 71)
    assert sum(p.numel() for p in network.parameters()) == parameters


def test_group_norms_have_two_groups_except_on_the_density() -> None:
    groups = {name: m.num_groups for name, m in ResidualUNet3D(1, 4, 4, 5, 2).named_modules() if isinstance(m, torch.nn.GroupNorm)}
    assert groups.pop("encoders.0.basic_module.conv1.groupnorm") == 1
    assert set(groups.values()) == {2}


@pytest.mark.parametrize("shape", [(16, 16, 16), (16, 48, 32)])
def test_the_output_has_the_size_of_the_input(shape: tuple[int, int, int]) -> None:
    with torch.no_grad():
        assert ResidualUNet3D(1, 4, 2, 5, 2)(torch.zeros(2, 1, *shape)).shape == (2, 4, *shape)


def test_one_block_computes_what_its_description_says() -> None:
    network = ResidualUNet3D(1, 3, 4, 1, 2)
    random_weights(network, 5)
    x = torch.randn(1, 1, 8, 8, 8)
    f = torch.nn.functional
    state = network.state_dict()

    def gc(x: torch.Tensor, k: int, groups: int) -> torch.Tensor:
        name = f"encoders.0.basic_module.conv{k}"
        x = f.group_norm(x, groups, state[f"{name}.groupnorm.weight"], state[f"{name}.groupnorm.bias"])
        return f.conv3d(x, state[f"{name}.conv.weight"], padding=1)

    a = f.relu(gc(x, 1, 1))
    y = f.relu(gc(f.relu(gc(a, 2, 2)), 3, 2) + a)
    expected = f.conv3d(y, state["final_conv.weight"], state["final_conv.bias"])
    assert torch.allclose(network(x), expected, atol=1e-5)


def test_weights_depend_on_the_seed_alone() -> None:
    one, same, other = (ResidualUNet3D(f_maps=4, num_levels=2) for _ in range(3))
    random_weights(one, 1)
    random_weights(same, 1)
    random_weights(other, 2)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.final_conv.weight, other.final_conv.weight)
