"""Image-to-text and image-text-to-text models of Hugging Face, run by transformers."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from vidcap.captioning.adapters.hub import (
    Downloaded,
    ModelFolder,
    find_model,
    hub_offline,
    one_line,
)
from vidcap.captioning.adapters.sentences import as_caption
from vidcap.captioning.caption import Caption
from vidcap.captioning.captioner import Picture, check_pictures
from vidcap.errors import ModelError, UsageError
from vidcap.extras import import_extra

CHAT_PROMPT = "Describe this picture in one short sentence."
BEAMS = 3
_MOST_TOKENS = 40

# Models whose sentence begins with the prompt, as "a photography of" does.
_CONTINUES = ("blip", "git")
# Models that take a picture and nothing else.
_WITHOUT_PROMPT = ("vision-encoder-decoder",)
# What models that know tasks by name want to hear where the user asks for nothing else.
_TASKS = {"florence2": "<CAPTION>", "paligemma": "caption en"}

_USUAL_SIDE = 448
_SIDES = range(32, 1025)


class HuggingFaceCaptioner:
    """Captions with a Hugging Face model, ``group`` pictures at a time.

    The same picture gives the same caption and score in whatever company and order it comes: a
    group that is not full is filled up with its last picture, so that no shape ever varies, and
    scores have four decimals.  The score is the mean log-probability of a token of the model's
    answer, its end included, before the answer is cut down to a sentence.

    The model runs in float32 on every device.
    """

    def __init__(
        self,
        name: str,
        folder: ModelFolder,
        *,
        device: str,
        group: int,
        prompt: str | None = None,
        beams: int | None = None,
    ) -> None:
        """Load the model.

        Args:
            name: what the captioner is called.
            folder: the model; nothing outside of it is read, and nothing is downloaded.
            device: ``cpu`` or ``cuda``.
            group: pictures that are computed together, 1 or more.
            prompt: what to ask the model, or how its sentence begins; None for its usual.
            beams: hypotheses kept a picture, 1 is greedy search; None for 3, and 1 for models that
                chat: transformers has those look at the picture again for each beam.

        Raises:
            UsageError: the model takes no prompt, or not this one.
            ModelError: the model cannot be loaded.
        """
        self.name = name
        self._torch: Any = import_extra("torch", "hf")
        self._transformers: Any = import_extra("transformers", "hf")
        self._group = group
        self._processor: Any = None
        with self._quiet(), hub_offline():
            self._load(folder, device)
        self.picture_size = _picture_size(self._eye)
        template = getattr(self._processor, "chat_template", None)
        self._chats = self._kind not in (*_CONTINUES, *_WITHOUT_PROMPT) and bool(template)
        self._beams = beams or (1 if self._chats else BEAMS)
        if prompt is not None and self._kind in _WITHOUT_PROMPT:
            raise UsageError(f"{name}: a {self._kind} model takes no prompt; leave --prompt out")
        asked = prompt or (CHAT_PROMPT if self._chats else _TASKS.get(self._kind))
        self._text = self._as_chat(asked) if self._chats and asked else asked
        self._try(prompt)
        self.provenance: Mapping[str, str | int | float] = {
            "captioner": name,
            "checkpoint": folder.checkpoint,
            **({"revision": folder.revision} if folder.revision else {}),
            "runtime": f"transformers {self._transformers.__version__}, "
            f"torch {self._torch.__version__} {device} {self._dtype}".replace("torch.", ""),
            "model": self._kind,
            **({"prompt": asked} if asked else {}),
            "beam_size": self._beams,
            "batch_size": group,
        }

    def caption(self, pictures: Sequence[Picture]) -> list[Caption]:
        """Caption squashed uint8 RGB pictures, one sentence each, in their order.

        Raises:
            UsageError: a picture has another shape than ``(*picture_size, 3)`` or is not uint8.
            ModelError: there is not enough memory for a group.
        """
        check_pictures(pictures, self.picture_size)
        captions: list[Caption] = []
        for start in range(0, len(pictures), self._group):
            some = list(pictures[start : start + self._group])
            filled = some + [some[-1]] * (self._group - len(some))
            try:
                captions += self._caption_group(filled)[: len(some)]
            except (MemoryError, RuntimeError) as error:
                if "memory" not in f"{type(error).__name__} {error}".lower():
                    raise
                raise ModelError(
                    f"{self.name}: {self._group} pictures at a time are more than the memory of "
                    f"the {self._device} holds; try a smaller --batch-size"
                ) from error
        return captions

    def _caption_group(self, pictures: list[Picture]) -> list[Caption]:
        with self._quiet(), self._torch.inference_mode():
            inputs = self._inputs(pictures)
            found = self._model.generate(
                **inputs,
                max_new_tokens=_MOST_TOKENS,
                num_beams=self._beams,
                # The mean of its tokens' log-probabilities is what ranks a hypothesis.
                length_penalty=1.0,
                no_repeat_ngram_size=3,
                # A model's own settings may ask for dice.
                do_sample=False,
                temperature=1.0,
                top_p=1.0,
                top_k=50,
                return_dict_in_generate=True,
                output_scores=self._beams > 1,
                output_logits=self._beams == 1,
            )
            scores = found.sequences_scores if self._beams > 1 else self._greedy_scores(found)
            sequences = found.sequences
            asked = inputs.get("input_ids")
            if asked is not None and self._kind not in _CONTINUES:
                length = asked.shape[1]
                if self._torch.equal(sequences[:, :length], asked):
                    sequences = sequences[:, length:]
            answers = self._tokenizer.batch_decode(sequences, skip_special_tokens=True)
            values = scores.float().tolist()
        return [as_caption(*pair) for pair in zip(answers, values, strict=True)]

    def _greedy_scores(self, found: Any) -> Any:
        """Return the mean log-probability of the tokens up to the end, ``(group,)``."""
        logs = self._torch.stack(found.logits, dim=1).float().log_softmax(-1)
        tokens = found.sequences[:, -logs.shape[1] :]
        chosen = logs.gather(2, tokens[:, :, None])[:, :, 0]
        ends = self._torch.isin(tokens, self._torch.tensor(self._ends, device=tokens.device))
        counts = (ends.cumsum(1) - ends.long()) == 0
        return (chosen * counts).sum(1) / counts.sum(1)

    def _inputs(self, pictures: list[Picture]) -> Mapping[str, Any]:
        # A copy each: pictures may be read-only or mirrored views, which torch does not take.
        images: list[Any] = [np.array(picture) for picture in pictures]
        options: dict[str, Any] = {"return_tensors": "pt"}
        if self._text is not None:
            options["text"] = [self._text] * len(images)
        if self._chats:
            images = [[image] for image in images]
        if hasattr(self._eye, "do_image_splitting"):
            # Tiles would look for small print, at many times the cost.
            options |= {"do_image_splitting": False, "size": dict(self._eye.max_image_size)}
        processor = self._eye if self._kind in _WITHOUT_PROMPT else self._processor
        inputs: dict[str, Any] = processor(images=images, **options).to(
            self._device, dtype=self._dtype
        )
        if self._kind == "git" and self._text is not None:
            # Its processor ends the text, and the sentence should go on.
            for part in ("input_ids", "attention_mask"):
                inputs[part] = inputs[part][:, :-1]
        return inputs

    def _as_chat(self, prompt: str) -> str:
        content = [{"type": "image"}, {"type": "text", "text": prompt}]
        try:
            text: str = self._processor.apply_chat_template(
                [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
            )
        except Exception as error:  # a template is a program that came with the model
            raise ModelError(
                f"{self.name}: its chat template fails: {one_line(error)}; use another model"
            ) from error
        return text

    def _try(self, prompt: str | None) -> None:
        width, height = self.picture_size
        try:
            with self._quiet():
                self._inputs([np.zeros((height, width, 3), np.uint8)])
        except Exception as error:
            words = one_line(error)
            if prompt is not None:
                raise UsageError(
                    f"{self.name}: prompt {prompt!r} cannot be used: {words}"
                ) from error
            raise ModelError(f"{self.name}: cannot prepare a picture: {words}") from error

    def _load(self, folder: ModelFolder, device: str) -> None:
        torch, transformers = self._torch, self._transformers
        local = {"local_files_only": True, "trust_remote_code": False}
        try:
            config = transformers.AutoConfig.from_pretrained(folder.path, **local)
            self._kind = str(config.model_type)
            self._dtype = torch.float32
            self._device = device
            model, loading = transformers.AutoModelForImageTextToText.from_pretrained(
                folder.path,
                config=config,
                use_safetensors=True,
                dtype=self._dtype,
                output_loading_info=True,
                **local,
            )
            if self._kind in _WITHOUT_PROMPT:
                self._processor = None
                self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder.path, **local)
                self._eye = transformers.AutoImageProcessor.from_pretrained(folder.path, **local)
            else:
                self._processor = transformers.AutoProcessor.from_pretrained(folder.path, **local)
                self._tokenizer = self._processor.tokenizer
                self._eye = self._processor.image_processor
        except ImportError as error:
            raise ModelError(
                f"{self.name}: needs a further package: {one_line(error)}; install it"
            ) from error
        # Configurations, tokenizers and weights are anybody's; what is wrong with them ends in
        # errors of every class.
        except Exception as error:
            raise ModelError(
                f"{self.name}: cannot be loaded as an image-to-text model that transformers "
                f"{transformers.__version__} knows by itself: {one_line(error)}"
            ) from error
        self._check_weights(model, loading)
        self._model = model.eval().to(device)
        ends = model.generation_config.eos_token_id
        known = [ends] if isinstance(ends, int) else list(ends or [])
        also = (self._tokenizer.eos_token_id, self._tokenizer.sep_token_id)
        self._ends = sorted({*known, *(end for end in also if end is not None)})

    def _check_weights(self, model: Any, loading: Mapping[str, Any]) -> None:
        """Refuse weights of which so much is missing that the model would speak at random."""
        sizes = {name: tensor.numel() for name, tensor in model.named_parameters()}
        missing = sum(sizes.get(name, 0) for name in loading["missing_keys"])
        if missing * 10 > sum(sizes.values()):
            raise ModelError(
                f"{self.name}: {missing:,} of {sum(sizes.values()):,} weights are missing in its "
                "files, which are of another model than its config.json says"
            )

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Keep transformers from writing to stderr what is no concern of the user's."""
        logging = self._transformers.utils.logging
        verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
        logging.set_verbosity(logging.CRITICAL)
        logging.disable_progress_bar()
        try:
            yield
        finally:
            logging.set_verbosity(verbosity)
            if bars:
                logging.enable_progress_bar()


