"""Paints what is read off a plot: a dotted line, the point on the curve, its values. And the focus."""

from __future__ import annotations

from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen
from qgis.PyQt.QtWidgets import QWidget

from .theme import tones

PAPER_ALPHA = 230  # of 255: the label lets a little of the lines through


def draw_readout(widget: QWidget, point: QPointF, axes: QRectF, color: str, text: str) -> None:
    """Paint a readout on a plot.

    Args:
        widget: The plot.
        point: On the curve, in pixels of the widget.
        axes: The room of the curves, in the same pixels.
        color: Of the curve.
        text: What to say beside the point.

    """
    used = tones(widget.palette())
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(used.ink), 1, Qt.PenStyle.DotLine))
    painter.drawLine(QPointF(point.x(), axes.top()), QPointF(point.x(), axes.bottom()))
    painter.setPen(QPen(QColor(used.paper), 1.5))
    painter.setBrush(QColor(color))
    painter.drawEllipse(point, 4.5, 4.5)
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(text) + 12, metrics.height() + 6
    x = point.x() + 10 if point.x() + 10 + width < axes.right() else point.x() - 10 - width
    y = min(max(point.y() - height - 8, axes.top() + 2), axes.bottom() - height)
    label = QRectF(max(2.0, min(x, widget.width() - width - 2)), y, width, height)
    ground = QColor(used.paper)
    ground.setAlpha(PAPER_ALPHA)
    painter.setBrush(ground)
    painter.setPen(QPen(QColor(used.ink), 0.7))
    painter.drawRoundedRect(label, 3, 3)
    painter.setPen(QColor(used.ink))
    painter.drawText(label, int(Qt.AlignmentFlag.AlignCenter), text)
    painter.end()


def draw_focus(widget: QWidget) -> None:
    """Show that the arrow keys act on this plot."""
    painter = QPainter(widget)
    painter.setPen(QPen(widget.palette().highlight().color(), 1))
    painter.drawRect(0, 0, widget.width() - 1, widget.height() - 1)
    painter.end()
