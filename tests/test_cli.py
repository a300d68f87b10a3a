"""The command, run inside the test's process with a captioner that is quick."""

from __future__ import annotations

import json
import os
from pathlib import Path

import av
import pytest
from PIL import Image

import vidcap
from tests import media
from tests.fakes import BrokenCaptioner, ExplainingCaptioner, ShadeCaptioner, SilentCaptioner
from tests.running import Vidcap, copy, visible
from vidcap.cli import main
from vidcap.commands import exits


def test_a_sidecar_is_written_beside_the_video(film: Path, vidcap_: Vidcap) -> None:
    result = vidcap_("subtitle", film)
    assert (result.code, result.out) == (0, "")
    assert "3 cues in" in result.err
    text = (film.parent / "film.en.srt").read_text()
    assert "00:00:00,000 -->" in text
    assert "A black dog." in text


def test_a_second_run_does_only_what_is_missing(film: Path, vidcap_: Vidcap) -> None:
    assert vidcap_("subtitle", film).code == 0
    before = (film.parent / "film.en.srt").stat().st_mtime_ns
    captioner = ShadeCaptioner()
    assert vidcap_("subtitle", film, captioner=captioner).code == 0
    assert captioner.batches == []
    assert vidcap_("subtitle", film, "--format", "srt,vtt", captioner=captioner).code == 0
    assert captioner.batches
    assert (film.parent / "film.en.srt").stat().st_mtime_ns == before
    assert visible(film.parent) == ["film.en.srt", "film.en.vtt", "film.mp4"]


def test_somebody_elses_subtitles_stay(film: Path, vidcap_: Vidcap) -> None:
    theirs = film.parent / "film.en.srt"
    theirs.write_text("theirs")
    assert vidcap_("subtitle", film, "--force").code == 0
    assert theirs.read_text() == "theirs"
    assert "A black dog." in (film.parent / "film.scenes.en.srt").read_text()


def test_force_makes_its_own_anew(film: Path, vidcap_: Vidcap) -> None:
    assert vidcap_("subtitle", film).code == 0
    kept = vidcap_("subtitle", film, "--fps", "2")
    assert "other settings; make it anew with --force" in kept.err
    captioner = ShadeCaptioner()
    assert vidcap_("subtitle", film, "--fps", "2", "--force", captioner=captioner).code == 0
    assert sum(captioner.batches) == 3  # pictures that stand still: one a shot
    assert visible(film.parent) == ["film.en.srt", "film.mp4"]


def test_the_suffix_of_the_output_picks_the_format(film: Path, vidcap_: Vidcap) -> None:
    out = film.parent / "new" / "words.vtt"
    assert vidcap_("subtitle", film, "-o", out).code == 0
    assert out.read_text().startswith("WEBVTT")
    assert vidcap_("subtitle", film, "-o", out).code == 6
    assert vidcap_("subtitle", film, "-o", out, "--force").code == 0


def test_data_alone_goes_to_the_standard_output(film: Path, vidcap_: Vidcap) -> None:
    result = vidcap_("subtitle", film, "-o", "-", "--format", "json")
    assert result.code == 0
    assert json.loads(result.out)["cues"][0]["lines"] == ["A black dog."]
    assert visible(film.parent) == ["film.mp4"]


def test_a_folder_is_walked_past_a_failure_and_ends_with_a_table(
    original: Path, tmp_path: Path, vidcap_: Vidcap
) -> None:
    copy(original, tmp_path / "in/a.mp4")
    (tmp_path / "in/b.mp4").write_bytes(b"no video")
    copy(original, tmp_path / "in/deep/c.mkv")
    out = tmp_path / "out"
    result = vidcap_("subtitle", tmp_path / "in", "-o", out)
    assert result.code == exits.SOME_FAILED
    assert visible(out) == ["a.en.srt", "deep/c.en.srt"]
    assert result.out == ""
    rows = result.err.splitlines()[-4:]
    assert [row.split()[1] for row in rows[:3]] == ["done", "failed", "done"]
    assert rows[3] == "2 done, 1 failed"


def test_one_failure_leaves_with_its_own_code(tmp_path: Path, vidcap_: Vidcap) -> None:
    result = vidcap_("subtitle", tmp_path / "nothing.mp4")
    assert result.code == 3
    (line,) = result.err.splitlines()
    assert line.startswith("vidcap: ")
    assert line.count("nothing.mp4") == 1
    assert "there is no such file" in line


def test_nothing_to_say_has_a_code_and_no_file(film: Path, vidcap_: Vidcap) -> None:
    result = vidcap_("subtitle", film, captioner=SilentCaptioner())
    assert result.code == 4
    assert "no picture of it gave a sentence" in result.err
    assert visible(film.parent) == ["film.mp4"]


