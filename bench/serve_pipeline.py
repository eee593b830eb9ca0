"""A plain server, as tutorials have it: FastAPI around transformers' pipeline.

`python -m bench.serve_pipeline MODEL threads|async PORT`
"""

import os
import sys

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline


class Asked(BaseModel):
    """A request, of which `texts` has one."""

    texts: list[str]


def main() -> None:
    """Serve until a signal comes."""
    place, way, port = sys.argv[1:4]
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    answers = pipeline("text-classification", model=place, top_k=None, device="cpu")
    app = FastAPI()

    def predict(asked: Asked) -> object:
        return answers(asked.texts, truncation=True)

    async def at_once(asked: Asked) -> object:
        return answers(asked.texts, truncation=True)

    app.post("/predict")(predict if way == "threads" else at_once)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ready"}

    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
