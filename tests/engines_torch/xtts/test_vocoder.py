import pytest
import torch

from svc_tts.engines.xtts.config import VocoderSizes, XttsConfig
from svc_tts.engines.xtts.frames import Frames, scales
from svc_tts.engines.xtts.generator import Generator, Upsampling, reaches
from svc_tts.engines.xtts.vocoder import Vocoder

CODES = 70
EXACT = 1e-6


@pytest.fixture(scope="module")
def vocoder(checkpoint):
    return Vocoder.of(checkpoint)


@pytest.fixture(scope="module")
def latents():
    return torch.randn(CODES, 64, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def speaker():
    return torch.nn.functional.normalize(torch.randn(512, generator=torch.Generator().manual_seed(2)), dim=0)


@pytest.fixture(scope="module")
def whole(vocoder, latents, speaker):
    return vocoder.decode(latents, speaker)


def cut(latents, sizes):
    """Pieces of those sizes, the last one again and again."""
    start = 0
    for size in [*sizes, *(sizes[-1] for _ in range(len(latents)))]:
        if start < len(latents):
            yield latents[start : start + size]
        start += size


def streamed(stream, latents, *sizes):
    return torch.cat([*(stream.feed(piece) for piece in cut(latents, sizes)), stream.finish()])


@pytest.mark.parametrize("size", [*range(1, 22), 32, 33, 47, 63, 64])
def test_a_stream_is_the_whole_for_every_chunking(vocoder, latents, speaker, whole, size):
    joined = streamed(vocoder.stream(speaker), latents, size)
    assert joined.shape == whole.shape
    assert (joined - whole).abs().max() <= EXACT


def test_a_stream_of_uneven_chunks_is_the_whole(vocoder, latents, speaker, whole):
    joined = streamed(vocoder.stream(speaker), latents, 1, 17, 2, 9, 1, 1, 30, 4)
    assert (joined - whole).abs().max() <= EXACT


def test_the_last_codes_end_it_in_one_window(vocoder, latents, speaker, whole):
    stream = vocoder.stream(speaker)
    windows = [stream.push(latents[:30]), stream.push(latents[30:], last=True)]
    assert (torch.cat(vocoder.decode_windows(windows)) - whole).abs().max() <= EXACT


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_another_speed_is_exact_too(vocoder, latents, speaker, whole, speed):
    slower = vocoder.decode(latents, speaker, speed=speed)
    assert len(slower) == pytest.approx(len(whole) / speed, rel=0.03)
    joined = streamed(vocoder.stream(speaker, speed=speed), latents, 7)
    assert joined.shape == slower.shape
    assert (joined - slower).abs().max() <= EXACT


def test_the_first_chunk_of_eight_codes_sounds(vocoder, latents, speaker):
    first = vocoder.stream(speaker).feed(latents[:8])
    assert len(first) >= 0.18 * 24000


@pytest.mark.parametrize("codes", [0, 1, 2, 3, 5])
def test_very_short_utterances(vocoder, latents, speaker, codes):
    stream = vocoder.stream(speaker)
    joined = torch.cat([stream.feed(latents[:codes]), stream.finish()])
    if codes == 0:
        assert len(joined) == 0
        return
    expected = vocoder.decode(latents[:codes], speaker)
    assert joined.shape == expected.shape
    assert (joined - expected).abs().max() <= EXACT


def test_windows_of_many_utterances_go_together(vocoder, latents, speaker):
    speakers = [speaker, -speaker, speaker.flip(0)]
    inputs = [latents, latents.flip(0), -latents]
    streams = [vocoder.stream(each) for each in speakers]
    pieces = [[], [], []]
    for start in range(0, CODES, 20):
        windows = [stream.push(each[start : start + 20]) for stream, each in zip(streams, inputs, strict=True)]
        for held, wave in zip(pieces, vocoder.decode_windows(windows), strict=True):
            held.append(wave)
    for held, wave in zip(pieces, vocoder.decode_windows([stream.push(None) for stream in streams]), strict=True):
        held.append(wave)
    for held, each, own in zip(pieces, inputs, speakers, strict=True):
        assert (torch.cat(held) - vocoder.decode(each, own)).abs().max() <= EXACT


@pytest.mark.parametrize("size", [3, 8, 20, 33])
def test_padded_windows_are_exact_and_few_kinds(vocoder, latents, speaker, whole, size):
    """As on a GPU, where windows of few kinds make large batches."""
    padded = Vocoder(vocoder.generator, vocoder.config, bucket=16)
    assert (streamed(padded.stream(speaker), latents, size) - whole).abs().max() <= EXACT
    stream = padded.stream(speaker)
    windows = [stream.push(piece) for piece in cut(latents, (size,))][3:]
    assert len({window.padded(16).kind for window in windows if window.wanted}) <= 2
    assert all(window.padded(16).wanted % 16 == 0 for window in windows)


def test_a_stream_holds_no_more_than_its_context(vocoder, latents, speaker):
    stream = vocoder.stream(speaker)
    for piece in cut(latents, (5,)):
        stream.feed(piece)
        assert len(stream._held) <= 2 * vocoder.generator.reach + 5 * 5


def test_too_little_context_shows(vocoder, latents, speaker, whole):
    """So the tests above can fail (the outermost frames of the reach weigh next to nothing)."""
    frames = Frames(vocoder.config).push(latents, last=True).T[None]
    reach = vocoder.generator.reach
    for lead, exact in ((reach, True), (reach - 4, False)):
        piece = vocoder.generator(frames[:, :, 100 - lead : 160 + lead], speaker[None], lead, lead)[0]
        assert bool((piece - whole[100 * 256 : 160 * 256]).abs().max() <= EXACT) is exact


def test_the_reach_is_that_of_the_release():
    """No more and no less than the frames that a frame's samples depend on."""
    sizes = VocoderSizes(latent_width=2, speaker_width=2, channels=16)
    assert reaches(sizes) == [13, 14, 47, 32, 3]
    generator = Generator(sizes).double().requires_grad_(requires_grad=False)
    for parameter in generator.parameters():
        parameter.fill_(0.01)
    frames = torch.ones(1, 2, 41, dtype=torch.float64, requires_grad=True)
    generator(frames, torch.ones(1, 2, dtype=torch.float64), 20, 20).double().sum().backward()
    heard = frames.grad[0, 0].nonzero().flatten()
    assert (int(heard[0]), int(heard[-1])) == (20 - 13, 20 + 13)


@pytest.mark.parametrize(("stride", "wide", "narrow"), [(8, 6, 5), (2, 4, 3)])
def test_upsampling_is_the_transposed_convolution(stride, wide, narrow):
    transposed = torch.nn.ConvTranspose1d(wide, narrow, 2 * stride, stride, padding=stride // 2)
    ours = Upsampling(wide, narrow, stride)
    ours.weight.data = Upsampling.weight_of(transposed.weight.data)
    ours.bias.data = Upsampling.bias_of(transposed.bias.data, stride)
    sound = torch.randn(2, wide, 11)
    assert ours(sound).shape == (2, narrow, 11 * stride)
    assert torch.allclose(ours(sound), transposed(sound), atol=1e-6)


@pytest.mark.parametrize("speed", [1.0, 0.7, 1.6])
def test_frames_are_those_of_interpolate(latents, speed):
    config = XttsConfig()
    expected = latents.T[None]
    for scale in scales(config, speed):
        expected = torch.nn.functional.interpolate(expected, scale_factor=[scale], mode="linear")
    frames = Frames(config, speed).push(latents, last=True)
    assert frames.shape == expected[0].T.shape
    assert (frames - expected[0].T).abs().max() <= 5e-5  # positions are rounded to fp32, theirs once less


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("speed", [1.0, 0.7, 1.9])
def test_frames_in_pieces_are_the_same_numbers(latents, size, speed):
    config = XttsConfig()
    together = Frames(config, speed).push(latents, last=True)
    steps = Frames(config, speed)
    pieces = [steps.push(piece) for piece in cut(latents, (size,))]
    assert torch.equal(torch.cat([*pieces, steps.push(latents[:0], last=True)]), together)


def test_bfloat16_speaks_in_fp32(checkpoint, latents, speaker, whole):
    sound = Vocoder.of(checkpoint, torch.bfloat16).decode(latents, speaker)
    assert sound.dtype == torch.float32
    error = (sound - whole).square().mean() / whole.square().mean()
    assert error < 10**-1.5  # 15 dB: it is the same sound
