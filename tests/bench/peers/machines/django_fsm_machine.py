"""django-fsm-2, on a model of a Django project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.measure import Candidate
from tests.bench.peers.django_project import connect, disconnect

from django.db import connection, models, transaction  # isort: skip - the project's settings come first
from django_fsm import FSMField, can_proceed  # isort: skip
from django_fsm import transition as fsm_transition  # isort: skip

if TYPE_CHECKING:
    from tests.bench.places import Place

NAME = "django-fsm-2"


class Job(models.Model):
    """A job in a table."""

    status = FSMField(default="202_RUNNING")

    class Meta:
        """Which app it belongs to: any that is installed."""

        app_label = "contenttypes"
        db_table = "bench_fsm_job"

    def __str__(self) -> str:
        return f"job {self.pk}"

    @fsm_transition(field=status, source=["101_QUEUED", "406_PAUSED"], target="202_RUNNING")
    def run(self) -> None:
        """Run, or run again."""

    @fsm_transition(field=status, source="202_RUNNING", target="406_PAUSED")
    def hold(self) -> None:
        """Hold it."""

    @fsm_transition(field=status, source="202_RUNNING", target="303_COMPLETED")
    def finish(self) -> None:
        """Be done."""

    @fsm_transition(field=status, source="202_RUNNING", target="500_FAIL")
    def fail(self) -> None:
        """Give up."""


class DjangoFSM:
    """A model whose methods are transitions."""

    def may(self) -> list[Candidate]:
        """See `Machine`."""
        return [Candidate.of(NAME, "can_proceed(job.finish)", can_proceed=can_proceed, job=Job())]

    def there_and_back(self) -> list[Candidate]:
        """See `Machine`."""
        return [Candidate.of(NAME, "job.hold(); job.run()", job=Job())]


class DjangoFSMTable:
    """The same with a row of a table: read, checked, and saved, as its documentation does under concurrency."""

    def __init__(self, place: Place) -> None:
        connect(place, "fsm.db")
        with connection.schema_editor() as editor:
            editor.create_model(Job)
        self.job = Job.objects.create()

    def there_and_back(self) -> list[Candidate]:
        """Return what holds the job of a row and runs it again, each in a transaction."""
        once = (
            "with transaction.atomic():\n"
            "    job = Job.objects.select_for_update().get(pk=key)\n"
            "    job.{name}()\n"
            "    job.save(update_fields=['status'])\n"
        )
        shown = "with atomic(): job = Job.objects.select_for_update().get(pk=key); job.hold(); job.save()"
        source = once.format(name="hold") + once.format(name="run")
        return [Candidate.of(NAME, source, shown=shown, transaction=transaction, Job=Job, key=self.job.pk)]

    def close(self) -> None:
        """Give the connection back."""
        disconnect()
