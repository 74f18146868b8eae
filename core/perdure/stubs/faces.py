"""What is the same for every module: what each face offers, and how its calls are spelled.

The tests hold this against `ModuleStatus` and `AsyncModuleStatus` themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from perdure.scope.changes import PAGE
from perdure.stubs.layout import laid_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WRITER = ("actor: str | None = None", "reason: str | None = None")


@attrs.frozen
class Call:
    """A method.

    Attributes:
        name: Its name.
        parameters: Its parameters without `self`.
        returns: What it returns.
        waits: Whether it is awaited in the async face.
        kind: What its decorator is, or the empty string.
    """

    name: str
    parameters: Sequence[str]
    returns: str
    waits: bool = True
    kind: str = ""

    def text(self, *, awaited: bool) -> str:
        """Return its declaration, within a class."""
        keyword = "async def" if awaited and self.waits else "def"
        decorator = f"    @{self.kind}\n" if self.kind else ""
        return decorator + laid_out(
            f"{keyword} {self.name}", ("self", *self.parameters), f" -> {self.returns}: ...", indent="    "
        )


@attrs.frozen
class Face:
    """The sync face or the async one.

    Attributes:
        prefix: What the names of its classes begin with.
        view: What its `scope` takes.
        field: Its `Field`.
        watch: Its `Watch`.
        lock: What its `lock` returns.
        transactions: What its `within` takes.
    """

    prefix: str
    view: str
    field: str
    watch: str
    lock: str
    transactions: str

    @property
    def awaited(self) -> bool:
        """Whether its calls are awaited."""
        return bool(self.prefix)

    def shared(self) -> Iterator[str]:
        """Yield the source of the classes that all modules share."""
        scope = [
            Call("module", (), "str", waits=False, kind="property"),
            Call("spec", (), "StatusSpec[R]", waits=False, kind="property"),
            Call("status", (), "S_co", waits=False, kind="property"),
            Call("lock", ("name: str", "*", "timeout: float = 10.0", "lease: float = 30.0"), self.lock, waits=False),
        ]
        yield self.protocol("ScopeOf[S_co, R]", "What belongs to one module.", scope)
        yield self.protocol("StatusOf[R_co, N_contra, V_contra]", "What a module keeps.", self.calls())

    def calls(self) -> list[Call]:
        """Return what a status offers of which the type does not depend on a name."""
        change_sets = ("change_set: ChangeSet | str", "*", *WRITER)
        history = (
            "name: N_contra | None = None",
            "*",
            f"limit: int = {PAGE}",
            "before: int | Change | datetime | None = None",
        )
        return [
            Call("module", (), "str", waits=False, kind="property"),
            *([] if self.awaited else [Call("current", (), "R_co", kind="property")]),
            Call("contains" if self.awaited else "__contains__", ("name: N_contra",), "bool"),
            Call("load", (), "R_co"),
            Call("field", ("selector: Callable[[R_co], T]",), f"{self.field}[T]", waits=False),
            Call("entries", (), "list[Entry[Any]]"),
            Call("history", history, "list[Change]"),
            Call(
                "watch",
                ("*names: N_contra", "since: Mapping[str, int] | int | None = None"),
                f"{self.watch}[dict[str, int]]",
                waits=False,
            ),
            Call("unset", ("name: N_contra", "*", *WRITER), "bool"),
            Call("forget", ("name: N_contra",), "int"),
            Call("set_many", ("values: V_contra", "*", *WRITER), "ChangeSet"),
            Call("revert_change_set", change_sets, "ChangeSet"),
            Call("max_age", ("seconds: float", "*", "on_outage: float = 0.0"), "Self", waits=False),
            Call("within", (f"transaction: {self.transactions}",), "Self", waits=False),
        ]

    def protocol(self, head: str, told: str, calls: Sequence[Call]) -> str:
        """Return a class of which only types are known."""
        name, _, arguments = head.partition("[")
        lines = [f"class {self.prefix}{name}(Protocol[{arguments}):", f'    """{told}"""', ""]
        return "\n".join([*lines, *(call.text(awaited=self.awaited) for call in calls)])


FACES = (
    Face("", "TenantView", "Field", "Watch", "AbstractContextManager[HeldLock]", "Connection | Session"),
    Face(
        "Async",
        "AsyncTenantView",
        "AsyncField",
        "AsyncWatch",
        "AbstractAsyncContextManager[HeldLock]",
        "AsyncConnection | AsyncSession | AsyncTransaction",
    ),
)
