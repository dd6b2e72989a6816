"""WSGI entry point: warm before the first request."""

import gc
import os
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "specrec.settings.base")
application: Any = get_wsgi_application()

if settings.EDGE:
    from specrec.edge import Edge

    application = Edge(application)

if "recommend" in settings.SERVICES:
    from apps.recommend import api as recommend

    recommend.warm_up()

if "tracking" in settings.SERVICES:
    from apps.tracking import api as tracking

    tracking.warm_up()

# What is loaded by now stays: the collector need not look at it again. And it need not look after every 700 objects, as
# a request makes about that many and nearly all of them go by counting references.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
