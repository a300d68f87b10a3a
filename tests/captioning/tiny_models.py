"""Hugging Face models of random weights, small enough to be made in a test; nothing is downloaded.

Their weights are drawn large, so that what they say depends on the picture.  It is gibberish of
real words, among them what a captioner must not say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers as tf
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

SIDE = 32
_SPECIAL = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] <s> </s> <image> <fake_token_around_image> <global-img> "
    "<end_of_utterance> <row_1_col_1>"
).split()
_WORDS = (
    "a the two man woman dog cat child bird horse boat car bus street beach snow water grass "
    "tree house table red blue green white black small big runs sits stands jumps rides eats "
    "plays looks holds walks sleeps on in under beside with over and this image shows picture of "
    "sure here is . , : what does the describe in one short sentence user assistant"
).split()
_CHAT = (
    "{% for message in messages %}user : {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %} {{ part['text'] }}{% endif %}{% endfor %}"
    "<end_of_utterance>{% endfor %}{% if add_generation_prompt %} assistant :{% endif %}"
)


def _tokenizer(**options: Any) -> tf.PreTrainedTokenizerFast:
    words = list(dict.fromkeys([*_SPECIAL, *_WORDS]))
    made = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, "[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    if options.pop("framed", False):
        frame = [("[CLS]", words.index("[CLS]")), ("[SEP]", words.index("[SEP]"))]
        made.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, frame)
    return tf.PreTrainedTokenizerFast(
        tokenizer_object=made,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        **options,
    )


def _vision(**more: Any) -> dict[str, Any]:
    return {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": SIDE,
        "patch_size": 8,
        **more,
    }


def _text(tokenizer: Any, **more: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 256,
        "bos_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        **more,
    }


def _save(folder: Path, model: Any, *parts: Any) -> Path:
    for part in (model.eval(), *parts):
        part.save_pretrained(folder)
    return folder


def _drawn(make: Any, seed: int = 0, scale: float = 0.6) -> Any:
    """A model whose matrices and embeddings are drawn anew, larger than they would be."""
    model = make()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for values in model.parameters():
            if values.ndim > 1:
                values.normal_(0, scale, generator=generator)
    return model


def blip(folder: Path) -> Path:
    tokenizer = _tokenizer(framed=True)
    text = _text(tokenizer, sep_token_id=tokenizer.sep_token_id, encoder_hidden_size=32)
    config = tf.BlipConfig(
        text_config=text, vision_config=_vision(), projection_dim=32, image_text_hidden_size=32
    )
    size = {"height": SIDE, "width": SIDE}
    processor = tf.BlipProcessor(tf.BlipImageProcessor(size=size), tokenizer)
    return _save(folder, _drawn(lambda: tf.BlipForConditionalGeneration(config)), processor)


def git(folder: Path) -> Path:
    tokenizer = _tokenizer(framed=True)
    config = tf.GitConfig(vision_config=_vision(), **_text(tokenizer))
    eye = tf.CLIPImageProcessor(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
    )
    processor = tf.GitProcessor(eye, tokenizer)
    return _save(folder, _drawn(lambda: tf.GitForCausalLM(config)), processor)


def vit_gpt2(folder: Path) -> Path:
    tokenizer = _tokenizer(bos_token="<s>", eos_token="</s>")
    gpt2 = tf.GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=32,
        n_layer=2,
        n_head=2,
        n_positions=64,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        add_cross_attention=True,
        is_decoder=True,
    )
    config = tf.VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        tf.ViTConfig(**_vision()), gpt2
    )
    config.decoder_start_token_id = tokenizer.bos_token_id
    config.eos_token_id = tokenizer.eos_token_id
    config.pad_token_id = tokenizer.pad_token_id
    eye = tf.ViTImageProcessor(size={"height": SIDE, "width": SIDE})
    model = _drawn(lambda: tf.VisionEncoderDecoderModel(config))
    model.generation_config.decoder_start_token_id = tokenizer.bos_token_id
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return _save(folder, model, tokenizer, eye)


def smolvlm(folder: Path) -> Path:
    tokenizer = _tokenizer(
        bos_token="<s>",
        eos_token="<end_of_utterance>",
        additional_special_tokens=["<image>", "<fake_token_around_image>", "<global-img>"],
    )
    text = _text(tokenizer, model_type="llama", num_key_value_heads=2)
    text |= {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = tf.SmolVLMConfig(
        text_config=text,
        vision_config=_vision(),
        scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.pad_token_id,
    )
    eye = tf.SmolVLMImageProcessor(
        size={"longest_edge": 4 * SIDE}, max_image_size={"longest_edge": SIDE}
    )
    processor = tf.SmolVLMProcessor(
        eye,
        tokenizer,
        tf.SmolVLMVideoProcessor(),
        image_seq_len=(SIDE // 8 // 2) ** 2,
        chat_template=_CHAT,
    )
    model = _drawn(lambda: tf.SmolVLMForConditionalGeneration(config), scale=0.3)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    # As chat models are published: their own settings ask for dice.
    model.generation_config.do_sample = True
    model.generation_config.temperature = 0.7
    return _save(folder, model, processor)


def florence2(folder: Path) -> Path:
    tokenizer = _tokenizer(
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=["<image>"],
        extra_special_tokens={"image_token": "<image>"},
    )
    config = tf.Florence2Config(
        vision_config={
            "embed_dim": (8, 16, 16, 32),
            "num_heads": (2, 2, 2, 2),
            "num_groups": (2, 2, 2, 2),
            "depths": (1, 1, 1, 1),
            "window_size": 2,
            "projection_dim": 32,
        },
        text_config={
            "model_type": "bart",
            "vocab_size": len(tokenizer),
            "d_model": 32,
            "encoder_layers": 2,
            "decoder_layers": 2,
            "encoder_attention_heads": 2,
            "decoder_attention_heads": 2,
            "encoder_ffn_dim": 64,
            "decoder_ffn_dim": 64,
            "max_position_embeddings": 256,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
            "decoder_start_token_id": tokenizer.eos_token_id,
            "forced_eos_token_id": None,
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    eye = tf.CLIPImageProcessor(
        size={"height": 2 * SIDE, "width": 2 * SIDE},
        crop_size={"height": 2 * SIDE, "width": 2 * SIDE},
    )
    eye.image_seq_length = 5
    processor = tf.Florence2Processor(eye, tokenizer)
    return _save(
        folder, _drawn(lambda: tf.Florence2ForConditionalGeneration(config), 2, 1.0), processor
    )


MODELS = {
    "blip": blip,
    "git": git,
    "vit-gpt2": vit_gpt2,
    "florence2": florence2,
    "smolvlm": smolvlm,
}
