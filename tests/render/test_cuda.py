"""Tensors on the card. There is none here: the way through the host, the refusals, and all but CUDA's own copying."""

from __future__ import annotations

import ctypes
from dataclasses import replace

import numpy as np
import pytest
from OpenGL import GL

from tests.render.conftest import bare_scene, virion
from tests.render.test_large import many_classes, picture
from volviz.core.grid import Region, bricks
from volviz.render import direct
from volviz.render.direct import Direct
from volviz.render.gl.cuda import Bridge, CudaError, OnCard, on_card, on_host
from volviz.render.renderer import Renderer


class Tensor:
    """Says that it lies on a card, as torch does; in truth it lies in the memory of the host."""

    def __init__(self, data: np.ndarray) -> None:
        self._data, self.shape, self.fetched = data, data.shape, 0

    @property
    def __cuda_array_interface__(self) -> dict[str, object]:
        return dict(self._data.__array_interface__, version=3)

    def cpu(self) -> np.ndarray:
        self.fetched += 1
        return self._data


class HostBridge:
    """Does with the memory of the host what the bridge does with that of a card."""

    def __init__(self) -> None:
        self.buffers: list[int] = []

    def receive(self, data: OnCard, offset: int = 0) -> int:
        size = data.nbytes - offset
        self.buffers.append(int(GL.glGenBuffers(1)))
        GL.glBindBuffer(GL.GL_SHADER_STORAGE_BUFFER, self.buffers[-1])
        padded = ctypes.string_at(data.pointer + offset, size) + b"\xaa" * (-size % 4)
        GL.glBufferData(GL.GL_SHADER_STORAGE_BUFFER, len(padded), padded, GL.GL_STREAM_COPY)
        return self.buffers[-1]

    def delete(self) -> None:
        GL.glDeleteBuffers(len(self.buffers), self.buffers)


@pytest.fixture(autouse=True)
def not_tried_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Direct, "off", False)


def test_there_is_no_card_here(gl: None) -> None:
    with pytest.raises(CudaError, match=r"no CUDA runtime|cudaGLGetDevices|no card|card that"):
        Bridge()


def test_a_tensor_goes_through_the_host_where_there_is_no_card(gl: None, caplog: pytest.LogCaptureFixture) -> None:
    volume, classes = virion(40)
    scene = bare_scene(volume, classes)
    renderer = Renderer()
    renderer.load(volume, classes)
    wanted = picture(renderer, scene, volume.grid)
    empty = np.zeros_like(classes.data)
    empty[0] = 255
    renderer.load(volume, replace(classes, data=empty))
    picture(renderer, scene, volume.grid)
    tensors = []
    for region in bricks(volume.grid.shape, (19, 40, 23)):
        tensors.append(Tensor(np.ascontiguousarray(classes.data[(slice(None), *region.slices)])))
        renderer.write(region, tensors[-1])
    assert all(tensor.fetched == 1 for tensor in tensors)
    assert (picture(renderer, scene, volume.grid) == wanted).all()
    assert caplog.text.count("through the host") == 1
    renderer.release()


@pytest.mark.parametrize("limit", [None, 34])
@pytest.mark.parametrize("region", [None, Region((3, 8, 0), (40, 45, 33))])
@pytest.mark.parametrize("many", [False, True])
def test_what_comes_over_the_bridge_is_what_the_host_would_have_sent(
    gl: None, monkeypatch: pytest.MonkeyPatch, limit: int | None, region: Region | None, many: bool
) -> None:
    monkeypatch.setattr(direct.Direct.__init__, "__defaults__", (HostBridge,))
    volume, classes = many_classes(45) if many else virion(45)
    scene = replace(bare_scene(volume, classes), region=region)
    whole, bridged = Renderer(), Renderer(limit=limit)
    whole.load(volume, classes)
    empty = np.zeros_like(classes.data)
    empty[0] = 255
    bridged.load(volume, replace(classes, data=empty))
    picture(bridged, scene, volume.grid)
    for box in bricks(volume.grid.shape, (19, 45, 23)):
        tensor = Tensor(np.ascontiguousarray(classes.data[(slice(None), *box.slices)]))
        bridged.write(box, tensor)
        assert tensor.fetched == int(region is not None and box & region is None)
    assert np.abs(picture(whole, scene, volume.grid) - picture(bridged, scene, volume.grid)).max() <= (0 if limit is None else 1)
    smoother = replace(scene, raw=replace(scene.raw, lowpass=50.0))  # everything is moved again, and with it what was written
    assert np.abs(picture(whole, smoother, volume.grid) - picture(bridged, smoother, volume.grid)).max() <= 1
    whole.release()
    bridged.release()


