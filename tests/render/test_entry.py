"""The kind of shader that marches is chosen by a measurement, once for every kind of device."""

from __future__ import annotations

import numpy as np
import pytest

from tests.render.conftest import bare_scene, front, virion
from volviz.render import entry
from volviz.render.renderer import Renderer


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "_known", {})


def picture(kind: str) -> np.ndarray:
    volume, classes = virion(32)
    renderer = Renderer(entry=kind)  # type: ignore[arg-type]
    renderer.load(volume, classes)
    drawn = renderer.image(bare_scene(volume, classes), front(volume.grid), (48, 48), samples=1)
    renderer.release()
    return drawn.astype(int)


def test_a_card_is_measured_once_and_the_faster_kind_draws(gl: None, forgetful: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "in_software", lambda: False)
    marches: list[str] = []
    real = entry.march

    def slow_fragments(*args: object, entry: str, **rest: object) -> None:
        marches.append(entry)
        real(*args, entry=entry, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(entry, "march", slow_fragments)
    monkeypatch.setattr(entry, "times", lambda *_, timed=entry.times: {**timed(*_), "compute": 1e-9})
    drawn = picture("auto")
    assert set(marches) == {"fragment", "compute"}
    assert list(entry._known.values()) == ["compute"]
    assert np.array_equal(drawn, picture("compute"))
    measured = len(marches)
    picture("auto")
    assert len(marches) == measured


def test_compute_must_be_clearly_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    for share, kind in ((0.5, "compute"), (0.97, "fragment"), (1.5, "fragment")):
        monkeypatch.setattr(entry, "times", lambda *_, share=share: {"fragment": 1.0, "compute": share})
        assert entry.measured(None, None) == kind  # type: ignore[arg-type]


def test_software_does_not_wait_for_a_second_program(gl: None, forgetful: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "times", lambda *_: pytest.fail("measured"))
    assert np.array_equal(picture("auto"), picture("fragment"))
