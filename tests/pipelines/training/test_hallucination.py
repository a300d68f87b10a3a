import pytest

from pipelines.training.hallucination import WordNet
from vidcap.errors import DataError

# offset: words, wider
SYNSETS = {
    "00001930": (["physical_entity"], []),
    "00007846": (["person"], ["00001930"]),
    "00000010": (["animal"], ["00001930"]),
    "00000011": (["carnivore"], ["00000010"]),
    "00000012": (["canine"], ["00000011"]),
    "00000013": (["dog"], ["00000012"]),
    "00000014": (["poodle"], ["00000013"]),
    "00000015": (["cat"], ["00000011"]),
    "00000016": (["man"], ["00007846"]),
    "00000017": (["woman"], ["00007846"]),
    "00000018": (["couch", "sofa"], ["00001930"]),
    "00000019": (["run"], ["00001930"]),
    "00000020": (["joy"], []),
    "00000021": (["knife"], ["00001930"]),
}


@pytest.fixture
def wordnet(tmp_path):
    data, index = ["  1 licence"], ["  1 licence"]
    for offset, (words, wider) in SYNSETS.items():
        named = " ".join(f"{word} 0" for word in words)
        above = " ".join(f"@ {one} n 0000" for one in wider)
        counts = f"{len(words):02x} {named} {len(wider):03d} {above}"
        data.append(f"{offset} 03 n {counts} | what it is")
        index += [f"{word} n 1 1 @ 1 0 {offset}  " for word in words]
    (tmp_path / "data.noun").write_text("\n".join(data))
    (tmp_path / "index.noun").write_text("\n".join(index))
    (tmp_path / "noun.exc").write_text("knives knife\nmen man\n")
    (tmp_path / "cntlist.rev").write_text("run%2:38:00:: 1 50\nrun%1:04:00:: 1 9\n")
    return WordNet(tmp_path)


def test_things_are_singular_and_physical(wordnet):
    words = "two dogs and knives run with joy".split()
    assert wordnet.things(words) == ["dog", "knife"]


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("dog", "dog", True),
        ("poodle", "dog", True),
        ("dog", "animal", True),
        ("poodle", "animal", False),
        ("couch", "sofa", True),
        ("cat", "dog", False),
        ("man", "woman", True),
    ],
)
def test_nearness(wordnet, one, other, near):
    assert wordnet.near(one, other) is near
    assert wordnet.near(other, one) is near


def test_what_nobody_named_is_invented(wordnet):
    references = ["a woman with a poodle".split(), "people on a sofa".split()]
    told = "a man and a cat and a dog on a couch".split()
    assert wordnet.invented(told, references) == ["cat"]


def test_a_folder_without_wordnet_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no WordNet"):
        WordNet(tmp_path)
