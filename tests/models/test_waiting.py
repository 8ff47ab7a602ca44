"""Are jobs taken in the order they were put, by as many threads as it takes, and all of them before the end?"""

from __future__ import annotations

import threading
from typing import Any

from turngraph.models.waiting import Waiting


def jobs(*names: str) -> Any:
    return list(names)


def test_what_was_put_is_taken_in_its_order_and_in_portions():
    waiting = Waiting()
    waiting.put(jobs("a", "b", "c"))
    waiting.put(jobs("d"))
    assert len(waiting) == 4
    assert [waiting.take(3), waiting.take(3)] == [["a", "b", "c"], ["d"]]


def test_what_one_thread_leaves_another_takes():
    waiting, taken = Waiting(), list[Any]()
    threads = [threading.Thread(target=lambda: taken.append(waiting.take(2))) for _ in range(3)]
    for thread in threads:
        thread.start()
    waiting.put(jobs("a", "b", "c", "d", "e", "f"))
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == [["a", "b"], ["c", "d"], ["e", "f"]]


def test_closed_it_gives_what_is_left_and_then_nothing():
    waiting, taken = Waiting(), list[Any]()
    waiting.put(jobs("a"))
    waiting.close()
    assert [waiting.take(9), waiting.take(9)] == [["a"], []]
    sleeping = Waiting()
    thread = threading.Thread(target=lambda: taken.append(sleeping.take(9)))
    thread.start()
    sleeping.close()
    thread.join(30)
    assert taken == [[]]
