"""What an analyst may choose of a training, and how long each quality trains. Knows no tensors."""

from __future__ import annotations

from dataclasses import dataclass

from ..contract.choices import BRIGHTNESS, VARIANTS
from ..contract.variants import DEFAULT


@dataclass(frozen=True)
class Effort:
    """How long a quality trains: steps of cleaning and unmixing; random starts and rounds of archetypes.

    ``extrapolate``: whether endmembers purer than all pixels are sought, which takes seconds.
    """

    cleaning: int
    unmixing: int
    starts: int
    rounds: int
    crop: int = 48
    extrapolate: bool = True


EFFORTS = {
    "draft": Effort(cleaning=100, unmixing=30, starts=8, rounds=150, extrapolate=False),
    "standard": Effort(cleaning=400, unmixing=100, starts=24, rounds=300),
    "high": Effort(cleaning=3000, unmixing=600, starts=48, rounds=600),
}


@dataclass(frozen=True)
class Options:
    """What the analyst chose.

    Raises:
        ValueError: ``quality`` is none of `EFFORTS`, ``variant`` none of `VARIANTS`, ``brightness`` none of
            `BRIGHTNESS`, or ``endmembers`` is below two.
    """

    endmembers: int
    quality: str = "standard"
    seed: int = 0
    device: str = "auto"
    variant: str = DEFAULT
    brightness: str = "automatic"

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, not {self.variant!r}")
        if self.quality not in EFFORTS:
            raise ValueError(f"quality must be one of {', '.join(EFFORTS)}, not {self.quality!r}")
        if self.brightness not in BRIGHTNESS:
            raise ValueError(f"brightness must be one of {', '.join(BRIGHTNESS)}, not {self.brightness!r}")
        if self.endmembers <= 1:
            raise ValueError(f"endmembers must be at least 2, not {self.endmembers}")
