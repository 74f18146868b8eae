"""What type checkers know; every line must satisfy mypy --strict and pyright."""

from __future__ import annotations

from typing import Any, assert_type

import attrs

from perdure import App, Change, ChangeSet, Entry, Field, Leftover, ModuleStatus, Scope, StatusSpec, field, hookimpl


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


STATUS = StatusSpec("typed", Record, record_version=2, upgrades={"visits": {1: lambda data: data + 1}}, formerly="untyped")
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
    assert_type(visits.compare_and_set(4, version=1), Entry[int])
    assert_type(visits.revert(1), Entry[int] | None)
    assert_type(visits.history(limit=3), list[Change])
    assert_type(status.set_many({"visits": 1}), ChangeSet)
    assert_type(status.set_many({"visits": 1})["visits"], Entry[Any] | None)
    assert_type(status.history("visits", before=3), list[Change])
    assert_type(status.watch("visits").cursors, dict[str, int])
    assert_type(app.watch().cursors, dict[str, dict[str, int]])
    with status.watch(since={"visits": 1}) as watch:
        assert_type(watch.take(timeout=0.5), Change | None)
        for change in watch:
            assert_type(change, Change)
    assert_type(app.leftovers(), list[Leftover])
    assert_type(status.field(lambda record: record.user).get(), User | None)
    assert_type(status.get("enable"), Any)


with App.open("sqlite://") as opened:
    assert_type(opened, App)
