"""Reads the files of ASD field spectrometers (.asd): one reflectance spectrum each. Reads no other format.

The layout is ASD's own document "ASD File Format, version 8": a header of 484 bytes, the spectrum, and from
version 2 on a header and the spectrum of the white reference.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from .arrays import Array

_HEADER = 484
_MAGIC = (b"ASD", b"as2", b"as3", b"as4", b"as5", b"as6", b"as7", b"as8")
_KINDS = {0: "<f4", 1: "<i4", 2: "<f8"}
_RAW, _REFLECTANCE = 0, 1
_MOST_CHANNELS = 10_000


def is_asd(start: bytes) -> bool:
    """Whether a file begins as those of ASD do."""
    return start[:3] in _MAGIC and len(start) >= _HEADER


def read(path: Path) -> tuple[Array, Array] | None:
    """Wavelengths in nm and reflectance, both ``(n,)``; None where the file has no white reference.

    Raises:
        ValueError: the file is damaged.
    """
    content = path.read_bytes()
    kind, stored = content[186], _KINDS.get(content[199])
    first, step = struct.unpack_from("<ff", content, 191)
    (channels,) = struct.unpack_from("<H", content, 204)
    if stored is None or not 1 < channels <= _MOST_CHANNELS or not 0 < step < 100:  # noqa: PLR2004  nm
        raise ValueError("no spectrum of an ASD instrument")
    size = channels * np.dtype(stored).itemsize
    spectrum = np.frombuffer(content, stored, channels, _HEADER).astype(float)
    centres = first + step * np.arange(channels)
    if kind == _REFLECTANCE:
        return centres, spectrum
    if kind != _RAW or content[:3] == b"ASD":
        return None
    place = _HEADER + size + 18  # a flag and two times stand before the description of the reference
    (length,) = struct.unpack_from("<h", content, place)
    place += 2 + max(0, length)
    if len(content) < place + size:
        return None
    reference = np.frombuffer(content, stored, channels, place).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return centres, np.where(reference != 0, spectrum / reference, np.nan)
