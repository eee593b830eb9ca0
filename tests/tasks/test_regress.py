import numpy as np

from textune.metrics import metrics, numbers
from textune.tasks.numbers.regress import Regress

NAMES = ("price", "share")


def test_no_unit_outweighs_the_other_targets_when_weights_are_selected():
    draw = np.random.default_rng(0)
    truth = np.stack([draw.normal(9000, 1000, 200), draw.uniform(0, 1, 200)], axis=1)
    both = truth + draw.normal(0, (210, 0.02), (200, 2))  # knows price and share
    price = np.stack([truth[:, 0] + draw.normal(0, 200, 200), draw.uniform(0, 1, 200)], axis=1)
    task = Regress(NAMES)
    knowing, blind = (numbers.judge(truth, each, NAMES)[task.main_metric] for each in (both, price))
    assert metrics.better(task.main_metric, knowing, blind)


def test_one_target_is_selected_by_its_error():
    assert Regress(NAMES[:1]).main_metric == "rmse"
