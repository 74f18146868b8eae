"""The families that an App knows: what plugins hand in, merged, checked and frozen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

import attrs

from perdure.codes.family import FamilyMeta, StatusFamily, clash
from perdure.codes.statuses import CommonStatuses, Statuses
from perdure.errors import CodeClash, DuplicateFamily, InvalidFamily, UnknownFamily

if TYPE_CHECKING:
    from perdure.codes.code import StatusCode

F = TypeVar("F", bound=StatusFamily)

CORE = (("perdure", Statuses), ("perdure", CommonStatuses))
"""The families that are there without a plugin."""


@attrs.frozen(eq=False, repr=False)
class Families(Mapping[str, type[StatusFamily]]):
    """The merged families of an App, by name and by class.

    `families[UserStatuses]`, `families[StaffStatuses]` for an extension that was handed in, and `families["user"]` are the same
    class: a subclass of all of them that has every code. A family that nobody extends is itself, and so is a class that nobody
    handed in.

    Attributes:
        merged: The result for each name.
        written: The class, as it is written, that each name belongs to.
    """

    merged: dict[str, type[StatusFamily]]
    written: dict[str, type[StatusFamily]]

    @classmethod
    def merge(
        cls, contributions: Iterable[tuple[str, type[StatusFamily]]] = (), *, allow_shared_numbers: bool = False
    ) -> Families:
        """Merge what plugins hand in; the order makes no difference to the result, nor to the errors.

        The families of perdure itself are always there. A family that an extension adds to counts as handed in. The same
        code twice is agreement; its description is the family's own, else the first that there is by the names of the owners.

        Args:
            contributions: Families and extensions, each with the name of its owner.
            allow_shared_numbers: Let two plugins use one number for two names, as in `409_AWAY` and `409_ON_LEAVE`. One name
                with two numbers is refused always.

        Raises:
            InvalidFamily: A contribution is neither a family nor an extension.
            DuplicateFamily: Two classes claim one name.
            CodeClash: Two codes of a family share a number and not the name, or a name and not the number.
        """
        handed_in = sorted({(owner, checked(owner, family)) for owner, family in (*CORE, *contributions)}, key=in_order)
        implied = [(f"{base.__module__}", base) for _, family in handed_in if (base := family.extends)]
        owners: dict[type[StatusFamily], str] = {}
        for owner, family in (*handed_in, *implied):
            owners.setdefault(family, owner)
        written = one_class_per_name(owners)
        merged = {
            name: merge_one(base, owners, allow_shared_numbers=allow_shared_numbers) for name, base in sorted(written.items())
        }
        return cls(merged, written)

    @overload
    def __getitem__(self, family: str) -> type[StatusFamily]: ...
    @overload
    def __getitem__(self, family: type[F]) -> type[F]: ...
    def __getitem__(self, family: str | type[Any]) -> type[Any]:
        """Return the merged family of this name, or of this class.

        Raises:
            UnknownFamily: No family of this name, or this extension, was handed in.
            DuplicateFamily: Another class of the same name was handed in.
        """
        if isinstance(family, str):
            if family not in self.merged:
                raise UnknownFamily(family, tuple(self.merged))
            return self.merged[family]
        base: type[StatusFamily] = family.merged_from or family.extends or family
        known = self.written.get(base.name)
        if known is None and not family.extends:
            return family
        result = self.merged.get(base.name)
        if known is base and result is not None and issubclass(result, family):
            return result
        if known is base or known is None:
            raise UnknownFamily(family.__qualname__, tuple(self.merged))
        raise DuplicateFamily(base.name, described("this App", known), described("the caller", base))

    def __iter__(self) -> Iterator[str]:
        """Yield the names, sorted."""
        return iter(self.merged)

    def __len__(self) -> int:
        """Return how many families there are."""
        return len(self.merged)

    def __repr__(self) -> str:
        """Return the names."""
        return f"Families({', '.join(self.merged)})"


def in_order(contribution: tuple[str, type[StatusFamily]]) -> tuple[str, str, str]:
    """Return what contributions are sorted by, so that the order they came in says nothing."""
    owner, family = contribution
    return owner, family.__module__, family.__qualname__


def checked(owner: str, family: Any) -> type[StatusFamily]:
    """Return a contribution as it is, or raise `InvalidFamily` naming who handed it in."""
    if not isinstance(family, FamilyMeta) or not vars(family)["name"] or vars(family)["merged_from"]:
        problem = f"{owner} hands it in, and it is neither a family (name=…) nor an extension of one (extends=…)"
        raise InvalidFamily(getattr(family, "__qualname__", repr(family)), problem)
    return family  # type: ignore[return-value]  # every class of FamilyMeta with a name is one


def described(owner: str, family: type[StatusFamily]) -> str:
    """Return how messages name a class and who brings it."""
    return f"{owner} ({family.__module__}.{family.__qualname__})"


def one_class_per_name(owners: Mapping[type[StatusFamily], str]) -> dict[str, type[StatusFamily]]:
    """Return the class that each name belongs to, or raise `DuplicateFamily`."""
    written: dict[str, type[StatusFamily]] = {}
    for family, owner in owners.items():
        if family.extends:
            continue
        if (other := written.setdefault(family.name, family)) is not family:
            raise DuplicateFamily(family.name, described(owners[other], other), described(owner, family))
    return written


def merge_one(
    base: type[StatusFamily], owners: Mapping[type[StatusFamily], str], *, allow_shared_numbers: bool
) -> type[StatusFamily]:
    """Return a family with all its extensions, or raise `CodeClash`; itself where it has none."""
    extensions = [family for family in owners if family.extends is base]
    if not extensions:
        return base
    codes: dict[str, StatusCode] = {}
    brought: dict[StatusCode, str] = {}
    for family in (base, *extensions):
        for code in family.SCHEME_SET:
            brought.setdefault(code, owners[family])
            if code not in codes or not codes[code].description:
                codes[code] = code
    refuse_clashes(base.name, brought, allow_shared_numbers=allow_shared_numbers)
    return FamilyMeta.merged(base, extensions, codes.values())


def refuse_clashes(family: str, codes: Mapping[StatusCode, str], *, allow_shared_numbers: bool) -> None:
    """Raise `CodeClash` for the first two codes that cannot be in one family."""
    groups: list[list[StatusCode]] = [list(codes)]
    if allow_shared_numbers:  # then only codes of one name can clash
        names = sorted({code.name for code in codes})
        groups = [[code for code in codes if code.name == name] for name in names]
    for group in groups:
        if pair := clash(group):
            first, second = pair
            raise CodeClash(family, codes[first], str(first), codes[second], str(second))
