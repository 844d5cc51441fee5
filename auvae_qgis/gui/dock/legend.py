"""The list of a plot's lines beside it: hide, single out, rename. It knows names and colours only."""

from __future__ import annotations

from qgis.PyQt.QtCore import QModelIndex, QPoint, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import (
    QColor,
    QContextMenuEvent,
    QIcon,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPixmap,
    QResizeEvent,
)
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QListView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from ...translation import tr

MOST_ROWS = 3, 6  # beyond that it scrolls; the latter in a high parent
LOW = 480  # pixels of the parent's height
FOR_A_ROW = 130  # pixels of it, beyond the first rows
SWATCH = 12
BOX = 24  # pixels: where an entry's tick is
OWN_NAME = Qt.ItemDataRole.UserRole
BEHIND = Qt.ItemDataRole.UserRole + 1  # what is written behind the name, and no part of it


class Legend(QListWidget):
    """Entries that are ticked while their line is shown.

    Click or Space: hide or show. Ctrl- or Alt-click, or Ctrl+Space: only this one, and all again.
    Double-click or F2: rename.
    """

    shown_changed = pyqtSignal()
    renamed = pyqtSignal(int, str)  # which entry, the name that was typed
    pointed = pyqtSignal(int)  # the entry under the mouse or the keys; -1: none

    def __init__(self, name: str, *, renamable: bool, click_hides: bool, rows_when_low: int) -> None:
        """``name`` is read by screen readers; ``click_hides``: anywhere on an entry, not on its box alone."""
        super().__init__()
        self._click_hides, self._rows_when_low = click_hides, rows_when_low
        self._renamable = renamable
        self._toggled: int | None = (
            None  # by the click that may turn out to be the first half of a double one
        )
        self._filling = False
        self.setAccessibleName(name)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setIconSize(QSize(SWATCH, SWATCH))
        self.setSpacing(1)
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.EditKeyPressed
            if renamable
            else QAbstractItemView.EditTrigger.NoEditTriggers
        )
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)  # it would hide the colour
        self.setMouseTracking(True)
        click = tr("Click: hide or show.") if click_hides else tr("Click: bring to the front.")
        hint = f"{click} {tr('Ctrl-click: only this one.')}"
        self.setToolTip(f"{hint} {tr('Double-click: rename.')}" if renamable else hint)
        self.setItemDelegate(_WithMore(self))
        self.itemChanged.connect(self._item_changed)
        self.currentRowChanged.connect(self._point)

    def fill(self, entries: list[tuple[str, str]], behind: list[str] | None = None) -> None:
        """List these names and colours; what was hidden under the same name stays hidden.

        Args:
            entries: Name and colour of each line.
            behind: What is written behind each name; None for nothing.

        """
        hidden = {self.item(row).data(OWN_NAME) for row in range(self.count()) if not self.is_shown(row)}
        if len(hidden) >= len(entries):
            hidden = set()
        current = self.currentRow()
        self._filling = True
        self.blockSignals(True)
        self.clear()
        for row, (name, color) in enumerate(entries):
            item = QListWidgetItem(swatch(color), name)
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable
            item.setFlags(flags | Qt.ItemFlag.ItemIsEditable if self._renamable else flags)
            item.setCheckState(Qt.CheckState.Unchecked if name in hidden else Qt.CheckState.Checked)
            item.setData(OWN_NAME, name)
            item.setData(BEHIND, behind[row] if behind else "")
            self.addItem(item)
        self.setCurrentRow(min(max(current, 0), len(entries) - 1))
        self.blockSignals(False)
        self._filling = False
        self.fit()

    def set_names(self, names: list[str]) -> None:
        """Call the entries by other names; what is hidden stays hidden."""
        self._filling = True
        for row, name in enumerate(names):
            self.item(row).setText(name)
            self.item(row).setData(OWN_NAME, name)
        self._filling = False
        self.fit()

    def set_front(self, front: int | None) -> None:
        """Write the entry of the line that is in front in bold."""
        self._filling = True
        for row in range(self.count()):
            font = self.item(row).font()
            font.setBold(row == front)
            self.item(row).setFont(font)
        self._filling = False
        self.fit()

    def is_shown(self, row: int) -> bool:
        """Tell whether the line of an entry is to be shown."""
        return bool(self.item(row).checkState() == Qt.CheckState.Checked)

    def shown(self) -> list[bool]:
        """Return for every entry whether its line is to be shown."""
        return [self.is_shown(row) for row in range(self.count())]

    def single_out(self, row: int) -> None:
        """Show this line alone; all of them when it is alone already."""
        alone = self.shown() == [other == row for other in range(self.count())]
        self._set([alone or other == row for other in range(self.count())])

    def show_all(self) -> None:
        """Show every line."""
        self._set([True] * self.count())

    def toggle(self, row: int) -> None:
        """Hide a line, or show it again."""
        self._set([shown != (other == row) for other, shown in enumerate(self.shown())])

    def _set(self, shown: list[bool]) -> None:
        self._filling = True
        for row, one in enumerate(shown):
            self.item(row).setCheckState(Qt.CheckState.Checked if one else Qt.CheckState.Unchecked)
        self._filling = False
        self.shown_changed.emit()

    def _item_changed(self, item: QListWidgetItem) -> None:
        if self._filling:
            return
        before = item.data(OWN_NAME)
        if item.text() != before:
            typed = item.text()
            self._filling = True
            item.setText(before)  # until the files have the new name
            self._filling = False
            self.renamed.emit(self.row(item), typed)
        else:
            self.shown_changed.emit()

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Make the entry current; what a click does is decided when the button is let go."""
        row = self._row_at(event.pos())
        if row >= 0:
            self.setCurrentRow(row)
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Hide, show or single out."""
        row = self._row_at(event.pos())
        if row < 0 or event.button() != Qt.MouseButton.LeftButton or row != self.currentRow():
            return
        if self._toggled is not None and self._toggled < 0:  # the second half of a double-click
            self._toggled = None
            return
        alone = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        if event.modifiers() & alone:
            self.single_out(row)
        elif self._click_hides or event.pos().x() - self.visualItemRect(self.item(row)).left() < BOX:
            self.toggle(row)
            self._toggled = row

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Rename; the first click's hiding is taken back."""
        row = self._row_at(event.pos())
        if row >= 0 and self._toggled == row:
            self.toggle(row)
        self._toggled = -1
        if row >= 0 and self._renamable:
            self.editItem(self.item(row))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say which entry the mouse is on."""
        self._point(self._row_at(event.pos()))

    def leaveEvent(self, event: object) -> None:
        """Say that the mouse is on none."""
        super().leaveEvent(event)
        self._point(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Space singles out; the rest is the list's own."""
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.key() == Qt.Key.Key_Space and control and self.currentRow() >= 0:
            self.single_out(self.currentRow())
            event.accept()
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer the same in words."""
        row = self.currentRow()
        if row < 0:
            return
        menu = QMenu(self)
        menu.addAction(tr("Hide") if self.is_shown(row) else tr("Show"), lambda: self.toggle(row))
        menu.addAction(tr("Only this one"), lambda: self.single_out(row))
        menu.addAction(tr("Show all"), self.show_all)
        if self._renamable:
            menu.addAction(tr("Rename…"), lambda: self.editItem(self.item(row)))
        menu.popup(event.globalPos())

    def _row_at(self, point: QPoint) -> int:
        index: QModelIndex = self.indexAt(point)
        return index.row() if index.isValid() else -1

    def _point(self, row: int) -> None:
        if not self._filling:
            self.pointed.emit(row)

    # ---- size

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Be as high as the rows that the width makes."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit()

    def fit(self) -> None:
        """Take the height that the entries need at this width, as far as the parent has room for it.

        Counted here and not asked of the layout: that depends on the scroll bar, and the scroll bar on it.
        """
        sizes = [self.sizeHintForIndex(self.indexFromItem(self.item(row))) for row in range(self.count())]
        if not sizes:
            self.setFixedHeight(0)
            return
        gap = 2 * self.spacing()
        rows, used = 1, 0
        for size in sizes:
            used += size.width() + gap
            if used > self.width() - gap and used > size.width() + gap:
                rows, used = rows + 1, size.width() + gap
        room = 0 if self.parentWidget() is None else self.parentWidget().height()
        least, highest = MOST_ROWS
        most = self._rows_when_low if 0 < room < LOW else min(max(room // FOR_A_ROW, least), highest)
        policy = Qt.ScrollBarPolicy
        wanted = policy.ScrollBarAlwaysOn if rows > most else policy.ScrollBarAlwaysOff
        if self.verticalScrollBarPolicy() != wanted:
            self.setVerticalScrollBarPolicy(wanted)
        self.setFixedHeight(min(rows, most) * (sizes[0].height() + gap) + gap)


class _WithMore(QStyledItemDelegate):
    """Writes behind a name what is no part of it; only the name can be edited."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Add it to the text that is drawn and measured."""
        super().initStyleOption(option, index)
        more = index.data(BEHIND)
        if more:
            option.text = f"{option.text}  {more}"


def swatch(color: str) -> QIcon:
    """Return a square of a colour, framed so that it shows on any ground."""
    picture = QPixmap(SWATCH * 2, SWATCH * 2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setPen(QColor(127, 127, 127))
    painter.setBrush(QColor(color))
    painter.drawRect(2, 2, 2 * SWATCH - 5, 2 * SWATCH - 5)
    painter.end()
    return QIcon(picture)
