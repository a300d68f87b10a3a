from pathlib import Path

import pytest

from pipelines.training.config import StageConfig, TrainingConfig, load_config
from vidcap.captioning.networks.encoders import encoder_names
from vidcap.captioning.networks.model import build_decoder
from vidcap.errors import DataError

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_can_be_trained(path):
    config = load_config(path)
    assert config.name == path.stem
    assert config.encoder in encoder_names()
    nouns = {"nouns": 10} if config.decoder_config.get("things") else {}
    build_decoder(config.decoder, {**config.decoder_config, **nouns, "channels": 8}, 10)


def test_there_are_shipped_configurations():
    assert CONFIGS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nview: 1\n", "unknown setting 'view'"),
        ("name: x\nviews: many\n", "views: 'many' is no int"),
        ("name: x\nviews: true\n", "views: True is no int"),
        ("name: x\nviews: 0\n", "views: 0 is below 1"),
        ("name: x\nprecision: half\n", "precision: 'half' is neither"),
        ("name: x\nstages: [1]\n", "1 is not a mapping"),
        ("name: x\nstages: []\n", "stages: none"),
        ("name: x\nstages: [{}, {}]\n", "stages: words, words"),
        ("name: x\nstages: [{name: ../x}]\n", "'../x': only letters"),
        ("name: x\nstages: [{objective: bleu}]\n", "objective 'bleu' is not one of"),
        ("name: x\nstages: [{ema: 1.0}]\n", "ema: 1.0 is not from 0"),
        ("name: x\nstages: [{samples: 1}]\n", "samples: 1 is below 2"),
        ("name: x\nstages: [{learning_rate: .nan}]\n", "learning_rate: nan is not above 0"),
        ("name: x\nstages: [{anchor: -1}]\n", "anchor: -1 is below 0"),
        ("name: x\nstages: [{learning_rat: 1}]\n", "unknown setting 'learning_rat'"),
        ("views: 3\n", "name"),
        ("[1, 2]", "not a mapping"),
        ("a: [", "is not YAML"),
        ("!!python/object/apply:os.system ['true']", "is not YAML"),
    ],
)
def test_a_bad_configuration_is_refused_with_the_reason(tmp_path, text, message):
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load_config(path)


def test_a_configuration_goes_to_yaml_and_back(tmp_path):
    import yaml

    config = TrainingConfig(
        "x",
        decoder_config={"width": 8},
        stages=(StageConfig("a", epochs=3, teachers=("b",)), StageConfig("b")),
    )
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(config.to_dict()), encoding="utf-8")
    assert load_config(path) == config
