"""Asks coqui-tts the same questions: the only file that imports it, run in an environment of its own (install.sh).

    python reference.py FOLDER INPUTS.npz OUTPUTS.npz STAGE...

FOLDER is a release. A stage reads the arrays it names from INPUTS and adds
what it computed to OUTPUTS. `table` lists the stages; a new comparison is one function and one line there.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torchaudio
from TTS.encoder.models.resnet import ResNetSpeakerEncoder
from TTS.tts.configs.xtts_config import XttsConfig
from TTS.tts.layers.xtts import hifigan_decoder
from TTS.tts.models import xtts
from TTS.tts.models.xtts import Xtts

Arrays = Mapping[str, np.ndarray]
Stage = Callable[[Xtts, Arrays], dict[str, np.ndarray]]

STREAM_CHUNK = 20  # codes, upstream's own
STREAM_OVERLAP = 1024  # samples, upstream's own
SCORES_KEPT = 16  # steps: they are as wide as the vocabulary
DRAWN = {
    "greedy": {"do_sample": False, "repetition_penalty": 5.0},
    "sampled": {"do_sample": True, "temperature": 0.75, "top_k": 50, "top_p": 0.85, "repetition_penalty": 5.0},
}
"""How codes are drawn: the release's rules, and the likeliest ones."""


def main() -> None:
    """Run the stages, in the given order."""
    folder, inputs, outputs, *stages = sys.argv[1:]
    given = dict(np.load(inputs))
    made: dict[str, np.ndarray] = {}
    model = load(Path(folder)) if any(STAGES[stage] is not resampled for stage in stages) else None
    for stage in stages:
        start = time.process_time()
        with torch.inference_mode():
            made |= STAGES[stage](model, given)
        made[f"{stage}_s"] = np.array(time.process_time() - start)
    np.savez(outputs, **made)


def load(folder: Path) -> Xtts:
    """The model of a release, whatever the width of its vocoder and its speaker encoder. One thread computes."""
    torch.set_num_threads(1)  # so that a stage's processor time means something while others work
    with xtts._legacy_safe_globals():  # the release pickled its config too
        state = torch.load(folder / "model.pth", map_location="cpu", weights_only=True, mmap=True)["model"]
    narrow(state)
    config = XttsConfig()
    config.load_json(str(folder / "config.json"))
    model = Xtts(config)
    model.tokenizer = xtts.VoiceBpeTokenizer(vocab_file=str(folder / "vocab.json"))
    model.init_models()
    model.load_state_dict(state, strict=True)
    model.eval()
    return model


def narrow(state: Mapping[str, torch.Tensor]) -> None:
    """Have coqui-tts build networks of the sizes that the tensors have: config.json cannot say those."""
    channels = state["hifigan_decoder.waveform_decoder.conv_pre.weight"].shape[0]
    stages = [f"hifigan_decoder.speaker_encoder.layer{stage}." for stage in (1, 2, 3, 4)]
    filters = [state[f"{stage}0.conv1.weight"].shape[0] for stage in stages]
    blocks = [sum(name.startswith(stage) and name.endswith("conv1.weight") for name in state) for stage in stages]
    xtts.HifiDecoder = partial(hifigan_decoder.HifiDecoder, upsample_initial_channel_decoder=channels)
    hifigan_decoder.ResNetSpeakerEncoder = partial(ResNetSpeakerEncoder, layers=blocks, num_filters=filters)


def resampled(_: Xtts | None, given: Arrays) -> dict[str, np.ndarray]:
    """short_wave, rate, to_rates -> resampled_RATE."""
    wave, rate = torch.from_numpy(given["short_wave"]), int(given["rate"])
    return {
        f"resampled_{target}": torchaudio.functional.resample(wave, rate, int(target)).numpy()
        for target in given["to_rates"]
    }


def heard(model: Xtts, given: Arrays) -> dict[str, np.ndarray]:
    """style_wave (22.05 kHz), speaker_wave (16 kHz) -> style_mel, style_latents, speaker_mel, speaker_vector."""
    style = torch.from_numpy(given["style_wave"])[None]
    mel = xtts.wav_to_mel_cloning(
        style, mel_norms=model.mel_stats, n_fft=2048, hop_length=256, win_length=1024, n_mels=80
    )
    encoder = model.hifigan_decoder.speaker_encoder
    sound = torch.from_numpy(given["speaker_wave"])[None]
    return {
        "style_mel": mel[0].numpy(),
        "style_latents": model.gpt.get_style_emb(mel)[0].T.numpy(),
        "speaker_mel": encoder.torch_spec(sound)[0].numpy(),
        "speaker_vector": encoder(sound, l2_norm=True)[0].numpy(),
    }


