"""A contrastive loss: texts of one label come near each other, others apart."""

import math
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

import textune
from textune.errors import SettingsError
from textune.objectives import contrast
from textune.objectives.contrast import Contrast
from textune.records import Items


def by_pairs(read, alike):
    """Sum over texts the mean, over those that are like it, of -log of the softmax of cosines."""
    count, total, having = len(read), 0.0, 0
    for one in range(count):
        others = [each for each in range(count) if each != one]
        like = sum(alike[one][each] for each in others)
        if not like:
            continue
        having += 1
        cosines = {
            each: float(functional.cosine_similarity(read[one], read[each], dim=0)) / 0.3
            for each in others
        }
        whole = math.log(sum(math.exp(each) for each in cosines.values()))
        total += sum(alike[one][each] / like * (whole - cosines[each]) for each in others)
    return total * count / having


def test_it_is_the_mean_over_pairs_of_the_like():
    read = torch.randn(6, 8, generator=torch.Generator().manual_seed(1))
    classes = torch.tensor([0, 1, 0, 2, 1, 0])
    alike = [[float(a == b) for b in classes] for a in classes]
    assert contrast.contrasted(read, classes).item() == pytest.approx(by_pairs(read, alike))


def test_several_labels_are_as_alike_as_they_have_in_common():
    nan = math.nan
    has = torch.tensor([[1, 1, 0.0], [1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1], [1, nan, 0]])
    alike = contrast.likeness(has)
    assert alike[0].tolist() == [1, 0.5, 0, 0, 0, 0.5]
    assert alike[2].tolist() == [0, 0, 1, 1, 0, 0]
    assert alike[5, 1] == 1  # the label of which nothing is known does not count
    read = torch.randn(6, 8, generator=torch.Generator().manual_seed(1))
    found = contrast.contrasted(read, has).item()
    assert found == pytest.approx(by_pairs(read, alike.tolist()))


def test_texts_without_a_known_label_count_for_nothing():
    read = torch.randn(6, 8, generator=torch.Generator().manual_seed(1), requires_grad=True)
    some = contrast.contrasted(read, torch.tensor([0, 1, -1, 0, 1, -1]))
    some.backward()
    assert read.grad[[2, 5]].abs().max() == 0
    known = read.detach()[[0, 1, 3, 4]]
    assert some.item() == pytest.approx(
        contrast.contrasted(known, torch.tensor([0, 1, 0, 1])).item()
    )
    of_several = torch.tensor([[1, 0.0], [0, 1], [math.nan] * 2, [1, 0], [0, 1], [math.nan] * 2])
    assert contrast.contrasted(read, of_several).item() == pytest.approx(some.item())


def test_texts_count_as_much_as_they_weigh():
    read = torch.randn(5, 8, generator=torch.Generator().manual_seed(1))
    classes = torch.tensor([0, 1, 0, 1, 0])
    without = contrast.contrasted(read[:4], classes[:4]).item()
    weights = torch.tensor([1.0, 1, 1, 1, 0])
    assert contrast.contrasted(read, classes, weights).item() == pytest.approx(without)
    ones = contrast.contrasted(read, classes, torch.ones(5)).item()
    assert ones == pytest.approx(contrast.contrasted(read, classes).item())
    twice = contrast.contrasted(read, classes, torch.full((5,), 2.0)).item()
    assert twice == pytest.approx(2 * ones)


@pytest.mark.parametrize("classes", [[0, 1, 2], [-1, -1, -1], [0]])
def test_where_no_two_are_alike_it_is_nothing(classes):
    read = torch.randn(len(classes), 8, requires_grad=True)
    found = contrast.contrasted(read, torch.tensor(classes))
    found.backward()
    assert found.item() == 0
    assert torch.isfinite(read.grad).all()


