"""The files that are damaged: a folder of small, healthy ones for every family."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from fuzzing.media_seeds import make_pictures, make_videos

ROOT = Path(__file__).parents[2]
WORDS = ("A dog runs over the grass.", "Two children play <b>ball</b> & laugh,", "a man {sits} \\N")


def make_subtitles(folder: Path) -> None:
    """Write the same cues in every format, as vidcap and as other programs write them."""
    from vidcap.subtitles.cues import Cue
    from vidcap.subtitles.document import Document
    from vidcap.subtitles.formats import FORMATS

    cues = tuple(
        Cue(1000 * n, 1000 * n + 900, (text, "and more") if n == 1 else (text,), n, ())
        for n, text in enumerate(WORDS * 2)
    )
    document = Document(cues=cues, scenes=(), made_by={"version": "0", "captioner": "none"})
    for form in FORMATS:
        (folder / f"ours{form.suffix}").write_text(form.write(document), encoding="utf-8")
    (folder / "theirs.vtt").write_text(
        "WEBVTT - a title\nRegion: id=1\n\nSTYLE\n::cue {color: red}\n\nNOTE what\never\n\n"
        "one\n00:01.000 --> 00:02.000 align:start position:10%\n<v Ann>Hi &lt;there&gt;</v>\n\n"
        "01:00:01.000 --> 01:00:02.000\n<c.x><00:00:01.500>then</c>\n",
        encoding="utf-8",
    )
    (folder / "theirs.ass").write_text(
        "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname\n"
        "Style: Default,Arial\n\n[Fonts]\nfontname: a.ttf\n!!!!\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Text\n"
        "Dialogue: 0,0:00:01.00,0:00:02.00,Default,{\\pos(1,2)\\k20}Hi\\Nthere\n"
        "Comment: 0,0:00:01.00,0:00:02.00,Default,no\n",
        encoding="utf-8",
    )
    (folder / "theirs.ttml").write_text(
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" '
        'ttp:frameRate="25" ttp:tickRate="1000" ttp:frameRateMultiplier="1000 1001">'
        '<body begin="1s"><div dur="50f"><p begin="00:00:01:12" end="2000t">a<br/>'
        "<span>b</span> c</p></div></body></tt>",
        encoding="utf-8",
    )
    (folder / "theirs.srt").write_text(
        "1\n0:00:01.5 --> 00:00:02,9  X1:1\n<i>A</i>\n\n\n3\n00:00:02,000-->00:00:01,000\nB\n",
        encoding="utf-8",
    )


def make_scripts(folder: Path) -> None:
    """Write a script of a description in every format."""
    from vidcap.description.formats import FORMATS
    from vidcap.description.script import Candidate, Description, Omitted, Script, Span, Verdict

    told = tuple(
        Description(
            2000 * n, 2000 * n + 1500, text, Verdict.FITS, 1500, 1800, 1500, 0, 1.0, 160.0,
            Candidate(n, 2000 * n, 2000 * n + 1900, text),
        )
        for n, text in enumerate(WORDS)
    )  # fmt: skip
    left = (Omitted(Candidate(3, 6000, 7000, "A cat."), "no room", Verdict.DROPPED, 700, 0),)
    script = Script(told, left, speech=(Span(0, 10),), gaps=(Span(10, 6000),), length_ms=7000)
    for form in FORMATS:
        (folder / f"ours{form.suffix}").write_text(form.write(script), encoding="utf-8")


def make_checkpoints(folder: Path) -> None:
    """Write a checkpoint of a few kilobytes, with its graphs, without, and in int8."""
    import torch

    # The shipped encoders have megabytes; the parts behind the public function take any model.
    from vidcap.captioning import export
    from vidcap.captioning.checkpoint import Manifest, write_checkpoint
    from vidcap.captioning.decoding.vocabulary import Vocabulary
    from vidcap.captioning.networks.model import CaptionModel, build_decoder

    class Grid(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            planes = pictures.float().permute(0, 3, 1, 2) / 255
            return torch.nn.functional.avg_pool2d(planes, 8).flatten(2).transpose(1, 2)

    torch.manual_seed(0)
    words = ("a", "dog", "runs", "on", "grass", "the")
    sizes = {
        "transformer": {"channels": 3, "width": 8, "heads": 2, "decoder_layers": 1},
        "show-attend-tell": {"channels": 3, "width": 8, "attention_width": 4},
    }
    for name, config in sizes.items():
        model = CaptionModel(
            Grid(),  # type: ignore[arg-type]
            build_decoder(name, config, len(Vocabulary(words))),
        ).eval()
        manifest = Manifest(
            "efficientnet-lite0", name, config, words, 32, {"size": 2, "max_words": 5}
        )
        write_checkpoint(folder / f"{name}.safetensors", manifest, model.state_dict())
        for precision in ("exact", "int8"):
            stored = export._stored(model, precision)
            tensors = export._embed(stored, export._convert(model, 32))
            path = folder / f"{name}-{precision}.safetensors"
            write_checkpoint(path, manifest, tensors, half=False)


def make_configs(folder: Path) -> None:
    """Copy presets and training configurations; write captions and a login file."""
    for path in sorted((ROOT / "vidcap" / "subtitles" / "presets").glob("*.yaml")):
        shutil.copy(path, folder / f"{path.stem}.preset.yaml")
    for path in sorted((ROOT / "configs").rglob("*.yaml")):
        shutil.copy(path, folder / f"{path.stem}.training.yaml")
    (folder / "door.login").write_text("ann:a long password\n", encoding="utf-8")
    (folder / "table.captions.csv").write_text(
        'image,caption,split\na.jpg,A dog.,train\nb.jpg,"A, cat.",val\n', encoding="utf-8"
    )
    (folder / "flickr.captions.token").write_text("a.jpg#0\tA dog .\na.jpg#1\tThe dog .\n")
    (folder / "lines.captions.jsonl").write_text('{"image": "a.jpg", "captions": ["A dog."]}\n')
    coco = {
        "images": [{"id": 1, "file_name": "a.jpg"}],
        "annotations": [{"id": 1, "image_id": 1, "caption": "A dog."}],
    }
    (folder / "coco.captions.json").write_text(json.dumps(coco), encoding="utf-8")
    karpathy = {
        "images": [
            {
                "filename": "a.jpg",
                "split": "train",
                "sentences": [{"raw": "A dog.", "tokens": ["a"]}],
            }
        ]
    }
    (folder / "karpathy.captions.json").write_text(json.dumps(karpathy), encoding="utf-8")


def make_libraries(folder: Path) -> None:
    """Write a small library as SQLite, as JSON lines and as Parquet."""
    import pyarrow.parquet

    from vidcap.index import Catalogue, FileRecord, SceneRecord, VideoRecord
    from vidcap.index.interchange import export_lines
    from vidcap.index.parquet import table_of

    path = folder / "ours.db"
    path.unlink(missing_ok=True)
    with Catalogue(path, create=True) as catalogue:
        for n in range(3):
            content = f"{n:064x}"
            video = VideoRecord(
                content, 1000, "1" * 64, "2" * 64, {"captioner": "none"}, 9000, "complete"
            )
            scenes = [
                SceneRecord(
                    1000 * k, 1000 * k + 900, text, -0.5, 0.5, (1000 * k,), b"webp", {"dog": 0.9},
                    "EXIT" if k else None, bytes(16), bytes(16),
                )
                for k, text in enumerate(WORDS)
            ]  # fmt: skip
            file = FileRecord(Path(f"/films/{n}.mp4"), 1000, 5, content)
            catalogue.add(video, scenes, files=[file])
            pyarrow.parquet.write_table(table_of(video, scenes, file), folder / f"{n}.parquet")
        lines = list(export_lines(catalogue))
    with sqlite3.connect(path) as plain:
        plain.execute("PRAGMA journal_mode = DELETE")
    plain.close()
    (folder / "ours.jsonl").write_text("".join(lines), encoding="ascii")


def make_uploads(folder: Path) -> None:
    """Write videos and pictures, and what is neither."""
    make_videos(folder)
    make_pictures(folder)
    (folder / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    (folder / "list.ffconcat").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    (folder / "page.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')


def make_media(folder: Path) -> None:
    """Write videos and pictures."""
    make_videos(folder)
    make_pictures(folder)


FAMILIES: Mapping[str, Callable[[Path], None]] = {
    "media": make_media,
    "subtitles": make_subtitles,
    "scripts": make_scripts,
    "checkpoints": make_checkpoints,
    "configs": make_configs,
    "library": make_libraries,
    "uploads": make_uploads,
}


def make_seeds(family: str, folder: Path) -> list[Path]:
    """Write the seeds of a family where there are none yet, and return them in order."""
    done = folder / "done"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        FAMILIES[family](folder)
        done.touch()
    return sorted(path for path in folder.iterdir() if path.is_file() and path != done)
