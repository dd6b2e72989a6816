"""`manage.py create_topics`: the topics of the Kafka twin."""

from typing import Any

from django.core.management.base import CommandParser

from apps.tracking import api
from specrec.kernel import commands


class Command(commands.Command):
    """Make the topics that `deploy/kafka/topics.yaml` describes, and say where those that exist differ."""

    help = "Make the Kafka topics as described; topics that exist are compared, never changed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what differs from the description on small clusters."""
        parser.add_argument("--replication", type=int, help="copies of each partition (described: 3)")
        parser.add_argument("--partitions", type=int, help="partitions of the topic of events (described: 12)")

    def handle(self, *_: Any, replication: int | None, partitions: int | None, **__: Any) -> None:
        """Print one line for each topic, and one for each difference."""
        for name, differences in api.create_topics(replication=replication, partitions=partitions).items():
            self.stdout.write(f"{name}: {'made' if differences is None else 'is there'}")
            for difference in differences or ():
                self.stdout.write(f"  {difference}")
