"""Every tensor of a release: its name and its shape, for given sizes (no PyTorch here).

Names are those of the released model.pth, except that a convolution with weight norm has one `weight` here where the
file holds its magnitude and its direction (`weight_normed` says which ones).
"""

from __future__ import annotations

from collections.abc import Iterator

from svc_tts.engines.xtts.config import GptSizes, SpeakerSizes, VocoderSizes, XttsConfig

MELS = 80  # of the style mel
CONDITIONING_BLOCKS = 6
LATENTS = 32  # vectors that stand for a voice before the text
PERCEIVER_DEPTH = 2
PERCEIVER_HEADS = 8
PERCEIVER_HEAD_WIDTH = 64
SQUEEZE = 8  # channels per unit of squeeze-and-excitation

CONDITIONING = "gpt.conditioning_encoder."
PERCEIVER = "gpt.conditioning_perceiver."
TRANSFORMER = "gpt.gpt."
VOCODER = "hifigan_decoder.waveform_decoder."
SPEAKER = "hifigan_decoder.speaker_encoder."

Shape = tuple[int, ...]
Named = Iterator[tuple[str, Shape]]


def tensors(config: XttsConfig) -> dict[str, Shape]:
    """Name -> shape of everything that a checkpoint of these sizes holds."""
    return dict(_all(config))


def weight_normed(name: str) -> bool:
    """Whether the file holds that weight as magnitude and direction."""
    inside = name.removeprefix(VOCODER)
    return inside != name and inside.startswith(("ups.", "resblocks.")) and name.endswith(".weight")


def _all(config: XttsConfig) -> Named:
    yield "mel_stats", (MELS,)
    yield from _under(CONDITIONING, _conditioning(config.gpt.width))
    yield from _under(PERCEIVER, _perceiver(config.gpt.width))
    yield from _under("gpt.", _gpt(config.gpt))
    yield from _under(VOCODER, _vocoder(config.vocoder))
    yield from _under(SPEAKER, _speaker(config.speaker))


def _under(prefix: str, named: Named) -> Named:
    return ((prefix + name, shape) for name, shape in named)


def _layer(name: str, *shape: int, bias: bool = True) -> Named:
    """A linear layer or a convolution: (out, in, kernel...)."""
    yield f"{name}.weight", shape
    if bias:
        yield f"{name}.bias", shape[:1]


def _conditioning(width: int) -> Named:
    yield from _layer("init", width, MELS, 1)
    for block in range(CONDITIONING_BLOCKS):
        yield from _layer(f"attn.{block}.norm", width)
        yield from _layer(f"attn.{block}.qkv", 3 * width, width, 1)
        yield from _layer(f"attn.{block}.proj_out", width, width, 1)


def _perceiver(width: int) -> Named:
    inner, gated = PERCEIVER_HEADS * PERCEIVER_HEAD_WIDTH, width * 8 // 3
    # A gated layer has two halves, so it is 2/3 of the usual four times as wide.
    yield "latents", (LATENTS, width)
    for layer in range(PERCEIVER_DEPTH):
        yield from _layer(f"layers.{layer}.0.to_q", inner, width, bias=False)
        yield from _layer(f"layers.{layer}.0.to_kv", 2 * inner, width, bias=False)
        yield from _layer(f"layers.{layer}.0.to_out", width, inner, bias=False)
        yield from _layer(f"layers.{layer}.1.0", 2 * gated, width)
        yield from _layer(f"layers.{layer}.1.2", width, gated)
    yield "norm.gamma", (width,)


def _gpt(sizes: GptSizes) -> Named:
    width = sizes.width
    yield "text_embedding.weight", (sizes.text_tokens, width)
    yield "mel_embedding.weight", (sizes.audio_tokens, width)
    yield "text_pos_embedding.emb.weight", (sizes.text_positions, width)
    yield "mel_pos_embedding.emb.weight", (sizes.audio_positions, width)
    for layer in range(sizes.layers):
        yield from _under(f"gpt.h.{layer}.", _transformer_layer(width))
    yield from _layer("gpt.ln_f", width)
    yield from _layer("final_norm", width)
    yield from _layer("text_head", sizes.text_tokens, width)
    yield from _layer("mel_head", sizes.audio_tokens, width)


