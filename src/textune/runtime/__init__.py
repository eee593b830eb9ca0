"""Exported models answer texts: with numpy, tokenizers and onnxruntime, without torch."""

from textune.runtime.predictor import Predictor

__all__ = ["Predictor"]
