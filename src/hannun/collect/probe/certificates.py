"""What blackbox_exporter tells about a TLS session and the certificates that were shown in it.

Names are written as Go's `pkix.Name.String` writes them, because they are label values that people alert on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from hannun.collect.probe.report import Report

UNVERIFIED = -62135596800.0
"""Go's zero time as Unix seconds: no chain was verified."""
LABEL_CHARS_MAX = 8_192
"""A certificate may name ten thousand hosts; a label value must not."""
_VERSION_NAMES = {"TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3"}


def tell(report: Report, session: Any, *, verified: bool, chain_expiry: bool = True) -> None:
    """The TLS gauges of a connection (`session` an SSLObject or SSLSocket). `verified`: the chain was checked."""
    shown = _chain(session, "get_unverified_chain")
    if not shown:
        der = session.getpeercert(binary_form=True)
        shown = [der] if der else []
    certificates = list(_parsed(shown))
    if certificates:
        report.gauge(
            "probe_ssl_earliest_cert_expiry",
            "Returns last SSL chain expiry in unixtime",
            min(map(_not_after_s, certificates)),
        )
        leaf = certificates[0]
        report.gauge(
            "probe_ssl_last_chain_info",
            "Contains SSL leaf certificate information",
            1.0,
            (
                ("fingerprint_sha256", hashlib.sha256(shown[0]).hexdigest()),
                ("issuer", distinguished_name(leaf.issuer)[:LABEL_CHARS_MAX]),
                ("serialnumber", serial_number(leaf.serial_number)),
                ("subject", distinguished_name(leaf.subject)[:LABEL_CHARS_MAX]),
                ("subjectalternative", ",".join(_dns_names(leaf))[:LABEL_CHARS_MAX]),
            ),
        )
    if chain_expiry:
        trusted = list(_parsed(_chain(session, "get_verified_chain"))) if verified else []
        report.gauge(
            "probe_ssl_last_chain_expiry_timestamp_seconds",
            "Returns last SSL chain expiry in timestamp",
            min(map(_not_after_s, trusted)) if trusted else UNVERIFIED,
        )
    version = _VERSION_NAMES.get(session.version() or "", "unknown")
    report.gauge(
        "probe_tls_version_info", "Returns the TLS version used or NaN when unknown", 1.0, (("version", version),)
    )
    cipher = session.cipher()
    report.gauge(
        "probe_tls_cipher_info",
        "Returns the TLS cipher negotiated during handshake",
        1.0,
        (("cipher", cipher_name(cipher[0] if cipher else "")),),
    )


def _chain(session: Any, method: str) -> list[bytes]:
    """DER of a chain. Public since Python 3.13; before that the same call exists one level below."""
    public = getattr(session, method, None)
    if public is not None:
        return [bytes(one) for one in public() or ()]
    inner = getattr(getattr(session, "_sslobj", None), method, None)
    if inner is None:
        return []
    import _ssl

    return [one.public_bytes(_ssl.ENCODING_DER) for one in inner() or ()]


def _parsed(chain: Iterable[bytes]) -> Iterable[Any]:
    from cryptography import x509

    for der in chain:
        try:
            yield x509.load_der_x509_certificate(der)
        except ValueError:  # A certificate that OpenSSL took and this reader does not: the others still count.
            continue


def _not_after_s(certificate: Any) -> float:
    return float(certificate.not_valid_after_utc.timestamp())


def _dns_names(certificate: Any) -> list[str]:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [str(name) for name in names.get_values_for_type(x509.DNSName)]


def serial_number(number: int) -> str:
    """Whole bytes in lower-case hexadecimal."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big").hex() if number > 0 else ""


# Go's order of the attributes that it knows; the string runs backwards.
_KNOWN = {
    "2.5.4.6": "C",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.17": "POSTALCODE",
    "2.5.4.3": "CN",
    "2.5.4.5": "SERIALNUMBER",
}
_ONLY_LAST = ("2.5.4.3", "2.5.4.5")
_PRINTABLE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")


def distinguished_name(name: Any) -> str:
    """A cryptography `x509.Name` in Go's words: `CN=localhost,OU=x,O=Hannun\\, Inc,C=KR`."""
    values: dict[str, list[str]] = {}
    others: list[str] = []
    for attribute in name:
        oid, value = attribute.oid.dotted_string, _words(attribute.value)
        if oid in _KNOWN:
            values.setdefault(oid, []).append(value)
        else:
            raw = value.encode()
            tag = 0x13 if set(value) <= _PRINTABLE else 0x0C
            others.append(f"{oid}=#{(bytes([tag]) + _length(len(raw)) + raw).hex()}")
    known = [
        "+".join(f"{word}={_escaped(one)}" for one in (values[oid][-1:] if oid in _ONLY_LAST else values[oid]))
        for oid, word in _KNOWN.items()
        if oid in values
    ]
    return ",".join(reversed([*others, *known]))


def _words(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _length(size: int) -> bytes:
    """A DER length."""
    if size < 0x80:
        return bytes([size])
    raw = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(raw)]) + raw


def _escaped(value: str) -> str:
    last = len(value) - 1
    return "".join(
        f"\\{sign}" if sign in ',+"\\<>;' or (sign == " " and at in (0, last)) or (sign == "#" and at == 0) else sign
        for at, sign in enumerate(value)
    )


_CIPHERS = {
    "RC4-SHA": "TLS_RSA_WITH_RC4_128_SHA",
    "DES-CBC3-SHA": "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "AES128-SHA": "TLS_RSA_WITH_AES_128_CBC_SHA",
    "AES256-SHA": "TLS_RSA_WITH_AES_256_CBC_SHA",
    "AES128-SHA256": "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "AES128-GCM-SHA256": "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "AES256-GCM-SHA384": "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-ECDSA-AES128-SHA": "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "ECDHE-ECDSA-AES256-SHA": "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "ECDHE-ECDSA-AES128-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "ECDHE-RSA-DES-CBC3-SHA": "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "ECDHE-RSA-AES128-SHA": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "ECDHE-RSA-AES256-SHA": "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "ECDHE-RSA-AES128-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
}


def cipher_name(openssl: str) -> str:
    """OpenSSL's name of a cipher suite -> IANA's, which Go uses; TLS 1.3 names are the same in both."""
    return _CIPHERS.get(openssl, openssl)
