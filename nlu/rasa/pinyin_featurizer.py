"""A Rasa featurizer for sounds: tokens are counted by their fuzzy pinyin, so that 衣宝 still counts as 医保."""

from __future__ import annotations

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import CountVectorsFeaturizer
from rasa.shared.nlu.constants import TEXT

from hotline.phonetics import sounds


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class PinyinFeaturizer(CountVectorsFeaturizer):
    """Counts the characters of each token's fuzzy pinyin; intents stay as they are."""

    def _process_tokens(self, tokens: list[str], attribute: str = TEXT) -> list[str]:
        processed = super()._process_tokens(tokens, attribute)
        if attribute != TEXT:
            return processed
        return ["".join(sounds(token)) for token in processed]
