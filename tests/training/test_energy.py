"""The energy of a run, where the machine counts it."""

import subprocess

import torch

from textune.training import energy
from textune.training.energy import Meter

CPU = torch.device("cpu")
LIBRARY = """
static unsigned long long used = 5000;
int nvmlInit_v2(void) { return 0; }
int nvmlDeviceGetHandleByUUID(const char *name, void **handle) { *handle = &used; return 0; }
int nvmlDeviceGetTotalEnergyConsumption(void *handle, unsigned long long *found) {
  *found = *(unsigned long long *)handle;
  used += 2500;
  return 0;
}
"""


def zone(folder, name, used, full=1_000_000, called="package-0"):
    place = folder / name
    place.mkdir(exist_ok=True)
    for file, words in (("energy_uj", used), ("max_energy_range_uj", full), ("name", called)):
        (place / file).write_text(f"{words}\n")


def test_processors_are_added_and_a_counter_that_began_anew_is_understood(tmp_path):
    zone(tmp_path, "intel-rapl:0", 900_000)
    zone(tmp_path, "intel-rapl:1", 0)
    zone(tmp_path, "intel-rapl:0:0", 100)  # a part of the first
    zone(tmp_path, "intel-rapl:2", 100, called="psys")  # the whole machine, which holds the others
    meter = Meter.begin(tmp_path)
    zone(tmp_path, "intel-rapl:0", 400_000)  # half a joule, over its end
    zone(tmp_path, "intel-rapl:1", 250_000)
    assert list(meter.watching(iter("ab"), CPU)) == ["a", "b"]
    assert meter.told() == {"processors": 0.8}


def test_nothing_is_said_where_the_machine_does_not_tell(tmp_path):
    assert Meter.begin(tmp_path / "absent").told() == {}
    (tmp_path / "intel-rapl:0").mkdir()  # and nobody may read it
    assert Meter.begin(tmp_path).told() == {}
    assert energy.of_card("GPU-1", "libabsent.so") is None


def test_a_graphics_card_is_asked_by_the_library_of_its_maker(tmp_path):
    source, library = tmp_path / "nvml.c", tmp_path / "libnvml.so"
    source.write_text(LIBRARY)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    assert energy.of_card("GPU-1", str(library)) == 5.0
    assert Meter(card="GPU-1", before=5.0).told(str(library)) == {"card": 2.5}
