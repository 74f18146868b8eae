"""What a module hands in: its name, and the record of the status it owns."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_type_hints

import attrs

from perdure.codes.code import StatusCode
from perdure.codes.lifecycle import LifecycleMeta
from perdure.errors import InvalidName, InvalidSpec
from perdure.names import checked_module, checked_name
from perdure.records.fields import FieldSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

R = TypeVar("R")

DEFAULT_HISTORY = 100
"""How many changes of a name are kept where neither its field nor its spec says."""


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
    if isinstance(history, bool) or not isinstance(history, int) or history < 0:
        raise InvalidSpec(spec.module, f"history={history!r} is no count of changes: expected an int of 0 or more")


@attrs.frozen
class StatusSpec(Generic[R]):
    """The status that a module declares; hand it in through the hook `perdure_status_specs`.

    Defining one touches no database and resolves no type: that happens when an App first needs it, so a record may name
    classes that are defined further down.

    Attributes:
        module: The module's name, by which `app.scope(…)` finds it; 255 characters at most.
        record: An attrs class or dataclass whose attributes are the names.
        history: How many changes of each name are kept, where its field does not say; 0 keeps none.

    Raises:
        InvalidSpec: The module cannot be a key, the record is neither an attrs class nor a dataclass, or the history is
            no count.
    """

    module: str = attrs.field(validator=valid_module)
    record: type[R] = attrs.field(validator=valid_record)
    history: int = attrs.field(default=DEFAULT_HISTORY, validator=valid_history, kw_only=True)

    @cached_property
    def fields(self) -> Mapping[str, FieldSpec]:
        """The names of the record, in its order.

        Raises:
            InvalidSpec: An annotation does not resolve, or an attribute cannot be a status.
        """
        try:
            annotations = get_type_hints(self.record, include_extras=True)
        except (NameError, TypeError, SyntaxError) as error:
            problem = f"an annotation of {self.record.__qualname__} cannot be resolved: {error}"
            raise InvalidSpec(self.module, f"{problem}. Import or define it at module level") from error
        found = {each.name: self.field(each, annotations) for each in attributes(self.record)}
        self.refuse_shared_rows(found.values())
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
