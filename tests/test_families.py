"""Names of encoder families stand in one table; what is said elsewhere is read from it."""

import ast
import re
from pathlib import Path

import pytest

import made_sources
from textune.families.known import FAMILIES, PREFIXES, family_of

SRC = Path(__file__).parents[1] / "src" / "textune"
USUAL = {"bert", "roberta"}  # the names of a base among weights, as well as of families
FILES = [path for path in sorted(SRC.rglob("*.py")) if path.parent.name != "families"]


OWN = FAMILIES.keys() - USUAL
NAMES = re.compile("|".join(map(re.escape, OWN)))


def named_families(tree: ast.AST) -> set[str]:
    """Return the families that a file names by itself."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)} & OWN


def test_families_are_named_in_the_table_alone() -> None:
    found = {
        path.relative_to(SRC).as_posix(): named_families(made_sources.tree(path, NAMES))
        for path in FILES
    }
    assert {name: families for name, families in found.items() if families} == {}
    assert len(found) > 500


def test_a_second_list_of_families_is_noticed() -> None:
    assert named_families(ast.parse("KINDS = ['bert', 'electra', 'x']")) == {"electra"}
    assert len(FAMILIES) == 21


def test_what_is_known_of_a_family_hangs_together() -> None:
    for family in FAMILIES.values():
        assert family.packs or not family.is_fused
        assert family.is_fused or not family.title
        assert family.title or not family.is_head_first
        assert family.counts_from_padding or family.kin != "roberta"
    assert PREFIXES == {
        "bert": "bert",
        "camembert": "roberta",
        "roberta": "roberta",
        "xlm-roberta": "roberta",
    }


@pytest.mark.parametrize("model_type", ["nobody", None, 3, ["bert"]])
def test_of_a_family_that_is_not_known_nothing_is_assumed(model_type: object) -> None:
    family = family_of(model_type)
    assert not any((family.packs, family.counts_from_padding, family.numbers_layers))
