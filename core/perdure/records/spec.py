"""What a module hands in: its name, and the record of the status it owns."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_type_hints

import attrs

from perdure.codes.code import StatusCode
from perdure.codes.lifecycle import LifecycleMeta
from perdure.errors import InvalidName, InvalidSpec, nearest
from perdure.names import checked_module, checked_name
from perdure.records.fields import FieldSpec
from perdure.records.steps import Steps, fixed_steps, valid_downgrades, valid_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

R = TypeVar("R")


DEFAULT_HISTORY = 100
"""How many changes of a name are kept where neither its field nor its spec says."""

NEWEST = 2**31 - 1
"""The greatest version that the column of record versions holds on every database."""


def former_names(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return one name or several in a tuple; what has no order stays as it is, and is refused afterwards."""
    names: Any = (given,) if isinstance(given, str) else given
    return tuple(names) if isinstance(names, list | tuple) else names


def valid_module(_spec: Any, _attribute: Any, module: str) -> None:
    """Refuse a module name that no table can hold."""
    try:
        checked_module(module)
    except InvalidName as error:
        raise InvalidSpec(str(module), f"its module {error.problem}") from None


def valid_record(spec: StatusSpec[Any], _attribute: Any, record: type) -> None:
    """Refuse what is neither an attrs class nor a dataclass."""
    if not isinstance(record, type) or not (attrs.has(record) or dataclasses.is_dataclass(record)):
        raise InvalidSpec(spec.module, f"its record {record!r} is neither an attrs class nor a dataclass")


def valid_history(spec: StatusSpec[Any], _attribute: Any, history: int) -> None:
    """Refuse a bound that is no count."""
    if isinstance(history, bool) or not isinstance(history, int) or not 0 <= history <= NEWEST:
        raise InvalidSpec(spec.module, f"history={history!r:.80} is no count of changes: expected an int from 0 to {NEWEST}")


def valid_version(spec: StatusSpec[Any], attribute: attrs.Attribute[Any], version: int) -> None:
    """Refuse what is no version of a record, or is to be written and cannot be read."""
    newest, known = (NEWEST, "") if attribute.name == "record_version" else (spec.record_version, ", the record_version")
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= newest:
        raise InvalidSpec(spec.module, f"{attribute.name}={version!r:.80} is none: expected an int from 1 to {newest}{known}")


def valid_formerly(spec: StatusSpec[Any], _attribute: Any, formerly: tuple[str, ...]) -> None:
    """Refuse former names that no table can hold, that are given twice, or that come in no order, as those of a set."""
    if not isinstance(formerly, tuple):
        raise InvalidSpec(spec.module, f"formerly={formerly!r:.80}: expected a name, or a list of names, the oldest first")
    for index, name in enumerate(formerly):
        try:
            checked_module(name)
        except InvalidName as error:
            raise InvalidSpec(spec.module, f"its former name {name!r:.80} {error.problem}") from None
        if name in (spec.module, *formerly[:index]):
            again = "its name now; a module that goes back to its first name needs none" if name == spec.module else "there twice"
            raise InvalidSpec(spec.module, f"formerly has {name!r}, which is {again}")


