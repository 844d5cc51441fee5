"""The field for a number of endmembers, in which the smallest choice reads “estimate”. Checks nothing."""

from __future__ import annotations

from typing import Any

from processing.gui.wrappers import WidgetWrapper
from qgis.gui import QgsGui, QgsSpinBox
from qgis.PyQt.QtWidgets import QWidget

from ..translation import tr

LEAST = 2


class CountWidget(WidgetWrapper):
    """A spin box from “estimate”, which stands for 0, to 2 and more; the model designer has QGIS's own."""

    def __new__(cls, parameter: Any, dialog: QWidget, *_place: int) -> Any:
        """Make the field that fits ``dialog``."""
        if type(dialog).__name__ != "ModelerParametersDialog":
            return super().__new__(cls)
        registry = QgsGui.processingGuiRegistry()
        made = registry.createModelerParameterWidget(dialog.model, dialog.childId, parameter, dialog.context)
        made.setDialog(dialog)
        return made

    def createWidget(self) -> QgsSpinBox:
        """Return the spin box."""
        definition = self.parameterDefinition()
        spin = QgsSpinBox()
        spin.setRange(0, int(definition.maximum()))
        spin.setSpecialValueText(tr("estimate"))
        spin.setClearValue(int(definition.defaultValue()))
        spin.setValue(int(definition.defaultValue()))
        spin.setExpressionsEnabled(True)
        self._before = spin.value()
        spin.valueChanged.connect(self._changed)
        return spin

    def _changed(self, number: int) -> None:
        """Step over 1, of which no image is made."""
        before, self._before = self._before, number
        if number == 1:
            self.widget.setValue(0 if before >= LEAST else LEAST)
        self.widgetValueHasChanged.emit(self)

    def setValue(self, value: Any) -> None:
        """Show a number; anything else is estimated."""
        try:
            self.widget.setValue(int(value))
        except (TypeError, ValueError):
            self.widget.setValue(0)

    def value(self) -> int:
        """Return the number, 0 to estimate it."""
        return int(self.widget.value())
