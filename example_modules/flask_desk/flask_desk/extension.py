"""The extension: one App for the life of a Flask application, who acts, and what clients are told of errors."""

from __future__ import annotations

import weakref
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar, overload

from flask import current_app, g, request

from perdure import App, errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask
    from flask.typing import ResponseReturnValue

    from perdure import Scope, StatusSpec

R = TypeVar("R")

STATUSES: Mapping[type[Exception], int] = {
    errors.InvalidArgument: 400,
    errors.InvalidName: 400,
    errors.UnknownModule: 404,
    errors.UnknownStatusName: 404,
    errors.StatusNotSet: 404,
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


class Perdure:
    """Perdure in a Flask application, or in several.

    ```python
    perdure = Perdure()


    def create_app():
        app = Flask(__name__)
        perdure.init_app(app)
        return app
    ```

    Args:
        app: The application, where there is one already; else `init_app` is called with it.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Open an App for a Flask application: on `PERDURE_URL` of its config, else of the environment.

        It is opened here, so that a database that is not there is told of at the start. Threads share it, and so do processes
        that are forked afterwards. It is closed with the process, or by `app.extensions["perdure"].close()`.
        """
        opened = App.open(app.config.get("PERDURE_URL"), actor=app.config.get("PERDURE_ACTOR", app.name))
        weakref.finalize(app, opened.close)
        app.extensions["perdure"] = opened
        app.before_request(begin_acting)
        app.teardown_request(end_acting)
        app.register_error_handler(errors.PerdureError, answer)

    @property
    def app(self) -> App:
        """The App of the Flask application that is running."""
        opened: App = current_app.extensions["perdure"]
        return opened

    @overload
    def scope(self, module: StatusSpec[R]) -> Scope[R]: ...
    @overload
    def scope(self, module: str) -> Scope[Any]: ...
    def scope(self, module: str | StatusSpec[Any]) -> Scope[Any]:
        """Return what belongs to one module, typed where its spec is given."""
        return self.app.scope(module)


def begin_acting() -> None:
    """Name who acts, for every write of a request; a proxy that has authenticated the user sets the header."""
    opened: App = current_app.extensions["perdure"]
    g.acting = ExitStack()
    if user := request.headers.get("X-User"):
        g.acting.enter_context(opened.acting_as(user))


def end_acting(_error: BaseException | None) -> None:
    """Forget who has acted."""
    if acting := g.pop("acting", None):
        acting.close()


def answer(error: errors.PerdureError) -> ResponseReturnValue:
    """Answer with problem details, as RFC 9457 has them; what is not the client's business goes into the log."""
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    if status >= INTERNAL:
        current_app.logger.error("%s", error, exc_info=error)
    problem = {"title": type(error).__name__, "status": status}
    detail = {"detail": str(error)} if status < INTERNAL else {}
    return {**problem, **detail}, status, {"Content-Type": "application/problem+json"}
