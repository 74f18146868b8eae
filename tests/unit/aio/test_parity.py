"""The two faces have the same members with the same signatures: what the reference lists is the measure."""

from __future__ import annotations

import inspect
import re
import typing
from pathlib import Path

import pytest

from perdure.aio.app import AsyncApp
from perdure.aio.field import AsyncField
from perdure.aio.scope import AsyncScope
from perdure.aio.status import AsyncModuleStatus
from perdure.aio.tenant import AsyncTenantView
from perdure.aio.watch import AsyncWatch
from perdure.app import App
from perdure.scope.field import Field
from perdure.scope.scope import Scope
from perdure.scope.status import ModuleStatus
from perdure.scope.watch import Watch
from perdure.tenant import TenantView

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "index.md"

FACES = {
    App: AsyncApp,
    TenantView: AsyncTenantView,
    Scope: AsyncScope,
    ModuleStatus: AsyncModuleStatus,
    Field: AsyncField,
    Watch: AsyncWatch,
}

RENAMED = {
    "in": "contains",  # `in` cannot be awaited
    "iterate": "__anext__",  # `async for` in place of `for`
}

MISSING = {
    "current": "an attribute cannot be awaited; `load` and `field` are typed as well",
}

UNLISTED = {"tenant_name", "module", "name"}  # public attributes that the reference tells in passing

ADDED = {
    "contains": "what `in` is in the sync face",
    "awaited": "internal: a status of the sync face, in this one",
    "make_ready": "internal: what opening does before it is done",
    "of": "internal: the name in the sync face",
    "begun": "internal: begins a watch",
}

PLAIN = {
    "open": "gives what is awaited, or entered by `async with`",
    "begin": "gives what is entered by `async with`",
    "lock": "gives what is entered by `async with`",
    "watch": "gives what is awaited, or entered by `async with`",
    "max_age": "gives a status; its calls work",
    "within": "gives a status; its calls work",
    "scope": "compiled when the App was opened",
    "scopes": "compiled when the App was opened",
    "tenant": "gives a view; its calls work",
    "field": "gives a name; its calls work",
    "acting_as": "sets a context variable",
    "metrics": "counts in memory",
    "Watch.close": "forgets, in memory",
}

TRANSLATED = (
    (r"Opening\[Self\]", "Self"),
    (r"AsyncConnection \| AsyncSession \| AsyncTransaction", "Connection | Session"),
    (r"AbstractAsyncContextManager\[AsyncTransaction\]", "AbstractContextManager[Connection]"),
    (r"\bAbstractAsync", "Abstract"),
    (r"\bAsync(?=[A-Z])", ""),
    (r"\bC_co\b", "C"),
)


def listed():
    """The members of each class, as the reference lists them."""
    found = {}
    for name, described in re.findall(r"^\| \[`(\w+)`\]\(\S+\) \| (.+) \|$", REFERENCE.read_text("utf-8"), re.MULTILINE):
        found[name] = re.findall(r"`(\w+)`", described.partition(": ")[2]) or (["iterate"] if name == "Watch" else [])
    found["Watch"].append("iterate")
    found["TenantView"] = [name for name in found["App"] if hasattr(TenantView, name)]
    return found


LISTED = listed()
EACH = [(sync, name) for sync in FACES for name in LISTED[sync.__name__]]


def own_name(sync, name):
    return {"in": "__contains__", "iterate": "__next__"}.get(name, name)


def attribute(kind, name):
    """A member of a class; of an attrs class, its attributes have no more than a name."""
    return inspect.getattr_static(kind, name)


def as_sync(annotation):
    """An annotation of the async face as the sync face has it."""
    for pattern, replacement in TRANSLATED:
        annotation = re.sub(pattern, replacement, annotation)
    return annotation


def shape(function):
    signature = inspect.signature(function)
    parameters = [(each.name, each.kind, each.default, as_sync(str(each.annotation))) for each in signature.parameters.values()]
    return parameters, as_sync(str(signature.return_annotation))


def function_of(member):
    return getattr(member, "__func__", member)


def test_the_reference_lists_members_of_every_class():
    assert all(len(LISTED[sync.__name__]) > 3 for sync in FACES)


@pytest.mark.parametrize(("sync", "name"), EACH)
def test_every_member_is_in_both_faces_with_one_signature(sync, name):
    ours = attribute(sync, own_name(sync, name))
    if name in MISSING:
        assert not hasattr(FACES[sync], name)
        return
    theirs = attribute(FACES[sync], RENAMED.get(name, name))
    if isinstance(ours, property):
        assert shape(ours.fget) == shape(theirs.fget)
    elif inspect.isfunction(function_of(ours)):
        assert shape(function_of(ours)) == shape(function_of(theirs))
        overloads = [typing.get_overloads(function_of(each)) for each in (ours, theirs)]
        assert [shape(each) for each in overloads[0]] == [shape(each) for each in overloads[1]]
    else:
        assert inspect.isdatadescriptor(theirs)  # an attribute of an attrs class


@pytest.mark.parametrize(("sync", "name"), EACH)
def test_what_touches_the_database_is_awaited(sync, name):
    if name in MISSING:
        return
    member = function_of(attribute(FACES[sync], RENAMED.get(name, name)))
    if not inspect.isfunction(member):
        assert inspect.isdatadescriptor(member)  # read in memory
        return
    plain = name in PLAIN or f"{sync.__name__}.{name}" in PLAIN
    assert inspect.iscoroutinefunction(member) is not plain


@pytest.mark.parametrize("sync", FACES)
def test_the_async_face_has_nothing_of_its_own_but_what_is_told_here(sync):
    own = {
        name
        for kind in FACES[sync].__mro__[:-1]
        if kind.__module__.startswith("perdure")
        for name, member in vars(kind).items()
        if not name.startswith("_") and (isinstance(member, property) or inspect.isfunction(function_of(member)))
    }
    known = {own_name(sync, name) for name in LISTED[sync.__name__]} | UNLISTED
    assert own - known - ADDED.keys() == set()


def test_no_exception_is_left_over():
    names = {name for _, name in EACH}
    assert MISSING.keys() | RENAMED.keys() <= names
    assert {name.rpartition(".")[2] for name in PLAIN} <= names
    assert all(any(hasattr(face, name) for face in FACES.values()) for name in ADDED)


def test_the_control_a_differing_signature_is_found():
    def ours(name: str, *, limit: int = 1) -> list[int]: ...

    async def other_name(key: str, *, limit: int = 1) -> list[int]: ...

    async def other_default(name: str, *, limit: int = 2) -> list[int]: ...

    async def other_kind(name: str, limit: int = 1) -> list[int]: ...

    async def other_result(name: str, *, limit: int = 1) -> list[str]: ...

    async def same(name: str, *, limit: int = 1) -> list[int]: ...

    assert shape(ours) == shape(same)
    assert all(shape(ours) != shape(each) for each in (other_name, other_default, other_kind, other_result))
