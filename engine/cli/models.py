"""`seamseg-models`: lists, describes, imports, exports and verifies model bundles."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from seamseg_studio.engine.cli.console import ExitCode, Failure, Parser, print_json, report_failures, run_command
from seamseg_studio.engine.errors import InputError, SeamsegError

if TYPE_CHECKING:
    from seamseg_studio.engine.checkpoints.bundle import Bundle

_EPILOG = """\
examples:
  seamseg-models import vistas_r50.zip --name vistas-r50   an archive of the original project
  seamseg-models info vistas-r50
  seamseg-models export vistas-r50 vistas-r50.zip          one file to pass on

A MODEL is a name from `seamseg-models list`, or the path of a bundle (a folder or a .zip).
"""

_STARTER = "starter"
_PIPED_WIDTH = 160


def build_parser() -> Parser:
    """The command line of `seamseg-models`."""
    parser = Parser(prog="seamseg-models", description="Manage models on this machine.", epilog=_EPILOG)
    parser.add_version()
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    listing = commands.add_parser("list", description="List the models of this machine.", help="list the models")
    listing.set_defaults(run=_list)

    info = commands.add_parser("info", description="Describe a model.", help="card, categories, parameters, hashes")
    info.add_argument("model", nargs="?", default=_STARTER, metavar="MODEL", help="the bundled starter by default")
    info.add_argument("--ops", action="store_true", help="say instead which implementation of its ops runs, and why")
    info.set_defaults(run=_info)

    importing = commands.add_parser(
        "import",
        description="Make a bundle of an archive of the original project (folder, .zip or .pth.tar beside its "
        "config.ini and metadata.bin), or take over a bundle from elsewhere.",
        help="make a bundle of an official archive, or take over a bundle",
    )
    importing.add_argument("source", metavar="SRC", help="the archive or bundle")
    importing.add_argument("--name", metavar="NAME", help="the model's name (default: that of SRC)")
    importing.add_argument("--out", metavar="PATH", help="write the bundle here instead of among your models")
    importing.add_argument("--card", metavar="FILE", help="Markdown text about the model: data, licence, scores")
    importing.add_argument("--full-precision", action="store_true", help="keep 32-bit weights (twice the size)")
    importing.add_argument("--overwrite", action="store_true", help="replace a model of that name")
    importing.set_defaults(run=_import)

    export = commands.add_parser("export", description="Copy a model to a folder or a .zip.", help="copy a model")
    export.add_argument("model", metavar="MODEL")
    export.add_argument("target", metavar="DST", help="a folder, or a file that ends in .zip")
    export.add_argument("--overwrite", action="store_true", help="replace DST")
    export.set_defaults(run=_export)

    verify = commands.add_parser(
        "verify",
        description="Check hashes, names and shapes of all weights, and that they are finite.",
        help="check that models are whole",
    )
    verify.add_argument("models", nargs="*", metavar="MODEL", help="all of this machine by default")
    verify.set_defaults(run=_verify)
    for command in (listing, info, importing, export, verify):
        command.add_json()
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    return run_command(build_parser(), lambda args: int(args.run(args)), argv)


def _known_models() -> list[str]:
    """The starter and what lies in the user's folder, by name."""
    from seamseg_studio.engine.checkpoints.folder import bundles_in, models_folder

    return [_STARTER, *(name for name in bundles_in(models_folder()) if name != _STARTER)]


def _list(args: argparse.Namespace) -> int:
    from seamseg_studio.engine.checkpoints.bundle import load_bundle

    rows: list[dict[str, object]] = []
    failures = []
    names = _known_models()
    for name in names:
        try:
            bundle = load_bundle(name)
        except SeamsegError as error:
            failures.append(Failure(name, str(error)))
            continue
        rows.append(
            {
                "name": name,
                "title": _title(bundle),
                "body": bundle.config.body.body,
                "stuff": bundle.taxonomy.num_stuff,
                "things": bundle.taxonomy.num_things,
                "path": str(bundle.path),
            }
        )
    if args.json:
        print_json({"models": rows, "failures": [{"model": f.input, "reason": f.reason} for f in failures]})
    else:
        table = Table(box=box.SIMPLE_HEAD)
        for column in ("name", "title", "body", "stuff", "things", "path"):
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*map(str, row.values()))
        _console().print(table)
    return report_failures(failures, len(names))


def _info_ops(args: argparse.Namespace) -> int:
    from seamseg_studio.engine.ops import native

    status = native.status()
    library = str(status.library) if status.library else None
    return _done(args, str(status), {"ops": status.kind, "reason": status.reason, "library": library})


