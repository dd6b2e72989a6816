"""Model versions and the vectors of items, as stored."""

from django.db import models
from pgvector.django import HnswIndex, VectorField

EMBEDDING_SIZE = 64


class ModelState(models.TextChoices):
    """The life of a model version: trained, judged (candidate or rejected), tried in the shadow, promoted, retired."""

    TRAINED = "trained", "Trained, not judged yet"
    CANDIDATE = "candidate", "Candidate: passed the gate, waits to be promoted"
    SHADOW = "shadow", "Shadow: scores a share of the requests, answers none"
    PROMOTED = "promoted", "Promoted: answers with it"
    REJECTED = "rejected", "Rejected by the gate"
    RETIRED = "retired", "Retired"


class ModelVersion(models.Model):
    """One trained model; its arrays lie in the blob store under the stamp."""

    site_id = models.CharField("site", max_length=64)
    stamp = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=16, choices=ModelState.choices, default=ModelState.TRAINED)
    recipe = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    metrics = models.JSONField(
        default=dict, help_text="Hold-out figures, popularity's and the promoted version's beside."
    )
    data_from = models.DateTimeField(null=True)
    data_until = models.DateTimeField(null=True)
    event_count = models.PositiveBigIntegerField(default=0)
    shopper_count = models.PositiveIntegerField(default=0)
    item_count = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, help_text="Rows that it learned from, by type of event.")
    code_version = models.CharField(max_length=128, blank=True, help_text="The program that trained it.")
    seconds = models.FloatField(default=0.0)
    timings = models.JSONField(default=dict, help_text="Seconds by step of the training.")
    peak_mb = models.FloatField("peak memory, MB", default=0.0)
    note = models.TextField(blank=True, help_text="Why it was promoted, rejected or rolled back.")
    report = models.TextField(blank=True, help_text="The blob key of its evaluation report; empty without one.")
    catalogue_stamp = models.BigIntegerField(
        null=True, help_text="The version of the catalogue that its vectors are in step with; empty when not known."
    )
    created_at = models.DateTimeField()
    shadowed_at = models.DateTimeField(null=True, help_text="Since when it scores in the shadow.")
    promoted_at = models.DateTimeField(null=True)
    rolled_back_at = models.DateTimeField(
        null=True, help_text="When it was taken out of service as unfit; a roll-back never returns to such a version."
    )

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=["site_id", "-created_at"], name="model_version_recent"),)
        constraints = (
            models.UniqueConstraint(
                fields=["site_id"], condition=models.Q(state="promoted"), name="one_promoted_model_per_site"
            ),
            models.UniqueConstraint(
                fields=["site_id"], condition=models.Q(state="shadow"), name="one_shadow_model_per_site"
            ),
        )

    def __str__(self) -> str:
        return f"{self.site_id}/{self.stamp}"


class ItemVector(models.Model):
    """The content vector of an item under one model version, for nearest-neighbour search; see `registry.vectors`.

    `item_type` and `published` are copies from the catalogue, because a filtered search cannot join across apps.
    """

    site_id = models.CharField(max_length=64)
    item_id = models.CharField(max_length=128)
    model_stamp = models.CharField(max_length=64)
    embedding = VectorField(dimensions=EMBEDDING_SIZE)
    item_type = models.CharField(max_length=32)
    published = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["site_id", "model_stamp", "item_id"], name="item_vector_once_per_model"),
        )
        indexes = (
            HnswIndex(
                name="item_vector_cosine",
                fields=["embedding"],
                m=16,
                ef_construction=64,
                opclasses=["vector_cosine_ops"],
            ),
        )

    def __str__(self) -> str:
        return f"{self.site_id}/{self.item_id}"
