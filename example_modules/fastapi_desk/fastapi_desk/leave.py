"""The endpoints of one module, with the types of its record and the status codes of all plugins."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from fastapi_desk.asking import scope_of
from fastapi_desk.problems import PROBLEMS
from fastapi_desk.showing import described
from perdure import AsyncScope, Families, StatusCode
from perdure_user import UserStatuses
from staff_leave import STATUS, StaffLeaveStatus

Leave = Annotated[AsyncScope[StaffLeaveStatus], Depends(scope_of(STATUS))]


def routes(families: Families) -> APIRouter:
    """Return the endpoints.

    Args:
        families: What plugins brought; they are known once the App is open.
    """
    router = APIRouter(prefix="/leave", responses=PROBLEMS)
    users = families[UserStatuses]

    class Deputy(BaseModel):
        """Who stands in for everybody."""

        status: Annotated[StatusCode, users, described(users)]

    class Record(Deputy):
        """What the module keeps."""

        days: int

    @router.get("")
    async def read(scope: Leave) -> Record:
        """Return the whole record, as it was at one moment."""
        record = await scope.status.load()
        return Record(status=record.deputy, days=record.days)

    @router.put("/deputy")
    async def move(scope: Leave, deputy: Deputy) -> Deputy:
        """Move the deputy, if the lifecycle of users allows it."""
        entry = await scope.status.field(lambda record: record.deputy).set(deputy.status)
        return Deputy(status=entry.value)

    @router.post("/days")
    async def grant(scope: Leave, more: int) -> int:
        """Grant more days; of any number of clients that do at once, none is lost."""
        entry = await scope.status.field(lambda record: record.days).update(lambda days: days + more)
        return entry.value

    return router
