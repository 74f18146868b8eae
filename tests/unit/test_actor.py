from __future__ import annotations

import asyncio
import threading

import pytest

from perdure.actor import acting, acting_as
from perdure.errors import InvalidName


def test_the_actor_is_named_inside_the_block_only():
    with acting_as("ada"):
        assert acting.get() == "ada"
        with acting_as("job"):
            assert acting.get() == "job"
        assert acting.get() == "ada"
    assert acting.get() is None


def test_the_actor_follows_tasks_and_to_thread_and_not_a_plain_thread():
    seen = []

    async def work():
        seen.append(acting.get())
        seen.append(await asyncio.to_thread(acting.get))

    async def main():
        with acting_as("ada"):
            await asyncio.create_task(work())
            thread = threading.Thread(target=lambda: seen.append(acting.get()))
            thread.start()
            thread.join()

    asyncio.run(main())
    assert seen == ["ada", "ada", None]


def test_an_actor_that_no_table_can_hold_is_refused():
    with pytest.raises(InvalidName), acting_as(""):
        pass
