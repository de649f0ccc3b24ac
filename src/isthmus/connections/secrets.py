"""Secrets at rest: sealed with a key that the database does not hold.

The key comes from the environment variable ISTHMUS_SECRET_KEY, or else from the file `secret.key`
in the data folder, which is made on first use. Either may hold several keys: the first seals, all
open. To replace a key, put the new one in front, seal again (`isthmus secrets rotate`), and
then take the old one out.
"""

import os
import tempfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from isthmus.errors import Final
from isthmus.home import home

SETTING = "ISTHMUS_SECRET_KEY"
FILE = "secret.key"
_DERIVED_BYTES = 48


class SecretKeyInvalid(Final):
    """There is no secret key, or none that can be used."""


class SecretUnreadable(Final):
    """A stored secret was sealed with a key that is not at hand."""


def seal(secret: str) -> bytes:
    """The secret as it may be stored. The same secret gives other bytes each time."""
    return _keys().encrypt(secret.encode())


def unseal(sealed: bytes | memoryview) -> str:
    """The secret that `seal` was given. Raises `SecretUnreadable` where no key opens it."""
    try:
        return _keys().decrypt(bytes(sealed)).decode()
    except InvalidToken as error:
        raise SecretUnreadable(
            f"A stored secret can't be opened: it was sealed with another key than those in "
            f"{_source()}. Put the old key back ({SETTING} takes several, separated by commas), "
            f"or apply the set-up again with the secrets in the environment."
        ) from error


def unseal_any(sealed: bytes | memoryview) -> str:
    """The same, where there may be no secret: then an empty text."""
    return unseal(sealed) if bytes(sealed) else ""


def seal_again(sealed: bytes | memoryview) -> bytes:
    """The same secret, sealed with the first key. Raises `SecretUnreadable` as `unseal` does."""
    return seal(unseal(sealed))


def place_of_key(sealed: bytes | memoryview) -> int | None:
    """Which of the keys opens it, from 0; None where none does."""
    for place, text in enumerate(_key_texts()):
        try:
            _key(text).decrypt(bytes(sealed))
        except InvalidToken:
            continue
        return place
    return None


def derived(purpose: str) -> list[str]:
    """Keys for something else than sealing, one of each secret key; the first is to be used."""
    return [_derived(purpose, text) for text in _key_texts()]


def _derived(purpose: str, text: str) -> str:
    _key(text)
    kdf = HKDF(algorithm=SHA256(), length=_DERIVED_BYTES, salt=None, info=purpose.encode())
    return urlsafe_b64encode(kdf.derive(urlsafe_b64decode(text))).decode()


def texts() -> list[str]:
    """The keys themselves, the first seals. For a backup that is to hold them."""
    for text in _key_texts():
        _key(text)
    return _key_texts()


def mark(key: str) -> str:
    """What a key is told by, and nobody learns it from: 12 hexadecimal digits."""
    return sha256(_derived("mark of a key", key).encode()).hexdigest()[:12]


def marks() -> list[str]:
    """Of the keys that there are; none where there is no key yet, and none is made."""
    return [mark(text) for text in texts()] if is_given() or (home() / FILE).exists() else []


def is_given() -> bool:
    """Whether the environment gives the keys, so that those of the data folder don't count."""
    return bool(os.environ.get(SETTING, "").strip())


def adopt(keys: Sequence[str]) -> None:
    """Write these keys into the data folder, before those that it has: they open what they did."""
    path = home() / FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = split(_file_text(path)) if path.exists() else []
    draft = _drafted(path, "".join(f"{key}\n" for key in dict.fromkeys([*keys, *known])))
    draft.replace(path)
    _keep_name(path.parent)


def new_key() -> str:
    """A fresh random key."""
    return Fernet.generate_key().decode()


def _keys() -> MultiFernet:
    return MultiFernet([_key(key) for key in _key_texts()])


def _key_texts() -> list[str]:
    given = os.environ.get(SETTING, "").strip()
    text = given or _file_text(home() / FILE)
    keys = split(text)
    if not keys:
        raise SecretKeyInvalid(f"{_source()} holds no key. {_advice()}")
    return keys


def split(text: str) -> list[str]:
    """The keys of a text that names several."""
    return text.replace(",", " ").split()


def _key(text: str) -> Fernet:
    try:
        return Fernet(text)
    except ValueError as error:
        raise SecretKeyInvalid(
            f"{_source()} holds something that is no key: 32 random bytes in URL-safe base64 are "
            f"needed (44 characters), and one entry has {len(text)} characters. {_advice()}"
        ) from error


def _source() -> str:
    """Where the keys are taken from."""
    return SETTING if is_given() else str(home() / FILE)


def _advice() -> str:
    return (
        f"Put back the key that was used so far; on a new store, remove {_source()} and one is "
        f"made by itself."
    )


def _file_text(path: Path) -> str:
    try:
        if not path.exists():
            _make(path)
        return path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise SecretKeyInvalid(
            f"The file {path} can't be read or made ({error.strerror}). Let this account write to "
            f"the data folder, or put a key into {SETTING}."
        ) from error


def _make(path: Path) -> None:
    """Write a new key, unless another process was faster: then its key stays.

    The file gets its name only when it is complete, so nobody ever reads half a key.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(path, f"{new_key()}\n")


def _write(path: Path, text: str) -> None:
    """Write the file where there is none."""
    draft = _drafted(path, text)
    try:
        _name_unless_taken(draft, path)
    finally:
        draft.unlink()


def _drafted(path: Path, text: str) -> Path:
    """A file beside it that holds the text, on the disk."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(draft).unlink()
        raise
    return Path(draft)


def _name_unless_taken(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    _keep_name(path.parent)


def _keep_name(folder: Path) -> None:
    """Make sure that the file is still there after a power cut: what it seals will be."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
