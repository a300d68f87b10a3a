"""Time captioners beside torch's eager mode and beside BLIP-base, pictures already in memory.

    python pipelines/benchmark_captioner.py --captioner default --captioner fast --blip

Each row is a process of its own, so that no pool of threads disturbs another.  It captions a batch
to warm up and then all pictures ``--repeats`` times; times are medians, in milliseconds a picture.
``encode_ms`` and ``decode_ms`` come from runs of their own, one half after the other, and may add
up to more than ``wall_ms``, where the halves overlap.

BLIP-base has its true sizes (ViT-B/16 at 384 pixels, a decoder of 12 layers, 30,524 tokens) and
random weights, made in a temporary folder and loaded through ``hf:``.  Random weights never know
where to end, so that it is held to ``--tokens`` tokens a caption, as many as a usual one has.

Prints one JSON object.  Let nothing else run meanwhile.  Needs the ``test`` extra for photographs,
unless ``--images`` names a folder, and the ``hf`` extra for BLIP.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from vidcap.captioning.captioner import Captioner, CheckpointCaptioner
from vidcap.captioning.checkpoint import read_manifest
from vidcap.captioning.decoding.beam_search import BeamSettings
from vidcap.captioning.registry import DEFAULT, load_captioner, shipped_captioners
from vidcap.errors import UsageError, VidcapError
from vidcap.extras import import_extra
from vidcap.video.image import read_picture, resize_stretch

GROUP = 16
Pictures = list[NDArray[np.uint8]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--captioner", action="append", help="name or checkpoint; may be repeated [default]"
    )
    parser.add_argument("--images", type=Path, help="folder of pictures [scikit-image's, cropped]")
    parser.add_argument("--pictures", type=int, default=64, help="[%(default)s]")
    parser.add_argument("--repeats", type=int, default=5, help="[%(default)s]")
    parser.add_argument(
        "--threads", type=int, action="append", help="may be repeated [2 and then 1]"
    )
    parser.add_argument("--no-torch", action="store_true", help="leave torch's rows out")
    parser.add_argument("--blip", action="store_true", help="time BLIP-base as well")
    parser.add_argument(
        "--blip-pictures", type=int, default=GROUP, help="for BLIP, once [%(default)s]"
    )
    parser.add_argument("--tokens", type=int, default=12, help="BLIP's, a caption [%(default)s]")
    # What the processes that the command starts are told to do.
    parser.add_argument("--row", nargs=2, metavar=("KIND", "NAME"), help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Time one row, or all of them in processes of their own."""
    arguments = _arguments()
    try:
        result = _row(arguments) if arguments.row else _all(arguments)
    except VidcapError as error:
        print(f"benchmark_captioner: {error}", file=sys.stderr)
        return error.exit_code
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    print(json.dumps(result, indent=None if arguments.row else 1))
    return 0


def _all(arguments: argparse.Namespace) -> dict[str, Any]:
    names = arguments.captioner or ["default"]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="vidcap-blip-") as folder:
        jobs = [("openvino", name) for name in names]
        jobs += [("torch", name) for name in names if not arguments.no_torch]
        if arguments.blip:
            build_blip(Path(folder))
            jobs.append(("hf", f"hf:{folder}"))
        every = [(*job, threads) for threads in arguments.threads or (2, 1) for job in jobs]
        for kind, name, threads in tqdm(every, desc="rows"):
            rows.append(_in_a_process(kind, name, threads, arguments))
    return {
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "pictures": arguments.pictures,
        "batch": GROUP,
        "repeats": arguments.repeats,
        "pictures_from": "--images" if arguments.images else "scikit-image, cropped",
        "rows": rows,
        "times_the_first": _ratios(rows),
    }


