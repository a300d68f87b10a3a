"""Small videos and pictures of many kinds, made by ffmpeg and Pillow."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "48", "-g", "4")
_MPEG4 = ("-c:v", "mpeg4", "-b:v", "40k", "-g", "4")
_AAC = ("-c:a", "aac", "-b:a", "8k")
# Name, and what makes its streams; a sound is offered as the second input.
_ENCODED: Sequence[tuple[str, Sequence[str]]] = (
    ("plain.mp4", _X264),
    ("sound.mp4", (*_X264, "-bf", "2", "-preset", "fast", "-map", "0", "-map", "1", *_AAC)),
    ("fragments.mp4", (*_X264, "-movflags", "frag_keyframe+empty_moov")),
    ("head_first.mp4", (*_X264, "-movflags", "faststart")),
    ("rotated.mp4", (*_X264, "-metadata:s:v", "rotate=90")),
    ("wide_pixels.mp4", (*_X264, "-vf", "setsar=4/3")),
    ("vfr.mp4", (*_X264, "-vf", "select='mod(n,3)'", "-vsync", "vfr")),
    ("odd_444.mp4", (*_X264, "-vf", "scale=37:23", "-pix_fmt", "yuv444p")),
    ("hevc.mp4", ("-c:v", "libx265", "-x265-params", "log-level=none:keyint=4:crf=40")),
    ("av1.mp4", ("-c:v", "libsvtav1", "-preset", "12", "-crf", "55", "-s", "64x64")),
    ("mpeg4.mov", (*_MPEG4, "-map", "0", "-map", "1", "-c:a", "pcm_s16le")),
    ("frames.mov", ("-c:v", "prores", "-s", "32x32", "-frames:v", "3")),
    ("h263.3gp", ("-c:v", "h263", "-s", "176x144", "-b:v", "20k", "-frames:v", "5")),
    ("ten_bits.mkv", (*_X264, "-pix_fmt", "yuv420p10le")),
    ("lossless.mkv", ("-c:v", "ffv1", "-s", "32x24", "-frames:v", "4")),
    ("interlaced.mkv", (*_X264, "-flags", "+ildct+ilme", "-x264opts", "tff=1")),
    ("vp9.webm", ("-c:v", "libvpx-vp9", "-b:v", "20k", "-deadline", "realtime", "-g", "4")),
    ("vp8.webm", ("-c:v", "libvpx", "-b:v", "20k", "-map", "0", "-map", "1", "-c:a", "libvorbis")),
    ("mpeg4.avi", (*_MPEG4, "-map", "0", "-map", "1", "-c:a", "libmp3lame", "-b:a", "16k")),
    ("jpegs.avi", ("-c:v", "mjpeg", "-q:v", "20", "-frames:v", "5", "-pix_fmt", "yuvj420p")),
    ("packed.avi", ("-c:v", "cinepak", "-s", "32x32", "-frames:v", "3")),
    ("broadcast.ts", (*_X264, "-map", "0", "-map", "1", "-c:a", "mp2", "-b:a", "32k")),
    ("mpeg2.ts", ("-c:v", "mpeg2video", "-b:v", "60k", "-r", "25", "-g", "5")),
    ("mpeg1.mpg", ("-c:v", "mpeg1video", "-b:v", "60k", "-r", "25", "-g", "5")),
    ("mpeg2.vob", ("-c:v", "mpeg2video", "-b:v", "60k", "-r", "25", "-map", "0", "-map", "1")),
    (
        "theora.ogv",
        (
            "-c:v",
            "libtheora",
            "-q:v",
            "1",
            "-map",
            "0",
            "-map",
            "1",
            "-c:a",
            "vorbis",
            "-strict",
            "-2",
            "-ac",
            "2",
        ),
    ),
    ("flash.flv", ("-c:v", "flv", "-b:v", "30k")),
    ("h264.flv", (*_X264, "-map", "0", "-map", "1", *_AAC)),
    ("windows.wmv", ("-c:v", "wmv2", "-b:v", "30k")),
    (
        "broadcast.mxf",
        ("-c:v", "mpeg2video", "-b:v", "30k", "-s", "32x32", "-r", "25", "-frames:v", "3"),
    ),
    ("moving.gif", ("-s", "32x24", "-frames:v", "5")),
    ("coloured.mkv", ("-c:v", "png", "-s", "16x16", "-frames:v", "3")),
    ("raw.h264", (*_X264, "-f", "h264")),
    (
        "raw.hevc",
        ("-c:v", "libx265", "-x265-params", "log-level=none:keyint=4:crf=40", "-f", "hevc"),
    ),
    ("raw.y4m", ("-s", "16x16", "-frames:v", "8")),
    ("raw.m4v", (*_MPEG4, "-f", "m4v")),
    ("nut.nut", (*_MPEG4,)),
)
# Name, and what makes it of another seed.
_REMADE: Sequence[tuple[str, str, Sequence[str]]] = (
    ("edited.mp4", "sound.mp4", ("-ss", "0.35")),
    ("late.mp4", "plain.mp4", ("-map", "0", "-output_ts_offset", "3")),
    ("sound.mkv", "sound.mp4", ("-map", "0")),
    ("two_videos.mkv", "plain.mp4", ("-map", "0", "-map", "0")),
    ("told.mkv", "plain.mp4", ("-map", "0", "-map", "1", "-c:s", "srt")),
    ("told.mp4", "plain.mp4", ("-map", "0", "-map", "1", "-c:s", "mov_text")),
)
# What some encoders ask for; others take yuv420p.
_PIXELS = {
    "moving.gif": "rgb8",
    "frames.mov": "yuv422p10le",
    "packed.avi": "rgb24",
    "coloured.mkv": "rgb24",
}
_SUBTITLES = "1\n00:00:00,100 --> 00:00:00,900\nA dog.\n"


def _ffmpeg(*words: str) -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *words]
    quiet = {**os.environ, "SVT_LOG": "1"}
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, env=quiet)


def make_videos(folder: Path) -> None:
    """Write a small video of every kind."""
    exact = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-threads", "1")
    words = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=1.2"]
    words += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000:duration=1.2"]
    # One program for all: starting it takes longer than its work.
    for name, options in _ENCODED:
        words += [] if "-map" in options else ["-an"]
        words += ["-pix_fmt", _PIXELS.get(name, "yuv420p"), *options, *exact, str(folder / name)]
    _ffmpeg(*words)
    told = folder / "told.srt"
    told.write_text(_SUBTITLES, encoding="utf-8")
    for name, source, options in _REMADE:
        seek, rest = (options, ("-map", "0")) if "-ss" in options else ((), options)
        inputs = [*seek, "-i", str(folder / source), "-i", str(told)]
        _ffmpeg(*inputs, "-c", "copy", *rest, *exact[:2], str(folder / name))
    told.unlink()


def make_pictures(folder: Path) -> None:
    """Write a small picture of every kind."""
    from PIL import Image

    picture = Image.linear_gradient("L").resize((24, 16)).convert("RGB")
    orientation = Image.Exif()
    orientation[0x0112] = 6
    picture.save(folder / "turned.jpg", quality=30, exif=orientation)
    picture.save(folder / "progressive.jpg", quality=30, progressive=True)
    picture.convert("CMYK").save(folder / "cmyk.jpg", quality=30)
    picture.save(folder / "plain.png")
    picture.convert("RGBA").save(folder / "alpha.png")
    picture.quantize(8).save(folder / "palette.png", transparency=0)
    Image.new("I;16", (12, 8), 40000).save(folder / "deep.png")
    picture.save(folder / "plain.webp", quality=20)
    picture.save(folder / "lossless.webp", lossless=True)
    picture.save(folder / "plain.bmp")
    picture.save(folder / "packed.tif", compression="tiff_lzw")
    picture.save(folder / "plain.tif")
    picture.save(folder / "still.gif")
    picture.save(folder / "plain.ico", sizes=[(16, 16)])
    picture.convert("L").save(folder / "grey.pgm")
    picture.save(folder / "plain.tga")