def cloned(model: Xtts, given: Arrays) -> dict[str, np.ndarray]:
    """wave, wave_2, rate -> the latents that a voice of both samples gets, from files as callers give them."""
    waves = {"first.wav": given["wave"], "second.wav": given["wave_2"]}
    load_audio = xtts.load_audio
    xtts.load_audio = lambda name, rate: torchaudio.functional.resample(
        torch.from_numpy(waves[name])[None], int(given["rate"]), rate
    ).clip(-1, 1)
    try:
        latents, vector = model.get_conditioning_latents(
            list(waves),
            max_ref_length=model.config.max_ref_len,
            gpt_cond_len=model.config.gpt_cond_len,
            gpt_cond_chunk_len=model.config.gpt_cond_chunk_len,
        )
    finally:
        xtts.load_audio = load_audio
    return {"cloned_conditioning": latents[0].numpy(), "cloned_speaker": vector[0, :, 0].numpy()}


def spoken(model: Xtts, given: Arrays) -> dict[str, np.ndarray]:
    """latents, speaker -> wave_of_latents."""
    latents, speaker = torch.from_numpy(given["latents"])[None], torch.from_numpy(given["speaker"])[None, :, None]
    return {"wave_of_latents": model.hifigan_decoder(latents, g=speaker)[0, 0].numpy()}


def streamed(model: Xtts, given: Arrays) -> dict[str, np.ndarray]:
    """latents, speaker -> wave_streamed, decoded anew for each 20 codes and cross-faded as coqui-tts does it."""
    latents, speaker = torch.from_numpy(given["latents"])[None], torch.from_numpy(given["speaker"])[None, :, None]
    pieces, before, overlap = [], None, None
    ends = [*range(STREAM_CHUNK, latents.shape[1], STREAM_CHUNK), latents.shape[1]]
    for end in ends:
        sound = model.hifigan_decoder(latents[:, :end], g=speaker).squeeze()
        piece, before, overlap = model.handle_chunks(
            sound, before, overlap, STREAM_OVERLAP, is_final=end == latents.shape[1]
        )
        pieces.append(piece)
    return {"wave_streamed": torch.cat(pieces).numpy()}


def drawn(model: Xtts, given: Arrays) -> dict[str, np.ndarray]:
    """text_ids, conditioning, most, seed -> codes, latents and the first scores, greedy and as `inference` samples."""
    ids = torch.from_numpy(given["text_ids"]).int()[None]
    conditioning = torch.from_numpy(given["conditioning"])[None]
    return {
        f"{name}_{part}": array
        for name, rules in DRAWN.items()
        for part, array in _drawn(model, ids, conditioning, given, rules).items()
    }


def _drawn(
    model: Xtts, ids: torch.Tensor, conditioning: torch.Tensor, given: Arrays, rules: Mapping[str, object]
) -> dict[str, np.ndarray]:
    torch.manual_seed(int(given["seed"]))
    model.gpt.max_gen_mel_tokens = int(given["most"])
    asked = {"num_beams": 1, "return_dict_in_generate": True, "output_scores": True}
    codes, told = model.gpt.generate(conditioning, ids, **asked, **rules)
    lengths = torch.tensor([ids.shape[1]]), torch.tensor([codes.shape[1] * model.gpt.code_stride_len])
    latents = model.gpt(ids, lengths[0], codes, lengths[1], cond_latents=conditioning, return_latent=True)
    scores = torch.stack(told.scores[:SCORES_KEPT])[:, 0]
    return {"codes": codes[0].numpy(), "latents": latents[0].numpy(), "scores": scores.numpy()}


STAGES: dict[str, Stage] = {
    "resampled": resampled,
    "heard": heard,
    "cloned": cloned,
    "spoken": spoken,
    "streamed": streamed,
    "drawn": drawn,
}

if __name__ == "__main__":
    main()
