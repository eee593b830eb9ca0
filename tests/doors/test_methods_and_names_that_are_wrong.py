"""A keyword that a class, or a method of it, does not have is named with the nearest."""

import inspect
import pickle

import pytest
from sklearn.base import clone

import textune
from textune import sklearn
from textune.errors import hinting_methods
from textune.lightning import TextData, TextModule
from textune.ray import Labeller
from textune.runtime import Predictor as Runtime

ESTIMATORS = [getattr(sklearn, name) for name in sklearn.__all__]
METHODS = [
    (kind, name)
    for kind in (*ESTIMATORS, textune.Predictor, Runtime, textune.Filler)
    for name, each in inspect.getmembers(kind, callable)
    if not name.startswith("_") and each.__module__.startswith("textune.")
]


@pytest.mark.parametrize("kind", [*ESTIMATORS, Labeller], ids=lambda kind: kind.__name__)
def test_a_class_is_made_of_its_own_keywords(kind):
    said = rf"^{kind.__name__}\(\) got an unexpected keyword argument 'devise'; did you mean"
    with pytest.raises(TypeError, match=f"{said} 'device'"):
        kind(devise="cpu")


@pytest.mark.parametrize(("wrong", "right"), [("epoch", "epochs"), ("seed", "seeds")])
def test_the_nearest_parameter_is_guessed(wrong, right):
    with pytest.raises(TypeError, match=rf"'{wrong}'; did you mean '{right}'\? Allowed: 'base'"):
        sklearn.TextClassifier(**{wrong: 3})


@pytest.mark.parametrize(
    ("kind", "name"), METHODS, ids=[f"{kind.__module__}.{name}" for kind, name in METHODS]
)
def test_a_method_names_its_keywords(kind, name):
    method = getattr(kind, name)
    said = rf"^{kind.__name__}(\.{name})?\(\) got an unexpected keyword argument 'nope'; allowed: "
    with pytest.raises(TypeError, match=said):
        method("run", nope=1) if inspect.ismethod(method) else method(object.__new__(kind), nope=1)


def test_all_methods_are_tried():
    assert len(METHODS) > 40
    for name in ("predict", "load", "explain", "stream", "features"):
        assert (textune.Predictor, name) in METHODS


def test_a_threshold_that_is_misspelled_is_guessed():
    made = object.__new__(textune.Predictor)
    with pytest.raises(TypeError, match=r"Predictor.predict\(\) .* did you mean 'threshold'\?"):
        made.predict(["a"], treshold=0.5)
    with pytest.raises(TypeError, match="'precission'; did you mean 'precision'"):
        textune.Predictor.load("run", precission="fp32")


@pytest.mark.parametrize("call", [TextModule.for_data, TextModule.from_run, TextData])
def test_the_lightning_door_names_its_keywords(call):
    wrong = "batchsize" if call is TextData else "epoch"
    right = "batch_size" if call is TextData else "epochs"
    with pytest.raises(TypeError, match=rf"keyword argument '{wrong}'; did you mean '{right}'\?"):
        call("reviews.csv", **{wrong: 1})


def test_what_says_its_keywords_is_otherwise_as_before():
    made = sklearn.TextClassifier(epochs=3)
    assert clone(made).get_params() == made.get_params()
    assert pickle.loads(pickle.dumps(made)).epochs == 3
    assert next(iter(inspect.signature(sklearn.TextClassifier.__init__).parameters)) == "self"

    @hinting_methods
    class Mine:
        """A class with a parameter that is called as nothing else is."""

        @staticmethod
        def doubled(number):
            return 2 * number

        def shown(self, number=1):
            return number

    assert (Mine.doubled(2), Mine().shown(number=3)) == (4, 3)
