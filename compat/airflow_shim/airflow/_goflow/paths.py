"""``ObjectStoragePath``: paths of this machine's file system work; others need the package universal_pathlib."""

import os


class ObjectStoragePath(os.PathLike):
    """A path with a scheme. Made without asking anybody; work on it goes to pathlib or to universal_pathlib."""

    def __init__(self, *parts, conn_id=None, **options):
        text = "/".join(
            str(part).rstrip("/") if number < len(parts) - 1 else str(part) for number, part in enumerate(parts)
        )
        scheme, mark, rest = text.partition("://")
        self.protocol = scheme if mark else "file"
        login, at, path = (rest if mark else text).partition("@")
        self.conn_id = conn_id or (login if mark and at and "/" not in login else None)
        self.path = path if mark and at and "/" not in login else (rest if mark else text)
        self._options = options

    def __str__(self):
        return self.path if self.protocol == "file" else f"{self.protocol}://{self.path}"

    def __repr__(self):
        return f"ObjectStoragePath('{self}')"

    def __fspath__(self):
        return str(self)

    def __eq__(self, other):
        return isinstance(other, ObjectStoragePath) and str(self) == str(other)

    def __hash__(self):
        return hash(str(self))

    def __truediv__(self, other):
        return ObjectStoragePath(f"{str(self).rstrip('/')}/{other}", conn_id=self.conn_id)

    def joinpath(self, *others):
        """The path with OTHERS behind."""
        found = self
        for other in others:
            found = found / other
        return found

    def __getattr__(self, name):
        if name.startswith("__") or name == "resolve":
            raise AttributeError(name)
        return getattr(self._real(), name)

    def _real(self):
        """What does the work. Raises ModuleNotFoundError where a package for it is missing."""
        if self.protocol == "file":
            from pathlib import Path

            return Path(self.path)
        try:
            from upath import UPath
        except ImportError:
            raise ModuleNotFoundError(
                f"{self.protocol}:// paths need the package universal_pathlib and fsspec's for {self.protocol} in this "
                "task's image"
            ) from None
        return UPath(str(self))

    def serialize(self):
        """As a map."""
        return {"path": str(self), "conn_id": self.conn_id, "kwargs": {}}

    @classmethod
    def deserialize(cls, data, version):
        """The inverse of `serialize`."""
        return cls(data["path"], conn_id=data.get("conn_id"))


def attach(protocol=None, conn_id=None, alias=None, encryption_type="", fs=None):
    """Nothing: file systems are found by their scheme."""
