"""report.html: one page on a result for people, with everything it shows inside it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..contract.materials import ALIKE
from ..contract.variants import abilities, title
from .charts import losses_plot, simplex_plot, spectra_plot
from .count_plot import evidence_plot
from .doubt import is_unsure
from .pages import rendered, svg
from .repeat import qgis_command
from .report_pictures import ERROR_TONES, WORST_ANGLE

if TYPE_CHECKING:
    from ..contract.result_document import ResultDocument
    from .report_pictures import Pictures

# The losses of network and published networks, in words.
_LOSSES = {
    "reconstruction": "Error in unseen bands",
    "posterior": "Misfit of the posterior",
    "angle": "Spectral angle",
}
# Mean angles up to which a sentence holds, in radians.
_SENTENCES = (
    (0.02, "the endmembers explain nearly everything that is not noise"),
    (0.05, "small: two measurements of one material differ as much"),
    (0.1, "noticeable: kinds of one material, such as two kinds of vegetation, differ as much"),
    (math.inf, "large: different materials may differ no more, so look at the error map"),
)


def result_page(
    document: ResultDocument, endmembers: np.ndarray, spread: np.ndarray, images: Pictures
) -> str:
    """The report of one result.

    Args:
        document: as in result.json.
        endmembers: (K, B) in the raster's unit.
        spread: (K, B), the standard deviation of each one's purest pixels.
        images: of the maps.
    """
    count, search = document["count"], document["search"]
    return rendered(
        "result.html.j2",
        document=document,
        warnings=document["warnings"],
        network=title(document["options"]["variant"]),
        glance=_glance(images),
        images=images,
        spectra=svg(spectra_plot(document, endmembers, spread)),
        certain=abilities(document["options"]["variant"]).has_uncertainty,
        fit=_fit(document, endmembers),
        error_tones=ERROR_TONES,
        alike=ALIKE,
        is_unsure=is_unsure,
        simplex=svg(simplex_plot(search["view"], document["endmembers"])) if search else "",
        losses=svg(losses_plot(document["history"], _LOSSES)),
        evidence=svg(evidence_plot(count)) if count else "",
        through_qgis=qgis_command(document),
    )


def _glance(images: Pictures) -> list[tuple[str, str]]:
    """The scene and what it is made of: pictures with captions."""
    bands = ", ".join(map(str, images.scene_bands))
    colours = "true colour" if images.true_colour else "false colour"
    return [
        (images.scene, f"The scene, {colours}: bands {bands} as red, green, blue"),
        (images.composite, "Composite: the endmembers' colours mixed by abundance"),
        (images.dominant, "Dominant material: the largest abundance"),
    ]


def _fit(document: ResultDocument, endmembers: np.ndarray) -> dict[str, object]:
    """The metrics, and what they mean."""
    angle, rmse = document["metrics"]["mean_angle"], document["metrics"]["rmse"]
    means = np.array([item["mean_abundance"] for item in document["endmembers"]])
    level = float(means @ np.sqrt((np.asarray(endmembers, float) ** 2).mean(axis=1)))
    return {
        "angle": angle,
        "degrees": math.degrees(angle),
        "share": math.sin(min(angle, math.pi / 2)),
        "sentence": next(text for limit, text in _SENTENCES if angle <= limit),
        "rmse": rmse,
        "relative": rmse / level if level > 0 else None,
        "worst": WORST_ANGLE * angle,
    }
