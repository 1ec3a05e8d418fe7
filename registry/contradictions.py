"""Settings that fit their keywords and still exclude each other: told before anything trains."""

from __future__ import annotations

from collections.abc import Mapping

from registry.signatures import Setting

VISION_TRANSFORMER = "vit_"
"""How the names of encoders begin that see patches and have no BatchNorm."""


def contradictions(settings: Mapping[str, Setting]) -> list[str]:
    """What is wrong between the settings of a recipe, each with the way out; empty when nothing is."""
    problems = []
    encoder = str(settings.get("encoder", ""))
    patches = encoder.startswith(VISION_TRANSFORMER)
    splits, ratio = settings.get("bn_splits", 1), settings.get("mask_ratio")
    if patches and splits != 1:
        problems.append(f"bn_splits must be 1, not {splits}: the encoder {encoder} has no BatchNorm to split")
    if ratio is not None and not patches:
        problems.append(f"mask_ratio hides patches, which the encoder {encoder} does not have: take one of vit_...")
    if isinstance(ratio, float) and not 0 < ratio < 1:
        problems.append(f"mask_ratio must be between 0 and 1, not {ratio}")
    if settings.get("frozen_patches") is True and not patches:
        problems.append(f"frozen_patches must be false: the encoder {encoder} has no patches to freeze")
    width, heads = settings.get("decoder_width"), settings.get("decoder_heads")
    if isinstance(width, int) and isinstance(heads, int) and heads > 0 and (width % heads or width % 4):
        problems.append(f"decoder_width {width} must divide into its {heads} heads and by 4")
    return problems
