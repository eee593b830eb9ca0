"""What `train` is asked for, where the recipe is tried, and a run that ends early."""

from textune.recipes import requests
from textune.records import Step
from textune.settings import config


def train_request(reviews, base, out, *changes, resume=False, **given):
    """Ask for three epochs of reviews; a change of a setting takes the place of what is given."""
    values = {"base": str(base), "train.epochs": 3, "train.batch_size": 16, "train.lr": 2e-3}
    for change in changes:
        values.pop(change.partition("=")[0], None)
    settings = config.resolve(config.Settings, None, changes, values | given)
    return requests.TrainRequest(str(reviews), settings, out, resume=resume)


def end_after(events, last=None):
    """Let a run go on to its end, or end it after an update as a killed process does."""
    for event in events:
        if isinstance(event, Step) and event.number == last:
            break
    events.close()
