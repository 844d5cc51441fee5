"""Which fonts the plots write in: matplotlib's own, and behind it the system's for other scripts."""

from __future__ import annotations

import contextlib
import threading
from functools import lru_cache

from matplotlib import font_manager

# The usual fonts of Windows, macOS and Linux for Chinese, Japanese and Korean, the most even ones first.
OTHER_SCRIPTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "SimHei",
    "SimSun",
    "Heiti SC",
    "Noto Sans CJK JP",
    "Noto Serif CJK SC",
    "AR PL UMing CN",
    "Arial Unicode MS",
)


def look_for_fonts() -> None:
    """Find out on another thread which fonts there are, before they are needed."""
    threading.Thread(target=families, daemon=True).start()


@lru_cache(maxsize=1)
def families() -> list[str]:
    """Return the families to write in: matplotlib 3.6 takes from the next what the first lacks."""
    installed = _installed()
    if not installed & set(OTHER_SCRIPTS):
        _look_again()
        installed = _installed()
    return ["sans-serif", *(name for name in OTHER_SCRIPTS if name in installed)]


def _installed() -> set[str]:
    return {font.name for font in font_manager.fontManager.ttflist}


def _look_again() -> None:
    """Add the fonts that were installed after matplotlib made its list, which it never renews by itself."""
    listed = {font.fname for font in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in listed:
            with contextlib.suppress(OSError, RuntimeError):  # a damaged font, or of a kind it does not know
                font_manager.fontManager.addfont(path)