def test_updates_by_it_part_the_labels():
    read = torch.randn(8, 4, generator=torch.Generator().manual_seed(2)).requires_grad_()
    classes = torch.arange(8) % 2
    optimizer = torch.optim.SGD([read], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        contrast.contrasted(read, classes).backward()
        optimizer.step()
    near = functional.normalize(read.detach(), dim=1)
    cosines = near @ near.T
    same = classes[:, None] == classes
    assert cosines[same].min() > 0.9 > cosines[~same].max() + 0.5


def weights_of(run):
    return load_file(run.path / "model" / "model.safetensors")


def test_a_run_learns_by_it_where_it_is_asked_for(few, tiny_base, tmp_path):
    asked = {"base": tiny_base, "valid": few, "epochs": 1, "device": "cpu", "precision": "fp32"}
    runs = {
        weight: textune.train(
            few, out=tmp_path / str(weight), settings=f"train.contrast={weight}", **asked
        )
        for weight in (0, 0.5, 5)
    }
    plain = weights_of(textune.train(few, out=tmp_path / "plain", **asked))
    zero, half, five = (weights_of(runs[weight]) for weight in (0, 0.5, 5))
    assert all(torch.equal(plain[name], zero[name]) for name in plain)
    assert any(not torch.equal(half[name], zero[name]) for name in zero)
    assert any(not torch.equal(half[name], five[name]) for name in half)
    assert "contrast = 0.5" in (tmp_path / "0.5" / "config.toml").read_text(encoding="utf-8")


def test_the_recipe_asks_for_it_where_many_classes_are_alike_in_number(tiny_base, tmp_path):
    """And leaves it out, unasked, where the head cannot have it."""
    names = ["good", "fine", "lovely", "bright", "bad", "poor", "dull", "cold"]
    rows = [f"the film was {name},{name}" for name in names for _ in range(4)]
    file = tmp_path / "many.csv"
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    asked = {"base": tiny_base, "valid": file, "epochs": 1, "device": "cpu", "precision": "fp32"}
    runs = {}
    for name, settings in {"left": [], "one": ["train.contrast=1"]}.items():
        given = ["train.recipe=auto", *settings]
        runs[name] = textune.train(file, out=tmp_path / name, settings=given, **asked)
    left, one = map(weights_of, runs.values())
    assert all(torch.equal(left[name], one[name]) for name in left)
    assert "contrast = 1.0" in (tmp_path / "left" / "config.toml").read_text(encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contrast, "why_not", lambda *_: "the head does not end in one linear layer")
        textune.train(file, out=tmp_path / "none", settings="train.recipe=auto", **asked)
    assert "contrast = 0.0" in (tmp_path / "none" / "config.toml").read_text(encoding="utf-8")


def test_windows_of_a_text_are_one_text():
    """The loss is of the means of windows, and of nothing that is computed without gradients."""
    layer = nn.Linear(4, 2)
    model = SimpleNamespace(config=SimpleNamespace(num_labels=2), modules=None)
    read = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    items = Items(of=torch.tensor([0, 0, 1, 2, 2]), sizes=(1, 1, 1))
    batch = SimpleNamespace(items=items, targets=torch.tensor([0, 1, 0]), weights=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contrast.heads, "last", lambda _: ("classifier", layer))
        with Contrast(SimpleNamespace(model=model), 0.5) as found:
            layer(read)
            loss = found.loss(batch)
            with torch.no_grad():
                layer(read)
            with pytest.raises(AssertionError, match="gradients"):
                found.loss(batch)
        layer(read)
        with pytest.raises(AssertionError, match="gradients"):  # nobody listens
            found.loss(batch)
    means = torch.stack([read[:2].mean(0), read[2], read[3:].mean(0)])
    assert loss.item() == pytest.approx(0.5 * contrast.contrasted(means, batch.targets).item())


@pytest.mark.parametrize("kind", ["numbers", "tagged"])
def test_where_it_would_mean_nothing_it_is_refused(kind, request, tiny_base, tmp_path):
    source = request.getfixturevalue(kind)
    with pytest.raises(SettingsError, match=r"train\.contrast: would change nothing here"):
        textune.train(source, base=tiny_base, out=tmp_path / "run", settings="train.contrast=0.3")
    assert not (tmp_path / "run").exists()


def test_pairs_that_are_encoded_apart_are_not_contrasted(tiny_base, tmp_path):
    file = tmp_path / "pairs.csv"
    rows = [f"good {n},warm {n},{'yes' if n % 2 else 'no'}" for n in range(20)]
    file.write_text("\n".join(["one,other,same", *rows]) + "\n", encoding="utf-8")
    asked = {"text": ["one", "other"], "label": "same", "base": tiny_base, "out": tmp_path / "run"}
    settings = ["train.contrast=0.3", "train.pairs=apart"]
    with pytest.raises(SettingsError, match=r"train\.contrast=0\.3: .*encoded apart"):
        textune.train(file, settings=settings, **asked)
    assert not (tmp_path / "run").exists()
