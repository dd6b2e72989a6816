"""Every error becomes an answer in one form."""

import logging
from typing import Any

import kombu.exceptions
import pytest
import redis.exceptions
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.test import Client, RequestFactory, override_settings
from graphql import GraphQLError
from rest_framework import exceptions as drf

from specrec import errors
from specrec.kernel import wire
from specrec.kernel.errors import Conflict, Invalid, Throttled, Unauthenticated, Unavailable


def answer_to(error: Exception) -> tuple[int, dict[str, Any]]:
    response = errors.rest_exception_handler(error, {})
    assert response["Content-Type"] == "application/problem+json"
    document = wire.decode(response.content, dict)
    assert document["status"] == response.status_code
    return response.status_code, document


class TestRestExceptionHandler:
    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (Conflict("Taken.", code="taken"), 409, "taken"),
            (drf.ParseError(), 400, "parse_error"),
            (drf.UnsupportedMediaType("text/csv"), 415, "unsupported_media_type"),
            (drf.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
            (drf.NotAcceptable(), 406, "not_acceptable"),
            (drf.NotFound(), 404, "not_found"),
            (drf.NotAuthenticated(), 401, "unauthenticated"),
            (drf.PermissionDenied(), 403, "permission_denied"),
            (drf.ValidationError({"a": ["b"]}), 400, "invalid"),
            (Http404("secret path"), 404, "not_found"),
            (PermissionDenied(), 403, "denied"),
            (RequestDataTooBig(), 413, "too_large"),
            (SuspiciousOperation("x"), 400, "bad_request"),
            (UnreadablePostError("x"), 400, "unreadable_body"),
            (DataError("out of range"), 400, "bad_value"),
            (OperationalError("refused"), 503, "part_unavailable"),
            (InterfaceError("closed"), 503, "part_unavailable"),
            (redis.exceptions.ConnectionError("x"), 503, "part_unavailable"),
            (redis.exceptions.TimeoutError("x"), 503, "part_unavailable"),
            (kombu.exceptions.OperationalError("x"), 503, "part_unavailable"),
        ],
    )
    def test_gives_status_and_code(self, error: Exception, status: int, code: str) -> None:
        found, document = answer_to(error)
        assert (found, document["code"], document["type"]) == (status, code, f"urn:specrec:problem:{code}")

    def test_names_the_field(self) -> None:
        assert answer_to(Invalid("No.", code="bad", field="items[3]"))[1]["field"] == "items[3]"

    @pytest.mark.parametrize("error", [Throttled("Wait.", retry_after=0.2), drf.Throttled(wait=0.2)])
    def test_says_when_to_come_back(self, error: Exception) -> None:
        assert errors.rest_exception_handler(error, {})["Retry-After"] == "1"

    def test_asks_for_a_key(self) -> None:
        response = errors.rest_exception_handler(Unauthenticated("No key.", code="missing_key"), {})
        assert response["WWW-Authenticate"] == 'Bearer realm="specrec"'

    @pytest.mark.parametrize(
        "error", [ZeroDivisionError("secret"), IntegrityError("secret"), drf.APIException("secret")]
    )
    def test_masks_a_defect_and_logs_it_under_the_id_that_it_answers(
        self, error: Exception, caplog: pytest.LogCaptureFixture
    ) -> None:
        status, document = answer_to(error)
        assert (status, document["code"]) == (500, "internal_error")
        assert "secret" not in str(document)
        record = next(record for record in caplog.records if record.levelno == logging.ERROR)
        assert document["correlation_id"] in record.getMessage()
        assert record.exc_info is not None
        assert record.exc_info[1] is error

    def test_a_part_that_is_away_is_not_logged_as_a_defect(self, caplog: pytest.LogCaptureFixture) -> None:
        answer_to(OperationalError("refused"))
        assert {record.levelno for record in caplog.records} == {logging.WARNING}


class TestGraphqlErrorFormatter:
    def test_gives_code_status_and_field_of_a_problem(self) -> None:
        cause = Invalid("Too many.", code="bad_limit", field="input.limit")
        formatted = errors.graphql_error_formatter(GraphQLError("x", path=["items"], original_error=cause))
        assert formatted == {
            "message": "Too many.",
            "path": ["items"],
            "extensions": {"code": "bad_limit", "status": 400, "field": "input.limit"},
        }

    def test_masks_a_defect(self, caplog: pytest.LogCaptureFixture) -> None:
        formatted = errors.graphql_error_formatter(GraphQLError("secret", original_error=ZeroDivisionError("secret")))
        assert formatted["extensions"]["code"] == "internal_error"
        assert formatted["extensions"]["correlation_id"] in caplog.text
        assert "secret" not in str(formatted)

    def test_keeps_the_words_of_the_language(self) -> None:
        formatted = errors.graphql_error_formatter(GraphQLError("Cannot query field 'x'."))
        assert formatted == {"message": "Cannot query field 'x'.", "extensions": {"code": "bad_query", "status": 400}}

    def test_says_when_to_come_back(self) -> None:
        cause = Unavailable("Away.", code="away", retry_after=2.0)
        formatted = errors.graphql_error_formatter(GraphQLError("x", original_error=cause))
        assert formatted["extensions"]["retry_after"] == 2.0


class TestOutsideOfRest:
    def test_an_unknown_address_is_a_problem_document(self, client: Client) -> None:
        answer = client.get("/nowhere")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["code"] == "not_found"

    def test_the_admin_answers_people(self, client: Client, db: None) -> None:
        request = RequestFactory().get("/admin/nowhere")
        assert errors.page_not_found(request, Http404())["Content-Type"].startswith("text/html")

    def test_an_unknown_host_is_a_problem_document(self, client: Client) -> None:
        with override_settings(ALLOWED_HOSTS=["shop.example"]):
            answer = client.get("/health/live", headers={"host": "evil.example"})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")

    def test_a_form_without_a_token_is_a_problem_document(self) -> None:
        answer = errors.csrf_failure(RequestFactory().post("/page"), "no cookie")
        assert (answer.status_code, wire.decode(answer.content, dict)["code"]) == (403, "csrf")

    def test_a_defect_is_masked(self) -> None:
        answer = errors.server_error(RequestFactory().get("/version"))
        assert answer.status_code == 500
        assert wire.decode(answer.content, dict)["code"] == "internal_error"
