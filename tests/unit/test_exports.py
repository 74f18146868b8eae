from __future__ import annotations

import ast
import inspect
from pathlib import Path

import perdure
from perdure import errors

SOURCE = Path(perdure.__file__)


def test_every_public_name_can_be_imported():
    for name in perdure.__all__:
        assert getattr(perdure, name) is not None


def test_what_is_exported_what_checkers_see_and_where_it_comes_from_agree():
    tree = ast.parse(SOURCE.read_text("utf-8"))
    for_checkers = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("perdure")
        for alias in node.names
    }
    assert for_checkers == perdure.EXPORTS
    assert perdure.__all__ == sorted(perdure.EXPORTS)


def test_every_error_is_exported():
    raised = {name for name, each in vars(errors).items() if inspect.isclass(each) and issubclass(each, errors.PerdureError)}
    assert raised <= set(perdure.__all__)


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(perdure, "nothing_of_that_name")
    assert "App" in dir(perdure)
