"""What a graphics card would compute in, promised where there is no card."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from auvae.network import model
from auvae.network.options import Options
from auvae.network.train import train
from torch.utils._python_dispatch import TorchDispatchMode

pytestmark = pytest.mark.card

LOW = (torch.float16, torch.bfloat16)


class Precisions(TorchDispatchMode):
    """Collects the kinds of floating-point numbers that any operation returns."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for part in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(part, torch.Tensor) and part.is_floating_point():
                self.seen.add(part.dtype)
        return result


def test_cleaning_start_unmixing_and_mapping_run_in_the_precision_of_a_card(mixed, monkeypatch):
    """Every tensor says that it is on a card, so that whatever is done for cards alone is done here."""
    monkeypatch.setattr(torch.Tensor, "is_cuda", True)
    cube = mixed(rows=16, cols=16).astype(np.float32)
    valid = np.ones(cube.shape[:2], bool)
    with Precisions() as precisions:
        trained = train([(cube, valid)], Options(3, "draft"), lambda _: None)
        maps = trained.predict(cube, valid)
    assert np.allclose(maps.abundances.sum(-1), 1, atol=1e-5)
    assert not precisions.seen & set(LOW)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_a_window_reaches_a_card_whole_in_the_order_in_which_it_lies_in_memory(order, monkeypatch):
    """Piece by piece, as only a card gets it; memory that a card can fetch from exists where there is one."""
    monkeypatch.setattr(model, "_PIECE", 1000)
    window = torch.from_numpy(np.random.default_rng(0).random((7, 9, 11), np.float32).transpose(order))
    there = model.in_pieces(window, torch.zeros_like(window), pinned=torch.cuda.is_available())
    assert torch.equal(there, window)
    assert there.stride() == window.stride()
