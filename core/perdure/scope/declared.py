"""A module's names as one App runs them: how each is read and written, and what stands in for a value that is not stored.

Nothing here belongs to a tenant, so that thousands of them share it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import attrs

from perdure.codes.graph import graph
from perdure.errors import InvalidSpec, UnknownStatusName, ValueCorrupt, ValueFromNewerVersion, ValueRefused, ValueTooLarge
from perdure.records.evolution import Evolution
from perdure.records.values.codec import Accepted, Codec, Mismatch
from perdure.scope.course import Course
from perdure.store.rows import PLAIN, Content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    Unfitness: TypeAlias = Callable[[Any], str | None]
    """Says what else is wrong with a value that fits its type, or None."""

    from perdure.codes.lifecycles import Lifecycles
    from perdure.names import Key
    from perdure.records.fields import FieldSpec
    from perdure.records.spec import StatusSpec
    from perdure.scope.policy import Policy
    from perdure.store.rows import Cells


@attrs.frozen
class Constant:
    """A value that stands in for a stored one. Where it can be changed, every reader gets one of its own.

    Attributes:
        make: Returns it.
    """

    make: Callable[[], Any]

    @classmethod
    def of(cls, value: Any, codec: Codec[Any], unfit: Unfitness | None = None) -> Constant:
        """Return the constant of a value, checked as if it were set, and by what else tells what is unfit.

        Raises:
            Mismatch: The value does not fit.
        """
        accepted, text = codec.accept(value)
        if unfit is not None and (problem := unfit(accepted)):
            raise Mismatch(codec.name, problem)
        if codec.immutable:
            return cls(lambda: accepted)
        return cls(lambda: codec.decode(text))


@attrs.frozen
class DeclaredName:
    """One name of a module as this App runs it.

    Attributes:
        module: The module that owns it.
        field: What the record says of it.
        codec: Its values to JSON text and back.
        evolution: That text from and to other versions of the record.
        place: The module and name under which it is stored.
        keep: How many of its changes are kept.
        limit: How long its JSON text may be, in bytes.
        pinned: The application's pin, or None.
        default: The application's default, else the declared one, or None.
        course: How its value may move, or None for one that moves freely.
    """

    module: str
    field: FieldSpec
    codec: Codec[Any]
    evolution: Evolution
    place: tuple[str, str]
    keep: int
    limit: int
    pinned: Constant | None
    default: Constant | None
    course: Course | None

    @property
    def name(self) -> str:
        """The status name."""
        return self.field.name

    # ----------------------------------------------------------------------- on the way in

    def accept(self, tenant: str, value: object) -> Accepted:
        """Return a value as it will be read once it is stored, with the text to store.

        Raises:
            ValueRefused: It does not fit its declaration, is not JSON, is too large, or cannot be kept in the version that is
                written.
        """
        try:
            accepted = self.codec.accept(value)
            text = self.written(accepted.text)
        except Mismatch as mismatch:
            raise ValueRefused(tenant, self.module, self.name, mismatch.path, mismatch.problem) from None
        size = len(text.encode())
        if size > self.limit:
            problem = f"its JSON takes {size} bytes, and {self.limit} are allowed"
            raise ValueTooLarge(tenant, self.module, self.name, self.name, problem, size, self.limit)
        return Accepted(accepted.value, text)

    def written(self, text: str) -> str:
        """Return a text in the version that is written, if nothing of it is lost there.

        Raises:
            Mismatch: Its value would come back as another one.
        """
        older = self.evolution.downgraded(text)
        if older is not text:
            back = self.codec.decode(self.evolution.upgraded(older, self.evolution.writes))
            if self.codec.text(back) != text:
                version = self.evolution.writes
                problem = f"record version {version}, which is written so that older code can read it, cannot hold this value"
                raise Mismatch(self.name, f"{problem}. Raise write_version once no process runs that code")
        return older

    def content(self, text: str | None) -> Content:
        """Return what to store for a text in the version that is written, or for None to unset."""
        return Content(text, self.evolution.writes, newest=self.evolution.reads)

    # ----------------------------------------------------------------------- on the way out

    def decoded(self, tenant: str, stored: Cells) -> Any:
        """Return the value of what is stored.

        Raises:
            ValueCorrupt: It does not fit the declaration.
            ValueFromNewerVersion: It is newer than this code can read.
        """
        text = self.current(tenant, stored)
        try:
            return self.codec.decode(text)
        except Mismatch as mismatch:
            raise self.corrupt(tenant, mismatch.path, mismatch.problem) from None

    def current(self, tenant: str, stored: Cells) -> str:
        """Return the text of what is stored, in the version of the record that this code has.

        Raises:
            ValueCorrupt: It cannot be upgraded.
            ValueFromNewerVersion: It is newer than this code can read.
        """
        text, encoding, version = stored
        if not isinstance(text, str):
            raise self.corrupt(tenant, self.name, f"expected text, got a BLOB of {len(cast('bytes', text))} bytes")
        if encoding != PLAIN:
            raise self.corrupt(tenant, self.name, f"expected the encoding {PLAIN!r}, got {encoding!r}")
        if version == self.evolution.reads:
            return text
        self.refuse_newer(tenant, version)
        if not isinstance(version, int):
            raise self.corrupt(tenant, self.name, f"expected the number of a record version, got {version!r}")
        try:
            return self.evolution.upgraded(text, version)
        except Mismatch as mismatch:
            advice = f"Mend upgrades[{self.name!r}] of its StatusSpec"
            raise self.corrupt(tenant, mismatch.path, mismatch.problem).with_facts(advice=advice) from None

    def refuse_newer(self, tenant: str, version: int) -> None:
        """Refuse what is stored in a version of the record that this code does not know.

        Raises:
            ValueFromNewerVersion: It is newer.
        """
        if isinstance(version, int) and version > self.evolution.reads:
            raise ValueFromNewerVersion(tenant, self.module, self.name, version, self.evolution.reads)

    def corrupt(self, tenant: str, path: str, problem: str) -> ValueCorrupt:
        """Return the error for a stored value that cannot be read."""
        return ValueCorrupt(tenant, self.module, self.name, path, problem)


class DeclaredModule:
    """All names of a module as this App runs them."""

    def __init__(self, spec: StatusSpec[Any], policy: Policy, lifecycles: Lifecycles) -> None:
        """Compile the spec.

        Raises:
            UnsupportedType: A name's type cannot be written to JSON and read back.
            InvalidSpec: A declared default does not fit its own type.
            UnknownStatusName: The application gives a default for, or pins, a name that there is not.
            ValueRefused: What it gives does not fit.
        """
        self.spec = spec
        self.policy = policy
        self.lifecycles = lifecycles
        defaults, pinned = policy.defaults.get(spec.module, {}), policy.pinned.get(spec.module, {})
        for given in (defaults, pinned):
            self.refuse_unknown(given)
        self.names = {each.name: self.declared(each, defaults, pinned) for each in spec.fields.values()}
        self.by_stored_name = {each.field.stored_name: each for each in self.names.values()}

    def place_of(self, key: Key) -> tuple[str, str, str]:
        """Return the tenant, module and name by which messages call what is stored under a key."""
        of_name = self.by_stored_name.get(key.name)
        return key.tenant, self.spec.module, of_name.name if of_name else key.name

    def refuse_unknown(self, names: Iterable[str]) -> None:
        """Refuse names that the record does not declare."""
        for name in names:
            if name not in self.spec.fields:
                raise self.unknown(name)

    def unknown(self, name: str) -> UnknownStatusName:
        """Return the error for a name that the record does not declare."""
        return UnknownStatusName(self.spec.module, name, tuple(self.spec.fields))

    def declared(self, field: FieldSpec, defaults: Mapping[str, Any], pinned: Mapping[str, Any]) -> DeclaredName:
        """Compile one name."""
        course = None if field.lifecycle is None else Course(graph(self.lifecycles[field.lifecycle]))
        codec = Codec.of(self.spec.module, field, own=None if course is None else course.known)
        return DeclaredName(
            module=self.spec.module,
            field=field,
            codec=codec,
            evolution=Evolution.of(self.spec, field),
            place=(self.spec.stored_module, field.stored_name),
            keep=self.spec.history if field.history is None else field.history,
            limit=self.policy.max_value_bytes,
            pinned=self.given(field, codec, "pinned", pinned, course.unfit_pin if course else None),
            default=self.given(field, codec, "defaults", defaults, course.unfit_default if course else None)
            or self.declared_default(field, codec, course.unfit_default if course else None),
            course=course,
        )

    def given(
        self, field: FieldSpec, codec: Codec[Any], argument: str, values: Mapping[str, Any], unfit: Unfitness | None
    ) -> Constant | None:
        """Return what the application gives for a name in one argument of `App.open`, or None."""
        if field.name not in values:
            return None
        try:
            return Constant.of(values[field.name], codec, unfit)
        except Mismatch as mismatch:
            problem = f"{mismatch.problem}, in App.open({argument}=…)"
            raise ValueRefused("", self.spec.module, field.name, mismatch.path, problem) from None

    def declared_default(self, field: FieldSpec, codec: Codec[Any], unfit: Unfitness | None) -> Constant | None:
        """Return the record's own default for a name, or None."""
        if not field.has_default:
            return None
        if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]
            return Constant(lambda: self.fitting_default(field, codec))
        try:
            return Constant.of(field.default, codec, unfit)
        except Mismatch as mismatch:
            raise self.unfit_default(mismatch) from None

    def fitting_default(self, field: FieldSpec, codec: Codec[Any]) -> Any:
        """Return what a name's factory makes."""
        try:
            return codec.accept(field.make_default()).value
        except Mismatch as mismatch:
            raise self.unfit_default(mismatch) from None

    def unfit_default(self, mismatch: Mismatch) -> InvalidSpec:
        """Return the error for a default that does not fit its own declaration."""
        return InvalidSpec(self.spec.module, f"the default does not fit: {mismatch.path}: {mismatch.problem}")
