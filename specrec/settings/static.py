"""For tools that read the program without running it (types, schemas): names in place of parts and secrets."""

import os

for _name, _value in {
    "DATABASE_URL": "postgresql://static.invalid/specrec",
    "REDIS_URL": "redis://static.invalid/0",
    "SPECREC_SECRET_KEY": "static",
}.items():
    os.environ.setdefault(_name, _value)

from specrec.settings.test import *  # noqa: E402, F403 - settings modules are extended this way
