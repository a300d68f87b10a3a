"""Train a configuration with one setting changed at a time, and tabulate the scores.

    python pipelines/ablations.py configs/ablations/captioner.yaml \
        --images flickr8k/images --captions flickr8k/captions.json --run runs/ablations

Every row is a training of its own, shorter than the shipped one, in a folder of its own; rows whose
settings begin alike share the stages they have in common.  Stopped, the same command goes on.  The
scores are free-running, on the validation pictures that chose no epoch.  Prints JSON lines as the
rows are done; ``--table FILE`` writes them as a Markdown table.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

from pipelines.metrics.score import bootstrap_interval, cider_d, score_corpus
from pipelines.training.config import StageConfig, TrainingConfig, load_config, stage_from
from pipelines.training.data import CaptionedPicture, load_captions
from pipelines.training.encoding import pretrained_encoder
from pipelines.training.evaluation import caption_pictures
from pipelines.training.options import add_training_options
from pipelines.training.pipeline import train
from vidcap.captioning.checkpoint import write_checkpoint
from vidcap.captioning.export import export_checkpoint
from vidcap.captioning.registry import load_captioner
from vidcap.errors import DataError, VidcapError
from vidcap.files import write_atomically

_TOP = ("encoder", "views", "decoder_config")


def changed(file: Path, spec: Mapping[str, Any], row: Mapping[str, Any]) -> TrainingConfig:
    """Return the configuration of a row.

    Raises:
        DataError: the row asks for a stage or setting that there is not.
    """
    config = load_config(file.parent / row.get("from", spec["base"]))
    wanted = row.get("stages", ["words"])
    known = {stage.name: stage for stage in config.stages}
    for values in spec.get("stages", []):
        stage = stage_from(values, file)
        known[stage.name] = stage
    stages: list[StageConfig] = []
    for name in wanted:
        if name not in known:
            raise DataError(f"{file}: {row['name']}: no stage {name!r} in {', '.join(known)}")
        changes = {"epochs": spec["epochs"][name], **row.get("with", {}).get(name, {})}
        stages.append(stage_from({**asdict(known[name]), **changes}, file))
    unknown = set(row) - {"name", "from", "stages", "with", *_TOP}
    if unknown:
        raise DataError(f"{file}: {row['name']}: unknown setting {sorted(unknown)[0]!r}")
    own: dict[str, Any] = {name: row[name] for name in ("encoder", "views") if name in row}
    options = {**config.decoder_config, **row.get("decoder_config", {})}
    return replace(config, stages=stages, decoder_config=options, **own)


def folder_of(run: Path, config: TrainingConfig) -> Path:
    """Return the run folder of a configuration, the same for all that begin alike."""
    beginning = {**config.to_dict(), "stages": [asdict(config.stages[0])]}
    digest = hashlib.sha256(json.dumps(beginning, sort_keys=True).encode()).hexdigest()
    return run / digest[:12]


def checkpoint_of(folder: Path, config: TrainingConfig) -> Path:
    """Return the checkpoint of a configuration in its run folder, named after its stages."""
    return folder / f"{'-'.join(stage.name for stage in config.stages)}.safetensors"


def scores_of(checkpoint: Path, pictures: list[CaptionedPicture]) -> dict[str, Any]:
    """Caption pictures with a checkpoint, free-running, and score what it says."""
    export_checkpoint(checkpoint, checkpoint)
    captioner = load_captioner(str(checkpoint), device="cpu")
    with tqdm(total=len(pictures), desc=checkpoint.stem) as bar:
        evaluated = caption_pictures(
            captioner, pictures, progress=lambda done: bar.update(done - bar.n)
        )
    scores = score_corpus(evaluated.found, evaluated.references)
    low, high = bootstrap_interval(cider_d(evaluated.found, evaluated.references), seed=0)
    return {
        "bleu4": round(scores.bleu4, 4),
        "cider_d": round(scores.cider_d, 4),
        "cider_d_95": [round(low, 4), round(high, 4)],
        "distinct": scores.distinct,
        "pictures": len(pictures),
    }


def do_row(
    file: Path, spec: Mapping[str, Any], row: Mapping[str, Any], arguments: argparse.Namespace
) -> dict[str, Any]:
    """Train and score one row, or read what it scored before."""
    config = changed(file, spec, row)
    folder = folder_of(arguments.run, config)
    checkpoint = checkpoint_of(folder, config)
    done = checkpoint.with_suffix(".json")
    if done.exists():
        found: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
        return {"name": row["name"], **found}
    images, captions = arguments.images, arguments.captions
    train_pictures = load_captions(images, captions, split=arguments.train_split)
    validation = load_captions(images, captions, split=arguments.choice_split)
    trained = train(
        config,
        pretrained_encoder(config.encoder),
        train_pictures,
        validation,
        folder,
        features=arguments.features or arguments.run / "features",
        teachers=dict(arguments.teacher),
        threads=arguments.threads,
        report=lambda line: print(f"{row['name']}: {line}", file=sys.stderr, flush=True),
    )
    write_checkpoint(checkpoint, trained.manifest, trained.weights)
    history = [entry for rows in trained.manifest.training["history"].values() for entry in rows]
    parameters = sum(
        tensor.numel() for name, tensor in trained.weights.items() if name.startswith("decoder.")
    )
    result = {
        "epochs": len(history),
        "seconds": sum(entry["seconds"] for entry in history),
        "decoder_parameters": parameters,
        **scores_of(checkpoint, validation[config.choice_pictures :]),
    }
    write_atomically(done, json.dumps(result))
    return {"name": row["name"], **result}


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table."""
    lines = [
        "| what | epochs | decoder | BLEU-4 | CIDEr-D (95 %) | distinct |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        low, high = row["cider_d_95"]
        lines.append(
            f"| {row['name']} | {row['epochs']} | {row['decoder_parameters'] / 1e6:.1f} M | "
            f"{row['bleu4']:.3f} | {row['cider_d']:.3f} ({low:.3f}-{high:.3f}) | "
            f"{row['distinct']} of {row['pictures']} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Do every row that is not done; the exit code is the error's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", type=Path, help="YAML file of the rows")
    add_training_options(parser)
    parser.add_argument("--only", action="append", help="a row's name; may be repeated [all]")
    parser.add_argument("--table", type=Path, help="Markdown file to write")
    arguments = parser.parse_args()
    try:
        spec = yaml.safe_load(arguments.rows.read_text(encoding="utf-8"))
        rows = []
        for row in spec["rows"]:
            if not arguments.only or row["name"] in arguments.only:
                rows.append(do_row(arguments.rows, spec, row, arguments))
                print(json.dumps(rows[-1]), flush=True)
        if arguments.table:
            write_atomically(arguments.table, table(rows))
    except VidcapError as error:
        print(f"ablations: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"ablations: {arguments.rows}: {error.strerror}", file=sys.stderr)
        return DataError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