def test_a_binned_or_16_bit_volume_takes_tensors_through_the_host(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct.Direct.__init__, "__defaults__", (HostBridge,))
    from volviz.render.memory import bytes_of

    volume, classes = virion(40)
    scene = bare_scene(volume, classes)
    for renderer in (Renderer(memory=bytes_of((24, 24, 24), 1)), Renderer(bits=16)):
        renderer.load(volume, classes)
        before = picture(renderer, scene, volume.grid)
        tensor = Tensor(np.ascontiguousarray(classes.data[:, :20]))
        renderer.write(Region((0, 0, 0), (20, 40, 40)), tensor)
        assert tensor.fetched == 1
        assert np.abs(picture(renderer, scene, volume.grid) - before).mean() < 1
        renderer.release()


def test_arrays_are_understood_or_refused() -> None:
    data = np.zeros((3, 4, 5, 6), np.uint8)
    told = OnCard.of(Tensor(data))
    assert (told.pointer, told.shape, told.dtype, told.stream, told.nbytes) == (data.ctypes.data, data.shape, np.uint8, 0, 360)
    for gaps in (data[:, ::2], data.transpose(0, 3, 2, 1)):
        with pytest.raises(CudaError, match="gaps"):
            OnCard.of(Tensor(gaps))
    for wrong in ({}, {"shape": (1,)}, {"shape": (1,), "typestr": "|u1", "data": None}, {"shape": 3, "typestr": "?!", "data": (1, False)}):
        with pytest.raises(CudaError, match="describes itself wrongly"):
            OnCard.of(type("Wrong", (), {"__cuda_array_interface__": wrong})())
    streamed = {"shape": (2,), "typestr": "|u1", "data": (64, True), "strides": None, "stream": 2, "version": 3}
    assert OnCard.of(type("Streamed", (), {"__cuda_array_interface__": streamed})()).stream == 2


def test_every_array_has_a_way_to_the_host() -> None:
    data = np.arange(6, dtype=np.uint8).reshape(1, 1, 2, 3)
    assert on_host(data) is data
    assert not on_card(data)
    tensor = Tensor(data)
    assert on_card(tensor)
    assert on_host(tensor) is data

    class Cupy:
        __cuda_array_interface__ = tensor.__cuda_array_interface__

        def get(self) -> np.ndarray:
            return data

    assert (on_host(Cupy()) == data).all()
    assert (on_host(data.tolist()) == data).all()
    with pytest.raises(TypeError, match="copy it to the host"):
        on_host(type("Bare", (), {"__cuda_array_interface__": tensor.__cuda_array_interface__})())


def test_torch_tensors_of_the_host_are_written() -> None:
    torch = pytest.importorskip("torch")
    data = torch.arange(6, dtype=torch.uint8)
    assert not on_card(data)
    assert (on_host(data) == np.arange(6)).all()


def test_one_tensor_with_gaps_does_not_turn_the_others_away(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct.Direct.__init__, "__defaults__", (HostBridge,))
    volume, classes = virion(32)
    renderer = Renderer()
    renderer.load(volume, classes)
    picture(renderer, bare_scene(volume, classes), volume.grid)
    gaps, whole = Tensor(classes.data[:, :16]), Tensor(np.ascontiguousarray(classes.data[:, 16:]))
    renderer.write(Region((0, 0, 0), (16, 32, 32)), gaps)
    renderer.write(Region((16, 0, 0), (32, 32, 32)), whole)
    assert (gaps.fetched, whole.fetched) == (1, 0)
    renderer.release()
