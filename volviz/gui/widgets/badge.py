"""A word in a corner of the 3D view, for what must not be overlooked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QLabel, QWidget

MARGIN = 10  # pixels from the corner


class Badge(QLabel):
    """Says that what is seen is not all that is there: binned, or only a region. Pointing at it tells the reason."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("badge")
        self.move(MARGIN, MARGIN)
        self.hide()

    def say(self, binning: int, region: bool, notes: Sequence[str]) -> None:
        """Show what is drawn; nothing where all of it is, in full resolution."""
        words = (["region"] if region else []) + ([f"binned {binning}×"] if binning > 1 else [])
        self.setText(", ".join(words).capitalize())
        part = ["Only a region of the volume is drawn; View > Draw the whole volume brings back the rest."] if region else []
        self.setToolTip("\n\n".join([*part, *notes]))
        self.adjustSize()
        self.setVisible(bool(words))
