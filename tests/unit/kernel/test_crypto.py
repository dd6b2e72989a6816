"""What is kept encrypted."""

import pytest
from django.conf import LazySettings

from specrec.kernel.crypto import decrypt, encrypt
from specrec.kernel.errors import Unavailable

OLD, NEW = "old-" * 8, "new-" * 8


@pytest.fixture(autouse=True)
def _one_key(settings: LazySettings) -> None:
    settings.DATA_KEYS = [OLD]


class TestEncrypt:
    def test_it_cannot_be_read(self) -> None:
        assert b"frame-a" not in encrypt(b"frame-a", purpose="traces")

    def test_twice_the_same_is_two_things(self) -> None:
        assert encrypt(b"frame-a", purpose="traces") != encrypt(b"frame-a", purpose="traces")


class TestDecrypt:
    def test_it_comes_back(self) -> None:
        assert (
            decrypt(encrypt(b"frame-a", purpose="traces", bound_to=b"1"), purpose="traces", bound_to=b"1") == b"frame-a"
        )

    def test_nothing_is_something(self) -> None:
        assert decrypt(encrypt(b"", purpose="traces"), purpose="traces") == b""

    def test_an_older_key_still_reads(self, settings: LazySettings) -> None:
        data = encrypt(b"frame-a", purpose="traces")
        settings.DATA_KEYS = [NEW, OLD]
        assert decrypt(data, purpose="traces") == b"frame-a"

    def test_without_its_key_it_says_which_setting_to_mend(self, settings: LazySettings) -> None:
        data = encrypt(b"frame-a", purpose="traces")
        settings.DATA_KEYS = [NEW]
        with pytest.raises(Unavailable, match="SPECREC_DATA_KEYS") as caught:
            decrypt(data, purpose="traces")
        assert (caught.value.code, caught.value.permanent) == ("key_unknown", True)

    def test_another_purpose_has_another_key(self) -> None:
        with pytest.raises(Unavailable) as caught:
            decrypt(encrypt(b"frame-a", purpose="traces"), purpose="prescriptions")
        assert caught.value.code == "key_unknown"

    @pytest.mark.parametrize("data", [b"", b"\x02", b"\x01abcd"])
    def test_what_was_never_encrypted(self, data: bytes) -> None:
        with pytest.raises(Unavailable) as caught:
            decrypt(data, purpose="traces")
        assert caught.value.code == "key_unknown"

    def test_in_another_row_it_is_not_authentic(self) -> None:
        with pytest.raises(Unavailable) as caught:
            decrypt(encrypt(b"frame-a", purpose="traces", bound_to=b"1"), purpose="traces", bound_to=b"2")
        assert caught.value.code == "not_authentic"

    def test_one_changed_bit_is_noticed(self) -> None:
        data = bytearray(encrypt(b"frame-a", purpose="traces"))
        data[-1] ^= 1
        with pytest.raises(Unavailable) as caught:
            decrypt(bytes(data), purpose="traces")
        assert caught.value.code == "not_authentic"
