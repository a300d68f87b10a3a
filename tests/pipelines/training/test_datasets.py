"""One suite that every format of captions passes, and what each of them must bear."""

import contextlib
import csv
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.training.data import load_captions, read_dataset
from pipelines.training.datasets.registry import FORMATS
from pipelines.training.datasets.splits import canonical
from vidcap.errors import DataError

# Picture, split and captions: what every writer below writes in its format.
SMALL = [
    ("one.jpg", "train", ["A dog runs .", "Two dogs, one brown", 'The "big" dog']),
    ("two #2.jpg", "train", ["Ein Hund läuft über die Straße", "A dog runs ."]),
    ("three.jpg", "val", ["犬が走る"]),
    ("four.jpg", "test", ["it's 3 o'clock; all is well", "# is a sign", "0 4 dogs"]),
]


def tokens(folder, data):
    text = "".join(
        f"{name}#{number}\t{sentence}\n"
        for name, _, sentences in data
        for number, sentence in enumerate(sentences)
    )
    (folder / "Flickr8k.token.txt").write_text(text, encoding="utf-8")
    (folder / "Flickr8k.lemma.token.txt").write_text(text.lower(), encoding="utf-8")
    (folder / "readme.txt").write_text("Of whom these are.\n")
    for split, part in (("train", "train"), ("val", "dev"), ("test", "test")):
        names = [name + "\n" for name, own, _ in data if own == split]
        (folder / f"Flickr_8k.{part}Images.txt").write_text("".join(names), encoding="utf-8")


def rows(data):
    return [(name, sentence, split) for name, split, own in data for sentence in own]


