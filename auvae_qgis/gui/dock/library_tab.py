"""The tab that holds spectral libraries against the endmembers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QResizeEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QLineEdit,
    QSplitter,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ....model.auvae.contract.library import Library, Profile
from ....model.auvae.contract.palette import COLORS
from ...plain_text import as_plain, as_written
from ...results.result import Array, Result, Spectra
from ...spectra.export import Table, table_of
from ...spectra.first_names import Suggestion, suggest
from ...spectra.matching import Match, best_names
from ...translation import tr
from ...worker.in_words import unit_in_words
from .first_name_words import evidence, name_of, question
from .legend import swatch
from .plot_panel import PlotPanel, PlotTab, icon_named
from .theme import DASHES

KIND = Qt.ItemDataRole.UserRole
WIDE = 1.6  # times as wide as high: the plot stands beside the list, not below
FORMATS = "*.sli *.hdr *.esl *.csv *.tsv *.txt *.asd *.sig *.geojson *.json *.gpkg *"
DIGITS = 3
PLOT_SHARE = 0.55  # of the room; in a narrow one the list needs more
NARROW_SHARE = 0.4
NARROW = 300  # pixels: no room for the number of bands
MOST_NAMES = 12  # in the legend of the plot


class LibraryTab(PlotTab):
    """Lists each endmember's best matches and every library's spectra; what is ticked is plotted over it."""

    load_asked = pyqtSignal(list)  # paths
    remove_asked = pyqtSignal()
    name_chosen = pyqtSignal(int, str)  # which endmember, the name of its match
    all_names_chosen = pyqtSignal(list)  # of each endmember; empty where it keeps the one it has

    def __init__(self) -> None:
        super().__init__()
        self._result: Result | None = None
        self._spectra: Spectra | None = None
        self._matches: list[list[Match]] = []
        self._suggestions: list[Suggestion | None] = []
        self._libraries: list[Library] = []
        self._endmember = 0
        self.panel = PlotPanel(tr("Endmember and library spectra"), self._table)
        self.axes = self.panel.canvas.figure.add_subplot()
        load = self._button("mActionFileOpen.svg", "", tr("Load spectral libraries"))
        load.clicked.connect(self._ask)
        self._remove = self._button("mActionDeleteSelected.svg", "", tr("Remove the libraries"))
        self._remove.clicked.connect(self.remove_asked)
        self.use_name = self._button("mActionRename.svg", tr("Use this name"), "")
        self.use_name.setToolTip(tr("Call the endmember by the name of the match that is selected"))
        self.use_name.clicked.connect(self._use)
        self.use_all = self._button("mActionRename.svg", tr("Name all"), "")
        self.use_all.setToolTip(tr("Call every endmember by the name of its best match"))
        self.use_all.clicked.connect(self._use_all)
        for widget in (load, self._remove, self.use_name, self.use_all):
            self.panel.bar.addWidget(widget)
        self.panel.add_tools()

        self._make_list()
        listing = QWidget()
        column = QVBoxLayout(listing)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.tree, 1)
        column.addWidget(self.filter)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.addWidget(self.panel)
        self._split.addWidget(listing)
        self._split.setChildrenCollapsible(False)
        self._split.setStretchFactor(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._split)
        self._list_libraries([])

    def _make_list(self) -> None:
        """Make the tree of endmembers, matches and libraries, and the field that filters it."""
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(tr("Filter the spectra"))
        self.filter.setAccessibleName(tr("Filter the spectra"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._hide_others)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(tr("Matches and library spectra"))
        self.tree.setHeaderLabels([tr("Spectrum"), tr("Angle"), tr("Bands")])
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(14)
        self.tree.headerItem().setToolTip(
            1, tr("Spectral angle to the endmember, in radians: 0 is the same shape")
        )
        self.tree.headerItem().setToolTip(2, tr("Bands that were compared"))
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.currentItemChanged.connect(self._selected)
        self.tree.itemChanged.connect(self.redraw)
        self.panel.canvas.reshaped.connect(self.redraw)
        self.tree.itemDoubleClicked.connect(lambda item, _column: self._use())

    def _button(self, icon: str, text: str, name: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon_named(icon))
        button.setText(text or name)
        button.setToolTip(name)
        button.setAccessibleName(name or text)
        style = Qt.ToolButtonStyle
        button.setToolButtonStyle(style.ToolButtonTextBesideIcon if text else style.ToolButtonIconOnly)
        return button

    def set_result(self, result: Result | None, spectra: Spectra | None) -> None:
        """Compare this result from now on; its matches come by `set_matches`."""
        same = result is not None and self._result is not None and result.folder == self._result.folder
        self._endmember = self._endmember if same else 0  # a renamed one stays in view
        self._result, self._spectra, self._matches = result, spectra, []
        self.use_all.setEnabled(False)
        self._suggestions = []
        if spectra is not None and spectra.in_nanometres:
            self._suggestions = suggest(spectra.x, spectra.values)
        if not same:
            self.tree.setCurrentItem(None)  # nor does a library stay in view
        self._list()

    def set_libraries(self, libraries: list[Library]) -> None:
        """List these libraries."""
        self._list_libraries(libraries)

    def set_matches(self, matches: list[list[Match]]) -> None:
        """List the best matches of every endmember."""
        self._matches = matches
        self.use_all.setEnabled(any(matches))
        self._list()

    def show_library(self, path: Path) -> None:
        """Plot the spectra of a library alone: what is drawn while its file is selected."""
        for row in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(row)
            _, held = item.data(0, KIND)
            if isinstance(held, Library) and held.path == path:
                item.setExpanded(True)
                self.tree.setCurrentItem(item)
                self.tree.scrollToItem(item, QAbstractItemView.ScrollHint.PositionAtTop)

    def _ask(self) -> None:
        kinds = tr("Spectral libraries ({})").format(FORMATS)
        chosen, _ = QFileDialog.getOpenFileNames(self, tr("Load spectral libraries"), "", kinds)
        if chosen:
            self.load_asked.emit([Path(one) for one in chosen])

    # ---- list

    def _list(self) -> None:
        """List the endmembers with their matches anew, above the libraries."""
        self.tree.blockSignals(True)
        for _old in range(self.tree.topLevelItemCount() - len(self._libraries)):
            self.tree.takeTopLevelItem(0)
        endmembers = self._result.endmembers if self._result is not None else ()
        for index, endmember in enumerate(endmembers):
            top = QTreeWidgetItem([endmember.name, "", ""])
            top.setIcon(0, swatch(endmember.color))
            top.setData(0, KIND, (index, None))
            self.tree.insertTopLevelItem(index, top)
            suggestion = self._suggestions[index] if self._suggestions else None
            if suggestion is not None:
                top.addChild(_item_of(index, suggestion))
                top.child(0).setFirstColumnSpanned(True)
            matches = self._matches[index] if index < len(self._matches) else []
            for place, match in enumerate(matches):
                item = QTreeWidgetItem([match.profile.name, f"{match.angle:.{DIGITS}f}", f"{match.bands}"])
                item.setData(0, KIND, (index, match))
                item.setCheckState(0, Qt.CheckState.Checked if place == 0 else Qt.CheckState.Unchecked)
                for number in (1, 2):
                    item.setTextAlignment(
                        number, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                    )
                item.setToolTip(
                    0, tr("{} bands compared, {:.0%} of the range").format(match.bands, match.share)
                )
                top.addChild(item)
            top.setExpanded(True)
        if endmembers and self._library_alone() is None:
            top = self.tree.topLevelItem(min(self._endmember, len(endmembers) - 1))
            self.tree.setCurrentItem(top.child(0) or top)
        self.tree.blockSignals(False)
        self._selected(self.tree.currentItem(), None)

    def _list_libraries(self, libraries: list[Library]) -> None:
        """List the spectra of these libraries anew, below the endmembers."""
        self.tree.blockSignals(True)
        for _library in self._libraries:
            self.tree.takeTopLevelItem(self.tree.topLevelItemCount() - 1)
        self._libraries = libraries
        for library in libraries:
            top = QTreeWidgetItem([library.path.name, "", f"{len(library.profiles)}"])
            top.setToolTip(0, as_plain(str(library.path)))
            top.setIcon(0, icon_named("mIconFile.svg"))
            top.setData(0, KIND, (None, library))
            for profile in library.profiles:
                item = QTreeWidgetItem([profile.name, "", f"{len(profile.centres)}"])
                item.setData(0, KIND, (None, profile))
                item.setCheckState(0, Qt.CheckState.Unchecked)
                top.addChild(item)
            self.tree.addTopLevelItem(top)
        self.tree.blockSignals(False)
        self._remove.setEnabled(bool(self._libraries))
        self._hide_others(self.filter.text())
        self._selected(self.tree.currentItem(), None)

    def _items(self) -> list[QTreeWidgetItem]:
        tops = [self.tree.topLevelItem(index) for index in range(self.tree.topLevelItemCount())]
        return [top.child(index) for top in tops for index in range(top.childCount())]

    def _hide_others(self, text: str) -> None:
        for item in self._items():
            _, held = item.data(0, KIND)
            item.setHidden(isinstance(held, Profile) and text.lower() not in item.text(0).lower())

    def _selected(self, item: QTreeWidgetItem | None, _before: object) -> None:
        index, held = item.data(0, KIND) or (None, None) if item is not None else (None, None)
        if index is not None:
            self._endmember = index
        self.use_name.setEnabled(isinstance(held, (Match, Suggestion)))
        self.redraw()

    def _use(self) -> None:
        item = self.tree.currentItem()
        index, held = item.data(0, KIND) or (None, None) if item is not None else (None, None)
        if isinstance(held, Match):
            self.name_chosen.emit(index, held.profile.name)
        elif isinstance(held, Suggestion):
            self.name_chosen.emit(index, name_of(held))

    def _use_all(self) -> None:
        self.all_names_chosen.emit(best_names(self._matches))

    # ---- plot

    def _overlays(self, spectra: Spectra) -> list[tuple[str, Profile, float]]:
        """Return name, spectrum and factor of what is ticked, at the brightness of the current endmember."""
        found = []
        for item in self._items():
            index, held = item.data(0, KIND)
            if item.checkState(0) != Qt.CheckState.Checked:
                continue
            if isinstance(held, Match) and index == self._endmember:
                found.append((f"{held.profile.name} ({held.angle:.{DIGITS}f})", held.profile, held.scale))
            elif isinstance(held, Profile) and not held.numbered:
                found.append(
                    (held.name, held, _brightness(held, spectra.x, spectra.values[:, self._endmember]))
                )
        return found

    def _draw(self) -> None:
        axes = self.axes
        axes.clear()
        library = self._library_alone()
        if library is not None:
            self._draw_library(library)
            return
        if self._result is None or self._spectra is None:
            self.panel.canvas.finish()
            return
        spectra, endmember = self._spectra, self._result.endmembers[self._endmember]
        axes.plot(
            spectra.x,
            spectra.values[:, self._endmember],
            color=endmember.color,
            label=endmember.name,
            linewidth=2,
        )
        low, high = float(np.nanmin(spectra.x)), float(np.nanmax(spectra.x))
        for place, (name, profile, factor) in enumerate(self._overlays(spectra)):
            near = (profile.centres >= low - 50) & (profile.centres <= high + 50)
            axes.plot(
                profile.centres[near],
                factor * profile.values[near],
                linestyle=DASHES[place % len(DASHES)],
                linewidth=1.3,
                gid="ink",
                label=name,
            )
        if not spectra.in_nanometres:
            axes.set_title(tr("The scene has no wavelengths:\nnothing to compare by."), fontsize="small")
        elif not self._libraries:
            axes.set_title(tr("Load a library\nto name the endmembers by."), fontsize="small")
        elif not self._matches:
            axes.set_title(tr("Comparing…"), fontsize="small")
        axes.set_ylabel(as_written(unit_in_words(spectra.unit)), fontsize="small")
        self._finish_axes(in_nanometres=spectra.in_nanometres)

    def _library_alone(self) -> Library | None:
        """Return the library whose file is selected in the list."""
        item = self.tree.currentItem()
        _, held = item.data(0, KIND) if item is not None else (None, None)
        return held if isinstance(held, Library) else None

    def _draw_library(self, library: Library) -> None:
        """Draw the spectra of a library as they are in its file."""
        axes, shown = self.axes, library.profiles[: len(COLORS)]
        for profile, color in zip(shown, COLORS):
            axes.plot(profile.centres, profile.values, color=color, linewidth=1.3, label=profile.name)
        title = library.path.name
        if len(library.profiles) > len(shown):
            title = tr("{}:\nthe first {} of {} spectra").format(title, len(shown), len(library.profiles))
        axes.set_title(as_written(title), fontsize="small")
        self._finish_axes(in_nanometres=not any(profile.numbered for profile in shown))

    def _finish_axes(self, *, in_nanometres: bool) -> None:
        """Name the axis of the bands and the lines, and show what was drawn."""
        axes = self.axes
        axes.set_xlabel(tr("Wavelength (nm)") if in_nanometres else tr("Band"), fontsize="small")
        axes.set_gid(" nm" if in_nanometres else "")
        axes.tick_params(labelsize="small")
        axes.grid(visible=True, linewidth=0.5, alpha=0.4)
        if self.panel.canvas.width() > NARROW and len(axes.lines) <= MOST_NAMES:  # the list says the same
            legend: Any = axes.legend(fontsize="small", frameon=False, loc="best")
            for text in legend.get_texts():
                text.set_text(as_written(text.get_text()))
            for handle, line in zip(legend.get_lines(), axes.lines):
                handle.set_gid(line.get_gid())
        self.panel.canvas.finish()

    def _table(self) -> Table | None:
        """Return the endmember and what is over it, at the endmember's bands."""
        library = self._library_alone()
        if library is not None:
            return table_of(library)
        if self._result is None or self._spectra is None:
            return None
        spectra = self._spectra
        names = [self._result.endmembers[self._endmember].name]
        columns = [spectra.values[:, self._endmember]]
        for name, profile, factor in self._overlays(spectra):
            names.append(name)
            columns.append(
                factor * np.interp(spectra.x, profile.centres, profile.values, left=np.nan, right=np.nan)
            )
        return Table(tuple(names), spectra.x, np.column_stack(columns), spectra.in_nanometres, spectra.unit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put plot and list beside each other where there is room."""
        super().resizeEvent(event)
        wide = self.width() > WIDE * self.height()
        wanted = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self._split.orientation() != wanted:
            self._split.setOrientation(wanted)
        room = self.width() if wide else self.height()
        plot = NARROW_SHARE if wide and self.width() < 2 * NARROW else PLOT_SHARE
        self._split.setSizes([round(plot * room), round((1 - plot) * room)])
        self.tree.setColumnHidden(2, self.width() < (2 * NARROW if wide else NARROW))


def _item_of(index: int, suggestion: Suggestion) -> QTreeWidgetItem:
    """Return the line that says what endmember ``index`` may be, and why."""
    item = QTreeWidgetItem([f"{question(suggestion)} {evidence(suggestion)}", "", ""])
    item.setData(0, KIND, (index, suggestion))
    item.setToolTip(
        0,
        tr("A suggestion, by features of the spectrum: {}. “Use this name” takes it over.").format(
            evidence(suggestion)
        ),
    )
    font = item.font(0)
    font.setItalic(True)
    item.setFont(0, font)
    return item


def _brightness(profile: Profile, x: Array, values: Array) -> float:
    """Return what makes a spectrum as bright as an endmember where both have values."""
    other = np.interp(x, profile.centres, profile.values, left=np.nan, right=np.nan)
    both = np.isfinite(other) & np.isfinite(values)
    energy = float((other[both] ** 2).sum())
    return float((other[both] * values[both]).sum()) / energy if energy > 0 else 1.0