def test_rules_that_cannot_be_met_are_counted_in_one_line(
    film: Path, tmp_path: Path, vidcap_: Vidcap
) -> None:
    import yaml

    shipped = Path(vidcap.__file__).parent / "subtitles/presets/netflix.yaml"
    rules = yaml.safe_load(shipped.read_text())
    preset = tmp_path / "hasty.yaml"
    preset.write_text(yaml.safe_dump({**rules, "name": "hasty", "reading_speed": 2}))
    result = vidcap_("subtitle", film, "-q", "--preset", preset)
    assert result.code == 0
    (line,) = result.err.splitlines()
    assert "3 of 3 cues break a rule of the preset 'hasty'" in line


def test_a_report_is_one_page_that_opens_nothing_else(
    film: Path, tmp_path: Path, vidcap_: Vidcap
) -> None:
    page = tmp_path / "report.html"
    result = vidcap_("subtitle", film, "--report", page)
    assert result.code == 0
    assert str(page) in result.err
    text = page.read_text(encoding="utf-8")
    for sentence in ("A black dog.", "The grey cat sleeps.", "Two white birds fly over water."):
        assert f'<h2 dir="auto">{sentence}</h2>' in text
    assert text.count("data:image/jpeg;base64,") == 3
    assert "0:00:02.000 to 0:00:04.000" in text
    assert "3 scenes, 3 shots" in text
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert "http" not in text.replace('http-equiv="Content', "")
    assert vidcap_("subtitle", film, "--report", page).code != 0  # is there already
    assert vidcap_("subtitle", film, "--report", page, "--force").code == 0
    assert page.read_text(encoding="utf-8") == text


def test_a_report_takes_one_video(film: Path, tmp_path: Path, vidcap_: Vidcap) -> None:
    result = vidcap_("subtitle", tmp_path, "--report", tmp_path / "report.html")
    assert result.code == 2
    assert "takes one video" in result.err


@pytest.mark.needs_tool("ffmpeg", "ffprobe")
def test_videos_with_subtitles_are_written_beside_the_film_and_never_taken_for_films(
    film: Path, tmp_path: Path, vidcap_: Vidcap
) -> None:
    result = vidcap_("subtitle", film, "--mux", "--burn", "--format", "srt")
    assert result.code == 0
    made = ["film.burned.mp4", "film.en.srt", "film.subtitled.mp4"]
    assert visible(tmp_path) == sorted([*made, "film.mp4"])
    assert all(name in result.err for name in made)
    again = vidcap_("subtitle", tmp_path, "--mux", "--burn")
    assert again.code == 0
    assert again.err.count("already there") == 1
    assert visible(tmp_path) == sorted([*made, "film.mp4"])


@pytest.mark.needs_tool("ffmpeg")
def test_the_name_of_a_video_picks_its_container(
    film: Path, tmp_path: Path, vidcap_: Vidcap
) -> None:
    assert vidcap_("subtitle", film, "--mux", "-o", tmp_path / "new.mkv").code == 0
    with av.open(str(tmp_path / "new.mkv")) as container:
        assert "matroska" in container.format.name
        assert len(container.streams.subtitles) == 1


def test_a_video_is_never_written_over_itself_or_to_the_standard_output(
    film: Path, vidcap_: Vidcap
) -> None:
    before = film.read_bytes()
    result = vidcap_("subtitle", film, "--mux", "-o", film, "--force")
    assert result.code == 2
    assert "is the video itself" in result.err
    result = vidcap_("subtitle", film, "--burn", "-o", "-")
    assert result.code == 2
    assert "--burn writes a video" in result.err
    assert film.read_bytes() == before


