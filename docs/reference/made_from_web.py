"""Pages made from what the clinic's pages declare: who may do what, and the server's settings."""

from __future__ import annotations

from made_markdown import MADE, table
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from nutation.web.modes import FUNCTIONS
from nutation.web.rights import MEANING, RIGHTS, ROLES
from nutation.web.settings import PREFIX, SECRETS, Settings


def rights_page() -> str:
    """Every right with the roles that hold it, and every role."""
    clinical = [role for role in ROLES if RIGHTS[role]]
    rows = [
        [f"`{right}`", meaning, *("yes" if right in RIGHTS[role] else "" for role in clinical)]
        for right, meaning in MEANING.items()
    ]
    return "\n".join(
        (
            "# Who may do what\n",
            MADE.format(source="`nutation.web.rights`"),
            "A person has the rights of all their roles. Each page asks for its rights before it does anything, and a",
            "page that asks for none keeps the server from starting. Who opened a patient's page is kept, whether it",
            "was allowed or refused.\n",
            table(["right", "allows", *clinical], rows),
            "Erasing a patient and taking the clinic's data out also need `see_patient`: an administrator who sees no",
            "patient does neither in the browser.\n",
            "## Roles\n",
            table(["role", "who"], ([f"`{role}`", meaning] for role, meaning in ROLES.items())),
            "## Modes\n",
            "Each of these is in research mode until an administrator switches it to clinic mode and names the",
            "responsible person, the local validation and the legal basis.\n",
            table(["function", "what"], ([f"`{name}`", meaning] for name, meaning in FUNCTIONS.items())),
        )
    )


def settings_page() -> str:
    """Every setting of the server: its variable, its default and what it does."""
    rows: list[list[str]] = []
    for name, field in Settings.model_fields.items():
        if name == "demo":  # which no variable sets
            continue
        default = field.get_default(call_default_factory=True)
        rows.append([f"`{PREFIX}{name.upper()}`", _shown(default), field.description or ""])
    files = ", ".join(f"`{PREFIX}{name.upper()}_FILE`" for name in SECRETS)
    return "\n".join(
        (
            "# Settings of the server\n",
            MADE.format(source="`nutation.web.settings`"),
            "`nutation serve` reads them from the environment. Secrets may stand in files instead, which these",
            f"variables name: {files}. No setting is ever printed with its value.\n",
            table(["variable", "unless set", "what it does"], rows),
        )
    )


def _shown(default: object) -> str:
    if default is PydanticUndefined:
        return "has to be set"
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, tuple | dict):
        return f"`{' '.join(default)}`" if default else ""
    return f"`{default}`" if default != "" else ""
