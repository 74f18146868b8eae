"""What type checkers know; every line must satisfy mypy --strict and pyright."""

from __future__ import annotations

from typing import Any, assert_type

import attrs

from perdure import App, Entry, Field, ModuleStatus, Scope, StatusSpec, field, hookimpl


@attrs.frozen
class User:
    name: str
    age: int


@attrs.frozen(kw_only=True)
class Record:
    enable: bool
    user: User
    visits: int = 0
    password: str = field(secret=True, default="")
    batch: int = field(default=1, validator=attrs.validators.ge(1), description="How many at once")


STATUS = StatusSpec("typed", Record)
assert_type(STATUS, StatusSpec[Record])


@hookimpl
def perdure_status_specs() -> list[StatusSpec[Record]]:
    return [STATUS]


def use(app: App) -> None:
    assert_type(app.scope(STATUS), Scope[Record])
    assert_type(app.scope("typed"), Scope[Any])
    status = app.scope(STATUS).status
    assert_type(status, ModuleStatus[Record])
    assert_type(status.current.enable, bool)
    assert_type(status.current.user.age, int)
    assert_type(status.load(), Record)
    assert_type(status.field(lambda record: record.visits), Field[int])
    visits = status.field(lambda record: record.visits)
    assert_type(visits.get(), int | None)
    assert_type(visits.get("none"), int | str)
    assert_type(visits.required(), int)
    assert_type(visits.set(3), Entry[int])
    assert_type(visits.update(lambda number: number + 1), Entry[int])
    assert_type(visits.set(3).value, int)
    assert_type(status.field(lambda record: record.user).get(), User | None)
    assert_type(status.get("enable"), Any)


with App.open("sqlite://") as opened:
    assert_type(opened, App)
