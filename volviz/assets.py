"""Find shaders, presets, weights and documents, whether volviz runs from a checkout or from a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def asset(name: str) -> Path:
    """Return the path of a bundled file or folder, for example ``asset("shaders/march.frag")``.

    A wheel carries ``shaders/``, ``resources/``, ``docs/`` and the README inside the package; a checkout keeps them beside it.

    Raises:
        FileNotFoundError: the installation lacks the file.
    """
    for root in (_PACKAGE, _PACKAGE.parent):
        path = root / name
        if path.exists():
            return path
    raise FileNotFoundError(f"volviz is not completely installed: {name} is missing beside {_PACKAGE}")
