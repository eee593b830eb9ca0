import itertools

import pytest

import thinning

pytest_plugins = ["pytester"]

AXES = (("kernels", "torch", "padded"), ("fp32", "bf16"), ("single", "tags", "mlm", "multi"))
CROSS = list(itertools.product(*AXES))


@pytest.mark.parametrize(("strength", "fewest"), [(1, 4), (2, 12), (3, 24)])
def test_each_combination_of_so_many_values_stays_in_few_cases(strength, fewest):
    kept = [CROSS[number] for number in thinning.covering(CROSS, strength)]
    for axes in itertools.combinations(range(len(AXES)), strength):
        wanted = set(itertools.product(*(AXES[axis] for axis in axes)))
        assert {tuple(case[axis] for axis in axes) for case in kept} == wanted
    assert fewest <= len(kept) <= fewest + 2


def test_cases_that_nobody_needs_are_exhaustive_and_skipped_ones_stand_for_none(pytester):
    pytester.makeconftest(
        "import pytest, thinning\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_collection_modifyitems(items): thinning.thin(items)\n"
    )
    pytester.makeini(
        "[pytest]\nmarkers = covering\n    first\n    exhaustive\naddopts = -m 'not exhaustive'\n"
    )
    pytester.makepyfile(
        "import pytest\n"
        "not_here = pytest.mark.skipif(True, reason='')\n"
        "here = pytest.param('cpu'), pytest.param('cuda', marks=not_here)\n"
        "@pytest.mark.parametrize('device', here)\n"
        "@pytest.mark.parametrize(('task', 'size'), [('a', 1), ('b', 1), ('a', 2)])\n"
        "@pytest.mark.parametrize('number', [300, 400])\n"
        "@pytest.mark.covering(1)\n"
        "def test(device, task, size, number): assert device == 'cpu'\n"
        "@pytest.mark.parametrize('number', [1, 2, 3])\n"
        "@pytest.mark.first(2)\n"
        "def test_first(number): assert number\n"
    )
    pytester.runpytest().assert_outcomes(passed=5, skipped=6, deselected=4)
    pytester.runpytest("-m", "").assert_outcomes(passed=9, skipped=6)
    pytester.runpytest("-m", "exhaustive").assert_outcomes(passed=4, deselected=11)
