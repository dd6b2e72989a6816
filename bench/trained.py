"""Train the measured site once, on all that was loaded, and make sure that one model gives every answer measured."""

import sys
import time
from datetime import datetime
from typing import Any

from bench.client import Client, Failed
from specrec.kernel import clock

_ATTEMPTS = 3
_PAUSE = 1.0  # the training that was under way has to have ended before the next is asked for


def refuse_trained(client: Client) -> None:
    """End the program with 2 when the site has a model: it has learnt from something else than will be loaded."""
    models = client.call("GET", "/v1/models")
    if models:
        print(
            f"The site {models[0]['site_id']} has a model already ({models[0]['stamp']}). Measure an empty site: "
            "set SPECREC_KEY to the secret key of a new one, or unset SPECREC_URL for a throwaway stack.",
            file=sys.stderr,
        )
        raise SystemExit(2)


def train(client: Client, *, seconds: float, recipe: str | None = None) -> str:
    """Train on what is there now and return the stamp of the model; ends the program when it was not promoted.

    recipe: instead of the one that the site's schedule names
    """
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE)
        known = {model["stamp"] for model in client.call("GET", "/v1/models")}
        asked_at = clock.now()
        client.call("POST", "/v1/models/train", {} if recipe is None else {"recipe": recipe})
        models = client.wait_for(
            "/v1/models", lambda found, known=known: _finished(found, known), seconds=seconds, every=0.1
        )
        newest = _finished(models, known)[0]
        if datetime.fromisoformat(newest["created_at"]) >= asked_at:  # else it began before, on less
            return _promoted(newest)
    message = f"no training began after it was asked for, {_ATTEMPTS} times: is the clock of the server behind?"
    raise Failed(message)


def refuse_changed(client: Client, *, stamp: str) -> None:
    """End the program with 1 when another model answers by now: the figures would be of neither."""
    after = next((model["stamp"] for model in client.call("GET", "/v1/models") if model["state"] == "promoted"), None)
    if after != stamp:
        message = f"the model changed from {stamp} to {after} while it was measured: the figures are of neither"
        raise SystemExit(message)


def _finished(models: list[dict[str, Any]], known: set[str]) -> list[dict[str, Any]]:
    """Return the versions that are decided on and were not known, newest first."""
    return [model for model in models if model["stamp"] not in known and model["state"] in {"promoted", "rejected"}]


def _promoted(model: dict[str, Any]) -> str:
    if model["state"] != "promoted":
        message = f"the model {model['stamp']} was {model['state']}: {model['note']}"
        raise SystemExit(message)
    return str(model["stamp"])
