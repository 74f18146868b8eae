from __future__ import annotations

import ast
import enum
import inspect
import subprocess
import sys
from decimal import Decimal
from types import ModuleType
from typing import Annotated, Any, Generic, Literal, TypeVar

import attrs
import pytest

from perdure import AsyncModuleStatus, AsyncScope, ModuleStatus, Scope, StatusSpec
from perdure.plugins.registry import Registry
from perdure.stubs.comparing import says_the_same
from perdure.stubs.source import stubs

T = TypeVar("T")


@attrs.frozen
class User:
    name: str


@attrs.frozen
class Box(Generic[T]):
    inside: T


@attrs.frozen
class Desk:
    enable: bool
    user: User
    visits: int = 0


def written(*specs):
    return stubs(Registry.of(*specs))


def of_types(monkeypatch, **types):
    """What is written for a record of such types, which is importable."""
    made = attrs.make_class("Made", {name: attrs.field(type=each) for name, each in types.items()})
    made.__module__ = __name__
    monkeypatch.setattr(sys.modules[__name__], "Made", made, raising=False)
    return written(StatusSpec("made", made))


@pytest.fixture
def here(monkeypatch):
    """This module, as one that can be imported by a name of its own."""
    module = ModuleType("somewhere.deep")
    monkeypatch.setitem(sys.modules, "somewhere.deep", module)

    def put(cls):
        cls.__module__, cls.__qualname__ = "somewhere.deep", cls.__name__
        setattr(module, cls.__name__, cls)
        return cls

    return put


def test_the_same_modules_have_the_same_source_in_whatever_order_they_come():
    one, other = StatusSpec("front-desk", Desk), StatusSpec("back-desk", Desk)
    assert written(one, other) == written(other, one)
    assert written(one, other).modules == ("back-desk", "front-desk")


def test_names_of_one_type_share_their_overloads(monkeypatch):
    text = of_types(monkeypatch, first=int, second=int).text
    assert 'def get(self, name: Literal["first", "second"]) -> int | None: ...' in text
    assert "@overload\n    def set" not in text  # which a checker would refuse of a single one


