"""The command `perdure`."""

from __future__ import annotations

import click

from perdure.cli.command import Group
from perdure.cli.commands.codes import codes, lifecycle
from perdure.cli.commands.doctor import doctor
from perdure.cli.commands.history import forget, history, revert
from perdure.cli.commands.leftovers import leftovers
from perdure.cli.commands.loaded import modules, plugins
from perdure.cli.commands.new import new
from perdure.cli.commands.stubs import stubs
from perdure.cli.commands.transfer import export, import_
from perdure.cli.commands.upkeep import migrate, tenants
from perdure.cli.commands.values import get, list_, set_, unset
from perdure.cli.commands.watch import watch


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="perdure")
def main() -> None:
    """Look at the status of installed modules, and change it."""


for command in (plugins, modules, codes, lifecycle, list_, get, set_, unset, history, revert, watch):
    main.add_command(command)
for command in (leftovers, forget, migrate, tenants):
    main.add_command(command)
main.add_command(new)
main.add_command(export)
main.add_command(import_)
main.add_command(doctor)
main.add_command(stubs)
