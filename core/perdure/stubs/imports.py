"""What a generated module imports, and what it calls that."""

from __future__ import annotations

import builtins
import re
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

import attrs

from perdure.stubs.layout import WIDTH, camel, laid_out

if TYPE_CHECKING:
    from collections.abc import Iterable

TYPING = ("TYPE_CHECKING", "Any", "Literal", "Never", "Protocol", "Self", "TypeAlias", "TypedDict", "TypeVar", "overload")
"""What is imported at run time, as far as it is used."""

FACES = {
    "collections.abc": ("Callable", "Mapping"),
    "contextlib": ("AbstractAsyncContextManager", "AbstractContextManager"),
    "datetime": ("datetime",),
    "perdure": (
        "AsyncField",
        "AsyncTenantView",
        "AsyncTransaction",
        "AsyncWatch",
        "Change",
        "ChangeSet",
        "Entry",
        "Field",
        "StatusSpec",
        "TenantView",
        "Watch",
    ),
    "perdure.lock.protocol": ("HeldLock",),
    "sqlalchemy": ("Connection",),
    "sqlalchemy.ext.asyncio": ("AsyncConnection", "AsyncSession"),
    "sqlalchemy.orm": ("Session",),
}
"""What the two faces are described with; under these names, always."""

TAKEN = {*TYPING, *vars(builtins), *(name for names in FACES.values() for name in names)}
"""Names that nothing else can have."""


@attrs.define
class Imports:
    """The classes that a generated module needs.

    Nobody knows what each is called before all are known. So the source is generated twice: `settle` between the two decides.

    Attributes:
        wanted: The modules that have a class of a name, by the name.
        own: Names that the generated module defines.
        called: What a class is called where it is not by its name.
    """

    wanted: dict[str, set[str]] = attrs.field(factory=lambda: defaultdict(set))
    own: set[str] = attrs.field(factory=set)
    called: dict[tuple[str, str], str] = attrs.field(factory=dict)

    def define(self, name: str) -> str:
        """Take a name for something that the generated module defines, and return it; a longer one where it is taken."""
        while name in self.own:
            name += "_"
        self.own.add(name)
        return name

    def name_of(self, module: str, name: str) -> str:
        """Import a class, and return what it is called."""
        if name in FACES.get(module, ()):
            return name
        self.wanted[name].add(module)
        return self.called.get((module, name), name)

    def settle(self) -> None:
        """Decide what everything is called: by its name, unless that is taken or two have it."""
        taken = {*TAKEN, *self.own, *(name for name, modules in self.wanted.items() if len(modules) == 1)}
        for name, modules in sorted(self.wanted.items()):
            for module in sorted(modules):
                if len(modules) == 1 and name not in TAKEN | self.own:
                    continue
                called = f"{camel(module)}{name[0].upper()}{name[1:]}"
                while called in taken:
                    called += "_"
                taken.add(called)
                self.called[module, name] = called

    def text(self, body: str) -> str:
        """Return the import statements that a body needs."""
        used = set(re.findall(r"\w+", body))
        plain = {module: [each for each in names if each in used] for module, names in FACES.items()}
        aliased: dict[str, list[str]] = defaultdict(list)
        for name, modules in self.wanted.items():
            for module in modules:
                if called := self.called.get((module, name)):
                    aliased[module].append(f"{name} as {called}")
                else:
                    plain.setdefault(module, []).append(name)
        at_run_time = [name for name in TYPING if name in used or name == "TYPE_CHECKING"]
        lines = [statement("", "typing", at_run_time), "", "if TYPE_CHECKING:"]
        of_library: dict[bool, list[str]] = {True: [], False: []}
        for module in sorted({*plain, *aliased}, key=str.lower):
            each_alone = [[alias] for alias in sorted(aliased[module])]
            statements = [statement("    ", module, names) for names in (plain.get(module, []), *each_alone) if names]
            of_library[module.partition(".")[0] in sys.stdlib_module_names] += statements
        return "\n".join([*lines, *of_library[True], "", *of_library[False]])


def statement(indent: str, module: str, names: Iterable[str]) -> str:
    """Return an import statement."""
    listed = sorted(names, key=order)
    line = f"{indent}from {module} import {', '.join(listed)}"
    return line if len(line) <= WIDTH else laid_out(f"from {module} import ", listed, "", indent=indent)


def order(name: str) -> tuple[int, str, str]:
    """Return where a name stands among those that are imported: constants first, then classes, then functions."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name.lower(), name
