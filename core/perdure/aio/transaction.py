"""A transaction of the App's own in the async face: on one thread from its beginning to its end."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from perdure.aio.threads import begun, finished
from perdure.errors import TransactionRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

    from perdure.aio.threads import Threads
    from perdure.app import App

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE = 3
"""How many transactions run at once: of a pool of five connections, they leave some to the calls that they may wait for."""


class AsyncTransaction:
    """A connection to the App's database with a transaction, for `status.within(…)`; got from `AsyncApp.begin()`."""

    def __init__(self, thread: ThreadPoolExecutor, connection: Connection, shown: str) -> None:
        """Work on a connection to a database that is shown so, in the thread that began its transaction."""
        self.thread = thread
        self.connection = connection
        self.shown = shown
        self.over = False

    async def run_sync(
        self, function: Callable[Concatenate[Connection, P], T], *arguments: P.args, **named_arguments: P.kwargs
    ) -> T:
        """Run a function of yours on the connection, in the transaction's thread, and return what it does.

        Args:
            function: Called with the `Connection` and the arguments, as in `lambda connection: connection.execute(…).all()`.
                What it returns must not need the connection any more.
            arguments: What else it is called with.
            named_arguments: What it is called with by name.

        Raises:
            TransactionRefused: The transaction is over.
        """
        if self.over:
            raise TransactionRefused(self.shown, "the transaction is over. Call within(…) again, with an open one")
        return await finished(begun(self.thread, partial(function, self.connection, *arguments, **named_arguments)))


class Begun:
    """The transactions of an App's async face. So many run at once; more wait for one to end, without a thread."""

    def __init__(self, app: App, threads: Threads) -> None:
        self.app = app
        self.threads = threads
        self.places = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncTransaction]:
        """Return a context manager; see `AsyncApp.begin`."""
        if self.threads.transaction() is not None or self.threads.ended:  # refused, in the words of the sync face
            await self.threads.write(lambda: self.app.begin().__enter__())
        async with self.places:
            thread = self.threads.lend()
            try:
                async with entered(self.app.begin(), thread) as connection:
                    transaction = AsyncTransaction(thread, connection, self.app.resources.store.shown)
                    token = self.threads.inside.set(transaction)
                    try:
                        yield transaction
                    finally:
                        transaction.over = True
                        with suppress(ValueError):  # left in another task than it was entered in
                            self.threads.inside.reset(token)
            finally:
                self.threads.take_back(thread)


@asynccontextmanager
async def entered(context: AbstractContextManager[T], thread: ThreadPoolExecutor) -> AsyncIterator[T]:
    """Enter a context in a thread, and leave it there in any case."""
    had: list[T] = []
    try:
        await finished(begun(thread, lambda: had.append(context.__enter__())))
        yield had[0]
    except BaseException as error:
        if not had:
            raise
        leave = partial(context.__exit__, type(error), error, error.__traceback__)
        if not await finished(begun(thread, leave), in_any_case=True):
            raise
    else:
        await finished(begun(thread, partial(context.__exit__, None, None, None)), in_any_case=True)
