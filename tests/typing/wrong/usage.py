"""What type checkers refuse: each line that ends in `# wrong` must be an error to mypy --strict and to pyright."""

from __future__ import annotations

import attrs

import perdure
from perdure import App, StatusSpec


@attrs.frozen
class Record:
    enable: bool
    visits: int = 0


STATUS = StatusSpec("typed", Record)


def use(app: App) -> None:
    status = app.scope(STATUS).status
    status.current.enabled  # wrong
    status.current.visits = 3  # wrong
    status.field(lambda record: record.visit)  # wrong
    status.field(lambda record: record.visits).set("three")  # wrong
    status.field(lambda record: record.visits).update(lambda number: str(number))  # wrong
    status.field(lambda record: record.enable).get().bit_length()  # wrong
    status.load().enabled  # wrong
    status.field(lambda record: record.visits).compare_and_set("three", version=1)  # wrong
    status.compare_and_set("visits", 3)  # wrong
    status.watch(since={1: "visits"})  # wrong
    app.watch(since={"visits": 1})  # wrong
    app.scope(3)  # wrong
    App.open("sqlite://", durability="ful")  # wrong
    App.open("sqlite://", on_plugin_failure="ignore")  # wrong
    StatusSpec("typed", Record())  # wrong
    perdure.Ap  # wrong
