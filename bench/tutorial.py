"""A job becomes the training loop that most tutorials show, and what it measured."""

from pathlib import Path
from typing import Any

import torch
from torch.optim import AdamW
from torch.utils.data import DataLoader
from transformers import DataCollatorWithPadding, get_linear_schedule_with_warmup

from bench.jobs import Job, Result
from bench.peers import CountingCollator, EpochClock, encode, load, to_result


def train(job: Job) -> Result:
    """Train by a plain loop over batches padded to one fixed length, in fp32."""
    model, tokenizer = load(job)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    rows: Any = encode(Path(job.train), tokenizer, job)
    collator = CountingCollator(
        DataCollatorWithPadding(tokenizer, padding="max_length", max_length=job.max_tokens)
    )
    order = torch.Generator().manual_seed(job.seed)
    batches: DataLoader[Any] = DataLoader(
        rows, batch_size=job.batch_size, shuffle=True, collate_fn=collator, generator=order
    )
    optimizer = AdamW(model.parameters(), lr=job.lr, weight_decay=job.weight_decay)
    total = len(batches) * job.epochs
    schedule = get_linear_schedule_with_warmup(optimizer, round(job.warmup_share * total), total)
    clock = EpochClock(job, model, tokenizer)
    for _ in range(job.epochs):
        model.train()
        clock.start()
        for batch in batches:
            loss = model(**batch.to(model.device)).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), job.clip)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        clock.stop()
    return to_result(job, clock, collator, model)
