"""The commands that look: tokens of a text, parts of a model, features for other programs."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file
from test_cli import one_object, textune

import textune as library
from made_runs import make_run
from textune.errors import SettingsError

__all__ = ["textune"]  # the fixture


@pytest.fixture(scope="module")
def made(tiny_base, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"), tiny_base, "single", ["bad", "good"])


def test_tokens_of_a_pair_are_what_the_tokenizer_gives(textune, tiny_base):
    code, out, err = textune(
        *("tokens", "Good film", "--pair", "the day", "--base", tiny_base, "--json")
    )
    found = one_object(out)
    assert (code, err) == (0, "")
    assert found["pieces"] == ["[CLS]", "good", "film", "[SEP]", "the", "day", "[SEP]"]
    assert found["segments"] == [0, 0, 0, 0, 1, 1, 1]
    assert found["attention_mask"] == [1] * 7
    assert found["words"] == [None, 1, 2, None, 1, 2, None]
    assert found["spans"] == [None, [0, 4], [5, 9], None, [0, 3], [4, 7], None]
    assert found["length"] == 7
    decoded = library.decode(found["ids"], base=tiny_base)
    assert decoded == "good film the day"


def test_tokens_for_people_show_text_pieces_and_what_lies_beyond(textune, made):
    code, out, err = textune("tokens", "Good film", "--base", made)
    assert (code, err) == (0, "")
    assert "pieces  [CLS] good film [SEP]" in out
    assert ["1", "good", "Good", "5", "1", "0-4", "0", "1"] in [
        line.split() for line in out.splitlines()
    ]
    _, out, _ = textune("tokens", "the day was very very good", "--base", made, "--max-tokens", 6)
    assert "2 of 8 tokens lie beyond" in out
    assert "pieces  [CLS] the day was very [SEP]" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a", "--ids", "5"], "takes no TEXT beside it"),
        ([], "give a TEXT"),
        (["a", "b", "--pair", "c"], "one TEXT and --pair"),
        (["--ids", "5 x"], "'x' is no id"),
        (["--ids", "5 999"], "999 is no id of this tokenizer, which has 25 pieces"),
        (["a", "--max-tokens", "2"], "2 special tokens stand around a text"),
        (["a", "--max-tokens", "65"], "reads at most 64 tokens"),
    ],
)
def test_tokens_refuses_what_it_cannot_show(textune, tiny_base, words, message):
    code, out, err = textune("tokens", *words, "--base", tiny_base)
    assert (code, out) == (2, "")
    assert message in err


def test_ids_become_text_again(textune, tiny_base):
    code, out, _ = textune("tokens", "--ids", "[2, 5, 15, 3]", "--base", tiny_base)
    assert (code, out) == (0, "good film\n[CLS] good film [SEP]\n")


def test_inspect_lists_named_parameters_by_group(textune, tiny_base):
    code, out, err = textune("inspect", tiny_base, "--json")
    found = one_object(out)
    assert (code, err) == (0, "")
    groups = [one["group"] for one in found["parameters"]]
    assert {group: groups.count(group) for group in groups} == {
        "embeddings": 5,
        "layer 1": 16,
        "layer 2": 16,
        "output": 4,
    }
    assert found["count"] == 41  # of 12 layers: 201
    assert [one["name"] for one in found["parameters"] if one["new"]] == [
        "classifier.weight",
        "classifier.bias",
    ]
    assert found["parameters"][0]["shape"] == [120, 32]


def test_inspect_for_people_says_what_is_new_and_draws_the_tree(textune, tiny_base, made):
    _, out, _ = textune("inspect", tiny_base)
    assert "41 named parameters" in out
    assert "new, the base has none: classifier.weight, classifier.bias" in " ".join(out.split())
    assert "and 1 more layer of the same names" in out
    _, out, _ = textune("inspect", made)
    assert "no parameter is new" in out
    code, out, _ = textune("inspect", made, "--tree")
    assert code == 0
    assert "(classifier): Linear(in_features=32, out_features=2, bias=True)" in out


def test_inspect_of_what_is_no_model_is_a_message(textune, tmp_path):
    code, out, err = textune("inspect", tmp_path / "none")
    assert (code, out) == (2, "")
    assert "no such directory" in err


def test_features_are_those_of_transformers(textune, made, tmp_path):
    import torch
    from transformers import AutoModel, AutoTokenizer

    file = tmp_path / "f.npz"
    texts = ["good film", "the day was bad", "fine song"]
    options = ["--hidden-states", "--attentions", "--output", file]
    code, out, err = textune("features", made, *texts, *options, "--json")
    assert (code, one_object(out), err) == (0, {"output": str(file)}, "")
    with np.load(file) as opened:
        found = dict(opened)
    model = AutoModel.from_pretrained(made / "model", attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(made / "model")
    for number, text in enumerate(texts):
        with torch.inference_mode():
            given = model(
                **tokenizer(text, return_tensors="pt"),
                output_hidden_states=True,
                output_attentions=True,
            )
        states = torch.stack(given.hidden_states)[:, 0].numpy()
        weights = torch.stack(given.attentions)[:, 0].numpy()
        np.testing.assert_allclose(found[f"hidden_states.{number}"], states, atol=1e-5)
        np.testing.assert_allclose(found[f"attentions.{number}"], weights, atol=1e-5)
        np.testing.assert_allclose(found["pooled"][number], states[-1, 0], atol=1e-5)
    code, _, err = textune("features", made, "a", "--output", file)
    assert code == 2
    assert "is there already" in err
    _, _, err = textune("features", made, "a", "--output", tmp_path / "f.txt")
    assert "allowed: '.npz', '.safetensors', '.json'" in err


def test_features_from_python_are_saved_in_other_forms(made, tmp_path):
    predictor = library.Predictor.load(made)
    found = predictor.features(["good film", "bad"])
    assert found.pooled.shape == (2, 32)
    assert found.hidden_states == ()
    found.save(tmp_path / "f.safetensors")
    np.testing.assert_array_equal(load_file(tmp_path / "f.safetensors")["pooled"], found.pooled)
    found.save(tmp_path / "f.json")
    told = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert [one["pieces"] for one in told["texts"]] == [
        ["[CLS]", "good", "film", "[SEP]"],
        ["[CLS]", "bad", "[SEP]"],
    ]
    with pytest.raises(SettingsError, match="give one or more, each a string"):
        predictor.features([])


def test_a_predictor_names_the_labels_of_a_text_and_decodes(made):
    predictor = library.Predictor.load(made)
    assert predictor.classify("good film") == predictor(["good film"])[0].labels
    assert predictor.decode([2, 5, 15, 3]) == "good film"


def test_check_shows_rows_drawn_at_random_and_some_of_a_label(textune, reviews, tiny_base):
    words = ["check", reviews, "--base", tiny_base, "--show", 10, "--show-of", "bad", "--json"]
    code, out, err = textune(*words)
    found = one_object(out)["shown"]
    assert (code, err) == (0, "")
    lines = reviews.read_text(encoding="utf-8").splitlines()
    assert (len(found["rows"]), len(found["of"]["bad"])) == (10, 5)
    for row in (*found["rows"], *found["of"]["bad"]):
        number = int(row["row"].partition(":")[2])
        assert lines[number - 1] == f"{row['text']},{row['labels']}"
    assert {row["labels"] for row in found["of"]["bad"]} == {"bad"}
    assert one_object(textune(*words)[1])["shown"] == found
    assert one_object(textune(*words, "--seed", 7)[1])["shown"] != found


def test_check_shows_rows_to_people_and_refuses_a_label_that_is_none(textune, comments, tiny_base):
    options = ["--base", tiny_base, "--show", 2, "--show-of", "cold", "--show-each", 3]
    code, out, _ = textune("check", comments, *options)
    assert code == 0
    assert "2 rows, drawn at random" in out
    assert "3 rows of 'cold'" in out
    code, _, err = textune("check", comments, "--base", tiny_base, "--show-of", "colt")
    assert code == 2
    assert "--show-of colt: did you mean 'cold'?" in err
