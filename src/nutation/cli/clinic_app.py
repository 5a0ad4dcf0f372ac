"""The clinic's commands: serve and demo, the database, backup and restore, the audit, export and import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nutation.cli.options import Json, Quiet

Database = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="sqlite:///FILE or postgresql://…; else NUTATION_DATABASE."),
]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")]

audit = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Prove that nothing was changed or lost.")
database = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Make the tables, or bring them up to date.")


def register(app: typer.Typer) -> None:
    """Add the clinic's commands."""
    app.command("demo", help="Open a clinic with made-up patients at every stage, on this machine alone.")(demo)
    app.command("serve", help="Run the clinic's program on a database.")(serve)
    app.command("backup", help="Write everything into one file, while the program runs.")(backup)
    app.command("restore", help="Bring a backup back into an empty database.")(restore)
    app.command("export", help="Write the whole clinic as FHIR R4 (NDJSON).")(export)
    app.command("import", help="Read a whole clinic, as `export` wrote it, into an empty database.")(import_)
    app.add_typer(database, name="database")
    app.add_typer(audit, name="audit")


def demo(
    port: Port = 8000,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the clinic there; else it is gone when the program ends.")
    ] = None,
) -> None:
    """Open the demonstration."""
    from nutation.cli import clinic_command

    clinic_command.demo(port=port, browser=not no_browser, folder=folder)


def serve(
    database: Database = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; this machine alone unless told.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    workers: Annotated[int, typer.Option(help="Processes that serve pages; more than one needs PostgreSQL.")] = 1,
    new_administrator: Annotated[
        bool, typer.Option("--new-administrator", help="Print a link that makes another administrator.")
    ] = False,
) -> None:
    """Run the clinic's program. Secrets come from the environment (NUTATION_SECRET_KEY …)."""
    from nutation.cli import clinic_command

    clinic_command.serve(url=database, host=host, port=port, workers=workers, new_administrator=new_administrator)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; it must not exist.")],
    database: Database = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a backup."""
    from nutation.cli import clinic_command

    clinic_command.backup(file, url=database, json=json, quiet=quiet)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `nutation backup` wrote.")],
    database: Database = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Restore a backup."""
    from nutation.cli import clinic_command

    clinic_command.restore(file, url=database, json=json, quiet=quiet)


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for the files.")],
    database: Database = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the clinic as FHIR."""
    from nutation.cli import clinic_command

    clinic_command.export(folder, url=database, json=json, quiet=quiet)


def import_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that `nutation export` wrote.")],
    database: Database = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read a clinic from FHIR."""
    from nutation.cli import clinic_command

    clinic_command.import_(folder, url=database, json=json, quiet=quiet)


@database.command("upgrade", help="Make the tables, or bring them up to this version; nothing stored is lost.")
def upgrade(database: Database = None, quiet: Quiet = False) -> None:
    """Bring the tables up to date."""
    from nutation.cli import clinic_command

    clinic_command.upgrade(url=database, quiet=quiet)


@audit.command("verify", help="Check every chain and document, and print the clinic's head.")
def verify(database: Database = None, json: Json = False, quiet: Quiet = False) -> None:
    """Verify the audit chain."""
    from nutation.cli import clinic_command

    clinic_command.verify(url=database, json=json, quiet=quiet)
