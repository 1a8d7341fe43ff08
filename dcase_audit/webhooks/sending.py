"""Post a message to an address that somebody entered: signed, bounded, and not into our own network.

The signature is that of the Standard Webhooks specification 1.0 (https://www.standardwebhooks.com).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext_noop as _

PREFIX = "whsec_"
TIMEOUT = 10.0
LARGEST_ANSWER = 64 * 1024

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(Exception):
    """Nothing is sent to this address: it is no address of the web, or one of a network that is not named."""


class Unanswered(Exception):
    """No answer came, or one that does not say that the message was taken."""


class Gone(Exception):
    """The receiver wants no more of these (410)."""


class Message(NamedTuple):
    """What is sent: an id that stays the same for the same changes, and JSON."""

    id: str
    body: bytes


def signature(secret: str, message: Message, timestamp: int) -> str:
    """Return the signature of a message sent at ``timestamp`` (seconds since 1970)."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message.id}.{timestamp}.".encode() + message.body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def checked(url: str) -> SplitResult:
    """Return the parts of an address that may be entered.

    Raises:
        AddressRefused: it is not http(s), has a user name or a fragment, or no host or port that can be.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressRefused(str(error)) from None
    if parts.scheme not in ("https", "http") or not host or port == 0:
        raise AddressRefused(_("An address begins with https:// and names a host."))
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressRefused(_("An address has no user name and no fragment."))
    if not url.isascii() or any(sign.isspace() or not sign.isprintable() for sign in url):
        raise AddressRefused(_("An address has visible ASCII signs only."))
    return parts


def send(url: str, secrets: Sequence[str], message: Message) -> None:
    """Send one message, signed with each secret, and wait for its answer, at most ten seconds for each step.

    Raises:
        AddressRefused: the host's addresses are not all public, or in ``WEBHOOK_NETWORKS``; or http to a public one.
        Gone: 410. Unanswered: anything else but 2xx.
    """
    parts = checked(url)
    address = _resolved(parts)
    timestamp = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "dcase-audit",
        "webhook-id": message.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(secret, message, timestamp) for secret in secrets),
    }
    wire = _connection(parts, address)
    try:
        path = parts.path or "/"
        wire.request("POST", f"{path}?{parts.query}" if parts.query else path, body=message.body, headers=headers)
        answer = wire.getresponse()
        answer.read(LARGEST_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise Unanswered(f"{type(error).__name__}: {error}") from None
    finally:
        wire.close()
    if answer.status == 410:
        raise Gone
    if not 200 <= answer.status < 300:
        raise Unanswered(f"the receiver answered {answer.status}")


def _resolved(parts: SplitResult) -> Address:
    """Return the address to connect to, of which every other one of the host could be in its place."""
    assert parts.hostname is not None
    try:
        found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unanswered(f"the host has no address: {error}") from None
    addresses = [ipaddress.ip_address(str(where[0]).partition("%")[0]) for *_, where in found]
    for address in addresses:
        if not _is_named(address) and (not address.is_global or address.is_multicast or parts.scheme != "https"):
            raise AddressRefused(f"{address} is not public, or is without https, and is not in WEBHOOK_NETWORKS.")
    return addresses[0]


def _is_named(address: Address) -> bool:
    networks = [ipaddress.ip_network(network) for network in settings.WEBHOOK_NETWORKS]
    return any(address in network for network in networks if network.version == address.version)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _connection(parts: SplitResult, address: Address) -> http.client.HTTPConnection:
    """Return a connection to this very address: asked again, the name could lead elsewhere."""
    assert parts.hostname is not None
    kind = _PinnedTls if parts.scheme == "https" else _Pinned
    return kind(parts.hostname, _port(parts), address)


class _Pinned(http.client.HTTPConnection):
    def __init__(self, host: str, port: int, address: Address) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self._address = str(address)

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)


class _PinnedTls(_Pinned):
    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
