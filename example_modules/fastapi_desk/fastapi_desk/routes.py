"""The endpoints of every module: its status by name, and the stream of its changes."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from fastapi_desk.asking import ScopeAskedFor, SeenVersion
from fastapi_desk.events import Following
from fastapi_desk.problems import PROBLEMS
from fastapi_desk.showing import Given, Shown, default, shown

modules = APIRouter(prefix="/modules/{module}", responses=PROBLEMS)


@modules.get("/status/{name}")
async def read(scope: ScopeAskedFor, name: str, response: Response) -> Shown:
    """Return a value or its default, with its version as ETag; a default has version 0."""
    entry = await scope.status.entry(name)
    response.headers["ETag"] = f'"{entry.version if entry else 0}"'
    if entry is not None:
        return shown(entry)
    return default(name, None if scope.spec.fields[name].secret else await scope.status.get(name))


@modules.put("/status/{name}")
async def write(scope: ScopeAskedFor, name: str, given: Given, seen: SeenVersion, response: Response) -> Shown:
    """Store a value; with If-Match only if it still has that version."""
    if seen is None:
        entry = await scope.status.set(name, given.value, reason=given.reason)
    else:
        entry = await scope.status.compare_and_set(name, given.value, version=seen, reason=given.reason)
    response.headers["ETag"] = f'"{entry.version}"'
    return shown(entry)


@modules.get("/events", response_class=EventSourceResponse)
async def events(following: Following) -> AsyncIterator[ServerSentEvent]:
    """Tell of every change of a module, from now on, or from where the client was when it was last here."""
    async for event in following:
        yield event
