"""What endpoints ask for: the App, a module's scope, who acts, and which version a client has seen."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from typing import Annotated, Any, TypeVar, overload

from fastapi import Depends, Header, HTTPException, Request

from perdure import AsyncApp, AsyncScope, StatusSpec

R = TypeVar("R")


async def perdure(request: Request) -> AsyncApp:
    """Return the App that the lifespan has opened. Dependencies are `async`, or FastAPI would run each in a thread."""
    app: AsyncApp = request.state.perdure
    return app


Perdure = Annotated[AsyncApp, Depends(perdure)]


@overload
def scope_of(module: StatusSpec[R]) -> Callable[[AsyncApp], Awaitable[AsyncScope[R]]]: ...
@overload
def scope_of(module: str) -> Callable[[AsyncApp], Awaitable[AsyncScope[Any]]]: ...
def scope_of(module: str | StatusSpec[Any]) -> Callable[[AsyncApp], Awaitable[AsyncScope[Any]]]:
    """Return a dependency: the scope of a module, typed where its spec is given.

    ```python
    Leave = Annotated[AsyncScope[StaffLeaveStatus], Depends(scope_of(STATUS))]
    ```
    """

    async def scope(app: Perdure) -> AsyncScope[Any]:
        return app.scope(module)

    return scope


async def scope_asked_for(app: Perdure, module: str) -> AsyncScope[Any]:
    """Return the scope of the module that the path names."""
    return app.scope(module)


ScopeAskedFor = Annotated[AsyncScope[Any], Depends(scope_asked_for)]


async def acting(app: Perdure, x_user: Annotated[str | None, Header()] = None) -> AsyncIterator[None]:
    """Name who acts, for every write of a request; a proxy that has authenticated the user sets the header."""
    with app.acting_as(x_user) if x_user else nullcontext():
        yield


async def seen_version(if_match: Annotated[str | None, Header()] = None) -> int | None:
    """Return the version that a client has seen, 0 for a default, or None where it does not say."""
    if if_match is None:
        return None
    tag = re.fullmatch(r'"([0-9]{1,18})"', if_match)
    if tag is None:
        raise HTTPException(400, 'send If-Match with the one ETag that was seen, such as "3"')
    return int(tag[1])


SeenVersion = Annotated[int | None, Depends(seen_version)]
