"""Requests wait in a bounded queue, and are computed together by their tokens."""

import asyncio
import threading
import time

import pytest
from made_servers import RUNS

from textune.encoder.exported import Exported
from textune.predicting.predictor import Predictor
from textune.records import Example
from textune.serving.batching import Batcher, Job
from textune.serving.limits import Limits
from textune.serving.meters import Meters
from textune.serving.models import Model, Models, named
from textune.serving.refusals import RefusedError


class Noted:
    """A model that notes what it computes together."""

    def __init__(self, predictor):
        self.predictor = predictor
        self.batches = []

    def __getattr__(self, name):
        return getattr(self.predictor, name)

    def stream(self, examples, *, threshold=None):
        self.batches.append([one.text for one in examples])
        if any(one.text == "broken" for one in examples):
            raise RuntimeError("broken")
        return self.predictor.stream(examples, threshold=threshold)


@pytest.fixture(scope="module")
def predictor():
    return Predictor.load(RUNS / "multi", precision="fp32")


def asked(predictor, ask, threads=1, **limits):
    """Let something be asked while a thread is busy until it is let go."""
    noted = Noted(predictor)

    async def main():
        batcher = Batcher(Limits(**limits), Meters(), threads=threads)
        batcher.start()
        let_go = threading.Event()
        blocker = asyncio.ensure_future(batcher.run(let_go.wait))
        await asyncio.sleep(0)
        while batcher.texts:
            await asyncio.sleep(0.001)
        try:
            return await ask(batcher, Model("noted", noted), let_go)
        finally:
            let_go.set()
            await blocker
            batcher.stop()

    return asyncio.run(main()), noted.batches


def predict(batcher, model, *texts, tokens=10, threshold=None):
    examples = model.predictor.examples(list(texts))
    work = batcher.predict(model, examples, [tokens] * len(texts), threshold=threshold)
    return asyncio.ensure_future(work)


def test_a_batch_is_filled_up_to_its_tokens_and_shares_a_threshold(predictor):
    async def ask(batcher, model, let_go):
        tasks = [predict(batcher, model, name) for name in "abcd"]
        tasks.append(predict(batcher, model, "e", threshold=0.7))
        tasks.append(predict(batcher, model, "f"))
        await asyncio.sleep(0)
        let_go.set()
        found = await asyncio.gather(*tasks)
        return [one[0].text for one in found]

    order, batches = asked(predictor, ask, batch_tokens=40)
    assert order == list("abcdef")
    assert batches == [["a", "b", "c", "d"], ["e"], ["f"]]


def test_many_texts_are_computed_part_by_part(predictor):
    async def ask(batcher, model, let_go):
        task = predict(batcher, model, *"abcde")
        await asyncio.sleep(0)
        let_go.set()
        return [one.text for one in await task]

    order, batches = asked(predictor, ask, batch_tokens=20)
    assert order == list("abcde")
    assert batches == [["a", "b"], ["c", "d"], ["e"]]


def test_a_thread_that_is_busy_holds_up_no_other(predictor):
    async def ask(batcher, model, let_go):
        found = await asyncio.wait_for(predict(batcher, model, *"abc"), 60)
        assert batcher.answers
        return [one.text for one in found]

    order, batches = asked(predictor, ask, threads=2, batch_tokens=20)
    assert order == list("abc")
    assert batches == [["a", "b"], ["c"]]


def test_free_threads_share_what_waits():
    batcher = Batcher(Limits(), Meters(), threads=2)
    jobs = [Job(1, 40, None, model="one") for _ in range(4)]
    batcher._add(jobs)
    batcher._free = 2
    assert batcher._taken() == jobs[:2]
    batcher._count(jobs[0], -1), batcher._count(jobs[1], -1)
    batcher._free = 1
    assert batcher._taken() == jobs[2:]


def test_graphs_are_computed_one_a_core_and_runs_one_after_the_other(predictor, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    graph = Noted(predictor)
    graph.encoder = object.__new__(Exported)
    of_graphs, of_both = (
        Models([Model(str(number), one) for number, one in enumerate(each)])
        for each in ([graph, graph], [graph, predictor])
    )
    assert (of_graphs.threads, of_both.threads) == (3, 1)


def test_a_full_queue_refuses_and_an_empty_one_takes_anything(predictor):
    async def ask(batcher, model, let_go):
        large = predict(batcher, model, *"abcde")
        await asyncio.sleep(0)
        assert batcher.texts == 5
        with pytest.raises(RefusedError, match=r"5 texts wait already.* lets 4 wait") as refused:
            await predict(batcher, model, "f")
        assert refused.value.headers == {"retry-after": "1"}
        large.cancel()  # its client went away
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert batcher.texts == 0
        later = predict(batcher, model, "g")
        await asyncio.sleep(0)
        let_go.set()
        return (await later)[0].text

    found, batches = asked(predictor, ask, max_queue=4)
    assert found == "g"
    assert batches == [["g"]]


def test_a_request_that_fails_takes_no_other_with_it(predictor):
    async def ask(batcher, model, let_go):
        tasks = [predict(batcher, model, name) for name in ("a", "broken", "b")]
        await asyncio.sleep(0)
        let_go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    found, batches = asked(predictor, ask)
    assert [getattr(one, "args", None) or one[0].text for one in found] == ["a", ("broken",), "b"]
    assert batches == [["a", "broken", "b"], ["a"], ["broken"], ["b"]]


def test_runs_have_the_names_of_their_folders_or_those_that_are_given():
    assert named(["runs/reviews", "spam=runs/7/model"]) == {
        "reviews": "runs/reviews",
        "spam": "runs/7/model",
    }


def test_what_would_wait_longer_than_a_third_of_the_time_limit_is_refused(predictor):
    """Few slow texts are as much as many quick ones: all that is taken is answered in time."""

    class Slow(Noted):
        def stream(self, examples, *, threshold=None):
            time.sleep(0.02)
            return super().stream(examples, threshold=threshold)

    async def main():
        batcher = Batcher(Limits(timeout=1.0, batch_tokens=100, max_queue=10_000), Meters())
        batcher.start()
        model = Model("slow", Slow(predictor))
        await batcher.predict(model, [Example("a", "1")], [100])  # 5,000 tokens a second
        tasks, taken = [], 0
        with pytest.raises(RefusedError, match="wait already, for about 1 s") as refused:
            for taken in range(200):  # noqa: B007  # how many is what is asked
                batcher.require_room()
                tasks.append(asyncio.ensure_future(
                    batcher.predict(model, [Example("b", "2")], [100])))  # fmt: skip
                await asyncio.sleep(0)
        assert refused.value.headers == {"retry-after": "1"}
        await asyncio.gather(*tasks)
        batcher.require_room()
        batcher.stop()
        return taken

    assert 10 <= asyncio.run(main()) <= 40  # 17 in a third of a second


def test_small_batches_do_not_tell_how_long_many_texts_wait(predictor):
    async def main():
        batcher = Batcher(Limits(timeout=1.0, batch_tokens=1_000), Meters())
        batcher.start()
        model = Model("quick", Noted(predictor))
        for _ in range(30):
            await batcher.predict(model, [Example("a", "1")], [1])  # a few hundred tokens a second
        batch = [Example("b", "2")] * 100
        return len(await batcher.predict(model, batch, [20] * 100)), batcher.stop()

    assert asyncio.run(main())[0] == 100
