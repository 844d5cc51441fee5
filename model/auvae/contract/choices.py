"""What a parameter may be: the choices and ranges that the command, the plugin and the jobs share."""

from __future__ import annotations

from .variants import DEFAULT, PUBLISHED

QUALITIES = ("draft", "standard", "high")
"""How long the network trains."""

ALL_GPUS = "all-gpus"
ONE_DEVICE = ("auto", "cuda", "cpu")
DEVICES = (*ONE_DEVICE, ALL_GPUS)
"""What to compute on; ALL_GPUS trains on every CUDA card of a computer together."""

VARIANTS = (DEFAULT, *PUBLISHED)
"""The networks."""

AUTOMATIC, AREAS, FIXED, SHAPES = BRIGHTNESS = ("automatic", "areas", "fixed", "shapes")
"""How a pixel's brightness is read: as the scene shows; as areas, in light that differs or that is equal; or
not at all, which leaves shares of shapes."""

WATER_BANDS = ("auto", "drop", "keep")
"""What happens to the bands in which water vapour absorbs."""

FEWEST_ENDMEMBERS, MOST_ENDMEMBERS = 2, 30
"""How many endmembers a scene may be unmixed into."""

ESTIMATED = 0
"""As a number of endmembers: estimate it first."""

LARGEST_SEED = 2**31 - 1
"""Seeds are whole numbers from 0 to this."""

METHODS = ("vca", "nfindr", "archetypes")
"""How the purest spectra of a scene are found."""

LIBRARIES = (".csv", ".sli", ".gpkg")
"""How the name of a spectral library that is written may end."""

MIXINGS = ("linear", "fan", "gbm")
"""How the light of a simulated scene is mixed."""

FEWEST_PROJECTIONS, MOST_PROJECTIONS = 10, 100_000
"""Random directions of a pixel purity map."""

MODELS = ("one", "each")
"""Of several scenes: one model trained on samples of all, or one for each."""
