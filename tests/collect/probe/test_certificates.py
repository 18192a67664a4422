"""Names, numbers and ciphers in Go's words. Whole sessions are compared in test_against_blackbox."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from hannun.collect.probe.certificates import cipher_name, distinguished_name, serial_number


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        pytest.param([], "", id="nothing"),
        pytest.param([(NameOID.COMMON_NAME, "a")], "CN=a", id="one"),
        pytest.param(
            [(NameOID.COMMON_NAME, "a"), (NameOID.COUNTRY_NAME, "KR"), (NameOID.ORGANIZATION_NAME, "O")],
            "CN=a,O=O,C=KR",
            id="in Go's order, whatever the certificate's",
        ),
        pytest.param(
            [(NameOID.ORGANIZATIONAL_UNIT_NAME, "x"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "y")],
            "OU=x+OU=y",
            id="several",
        ),
        pytest.param([(NameOID.COMMON_NAME, "a"), (NameOID.COMMON_NAME, "b")], "CN=b", id="the last common name"),
        pytest.param(
            [(NameOID.COMMON_NAME, ' #a,b+c"d\\e<f>;g ')], 'CN=\\ #a\\,b\\+c\\"d\\\\e\\<f\\>\\;g\\ ', id="escapes"
        ),
        pytest.param([(NameOID.COMMON_NAME, "#a b")], "CN=\\#a b", id="a leading #"),
        pytest.param(
            [(NameOID.EMAIL_ADDRESS, "a@b")], "1.2.840.113549.1.9.1=#0c03614062", id="an attribute without a name"
        ),
        pytest.param(
            [(ObjectIdentifier("1.2.3"), "x" * 200)], "1.2.3=#1381c8" + "78" * 200, id="a long one, printable"
        ),
        pytest.param([(NameOID.COMMON_NAME, "한눈")], "CN=한눈", id="Hangul"),
    ],
)
def test_a_name_is_written_as_go_writes_it(attributes: list[tuple[ObjectIdentifier, str]], text: str) -> None:
    made = x509.Name([x509.NameAttribute(oid, value, _validate=False) for oid, value in attributes])
    assert distinguished_name(made) == text


@pytest.mark.parametrize(("number", "text"), [(0x0A0B, "0a0b"), (0, ""), (255, "ff"), (1 << 160, "01" + "00" * 20)])
def test_a_serial_number_has_whole_bytes(number: int, text: str) -> None:
    assert serial_number(number) == text


def test_ciphers_have_iana_s_names() -> None:
    assert cipher_name("ECDHE-RSA-AES128-GCM-SHA256") == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    assert cipher_name("TLS_AES_256_GCM_SHA384") == "TLS_AES_256_GCM_SHA384"
    assert cipher_name("SOMETHING-NEW") == "SOMETHING-NEW"
