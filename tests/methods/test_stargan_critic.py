"""StarGAN's discriminator has as many layers as are asked for."""

from __future__ import annotations

import pytest

from viceversa.core.attributes import OneOf
from viceversa.core.space import ImageSpec, Space
from viceversa.errors import UsageError
from viceversa.methods.stargan import StarGAN, build

SPACE = Space({"icons": ImageSpec(1, 64, 64)}, (OneOf("weight", ("thin", "bold")),))


@pytest.mark.parametrize(("layers", "side"), [(0, 2), (2, 16), (3, 8)])
def test_layers_of_the_discriminator_decide_the_size_of_its_map(layers: int, side: int) -> None:
    """Each layer halves 64 pixels; 0: five layers, which leave 2."""
    method = build(SPACE, StarGAN(critic_layers=layers, critic_width=4, width=4, blocks=1))
    head = method.networks["discriminator"].network.classes
    assert head.kernel_size == (side, side)


def test_too_many_layers_are_refused() -> None:
    with pytest.raises(UsageError, match="7 layers are too many for images of 64x64 pixels"):
        build(SPACE, StarGAN(critic_layers=7, critic_width=1, width=4, blocks=1))
