"""How many cores a process may use, from what the kernel says of affinity and quotas."""

import os
from pathlib import Path

import pytest

from textune.fast import cores
from textune.fast.cores import Quota, quota, threads_for

TWO = "31 23 0:28 / {mount} rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
ONE = "32 31 0:29 {root} {mount} rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
MEMORY = "35 31 0:32 / {mount} rw,relatime - cgroup cgroup rw,memory\n"


def system(tmp_path, *, groups, mounts, files):
    """Lay out what a process finds below /proc and /sys; return the place of /proc."""
    own = tmp_path / "proc" / "self"
    own.mkdir(parents=True)
    (own / "cgroup").write_text(groups)
    (own / "mountinfo").write_text(mounts)
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "proc"


def test_no_group_means_no_quota(tmp_path):
    assert quota(tmp_path) is None
    place = system(tmp_path, groups="0::/\n", mounts=TWO.format(mount=tmp_path / "sys"), files={})
    assert quota(place) is None


@pytest.mark.parametrize(("text", "expected"), [("150000 100000", 1.5), ("max 100000", None)])
def test_version_two_says_it_in_one_file(tmp_path, text, expected):
    mount = tmp_path / "sys"
    place = system(
        tmp_path,
        groups="0::/app\n",
        mounts=TWO.format(mount=mount),
        files={"sys/app/cpu.max": f"{text}\n"},
    )
    found = quota(place)
    assert found == (None if expected is None else Quota(expected, mount / "app"))


def test_the_tightest_group_above_counts(tmp_path):
    mount = tmp_path / "sys"
    place = system(
        tmp_path,
        groups="0::/a/b/c\n",
        mounts=TWO.format(mount=mount),
        files={
            "sys/a/cpu.max": "200000 100000\n",
            "sys/a/b/cpu.max": "50000 100000\n",
            "sys/a/b/c/cpu.max": "max 100000\n",
        },
    )
    assert quota(place) == Quota(0.5, mount / "a" / "b")


@pytest.mark.parametrize(("limit", "expected"), [("100000", 1.0), ("-1", None)])
def test_version_one_says_it_in_two_files(tmp_path, limit, expected):
    mount = tmp_path / "sys" / "cpu"
    place = system(
        tmp_path,
        groups="5:memory:/other\n3:cpuacct,cpu:/pod\n0::/\n",
        mounts=MEMORY.format(mount=tmp_path / "m") + ONE.format(root="/", mount=mount),
        files={
            "sys/cpu/pod/cpu.cfs_quota_us": f"{limit}\n",
            "sys/cpu/pod/cpu.cfs_period_us": "100000\n",
        },
    )
    assert quota(place) == (None if expected is None else Quota(expected, mount / "pod"))


def test_a_container_that_sees_its_own_group_as_the_root_finds_its_quota(tmp_path):
    mount = tmp_path / "sys"
    place = system(
        tmp_path,
        groups="3:cpu,cpuacct:/docker/0a1b\n",
        mounts=ONE.format(root="/docker/0a1b", mount=mount),
        files={"sys/cpu.cfs_quota_us": "250000\n", "sys/cpu.cfs_period_us": "100000\n"},
    )
    assert quota(place) == Quota(2.5, mount)


@pytest.mark.parametrize(
    ("count", "limit", "expected"),
    [(8, None, 8), (8, 1.0, 1), (8, 1.2, 1), (8, 1.5, 2), (2, 6.0, 2), (4, 0.1, 1), (1, None, 1)],
)
def test_threads_follow_from_cores_and_quota(count, limit, expected):
    found = None if limit is None else Quota(limit, Path("/"))
    assert threads_for(count, found) == expected


def test_what_a_group_has_used_is_read_in_both_versions(tmp_path):
    assert cores.used_by_group(tmp_path) is None
    (tmp_path / "cpuacct.usage").write_text("2500000000\n")
    assert cores.used_by_group(tmp_path) == 2.5
    (tmp_path / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    assert cores.used_by_group(tmp_path) == 1.5


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")
def test_affinity_counts_and_not_what_the_machine_has():
    assert cores.allowed() == os.sched_getaffinity(0)