@attrs.frozen
class StatusSpec(Generic[R]):
    """The status that a module declares; hand it in through the hook `perdure_status_specs`.

    Defining one touches no database and resolves no type: that happens when an App first needs it, so a record may name
    classes that are defined further down.

    A record changes its shape in two deploys: the first, with `record_version=2`, `write_version=1` and the steps between them,
    reads both and writes what older code can read; once every process runs it, the second drops `write_version`.

    Attributes:
        module: The module's name, by which `app.scope(…)` finds it; 255 characters at most.
        record: An attrs class or dataclass whose attributes are the names.
        history: How many changes of each name are kept, where its field does not say; 0 keeps none.
        record_version: The version of the record as it is here, and the newest that this code can read.
        write_version: The version that is written, so that older code can read it; None for `record_version`.
        upgrades: By attribute and version n, what takes its JSON data from n to n + 1; without a step it did not change.
        downgrades: The same from n to n - 1.
        formerly: Former names, the oldest first. Values stay stored under that one, for older code too, so never drop it.

    Raises:
        InvalidSpec: The module cannot be a key, the record is neither an attrs class nor a dataclass, the history is no count,
            or versions, steps or former names do not fit together.
    """

    module: str = attrs.field(validator=valid_module)
    record: type[R] = attrs.field(validator=valid_record)
    history: int = attrs.field(default=DEFAULT_HISTORY, validator=valid_history, kw_only=True)
    record_version: int = attrs.field(default=1, validator=valid_version, kw_only=True)
    write_version: int | None = attrs.field(default=None, validator=attrs.validators.optional(valid_version), kw_only=True)
    upgrades: Steps = attrs.field(factory=dict, converter=fixed_steps, validator=valid_steps, kw_only=True, hash=False)
    downgrades: Steps = attrs.field(factory=dict, converter=fixed_steps, validator=valid_downgrades, kw_only=True, hash=False)
    formerly: tuple[str, ...] = attrs.field(default=(), converter=former_names, validator=valid_formerly, kw_only=True)

    @property
    def writes(self) -> int:
        """The version of the record that is written."""
        return self.record_version if self.write_version is None else self.write_version

    @property
    def stored_module(self) -> str:
        """The name that the module's values, history and locks go by: its first one, so that a rename moves no row."""
        return self.formerly[0] if self.formerly else self.module

    @cached_property
    def fields(self) -> Mapping[str, FieldSpec]:
        """The names of the record, in its order.

        Raises:
            InvalidSpec: An annotation does not resolve, an attribute cannot be a status, or there are steps for none.
        """
        try:
            annotations = get_type_hints(self.record, include_extras=True)
        except (NameError, TypeError, SyntaxError) as error:
            problem = f"an annotation of {self.record.__qualname__} cannot be resolved: {error}"
            raise InvalidSpec(self.module, f"{problem}. Import or define it at module level") from error
        found = {each.name: self.field(each, annotations) for each in attributes(self.record)}
        self.refuse_shared_rows(found.values())
        self.refuse_stray_steps(found)
        return found

    def field(self, attribute: attrs.Attribute[Any] | dataclasses.Field[Any], annotations: Mapping[str, Any]) -> FieldSpec:
        """Return what an attribute declares, or raise `InvalidSpec` for one that cannot be a status of its own."""
        annotation = annotations.get(attribute.name, attribute.type)
        if annotation is None:
            raise InvalidSpec(self.module, f"{attribute.name!r} has no type; annotate it")
        if not attribute.init:
            problem = f"{attribute.name!r} has init=False; a status is given, not computed"
            raise InvalidSpec(self.module, f"{problem}. Make it a property")
        default = getattr(attribute, "default", None)
        if isinstance(default, attrs.Factory) and default.takes_self:  # type: ignore[arg-type,union-attr]
            problem = f"the default of {attribute.name!r} needs the whole record, and a name is read without it"
            raise InvalidSpec(self.module, f"{problem}. Use a factory without takes_self, or a property")
        found = FieldSpec.of(attribute, annotation)
        if found.history is not None:
            valid_history(self, None, found.history)
        if found.lifecycle is not None and (wrong := lifecycle_problem(found)):
            raise InvalidSpec(self.module, f"{found.name!r} {wrong}")
        return found

    def refuse_shared_rows(self, fields: Iterable[FieldSpec]) -> None:
        """Refuse two attributes that would be stored under one name, and names that no table can hold."""
        stored: dict[str, str] = {}
        for each in fields:
            try:
                checked_name(each.stored_name)
            except InvalidName as error:
                raise InvalidSpec(self.module, f"the name that {each.name!r} is stored as {error.problem}") from None
            if (other := stored.setdefault(each.stored_name, each.name)) != each.name:
                raise InvalidSpec(self.module, f"{other!r} and {each.name!r} are both stored as {each.stored_name!r}")

    def refuse_stray_steps(self, fields: Iterable[str]) -> None:
        """Refuse steps for names that the record does not declare."""
        for name in {**self.upgrades, **self.downgrades}:
            if name not in fields:
                problem = f"there are steps for {name!r:.80}, and {self.record.__qualname__} has no such attribute"
                raise InvalidSpec(self.module, f"{problem}. {nearest(str(name), fields)} Steps go by the attributes' names")


def attributes(record: type) -> Iterable[attrs.Attribute[Any] | dataclasses.Field[Any]]:
    """Return the attributes of an attrs class or dataclass, in order."""
    return attrs.fields(record) if attrs.has(record) else dataclasses.fields(record)


def lifecycle_problem(field: FieldSpec) -> str | None:
    """Return what is wrong with a field that has a lifecycle, or None."""
    lifecycle: Any = field.lifecycle
    if not isinstance(lifecycle, LifecycleMeta) or not lifecycle.__graph__.family.name:
        return f"has lifecycle={lifecycle!r}, which is no lifecycle"
    if lifecycle.__written__.merged_from:
        return "has a lifecycle that an App merged; give the class as it is written, and every App finds its own"
    if field.annotation is not StatusCode:
        return "has a lifecycle, and what moves is a StatusCode; annotate it so"
    if field.secret:
        return "is secret, and says in errors where its lifecycle lets it go; keep one of the two"
    return None
