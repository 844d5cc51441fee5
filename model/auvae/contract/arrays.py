"""The type of arrays, as both sides' numpy understands it."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