def _info(args: argparse.Namespace) -> int:
    if args.ops:
        return _info_ops(args)
    from seamseg_studio.engine.checkpoints.bundle import load_bundle

    bundle = load_bundle(args.model)
    num_parameters = int(bundle.manifest.get("num_parameters", 0))
    if args.json:
        print_json(
            {
                "name": bundle.name,
                "path": str(bundle.path),
                "num_parameters": num_parameters,
                "taxonomy": bundle.taxonomy.to_json(),
                "manifest": dict(bundle.manifest),
                "card": bundle.card,
            }
        )
        return ExitCode.DONE
    taxonomy = bundle.taxonomy
    console = _console()
    console.print(f"name        {bundle.name}", highlight=False, markup=False)
    console.print(f"path        {bundle.path}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"body        {bundle.config.body.body}", highlight=False, markup=False)
    console.print(f"parameters  {num_parameters:,}", highlight=False)
    names = [category.name for category in taxonomy.categories]
    stuff, things = names[: taxonomy.num_stuff], names[taxonomy.num_stuff :]
    console.print(f"stuff       {len(stuff)}: {', '.join(stuff)}", highlight=False, markup=False)
    console.print(f"things      {len(things)}: {', '.join(things)}", highlight=False, markup=False)
    for file, digest in sorted(bundle.manifest["sha256"].items()):
        console.print(f"sha256      {digest}  {file}", highlight=False, markup=False, soft_wrap=True)
    console.print()
    console.print(bundle.card.strip(), highlight=False, markup=False)
    return ExitCode.DONE


def _import(args: argparse.Namespace) -> int:
    from seamseg_studio.engine.checkpoints.bundle import load_bundle, save_bundle
    from seamseg_studio.engine.checkpoints.folder import models_folder
    from seamseg_studio.engine.checkpoints.official import import_official
    from seamseg_studio.engine.formats.names import safe_name

    source = Path(args.source)
    if not source.exists():
        raise InputError(f"{source}: no such file or folder; check the name")
    name = args.name or source.name.split(".")[0]
    if name == _STARTER:
        raise InputError(f"the name {_STARTER!r} is that of the bundled model; choose another with --name")
    target = Path(args.out) if args.out else models_folder() / safe_name(name)
    _refuse_to_replace(target, args.overwrite)
    card = _read_card(Path(args.card)) if args.card else None
    lineage: dict[str, object] = {"imported_from": source.name}
    if _is_bundle(source):
        bundle = load_bundle(source)
        config, taxonomy, weights = bundle.config, bundle.taxonomy, bundle.state_dict()
        card = card or bundle.card
        kept = bundle.manifest.get("lineage")
        lineage |= dict(kept) if isinstance(kept, dict) else {}
    else:
        config, taxonomy, weights = import_official(source)
    save_bundle(
        target,
        name=name,
        config=config,
        taxonomy=taxonomy,
        state_dict=weights,
        card=card
        or f"# {name}\n\nImported from `{source.name}`. Its data, licence and scores are those of its source.\n",
        lineage=lineage,
        half=not args.full_precision,
    )
    return _done(args, f"{name}: imported to {target}", {"name": name, "path": str(target)})


def _export(args: argparse.Namespace) -> int:
    from seamseg_studio.engine.checkpoints.bundle import load_bundle, save_bundle

    bundle = load_bundle(args.model)
    target = Path(args.target)
    _refuse_to_replace(target, args.overwrite)
    lineage = bundle.manifest.get("lineage")
    save_bundle(
        target,
        name=bundle.name,
        config=bundle.config,
        taxonomy=bundle.taxonomy,
        state_dict=bundle.state_dict(),
        card=bundle.card,
        lineage=dict(lineage) if isinstance(lineage, dict) else {},
        half=bool(bundle.manifest.get("half", True)),
    )
    return _done(args, f"{bundle.name}: exported to {target}", {"name": bundle.name, "path": str(target)})


def _verify(args: argparse.Namespace) -> int:
    names = args.models or _known_models()
    failures = []
    for name in names:
        try:
            _verify_one(name)
        except SeamsegError as error:
            failures.append(Failure(name, str(error)))
            continue
        if not args.json:
            print(f"{name}: whole")
    if args.json:
        failed = {failure.input: failure.reason for failure in failures}
        print_json({"models": [{"name": n, "whole": n not in failed, "reason": failed.get(n)} for n in names]})
    return report_failures(failures, len(names))


def _verify_one(name: str) -> None:
    """Loads a bundle, which checks the hashes, and compares its weights with the network that its config describes."""
    from seamseg_studio.engine.checkpoints.bundle import load_bundle
    from seamseg_studio.engine.checkpoints.weights import check_weights

    bundle = load_bundle(name)
    check_weights(bundle.state_dict(), bundle.config, bundle.taxonomy, str(bundle.path))


def _is_bundle(path: Path) -> bool:
    from seamseg_studio.engine.checkpoints.archive import Archive

    return (path.is_dir() or path.suffix == ".zip") and Archive(path).find("manifest.json") is not None


def _title(bundle: Bundle) -> str:
    for line in bundle.card.splitlines():
        if line.startswith("#"):
            return line.lstrip("# ").strip()
    return bundle.name


def _read_card(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error}); name a Markdown file") from error


def _refuse_to_replace(target: Path, overwrite: bool) -> None:
    if target.exists() and not overwrite:
        raise InputError(f"{target}: is there already; choose another name or use --overwrite")


def _done(args: argparse.Namespace, sentence: str, document: dict[str, object]) -> int:
    if args.json:
        print_json(document)
    else:
        print(sentence)
    return ExitCode.DONE


def _console() -> Console:
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PIPED_WIDTH)


if __name__ == "__main__":
    sys.exit(main())
