"""Two processes on gloo: train, validate, predict, and write what came of it."""

import os
import socket
import sys
import warnings
from pathlib import Path

import torch
from lightning.pytorch import Trainer
from torch import multiprocessing

from textune.lightning import TextData, TextModule


def main(rank: int, port: str, base: str, file: str, out: str) -> None:
    """Train as one of two processes, and save weights and numbers."""
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message=".*LeafSpec")  # of Lightning's copy of a pytree
    os.environ |= {"LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    data = TextData(file, base=base, batch_size=16, seed=5, settings="train.dropout=0")
    model = TextModule.for_data(data, lr=1e-3, epochs=1)
    trainer = Trainer(
        max_epochs=1,
        accelerator="cpu",
        devices=2,
        strategy="ddp",
        accumulate_grad_batches=2,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=out,
    )
    trainer.fit(model, data)
    numbers = {key: float(value) for key, value in trainer.callback_metrics.items()}
    found = trainer.predict(model, data)
    texts = [one.text for batch in found or [] for one in batch]
    torch.save(
        {
            "weights": model.encoder.model.state_dict(),
            "numbers": numbers,
            "texts": texts,
            "decision": model.card.decision.kind,
        },
        Path(out) / f"rank-{trainer.global_rank}.pt",
    )


if __name__ == "__main__":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    # forked where that can be: importing Lightning takes most of the time
    way = "fork" if sys.platform == "linux" else "spawn"
    multiprocessing.start_processes(main, (port, *sys.argv[1:]), nprocs=2, start_method=way)
