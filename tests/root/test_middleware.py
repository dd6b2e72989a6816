"""Bodies without a length are read whole; cookies are for people only."""

import io
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from specrec.errors import problem_from, problem_response
from specrec.middleware import whole_bodies


def echo(request: HttpRequest) -> HttpResponse:
    try:
        return HttpResponse(request.body)
    except Exception as error:  # noqa: BLE001 - as the edges do
        return problem_response(problem_from(error))


def send_chunked(body: bytes, **environ: Any) -> HttpResponse:
    """Answer a request as a server makes it of chunks: without a length."""
    made = RequestFactory().post("/v1/items/bulk", content_type="application/json").environ
    without = {name: value for name, value in made.items() if name != "CONTENT_LENGTH"}
    given = {"wsgi.input": io.BytesIO(body), "HTTP_TRANSFER_ENCODING": "chunked", **environ}
    answer = whole_bodies(echo)(WSGIRequest(without | given))
    assert isinstance(answer, HttpResponse)
    return answer


class TestWholeBodies:
    def test_reads_chunks_to_their_end(self) -> None:
        answer = send_chunked(b"x" * 100_000, **{"wsgi.input_terminated": True})
        assert answer.content == b"x" * 100_000

    def test_refuses_more_than_any_body_may_have(self, settings: Any) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
        assert send_chunked(b"x" * 1_000, **{"wsgi.input_terminated": True}).status_code == 200
        assert send_chunked(b"x" * 1_001, **{"wsgi.input_terminated": True}).status_code == 413

    def test_asks_for_a_length_where_the_server_marks_no_end(self) -> None:
        answer = send_chunked(b"x")
        assert answer.status_code == 411
        assert answer["Content-Type"] == "application/problem+json"

    def test_no_body_is_empty(self) -> None:
        assert send_chunked(b"", **{"wsgi.input_terminated": True}).content == b""

    def test_leaves_a_body_with_a_length_alone(self) -> None:
        request = RequestFactory().post("/v1/items/bulk", b"abc", content_type="application/json")
        answer = whole_bodies(echo)(request)
        assert isinstance(answer, HttpResponse)
        assert answer.content == b"abc"


class TestMachinePaths:
    @pytest.mark.parametrize("path", ["/v1/shoppers/consent", "/graphql"])
    def test_need_no_token_and_set_no_cookie(self, db: None, path: str) -> None:
        client = Client(enforce_csrf_checks=True)
        answer = client.post(path, {}, content_type="application/json")
        assert answer.status_code == 401
        assert not client.cookies

    def test_know_no_user_of_the_admin(self, client: Client, db: None) -> None:
        client.force_login(get_user_model().objects.create_superuser("ada", "ada@shop.example", "x"))
        assert client.post("/v1/shoppers/consent", {}, content_type="application/json").status_code == 401


class TestPeoplePaths:
    def test_need_a_token(self, db: None) -> None:
        answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "ada", "password": "x"})
        assert answer.status_code == 403

    def test_have_a_session_and_messages(self, client: Client, db: None) -> None:
        client.force_login(get_user_model().objects.create_superuser("ada", "ada@shop.example", "x"))
        answer = client.get("/admin/")
        assert answer.status_code == 200
        assert b"ada" in answer.content
