"""What can go wrong around a backup, beside the device itself (devices.exceptions)."""


class BackupError(Exception):
    """Base; str() is a sentence for the operator."""


class StorageFailed(BackupError):
    """The storage would not write or read."""


class CorruptBackup(BackupError):
    """The stored file is missing, or is not what was stored."""


class RequestRefused(BackupError):
    """The request cannot be served as it stands; nothing was recorded."""


class ClusterFailed(BackupError):
    """The worker processes of this host did not start, stalled, or did not end."""


class TooManyTests(BackupError):
    """A credential was tested so often on a device that its account might be locked."""
