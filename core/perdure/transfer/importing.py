"""Into the database: what becomes of a document's values, told first and then done, all of it or nothing."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from perdure.errors import PerdureError, StoreError, TransitionNotAllowed
from perdure.names import Key, checked_actor, checked_reason
from perdure.scope.changeset import new_id
from perdure.scope.write import Write
from perdure.transfer.candidates import candidates, is_there, meaning, strangers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from perdure.resources import Resources
    from perdure.scope.field import Field
    from perdure.store.protocol import Transaction
    from perdure.store.rows import Row
    from perdure.transfer.candidates import Candidate
    from perdure.transfer.document import Document

    Progress: TypeAlias = Callable[[int, int], None]

Effect: TypeAlias = Literal["created", "changed", "restored", "unset", "unchanged", "refused"]
"""What becomes of one name. `restored` is one that begins in the middle of its lifecycle."""

WRITING = frozenset({"created", "changed", "restored", "unset"})
"""The effects that write."""

HINT = "To bring back what a database held, where nothing is stored now, restore it (--restore)."


@attrs.frozen
class Step:
    """What becomes of one name.

    Attributes:
        place: The tenant, module and name.
        effect: What becomes of it.
        secret: Whether its value must not be shown.
        before: The JSON text of what is stored; None for nothing, for what cannot be read, and for a secret.
        after: The JSON text of what is to be stored; None likewise.
        problem: Why it is refused, else None.
    """

    place: tuple[str, str, str]
    effect: Effect
    secret: bool
    before: str | None
    after: str | None
    problem: str | None = None


@attrs.frozen
class Importing:
    """A document on its way into a database.

    Attributes:
        resources: The App's.
        candidates: What is to become of which name.
        reason: Why; kept in the history.
        actor: Who writes; None for whom the App says.
        restore: Whether a value with a lifecycle may begin in the middle of its course, where nothing is stored.
    """

    resources: Resources
    candidates: Sequence[Candidate]
    reason: str
    actor: str | None = None
    restore: bool = False

    @classmethod
    def of(  # noqa: PLR0913 - each is given by name
        cls,
        resources: Resources,
        document: Document,
        *,
        reason: str,
        actor: str | None = None,
        restore: bool = False,
        exact: bool = False,
    ) -> Importing:
        """Check what a document brings, as far as that can be done beforehand.

        Args:
            resources: The App's.
            document: The document.
            reason: Why, in 1000 characters; kept in the history.
            actor: Who writes, in 255 characters; else whom `acting_as` names, else the App's actor.
            restore: Let a value with a lifecycle begin in the middle of its course, where nothing is stored.
            exact: Unset what is stored in the document's tenants and modules and is not in it.

        Raises:
            InvalidName: The reason or the actor is too long, or no text for a database.
            DefinitionError: A module's record cannot be used.
            StoreError: The database cannot be read.
        """
        checked_reason(reason)
        if actor is not None:
            checked_actor(actor)
        brought = candidates(resources, document)
        unset = strangers(resources, document, brought) if exact else ()
        return cls(resources, (*brought, *unset), reason, actor, restore)

    def plan(self) -> list[Step]:
        """Return what would become of each name. Nothing is written or locked.

        Raises:
            StoreError: The database cannot be read.
        """
        rows = self.rows()
        return [self.decided(each, rows.get(each.field.key) if each.field else None)[0] for each in self.candidates]

    def run(self, progress: Progress | None = None) -> list[Step]:
        """Write all of it in one transaction, or nothing if anything is refused.

        It is decided anew what becomes of each name, under the locks of all rows.

        Args:
            progress: Told of how much is done, and of how much there is to do. It may begin again.

        Returns:
            What has become of each name. If any was refused, nothing was written.

        Raises:
            StoreError: The database refused; nothing was written, unless the error is `OutcomeUnknown`.
        """
        planned = self.plan()
        if any(step.effect == "refused" for step in planned) or not any(step.effect in WRITING for step in planned):
            return planned
        fields = [each.field for each in self.candidates if each.field is not None]
        ordered = sorted(fields, key=attrgetter("key"))
        tell = progress or (lambda _done, _of: None)

        def work(transaction: Transaction) -> list[Step]:
            rows: dict[Key, Row | None] = {}
            for number, field in enumerate(ordered, start=1):
                rows[field.key] = transaction.lock(field.key)
                tell(number, 2 * len(ordered))
            return self.written(transaction, rows, lambda done: tell(len(ordered) + done, 2 * len(ordered)))

        try:
            return self.resources.store.transact(ordered[0].key._replace(name=""), work)
        except Refused as refused:
            return refused.steps

    def written(self, transaction: Transaction, rows: Mapping[Key, Row | None], tell: Callable[[int], None]) -> list[Step]:
        """Decide about each name by its locked row, and write what is to be written.

        Raises:
            Refused: Something must not be written; so nothing was.
        """
        decided = [self.decided(each, rows[each.field.key] if each.field else None) for each in self.candidates]
        steps = [step for step, _write in decided]
        if any(step.effect == "refused" for step in steps):
            raise Refused(steps)
        writes = sorted((write for _step, write in decided if write is not None), key=attrgetter("key"))
        sizes = Counter(write.key[:2] for write in writes)
        sets = {of: new_id(size) for of, size in sizes.items()}  # a change set is one module's
        for number, write in enumerate(writes, start=1):
            write._replace(note=write.note._replace(change_set=sets[write.key[:2]])).put(transaction)
            tell(len(rows) * number // len(writes))
        return steps

    # ----------------------------------------------------------------------- one name

    def decided(self, candidate: Candidate, row: Row | None) -> tuple[Step, Write | None]:
        """Return what becomes of a name, and the write that does it."""
        before = row if row is not None and row.text is not None else None
        if is_there(candidate, before):
            return self.step(candidate, before, "unchanged"), None
        if candidate.field is None or candidate.problem is not None:
            return self.step(candidate, before, "refused", candidate.problem), None
        try:
            effect, write = self.written_by(candidate, candidate.field, before)
        except StoreError:
            raise
        except PerdureError as error:
            may_begin = isinstance(error, TransitionNotAllowed) and before is None
            return self.step(candidate, before, "refused", f"{error} {HINT}" if may_begin else str(error)), None
        return self.step(candidate, before, effect), write

    def written_by(self, candidate: Candidate, field: Field[Any], before: Row | None) -> tuple[Effect, Write]:
        """Return the write of a name, if the application and the lifecycle allow it.

        Raises:
            PerdureError: They do not.
        """
        unsets = candidate.brought is None
        note = field.note("unset" if unsets else "set", self.actor, self.reason)
        write = Write(field, candidate.accepted, note)
        if self.begins_anywhere(write, before):
            return "restored", write._replace(note=note._replace(operation="restore"))
        write.check(before)
        return "unset" if unsets else "created" if before is None else "changed", write

    def begins_anywhere(self, write: Write, before: Row | None) -> bool:
        """Whether a value is restored into the middle of its lifecycle, where a `set` would be refused.

        Raises:
            UnknownStatusCode: It is no code of the family.
        """
        if not self.restore or before is not None or write.accepted is None or write.field.declared.course is None:
            return False
        try:
            write.check(None)
        except TransitionNotAllowed:
            return True
        return False

    def step(self, candidate: Candidate, before: Row | None, effect: Effect, problem: str | None = None) -> Step:
        """Return what is told of a name."""
        hidden = candidate.secret
        stored = None if hidden or before is None or candidate.field is None else meaning(candidate.field, before)
        return Step(candidate.place, effect, hidden, stored, None if hidden else candidate.meaning, problem)

    def rows(self) -> dict[Key, Row]:
        """Return the rows of every tenant that the document has."""
        store = self.resources.store
        tenants = sorted({each.field.key.tenant for each in self.candidates if each.field is not None})
        return {Key(*row[:3]): row for tenant in tenants for row in store.read_tenant(tenant)}


class Refused(Exception):
    """Undoes the transaction of an import of which something is refused.

    Attributes:
        steps: What would have become of each name.
    """

    def __init__(self, steps: list[Step]) -> None:
        super().__init__(steps)
        self.steps = steps
