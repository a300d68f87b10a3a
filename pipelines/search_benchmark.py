"""Build a library of films whose scenes are known, and say how well its scenes are found.

    python pipelines/search_benchmark.py --images flickr8k/images \
        --captions flickr8k/captions.json --split val --work films

The films are made of captioned pictures (pipelines/scene_films.py), each picture in one film.  What
people wrote of a picture are the queries: five for each.  A scene is right where more than half of
it shows the picture.  Right scenes below the relevance cut-off count as not found.  Prints JSON:
recall@1/5/10 and MRR (of the first hundred) with 95 % bootstrap intervals over pictures, for words,
meaning and their fusion; how many queries about what is nowhere in the films get no answer; and how
well a picture finds its scene.

    python pipelines/search_benchmark.py --synthetic 100000 --captions flickr8k/captions.json \
        --work library

makes a library of so many scenes out of the training captions instead, and prints how long searches
take and how large it is.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from options import add_captioner_options, add_picture_options
from scene_benchmark import Film, make_films
from scene_films import FilmSettings, TrueScene, truth
from tqdm import tqdm

from pipelines.metrics.bootstrap import percentile_interval, resampled_sums
from pipelines.training.data import CaptionedPicture, load_captions
from vidcap.captioning.captioner import Captioner
from vidcap.captioning.registry import load_captioner
from vidcap.errors import VidcapError
from vidcap.index import Catalogue, SceneRecord, VideoRecord
from vidcap.index.embedding import SentenceEmbedder
from vidcap.index.records import FileRecord
from vidcap.index.search import Hit, Ranking
from vidcap.index.vectors import pack
from vidcap.jobs.indexing import Indexer
from vidcap.jobs.searching import Library, open_library
from vidcap.video.image import read_picture, resize_stretch

_DEPTH = 100
_RECALLS = (1, 5, 10)

# Of what people film or write, and of what no picture of Flickr8k shows.
_NOWHERE = """
quarterly report on interest rates
a submarine under the arctic ice
open heart surgery in an operating theatre
a whiteboard full of equations
astronauts repairing a satellite
a login page with a password field
penguins on an iceberg
a violin concerto in a concert hall
a volcano erupting at night
a judge reading a verdict in court
a spreadsheet with sales figures
the assembly line of a car factory
a dentist examining teeth
cells dividing under a microscope
the launch of a rocket
harvest of wheat by a combine
an empty parking garage
an oil platform in the north sea
a weather map with isobars
the parliament voting on a law
a tornado over a field
goldfish in a bowl
typing source code in an editor
bees entering a hive
an x-ray of a broken arm
a nuclear power plant
pouring molten steel
sushi being prepared
an elephant at a waterhole
a tax form
qwerty zxcv
1234567890
""".strip().splitlines()


def main() -> int:
    """Make a library, search it and print the figures; the exit code is the error's."""
    arguments = _arguments()
    try:
        arguments.work.mkdir(parents=True, exist_ok=True)
        result = _synthetic(arguments) if arguments.synthetic else _films(arguments)
    except VidcapError as error:
        print(f"search_benchmark: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(result, indent=2))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_picture_options(parser, images_required=False)
    parser.add_argument("--work", type=Path, required=True, help="folder for films and library")
    parser.add_argument("--first", type=int, default=8, help="first film to use [%(default)s]")
    parser.add_argument("--films", type=int, default=12, help="how many [%(default)s]")
    parser.add_argument("--shots", type=int, default=50, help="shots a film [%(default)s]")
    add_captioner_options(parser)
    parser.add_argument("--synthetic", type=int, metavar="N", help="scenes of a library of words")
    parser.add_argument("--queries", type=int, default=200, help="to time [%(default)s]")
    arguments = parser.parse_args()
    if arguments.images is None and not arguments.synthetic:
        parser.error("--images is needed")
    return arguments


def _films(arguments: argparse.Namespace) -> dict[str, Any]:
    settings = FilmSettings(shots=arguments.shots)
    pictures = load_captions(arguments.images, arguments.captions, split=arguments.split)
    last = arguments.first + arguments.films
    films = make_films(pictures, settings, 0, last, arguments.work)[arguments.first :]
    db = arguments.work / f"library-{arguments.first}-{last}.db"
    captioner = load_captioner(arguments.captioner, threads=arguments.threads)
    # A library that is there already may tell its scenes in the words of other weights.
    with Indexer(db, captioner=captioner, threads=arguments.threads, refresh=True) as indexer:
        for _ in indexer.index(tqdm([film.path for film in films], desc="indexing")):
            pass
    wanted = [(film, scene) for film in films for scene in truth(film.shots)[0]]
    with open_library(db) as library:
        status = library.catalogue.status()
        asked = {
            str(ranking): _asked(library, wanted, ranking, pictures)
            for ranking in tqdm(list(Ranking), desc="asking")
        }
        asked["meaning of the sentence alone"] = _asked(
            _sentences_alone(db), wanted, Ranking.MEANING, pictures
        )
        sure = _by_confidence(library, wanted, asked[str(Ranking.MEANING)]["each"])
        alike = {
            "by picture": _shown(library, wanted, pictures, captioner, by_sentence=False),
            "by its sentence": _shown(library, wanted, pictures, captioner, by_sentence=True),
        }
        unanswered = {
            str(ranking): sum(not library.search(text, ranking=ranking) for text in _NOWHERE)
            / len(_NOWHERE)
            for ranking in Ranking
        }
    return {
        "captioner": arguments.captioner,
        "films": len(films),
        "scenes": status.scenes,
        "pictures": len(wanted),
        "queries": 5 * len(wanted),
        "bytes": status.bytes,
        "rankings": asked,
        "fusion minus meaning": _difference(asked),
        "meaning by confidence": sure,
        "like": alike,
        "nowhere": {"queries": len(_NOWHERE), "unanswered": unanswered},
    }


def _sentences_alone(db: Path) -> Library:
    """Return a copy of a library whose vectors know nothing of single frames."""
    copy = db.with_suffix(".sentences.db")
    for old in db.parent.glob(f"{copy.name}*"):
        old.unlink()
    with Catalogue(db) as catalogue:
        catalogue.connection.execute("VACUUM INTO ?", (str(copy),))
    library = open_library(copy)
    library.catalogue.connection.execute("DELETE FROM vector")
    embedder = SentenceEmbedder.load()
    library.catalogue.embed_missing(lambda texts: [pack(v) for v in embedder.embed(texts)])
    return library


def _right(hit: Hit, film: Film, scene: TrueScene) -> bool:
    if hit.path.name != film.path.name:
        return False
    shared = _overlap(hit.start_ms, hit.end_ms, scene)
    return shared > (hit.end_ms - hit.start_ms) / 2


def _overlap(start_ms: int, end_ms: int, scene: TrueScene) -> float:
    return float(min(end_ms, 1000 * scene.end) - max(start_ms, 1000 * scene.start))


def _place(hits: Sequence[Hit], film: Film, scene: TrueScene) -> float:
    """Return the place of the first right scene, from 1; infinite where there is none."""
    return next((n for n, hit in enumerate(hits, 1) if _right(hit, film, scene)), np.inf)


def _asked(
    library: Library,
    wanted: Sequence[tuple[Film, TrueScene]],
    ranking: Ranking,
    pictures: Sequence[CaptionedPicture],
) -> dict[str, Any]:
    places = np.array(
        [
            [
                _place(library.search(sentence, top=_DEPTH, ranking=ranking), film, scene)
                for sentence in pictures[scene.picture].sentences[:5]
            ]
            for film, scene in wanted
        ]
    )
    return _figures(places)


def _figures(places: NDArray[np.float64]) -> dict[str, Any]:
    """Return recall and MRR with intervals; a row a picture, whose queries are drawn together."""
    columns = [(places <= k).mean(axis=1) for k in _RECALLS] + [(1 / places).mean(axis=1)]
    table = np.stack(columns, axis=1)
    sums = resampled_sums(table, seed=0) / len(table)
    names = [*(f"recall@{k}" for k in _RECALLS), "mrr"]
    figures: dict[str, Any] = {
        name: {
            "value": round(float(table[:, i].mean()), 4),
            "interval": [round(bound, 4) for bound in percentile_interval(sums[:, i])],
        }
        for i, name in enumerate(names)
    }
    figures["not found"] = round(float(np.isinf(places).mean()), 4)
    figures["each"] = table[:, -1].tolist()
    return figures


def _difference(asked: dict[str, Any]) -> dict[str, Any]:
    """Return by how much the fusion's MRR is above that of meaning, paired by picture."""
    each = {name: np.array(figures.pop("each")) for name, figures in asked.items()}
    apart = each[str(Ranking.FUSION)] - each[str(Ranking.MEANING)]
    sums = resampled_sums(apart[:, None], seed=0)[:, 0] / len(apart)
    return {
        "mrr": round(float(apart.mean()), 4),
        "interval": [round(bound, 4) for bound in percentile_interval(sums)],
    }


def _by_confidence(
    library: Library, wanted: Sequence[tuple[Film, TrueScene]], each: Sequence[float]
) -> list[dict[str, float]]:
    """Return the MRR of pictures by how sure the captioner was of their scenes, in quarters."""
    catalogue = library.catalogue
    sure = []
    for film, scene in wanted:
        told = catalogue.scenes(catalogue.recognise(film.path).content)
        shown = max(
            told,
            key=lambda one: (
                min(one.end_ms, 1000 * scene.end) - max(one.start_ms, 1000 * scene.start)
            ),
        )
        sure.append(shown.confidence or 0.0)
    order = np.argsort(sure, kind="stable")
    return [
        {
            "confidence up to": round(float(sure[quarter[-1]]), 3),
            "pictures": len(quarter),
            "mrr": round(float(np.mean([each[place] for place in quarter])), 4),
        }
        for quarter in np.array_split(order, 4)
    ]


def _shown(
    library: Library,
    wanted: Sequence[tuple[Film, TrueScene]],
    pictures: Sequence[CaptionedPicture],
    captioner: Captioner,
    *,
    by_sentence: bool,
) -> dict[str, Any]:
    """Ask with the pictures themselves: as they look, or by what the captioner says of them."""
    places = []
    for film, scene in tqdm(wanted, desc="showing"):
        path = pictures[scene.picture].path
        if by_sentence:
            picture = resize_stretch(read_picture(path), captioner.picture_size)
            hits = library.search(captioner.caption([picture])[0].text, top=_DEPTH)
        else:
            hits = library.like(path, captioner=captioner, top=_DEPTH)
        places.append([_place(hits, film, scene)])
    figures = _figures(np.array(places))
    del figures["each"]
    return figures


def _synthetic(arguments: argparse.Namespace) -> dict[str, Any]:
    """Make a library out of captions, a hundred scenes a video, and time searches in it."""
    sentences, queries = _sentences(arguments.captions)
    db = arguments.work / f"synthetic-{arguments.synthetic}.db"
    embedder = SentenceEmbedder.load()
    if not db.exists():
        _fill(db, arguments.synthetic, sentences, embedder)
    rng = np.random.default_rng(1)
    chosen = [queries[i] for i in rng.permutation(len(queries))[: arguments.queries]]
    figures: dict[str, Any] = {}
    with open_library(db) as library:
        status = library.catalogue.status()
        began = time.perf_counter()
        library.search("a dog in the snow")
        first = time.perf_counter() - began
        for ranking in Ranking:
            taken = []
            for text in chosen:
                began = time.perf_counter()
                library.search(text, ranking=ranking)
                taken.append(1000 * (time.perf_counter() - began))
            figures[str(ranking)] = {
                "median ms": round(statistics.median(taken), 1),
                "p95 ms": round(float(np.percentile(taken, 95)), 1),
            }
        vectors = "sqlite-vec" if library.catalogue.vectors.in_sqlite else "numpy"
    return {
        "scenes": status.scenes,
        "videos": status.videos,
        "megabytes": round(db.stat().st_size / 1e6, 1),
        "vectors by": vectors,
        "first search ms": round(1000 * first, 1),
        "queries": len(chosen),
        **figures,
    }


def _sentences(captions: Path) -> tuple[list[str], list[str]]:
    """Return training captions to make scenes of, and validation captions to ask."""
    told: dict[str, list[str]] = {"train": [], "val": []}
    for picture in json.loads(captions.read_text(encoding="utf-8"))["images"]:
        told.get(picture["split"], []).extend(picture["sentences"])
    return [text.lower().rstrip(" .") for text in told["train"]], told["val"]


def _fill(db: Path, count: int, sentences: Sequence[str], embedder: SentenceEmbedder) -> None:
    """Fill a library with scenes: every vector that of its sentence, a little turned.

    Sentences come again; their vectors would be equal, as those of films are not.
    """
    rng = np.random.default_rng(0)
    vectors = np.concatenate(
        [embedder.embed([text]) for text in tqdm(sentences[:5000], desc="embedding")]
    )
    picture = bytes(rng.integers(0, 256, 2500, dtype=np.uint8))  # as large as a thumbnail
    with Catalogue(db, create=True) as catalogue:
        for video in tqdm(range(0, count, 100), desc="filling"):
            scenes = []
            for place in range(min(100, count - video)):
                which = int(rng.integers(len(vectors)))
                turned = vectors[which] + rng.normal(0, 0.02, vectors.shape[1])
                scenes.append(
                    SceneRecord(
                        5000 * place,
                        5000 * place + 5000,
                        sentences[which],
                        -0.5,
                        0.5,
                        tuple(range(5000 * place + 500, 5000 * place + 5000, 1000)),
                        picture,
                        sentence_vector=pack(turned),
                        picture_vector=pack(rng.normal(size=512)),
                    )
                )
            content = hashlib.sha256(f"{video}".encode()).hexdigest()
            catalogue.add(
                VideoRecord(content, 1, "0" * 64, "0" * 64, {}, 500_000, "complete"),
                scenes,
                files=[FileRecord(Path(f"/films/{video}.mp4"), 1, 0, content)],
            )


if __name__ == "__main__":
    sys.exit(main())
