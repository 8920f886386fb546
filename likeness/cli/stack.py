"""`likeness up`: the whole local stack in the foreground."""

import sys

import click


@click.command()
def up() -> None:
    """Start everything on this machine and keep it up; Ctrl-C stops it.

    Redis and S3 run embedded unless LIKENESS_REDIS_URL or LIKENESS_S3_ENDPOINT name others.
    """
    from core.settings import load_settings
    from infra.local.stack import up as stay_up
    from likeness.cli.packs import fetch_packs

    fetch_packs(load_settings())
    sys.exit(stay_up())
