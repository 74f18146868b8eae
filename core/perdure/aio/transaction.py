"""A transaction of the App's own in the async face: on one thread from its beginning to its end."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from perdure.aio.threads import WORKERS, finished

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy import Connection

    from perdure.app import App

T = TypeVar("T")


class AsyncTransaction:
    """A connection to the App's database with a transaction, for `status.within(…)`; got from `AsyncApp.begin()`."""

    def __init__(self, thread: ThreadPoolExecutor, connection: Connection) -> None:
        """Work on a connection, in the thread that began its transaction."""
        self.thread = thread
        self.connection = connection

    async def run_sync(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function of yours on the connection, in the transaction's thread, and return what it does.

        Args:
            function: Called with the `Connection` and the arguments, as in `lambda connection: connection.execute(…).all()`.
                What it returns must not need the connection any more.
            arguments: What else it is called with.
        """
        return await finished(self.thread.submit(copy_context().run, function, self.connection, *arguments))


class Begun:
    """How many transactions of an App's async face run at once; more wait for one to end, without a thread."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.places = asyncio.Semaphore(WORKERS)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncTransaction]:
        """Return a context manager; see `AsyncApp.begin`."""
        async with self.places:
            thread = ThreadPoolExecutor(1, thread_name_prefix="perdure-async-transaction")
            context = self.app.begin()
            try:
                connection = await entered(thread, context)
                try:
                    yield AsyncTransaction(thread, connection)
                except BaseException as error:
                    if not await finished(thread.submit(context.__exit__, type(error), error, error.__traceback__)):
                        raise
                else:
                    await finished(thread.submit(context.__exit__, None, None, None))
            finally:
                thread.shutdown(wait=False)  # what it ran has ended


async def entered(thread: ThreadPoolExecutor, context: Any) -> Connection:
    """Enter a context in a thread; where the caller was cancelled meanwhile, leave it again."""
    entering = thread.submit(context.__enter__)
    try:
        connection: Connection = await finished(entering)
    except asyncio.CancelledError as error:
        if not entering.cancelled() and entering.exception() is None:
            await finished(thread.submit(left, context, error))
        raise
    return connection


def left(context: Any, error: BaseException) -> None:
    """Leave a context as an error does."""
    context.__exit__(type(error), error, error.__traceback__)
