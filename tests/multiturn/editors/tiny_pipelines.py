"""Tiny diffusion pipelines with random weights and a vocabulary of single letters, saved as a repository is."""

from __future__ import annotations

import json
from pathlib import Path

import diffusers
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPTextConfig, CLIPTextModel, CLIPTokenizer

SIDE = 16
_WIDTH = 8


def saved(folder: Path, kind: type[diffusers.DiffusionPipeline] = StableDiffusionPipeline, *, blacks_out: bool = False) -> str:
    """A pipeline of a kind of Stable Diffusion. blacks_out: with a safety checker that objects to every image."""
    torch.manual_seed(0)
    instructs = "InstructPix2Pix" in kind.__name__
    pipeline = kind(
        vae=AutoencoderKL(block_out_channels=[_WIDTH], norm_num_groups=2, latent_channels=4, sample_size=SIDE),
        text_encoder=_text_encoder(),
        tokenizer=_tokenizer(folder),
        unet=UNet2DConditionModel(
            sample_size=SIDE,
            in_channels=8 if instructs else 4,
            block_out_channels=[_WIDTH],
            down_block_types=["CrossAttnDownBlock2D"],
            up_block_types=["CrossAttnUpBlock2D"],
            layers_per_block=1,
            norm_num_groups=2,
            attention_head_dim=2,
            cross_attention_dim=_WIDTH,
        ),
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=_objector() if blacks_out else None,
        feature_extractor=CLIPImageProcessorPil(size={"shortest_edge": 8}, crop_size=8) if blacks_out else None,
        requires_safety_checker=blacks_out,
    )
    pipeline.save_pretrained(folder / "pipeline")
    return f"diffusers:{folder / 'pipeline'}"


def _text_encoder() -> CLIPTextModel:
    sizes = {"hidden_size": _WIDTH, "intermediate_size": _WIDTH, "num_hidden_layers": 1, "num_attention_heads": 1}
    return CLIPTextModel(CLIPTextConfig(vocab_size=54, bos_token_id=52, eos_token_id=53, pad_token_id=53, **sizes))


def _tokenizer(folder: Path) -> CLIPTokenizer:
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    vocabulary.write_text(json.dumps({word: number for number, word in enumerate(words)}))
    merges.write_text("#version: 0.2\n")
    return CLIPTokenizer(str(vocabulary), str(merges), model_max_length=16)


def _objector() -> StableDiffusionSafetyChecker:
    sizes = {"hidden_size": _WIDTH, "intermediate_size": _WIDTH, "num_hidden_layers": 1, "num_attention_heads": 1}
    checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config={**sizes, "image_size": 8, "patch_size": 4}, projection_dim=4))
    checker.concept_embeds_weights.data.fill_(-2)  # thresholds of cosines
    return checker
