"""Production settings with an empty view beside: the same server, the same process, and nothing of ours around it."""

from specrec.settings.base import *  # noqa: F403 - settings modules are extended this way
from specrec.settings.base import MIDDLEWARE as _MIDDLEWARE

ROOT_URLCONF = "bench.empty.urls"
MIDDLEWARE = ["bench.empty.view.EmptyFirst", *_MIDDLEWARE]
