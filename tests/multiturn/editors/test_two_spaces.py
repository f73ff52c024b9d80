"""A run between two spaces as an editor: it goes there and back, and can be asked for what an image is already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import viceversa as vv
from viceversa.core.domains import Domain
from viceversa.multiturn.editors.editor import Edit
from viceversa.multiturn.editors.run import by_model


def test_hold_is_the_translation_of_an_image_into_its_own_space(tmp_path: Path) -> None:
    small = {"method.width": 4, "method.blocks": 1, "method.critic_width": 4, "method.critic_layers": 1, "training.labeller": False}
    vv.train("cyclegan", out=tmp_path / "run", size=32, steps=1, settings={**small, "training.best": "none"}, quiet=True)
    model = vv.load(tmp_path / "run", checkpoint="last")
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8))
    pixels = np.asarray(image)[None]
    for here, there in (("plain", "plain"), ("glasses", "glasses"), ("plain", "glasses")):
        made = by_model(model)(image, Edit("", {"space": here}, {"space": there}), 0)
        assert np.array_equal(np.asarray(made), model.translate_pixels(pixels, Domain(here), Domain(there))[0])
