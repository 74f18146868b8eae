"""The source of a Python module that knows each installed module's names and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from perdure.stubs.faces import FACES
from perdure.stubs.imports import Imports
from perdure.stubs.layout import camel, laid_out, quoted
from perdure.stubs.module import TypedModule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perdure.plugins.registry import Registry
    from perdure.records.spec import StatusSpec
    from perdure.stubs.faces import Face

HEAD = '''"""The status of this project's modules, typed by their names.

Written by `perdure stubs`, which writes it anew when modules have changed.
"""

from __future__ import annotations
'''

VARIABLES = """\
D = TypeVar("D")
R = TypeVar("R")
T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)
S_co = TypeVar("S_co", covariant=True)
N_contra = TypeVar("N_contra", bound=str, contravariant=True)
V_contra = TypeVar("V_contra", contravariant=True)"""

SHARED = [f"{face.prefix}{name}" for face in FACES for name in ("ScopeOf", "StatusOf")]

OWN = frozenset({"D", "R", "T", "R_co", "S_co", "N_contra", "V_contra", "scope", *SHARED})
"""What a generated module defines, whatever is installed."""

SCOPE = '''\
    """Return what belongs to a module, as `app.scope` does."""
    return app.scope(module)
'''


@attrs.frozen
class Stubs:
    """A generated module.

    Attributes:
        text: Its source.
        modules: The modules that it knows.
        warnings: What it could not know, and why.
    """

    text: str
    modules: tuple[str, ...]
    warnings: tuple[str, ...]


def stubs(registry: Registry) -> Stubs:
    """Return a Python module in which the modules that are installed, and their names, are typed.

    The same modules have the same source, always.

    Args:
        registry: What is installed.
    """
    imports = Imports()
    specs = list(registry.specs.values())
    written(specs, imports)
    imports.settle()
    parts, modules = written(specs, imports)
    body = "\n\n\n".join(parts)
    warnings = tuple(f"{module.spec.module}: {each}" for module in modules for each in module.lost)
    return Stubs(f"{HEAD}\n{imports.text(body)}\n\n{body}", tuple(registry.specs), warnings)


def written(specs: Iterable[StatusSpec[Any]], imports: Imports) -> tuple[list[str], list[TypedModule]]:
    """Return the parts of the body, and the modules that are in it."""
    imports.own = set(OWN)
    modules = [TypedModule.of(spec, name, imports) for spec, name in named(specs)]
    shared = [part for face in FACES for part in face.shared()]
    return [VARIABLES, *shared, *(part for module in modules for part in module.parts()), scope(modules)], modules


def named(specs: Iterable[StatusSpec[Any]]) -> list[tuple[StatusSpec[Any], str]]:
    """Return each spec with what the names of its classes begin with; no two begin alike, in whichever face."""
    found: list[tuple[StatusSpec[Any], str]] = []
    taken: set[str] = set()
    for spec in specs:
        name = first = camel(spec.module)
        number = 2
        while taken & in_faces(name):
            name, number = f"{first}{number}", number + 1
        taken |= in_faces(name)
        found.append((spec, name))
    return found


def in_faces(name: str) -> set[str]:
    """Return what the names of a module's classes begin with in each face."""
    return {f"{face.prefix}{name}" for face in FACES}


def scope(modules: Sequence[TypedModule]) -> str:
    """Return the function by which one comes to a module."""
    if not modules:  # nothing that it could be called with
        return f"def scope(app: TenantView | AsyncTenantView, module: Never) -> Any:\n{SCOPE}"
    overloads = [overload(face, module) for module in modules for face in FACES]
    return "\n".join([*overloads, f"def scope(app: Any, module: str) -> Any:\n{SCOPE}"])


def overload(face: Face, module: TypedModule) -> str:
    """Return what the function returns for a module in one of the faces."""
    returns = laid_out(f"{face.prefix}ScopeOf", (module.status_of(face), module.record), ": ...", brackets="[]")
    parameters = (f"app: {face.view}", f"module: Literal[{quoted(module.spec.module)}]")
    return "@overload\n" + laid_out("def scope", parameters, f" -> {returns}")
