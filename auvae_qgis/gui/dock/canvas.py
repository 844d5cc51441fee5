"""A plot that can be read, panned, zoomed and reached by keyboard. It knows lines, not what they mean."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.backend_bases import DrawEvent
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from qgis.PyQt.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QPaintEvent, QResizeEvent, QShowEvent
from qgis.PyQt.QtWidgets import QSizePolicy

from .layout import Cell, arranging, whole_pixels
from .pieces import Pieces
from .readout import draw_focus, draw_readout
from .theme import paint, tones
from .zoom import scale, shift

ZOOM = 1.25  # a notch of the wheel
NEAR = 60.0  # pixels from a line beyond which the mouse points at nothing
SOON = 20  # milliseconds
PATIENCE = 4  # drawings that new sizes stop before one is drawn at once: somebody drags an edge
PAN = 0.1  # of the view, a key press
LOW = 230  # pixels: a plot that is no higher goes without title, and writes small
WIDE = 1.35  # times as wide as high: parts stand beside each other, not below
RULE = "_"  # labels of lines that are no spectra begin with it, as matplotlib's own do


class Canvas(FigureCanvasQTAgg):
    """Draws a figure in the tones of QGIS's theme, with a readout under the mouse or the arrow keys.

    Wheel or +/-: zoom. Drag or Ctrl+arrows: pan. Double-click or Home: all. Arrows: read value by value.
    """

    read_out = pyqtSignal(str)  # what stands under the mouse, for those who do not see it
    reshaped = pyqtSignal()  # is low or wide, or no longer

    def __init__(self, name: str) -> None:
        """``name`` is read by screen readers."""
        super().__init__(Figure())
        self.setMinimumSize(120, 80)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)
        self._shape = (False, False)
        self._home: dict[Any, tuple[tuple[float, float], tuple[float, float]]] = {}
        self._cells: dict[Any, Cell] = {}
        self._titles: dict[Any, str] = {}  # in full: a narrow plot shows less of them
        self._arranged_for: tuple[float, float] | None = None  # the size in pixels
        self._soon = QTimer(self)  # widgets around it take their sizes first
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON)
        self._soon.timeout.connect(self._draw_in_pieces)
        self._pieces = Pieces(self)
        self._drawing = False  # in pieces, at this time
        self._again = False  # something has changed while it was drawn
        self._given_up = 0  # drawings in a row that a new size has stopped
        self._late = False  # something was to be drawn while nobody saw it
        self._moving: list[Any] = []
        self._ground: Any = None  # the picture without what moves
        self._grip: tuple[Any, float, float] | None = None
        self._shown: tuple[Any, int] | None = None  # the line and the point that are read out
        for signal, slot in (
            ("scroll_event", self._wheel),
            ("button_press_event", self._press),
            ("motion_notify_event", self._move),
            ("button_release_event", self._release),
            ("axes_leave_event", self._leave),
            ("figure_leave_event", self._leave),
        ):
            self.mpl_connect(signal, slot)

    # ---- drawing

    @property
    def is_low(self) -> bool:
        """Whether there is no room for more than the lines."""
        return bool(self.height() < LOW)

    @property
    def is_wide(self) -> bool:
        """Whether parts of a plot should stand beside each other."""
        return bool(self.width() > WIDE * self.height())

    @property
    def letters(self) -> str:
        """The size to write in."""
        return "small" if self.is_low else "medium"

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw anew, and tell the owner when it should arrange its parts otherwise."""
        if self._drawing:
            self._pieces.stop()
            self._drawing = False
            self._given_up += 1
        super().resizeEvent(event)
        self.figure.set_size_inches(*whole_pixels(self), forward=False)
        before, self._shape = self._shape, (self.is_low, self.is_wide)
        if self._shape != before:
            self.reshaped.emit()

    @property
    def is_filled(self) -> bool:
        """Whether all that `fill` was handed is in the figure."""
        return self._drawing or not self._pieces.busy

    def fill(self, steps: Iterator[None]) -> None:
        """Put something into the figure in pieces: ``steps`` ends with `finish`."""
        self._drawing = False
        self._pieces.start(steps)

    def complete(self) -> None:
        """Fill the figure now, as far as that is not done."""
        if not self._drawing:
            self._pieces.complete()

    def finish(self, cells: dict[Any, Cell] | None = None, moving: list[Any] | None = None) -> None:
        """Draw what was put into the figure, in the theme's tones; this view is where Home returns to.

        Args:
            cells: Where each axes stands with its labels; none: the only one fills the figure.
            moving: Artists that `move` draws anew without the rest.
        """
        self._pieces.stop()
        self._drawing = False
        self._shown = None
        self._home = {axes: (axes.get_xlim(), axes.get_ylim()) for axes in self.figure.axes}
        self._cells = cells or dict.fromkeys(self.figure.axes, (0.0, 0.0, 1.0, 1.0))
        self._titles = {axes: axes.get_title() for axes in self._cells}
        self._arranged_for = None
        self._moving = moving or []
        for artist in self._moving:
            artist.set_animated(True)
        self._ground = None
        paint(self.figure, tones(self.palette()))
        self.draw_idle()

    def draw(self) -> None:
        """Draw everything now."""
        self.complete()
        self._pieces.stop()
        for _piece in self._draw_parts():
            pass

    def _draw_in_pieces(self) -> None:
        if not self.is_filled:
            return  # it is drawn when it is filled
        if self._given_up >= PATIENCE:
            self.draw()
        else:
            self._drawing = True
            self._pieces.start(self._draw_parts())

    def _draw_parts(self) -> Iterator[None]:
        """Draw axes after axes on another page; the last step shows it.

        Labels are measured when they or the size have changed.
        """
        self._again = False
        figure = self.figure
        size = (figure.bbox.width, figure.bbox.height)
        if self._arranged_for != size:
            yield from arranging(self._cells, self._titles, self.get_renderer())
            self._arranged_for = size
            yield
        page = RendererAgg(*size, figure.dpi)
        figure.patch.draw(page)
        for artist in sorted(figure.get_children(), key=lambda one: one.get_zorder()):
            if artist is not figure.patch:
                artist.draw(page)
                yield
        figure.stale = False
        self._given_up = 0
        self.get_renderer().restore_region(page.copy_from_bbox(figure.bbox))
        self._drawing = False
        self.callbacks.process("draw_event", DrawEvent("draw_event", self, page))
        self._ground = None
        if self._moving:
            self._ground = self.copy_from_bbox(figure.bbox)
            self._draw_moving()
        self.update()
        if self._again:
            self.draw_idle()

    def draw_idle(self) -> None:
        """Draw soon; what nobody sees is drawn once it is seen."""
        self._late = not self.isVisible()
        if self._late:
            return
        if self._drawing:
            self._again = True
        elif not self._soon.isActive():
            self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what was put off."""
        super().showEvent(event)
        if self._late:
            self.draw_idle()

    def hideEvent(self, event: QHideEvent) -> None:
        """Put off what is being drawn, or was to be: nobody sees it."""
        super().hideEvent(event)
        self._late = self.rest() or self._late

    def rest(self) -> bool:
        """Give up what is being drawn, or is about to be; returns whether anything was."""
        due = self._drawing or self._soon.isActive()
        if self._drawing:
            self._pieces.stop()
        self._soon.stop()
        self._drawing = False
        return due

    def move(self) -> None:
        """Draw what moves over the picture of the rest: a tenth of the time that all of it takes."""
        if self._ground is None:
            self.draw_idle()
            return
        self.restore_region(self._ground)
        self._draw_moving()
        self.update()

    def _draw_moving(self) -> None:
        for artist in self._moving:
            artist.axes.draw_artist(artist)

    def changeEvent(self, event: QEvent) -> None:
        """Follow QGIS from a light theme to a dark one."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and hasattr(self, "_home"):
            paint(self.figure, tones(self.palette()))
            self.draw_idle()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the readout over the plot: without drawing the plot anew, it is where the mouse is."""
        super().paintEvent(event)
        if self._shown is None:
            if self.hasFocus():
                draw_focus(self)
            return
        line, index = self._shown
        ratio = self.device_pixel_ratio
        across, up = line.axes.transData.transform((line.get_xdata()[index], line.get_ydata()[index]))
        box = line.axes.bbox
        point = QPointF(across / ratio, self.height() - up / ratio)
        top_left = QPointF(box.x0 / ratio, self.height() - box.y1 / ratio)
        bottom_right = QPointF(box.x1 / ratio, self.height() - box.y0 / ratio)
        draw_readout(self, point, QRectF(top_left, bottom_right), to_hex(line.get_color()), self._sentence())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that it is gone, and the readout with it."""
        super().focusOutEvent(event)
        self._read(None)
        self.update()

    # ---- readout

    def _lines(self, axes: Any = None) -> list[Any]:
        """Return the lines that can be read: visible, named, with points."""
        everywhere = self.figure.axes if axes is None else [axes]
        return [
            line
            for one in everywhere
            for line in one.lines
            if line.get_visible()
            and not str(line.get_label()).startswith(RULE)
            and np.isfinite(np.asarray(line.get_ydata(), dtype=float)).any()
        ]

    def _read(self, shown: tuple[Any, int] | None) -> None:
        if shown == self._shown:
            return
        self._shown = shown
        self.update()
        text = self._sentence()
        self.setAccessibleDescription(text)
        self.read_out.emit(text)

    def _sentence(self) -> str:
        if self._shown is None:
            return ""
        line, index = self._shown
        x, y = float(line.get_xdata()[index]), float(line.get_ydata()[index])
        unit = line.axes.get_gid() or ""
        return f"{x:.6g}{unit} · {y:.4g} · {line.get_label()}"

    def _under(self, event: Any) -> tuple[Any, int] | None:
        """Return the line and point nearest to the mouse."""
        best, nearest = None, NEAR * self.device_pixel_ratio
        for line in self._lines(event.inaxes):
            points = line.axes.transData.transform(
                np.column_stack([line.get_xdata(), np.asarray(line.get_ydata(), dtype=float)])
            )
            # the nearest band, not the nearest point of a steep line
            columns = np.where(np.isfinite(points[:, 1]), np.abs(points[:, 0] - event.x), np.inf)
            index = int(columns.argmin())
            distance = math.hypot(columns[index], points[index, 1] - event.y)
            if distance < nearest:
                best, nearest = (line, index), distance
        return best

    def _step(self, along: int, across: int) -> None:
        """Move the readout by a value along its line, or to another line."""
        lines = self._lines()
        if not lines:
            return
        if self._shown is None or self._shown[0] not in lines:
            line = lines[0]
            there = np.flatnonzero(np.isfinite(line.get_ydata()))
            self._read((line, int(there[0])))
            return
        line, index = self._shown
        x = float(line.get_xdata()[index])
        if across:
            line = lines[(lines.index(line) + across) % len(lines)]
        there = np.flatnonzero(np.isfinite(np.asarray(line.get_ydata(), dtype=float)))
        place = int(np.abs(np.asarray(line.get_xdata(), dtype=float)[there] - x).argmin())
        self._read((line, int(there[min(max(place + along, 0), len(there) - 1)])))

    # ---- mouse and keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Read, pan and zoom by keyboard; other keys are left to QGIS."""
        key = Qt.Key
        arrows = {key.Key_Left: (-1, 0), key.Key_Right: (1, 0), key.Key_Up: (0, 1), key.Key_Down: (0, -1)}
        pressed = event.key()
        if pressed in arrows:
            along, up = arrows[pressed]
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                for axes in self.figure.axes:
                    shift(axes, PAN * along, PAN * up)
                self.draw_idle()
            else:
                self._step(along, -up)
        elif pressed in (key.Key_Plus, key.Key_Equal, key.Key_Minus):
            for axes in self.figure.axes:
                scale(axes, ZOOM if pressed == key.Key_Minus else 1 / ZOOM, None)
            self.draw_idle()
        elif pressed == key.Key_Home:
            self.show_all()
        elif pressed == key.Key_Escape and self._shown is not None:
            self._read(None)
        else:
            event.ignore()
            return
        event.accept()

    def show_all(self) -> None:
        """Go back to the whole plot."""
        for axes, (x, y) in self._home.items():
            axes.set_xlim(x)
            axes.set_ylim(y)
        self.draw_idle()

    def _wheel(self, event: Any) -> None:
        if event.inaxes is not None:
            factor = 1 / ZOOM if event.button == "up" else ZOOM
            scale(event.inaxes, factor, (event.x, event.y))
            self.draw_idle()

    def _press(self, event: Any) -> None:
        if event.dblclick:
            self.show_all()
        elif event.inaxes is not None and event.button == 1:
            self._grip = (event.inaxes, event.x, event.y)

    def _move(self, event: Any) -> None:
        if self._grip is not None:
            axes, x, y = self._grip
            box = axes.bbox
            shift(axes, (x - event.x) / box.width, (y - event.y) / box.height)
            self._grip = (axes, event.x, event.y)
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._read(None)
            self.draw_idle()
        elif event.inaxes is not None:
            self._read(self._under(event))

    def _release(self, _event: Any) -> None:
        self._grip = None
        self.unsetCursor()

    def _leave(self, _event: Any) -> None:
        if self._grip is None and not self.hasFocus():
            self._read(None)
