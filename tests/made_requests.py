"""What `train` is asked for, where it is the recipe that is tried."""

from textune.recipes import requests
from textune.settings import config


def train_request(reviews, base, out, *changes, resume=False, **given):
    """Ask for three epochs of reviews; a change of a setting takes the place of what is given."""
    values = {"base": str(base), "train.epochs": 3, "train.batch_size": 16, "train.lr": 2e-3}
    for change in changes:
        values.pop(change.partition("=")[0], None)
    settings = config.resolve(config.Settings, None, changes, values | given)
    return requests.TrainRequest(str(reviews), settings, out, resume=resume)