def _transformer_layer(width: int) -> Named:
    """GPT-2's names; its matrices are (in, out)."""
    for norm in ("ln_1", "ln_2"):
        yield from _layer(norm, width)
    matrices = {"attn.c_attn": (1, 3), "attn.c_proj": (1, 1), "mlp.c_fc": (1, 4), "mlp.c_proj": (4, 1)}
    for name, (inputs, outputs) in matrices.items():
        yield f"{name}.weight", (inputs * width, outputs * width)
        yield f"{name}.bias", (outputs * width,)


def _vocoder(sizes: VocoderSizes) -> Named:
    channels = sizes.channels
    yield from _layer("conv_pre", channels, sizes.latent_width, 7)
    yield from _layer("cond_layer", channels, sizes.speaker_width, 1)
    for stage, kernel in enumerate(sizes.kernels):
        halved = channels // 2
        yield f"ups.{stage}.weight", (channels, halved, kernel)  # transposed: (in, out, kernel)
        yield f"ups.{stage}.bias", (halved,)
        if sizes.speaker_in_each_stage:
            yield from _layer(f"conds.{stage}", halved, sizes.speaker_width, 1)
        yield from _residual_blocks(stage, halved, sizes)
        channels = halved
    yield "conv_post.weight", (1, channels, 7)


def _residual_blocks(stage: int, channels: int, sizes: VocoderSizes) -> Named:
    for place, kernel in enumerate(sizes.residual_kernels):
        block = stage * len(sizes.residual_kernels) + place
        for convs in ("convs1", "convs2"):
            for index in range(len(sizes.dilations)):
                yield from _layer(f"resblocks.{block}.{convs}.{index}", channels, channels, kernel)


def _speaker(sizes: SpeakerSizes) -> Named:
    first, last = sizes.filters[0], sizes.filters[-1]
    yield from _layer("conv1", first, 1, 3, 3)
    yield from _batch_norm("bn1", first)
    inputs = first
    for stage, (filters, blocks) in enumerate(zip(sizes.filters, sizes.blocks, strict=True), start=1):
        for block in range(blocks):
            yield from _under(f"layer{stage}.{block}.", _residual(inputs, filters, strided=stage > 1 and block == 0))
            inputs = filters
    flat = last * (sizes.mels // 8)
    yield "torch_spec.0.filter", (1, 1, 2)
    yield "torch_spec.1.spectrogram.window", (400,)
    yield "torch_spec.1.mel_scale.fb", (257, sizes.mels)
    yield from _layer("attention.0", sizes.attention, flat, 1)
    yield from _batch_norm("attention.2", sizes.attention)
    yield from _layer("attention.3", flat, sizes.attention, 1)
    yield from _layer("fc", sizes.width, 2 * flat)


def _residual(inputs: int, filters: int, *, strided: bool) -> Named:
    yield from _layer("conv1", filters, inputs, 3, 3, bias=False)
    yield from _batch_norm("bn1", filters)
    yield from _layer("conv2", filters, filters, 3, 3, bias=False)
    yield from _batch_norm("bn2", filters)
    yield from _layer("se.fc.0", filters // SQUEEZE, filters)
    yield from _layer("se.fc.2", filters, filters // SQUEEZE)
    if strided or inputs != filters:
        yield from _layer("downsample.0", filters, inputs, 1, 1, bias=False)
        yield from _batch_norm("downsample.1", filters)


def _batch_norm(name: str, channels: int) -> Named:
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{part}", (channels,)
    yield f"{name}.num_batches_tracked", ()
