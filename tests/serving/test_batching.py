"""The queue: what goes together, what leaves it, and who gets which answer."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from seqtag.serving.batching import Batcher, Full, PendingRequest
from seqtag.serving.models import Answer, Extras
from seqtag.tasks.use import Given


class Echo:
    """A model whose answer is the text; it waits until it is let go, and fails at some texts."""

    def __init__(self, *, is_whole: bool = False) -> None:
        self.is_whole = is_whole
        self.go = threading.Event()
        self.batches: list[list[str]] = []

    def answers(self, given: Sequence[Given], extras: Extras) -> list[Answer]:
        texts = [one.text or "" for one in given]
        self.batches.append(texts)
        assert self.go.wait(10)
        if "bad" in texts:
            raise ValueError("bad")
        return [(f"{text}/{extras.nbest}", len(text)) for text in texts]


def go(check: Callable[..., Coroutine[Any, Any, None]], *, is_whole: bool = False, **how: Any) -> Echo:
    """Runs a check with a queue, what submits texts to it, and the model behind it."""
    model = Echo(is_whole=is_whole)
    options = {"threads": 1, "room": 10, "size": 4} | how

    async def main() -> None:
        with ThreadPoolExecutor(2) as pool:
            batcher = Batcher(pool, **options)

            def submit(*texts: str, nbest: int = 0) -> PendingRequest:
                given = [Given(text) for text in texts]
                return batcher.submit(model, given, Extras(nbest))  # type: ignore[arg-type]

            await check(batcher, submit, model)

    asyncio.run(main())
    return model


async def begun(model: Echo, batches: int) -> None:
    """Returns when so many batches have been begun."""
    async with asyncio.timeout(10):
        while len(model.batches) < batches:
            await asyncio.sleep(0.001)


def texts(found: Sequence[Answer]) -> list[str]:
    return [line for line, _ in found]


def test_what_comes_while_a_batch_is_answered_is_the_next_one() -> None:
    async def check(batcher: Batcher, submit: Any, model: Echo) -> None:
        first = submit("a")
        await begun(model, 1)
        others = [submit(*pair) for pair in ("bc", "de", "fg")]
        assert batcher.waiting == 6
        model.go.set()
        assert texts(await first.future) == ["a/0"]
        assert [texts(await one.future) for one in others] == [["b/0", "c/0"], ["d/0", "e/0"], ["f/0", "g/0"]]
        assert batcher.waiting == 0

    assert go(check).batches == [["a"], ["b", "c", "d", "e"], ["f", "g"]]


def test_all_that_has_come_at_once_is_one_batch() -> None:
    async def check(batcher: Batcher, submit: Any, model: Echo) -> None:
        model.go.set()
        await asyncio.gather(*(submit(text).future for text in "abcd"))

    assert go(check).batches == [["a", "b", "c", "d"]]


def test_a_long_request_is_divided_and_comes_back_in_order() -> None:
    async def check(batcher: Batcher, submit: Any, model: Echo) -> None:
        model.go.set()
        assert texts(await submit(*"abcdefghi").future) == [f"{letter}/0" for letter in "abcdefghi"]

    assert sorted(map(len, go(check, threads=2).batches)) == [1, 4, 4]


def test_a_document_is_never_divided() -> None:
    async def check(batcher: Batcher, submit: Any, model: Echo) -> None:
        model.go.set()
        await asyncio.gather(submit(*"ab").future, submit(*"cdefgh").future)

    assert go(check, is_whole=True).batches == [list("abcdefgh")]


def test_requests_that_want_different_answers_are_answered_apart() -> None:
    async def check(batcher: Batcher, submit: Any, model: Echo) -> None:
        model.go.set()
        jobs = [submit("a"), submit("b", nbest=2), submit("c")]
        assert [texts(await job.future) for job in jobs] == [["a/0"], ["b/2"], ["c/0"]]

    assert sorted(go(check).batches) == [["a", "c"], ["b"]]


def test_a_full_queue_refuses_and_takes_again() -> None:
    async def check(batcher: Batcher, submit: Any, model: Echo) -> None:
        first = submit("a")
        await begun(model, 1)
        second = submit(*"bcdefghij")
        with pytest.raises(Full):
            submit(*"kl")
        third = submit("k")
        assert batcher.waiting == 10
        model.go.set()
        await asyncio.gather(first.future, second.future, third.future)
        assert texts(await submit("l").future) == ["l/0"]

    go(check)


def test_sentences_of_clients_that_went_away_leave_the_queue() -> None:
    async def check(batcher: Batcher, submit: Any, model: Echo) -> None:
        first = submit("a")
        await begun(model, 1)
        gone, stays = submit(*"bcdefghij"), submit("k")
        gone.future.cancel()
        batcher.drop(gone)
        batcher.drop(gone)
        assert batcher.waiting == 1
        first.future.cancel()  # it is being answered, and nobody wants it any more
        batcher.drop(first)
        model.go.set()
        assert texts(await stays.future) == ["k/0"]
        assert batcher.waiting == 0

    assert go(check).batches == [["a"], ["k"]]


def test_only_the_guilty_request_fails() -> None:
    async def check(batcher: Batcher, submit: Any, model: Echo) -> None:
        model.go.set()
        jobs = [submit("a"), submit("b", "bad"), submit("c")]
        assert texts(await jobs[0].future) == ["a/0"]
        with pytest.raises(ValueError, match="bad"):
            await jobs[1].future
        assert texts(await jobs[2].future) == ["c/0"]

    go(check)


def test_the_rest_of_a_request_that_failed_leaves_the_queue() -> None:
    async def check(batcher: Batcher, submit: Any, model: Echo) -> None:
        failing = submit("bad", *"abcdefg")
        await begun(model, 1)
        assert batcher.waiting == 4
        model.go.set()
        with pytest.raises(ValueError, match="bad"):
            await failing.future
        assert batcher.waiting == 0
        assert await submit().future == []

    assert go(check).batches == [["bad", "a", "b", "c"]]
