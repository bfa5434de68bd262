"""Convolutions of wide kernels for a CPU in fp32: in the plane by Fourier transforms of tiles, depth tap by tap.

Overlap-save: a tile of 22x22 pixels gives 16x16 of the result. 7 taps of depth are folded into the channels of the
product, so it is one matrix per frequency and few output channels make a shape that fills the machine.
"""

from __future__ import annotations

import torch
from torch import Tensor

from svc_video.engines.sadtalker.reader import Kernel
from svc_video.engines.sadtalker.winograd import Workspace

STEP = 16  # pixels of a tile's result, on each side


class FourierConvolution:
    """A convolution of odd, cubic kernel that keeps the size."""

    def __init__(self, kernel: Kernel) -> None:
        self.outputs, self._inputs, self.taps = kernel.weight.shape[:3]
        self._tile = STEP + self.taps - 1
        spectrum = torch.fft.rfft2(kernel.weight, s=(self._tile, self._tile)).conj()
        # (out, in, depth, row, column) -> a matrix from in to (depth, out) per frequency
        ordered = spectrum.permute(3, 4, 1, 2, 0).reshape(-1, self._inputs, self.taps * self.outputs)
        self._matrices = ordered.resolve_conj().contiguous()
        self._bias = kernel.bias.clone()

    @property
    def border(self) -> int:
        """Zeros that a plane must have around it."""
        return self.taps // 2

    def __call__(self, bordered: Tensor, work: Workspace) -> Tensor:
        """(D, H + border, W + border, in), borders on both sides, H and W multiples of 16 -> (D, H, W, out)."""
        depth, height, width = bordered.shape[0], *(side - 2 * self.border for side in bordered.shape[1:3])
        result = work.matrix("convolved", depth, height, width, self.outputs)
        for top in range(0, height, STEP):
            seen = bordered[:, top : top + self._tile].unfold(2, self._tile, STEP)  # (D, tile, tiles, in, tile)
            pixels = work.matrix("pixels", self._tile, self._tile, depth, width // STEP, self._inputs)
            pixels.copy_(seen.permute(1, 4, 0, 2, 3))
            rows = self._summed(torch.fft.rfft2(pixels, dim=(0, 1)))
            inner = torch.fft.irfft2(rows, s=(self._tile, self._tile), dim=(0, 1))[:STEP, :STEP]
            result[:, top : top + STEP].unflatten(2, (-1, STEP)).copy_(inner.permute(2, 0, 3, 1, 4))
        return result.add_(self._bias)

    def _summed(self, spectrum: Tensor) -> Tensor:
        """(rows, columns, D, tiles, in) -> (rows, columns, D, tiles, out): the products, summed over depth."""
        rows, columns, depth, tiles, _ = spectrum.shape
        products = torch.bmm(spectrum.reshape(rows * columns, depth * tiles, -1), self._matrices)
        products = products.view(rows, columns, depth, tiles, self.taps, self.outputs)
        total = torch.zeros_like(products[..., 0, :])
        for tap in range(self.taps):
            ahead = tap - self.border  # the result's depth sees the product of one so much deeper
            first, last = max(0, -ahead), min(depth, depth - ahead)
            total[:, :, first:last] += products[:, :, first + ahead : last + ahead, :, tap]
        return total
