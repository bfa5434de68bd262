"""Small models: a second thread would wait for the first longer than it works."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