def _in_a_process(
    kind: str, name: str, threads: int, arguments: argparse.Namespace
) -> dict[str, Any]:
    command = [sys.executable, __file__, "--row", kind, name, "--threads", str(threads)]
    for option in ("pictures", "repeats", "blip_pictures", "tokens"):
        command += [f"--{option.replace('_', '-')}", str(getattr(arguments, option))]
    if arguments.images:
        command += ["--images", str(arguments.images)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    row: dict[str, Any] = json.loads(done.stdout)
    return row


def _ratios(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Say how many times as long as the first captioner each other one takes."""
    firsts: dict[int, dict[str, Any]] = {}
    for row in rows:
        firsts.setdefault(row["threads"], row)
    return [
        {
            "threads": row["threads"],
            "captioner": row["captioner"],
            "runtime": row["runtime"],
            "wall": round(row["wall_ms"] / firsts[row["threads"]]["wall_ms"], 2),
        }
        for row in rows
        if row is not firsts[row["threads"]]
    ]


def photographs(count: int, side: int) -> Pictures:
    """Return crops of scikit-image's photographs, all different, squashed to squares."""
    from skimage import data

    sources = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket()]
    draw = np.random.default_rng(0)
    found = []
    for index in range(count):
        source = sources[index % len(sources)]
        height, width = (int(draw.integers(size // 3, size)) for size in source.shape[:2])
        top = int(draw.integers(0, source.shape[0] - height))
        left = int(draw.integers(0, source.shape[1] - width))
        crop = np.ascontiguousarray(source[top : top + height, left : left + width])
        found.append(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA))
    return found


def _pictures(arguments: argparse.Namespace, count: int, side: int) -> Pictures:
    if not arguments.images:
        return photographs(count, side)
    paths = sorted(path for path in arguments.images.iterdir() if path.is_file())[:count]
    if len(paths) < count:
        raise UsageError(f"{arguments.images}: holds {len(paths)} files, not {count}")
    return [resize_stretch(read_picture(path), (side, side)) for path in paths]


def _timed(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the median wall and processor seconds of some runs."""
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls), statistics.median(cpus)


def _row(arguments: argparse.Namespace) -> dict[str, Any]:
    kind, name = arguments.row
    (threads,) = arguments.threads
    repeats = arguments.repeats
    captioner: Captioner
    if kind == "torch":
        captioner = _eager(name, threads)
    else:
        captioner = load_captioner(name, device="cpu", threads=threads, batch_size=GROUP)
    about: dict[str, Any] = {}
    count = arguments.pictures
    if kind == "hf":
        count, repeats = arguments.blip_pictures, 1
        _hold_to(captioner, arguments.tokens)
        about = {"weights": "random", "tokens": arguments.tokens, "pictures": count}
        name = "BLIP-base"
    given = _pictures(arguments, count, captioner.picture_size[0])
    captions = captioner.caption(given[:GROUP])
    wall, cpu = _timed(lambda: captioner.caption(given), repeats)
    row = {
        "captioner": name,
        "runtime": captioner.provenance["runtime"],
        "threads": threads,
        "beam": captioner.provenance["beam_size"],
        "wall_ms": round(wall / count * 1000, 2),
        "cpu_ms": round(cpu / count * 1000, 2),
        "words": round(statistics.mean(len(c.text.split()) for c in captions), 1),
        **about,
    }
    if isinstance(captioner, CheckpointCaptioner):
        own = captioner
        encode, _ = _timed(lambda: list(own._runtime.encode(given)), repeats)
        prepared = list(own._runtime.encode(given))

        def decode() -> None:
            for start in range(0, count, GROUP):
                own._decode(prepared[start : start + GROUP])

        row["encode_ms"] = round(encode / count * 1000, 2)
        row["decode_ms"] = round(_timed(decode, repeats)[0] / count * 1000, 2)
    return row


def _eager(name: str, threads: int) -> Captioner:
    """Return a checkpoint as torch runs it, layer by layer."""
    from vidcap.captioning.networks.model import load_model
    from vidcap.captioning.runtimes.torch import TorchRuntime

    files = {shipped.name: shipped.file for shipped in shipped_captioners()}
    checkpoint = files.get(DEFAULT if name == "default" else name, Path(name))
    manifest = read_manifest(checkpoint)
    model, _ = load_model(checkpoint)
    runtime = TorchRuntime(model, device="cpu", group=GROUP, threads=threads)
    return CheckpointCaptioner(name, checkpoint, manifest, runtime, BeamSettings(**manifest.beam))


def build_blip(folder: Path) -> None:
    """Write BLIP-base with random weights, and a tokenizer of made-up words, to a folder."""
    transformers = import_extra("transformers", "hf")
    vocabulary = folder / "vocab.txt"
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "[ENC]"]
    words = [f"word{number}" for number in range(30_524 - len(special))]
    vocabulary.write_text("\n".join([*special, *words]) + "\n", encoding="utf-8")
    numbers = {"bos_token_id": 5, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}
    text = {"vocab_size": 30_524, "num_attention_heads": 12, **numbers}
    config = transformers.BlipConfig(text_config=text)  # the rest is BLIP-base by itself
    transformers.set_seed(0)
    transformers.BlipForConditionalGeneration(config).eval().save_pretrained(folder)
    eye = transformers.BlipImageProcessor(size={"height": 384, "width": 384})
    tokenizer = transformers.BertTokenizer(str(vocabulary))
    transformers.BlipProcessor(eye, tokenizer).save_pretrained(folder)


def _hold_to(captioner: Any, tokens: int) -> None:
    """Have a transformers model make just so many tokens, whatever it is asked for."""
    generate = captioner._model.generate

    def held(**options: Any) -> Any:
        return generate(**{**options, "max_new_tokens": tokens, "min_new_tokens": tokens})

    captioner._model.generate = held


if __name__ == "__main__":
    sys.exit(main())