def table(folder, data):
    with (folder / "captions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "caption", "split"])
        writer.writerows(rows(data))


def bars(folder, data):
    lines = ["image_name| comment_number| comment\n"]
    for name, split, own in data:
        lines += [f"{name}| {number}| {sentence}\n" for number, sentence in enumerate(own)]
        with (folder / f"{split}.txt").open("a", encoding="utf-8") as file:
            file.write(name.removesuffix(".jpg") + "\n")  # as Flickr30k Entities lists them
    (folder / "results.csv").write_text("".join(lines), encoding="utf-8")


def tabs(folder, data):
    text = "".join(f"{split}\t{name}\t{sentence}\n" for name, sentence, split in rows(data))
    (folder / "captions.tsv").write_text("set\tfile\ttext\n" + text, encoding="utf-8")


def lists_in_cells(folder, data):
    with (folder / "flickr_annotations_30k.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["raw", "sentids", "split", "filename", "img_id"])
        writer.writerows([json.dumps(own), "[0]", split, name, 0] for name, split, own in data)


def json_lines(folder, data):
    lines = [
        json.dumps({"file_name": name, "text": sentence, "split": split})
        for name, sentence, split in rows(data)
    ]
    (folder / "metadata.jsonl").write_text("\n".join(lines), encoding="utf-8")


def coco(folder, data):
    for part in ("train", "val", "test"):
        own = [(name, sentences) for name, split, sentences in data if split == part]
        if not own:
            continue
        images = [{"id": 7 + n, "file_name": name} for n, (name, _) in enumerate(own)]
        notes = [
            {"image_id": 7 + n, "id": n, "caption": sentence}
            for n, (_, sentences) in enumerate(own)
            for sentence in sentences
        ]
        document = {"info": {}, "images": images, "annotations": notes}
        (folder / f"captions_{part}2017.json").write_text(json.dumps(document))
        (folder / f"instances_{part}2017.json").write_text("[" * 9)


def karpathy(folder, data):
    images = [
        {
            "filename": name,
            "filepath": f"{split}2014",
            "split": "restval" if split == "train" else split,
            "sentences": [{"raw": sentence, "tokens": []} for sentence in own],
        }
        for name, split, own in data
    ]
    (folder / "dataset.json").write_text(json.dumps({"images": images, "dataset": "coco"}))


def json_list(folder, data):
    items = [{"image": name, "captions": own, "split": split} for name, split, own in data]
    (folder / "captions.json").write_text(json.dumps(items, indent=1))


def json_objects(folder, data):
    for part in ("training", "validation", "test"):
        own = {name: own for name, split, own in data if split == canonical(part)}
        if own:
            (folder / f"captions.{part}.json").write_text(json.dumps(own))


def sidecars(folder, data):
    for name, split, own in data:
        (folder / split).mkdir(exist_ok=True)
        text = folder / split / f"{name.removesuffix('.jpg')}.txt"
        text.write_text("\n".join(own), encoding="utf-8")


WRITERS = {
    tokens: "flickr-token",
    table: "table",
    bars: "table",
    tabs: "table",
    lists_in_cells: "table",
    json_lines: "json-lines",
    coco: "coco",
    karpathy: "karpathy",
    json_list: "json",
    json_objects: "json",
    sidecars: "sidecars",
}
IN_FOLDERS = {coco: "{}2017", karpathy: "{}2014", sidecars: "{}"}
every_format = pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)


def lay_out(top, write, data):
    """Write a data set; return its folder of pictures and its folder of captions."""
    images, captions = top / "pictures", top / "captions"
    images.mkdir()
    captions.mkdir()
    for name, split, _ in data:
        folder = images / IN_FOLDERS.get(write, "").format(split)
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    write(captions, data)
    return images, captions


def plain(pictures):
    return sorted((p.path.name, p.split, list(p.sentences)) for p in pictures)


def test_every_format_is_in_the_suite():
    assert set(WRITERS.values()) == {form.name for form in FORMATS}


@every_format
class TestEveryFormat:
    def test_reads_back_what_was_written(self, tmp_path, write):
        images, captions = lay_out(tmp_path, write, SMALL)
        found = read_dataset(images, captions)
        assert found.form == WRITERS[write]
        assert plain(found.pictures) == sorted((n, s, o) for n, s, o in SMALL)
        assert all(p.path.is_file() and p.path.is_relative_to(images) for p in found.pictures)

    def test_keeps_the_order_of_the_file(self, tmp_path, write):
        data = [(name, "train", own) for name, _, own in SMALL]
        images, captions = lay_out(tmp_path, write, data)
        names = [name for name, _, _ in data]
        found = [picture.path.name for picture in load_captions(images, captions)]
        assert found == (sorted(names) if write is sidecars else names)

    @pytest.mark.parametrize("split", ["train", "val", "test", "dev"])
    def test_reads_one_split(self, tmp_path, write, split):
        images, captions = lay_out(tmp_path, write, SMALL)
        wanted = [item for item in SMALL if item[1] == canonical(split)]
        assert plain(load_captions(images, captions, split=split)) == sorted(wanted)

    def test_says_which_splits_there_are(self, tmp_path, write):
        images, captions = lay_out(tmp_path, write, SMALL)
        with pytest.raises(DataError) as error:
            load_captions(images, captions, split="holdout")
        assert "'holdout'; there is test (1), train (2), val (1)" in str(error.value)
        assert str(captions) in str(error.value)

    def test_names_a_picture_that_is_missing(self, tmp_path, write):
        images, captions = lay_out(tmp_path, write, SMALL)
        next(images.rglob("three.jpg")).unlink()
        assert len(load_captions(images, captions, split="train")) == 2
        if write is sidecars:  # a text without a picture is no part of the data set
            assert len(load_captions(images, captions)) == 3
            return
        with pytest.raises(DataError, match=r"three\.jpg: named in .*no such picture"):
            load_captions(images, captions)

    def test_names_a_picture_without_a_caption(self, tmp_path, write):
        data = [*SMALL, ("five.jpg", "val", [" . "])]
        images, captions = lay_out(tmp_path, write, data)
        assert len(load_captions(images, captions, split="train")) == 2
        with pytest.raises(DataError, match=r"five\.jpg has no caption"):
            load_captions(images, captions, split="val")

    def test_refuses_a_way_out_of_the_folder(self, tmp_path, write):
        if write is sidecars:
            pytest.skip("names no pictures: it looks beside those that are there")
        for number, name in enumerate(
            ["../out.jpg", "/etc/out.jpg", "C:\\out.jpg", "a\\..\\..\\out.jpg"]
        ):
            top = tmp_path / str(number)
            top.mkdir()
            images, captions = lay_out(top, write, SMALL)
            (top / "out.jpg").write_bytes(b"x")
            for path in captions.iterdir():
                text = path.read_text(encoding="utf-8")
                written = json.dumps(name)[1:-1] if path.suffix.startswith(".json") else name
                path.write_text(text.replace("one.jpg", written), encoding="utf-8")
            with pytest.raises(DataError, match="no path below the folder of pictures"):
                load_captions(images, captions)

    def test_bears_marks_and_line_ends_of_windows(self, tmp_path, write):
        images, captions = lay_out(tmp_path, write, SMALL)
        for path in captions.rglob("*.*"):
            data = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            path.write_bytes(b"\xef\xbb\xbf" + data)
        assert plain(load_captions(images, captions)) == sorted((n, s, o) for n, s, o in SMALL)

    def test_bears_utf_16(self, tmp_path, write):
        images, captions = lay_out(tmp_path, write, SMALL)
        for path in captions.rglob("*.*"):
            path.write_text(path.read_text(encoding="utf-8"), encoding="utf-16")
        assert plain(load_captions(images, captions)) == sorted((n, s, o) for n, s, o in SMALL)

    def test_anything_for_a_sentence(self, write):
        character = st.characters(exclude_categories=("C", "Z"))
        word = st.text(character, min_size=1, max_size=6)
        # Bars are text in a caption, but not in a table that is made of them: see below.
        sentence = st.lists(word, min_size=1, max_size=5).map(" ".join).map(lambda s: f"a {s}")

        @given(st.lists(st.lists(sentence, min_size=1, max_size=3), min_size=1, max_size=3))
        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        def check(groups):
            data = [(f"{n}.jpg", "train", group) for n, group in enumerate(groups)]
            with tempfile.TemporaryDirectory() as top:
                images, captions = lay_out(Path(top), write, data)
                assert plain(load_captions(images, captions)) == data

        check()

    def test_damage_is_a_data_error_or_read(self, tmp_path, write):
        images, captions = lay_out(tmp_path, write, SMALL)
        files = {path: path.read_bytes() for path in captions.rglob("*.*") if path.is_file()}

        @given(st.data())
        @settings(max_examples=60, deadline=None)
        def check(data):
            path = data.draw(st.sampled_from(sorted(files)))
            content = files[path]
            start = data.draw(st.integers(0, len(content)))
            stop = data.draw(st.integers(start, min(len(content), start + 20)))
            path.write_bytes(content[:start] + data.draw(st.binary(max_size=8)) + content[stop:])
            with contextlib.suppress(DataError):
                load_captions(images, captions)
            path.write_bytes(content)

        check()
