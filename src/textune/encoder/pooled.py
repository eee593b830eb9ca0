"""Logits of several windows become the logits of each item, by NumPy: as `pooling` does by torch.

Shapes: R logits, I items, C outputs.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.records import Pool

Floats = NDArray[np.float32]


def pooled(
    logits: Floats,
    of: NDArray[np.integer[Any]],
    count: int,
    *,
    how: Pool,
    sharpness: Floats | None = None,
) -> Floats:
    """Pool the logits of each item, as `pooling.pool` does.

    Logits are (R, C), `of` the item of each row, (R,); `sharpness` is (C,), of "learned".

    Returns:
        (I, C), NaN for an item without a row.
    """
    sizes = np.bincount(of, minlength=count)[:, None].astype(np.float32)  # (I, 1)
    found = np.zeros((count, logits.shape[1]), dtype=np.float32)
    top = np.full_like(found, -np.inf)
    np.maximum.at(top, of, logits)
    scale = np.float32(1) if sharpness is None or how != "learned" else np.exp(sharpness)
    still = np.where(np.isfinite(top), top, 0)
    np.add.at(found, of, logits if how == "mean" else np.exp(scale * (logits - still[of])))
    means = found / np.maximum(sizes, 1)
    if how in ("likely", "learned"):
        means = np.log(np.where(sizes > 0, means, 1)) / scale + still
    return np.where(sizes > 0, top if how == "max" else means, np.nan).astype(np.float32)
