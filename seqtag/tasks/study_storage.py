"""Where the trials of a study are kept: in a journal file of one command, or in a database that many share."""

import json
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from seqtag.support.errors import DataError, Error, UsageError

if TYPE_CHECKING:
    import optuna

    Again = Callable[[optuna.Study, optuna.trial.FrozenTrial], None]

HEARTBEAT = 15  # seconds between two signs of life of a trial
GRACE = 60  # seconds without one after which a trial counts as dead
PATIENCE = 900.0  # seconds that a database may be away
RETRY = 2.0  # seconds between two tries to reach it
TABLES = 0x736571746167  # the lock on making tables: "seqtag"
Result = TypeVar("Result")


class StudyStorage:
    """A journal or a database.

    Args:
        where: A journal file that no other process uses, or the URL of a database.
        say: Receives what a user should know.
        check: Called while a database is away; it may raise.

    Attributes:
        is_shared: Whether other commands may use it.
        patience: The seconds that a database may be away; none at first.

    Raises:
        UsageError: It is neither a file nor a URL.
    """

    def __init__(self, where: Path | str, say: Callable[[str], None], check: Callable[[], None]) -> None:
        self._where = where
        self._say = say
        self._check = check
        self._close: Callable[[], None] = lambda: None
        self._shown = str(where) if isinstance(where, Path) else _without_password(where)
        self.is_shared = not isinstance(where, Path)
        self.patience = 0.0

    def open(self, again: "Again") -> "optuna.storages.BaseStorage":
        """Optuna's storage.

        Args:
            again: Called for each trial of a database whose command died.

        Raises:
            DataError: The file holds something else.
            UsageError: The driver of the database is not installed.
        """
        if isinstance(self._where, Path):
            return _journal(self._where)
        return self._database(self._where, again)

    def close(self) -> None:
        """Closes connections."""
        self._close()

    def kept(self, call: Callable[[], Result]) -> Result:
        """What a call to the storage gives; it is tried again while a database is away.

        Raises:
            Error: The database stayed away, or the journal cannot be written.
        """
        import sqlalchemy.exc
        from optuna.exceptions import StorageInternalError

        until = time.monotonic() + self.patience
        told = False
        while True:
            try:
                with warnings.catch_warnings():  # that parts are experimental, and who should send heartbeats
                    warnings.simplefilter("ignore")
                    return call()
            except OSError as problem:
                raise Error(f"{self._shown}: cannot be written: {problem.strerror}.") from problem
            except (StorageInternalError, sqlalchemy.exc.SQLAlchemyError) as problem:
                cause = problem.__cause__ or problem
                words = str(getattr(cause, "orig", None) or cause).strip().partition("\n")[0]
                if time.monotonic() >= until:
                    raise Error(f"{self._shown}: the database cannot be used: {words}") from problem
                if not told:
                    self._say(
                        f"{self._shown}: the database does not answer; trying again until it does ({words})"
                    )
                told = True
                self._check()
                time.sleep(RETRY)

    def _database(self, url: str, again: "Again") -> "optuna.storages.RDBStorage":
        import optuna

        try:
            with _making_tables(_with_driver(url)):
                database = optuna.storages.RDBStorage(
                    _with_driver(url),
                    engine_kwargs={"pool_pre_ping": True},
                    heartbeat_interval=HEARTBEAT,
                    grace_period=GRACE,
                    heartbeat_stale_trial_callback=again,
                )
        except ImportError as problem:
            needed = "the driver of this database is not installed; expected postgresql://USER@HOST/NAME."
            raise UsageError(f"{self._shown}: {needed}") from problem
        self._close = database.engine.dispose
        return database


def _journal(path: Path) -> "optuna.storages.JournalStorage":
    """The storage of a file that the caller holds the lock of; a line that was cut short is taken off.

    Raises:
        DataError: The file holds something else.
    """
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    class Held(JournalFileOpenLock):  # by the caller
        def acquire(self) -> bool:
            return True

        def release(self) -> None:
            pass

    content = path.read_bytes() if path.exists() else b""
    *lines, rest = content.split(b"\n")
    if rest:
        with path.open("r+b") as file:
            file.truncate(len(content) - len(rest))
    try:
        if lines:
            json.loads(lines[-1])  # Optuna looks at the last line only when another one follows
        return JournalStorage(JournalFileBackend(str(path), lock_obj=Held(str(path))))
    except (ValueError, LookupError, TypeError, AssertionError) as problem:  # what it meets in an alien line
        raise DataError(
            path,
            None,
            "is not a journal of seqtag tune, or is damaged. Delete it and run the same command again: finished "
            "trials are kept in runs.jsonl",
        ) from problem


@contextmanager
def _making_tables(url: str) -> Iterator[None]:
    """Keeps other commands from making the tables of an empty PostgreSQL database at the same time, which Optuna does
    not expect.
    """
    from sqlalchemy import NullPool, create_engine, text

    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SET lock_timeout = '{GRACE}s'"))
            connection.execute(text(f"SELECT pg_advisory_lock({TABLES})"))  # until the connection is closed
        yield


def _with_driver(url: str) -> str:
    """The URL with the driver that the extra installs for PostgreSQL."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _without_password(url: str) -> str:
    """The URL as it may be shown."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        raise UsageError(
            "--storage: expected the URL of a database, such as postgresql://USER@HOST/NAME."
        ) from None
