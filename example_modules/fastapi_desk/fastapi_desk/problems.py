"""What a client is told when perdure refuses: one table, and problem details as RFC 9457 has them."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from perdure import errors

logger = logging.getLogger(__name__)

STATUSES: Mapping[type[Exception], int] = {
    errors.InvalidArgument: 400,
    errors.InvalidName: 400,
    errors.UnknownModule: 404,
    errors.UnknownStatusName: 404,
    errors.StatusNotSet: 404,
    errors.HistoryNotKept: 404,
    errors.StatusPinned: 409,
    errors.TransitionNotAllowed: 409,
    errors.VersionConflict: 412,
    errors.InvalidCode: 422,
    errors.UnknownStatusCode: 422,
    errors.ValueRefused: 422,
    errors.AppClosed: 503,
    errors.Conflict: 503,
    errors.LockUnavailable: 503,
    errors.StoreReadOnly: 503,
    errors.StoreUnavailable: 503,
    errors.StoreFull: 507,
    errors.PerdureError: 500,
}
"""The HTTP status of each error, and of what is derived from it. Of what is 500 or above, clients learn no more."""

INTERNAL = 500


class Problem(BaseModel):
    """What went wrong."""

    title: str
    status: int
    detail: str | None = None


PROBLEMS: dict[int | str, dict[str, Any]] = {status: {"model": Problem} for status in (400, 404, 409, 412, 503)}
"""What every endpoint may answer, for OpenAPI."""


async def answer(_request: Request, error: Exception) -> JSONResponse:
    """Answer with what is wrong; what is not the client's business goes into the log."""
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    if status >= INTERNAL:
        logger.error("%s", error, exc_info=error)
    problem = Problem(title=type(error).__name__, status=status, detail=str(error) if status < INTERNAL else None)
    return JSONResponse(problem.model_dump(exclude_none=True), status, media_type="application/problem+json")
