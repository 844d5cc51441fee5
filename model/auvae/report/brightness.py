"""How abundances were read: sentences for people, and what result.json keeps. Measures nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..contract.choices import AREAS, AUTOMATIC, FIXED, SHAPES
from ..endmembers.lighting import NEGLIGIBLE_WEIGHT, Reading
from ..network.least_squares_model import LeastSquaresModel
from ..network.lit_least_squares import LitLeastSquares
from ..network.model import Model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..network.model import TrainedModel

EVEN = 0.5
"""Weight of the reading as shapes from which on abundances are called shares of reflectance."""

UNEQUAL = 0.1
"""Spread of brightness among nearly pure pixels from which on they are not equally lit."""


def brightness_document(model: TrainedModel) -> dict[str, Any] | None:
    """How a model reads brightness, as result.json keeps it; None where that is not known.

    Its keys: what was chosen, whether abundances are shares of the area, the weight of the reading as shares
    of reflectance, the two figures that decide, and what a reader is to know of them.
    """
    if isinstance(model, LeastSquaresModel) and not isinstance(model, LitLeastSquares):
        if not model.sum_to_one:
            return None
        text = "Abundances are shares of the area if every pixel is lit as the known spectra are."
        return _document(FIXED, 0.0, None, text)
    if not isinstance(model, (Model, LitLeastSquares)):
        return None
    if model.reading is None:
        text = (
            "Abundances are shares of reflectance, not of the area: the model is of a version that did not "
            "measure brightness."
        )
        return _document(SHAPES, 1.0, None, text)
    return _document(model.choice, model.reading.shape_weight, model.reading, explained(model))


def _document(choice: str, weight: float, reading: Reading | None, text: str) -> dict[str, Any]:
    return {
        "choice": choice,
        "areas": weight < EVEN,
        "shape_weight": round(weight, 4),
        "spread": None if reading is None else round(reading.lighting.spread, 4),
        "contradicting": None if reading is None else round(reading.lighting.contradicting, 4),
        "text": text,
    }


def explained(model: Model | LitLeastSquares) -> str:
    """What abundances are shares of, and why; empty for a model that did not measure brightness."""
    if model.lighting is None or model.reading is None:
        return ""
    lighting, weight = model.lighting, model.reading.shape_weight
    figures = (
        f"the brightness of nearly pure pixels varies by {lighting.spread:.0%}, and that of "
        f"{lighting.contradicting:.0%} of the mixed pixels differs by more than areas and this explain"
        if lighting.tested
        else f"brightness varies by {lighting.spread:.0%}, and no material has pixels of its own by which it "
        "could contradict areas"
    )
    if weight <= NEGLIGIBLE_WEIGHT:
        what = "Abundances are shares of the area"
    elif weight >= 1 - NEGLIGIBLE_WEIGHT:
        what = "Abundances are shares of reflectance, not of the area, since dark pixels may be in the shade"
    else:
        what = (
            f"Abundances lie between shares of the area ({1 - weight:.0%}) and of reflectance ({weight:.0%})"
        )
    light = ", every pixel taken to be equally lit" if model.choice == FIXED else ""
    chosen = "" if model.choice == AUTOMATIC else ", as chosen"
    return f"{what}{light}{chosen}: {figures}."


def contradictions(model: TrainedModel) -> Iterator[str]:
    """Warn where what was chosen contradicts what the scene shows."""
    if not isinstance(model, (Model, LitLeastSquares)) or model.lighting is None:
        return
    lighting = model.lighting
    if model.choice in (AREAS, FIXED) and lighting.shape_weight >= EVEN:
        yield (
            f"Brightness is read as areas, which the brightness of {lighting.contradicting:.0%} of the "
            "mixed pixels contradicts: shade may pass for dark materials. Choose automatic for brightness "
            "unless you know that the scene has no shade."
        )
    elif model.choice == FIXED and lighting.spread >= UNEQUAL:
        yield (
            "Every pixel is taken to be equally lit, but the brightness of nearly pure pixels varies by "
            f"{lighting.spread:.0%}: shade passes for dark materials. Choose areas for brightness."
        )
    if model.choice == SHAPES and lighting.shape_weight < EVEN:
        yield (
            f"Brightness is not used, although it contradicts areas in only {lighting.contradicting:.0%} of "
            "the mixed pixels: dark materials such as water come out too small. Choose automatic for "
            "brightness unless you know that the scene has much shade."
        )
