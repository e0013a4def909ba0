"""An object store over real HTTP, and a gateway before it that can misbehave as stores and networks do."""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import requests
from moto.server import ThreadedMotoServer

ACCESS_KEY = "AKIANETRAVENTESTONLY"
SECRET_KEY = "wJalrXUtnFEMI-K7MDENG-a-key-for-tests-only"


@dataclass
class ObjectStore:
    """Its URL, and a bucket of the test's own, to be looked into with the vendor's own client."""

    url: str
    bucket: str = field(default_factory=lambda: f"configs-{uuid.uuid4().hex}")

    def __post_init__(self) -> None:
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "region_name": "us-east-1"}
        self.client: Any = boto3.client("s3", endpoint_url=self.url, **keys)
        self.client.create_bucket(Bucket=self.bucket)

    def names(self) -> list[str]:
        """Of all objects, sorted."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def read(self, name: str) -> bytes:
        return bytes(self.client.get_object(Bucket=self.bucket, Key=name)["Body"].read())

    def overwrite(self, name: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=name, Body=content)

    def remove(self, name: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=name)

    def environment(self) -> dict[str, str]:
        """The settings with which an installation stores its configurations here."""
        return {
            "NETRAVEN_S3_BUCKET": self.bucket,
            "NETRAVEN_S3_ENDPOINT_URL": self.url,
            "NETRAVEN_S3_REGION": "us-east-1",
            "NETRAVEN_S3_ACCESS_KEY_ID": ACCESS_KEY,
            "NETRAVEN_S3_SECRET_ACCESS_KEY": SECRET_KEY,
        }


@contextmanager
def running_object_store() -> Iterator[ObjectStore]:
    """A store on a loopback port, until the block ends."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield ObjectStore(f"http://{host}:{port}")
    finally:
        server.stop()


@dataclass
class Gateway:
    """Passes requests on to a store. What it does wrong may be changed at any time."""

    store: str
    url: str = ""
    refuses_conditions: bool = False  # 501 for If-None-Match, as stores answer that do not know it
    swallows_writes: int = 0  # so many answers to PUT are lost on their way back
    denies: int = 0  # so many times it says of an object that there is none
    answers_with: tuple[int, bytes] | None = None  # status and body of every answer
    requests: list[str] = field(default_factory=list)


@contextmanager
def running_gateway(store: ObjectStore) -> Iterator[Gateway]:
    """A gateway on a loopback port, until the block ends."""
    gateway = Gateway(store.url)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"gateway": gateway}))
    gateway.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # as clients that send `Expect: 100-continue` want it
    gateway: Gateway

    def do_GET(self) -> None:
        gateway = self.gateway
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        gateway.requests.append(f"{self.command} {self.path}")
        if gateway.answers_with:
            self._answer(*gateway.answers_with)
            return
        if gateway.refuses_conditions and "If-None-Match" in self.headers:
            self._answer(501, b"<Error><Code>NotImplemented</Code></Error>")
            return
        if self.command == "HEAD" and gateway.denies:
            gateway.denies -= 1
            self._answer(404, b"")
            return
        answer = requests.request(
            self.command, gateway.store + self.path, data=body, headers=dict(self.headers), timeout=10
        )
        if self.command == "PUT" and gateway.swallows_writes:
            gateway.swallows_writes -= 1
            self.close_connection = True
            return
        self._answer(answer.status_code, answer.content)

    do_PUT = do_HEAD = do_DELETE = do_GET

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Nothing."""
