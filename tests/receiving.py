"""A receiver of webhooks on a socket: what it was sent, and what it answers as a test wants it; TLS if wanted."""

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass
class Sent:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[http.server.BaseHTTPRequestHandler, Sent], None]


def says(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Answer with this."""

    def answer(request: http.server.BaseHTTPRequestHandler, _: Sent) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


@dataclass
class Receiver:
    """Keeps what it was sent; `answer` may be changed at any time."""

    port: int = 0
    answer: Answer = field(default_factory=lambda: says(204))
    sent: list[Sent] = field(default_factory=list)
    scheme: str = "http"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.sent]


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver for as long as the block runs."""
    receiver = Receiver(scheme="http" if tls is None else "https")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            sent = Sent(self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length))
            with receiver.lock:
                receiver.sent.append(sent)
            try:
                receiver.answer(self, sent)
            except OSError:  # the caller has gone: that is what some tests want
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a broken handshake is what some tests want
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server of this name shows, and what a client that trusts it needs."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, kept = folder / f"{name}.pem", folder / f"{name}.key"
    shown.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kept.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(shown, kept)
    return server, ssl.create_default_context(cafile=str(shown))


def leads_to(*addresses: str) -> Callable[[str, int], Any]:
    """A resolver by which every name leads to these addresses."""
    for one in addresses:
        ip_address(one)

    async def resolve(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return resolve
