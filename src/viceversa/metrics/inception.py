"""The official networks: Inception-v3 of FID and KID as released in 2015, and LPIPS with VGG-16.

They come from torch-fidelity, an extra: the released weights, TensorFlow's resize to 299 x 299 and 2048 features (arXiv 1706.08500;
github.com/toshas/torch-fidelity), and LPIPS v0.1 (arXiv 1801.03924) at the images' own size. Numbers are not comparable with those
of other sample sizes, data or resizing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from viceversa.errors import UsageError
from viceversa.images.fitting import shown
from viceversa.images.pixels import Pixels
from viceversa.metrics.features import Extractor, Features, Measurement
from viceversa.metrics.rows import OFFICIAL

WIDTH = 2048
FEWEST = 2000
"""Least number of images for a Frechet distance. Below 2049 a covariance is singular, but slightly fewer images do no harm."""

WEIGHTS = ("weights-inception-2015-12-05-6726825d.pth", "vgg16-397923af.pth", "weights-vgg16-lpips.pth")
"""Files in the cache of torch: Inception, the trunk of VGG-16, and the weights of LPIPS."""

FeatureNetwork = Callable[..., Tensor | Sequence[Tensor]]


def inception(device: torch.device) -> Extractor:
    """Return the official networks on a device.

    Raises UsageError if the package is missing, or if the weights are neither in torch's cache nor can be downloaded.
    """
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3  # type: ignore[import-not-found]
        from torch_fidelity.sample_similarity_lpips import SampleSimilarityLPIPS  # type: ignore[import-not-found]
    except (ImportError, RuntimeError) as error:  # RuntimeError: torchvision was built for another version of torch
        remedy = "pip install 'viceversa[inception]', with a torchvision that fits your torch."
        raise UsageError(f"the features of inception need torch-fidelity ({_line(error)}): {remedy}") from None
    try:
        network, similarity = FeatureExtractorInceptionV3(OFFICIAL, ["2048"]), SampleSimilarityLPIPS("lpips")
    except (OSError, RuntimeError, EOFError) as error:  # no network, or a damaged file
        folder = Path(torch.hub.get_dir()) / "checkpoints"
        missing = [name for name in WEIGHTS if not (folder / name).exists()] or WEIGHTS
        why = f"cannot download the official weights ({_line(error)})"
        raise UsageError(f"{why}: get {', '.join(missing)} in another way, and put them into {str(folder)!r}.") from None
    return extractor(network.to(device), similarity.to(device), device)


def extractor(network: FeatureNetwork, similarity: FeatureNetwork, device: torch.device) -> Extractor:
    """Return an extractor of a network (n, 3, H, W) uint8 -> [(n, 2048)] and a similarity of two such inputs -> (n,)."""

    @torch.no_grad()
    def features(images: Pixels) -> Features:
        found: Features = network(_planes(images, device))[0].float().cpu().numpy()
        return found

    @torch.no_grad()
    def distance(source: Pixels, images: Pixels) -> Features:
        if source.shape[1:3] != images.shape[1:3]:  # LPIPS is undefined between images of two sizes
            return np.full(len(images), np.nan, np.float32)
        found: Features = torch.as_tensor(similarity(_planes(source, device), _planes(images, device))).float().cpu().numpy()
        return found.reshape(len(images))

    def compared(source: Pixels, outputs: Sequence[Pixels]) -> list[Measurement]:
        return [Measurement(features(images), distance(source, images)) for images in outputs]

    return Extractor(OFFICIAL, WIDTH, FEWEST, features, compared)


def _planes(images: Pixels, device: torch.device) -> Tensor:
    """Convert images (n, H, W, C) to (n, 3, H, W) uint8; gray is repeated."""
    return torch.tensor(np.ascontiguousarray(shown(images))).permute(0, 3, 1, 2).expand(-1, 3, -1, -1).to(device)


def _line(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:120]
