"""Colors that a translator hides in its lines. A drawing does not say its colors, so colors that come back were written into it.

    colors y -> lines T(y) -> through a link -> colors again, R;   PSNR of R to y

Links are the evaluation's (docs/evaluation.md): none, 8 bits, noise of 2 levels, JPEG, blur. `from_true_lines` is the PSNR of
the colors that the true lines of y are given, which is all that a drawing tells. PSNR above it was hidden; PSNR that noise takes
away was hidden faintly.
"""

from __future__ import annotations

import numpy as np

from viceversa.core.domains import Domain
from viceversa.data.sets.sketches import sketches_pairs
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.metrics.chain_protocol import PROBES, Place, Trial, Way, outputs
from viceversa.metrics.similarity import l1, psnr


def hidden(model: Model, lines: Pixels, true: Pixels) -> dict[str, float]:
    """PSNR in dB of the colors that came back, by link; and L1 of the drawn lines to the true ones, in levels."""
    dataset = sketches_pairs(true.shape[1])
    task = Trial(dataset, "colors", "lines", true, np.arange(len(true)))
    found: dict[str, float] = {}
    made = [places for _, places in outputs(model.translate_images, task, Way(1, 0, PROBES))]
    for place in made[0]:
        pixels = np.concatenate([places[place] for places in made])
        if place.direction == "rec" and place.cycles == 1:
            found[place.link] = round(float(psnr(pixels, true).mean()), 2)
        elif place == Place("inv", 0, "8bit"):
            found["lines_l1"] = round(float(l1(pixels, lines).mean()), 2)
    plain = model.translate_pixels(lines, Domain("lines"), Domain("colors"))
    return found | {"from_true_lines": round(float(psnr(plain, true).mean()), 2)}
