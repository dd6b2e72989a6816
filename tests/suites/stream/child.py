"""A reader in a process of its own, to be killed: `python -m tests.suites.stream.child TWIN GROUP [BROKERS PREFIX]`.

Prints a line for each record, acknowledging none, until it is ended.
"""

import sys

import django

django.setup()

from apps.tracking.stream.base import Stream  # noqa: E402 - models cannot be imported before
from apps.tracking.stream.kafka import KafkaStream  # noqa: E402
from apps.tracking.stream.kafka_cluster import Address  # noqa: E402
from apps.tracking.stream.postgres import PostgresStream  # noqa: E402


def main(twin: str, group: str, *where: str) -> None:
    stream: Stream = PostgresStream() if twin == "postgres" else KafkaStream(Address(where[0], where[1]))
    reader = stream.open(group=group, find_positions=lambda _: {})
    while True:
        chunk = reader.read(limit=100, wait=0.2)
        for record in chunk.records if chunk is not None else ():
            sys.stdout.write(f"{record.payload.decode()}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
