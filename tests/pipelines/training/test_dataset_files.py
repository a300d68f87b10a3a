"""What single formats of captions must bear, where splits come from, and what folders may hold."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pipelines.training.data import load_captions, read_dataset
from pipelines.training.datasets.splits import drawn, of_file_name
from vidcap.errors import DataError


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def read(folder, name, text, **options):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return {p.path.name: list(p.sentences) for p in load_captions(folder, path, **options)}


class TestTables:
    def test_flickr30ks_row_that_lacks_a_bar(self, folder):
        text = "image_name| comment_number| comment\na.jpg| 3| One .\na.jpg| 4   A dog runs .\n"
        assert read(folder, "results.csv", text) == {"a.jpg": ["One .", "A dog runs ."]}

    def test_a_row_without_its_caption_is_an_empty_one(self, folder):
        text = "image,caption\na.jpg,One\na.jpg\na.jpg,\n\nb.jpg,Two\n"
        assert read(folder, "c.csv", text) == {"a.jpg": ["One"], "b.jpg": ["Two"]}

    def test_a_caption_may_have_commas_that_nobody_quoted(self, folder):
        text = 'image,caption\na.jpg,"One, two"\nb.jpg,Of 10,000, one says "no"\n'
        found = read(folder, "c.txt", text)
        assert found == {"a.jpg": ["One, two"], "b.jpg": ['Of 10,000, one says "no"']}

    def test_columns_may_go_without_names(self, folder):
        assert read(folder, "c.tsv", "a.jpg\tOne\nb.jpg\tTwo\n") == {
            "a.jpg": ["One"],
            "b.jpg": ["Two"],
        }
        assert read(folder, "c.csv", "a.jpg,0,One, two\n") == {"a.jpg": ["One, two"]}

    def test_semicolons_and_the_encoding_of_old_spreadsheets(self, folder):
        text = 'Picture;Caption\r\na.jpg;"Straße; naß"\r\n'.encode("cp1252")
        assert read(folder, "c.csv", text) == {"a.jpg": ["Straße; naß"]}

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("image,caption\n,One\n", r"c\.csv: line 2: names no picture"),
            ("caption,image\nOne,a.jpg,b.jpg\n", "line 2: has 3 columns where there are 2"),
            ('image,caption\na.jpg,"One\nb.jpg,Two\n', "line 3: unexpected end of data"),
            ('image,caption\na.jpg,"One" two\n', "line 2: .*marks in it goes between"),
            ("image,captions\na.jpg,[1\n", "line 2: a list of captions that is not JSON"),
            ("image,captions\na.jpg,[1]\n", "line 2: 1 is not a sentence"),
            ("image,caption\n" + "x" * 1_000_001, "line 2: is longer than 1,000,000"),
            ("image,caption\n", "names no picture"),
        ],
    )
    def test_a_bad_row_is_named(self, folder, text, message):
        with pytest.raises(DataError, match=message):
            read(folder, "c.csv", text)


class TestTokens:
    def test_flickr8ks_captions_without_a_picture_are_left_out(self, folder):
        text = "a.jpg#0\tOne\na.jpg.1#0\tTwo\n"
        assert read(folder, "Flickr8k.token.txt", text) == {"a.jpg": ["One"]}

    def test_a_line_of_another_form_is_named(self, folder):
        with pytest.raises(DataError, match=r"x\.token: line 2: is not of the form NAME\.jpg#0"):
            read(folder, "x.token", "a.jpg#0\tOne\nb.jpg Two\n")


class TestJson:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('[{"file": "a.jpg",\n "caption": }]', r"line 2: is not JSON"),
            ("[" * 100_000, "cannot be read as JSON|is not JSON"),
            ('[{"file": "a.jpg", "caption": 5}]', r"\[0\]: caption: 5 is not a sentence"),
            ('[{"file": "a.jpg", "caption": "x"}, 5]', r"\[1\]: not a caption file: 5 where"),
            ('[{"file": 3, "caption": "x"}]', r"\[0\]: file: 3 is not a file name"),
            ('{"images": [{"split": "val"}]}', r"images\[0\]: not a caption file: no key of"),
            ('{"images": [{"file": "a.jpg"}]}', r"images\[0\]: .*no key of caption"),
            ("[]", "not a caption file of a form that is known"),
            ("", "not a caption file of a form that is known"),
            (
                '{"file": "a.jpg", "caption": "x"}\n{"file": "b.jpg", "caption": \n',
                "line 2: is not JSON",
            ),
            (
                '{"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 1, "file_name": "b.jpg"}],'
                ' "annotations": [{"image_id": 1, "caption": "x"}]}',
                r"images\[1\]: a second image with the id 1",
            ),
            (
                '{"images": [], "annotations": [{"image_id": 1, "caption": "x"}]}',
                r"annotations\[0\]: image_id 1 is the id of no image",
            ),
            (
                '{"images": [{"id": []}], "annotations": [{"image_id": 1, "caption": "x"}]}',
                r"images\[0\]: 'id' is \[\], or missing",
            ),
        ],
    )
    def test_what_is_wrong_is_named(self, folder, text, message):
        with pytest.raises(DataError, match=message):
            read(folder, "c.json", text)

    def test_karpathys_pictures_may_lie_in_one_folder(self, folder):
        text = '{"images": [{"filepath": "val2014", "filename": "a.jpg", "sentences": ["x"]}]}'
        assert read(folder, "c.json", text) == {"a.jpg": ["x"]}


class TestSplits:
    def test_a_picture_may_be_in_one_split_only(self, folder):
        with pytest.raises(
            DataError, match=r"line 3: a\.jpg is in val here and in train at line 2"
        ):
            read(folder, "c.csv", "image,caption,split\na.jpg,x,train\n./a.jpg,y,val\n")

    def test_nor_in_two_files(self, folder):
        (folder / "c_train.csv").write_text("image,caption\na.jpg,x\n")
        (folder / "c_val.csv").write_text("image,caption\na.jpg,x\n")
        with pytest.raises(DataError, match=r"c_val\.csv: line 2: a\.jpg is in c_train\.csv too"):
            load_captions(folder, folder)

    def test_a_single_file_points_to_its_folder(self, folder):
        with pytest.raises(DataError, match=r"there is train \(1\); name the folder to read"):
            read(folder, "c_train.csv", "image,caption\na.jpg,x\n", split="val")

    def test_a_list_names_pictures_with_captions_once(self, folder):
        (folder / "train.txt").write_text("a\nc\n")
        with pytest.raises(DataError, match=r"train\.txt: line 2: 'c' has no captions"):
            read(folder, "c.csv", "image,caption\na.jpg,x\n")
        (folder / "train.txt").write_text("a.jpg\n")
        (folder / "val.txt").write_text("a.jpg\n")
        with pytest.raises(DataError, match=r"val\.txt: line 1: a\.jpg is in train already"):
            read(folder, "c.csv", "image,caption\na.jpg,x\n")

    def test_a_text_that_is_no_list_is_left_alone(self, folder):
        (folder / "test.txt").write_text("Remember to test this.\n")
        assert read(folder, "c.csv", "image,caption\na.jpg,x\n") == {"a.jpg": ["x"]}

    def test_a_plain_folder_is_drawn_from_names(self, tmp_path):
        names = [f"{number}.jpg" for number in range(300)]
        for name in names:
            (tmp_path / name).write_bytes(b"x")
        path = tmp_path / "captions.csv"
        path.write_text("image,caption\n" + "".join(f"{name},x\n" for name in names))
        parts = {
            part: read_dataset(tmp_path, path, split=part) for part in ("train", "val", "test")
        }
        assert {found.splits_from for found in parts.values()} == {"draw"}
        found = {part: {p.path.name for p in own.pictures} for part, own in parts.items()}
        assert sorted(name for own in found.values() for name in own) == sorted(names)
        assert 210 < len(found["train"]) < 270
        # Fewer pictures, in another order: nobody moves.
        path.write_text("image,caption\n" + "".join(f"{name},x\n" for name in names[200:50:-1]))
        again = {p.path.name for p in load_captions(tmp_path, path, split="train")}
        assert again == found["train"] & set(names[51:201])
        with pytest.raises(
            DataError, match="no splits of its own: ask for one of train, val, test"
        ):
            load_captions(tmp_path, path, split="other")

    def test_the_draw_is_the_same_everywhere_and_always(self):
        found = [drawn(f"{number}.jpg") for number in range(12)]
        assert [number for number, split in enumerate(found) if split != "train"] == [3, 10]
        assert {found[3], found[10]} == {"val"}

    @pytest.mark.parametrize(
        ("name", "split"),
        [
            ("captions_train2017.json", "train"),
            ("captions-VALIDATION.csv", "val"),
            ("dev.jsonl", "val"),
            ("latest.csv", ""),
            ("trains.csv", ""),
            ("train_and_test.csv", ""),
            ("results_20130124.token", ""),
        ],
    )
    def test_of_a_file_name(self, name, split):
        assert of_file_name(Path(name)) == split


class TestFolders:
    def test_of_two_sets_the_one_with_pictures_is_meant(self, folder):
        for name, picture in (("dataset_one.json", "a.jpg"), ("dataset_two.json", "elsewhere.jpg")):
            images = [{"filename": picture, "sentences": ["x"]}]
            (folder / name).write_text(json.dumps({"images": images}))
        assert [p.path.name for p in load_captions(folder, folder)] == ["a.jpg"]

    def test_a_part_that_is_broken_is_not_passed_over(self, folder):
        (folder / "c_train.json").write_text('{"a.jpg": "x"}')
        (folder / "c_val.json").write_text('{"b.jpg": ')
        with pytest.raises(DataError, match=r"c_val\.json: line 1: is not JSON"):
            load_captions(folder, folder, split="train")
        (folder / "c_val.json").write_text("{}")
        with pytest.raises(DataError, match=r"c_val\.json: not a caption file, as those beside"):
            load_captions(folder, folder, split="train")

    def test_two_sets_are_told_apart_by_the_user(self, folder):
        for name in ("one.csv", "two.csv"):
            (folder / name).write_text("image,caption\na.jpg,x\n")
        with pytest.raises(DataError, match=r"\(one\.csv, two\.csv\); name the one"):
            load_captions(folder, folder)

    def test_sidecars_beside_the_pictures(self, folder):
        (folder / "a.txt").write_text("One\n\nTwo\n")
        (folder / "notes.txt").write_text("Not a caption.\n")
        found = load_captions(folder, folder)
        assert [(p.path, p.sentences) for p in found] == [(folder / "a.jpg", ("One", "Two"))]

    @pytest.mark.parametrize("inner", ["Flicker8k_Dataset", "Images", "flickr30k-images"])
    def test_the_folder_above_the_archives_one_will_do(self, tmp_path, inner):
        (tmp_path / inner).mkdir()
        (tmp_path / inner / "a.jpg").write_bytes(b"x")
        assert read(tmp_path, "c.csv", "image,caption\na.jpg,x\n") == {"a.jpg": ["x"]}

    def test_what_is_not_there_is_named(self, folder):
        with pytest.raises(DataError, match=r"none: is no folder of pictures"):
            load_captions(folder / "none", folder)
        (folder / "empty").mkdir()
        with pytest.raises(DataError, match=r"empty: no captions in this folder; known are"):
            load_captions(folder, folder / "empty")
        (folder / "empty" / "captions.json").write_text('{"a": ')
        with pytest.raises(DataError, match=r"captions\.json: line 1: is not JSON"):
            load_captions(folder, folder / "empty")

    @pytest.mark.skipif(os.name == "nt", reason="names may not hold these there")
    def test_a_name_that_no_file_can_have_is_missing(self, folder):
        with pytest.raises(DataError, match="no such picture"):
            read(folder, "c.csv", f"image,caption\n{'x' * 500}.jpg,One\n")


def test_a_bar_in_a_caption_of_a_bar_table_stays():
    from pipelines.training.datasets.base import Source
    from pipelines.training.datasets.tables import Tables

    with tempfile.TemporaryDirectory() as top:
        path = Path(top) / "results.csv"
        path.write_text("image_name| comment_number| comment\na.jpg| 0| One | two\n")
        (entry,) = Tables().read(Source(path, Path(top)))
    assert entry.sentences == ("One | two",)


def test_reading_data_does_not_import_torch():
    program = "import sys, pipelines.training.data; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
