"""Every setting, by concern. Production is the base; `test` and the demo only override."""

import os
from pathlib import Path
from typing import Any

import dj_database_url

from specrec.settings import env

# Threads of scikit-learn that wait for each other sleep: spinning, they take the processor from everything else, and a
# training that shares two cores takes twenty times as long. Read when its library is loaded, so before any app.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


BASE_DIR = Path(__file__).resolve().parents[2]

# --- identity and safety ---------------------------------------------------------------------------------------------
SECRET_KEY = env.secret("SPECREC_SECRET_KEY")
# What is kept encrypted is so with the first; the others only read what was encrypted when they were the first.
DATA_KEYS = [key.strip() for key in env.secret("SPECREC_DATA_KEYS", "").split(",") if key.strip()] or [SECRET_KEY]
DEBUG = env.flag("SPECREC_DEBUG")
ALLOWED_HOSTS = env.words("SPECREC_ALLOWED_HOSTS", "127.0.0.1,localhost")
VERSION = env.text("SPECREC_VERSION", "0.1.0")
# The services that this process mounts; all by default, so that each app can be deployed and scaled alone.
SERVICES = env.words("SPECREC_SERVICES", "profiles,catalog,tracking,recommend,graphql,admin")
# Whether the busiest questions are answered before Django; not where middleware of your own has to see them.
EDGE = env.flag("SPECREC_EDGE", default=True)

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# TLS ends at the gateway: cookies are secure unless the operator says that there is none (the demo on localhost).
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not env.flag("SPECREC_PLAIN_HTTP")
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "specrec.errors.csrf_failure"
# TLS ends at the gateway, which also sends HSTS and redirects.
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024

# --- parts -----------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "graphene_django",
    "specrec.apps.SpecrecConfig",
    "apps.profiles.apps.ProfilesConfig",
    "apps.catalog.apps.CatalogConfig",
    "apps.tracking.apps.TrackingConfig",
    "apps.recommend.apps.RecommendConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "specrec.middleware.WhiteNoiseMiddleware",
    "specrec.middleware.CorsMiddleware",
    "specrec.middleware.whole_bodies",
    "specrec.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "specrec.middleware.CsrfViewMiddleware",
    "specrec.middleware.AuthenticationMiddleware",
    "specrec.middleware.MessageMiddleware",
    "specrec.middleware.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "specrec.urls"
WSGI_APPLICATION = "specrec.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- browsers --------------------------------------------------------------------------------------------------------
# Any origin may ask, without cookies; whether this key may be used from this origin is decided at the gate.
CORS_URLS_REGEX = r"^/(v1/|graphql)"
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "content-encoding", "x-specrec-key"]
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("SPECREC_STATIC_DIR", str(BASE_DIR / ".specrec" / "static")))
WHITENOISE_USE_FINDERS = True

# --- data ------------------------------------------------------------------------------------------------------------
DATABASES: dict[str, Any] = {
    "default": {
        **dj_database_url.parse(env.text("DATABASE_URL"), conn_max_age=600, conn_health_checks=True),
        "OPTIONS": {"application_name": "specrec", "connect_timeout": 5},
    },
}
REDIS_URL = env.text("REDIS_URL")
CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": REDIS_URL, "KEY_PREFIX": "cache"}}
BLOBS_DIR = Path(env.text("SPECREC_BLOBS_DIR", str(BASE_DIR / ".specrec" / "blobs")))
# Recipes of your own, beside those that come with specrec.
RECIPES_DIR = Path(folder) if (folder := env.text("SPECREC_RECIPES_DIR", "")) else None

# Where the event stream is kept. Only tests may choose the one that forgets.
STREAM = env.text("SPECREC_STREAM", "postgres")
STREAMS: tuple[str, ...] = ("postgres", "kafka")
KAFKA_BROKERS = env.text("SPECREC_KAFKA_BROKERS", "")
KAFKA_PREFIX = env.text("SPECREC_KAFKA_PREFIX", "specrec")
# In librdkafka's own names; what is empty is left to it.
KAFKA_SECURITY = {
    "security.protocol": env.text("SPECREC_KAFKA_SECURITY_PROTOCOL", ""),
    "ssl.ca.location": env.text("SPECREC_KAFKA_CA_FILE", ""),
    "sasl.mechanism": env.text("SPECREC_KAFKA_SASL_MECHANISM", ""),
    "sasl.username": env.text("SPECREC_KAFKA_SASL_USERNAME", ""),
    "sasl.password": env.secret("SPECREC_KAFKA_SASL_PASSWORD", ""),
}
KAFKA_TOPICS = BASE_DIR / "deploy" / "kafka" / "topics.yaml"

# --- language and time -----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- doors -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.profiles.auth.SiteKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["apps.profiles.auth.HasRequiredScope"],
    "DEFAULT_THROTTLE_CLASSES": ["apps.profiles.throttles.KeyThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "specrec.errors.rest_exception_handler",
    "UNAUTHENTICATED_USER": None,
}
GRAPHENE = {"SCHEMA": "specrec.schema.schema"}
# Requests per key and second that one key may make; the limiter fails open.
RATE_LIMIT_PER_SECOND = env.integer("SPECREC_RATE_LIMIT_PER_SECOND", 2_000)

