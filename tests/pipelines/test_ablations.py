import importlib.util
from pathlib import Path

import pytest
import yaml

from vidcap.captioning.networks.encoders import encoder_names
from vidcap.captioning.networks.model import build_decoder
from vidcap.errors import DataError

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "configs" / "ablations").glob("*.yaml"))


@pytest.fixture(scope="module")
def ablations():
    spec = importlib.util.spec_from_file_location("ablations", ROOT / "pipelines" / "ablations.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_row_is_another_training(ablations, file):
    spec = yaml.safe_load(file.read_text(encoding="utf-8"))
    names = [row["name"] for row in spec["rows"]]
    assert len(set(names)) == len(names)
    configs = [ablations.changed(file, spec, row) for row in spec["rows"]]
    for index, config in enumerate(configs):
        assert config not in configs[:index], names[index]
        assert config.encoder in encoder_names()
        build_decoder(config.decoder, {**config.decoder_config, "channels": 8}, 10)
    places = [
        ablations.checkpoint_of(ablations.folder_of(Path("run"), config), config)
        for config in configs
    ]
    assert len(set(places)) == len(places)
    plain = ablations.folder_of(Path("run"), configs[0])
    for config in configs:
        begins_alike = config.to_dict() | {"stages": 0} == configs[0].to_dict() | {"stages": 0}
        begins_alike &= config.stages[0] == configs[0].stages[0]
        assert (ablations.folder_of(Path("run"), config) == plain) == begins_alike


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"stages": ["polish"]}, "no stage 'polish'"),
        ({"colour": 3}, "unknown setting 'colour'"),
        ({"with": {"words": {"smoothing": 0.1}}}, "unknown setting 'smoothing'"),
        ({"with": {"words": {"ema": "none"}}}, "ema: 'none' is no float"),
    ],
    ids=["stage", "setting", "a stage's setting", "a stage's value"],
)
def test_a_row_that_cannot_be_is_refused(ablations, row, message):
    spec = {"base": "../transformer.yaml", "epochs": {"words": 1}}
    with pytest.raises(DataError, match=message):
        ablations.changed(FILES[0], spec, {"name": "x", **row})


def test_the_table_has_a_line_a_row(ablations):
    row = {
        "name": "x",
        "epochs": 4,
        "decoder_parameters": 5_000_000,
        "bleu4": 0.2,
        "cider_d": 0.5,
        "cider_d_95": [0.45, 0.55],
        "distinct": 3,
        "pictures": 4,
    }
    assert ablations.table([row]).splitlines()[2] == (
        "| x | 4 | 5.0 M | 0.200 | 0.500 (0.450-0.550) | 3 of 4 |"
    )
