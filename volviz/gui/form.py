"""A form for the fields of any frozen dataclass: one box for each, its type decides which, its documentation is the tooltip."""

from __future__ import annotations

import ast
import typing
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QWidget,
)

from volviz.core.errors import VolvizError
from volviz.segment.parameters import REQUIRED, Parameter, parameters

AUTOMATIC = "automatic"
MOST = 1_000_000_000  # of a number that has no bounds of its own


class Form(QWidget):
    """Shows the parameters of a dataclass, but for those left out, and makes a value of it from what they say."""

    changed = Signal()

    def __init__(self, kind: type[Any], without: Collection[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = kind
        self.fields: dict[str, _Field] = {}
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(4)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for parameter in parameters(kind):
            if parameter.name in without:
                continue
            field = self.fields[parameter.name] = _field_of(parameter, self.changed.emit)
            field.widget.setAccessibleName(parameter.title)
            tip = _sentence(parameter)
            layout.addRow(parameter.title, field.widget)
            for widget in (field.widget, *field.widget.findChildren(QWidget), layout.labelForField(field.widget)):
                widget.setToolTip(tip)

    def values(self) -> dict[str, Any]:
        """Return what the boxes say, by field.

        Raises:
            VolvizError: a box holds something that its field does not take.
        """
        return {name: field.read() for name, field in self.fields.items()}

    def value(self, **more: Any) -> Any:
        """Return a value of the dataclass; ``more`` are fields that the form leaves out.

        Raises:
            VolvizError: a box holds something that its field does not take, or the dataclass refuses it.
        """
        try:
            return self._kind(**self.values(), **more)
        except (TypeError, ValueError) as error:
            raise VolvizError(f"{self._kind.__name__} does not take these parameters: {error}.") from error

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Fill the boxes; fields that are not named stay as they are."""
        for name, value in values.items():
            if name in self.fields:
                self.fields[name].write(value)


class _Field:
    """One box: how to read it and how to fill it."""

    def __init__(self, widget: QWidget, read: Callable[[], Any], write: Callable[[Any], None]) -> None:
        self.widget, self.read, self.write = widget, read, write


def _field_of(parameter: Parameter, changed: Callable[[], None]) -> _Field:
    makers: dict[Any, Callable[[Parameter, Callable[[], None]], _Field]] = {bool: _switch, int: _whole, float: _number, Path: _path}
    make = _choice if parameter.choices else makers.get(parameter.kind, _text)
    field = make(parameter, changed)
    if parameter.default is not REQUIRED:
        field.write(parameter.default)
    return field


def _switch(parameter: Parameter, changed: Callable[[], None]) -> _Field:
    box = QCheckBox()
    box.toggled.connect(lambda _: changed())
    return _Field(box, box.isChecked, lambda value: box.setChecked(bool(value)))


def _choice(parameter: Parameter, changed: Callable[[], None]) -> _Field:
    box = QComboBox()
    for choice in ([None] if parameter.optional else []) + list(parameter.choices):
        box.addItem(AUTOMATIC if choice is None else str(choice), choice)
    box.currentIndexChanged.connect(lambda _: changed())
    return _Field(box, box.currentData, lambda value: box.setCurrentIndex(max(0, box.findData(value))))


def _whole(parameter: Parameter, changed: Callable[[], None]) -> _Field:
    box = QSpinBox()
    least, most = _bounds(parameter)
    # Where it may be left to the method, that is the value below the least.
    box.setRange(int(least) - parameter.optional, int(most))
    box.setGroupSeparatorShown(True)
    box.valueChanged.connect(lambda _: changed())
    if not parameter.optional:
        return _Field(box, box.value, lambda value: box.setValue(int(value)))
    box.setSpecialValueText(AUTOMATIC)
    return _Field(
        box,
        lambda: None if box.value() == box.minimum() else box.value(),
        lambda value: box.setValue(box.minimum() if value is None else int(value)),
    )


def _number(parameter: Parameter, changed: Callable[[], None]) -> _Field:
    box = QDoubleSpinBox()
    least, most = _bounds(parameter)
    default = parameter.default if isinstance(parameter.default, int | float) else 1.0
    digits = 2 if abs(default) >= 1 or default == 0 else 2 - round(_exponent(default))
    step = 10.0 ** _exponent(default) if default else 1.0
    box.setDecimals(digits)
    box.setSingleStep(step)
    box.setRange(least - (step if parameter.optional else 0), most)
    box.valueChanged.connect(lambda _: changed())
    if not parameter.optional:
        return _Field(box, box.value, lambda value: box.setValue(float(value)))
    box.setSpecialValueText(AUTOMATIC)
    return _Field(
        box,
        lambda: None if box.value() == box.minimum() else box.value(),
        lambda value: box.setValue(box.minimum() if value is None else float(value)),
    )


def _path(parameter: Parameter, changed: Callable[[], None]) -> _Field:
    holder, edit, button = QWidget(), QLineEdit(), QToolButton()
    edit.setPlaceholderText("none" if parameter.optional else "")
    edit.textChanged.connect(lambda _: changed())
    button.setText("…")
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(edit, 1)
    layout.addWidget(button)
    folder = parameter.told.lower().startswith("folder")

    def choose() -> None:
        window = holder.window()
        chosen = (
            QFileDialog.getExistingDirectory(window, parameter.title) if folder else QFileDialog.getOpenFileName(window, parameter.title)[0]
        )
        if chosen:
            edit.setText(chosen)

    def read() -> Path | None:
        text = edit.text().strip()
        if not text and not parameter.optional:
            raise VolvizError(f"{parameter.title} is missing; choose one.")
        return Path(text) if text else None

    button.clicked.connect(choose)
    return _Field(holder, read, lambda value: edit.setText("" if value is None else str(value)))


def _text(parameter: Parameter, changed: Callable[[], None]) -> _Field:
    """Return a line for words, and for everything that has no box of its own, as Python writes it: ``1, 2``."""
    edit = QLineEdit()
    edit.textChanged.connect(lambda _: changed())
    plain = parameter.kind is str

    def read() -> Any:
        text = edit.text().strip()
        if not text and parameter.optional:
            return None
        if plain:
            return text
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            raise VolvizError(f"{parameter.title} cannot be '{text}'; write numbers, with commas between several.") from None
        return tuple(value) if typing.get_origin(parameter.kind) is tuple and isinstance(value, list | tuple) else value

    def write(value: Any) -> None:
        edit.setText("" if value is None else value if plain else ", ".join(map(repr, value)) if isinstance(value, tuple) else repr(value))

    return _Field(edit, read, write)


def _bounds(parameter: Parameter) -> tuple[float, float]:
    """Return the least and the most; a number whose default is not negative is taken to have no negative values."""
    negative = isinstance(parameter.default, int | float) and parameter.default < 0
    least = parameter.least if parameter.least is not None else (-MOST if negative else 0)
    return least, parameter.most if parameter.most is not None else MOST


def _exponent(value: float) -> int:
    return int(f"{abs(value):e}".partition("e")[2])


def _sentence(parameter: Parameter) -> str:
    default = "" if parameter.default in (REQUIRED, None) else f"\nDefault: {parameter.default}"
    return f"{parameter.told}{default}".strip() or parameter.title
