"""Cookies are for people only."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client


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
