"""The application: one AsyncApp and one watcher, from the start of the process to its end."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType
from typing import Any

from fastapi import Depends, FastAPI

from fastapi_desk import leave
from fastapi_desk.asking import acting
from fastapi_desk.events import Feed
from fastapi_desk.problems import answer
from fastapi_desk.routes import modules
from perdure import AsyncApp, PerdureError


def create_app(url: str | None = None) -> FastAPI:
    """Return the application.

    Args:
        url: The database; else `PERDURE_URL`.
    """

    @asynccontextmanager
    async def lifespan(web: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with AsyncApp.open(url, actor="web") as app, app.watch() as watch, asyncio.TaskGroup() as tasks:
            feed = Feed(watch)
            tasks.create_task(feed.run())
            web.include_router(leave.routes(app.families))  # here, since plugins add codes
            with on_shutdown(watch.close):
                yield {"perdure": app, "feed": feed}
            watch.close()

    web = FastAPI(title="Desk", lifespan=lifespan, dependencies=[Depends(acting)])
    web.add_exception_handler(PerdureError, answer)
    web.include_router(modules)
    return web


@contextmanager
def on_shutdown(tell: Callable[[], None]) -> Iterator[None]:
    """Call a function in the loop as soon as the process is asked to end.

    A server first waits for its responses to end, and a stream has no end, and only then tells the lifespan.
    """
    loop = asyncio.get_running_loop()
    try:
        before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

        def asked(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(tell)
            server = before[signal.Signals(number)]
            if callable(server):
                server(number, frame)

        for each in before:
            signal.signal(each, asked)
    except ValueError:  # not the main thread, as in a TestClient: nobody sends it signals
        yield
        return
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
