"""The application, and its views."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cattrs.preconf.json import make_converter
from flask import Blueprint, Flask, Response, abort, jsonify, request

from flask_desk.extension import Perdure
from training_student import STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perdure import Entry

JSON = make_converter()

perdure = Perdure()

desk = Blueprint("desk", __name__)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the application.

    Args:
        config: What Flask's config says otherwise, such as `{"PERDURE_URL": "sqlite:///app.db"}`.
    """
    app = Flask(__name__)
    app.config.from_mapping(config)
    perdure.init_app(app)
    app.register_blueprint(desk)
    return app


@desk.get("/modules/<module>/status/<name>")
def read(module: str, name: str) -> Response:
    """Return a value or its default, with its version as ETag; a default has version 0."""
    scope = perdure.scope(module)
    entry = scope.status.entry(name)
    if entry is not None:
        return shown(entry)
    default = None if scope.spec.fields[name].secret else scope.status.get(name)
    return answer(name, default, 0)


@desk.put("/modules/<module>/status/<name>")
def write(module: str, name: str) -> Response:
    """Store a value; with If-Match only if it still has that version."""
    status, given = perdure.scope(module).status, request.get_json()
    if not isinstance(given, dict) or "value" not in given:
        abort(400, 'send {"value": …}, and "reason" if there is one')
    if not request.if_match:
        return shown(status.set(name, given["value"], reason=given.get("reason")))
    seen = re.fullmatch(r'"([0-9]{1,18})"', request.if_match.to_header())
    if seen is None:
        abort(400, 'send If-Match with the one ETag that was seen, such as "3"')
    return shown(status.compare_and_set(name, given["value"], version=int(seen[1]), reason=given.get("reason")))


@desk.post("/visits")
def visit() -> Response:
    """Count a visit; of any number at once, none is lost."""
    return shown(perdure.scope(STATUS).status.field(lambda record: record.visits).update(lambda visits: visits + 1))


def shown(entry: Entry[Any]) -> Response:
    """Answer with what is stored; a secret is masked, and what cannot be read is an error."""
    if entry.error is not None:
        raise entry.error
    return answer(entry.name, entry.shown_value(), entry.version, entry.actor)


def answer(name: str, value: object, version: int, actor: str | None = None) -> Response:
    """Answer with a value, and its version as ETag."""
    response = jsonify(name=name, value=JSON.unstructure(value), version=version, actor=actor)
    response.set_etag(str(version))
    return response
