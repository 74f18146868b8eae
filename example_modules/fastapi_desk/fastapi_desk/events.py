"""Server-sent events: one watcher sees every change, and each client is told of those of its module."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Header, Request
from fastapi.sse import ServerSentEvent
from pydantic import Json, NonNegativeInt

from fastapi_desk.asking import ScopeAskedFor
from fastapi_desk.showing import shown_change
from perdure import AsyncScope, AsyncWatch, HistoryNotKept, HistoryTruncated

PATIENCE = 1000
"""How many changes wait for a slow client; it is sent away then, and comes back for the rest."""


class Told(NamedTuple):
    """What clients are told of a name: that it has changed; or that changes are gone, so that it is to be read anew."""

    module: str
    name: str
    version: int
    event: str
    data: str


async def next_of(watch: AsyncWatch[Any]) -> Told | None:
    """Return what a watch tells next, or None when it has ended."""
    try:
        change = await watch.take()
    except HistoryTruncated as gone:
        reached = gone.reached
        if reached is None:
            reached = gone.since + 1 if gone.oldest is None else gone.oldest - 1
        return Told(gone.module, gone.name, reached, "gone", json.dumps({"module": gone.module, "name": gone.name}))
    if change is None:
        return None
    return Told(change.module, change.name, change.version, "change", json.dumps(shown_change(change)))


class Feed:
    """Hands what one watcher sees to every client that is there.

    Args:
        watch: The watcher, of every module.
    """

    def __init__(self, watch: AsyncWatch[dict[str, dict[str, int]]]) -> None:
        self.watch = watch
        self.clients: dict[asyncio.Queue[Told | None], str] = {}

    async def run(self) -> None:
        """Tell the clients, until the watch is closed; then their streams end."""
        while (told := await next_of(self.watch)) is not None:
            for client, module in list(self.clients.items()):
                if module == told.module:
                    client.put_nowait(told)
                    if client.qsize() >= PATIENCE:
                        self.leave(client)
        for client in list(self.clients):
            self.leave(client)

    def leave(self, client: asyncio.Queue[Told | None]) -> None:
        """Tell a client nothing more."""
        if self.clients.pop(client, None):
            client.put_nowait(None)

    @asynccontextmanager
    async def following(
        self, scope: AsyncScope[Any], since: Mapping[str, int] | None
    ) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
        """Follow a module, and give the events of a client.

        Args:
            scope: The module.
            since: The versions that the client was told of last, by name; None where it was told of nothing.
        """
        begin = self.watch.cursors.get(scope.module)
        if begin is None:
            raise HistoryNotKept("", scope.module, "")
        client: asyncio.Queue[Told | None] = asyncio.Queue()
        self.clients[client] = scope.module
        if self.watch.ended:
            self.leave(client)
        seen = {name: version if since is None else since.get(name, 0) for name, version in begin.items()}
        try:
            async with nullcontext() if since is None else scope.status.watch(since=seen) as missed:
                yield events(in_order(missed, begin, client), seen)
        finally:
            self.leave(client)


async def in_order(
    missed: AsyncWatch[dict[str, int]] | None, begin: Mapping[str, int], client: asyncio.Queue[Told | None]
) -> AsyncIterator[Told]:
    """Yield what a client has missed, up to where what is in its queue begins, and then that."""
    if missed is not None:
        ahead = sum(missed.cursors[name] > version for name, version in begin.items())  # as after a backup was restored
        while ahead > 0 or any(missed.cursors[name] < version for name, version in begin.items()):
            if (told := await next_of(missed)) is None:
                return
            yield told
            ahead -= 1
        missed.close()
    while (told := await client.get()) is not None:
        yield told


async def events(tellings: AsyncIterator[Told], seen: dict[str, int]) -> AsyncIterator[ServerSentEvent]:
    """Yield what a client has not seen. Each id says what it has seen by then: it goes on from there, on any server."""
    yield ServerSentEvent(id=json.dumps(seen))
    async for told in tellings:
        if told.event == "gone" or told.version > seen[told.name]:  # what is gone may be so because a backup was restored
            seen[told.name] = told.version
            yield ServerSentEvent(event=told.event, raw_data=told.data, id=json.dumps(seen))


async def following(
    request: Request,
    scope: ScopeAskedFor,
    last_event_id: Annotated[Json[dict[str, NonNegativeInt]] | None, Header()] = None,
) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
    """Give a client its events, from where it was when it was last here."""
    feed: Feed = request.state.feed
    async with feed.following(scope, last_event_id) as told:
        yield told


Following = Annotated[AsyncIterator[ServerSentEvent], Depends(following)]