@pytest.mark.parametrize(
    ("annotation", "spelt"),
    [
        (int, "int"),
        (type(None), "None"),
        (Any, "Any"),
        (int | None, "int | None"),
        (list, "list[Any]"),
        (dict, "dict[str, Any]"),
        (tuple, "tuple[Any, ...]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (tuple[()], "tuple[()]"),
        (list[int | str], "list[int | str]"),
        (Annotated[int, object()], "int"),
        (Literal["a", 1, True], 'Literal["a", 1, True]'),
        (Literal["it's", 'a "b"'], 'Literal["it\'s", \'a "b"\']'),
        (Decimal, "Decimal"),
        (Box[int], "Box[int]"),
    ],
)
def test_a_type_is_spelt_as_a_checker_reads_it(monkeypatch, annotation, spelt):
    found = of_types(monkeypatch, name=annotation)
    assert not found.warnings
    tree = ast.parse(found.text)
    values = next(node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "MadeValues")
    assert ast.literal_eval(values.value.args[1]) == {"name": spelt}


def test_a_class_that_nobody_can_import_is_any_and_is_told_of():
    @attrs.frozen
    class Local:
        name: str

    class Shade(enum.Enum):
        DARK = 1

    record = attrs.make_class("Unfound", {"user": attrs.field(type=list[Local]), "shade": attrs.field(type=Literal[Shade.DARK])})
    found = written(StatusSpec("made", record))
    assert found.warnings == (
        "made: user: Any stands for Local, which cannot be imported",
        "made: shade: Any stands for Literal[<Shade.DARK: 1>], which cannot be imported",
        "made: Any stands for Unfound, which cannot be imported",
    )
    assert "# made: user: Any stands for Local, which cannot be imported.\n" in found.text
    assert '"user": "list[Any]"' in found.text
    assert "ScopeOf[MadeModuleStatus, Any]" in found.text
    compile(found.text, "app_status.py", "exec")


def test_two_classes_of_one_name_are_told_apart_and_one_of_a_name_that_is_taken_has_another(here, monkeypatch):
    other, entry = here(attrs.make_class("User", ["age"])), here(attrs.make_class("Entry", ["at"]))
    text = of_types(monkeypatch, one=User, other=other, entry=entry).text
    called = "".join(part.capitalize() for part in __name__.replace("_", ".").split("."))
    assert f"from {__name__} import User as {called}User" in text.replace("(\n        ", "").replace(",\n    )", "")
    assert "from somewhere.deep import Entry as SomewhereDeepEntry" in text
    assert "from somewhere.deep import User as SomewhereDeepUser" in text
    assert '"other": "SomewhereDeepUser"' in text


def test_modules_of_which_the_names_look_alike_have_classes_of_their_own():
    names = ("a-b", "a_b", "1 é", "foo", "async-foo")
    text = written(*(StatusSpec(name, Desk) for name in names)).text
    classes = [node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    assert len(classes) == len(set(classes))
    assert {"ABModuleStatus", "AB2ModuleStatus", "Module1ModuleStatus"} <= set(classes)
    assert len(classes) == 4 + 2 * len(names)  # in two faces


def test_without_any_module_it_is_a_module_all_the_same():
    found = written()
    assert found.modules == ()
    compile(found.text, "app_status.py", "exec")


@pytest.mark.parametrize("width", [79, 88, 130])
def test_a_formatter_leaves_it_as_it_is(width, tmp_path):
    (tmp_path / "app_status.py").write_text(written(StatusSpec("front-desk", Desk)).text, "utf-8")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", f"--line-length={width}", "app_status.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("ModuleStatus", ModuleStatus),
        ("ScopeOf", Scope),
        ("AsyncModuleStatus", AsyncModuleStatus),
        ("AsyncScopeOf", AsyncScope),
    ],
)
def test_what_is_typed_is_what_there_is(ours, theirs):
    """Each face's classes have every public method, with its parameters, and no other."""
    inner = {"rows", "bound", "of_age", "on", "undone", "together", "entries_of", "field_named", "kept_keys", "seen"}
    inner |= {"tenant", "declared"}
    text = written(StatusSpec("front-desk", Desk)).text.replace("FrontDeskModuleStatus", "ModuleStatus")
    classes = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
    shared = ours.replace("ModuleStatus", "StatusOf")
    methods = {each.name: each for name in {ours, shared} for each in classes[name].body if not isinstance(each, ast.Expr)}
    expected = {name for name, each in inspect.getmembers(theirs) if not name.startswith("_") and is_call(each)} - inner
    expected |= {"__contains__"} if ours == "ModuleStatus" else {"spec", "status"} if ours.endswith("ScopeOf") else set()
    assert set(methods) == expected
    for name, method in methods.items():
        if not isinstance(there := inspect.getattr_static(theirs, name), property) and callable(there):
            assert isinstance(method, ast.AsyncFunctionDef) == inspect.iscoroutinefunction(there), name
            taken = [each.arg for each in (*method.args.args, *method.args.kwonlyargs)]
            assert sorted(taken) == sorted(set(inspect.signature(there).parameters) - {"names"}), name
            assert [each.arg for each in method.args.kwonlyargs if each] == [
                each.name for each in inspect.signature(there).parameters.values() if each.kind is each.KEYWORD_ONLY
            ], name


def is_call(member):
    return isinstance(member, property) or inspect.isfunction(member)


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        (lambda text: text, True),
        (lambda text: text.replace("    ", "  "), True),
        (lambda text: text.replace("from perdure.lock.protocol import HeldLock\n", "", 1), False),
        (lambda text: f"# black\n{text}", True),
        (lambda text: text.replace('"visits"', '"visit"'), False),
        (lambda text: text.replace("-> int:", "-> str:"), False),
        (lambda text: f"{text}(", False),
        (lambda text: "", False),
    ],
)
def test_a_file_says_the_same_however_it_is_laid_out(changed, same):
    text = written(StatusSpec("front-desk", Desk)).text
    assert says_the_same(changed(text), text) is same


def test_the_order_of_imports_is_a_matter_of_layout():
    one = "if TYPE_CHECKING:\n    from a import b, c\n    from d import e\n\nx = 1\n"
    assert says_the_same("if TYPE_CHECKING:\n    from d import e\n    from a import c\n    from a import b\nx = 1\n", one)
    assert not says_the_same("if TYPE_CHECKING:\n    from d import e\n    from a import c\nx = 1\n", one)
