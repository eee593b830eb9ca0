"""Texts of a cluster are labelled by Ray: batches of Ray Data, and files of `predict --ray`."""

from textune.ray.labeller import Labeller

__all__ = ["Labeller"]
