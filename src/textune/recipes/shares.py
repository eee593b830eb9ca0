"""Memory of one process that holds a whole run becomes that of each of several that part it.

What train.shard parts is an Nth in each of N processes; what is whole at times comes on top of it.
"""

from dataclasses import dataclass
from typing import Any

COUNTS = (2, 4, 8, 16)  # processes for which a forecast reckons
MOMENTS = 2  # of AdamW, each as large as the weights that are trained
ENGINE = 90_000_000  # bytes of FSDP2 and gloo by themselves, as measured
BESIDE = 2  # layers whose weights are whole at once: that which computes, and that which comes


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of a run that one process holds."""

    before: int  # the most until the first update, all weights among it
    weights: int  # of the encoder
    trained: int  # of them, of which there are gradients and moments
    layer: int  # weights of the largest layer that is parted by itself
    rest: int  # weights of none of these layers: gathered together, for a whole pass
    is_alone: bool = False  # whether the first process also trains alone, for cross-validation

    @property
    def everything(self) -> int:
        """Return the bytes of weights, gradients and moments, which are parted."""
        return self.weights + (1 + MOMENTS) * self.trained

    @property
    def lasting(self) -> int:
        """Return those of weights and moments, which are there between updates, too."""
        return self.weights + MOMENTS * self.trained

    @property
    def gathered(self) -> int:
        """Return the bytes that are whole while a layer computes: weights and their gradients."""
        return min(2 * (self.rest + BESIDE * self.layer), self.weights + self.trained)


def needs(held: Held, peak: int | None, card: int | None) -> list[dict[str, Any]]:
    """Say what each of several processes holds at most, for some numbers of them.

    Args:
        held: By the one process that was measured.
        peak: The most that it has held; None where nobody counts.
        card: The most of its graphics card; None without one.

    Returns:
        For each number of `processes` the bytes of memory of `each` of them and of the `first`, and
        those of their cards, where there are any: `card` and `first_card`.
    """
    found = []
    for count in COUNTS:
        one: dict[str, Any] = {"processes": count}
        if card:
            computed = max(card - held.everything, 0)
            one["card"] = computed + _most(held, count)
            one["first_card"] = max(one["card"], card * held.is_alone)
        if peak is not None and card:  # the host has all weights as it begins, and what is saved
            one["each"] = held.before + held.weights
            one["first"] = held.before + held.lasting
        elif peak is not None:
            without = held.before - held.weights
            computed = max(peak - without - held.everything, 0)
            without += ENGINE
            beginning = without + 2 * held.weights  # those of the first process come to each
            one["each"] = max(without + computed + _most(held, count), beginning)
            saving = without + held.lasting // count + held.lasting
            one["first"] = max(one["each"], saving, peak * held.is_alone)
        found.append(one)
    return found


def _most(held: Held, count: int) -> int:
    """Return the bytes of what is parted: in an update, or beside all weights, for judging."""
    updating = held.everything // count + held.gathered
    return max(updating, held.lasting // count + held.weights)
