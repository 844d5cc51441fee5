"""The row under the spectra: where the endmember in front comes from, how sure and how separable it is."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QResizeEvent
from qgis.PyQt.QtWidgets import QBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from ...plain_text import as_plain
from ...results.evidence import Evidence
from ...results.result import Result
from ...translation import tr
from .legend import LOW
from .plot_panel import icon_named

LOWEST = 380  # pixels of the tab's height
PAD = 2


class EvidenceRow(QWidget):
    """A button that goes to the purest pixel, and the rest in words; never wider than the dock."""

    place_asked = pyqtSignal(int, int)  # row and column of a pixel, from 0

    def __init__(self) -> None:
        super().__init__()
        self._place: tuple[int, int] | None = None
        self._has_room = True
        self.button = QToolButton()
        self.button.setIcon(icon_named("mActionZoomToLayer.svg"))
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setAutoRaise(True)
        self.button.setToolTip(tr("Go there in the map, and probe it"))
        self.button.clicked.connect(self._go)
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._layout.setContentsMargins(PAD, PAD, PAD, PAD)
        self._layout.setSpacing(PAD)
        self._layout.addWidget(self.button)
        self._layout.addWidget(self.words, 1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.forget()

    def fit(self, height: int) -> None:
        """Take as many lines as it needs in a high tab, one in a low one, none where the plot needs them."""
        direction = QBoxLayout.Direction
        self._layout.setDirection(direction.TopToBottom if height >= LOW else direction.LeftToRight)
        self.words.setWordWrap(height >= LOW)
        self._has_room = height >= LOWEST
        self._arrange()

    def forget(self) -> None:
        """Say nothing."""
        self._place = None
        self.words.clear()
        self.button.hide()
        self._arrange()

    def show_endmember(self, result: Result, index: int) -> None:
        """Say what ``result`` knows of its endmember ``index``."""
        evidence = Evidence.of(result, index)
        said = _said(evidence, result)
        self._place = evidence.place
        self.button.setVisible(evidence.place is not None)
        if evidence.place is not None:
            row, col = evidence.place
            self.button.setText(tr("Purest pixel: {}").format(_place_in_words(row, col, evidence.abundance)))
        name = result.endmembers[index].name
        self.words.setText(f"{name}: {'; '.join(said)}." if said else name if evidence.place else "")
        self.words.setToolTip(as_plain(self.words.text()))
        self._arrange()

    def _arrange(self) -> None:
        self.setVisible(self._has_room and bool(self.words.text()))
        above = self.button.sizeHint().height() if self._place else 0
        if self.words.wordWrap():
            # asked of the layout, words that wrap take the height of a far narrower row
            height = above + self.words.heightForWidth(self.width() - 2 * PAD) + PAD
        else:
            height = max(above, self.words.sizeHint().height())
        self.setFixedHeight(height + 2 * PAD)
        self._layout.invalidate()  # made while it was hidden, it would leave words and button no height
        self._layout.activate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take the height that the words need at this width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._arrange()

    def _go(self) -> None:
        if self._place is not None:
            self.place_asked.emit(*self._place)


def _place_in_words(row: int, col: int, abundance: float | None) -> str:
    place = tr("row {}, column {}").format(row + 1, col + 1)
    return place if abundance is None else f"{place}, {abundance:.0%}"


def _said(evidence: Evidence, result: Result) -> list[str]:
    """Return the parts of the sentence."""
    said = []
    if evidence.target_pixels:
        said.append(tr("taken from a patch of {} pixels").format(evidence.target_pixels))
    if evidence.spread is not None:
        said.append(tr("sure to ± {:.3f} rad").format(evidence.spread))
    if evidence.other is not None and evidence.angle is not None:
        text = tr("most like “{}”, {:.3f} rad apart")
        if evidence.has_twin:
            text = tr("nearly the same as “{}”, {:.3f} rad apart: how much is of which cannot be told well")
        said.append(text.format(result.endmembers[evidence.other].name, evidence.angle))
    if evidence.doubtful:
        said.append(tr("doubtful: the others explain the scene as well without it"))
    return said
