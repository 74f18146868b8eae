"""One module in the source: its names, their values, and its status in both faces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

import attrs

from perdure.records.values.shapes import is_union, resolved
from perdure.stubs.faces import FACES, WRITER, Call
from perdure.stubs.layout import broken, camel, laid_out, quoted
from perdure.stubs.spelling import Spelling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from perdure.records.fields import FieldSpec
    from perdure.records.spec import StatusSpec
    from perdure.stubs.faces import Face
    from perdure.stubs.imports import Imports

LONGEST = 32
"""How long the source of a type is at most that is not given a name."""

LINE = 88
"""How long a line may be that cannot be broken but by parentheses: what formatters take where they are told nothing."""


METHODS = {"get", "entry", "set", "update", "compare_and_set", "revert"}
"""What a status's class defines. Within it `set` is a method and no type: a type of which it is a part is named outside."""


@attrs.frozen
class Names:
    """Names that are read and written alike.

    Attributes:
        names: The names.
        type: The source of their type.
        read: The source of what is read where nobody gives a default.
    """

    names: tuple[str, ...]
    type: str
    read: str

    @property
    def parameter(self) -> str:
        """The parameter that takes one of the names."""
        return f"name: {literal(self.names)}"

    def gets(self) -> Iterator[Call]:
        """Yield how a value is read."""
        yield Call("get", (self.parameter,), self.read)
        yield Call("get", (self.parameter, "default: D"), "Any" if self.type == "Any" else f"{self.type} | D")

    def others(self) -> Iterator[Call]:
        """Yield what else there is for a name of a type."""
        entry, value = f"Entry[{self.type}]", f"value: {self.type}"
        yield Call("entry", (self.parameter,), f"{entry} | None")
        yield Call("set", (self.parameter, value, "*", *WRITER), entry)
        yield Call("update", (self.parameter, f"function: Callable[[{self.type}], {self.type}]", "*", *WRITER), entry)
        yield Call("compare_and_set", (self.parameter, value, "*", "version: int", *WRITER), entry)
        yield Call("revert", (self.parameter, "version: int", "*", *WRITER), f"{entry} | None")


@attrs.frozen
class TypedModule:
    """One module in the source.

    Attributes:
        spec: What it declares.
        prefix: What the names of its classes begin with.
        record: The source of its record's type.
        types: The source of the type of each name.
        aliases: Types that are given a name, by that.
        lost: For what `Any` stands, and why.
    """

    spec: StatusSpec[Any]
    prefix: str
    record: str
    types: Mapping[str, str]
    aliases: Mapping[str, str]
    lost: Sequence[str]

    @classmethod
    def of(cls, spec: StatusSpec[Any], prefix: str, imports: Imports) -> TypedModule:
        """Spell a module's types, and take names for its classes."""
        lost: list[str] = []
        aliases: dict[str, str] = {}
        types: dict[str, str] = {}
        for name, field in spec.fields.items():
            spelling = Spelling(imports)
            types[name] = spelt = spelling.text(field.annotation)
            lost += [f"{name}: {each}" for each in spelling.lost]
            if len(spelt) > LONGEST or METHODS & set(re.findall(r"\w+", spelt)):
                types[name] = imports.define(f"{prefix}{camel(name)}Type")
                aliases[types[name]] = spelt
        spelling = Spelling(imports)
        made = cls(spec, prefix, spelling.text(spec.record), types, aliases, (*lost, *spelling.lost))
        for name in (made.names, made.values, *map(made.status_of, FACES)):
            imports.define(name)
        return made

    @property
    def names(self) -> str:
        """What the type of its names is called."""
        return f"{self.prefix}Name"

    @property
    def values(self) -> str:
        """What the type of several of its values is called."""
        return f"{self.prefix}Values"

    def status_of(self, face: Face) -> str:
        """Return what the type of its status is called in a face."""
        return f"{face.prefix}{self.prefix}ModuleStatus"

    def parts(self) -> Iterator[str]:
        """Yield its source."""
        comments = [f"# {self.spec.module}: {each}." for each in self.lost]
        names = literal(tuple(self.types)) if self.types else "Never"
        aliases = [alias(name, spelt) for name, spelt in self.aliases.items()]
        yield "\n".join([*comments, *aliases, *named(self.names, names), self.several()])
        yield from map(self.status, FACES)

    def several(self) -> str:
        """Return the type of several values, each by its name."""
        items = [f"        {quoted(name)}: {quoted(spelt)},\n" for name, spelt in self.types.items()]
        values = f"{{\n{''.join(items)}    }}" if items else "{}"
        return f"{self.values} = TypedDict(\n    {quoted(self.values)},\n    {values},\n    total=False,\n)"

    def status(self, face: Face) -> str:
        """Return the class of its status in a face."""
        record = self.record if self.record == "Any" else quoted(self.record)
        shared = f"{face.prefix}StatusOf[{record}, {self.names}, {self.values}]"
        head = laid_out(f"class {self.status_of(face)}", (shared, "Protocol"), ":")
        calls = [call.text(awaited=face.awaited) for call in self.calls()]
        return "\n".join([head, '    """What one module keeps."""', *([""] if calls else []), *calls])

    def calls(self) -> Iterator[Call]:
        """Yield what its status offers for each name; names of one type have it together."""
        by_reading: dict[tuple[str, str], list[str]] = {}
        by_type: dict[str, list[str]] = {}
        for name, spelt in self.types.items():
            by_reading.setdefault((spelt, read(self.spec.fields[name], spelt)), []).append(name)
            by_type.setdefault(spelt, []).append(name)
        gets = [call for (spelt, got), names in by_reading.items() for call in Names(tuple(names), spelt, got).gets()]
        others = [call for spelt, names in by_type.items() for call in Names(tuple(names), spelt, spelt).others()]
        found: dict[str, list[Call]] = {}
        for call in (*gets, *others):
            found.setdefault(call.name, []).append(call)
        for calls in found.values():
            yield from (attrs.evolve(call, kind="overload" if len(calls) > 1 else "") for call in calls)


def read(field: FieldSpec, spelt: str) -> str:
    """Return what is read of a name where nobody gives a default: None, too, if neither does the record."""
    shape = resolved(field.annotation)
    takes_none = spelt in {"Any", "None"} or (is_union(shape) and type(None) in get_args(shape))
    return spelt if field.has_default or takes_none else f"{spelt} | None"


def literal(names: tuple[str, ...]) -> str:
    """Return the type of some names."""
    return f"Literal[{', '.join(map(quoted, names))}]"


def named(name: str, names: str) -> Iterator[str]:
    """Yield the statement that gives the type of a module's names a name."""
    yield broken(f"{name}: TypeAlias = {names}", "")


def alias(name: str, spelt: str) -> str:
    """Return the statement that gives a type a name; the type is a text, which needs nothing at run time."""
    text = quoted(spelt)
    line = f"{name}: TypeAlias = {text}"
    return line if len(line) <= LINE or len(text) > LINE - 4 else f"{name}: TypeAlias = (\n    {text}\n)"
