"""How the values of one name come from older versions of its record, and go back to the one that is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from perdure.records.values.codec import Mismatch, refuse_depth
from perdure.records.values.jsontext import from_text, refuse_surrogates, to_text
from perdure.records.values.mismatch import Flaw, TooDeep, explain, message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perdure.records.fields import FieldSpec
    from perdure.records.spec import StatusSpec
    from perdure.records.steps import Step


@attrs.frozen(eq=False)
class Evolution:
    """Takes the JSON text of one name's values from one version of the record to another.

    Where no step is to be taken, the text that is given is the one that is returned, and nobody looks into it. What a step
    gets is its own, so that one which changes its argument in place harms nobody.

    Attributes:
        name: The status name.
        reads: The version of the record that this code has.
        writes: The version that is written.
        upgrades: By a version n, the step to n + 1.
        downgrades: By a version n, the step to n - 1.
        secret: Whether problems must not show the value.
    """

    name: str
    reads: int
    writes: int
    upgrades: Mapping[int, Step]
    downgrades: Mapping[int, Step]
    secret: bool

    @classmethod
    def of(cls, spec: StatusSpec[Any], field: FieldSpec) -> Evolution:
        """Return the evolution of one field of a spec."""
        return cls(
            name=field.name,
            reads=spec.record_version,
            writes=spec.writes,
            upgrades=spec.upgrades.get(field.name, {}),
            downgrades=spec.downgrades.get(field.name, {}),
            secret=field.secret,
        )

    def upgraded(self, text: str, version: int) -> str:
        """Return a stored text in the version that this code has.

        Args:
            text: The JSON text.
            version: The version it is in. One above `reads` is the caller's to refuse.

        Raises:
            Mismatch: There is no such version, the text is not JSON, or a step fails or gives what is no JSON.
        """
        if version < 1:
            raise Mismatch(self.name, f"it is stored in record version {version}, and the first is 1")
        for due in sorted(each for each in self.upgrades if each >= version):
            text = self.taken(text, self.upgrades[due], f"its upgrade from record version {due}")
        return text

    def downgraded(self, text: str) -> str:
        """Return a text of the version that this code has in the version that is written.

        Raises:
            Mismatch: The text is not JSON, or a step fails or gives what is no JSON.
        """
        if not self.downgrades:
            return text
        for due in sorted((each for each in self.downgrades if each > self.writes), reverse=True):
            text = self.taken(text, self.downgrades[due], f"its downgrade from record version {due}")
        return text

    def taken(self, text: str, step: Step, which: str) -> str:
        """Return a text after one step.

        Each step gets data that is read for it alone: the one before may have given what it keeps for itself.
        """
        data = self.tried(from_text, text, lambda error: explain(error, self.name, secret=self.secret).problem)
        made = self.tried(step, data, lambda error: f"{which} failed{self.told(error)}")
        after: str = self.tried(steady_text, made, lambda error: f"{which} gave what cannot be kept{self.told(error)}")
        return after

    def tried(self, function: Callable[[Any], Any], given: Any, problem: Callable[[BaseException], str]) -> Any:
        """Return what a function makes of what it is given, or raise a `Mismatch` with the problem."""
        try:
            return function(given)
        except (Exception, TooDeep) as error:  # noqa: BLE001 - steps are a module's own, and raise anything
            mismatch = Mismatch(self.name, problem(error))
        raise mismatch  # outside of the except block, so that no traceback shows a secret

    def told(self, error: BaseException) -> str:
        """Return how a problem goes on with what was raised; of a secret, only its type's name."""
        kind = type(error).__name__
        if isinstance(error, Flaw):
            return f": {error.told(secret=self.secret)}"
        if self.secret:
            return f" ({kind})"
        try:
            said = message(error)
        except Exception:  # noqa: BLE001 - an exception of a module's own may raise anything when asked what it says
            said = kind
        return f": {kind}" if said == kind else f": {kind}: {said}"


def steady_text(data: Any) -> str:
    """Return the JSON text of what a step gave, if every reader can follow it, and reads in it what was written.

    Raises:
        Flaw: It is nested too deeply, holds what is no character, or two of its keys become one.
    """
    text = to_text(data)
    refuse_surrogates(text)
    again = from_text(text)
    try:
        refuse_depth(again)
    except TooDeep:
        problem = "it is nested too deeply"
        raise Flaw(problem, problem) from None
    if to_text(again) != text:
        problem = "two keys of an object become one, since JSON knows no keys but strings"
        raise Flaw(problem, problem)
    return text
