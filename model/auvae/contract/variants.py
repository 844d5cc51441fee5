"""The networks that can be chosen: the default and the published ones. Names and words, no torch."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT = "auvae-net"
"""The network of network/auvae_net.py. All others are those of network/published/."""


@dataclass(frozen=True)
class Published:
    """One of the published networks: its name in the literature and which of three parts it has.

    Attributes:
        unet: the U-Net before the encoder.
        variance: mean and log-variance of the abundances instead of the abundances alone.
        output: the dense layer behind the decoder. AAE-Net was published without, and is not itself with it.
    """

    title: str
    unet: bool
    variance: bool
    output: bool = True


PUBLISHED = {
    "published": Published("AUVAE-Net (published)", unet=True, variance=True),
    "aae-net": Published("AAE-Net", unet=False, variance=False, output=False),
    "avae": Published("AVAE", unet=False, variance=True),
    "auae": Published("AUAE", unet=True, variance=False),
}

LEAST_SQUARES = {"fcls": "FCLS", "nnls": "NNLS"}
"""Least squares with known spectra: no network, but their results are of the same kind."""


@dataclass(frozen=True)
class Abilities:
    """What the network of a variant can do beside unmixing.

    Attributes:
        fine_tunable: training can start from a saved model, or from known spectra.
        several_devices: several graphics cards can train it together.
        has_uncertainty: its standard deviations are a usable uncertainty.
    """

    fine_tunable: bool = False
    several_devices: bool = False
    has_uncertainty: bool = False


_ABILITIES = {DEFAULT: Abilities(fine_tunable=True, several_devices=True, has_uncertainty=True)}


def abilities(variant: str) -> Abilities:
    """What the network of a variant can do; least squares has none of these abilities."""
    return _ABILITIES.get(variant, Abilities())


def title(variant: str) -> str:
    """What a variant is called in a sentence."""
    if variant in LEAST_SQUARES:
        return LEAST_SQUARES[variant]
    return "AUVAE-Net" if variant == DEFAULT else PUBLISHED[variant].title


def caution(variant: str) -> str:
    """What a variant is for and what is known to be wrong with it; nothing for the default."""
    if variant == DEFAULT:
        return ""
    chosen = PUBLISHED[variant]
    spread = (
        "its standard deviations stay near those of that prior, about 1, and are no usable uncertainty"
        if chosen.variance
        else "it has no uncertainty, so that map holds one constant, the deviation of an abundance of which "
        "nothing is known"
    )
    output = (
        "a dense layer behind the decoder takes part in the reconstruction, so the spectra and their "
        "brightness are only loosely bound to the image; "
        if chosen.output
        else ""
    )
    pixels = "its U-Net sees images of a single pixel" if chosen.unet else "it sees one pixel at a time"
    return (
        f"{chosen.title} is there to compare with and to reproduce papers; use AUVAE-Net for results to rely "
        f"on. Known to be wrong with it as published: {pixels}, so neighbours tell it nothing; its angle is "
        "averaged over bands instead of summed, so it is near 90 degrees for a perfect fit; "
        f"{output}its adversary compares abundances with normally distributed numbers; "
        f"{spread}. Its regulariser was given the true endmembers; here VCA stands in for them."
    )