def test_a_video_that_is_cut_short_says_so(original: Path, tmp_path: Path, vidcap_: Vidcap) -> None:
    film = media.write_video(tmp_path / "film.mkv", frames=200, rate=10)
    data = film.read_bytes()
    film.write_bytes(data[: len(data) // 2])
    result = vidcap_("subtitle", film, "-q")
    assert result.code == 0
    assert "the video is cut short" in result.err
    assert vidcap_("subtitle", film, "-o", "-", "--format", "json").out.count("cut short") >= 1


def test_a_fault_in_vidcap_is_one_line_and_loses_nothing(
    original: Path, tmp_path: Path, vidcap_: Vidcap
) -> None:
    film = copy(original, tmp_path / "film.mp4")
    result = vidcap_("subtitle", film, captioner=BrokenCaptioner())
    assert result.code == exits.INTERNAL
    (line,) = result.err.splitlines()
    assert "RuntimeError: a wheel came off in two lines" in line
    assert "vidcap doctor" in line
    assert visible(tmp_path) == ["film.mp4"]


def test_a_captioner_that_cannot_be_had_ends_the_run_at_once(
    original: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    films = [copy(original, tmp_path / name) for name in ("a.mp4", "b.mp4")]
    assert main(["subtitle", *map(str, films), "--captioner", "parrot"]) == 5
    (line,) = capsys.readouterr().err.splitlines()
    assert "parrot" in line


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["dance"],
        ["subtitle"],
        ["subtitle", "film.mp4", "--formats", "srt"],
        ["subtitle", "film.mp4", "--format", "doc"],
        ["subtitle", "film.mp4", "--fps", "0"],
        ["subtitle", "film.mp4", "--fps", "1e999999999"],
        ["subtitle", "film.mp4", "--sampling", "often"],
        ["subtitle", "film.mp4", "--start", "1:2:3:4"],
        ["subtitle", "film.mp4", "--start", "-5"],
        ["subtitle", "film.mp4", "--batch-size", "many"],
        ["subtitle", "film.mp4", "--device", "tpu"],
        ["caption", "photo.jpg", "--batch-size", "0"],
        ["subtitle", "film.mp4", "--preset", "hollywood"],
        ["subtitle", "film.mp4", "--decoder", "betamax"],
        ["subtitle", "film.mp4", "-o", "out.doc"],
        ["subtitle", "film.mp4", "-q", "-v"],
        ["caption", "photo.jpg", "-o", "out.srt"],
    ],
)
def test_a_wrong_command_line_is_one_line_and_code_2(words: list[str], vidcap_: Vidcap) -> None:
    result = vidcap_(*words)
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [("2", "4", "grey"), ("0:04", "00:00:06", "birds"), ("0", "1.5", "black")],
)
def test_times_are_seconds_or_clock_times(
    film: Path, start: str, end: str, sentence: str, vidcap_: Vidcap
) -> None:
    result = vidcap_("subtitle", film, "-o", "-", "--start", start, "--end", end)
    assert sentence in result.out
    assert result.out.count("-->") == 1


@pytest.mark.parametrize(
    "name", ["with blanks.mp4", "-dash.mp4", "líne\nend.mp4", "\x1b[31mred.mp4", "caf\udce9.mp4"]
)
def test_odd_names_are_worked_on_and_shown_safely(
    original: Path, tmp_path: Path, name: str, vidcap_: Vidcap
) -> None:
    copy(original, tmp_path / name)
    result = vidcap_("subtitle", tmp_path)
    assert result.code == 0
    assert len(visible(tmp_path)) == 2
    (line,) = result.err.splitlines()
    assert line.isprintable()


def test_a_name_with_a_dash_goes_behind_two(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vidcap_: Vidcap
) -> None:
    copy(original, tmp_path / "-dash.mp4")
    monkeypatch.chdir(tmp_path)
    assert vidcap_("subtitle", "--", "-dash.mp4").code == 0
    assert visible(tmp_path) == ["-dash.en.srt", "-dash.mp4"]


def picture(path: Path, level: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), (level, level, level)).save(path)
    return path


def test_one_picture_gives_one_sentence(tmp_path: Path, vidcap_: Vidcap) -> None:
    result = vidcap_("caption", picture(tmp_path / "a.png"))
    assert (result.code, result.out, result.err) == (0, "A black dog.\n", "")


def test_several_pictures_give_lines_with_their_paths(tmp_path: Path, vidcap_: Vidcap) -> None:
    a, b = picture(tmp_path / "a.png"), picture(tmp_path / "b" / "b.jpg", 255)
    result = vidcap_("caption", tmp_path)
    assert result.code == 0
    assert result.out == f"{a}\tA black dog.\n{b}\tTwo white birds fly over water.\n"


def test_json_lines_tell_of_failures_in_their_place(tmp_path: Path, vidcap_: Vidcap) -> None:
    paths = [picture(tmp_path / "a.png"), tmp_path / "b.png", picture(tmp_path / "caf\udce9.png")]
    result = vidcap_("caption", *paths, "--json")
    assert result.code == exits.SOME_FAILED
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert lines == [
        {"path": str(paths[0]), "text": "a black dog", "score": -0.5, "confidence": None},
        {"path": str(paths[1]), "error": f"{paths[1]}: there is no such file"},
        {"path": str(paths[2]), "text": "a black dog", "score": -0.5, "confidence": None},
    ]
    assert "2 done, 1 failed" in result.err