def load_huggingface(
    name: str,
    *,
    device: str,
    threads: int,
    batch_size: int,
    prompt: str | None,
    beams: int | None = None,
    downloaded: Downloaded | None = None,
) -> HuggingFaceCaptioner:
    """Load ``hf:NAME_OR_FOLDER``.

    Args:
        name: with its ``hf:``; see :func:`vidcap.captioning.adapters.hub.find_model`.
        device: ``cpu`` or ``cuda``.
        threads: processor threads; 0 for all.
        batch_size: pictures computed together.
        prompt: what to ask the model; None for its usual.
        beams: hypotheses kept a picture; see :class:`HuggingFaceCaptioner`.
        downloaded: hears how far a download is.

    Raises:
        MissingExtraError: transformers or torch is not installed.
        UsageError: the model takes no prompt, or not this one.
        ModelError: the model cannot be found, downloaded or loaded.
    """
    # First: transformers says in words of its own that there is none.
    torch = import_extra("torch", "hf")
    import_extra("transformers", "hf")
    # Nobody is told which models are used here.
    constants: Any = importlib.import_module("huggingface_hub.constants")
    constants.HF_HUB_DISABLE_TELEMETRY = True
    folder = find_model(name.removeprefix("hf:"), downloaded=downloaded)
    if threads:
        torch.set_num_threads(threads)
    return HuggingFaceCaptioner(
        name, folder, device=device, group=batch_size, prompt=prompt, beams=beams
    )


def _picture_size(eye: Any) -> tuple[int, int]:
    """Return the size that the model's own preparation leaves as it is, or a usual one."""
    for name in ("max_image_size", "crop_size", "size"):
        size = getattr(eye, name, None)
        if name == "crop_size" and not getattr(eye, "do_center_crop", True):
            continue
        if isinstance(size, int):
            size = {"height": size, "width": size}
        try:
            found = dict(size or {})
        except (TypeError, ValueError):
            continue
        edge = found.get("shortest_edge") or found.get("longest_edge")
        width, height = found.get("width") or edge, found.get("height") or edge
        sides = [side for side in (width, height) if isinstance(side, int) and side in _SIDES]
        if len(sides) == 2:
            return sides[0], sides[1]
    # Models that take any size count in patches of 14, 16 or 28 pixels.
    return _USUAL_SIDE, _USUAL_SIDE
