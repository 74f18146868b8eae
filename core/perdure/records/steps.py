"""The steps between versions of a record, as a spec is given them: checked, and never changed afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from perdure.errors import InvalidSpec

if TYPE_CHECKING:
    from perdure.records.spec import StatusSpec

Step: TypeAlias = Callable[[Any], Any]
"""Takes a name's JSON data, as `json.loads` gives it, from one version of its record to the next, or to the one before."""


Steps: TypeAlias = Mapping[str, Mapping[int, Step]]
"""Steps by the name of an attribute and the version that they are from."""


@attrs.frozen(eq=False, repr=False)
class Fixed(Mapping[Any, Any]):
    """A mapping that nobody changes; unlike a `MappingProxyType` it can be copied and pickled, and so can what has one."""

    given: Mapping[Any, Any] = attrs.field(converter=dict)

    def __getitem__(self, key: Any) -> Any:
        return self.given[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)

    def __repr__(self) -> str:
        return repr(self.given)


def fixed_steps(given: Steps) -> Steps:
    """Return a copy that nobody changes; what is no mapping stays as it is, and is refused afterwards."""
    outer: Any = given
    if not isinstance(outer, Mapping):
        return given
    return Fixed({name: Fixed(steps) if isinstance(steps, Mapping) else steps for name, steps in outer.items()})


def valid_steps(spec: StatusSpec[Any], attribute: attrs.Attribute[Any], given: Steps) -> None:
    """Refuse what are no steps, and steps between versions that there are not."""
    first, last = (1, spec.record_version - 1) if attribute.name == "upgrades" else (2, spec.record_version)
    if not isinstance(given, Mapping):
        raise InvalidSpec(spec.module, f"{attribute.name}={given!r:.80} is no dict: expected {{name: {{version: function}}}}")
    for name, steps in given.items():
        where = f"{attribute.name}[{name!r}]"
        if not isinstance(steps, Mapping):
            raise InvalidSpec(spec.module, f"{where} is {steps!r:.80}: expected a dict of steps, {{version: function}}")
        for version, step in steps.items():
            if isinstance(version, bool) or not isinstance(version, int) or not first <= version <= last:
                there = f"they are from {first} to {last}" if first <= last else "there are none"
                problem = f"{where} has a step from {version!r:.80}, and with record_version={spec.record_version} {there}"
                raise InvalidSpec(spec.module, f"{problem}. A step goes by the int of the version that it is from")
            if not callable(step):
                raise InvalidSpec(spec.module, f"{where}[{version}] is {step!r:.80}: expected a function that takes JSON data")


def valid_downgrades(spec: StatusSpec[Any], attribute: attrs.Attribute[Any], downgrades: Steps) -> None:
    """Refuse what are no steps, and the lack of one that leads back to the version that is written."""
    valid_steps(spec, attribute, downgrades)
    for name, steps in spec.upgrades.items():
        for version in sorted(steps):
            if version >= spec.writes and (after := version + 1) not in downgrades.get(name, {}):
                way = f"version {version} to {after}, and there is none back to what write_version={spec.writes} writes"
                give = f"Give downgrades={{{name!r}: {{{after}: …}}}}"
                raise InvalidSpec(spec.module, f"upgrades[{name!r}] has a step from {way}. {give}")