def test_captions_go_to_a_folder_for_several_and_stay_there(
    tmp_path: Path, vidcap_: Vidcap
) -> None:
    picture(tmp_path / "in/a.png")
    picture(tmp_path / "in/a.jpg", 255)
    picture(tmp_path / "in/deep/b.png", 120)
    out = tmp_path / "out"
    assert vidcap_("caption", tmp_path / "in", "-o", out).code == 0
    assert visible(out) == ["a.jpg.txt", "a.png.txt", "deep/b.txt"]
    assert (out / "a.png.txt").read_text() == "A black dog.\n"
    again = ShadeCaptioner()
    assert vidcap_("caption", tmp_path / "in", "-o", out, captioner=again).code == 0
    assert again.batches == []


def test_one_caption_goes_to_a_file(tmp_path: Path, vidcap_: Vidcap) -> None:
    a = picture(tmp_path / "a.png")
    assert vidcap_("caption", a, "-o", tmp_path / "a.json").code == 0
    assert json.loads((tmp_path / "a.json").read_text())["text"] == "a black dog"
    assert vidcap_("caption", a, "-o", tmp_path / "a.json").code == 6


def test_probe_shows_what_a_file_says(film: Path, tmp_path: Path, vidcap_: Vidcap) -> None:
    result = vidcap_("probe", film)
    assert result.code == 0
    assert "size: 96x64" in result.out
    assert "duration: 6.000 s" in result.out
    result = vidcap_("probe", film, tmp_path / "gone.mp4", "--json")
    assert result.code == exits.SOME_FAILED
    first, second = map(json.loads, result.out.splitlines())
    assert (first["width"], first["frame_rate"], first["duration"]) == (96, "10", "6")
    assert "no such file" in second["error"]


def test_models_are_listed_with_their_hashes(vidcap_: Vidcap) -> None:
    result = vidcap_("models", "--json")
    assert result.code == 0
    records = [json.loads(line) for line in result.out.splitlines()]
    assert [record["default"] for record in records].count(True) == 1
    for record in records:
        assert Path(record["file"]).stat().st_size == record["bytes"]
        assert len(record["sha256"]) == 64


def test_version_and_help_leave_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--version"], ["--help"], ["subtitle", "--help"]):
        with pytest.raises(SystemExit) as stopped:
            main(words)
        assert stopped.value.code == 0
        out, err = capsys.readouterr()
        assert out
        assert err == ""


def test_debugging_shows_where_a_fault_comes_from(
    film: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "vidcap.captioning.registry.load_captioner", lambda *a, **o: BrokenCaptioner()
    )
    monkeypatch.setenv("VIDCAP_DEBUG", "0")
    assert main(["subtitle", str(film), "-vv"]) == exits.INTERNAL
    assert "in caption" in capsys.readouterr().err
    assert os.environ["VIDCAP_DEBUG"] == "1"


def test_where_each_word_looked_is_written_as_picture_and_words(
    tmp_path: Path, vidcap_: Vidcap
) -> None:
    photo, maps = picture(tmp_path / "a.png"), tmp_path / "maps"
    result = vidcap_(
        "caption", photo, "--attention", maps, "--json", captioner=ExplainingCaptioner()
    )
    assert result.code == 0
    assert json.loads(result.out)["confidence"] == 0.75
    assert visible(maps) == ["a.attention.json", "a.attention.png"]
    told = json.loads((maps / "a.attention.json").read_text())
    assert told["text"] == "a black dog"
    assert [(word["word"], word["where"]) for word in told["words"]] == [
        ("a", "everywhere"),
        ("black", "upper left"),
        ("dog", "lower right"),
    ]
    assert [word["entropy"] for word in told["words"]] == [1.0, 0.0, 0.0]
    assert told["words"][1]["share"] == 1.0
    with Image.open(maps / "a.attention.png") as sheet:
        assert sheet.mode == "RGB"
        assert min(sheet.size) > 30
    before = (maps / "a.attention.png").read_bytes()
    again = vidcap_("caption", photo, "--attention", maps, captioner=ExplainingCaptioner())
    assert again.out == "A black dog.\n"
    forced = vidcap_(
        "caption", photo, "--attention", maps, "--force", captioner=ExplainingCaptioner()
    )
    assert forced.code == 0
    assert (maps / "a.attention.png").read_bytes() == before


def test_maps_that_somebody_has_edited_stay(tmp_path: Path, vidcap_: Vidcap) -> None:
    photo, maps = picture(tmp_path / "a.png"), tmp_path / "maps"
    maps.mkdir()
    (maps / "a.attention.png").write_text("mine")
    result = vidcap_("caption", photo, "--attention", maps, captioner=ExplainingCaptioner())
    assert result.code == 6
    assert (maps / "a.attention.png").read_text() == "mine"


def test_a_captioner_without_attention_says_so(tmp_path: Path, vidcap_: Vidcap) -> None:
    result = vidcap_("caption", picture(tmp_path / "a.png"), "--attention", tmp_path / "maps")
    assert result.code == 2
    assert "'shades' cannot tell where it looked" in result.err
