"""Every test here runs on every store."""

from __future__ import annotations

from types import ModuleType

import attrs
import pytest

from perdure import App, StatusSpec, field, hookimpl


@attrs.frozen
class User:
    name: str
    age: int


@attrs.frozen
class Training:
    enable: bool
    user: User
    visits: int = 0
    tags: list[str] = attrs.field(factory=list)
    limits: dict[str, int] = attrs.field(default={"day": 3})
    password: str = field(secret=True, default="")
    renamed: int = field(stored_as="former", default=1)
    size: int = field(default=5, validator=attrs.validators.ge(1))

    @property
    def greeting(self) -> str:
        return f"Hello {self.user.name}"

    def older(self, years: int) -> int:
        return self.user.age + years


@attrs.frozen
class Course:
    enable: bool


TRAINING = StatusSpec("training-student", Training)
COURSE = StatusSpec("demo-course", Course)


def plugin(*specs: StatusSpec, name: str = "contract_plugin") -> ModuleType:
    """A plugin object that declares these specs."""
    made = ModuleType(name)

    @hookimpl
    def perdure_status_specs():
        return list(specs)

    made.perdure_status_specs = perdure_status_specs
    return made


@pytest.fixture(params=["file", "memory"])
def url(request, tmp_path):
    return "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'app.db'}"


@pytest.fixture
def open_app(url):
    """Opens Apps on this test's store with its two modules, and closes them."""
    opened = []

    def open_one(**options):
        app = App.open(url, plugins=[plugin(TRAINING, COURSE)], **options)
        opened.append(app)
        return app

    yield open_one
    for app in opened:
        app.close()


@pytest.fixture
def app(open_app):
    return open_app()


@pytest.fixture
def status(app):
    return app.scope("training-student").status
