"""Toy versions of the four methods that break a core which was only tried on StarGAN and CycleGAN.

Networks are tiny, equations are the papers'.
"""

from contracts.toys.augmented import augmented_cyclegan
from contracts.toys.icgan import icgan
from contracts.toys.relgan import relgan
from contracts.toys.stargan2 import stargan2

__all__ = ["augmented_cyclegan", "icgan", "relgan", "stargan2"]