# --- background work -------------------------------------------------------------------------------------------------
# `specrec.celery` reads every name that starts with CELERY_; the reasons for the restore settings: after `kill -9` of a
# worker the redelivery must come soon after the visibility timeout, not up to 100 s later.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
# How far a long task has come is written beside: quickly or not at all, and not for long.
CELERY_RESULT_EXPIRES = 3_600
CELERY_REDIS_SOCKET_TIMEOUT = CELERY_REDIS_SOCKET_CONNECT_TIMEOUT = 2.0
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"retry_policy": {"max_retries": 1, "interval_start": 0, "interval_max": 0.1}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 3_600
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 7_200,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    # A broker that hangs must not hold whoever tells it something; a worker's own wait (BRPOP) lasts one second.
    "socket_timeout": 2.0,
    "socket_connect_timeout": 1.0,
    "max_retries": 1,
    "interval_start": 0.0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
# Once more, since a connection may have died while nobody used it; then the caller hears of it.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.0, "interval_step": 0.1, "interval_max": 0.1}
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = env.integer("SPECREC_WORKER_GRACE_SECONDS", 10)
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE: dict[str, Any] = {
    "train-due-sites": {"task": "recommend.train_due_sites", "schedule": 300.0},
    "refresh-due-models": {"task": "recommend.refresh_due_models", "schedule": 60.0, "options": {"expires": 60}},
    # Not worth doing twice when the worker was away: the next one does all.
    "embed-new-items": {"task": "recommend.embed_new_items", "schedule": 60.0, "options": {"expires": 60}},
    "refresh-features": {"task": "recommend.refresh_features", "schedule": 3_600.0, "options": {"expires": 3_600}},
    # A roll-back is not to wait longer than this; where nothing is promoted it costs one question.
    "guard-models": {"task": "recommend.guard_models", "schedule": 10.0, "options": {"expires": 10}},
    "count-outcomes": {"task": "recommend.count_outcomes", "schedule": 600.0, "options": {"expires": 600}},
    "measure-drift": {"task": "recommend.measure_drift", "schedule": 3_600.0, "options": {"expires": 3_600}},
    # Each is looked at once a day; an hour late where the worker was away.
    "look-experiments": {"task": "recommend.look_experiments", "schedule": 3_600.0, "options": {"expires": 3_600}},
    "prune-traces": {"task": "recommend.prune_traces", "schedule": 3_600.0, "options": {"expires": 3_600}},
    "trim-event-log": {"task": "tracking.trim_log", "schedule": 300.0},
    "count-days": {"task": "tracking.count_days", "schedule": 600.0, "options": {"expires": 600}},
    "make-event-partitions": {"task": "tracking.make_partitions", "schedule": 3_600.0},
    "resume-imports": {"task": "catalog.resume_imports", "schedule": 60.0},
    "trim-catalogue-changes": {"task": "catalog.trim_changes", "schedule": 3_600.0},
    "retire-rotated-keys": {"task": "profiles.retire_rotated_keys", "schedule": 3_600.0},
}
if not env.flag("SPECREC_TRAINING_SCHEDULE", default=True):
    del CELERY_BEAT_SCHEDULE["train-due-sites"], CELERY_BEAT_SCHEDULE["refresh-due-models"]

# --- models ----------------------------------------------------------------------------------------------------------
# How often a process looks whether another model version was promoted; 0 looks at every request (for tests).
MODEL_POLL_SECONDS = env.number("SPECREC_MODEL_POLL_SECONDS", 1.0)
# A folder with model.onnx and tokenizer.json, by which texts of items become vectors; none without it.
SENTENCE_MODEL = env.text("SPECREC_SENTENCE_MODEL", "")
# Where a training counts pairs: local (in the worker) or spark (on a cluster, by this command and this folder).
COUNTING = env.text("SPECREC_COUNTING", "local")
SPARK_SUBMIT = env.text("SPECREC_SPARK_SUBMIT", "spark-submit --master local[*]")
SPARK_DIR = Path(env.text("SPECREC_SPARK_DIR", str(BASE_DIR / ".specrec" / "counting")))

# --- monitoring ------------------------------------------------------------------------------------------------------
# What opens `/metrics`; without it there is none.
METRICS_TOKEN = env.secret("SPECREC_METRICS_TOKEN", "")

# --- logs ------------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # A refused request is an answer, not an event for the operator: no line for each 4xx.
    "loggers": {"django.request": {"level": "ERROR"}},
    "root": {"handlers": ["stderr"], "level": env.text("SPECREC_LOG_LEVEL", "INFO")},
}

SPECTACULAR_SETTINGS = {
    "TITLE": "specrec",
    "DESCRIPTION": "What should this shopper, in this place, see next?",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    # Our schemas come from msgspec, which speaks JSON schema 2020-12 as OpenAPI 3.1 does.
    "OAS_VERSION": "3.1.0",
    "POSTPROCESSING_HOOKS": ["specrec.openapi.add_problem_answers"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
}
