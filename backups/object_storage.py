"""Configurations in an object store (S3) instead of files, with the same promises; imported if one is configured."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any

from botocore import exceptions as boto
from botocore.config import Config
from django.core.files.base import ContentFile, File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

from backups.storage import WriteOnce

# Seconds, per attempt. Three requests to a store that is away end within the time a worker has for storing.
CONNECT_TIMEOUT = 5
READ_TIMEOUT = 10
ATTEMPTS = 2
CONNECTIONS = 50  # kept open by one process
NAMES_TRIED = 100

TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
SENTENCES = {
    "NoSuchBucket": "the object store has no such bucket",
    "AccessDenied": "the object store refuses access to the bucket",
    "403": "the object store refuses access to the bucket",
    "InvalidAccessKeyId": "the object store does not know the access key",
    "SignatureDoesNotMatch": "the object store does not accept the secret key",
    "RequestTimeTooSkewed": "the clock of this host differs from the object store's",
    "QuotaExceeded": "no space left in the object store",
    "XMinioStorageFull": "no space left in the object store",
}


class ConfigObjectStorage(WriteOnce, S3Storage):  # type: ignore[misc]  # django-storages has no annotations
    """Objects that appear whole or not at all and are never replaced, readable by the bucket's owner alone.

    Errors are FileNotFoundError, or OSError with a sentence in which no key can be.
    """

    def __init__(self, **options: Any) -> None:
        config = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=CONNECTIONS,
            # The signature covers the bytes, so every store compares them; not every one knows the newer checksums.
            s3={"payload_signing_enabled": True},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        super().__init__(**{"client_config": config, "default_acl": None, "file_overwrite": False} | options)
        self._knows_conditions = True

    @cached_property
    def _client(self) -> Any:
        """One for all threads: boto's clients are made for that, and making one takes longer than a backup."""
        return self._create_session().client(
            "s3", region_name=self.region_name, endpoint_url=self.endpoint_url, config=self.client_config
        )

    def require_writable(self) -> None:
        """Ask for the bucket: an object written each time would cost money, and stay where objects are locked."""
        with _plain_errors():
            self._client.head_bucket(Bucket=self.bucket_name)

    def space(self) -> None:
        """A bucket has no end."""

    def exists(self, name: str) -> bool:
        """Whether there is such an object."""
        try:
            self._head(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        """Bytes."""
        return int(self._head(name)["ContentLength"])

    def get_modified_time(self, name: str) -> datetime:
        """When it was stored."""
        stored: datetime = self._head(name)["LastModified"]
        return stored

    def delete(self, name: str) -> None:
        """Remove an object; none to remove is no error."""
        with _plain_errors():
            self._client.delete_object(**self._place(name))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Names of the folders and of the objects in a folder."""
        with _plain_errors():
            folders, files = super().listdir(path)
        return folders, files

    def _head(self, name: str) -> Any:
        with _plain_errors():
            return self._client.head_object(**self._place(name))

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        with _plain_errors():
            return ContentFile(self._client.get_object(**self._place(name))["Body"].read(), name=name)

    def _save(self, name: str, content: "File[bytes]") -> str:
        """Put it under a name that is free at the moment of writing."""
        body = b"".join(content.chunks())
        for _ in range(NAMES_TRIED):
            if self._put(name, body) or self._holds(name, body):
                return name
            name = self.get_available_name(name)
        raise OSError(errno.EEXIST, "the object store says of every name that it is taken")

    def _put(self, name: str, body: bytes) -> bool:
        """Whether the name was free; a store that cannot tell in the act of writing was asked just before."""
        condition = {"IfNoneMatch": "*"} if self._knows_conditions else {}
        place = self._place(name) | {"Body": body, "ContentType": "text/plain"}
        with _plain_errors():
            try:
                self._client.put_object(**place, **condition)
            except boto.ClientError as error:
                if _code(error) in TAKEN:
                    return False
                if _code(error) != "NotImplemented" or not condition:
                    raise
                self._knows_conditions = False
                self._client.put_object(**place)
        return True

    def _holds(self, name: str, body: bytes) -> bool:
        """Whether it holds these bytes: an attempt whose answer was lost has stored them."""
        try:
            with self._open(name) as file:
                return bool(file.read() == body)
        except FileNotFoundError:
            return False

    def _place(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket_name, "Key": self._normalize_name(clean_name(name))}


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Boto's errors without what they carry: requests, with the access key in them."""
    try:
        yield
    except boto.ClientError as error:
        if _code(error) in ("NoSuchKey", "404"):
            raise FileNotFoundError(errno.ENOENT, "there is no such object") from None
        raise OSError(errno.EIO, _answer(error)) from None
    except (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError):
        raise OSError(errno.EACCES, "there is no key for the object store") from None
    except (boto.ConnectTimeoutError, boto.ReadTimeoutError):
        raise OSError(errno.EIO, "the object store did not answer in time") from None
    except boto.SSLError:
        raise OSError(errno.EIO, "the object store's certificate cannot be verified") from None
    except (boto.EndpointConnectionError, boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError):
        raise OSError(errno.EIO, "the object store cannot be reached") from None
    except boto.BotoCoreError as error:
        raise OSError(errno.EIO, f"the object store cannot be used ({type(error).__name__})") from None


def _code(error: Any) -> str:
    """`NoSuchKey`; the HTTP status where an answer has no code, as to HEAD."""
    return re.sub(r"[^A-Za-z0-9]", "", str(error.response.get("Error", {}).get("Code", "")))[:60]


def _answer(error: Any) -> str:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    return SENTENCES.get(_code(error), f"the object store answered {_code(error)} (HTTP {status})")
