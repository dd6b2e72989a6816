"""Management commands that end with one clear sentence: a domain error is the operator's to mend, not a traceback."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from specrec.kernel.errors import Problem


class Command(BaseCommand):
    """Base of all commands here: translates Problem to CommandError with message, field and code, and bad settings."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; raises CommandError where `handle` raises Problem or finds the settings wrong."""
        try:
            return super().execute(*args, **options)
        except Problem as problem:
            where = f"{problem.field}: " if problem.field else ""
            raise CommandError(f"{where}{problem.message} ({problem.code})") from problem
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
