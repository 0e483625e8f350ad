"""What `pipit export` does: finds the member, writes the file, tells of its progress."""

from datetime import date
from pathlib import Path

from pipit.accounts import basic
from pipit.commands.progress import progress
from pipit.config import Settings
from pipit.core import ids
from pipit.export.archive import archive
from pipit.export.member import Export
from pipit.gateway.filestore import FileStore
from pipit.gateway.operations import OperationError
from pipit.store.base import Store
from pipit.store.factory import make_reading_store
from pipit.store.records import User


async def export(settings: Settings, name: str, out: Path | None) -> int:
    """Writes the archive. Raises OperationError, StoreError, OSError."""
    store = make_reading_store(settings)
    await store.open()
    try:
        user = await _find(store, name)
        export = await Export.of(store, FileStore(settings.files_dir), user)
        path = out or Path(f"{name}-{date.today()}.zip")
        with archive(path) as parts, progress("export", export.steps) as shown:
            await export.write(parts, shown.step)
    finally:
        await store.close()
    print(f"{path} holds {len(export.conversations)} conversations; open its index.html")
    if lost := sum(not path for path in export.paths.values()):
        print(f"{lost} files are missing in {settings.files_dir}")
    return 0


async def _find(store: Store, name: str) -> User:
    login = await store.find_login(basic.SCHEME, name.lower())
    user = login.user if login else name
    found = await store.load_user(user) if ids.is_user_id(user) else None
    if found is None:
        raise OperationError(f"no account is called {name!r}; `pipit user list` shows all")
    return found
